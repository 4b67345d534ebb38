//! One definition -> a resource, or as many as its template has instances.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::body::{Body, Node, render};
use super::fault::Faults;
use super::printed::{self, Printed};
use super::scope::Setting;
use super::site::{Base, SiteId};
use crate::diagnostic::Diagnostic;
use crate::kind::{self, Kind};
use crate::load::definitions::Definition;
use crate::model::{self, Address, Directives, Instance, Origin, Resource, is_id};
use crate::template::{Fault, Run};

thread_local! {
    /// Bodies are printed here first, so that each is allocated once and in its size.
    static PRINTED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A definition, compiled.
#[derive(Debug)]
pub struct Compiled<'d> {
    pub definition: &'d Definition,
    body: Form,
    when: Option<(Node, SiteId)>,
    protect: Option<(Node, SiteId)>,
    absent: Option<(Node, SiteId)>,
    id: Option<(Node, SiteId)>,
    /// The one at hand, where `$id` may turn out to be a mapping of them.
    environment: Option<String>,
    moved_from: Vec<(Node, SiteId)>,
    /// For faults about all of it.
    whole: SiteId,
    /// The definition's, with the defaults as its last layer.
    origin: Arc<Origin>,
    /// What is wrong with it whatever it is rendered with.
    pub faults: Vec<Diagnostic>,
}

/// A body, compiled.
#[derive(Debug)]
enum Form {
    /// Nothing is to be rendered in it.
    Literal(model::Body),
    Printed(Printed),
}

pub fn compile<'d>(definition: &'d Definition, setting: &Setting<'_>, body: &mut Body<'_>) -> Compiled<'d> {
    let defaults = setting.defaults.get(definition.address.section());
    let mut origin = Arc::clone(&definition.origin);
    if let Some((_, at)) = defaults {
        Arc::make_mut(&mut origin).layers.push(at.clone());
    }
    let own_id = definition.directives.id.as_deref().and_then(|value| match value {
        Value::Object(map) => map.get(setting.environment?).map(|value| (value, true)),
        value => Some((value, false)),
    });
    let id_at = match setting.environment {
        Some(environment) if own_id.is_some_and(|(_, nested)| nested) => {
            format!("/$id{}", crate::pointer::step(environment))
        }
        _ => "/$id".to_owned(),
    };
    body.based(Base::Origin(Arc::clone(&origin)), |body| {
        let raw = &definition.directives;
        // What is let go has no body, and gets none from the defaults.
        let defaults = defaults.filter(|_| !raw.forget);
        let old_ids = raw.moved_from.iter().map(|old| Value::from(old.as_str()));
        Compiled {
            definition,
            when: raw.when.as_ref().map(|value| body.sited(value, "/$when")),
            protect: raw.protect.as_ref().map(|value| body.sited(value, "/$protect")),
            absent: raw.absent.as_ref().map(|value| body.sited(value, "/$absent")),
            id: own_id.map(|(value, _)| body.sited(value, &id_at)),
            moved_from: old_ids.map(|old| body.sited(&old, "/$moved_from")).collect(),
            environment: setting.environment.filter(|_| own_id.is_some()).map(str::to_owned),
            body: match defaults {
                None if printed::is_literal(&definition.body) => Form::Literal(definition.body.clone()),
                defaults => Form::Printed(Printed::new(
                    body.over(&definition.body.members(), defaults.map(|(map, at)| (*map, at))),
                )),
            },
            whole: body.whole(),
            origin,
            faults: std::mem::take(&mut body.faults),
        }
    })
}

/// The resource of a definition in which nothing is to be rendered, and of which nothing else is said. Most are such where
/// an organisation was exported.
pub fn as_it_stands(definition: &Definition, setting: &Setting<'_>) -> Option<Resource> {
    let Definition { address, body, directives, origin } = definition;
    let is_bare = directives.is_empty() && !setting.defaults.contains_key(address.section());
    (is_bare && !body.is_empty() && printed::is_literal(body)).then(|| Resource {
        address: address.clone(),
        body: body.clone(),
        directives: Directives::default(),
        origin: Arc::clone(origin),
        instance: None,
    })
}

