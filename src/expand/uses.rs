//! One entry of `uses`: a template, run over a list.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::body::{Body, Node, render};
use super::definition::{Place, condition, old_id};
use super::fault::Faults;
use super::overrides::{self, Overrides};
use super::params;
use super::rendered::{Rendered, WORTH_THREADS};
use super::scope::Setting;
use super::site::{Base, SiteId, Sites};
use super::template::CompiledTemplate;
use crate::cores::in_parallel;
use crate::diagnostic::{At, Diagnostic, Part, Sources};
use crate::inventory::{self, Folder, Item};
use crate::load::definitions::Use;
use crate::model::{Instance, slug};
use crate::pointer::step;
use crate::template::{Fault, Run, Siblings, Trace};

/// Beyond this many, faults of one type in one use are only counted.
const FLOOD: usize = 20;

/// What uses share.
pub struct UseContext<'w> {
    pub setting: &'w Setting<'w>,
    pub templates: &'w BTreeMap<&'w str, CompiledTemplate<'w>>,
    /// The part of the sites that the use fills.
    pub part: usize,
    pub sites: &'w mut Sites,
    pub faults: &'w mut Faults,
}

/// The parts of a use that are computed for each item.
pub struct CompiledUse<'p> {
    own: &'p Use,
    template: &'p CompiledTemplate<'p>,
    filter: Option<(Node, SiteId)>,
    key: Option<(Node, SiteId)>,
    /// By position of the parameter.
    pub with: Vec<Option<(Node, SiteId)>>,
    /// Where a missing parameter is reported, by position.
    missing: Vec<SiteId>,
    /// Where a missing key is reported.
    no_key: SiteId,
    overrides: Overrides,
    /// Names that the use had before.
    moved_from: Vec<String>,
    /// Records what strings are rendered from.
    trace: Option<&'p Trace>,
}

/// An item that becomes an instance.
struct Selected<'i> {
    item: &'i Item,
    /// Empty where the use has no list and no key.
    key: String,
    /// Positions in the use's overrides.
    overrides: Vec<usize>,
}

/// The resources of a use.
pub fn run(own: &Use, context: &mut UseContext<'_>, sources: &mut Sources) -> Rendered {
    let mut rendered = Rendered::default();
    let Some(template) = context.templates.get(own.template.as_str()) else {
        // Reported where it was looked for.
        rendered.failed_uses.insert(own.name.clone());
        return rendered;
    };
    let mut body = Body::new(context.setting.names(Vec::new(), Vec::new()), context.part, own.at.clone());
    let prepared = prepare(own, template, &mut body, context, &mut rendered, sources);
    rendered.diagnostics.append(&mut body.faults);
    rendered.globals = body.take_globals();
    context.sites.join(body.sites);
    if let Some((compiled, list)) = prepared {
        let faults = render_all(&compiled, list.as_ref(), context.setting, &mut rendered, sources);
        context.faults.append(faults);
    }
    rendered
}

/// Renders the instances of a use with these keys once more, for the trace of the setting.
pub fn again(own: &Use, keys: &BTreeSet<&str>, context: &mut UseContext<'_>, sources: &mut Sources) {
    let Some(template) = context.templates.get(own.template.as_str()) else { return };
    let mut rendered = Rendered::default();
    let mut body = Body::new(context.setting.names(Vec::new(), Vec::new()), context.part, own.at.clone());
    let prepared = prepare(own, template, &mut body, context, &mut rendered, sources);
    let Some((compiled, list)) = prepared else { return };
    let compiled = CompiledUse { trace: context.setting.trace, ..compiled };
    let Some(items) = items(&compiled, list.as_ref(), context.setting, &mut rendered, sources) else {
        return;
    };
    for own in choose(&compiled, &items, context.faults, &mut rendered) {
        if keys.contains(own.key.as_str()) {
            instance(&compiled, &own, context.faults, &mut rendered);
        }
    }
}