impl Compiled<'_> {
    /// Whether `$when` lets it be.
    pub fn is_on(&self, run: &Run<'_>, faults: &mut Faults) -> bool {
        self.when.as_ref().is_none_or(|(node, site)| condition("$when", (node, *site), run, faults))
    }

    /// What stands for an object that is let go: an address without a body.
    pub fn forgotten(&self, place: &Place<'_>) -> Resource {
        let own = &self.definition.address;
        Resource {
            address: Address::new(own.section(), &place.id(own.id())),
            body: model::Body::printed("{}"),
            directives: Directives { forget: true, ..Directives::default() },
            origin: Arc::clone(&self.origin),
            instance: place.instance.cloned(),
        }
    }

    /// The resource at an address; `None` where something is wrong with it.
    pub fn resource(&self, place: &Place<'_>, run: &Run<'_>, faults: &mut Faults) -> Option<Resource> {
        if self.definition.directives.forget {
            return Some(self.forgotten(place));
        }
        let section = self.definition.address.section();
        let short = self.definition.address.id();
        let address = Address::new(section, &place.id(short));
        run.begin(&address);
        faults.whose.clear();
        faults.whose.push_str(address.as_str());
        let before = faults.count;
        let raw = &self.definition.directives;
        let mut directives = Directives {
            adopt: self.id.as_ref().and_then(|id| self.adopted(id, run, faults)),
            protect: self
                .protect
                .as_ref()
                .is_some_and(|(node, site)| condition("$protect", (node, *site), run, faults)),
            ignore: raw.ignore.clone(),
            absent: self
                .absent
                .as_ref()
                .is_some_and(|(node, site)| condition("$absent", (node, *site), run, faults)),
            moved_from: Vec::new(),
            old_keys: Vec::new(),
            allow: raw.allow.clone(),
            forget: false,
        };
        let mut shorts = vec![short.to_owned()];
        let is_keyed = kind::of_section(section).is_some_and(Kind::is_keyed);
        for (node, site) in &self.moved_from {
            if is_keyed {
                directives.old_keys.extend(render(node, run, None, faults).as_str().map(str::to_owned));
                continue;
            }
            shorts.extend(old_id((node, *site), run, faults));
        }
        // Nearly all have been what they are from the beginning.
        let renamed = place.prefixes.len() > 1 || shorts.len() > 1;
        for prefix in place.prefixes.iter().filter(|_| renamed) {
            for short in &shorts {
                let old = Address::new(section, &join(prefix, short));
                if old != address && !directives.moved_from.contains(&old) {
                    directives.moved_from.push(old);
                }
            }
        }
        if self.definition.body.is_empty() {
            // Reported by the reader; what defaults would make of it is of no use.
            return None;
        }
        let body = self.body(run, faults, &address).filter(|_| faults.count == before)?;
        let instance = place.instance.cloned();
        Some(Resource { address, body, directives, origin: Arc::clone(&self.origin), instance })
    }

    /// The id that `$id` gives for the environment at hand; a value may be the mapping of them all.
    fn adopted(&self, (node, site): &(Node, SiteId), run: &Run<'_>, faults: &mut Faults) -> Option<String> {
        let before = faults.count;
        let value = match render(node, run, None, faults) {
            Value::Object(mut ids) => {
                self.environment.as_ref().and_then(|own| ids.shift_remove(own)).unwrap_or_default()
            }
            value => value,
        };
        match value {
            Value::Null => None,
            Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
            Value::String(text)
                if !text.trim().is_empty() && !text.contains(crate::model::Reference::OPEN) =>
            {
                Some(text.trim().to_owned())
            }
            _ if faults.count > before => None,
            other => {
                let words = format!("`$id` must be the id of a Datadog object, and is {}", describe(&other));
                faults.add(*site, Fault::new("wrong-type", words));
                None
            }
        }
    }

    fn body(&self, run: &Run<'_>, faults: &mut Faults, address: &Address) -> Option<model::Body> {
        let printed = match &self.body {
            Form::Literal(body) => return Some(body.clone()),
            Form::Printed(printed) => printed,
        };
        let mut text = PRINTED.take();
        text.clear();
        let before = faults.count;
        let printed = printed.print(run, faults, &mut text);
        if printed.is_err() {
            let words = format!("The body of `{address}` is nested too deeply once it is rendered");
            faults.add(self.whole, Fault::new("too-deep", words).help("no body needs more than 127 levels"));
        } else if faults.count == before && (text.first() != Some(&b'{') || text == b"{}") {
            let words = format!("The body of `{address}` is empty once it is rendered");
            faults.add(
                self.whole,
                Fault::new("empty-body", words).help("`null` takes a default away, and all were"),
            );
        }
        let sound = faults.count == before;
        let body = sound.then(|| model::Body::printed(str::from_utf8(&text).expect("bug: JSON is UTF-8")));
        PRINTED.set(text);
        body
    }
}

/// Where a definition's resources get their ids.
pub struct Place<'p> {
    /// What stands before the short id, the current one first and then those before renames; `""`
    /// for a definition of its own.
    pub prefixes: &'p [String],
    pub instance: Option<&'p Arc<Instance>>,
}

impl Place<'_> {
    pub fn id(&self, short: &str) -> String {
        join(&self.prefixes[0], short)
    }
}

fn join(prefix: &str, short: &str) -> String {
    if prefix.is_empty() { short.to_owned() } else { [prefix, "/", short].concat() }
}

/// `true` or `false`, nothing else; true where something is wrong, so that what refers to it isn't reported too.
pub fn condition(name: &str, (node, site): (&Node, SiteId), run: &Run<'_>, faults: &mut Faults) -> bool {
    let before = faults.count;
    match render(node, run, None, faults) {
        Value::Bool(on) => on,
        _ if faults.count > before => true,
        other => {
            let words = format!("`{name}` must be true or false, and is {}", describe(&other));
            faults.add(site, Fault::new("wrong-type", words).help("compare it: `${eq x 'y'}`"));
            true
        }
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
        Value::Null | Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

pub fn old_id((node, site): (&Node, SiteId), run: &Run<'_>, faults: &mut Faults) -> Option<String> {
    let before = faults.count;
    let value = render(node, run, None, faults);
    match value.as_str() {
        Some(text) if is_id(text) => Some(text.to_owned()),
        _ if faults.count > before => None,
        _ => {
            let words = format!("`$moved_from` must be an id, and is {}", describe(&value));
            faults.add(site, Fault::new("bad-id", words));
            None
        }
    }
}