/// Reads the list and renders its instances.
fn render_all(
    compiled: &CompiledUse<'_>,
    list: Option<&Value>,
    setting: &Setting<'_>,
    rendered: &mut Rendered,
    sources: &mut Sources,
) -> Faults {
    let mut faults = Faults::default();
    let Some(items) = items(compiled, list, setting, rendered, sources) else { return faults };
    let selected = choose(compiled, &items, &mut faults, rendered);
    let parts = in_parallel(&selected, WORTH_THREADS, &|selected, _| instances(compiled, selected));
    rendered.resources.reserve_exact(parts.iter().map(|(part, _)| part.resources.len()).sum());
    for (part, more) in parts {
        rendered.append(part);
        faults.append(more);
    }
    faults
}

/// The list of a use; `None` where it can't be read, which is reported.
fn items(
    compiled: &CompiledUse<'_>,
    list: Option<&Value>,
    setting: &Setting<'_>,
    rendered: &mut Rendered,
    sources: &mut Sources,
) -> Option<Vec<Item>> {
    let at = compiled.own.at.child("/for_each");
    let folder = Folder { root: setting.root, folder: &compiled.own.folder, at };
    let items = match list {
        None => Ok(vec![Item { value: Value::Null, keyed: false }]),
        Some(list) => inventory::items(list, &folder, sources),
    };
    match items {
        Ok(items) => Some(items),
        Err(reported) => {
            rendered.diagnostics.extend(reported);
            rendered.failed_uses.insert(compiled.own.name.clone());
            None
        }
    }
}

/// Compiles a use, and finds its list; `None` where there is nothing to run, or no list.
pub fn prepare<'p>(
    own: &'p Use,
    template: &'p CompiledTemplate<'p>,
    body: &mut Body<'_>,
    context: &mut UseContext<'_>,
    rendered: &mut Rendered,
    sources: &mut Sources,
) -> Option<(CompiledUse<'p>, Option<Value>)> {
    own.name.clone_into(&mut context.faults.whose);
    context.faults.place = None;
    let nothing = Run::new(&[], None, "");
    if let Some(when) = &own.when {
        let (node, site) = body.sited(when, "/$when");
        if !condition("$when", (&node, site), &nothing, context.faults) {
            rendered.off_uses.insert(own.name.clone());
            return None;
        }
    }
    let mut moved_from = Vec::with_capacity(own.moved_from.len());
    for old in &own.moved_from {
        let (node, site) = body.sited(&Value::from(old.as_str()), "/moved_from");
        moved_from.extend(old_id((&node, site), &nothing, context.faults));
    }
    let before = context.faults.count;
    let list = own
        .for_each
        .as_ref()
        .map(|list| render(&body.node(list, "/for_each", 0), &nothing, None, context.faults));
    let no_list = context.faults.count > before;
    if list.is_some() {
        body.compiler.names.slots.push("each".to_owned());
    }
    let folder = |at: At| Folder { root: context.setting.root, folder: &own.folder, at };
    let compiled = compile_parts(own, template, body, &folder, (&nothing, context.faults), sources);
    let compiled = CompiledUse { moved_from, ..compiled };
    if no_list {
        rendered.failed_uses.insert(own.name.clone());
        return None;
    }
    Some((compiled, list))
}

fn compile_parts<'p, 'f>(
    own: &'p Use,
    template: &'p CompiledTemplate<'p>,
    body: &mut Body<'_>,
    folder: &dyn Fn(At) -> Folder<'f>,
    (run, faults): (&Run<'_>, &mut Faults),
    sources: &mut Sources,
) -> CompiledUse<'p> {
    let names: Vec<&str> = template.template.params.keys().map(String::as_str).collect();
    let filter = own.filter.as_ref().map(|value| body.sited(value, "/where"));
    let key = own.key.as_ref().map(|value| body.sited(value, "/key"));
    let mut with: Vec<Option<(Node, SiteId)>> = vec![None; names.len()];
    for (name, value) in &own.with {
        let pointer = format!("/with{}", step(name));
        match names.iter().position(|known| known == name) {
            Some(param) => with[param] = Some(body.sited(value, &pointer)),
            None => {
                let at = own.at.child(&pointer).part(Part::Key);
                body.faults.push(overrides::unknown_param(name, &names, at));
            }
        }
    }
    let overrides = match &own.overrides {
        None => Overrides::default(),
        Some(value) => overrides(own, value, &names, body, folder, (run, faults), sources),
    };
    let mut place = |at: At| body.sites.add(at);
    let with_at =
        if own.with.is_empty() { own.at.part(Part::Key) } else { own.at.child("/with").part(Part::Key) };
    let missing = names.iter().map(|_| place(with_at.clone())).collect();
    let no_key = place(own.at.part(Part::Key));
    CompiledUse {
        own,
        template,
        filter,
        key,
        with,
        missing,
        no_key,
        overrides,
        moved_from: Vec::new(),
        trace: None,
    }
}

fn overrides<'f>(
    own: &Use,
    value: &Value,
    names: &[&str],
    body: &mut Body<'_>,
    folder: &dyn Fn(At) -> Folder<'f>,
    (run, faults): (&Run<'_>, &mut Faults),
    sources: &mut Sources,
) -> Overrides {
    let at = own.at.child("/overrides");
    if let Value::Object(map) = value {
        return body.based(Base::At(at.clone()), |body| overrides::inline(map, names, body, &at));
    }
    // The path is the same for all items.
    let slots = std::mem::take(&mut body.compiler.names.slots);
    let path = render(&body.node(value, "/overrides", 0), run, None, faults);
    body.compiler.names.slots = slots;
    let Some(path) = path.as_str() else {
        let words = "`overrides` is a mapping of globs to parameters, or the path of a CSV file";
        body.faults.push(Diagnostic::error("wrong-type", words, at));
        return Overrides::default();
    };
    match inventory::table(path, &folder(at), sources) {
        Ok((table, file)) => overrides::from_table(table, file, names, body),
        Err(more) => {
            body.faults.extend(more);
            Overrides::default()
        }
    }
}

/// Which items become instances, under which keys.
fn choose<'i>(
    compiled: &CompiledUse<'_>,
    items: &'i [Item],
    reported: &mut Faults,
    rendered: &mut Rendered,
) -> Vec<Selected<'i>> {
    let mut selected = Vec::with_capacity(items.len());
    let mut slugs = Vec::with_capacity(items.len());
    let mut hit = vec![false; compiled.overrides.list.len()];
    for (index, item) in items.iter().enumerate() {
        let number = format!("item {}", index + 1);
        let slots = [Cow::Borrowed(&item.value)];
        let mut faults = Faults::of(format!("{} {number}", compiled.own.name), None);
        let run = Run::new(&slots, None, &number);
        let key = key(compiled, item, &run, &mut faults);
        let matching = key.as_deref().map_or(Vec::new(), |key| compiled.overrides.matching(key));
        for position in &matching {
            hit[*position] = true;
        }
        slugs.extend(key.clone());
        let mut about_filter = Faults::of(faults.whose.clone(), None);
        let named = key.as_deref().map(|key| format!("item `{key}`"));
        let run = Run::new(&slots, None, named.as_deref().unwrap_or(&number));
        let filter = compiled.filter.as_ref();
        let on = filter.is_none_or(|(node, site)| condition("where", (node, *site), &run, &mut about_filter));
        let sound = about_filter.count == 0;
        reported.append(about_filter);
        // Faults in the key of a filtered-out item are ignored.
        if !on {
            continue;
        }
        reported.append(faults);
        match key {
            Some(key) if sound => {
                selected.push(Selected { item, key, overrides: compiled.overrides.deciding(matching) });
            }
            _ => {
                rendered.failed_uses.insert(compiled.own.name.clone());
            }
        }
    }
    rendered.diagnostics.extend(compiled.overrides.idle(&hit, &slugs, &compiled.own.name));
    collisions(compiled, selected, items, rendered)
}

/// The slug of an item's key; `None` where it has none, which is reported.
fn key(compiled: &CompiledUse<'_>, item: &Item, run: &Run<'_>, faults: &mut Faults) -> Option<String> {
    let before = faults.count;
    let (value, site) = match &compiled.key {
        Some((node, site)) => (render(node, run, None, faults), *site),
        None if compiled.own.for_each.is_none() => return Some(String::new()),
        None if item.keyed => (item.value.get("key").cloned().unwrap_or_default(), compiled.no_key),
        None => (item.value.clone(), compiled.no_key),
    };
    if faults.count > before {
        return None;
    }
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ if compiled.key.is_none() => {
            let words = format!("The use `{}` needs a `key`: its items are not texts", compiled.own.name);
            faults.add(compiled.no_key, Fault::new("missing-key", words).help("add `key: ${each.NAME}`"));
            return None;
        }
        _ => {
            let words = format!("A key must be a text or a number, and that of {} is neither", run.item);
            faults.add(site, Fault::new("wrong-type", words));
            return None;
        }
    };
    let slug = slug(&text);
    if slug.is_empty() || text.contains(crate::model::Reference::OPEN) {
        let words = format!("The key of {} has no letter or digit that an id may hold", run.item);
        faults.add(site, Fault::new("empty-key", words));
        return None;
    }
    Some(slug)
}

/// Two items under one key would be one instance.
fn collisions<'i>(
    compiled: &CompiledUse<'_>,
    selected: Vec<Selected<'i>>,
    items: &[Item],
    rendered: &mut Rendered,
) -> Vec<Selected<'i>> {
    let mut first: HashMap<String, &Item> = HashMap::with_capacity(selected.len());
    let mut kept = Vec::with_capacity(selected.len());
    let mut collided = 0;
    let number = |item: &Item| items.iter().position(|other| std::ptr::eq(other, item)).unwrap_or(0) + 1;
    for own in selected {
        let Some(other) = first.get(&own.key) else {
            first.insert(own.key.clone(), own.item);
            kept.push(own);
            continue;
        };
        collided += 1;
        if collided > FLOOD {
            continue;
        }
        let words = format!(
            "Items {} and {} of `{}` have the same key `{}`: {} and {}",
            number(other),
            number(own.item),
            compiled.own.name,
            own.key,
            shown(other),
            shown(own.item)
        );
        let pointer = if compiled.own.key.is_some() { "/key" } else { "/for_each" };
        rendered.diagnostics.push(
            Diagnostic::error("key-collision", words, compiled.own.at.child(pointer))
                .help("take something into `key` that tells them apart: `${each.region}-${each.name}`"),
        );
    }
    if collided > FLOOD {
        let words = format!(
            "{} more items of `{}` have a key that another one has",
            collided - FLOOD,
            compiled.own.name
        );
        rendered.diagnostics.push(Diagnostic::error("key-collision", words, compiled.own.at.part(Part::Key)));
    }
    kept
}

/// An item in a message: a text itself, of a mapping what comes first.
fn shown(item: &Item) -> String {
    let text = match &item.value {
        Value::String(text) => text.clone(),
        Value::Object(map) if item.keyed => {
            map.get("key").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Value::Object(map) => {
            let members = map.iter().filter(|(_, value)| !value.is_object() && !value.is_array()).take(2);
            members.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{text}`") }
}

/// Where a use stands, as a note to what is wrong in one of its instances.
pub fn place(name: &str, at: &At) -> (String, At) {
    (format!("in an instance of the use `{name}`"), at.part(Part::Key))
}

/// Renders instances; one part of the work.
fn instances(compiled: &CompiledUse<'_>, selected: &[Selected<'_>]) -> (Rendered, Faults) {
    let mut rendered = Rendered::default();
    rendered.resources.reserve_exact(selected.len() * compiled.template.definitions.len());
    let mut faults = Faults::of(String::new(), Some(place(&compiled.own.name, &compiled.own.at)));
    for own in selected {
        instance(compiled, own, &mut faults, &mut rendered);
    }
    rendered.resources.shrink_to_fit();
    (rendered, faults)
}

fn instance(compiled: &CompiledUse<'_>, own: &Selected<'_>, faults: &mut Faults, rendered: &mut Rendered) {
    let template = compiled.template;
    let names = std::iter::once(&compiled.own.name).chain(&compiled.moved_from);
    let prefix =
        |name: &String| if own.key.is_empty() { name.clone() } else { format!("{name}/{}", own.key) };
    let prefixes: Vec<String> = names.map(prefix).collect();
    let item = format!("item `{}`", if own.key.is_empty() { &compiled.own.name } else { &own.key });
    faults.whose.clone_from(&prefixes[0]);
    rendered
        .affected
        .extend(template.affected(&prefixes[0], &|| place(&compiled.own.name, &compiled.own.at)));
    let instance = Arc::new(Instance {
        name: compiled.own.name.clone(),
        key: own.key.clone(),
        at: compiled.own.at.clone(),
    });
    let place = Place { prefixes: &prefixes, instance: Some(&instance) };
    if compiled.own.forget {
        // Which of them are live, the mark says: no value is needed, and no `$when`.
        rendered.resources.extend(template.definitions.iter().map(|definition| definition.forgotten(&place)));
        return;
    }
    let given = [Cow::Borrowed(&own.item.value)];
    let of_item = Run::new(&given, None, &item);
    let Some(values) = values(compiled, own, &of_item, faults) else {
        rendered.failed_uses.insert(compiled.own.name.clone());
        return;
    };
    let item = format!("instance `{}`", prefixes[0]);
    let run = Run::new(&values, None, &item);
    let on: Vec<bool> =
        template.definitions.iter().map(|definition| definition.is_on(&run, faults)).collect();
    let siblings = Siblings { names: &template.siblings, prefix: &prefixes[0], on: &on };
    for (definition, on) in template.definitions.iter().zip(&on) {
        let address = || {
            let own = &definition.definition.address;
            crate::model::Address::new(own.section(), &place.id(own.id()))
        };
        if !on {
            rendered.off.push(address());
            continue;
        }
        let run = Run::new(&values, Some(siblings), &item).traced(compiled.trace);
        match definition.resource(&place, &run, faults) {
            Some(resource) => rendered.resources.push(resource),
            None => rendered.failed.push(address()),
        }
    }
}

/// The value of each parameter: an override's, else that of `with`, else the default.
fn values<'v>(
    compiled: &'v CompiledUse<'_>,
    own: &Selected<'_>,
    run: &'v Run<'v>,
    faults: &mut Faults,
) -> Option<Vec<Cow<'v, Value>>> {
    let before = faults.count;
    let mut values: Vec<Cow<'v, Value>> = Vec::with_capacity(compiled.with.len());
    for (param, (name, declared)) in compiled.template.template.params.iter().enumerate() {
        let overrides = own.overrides.iter().rev().map(|position| &compiled.overrides.list[*position]);
        let given = overrides
            .flat_map(|own| own.values.iter())
            .find(|(own, _, _)| *own == param)
            .map(|(_, node, site)| (node, *site))
            .or_else(|| compiled.with[param].as_ref().map(|(node, site)| (node, *site)));
        let value = match (given, &compiled.template.defaults[param]) {
            (Some((node, site)), _) => {
                let failed = faults.count;
                let value = evaluate(node, run, faults);
                if faults.count > failed { None } else { Some((value, site)) }
            }
            (None, Some((Node::Literal(value), _))) => {
                // Checked when the template was compiled.
                values.push(Cow::Borrowed(value));
                continue;
            }
            // What it may use is missing, which is reported.
            (None, Some(_)) if faults.count > before => None,
            (None, Some((node, site))) => {
                let inner = Run::new(&values, None, run.item);
                let failed = faults.count;
                let value = render(node, &inner, None, faults);
                if faults.count > failed { None } else { Some((Cow::Owned(value), *site)) }
            }
            (None, None) => {
                let words = format!("The template `{}` needs the parameter `{name}`", compiled.own.template);
                let help = format!("pass it: `with: {{{name}: …}}`");
                faults.add(compiled.missing[param], Fault::new("missing-parameter", words).help(help));
                None
            }
        };
        let converted = value.map(|(value, site)| (params::convert(name, declared, value), site));
        values.push(match converted {
            Some((Ok(value), _)) => value,
            Some((Err((code, words)), site)) => {
                faults.add(site, Fault::new(code, words));
                Cow::Owned(Value::Null)
            }
            None => Cow::Owned(Value::Null),
        });
    }
    (faults.count == before).then_some(values)
}

/// A value that is borrowed where it can be: lists from an inventory are not copied.
fn evaluate<'v>(node: &'v Node, run: &'v Run<'v>, faults: &mut Faults) -> Cow<'v, Value> {
    match node {
        Node::Literal(value) => Cow::Borrowed(value),
        Node::Text(text, site) => match text.render(run, None) {
            Ok(value) => value,
            Err(fault) => {
                faults.add(*site, fault);
                Cow::Owned(Value::Null)
            }
        },
        node => Cow::Owned(render(node, run, None, faults)),
    }
}
