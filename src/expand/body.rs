//! JSON with templates in its strings: compiled once to a tree, rendered for each instance.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fault::Faults;
use super::site::{Base, SiteId, Sites};
use crate::diagnostic::{At, Diagnostic, Part};
use crate::pointer::{push, step};
use crate::template::{Compiler, Expr, Fault, Frame, Global, Names, Run, Text, each, is_template, value};

/// The deepest nesting of values; files nest less, values of parameters may add.
const DEPTH_LIMIT: usize = 200;

/// A value to be rendered.
#[derive(Clone, Debug)]
pub enum Node {
    /// The same at every render.
    Literal(Value),
    Text(Text, SiteId),
    List(Vec<Item>),
    Map(Vec<(String, Node)>),
    /// Can't be compiled, which is reported: what needs it fails without another word.
    Broken,
    /// What a resource says, laid over a default; used where the two meet only when rendered.
    Over(Box<Node>, Box<Node>),
    /// The same for `tags`: a list with the default's items behind its own.
    Union(Box<Node>, Box<Node>),
}

#[derive(Clone, Debug)]
pub enum Item {
    One(Node),
    /// `{$for: x in list, $yield: …}`
    For {
        list: Expr,
        site: SiteId,
        yields: Node,
    },
}

/// References that are not to siblings, and where each stands.
pub type Globals = Vec<(At, Arc<Global>)>;

/// Compiles values, and keeps what is met on the way.
pub struct Body<'n> {
    pub compiler: Compiler<'n>,
    pub sites: Sites,
    /// Where the value stands that is compiled.
    base: Base,
    pub faults: Vec<Diagnostic>,
    /// References that are not to siblings, with their strings' sites.
    globals: Vec<(SiteId, Arc<Global>)>,
}

impl<'n> Body<'n> {
    /// Fills a part of the sites.
    pub fn new(names: Names<'n>, part: usize, at: At) -> Self {
        Self {
            compiler: Compiler::new(names),
            sites: Sites::part(part),
            base: Base::At(at),
            faults: Vec::new(),
            globals: Vec::new(),
        }
    }

    /// Compiles what stands at another place.
    pub fn based<R>(&mut self, base: Base, work: impl FnOnce(&mut Self) -> R) -> R {
        let around = std::mem::replace(&mut self.base, base);
        let done = work(self);
        self.base = around;
        done
    }

    /// A value with a site for faults about the whole of it.
    pub fn sited(&mut self, value: &Value, pointer: &str) -> (Node, SiteId) {
        let node = self.node(value, pointer, 0);
        (node, self.site(pointer))
    }

    /// A site for faults about all that stands at the base.
    pub fn whole(&mut self) -> SiteId {
        let at = self.base.at("").part(Part::Key);
        self.sites.add(at)
    }

    /// Takes the references that were met, with their places.
    pub fn take_globals(&mut self) -> Globals {
        let globals = std::mem::take(&mut self.globals).into_iter();
        globals.map(|(site, global)| (self.sites.at(site).clone(), global)).collect()
    }

    /// Compiles a value that stands at a pointer below the base.
    pub fn node(&mut self, value: &Value, pointer: &str, depth: usize) -> Node {
        if depth > DEPTH_LIMIT {
            self.faults.push(Diagnostic::error("too-deep", "Values nest too deep", self.base.at(pointer)));
            return Node::Broken;
        }
        match value {
            Value::String(text) if is_template(text) => self.text(text, pointer),
            Value::Array(list) => {
                let items = list.iter().enumerate();
                let items = items.map(|(at, item)| self.item(item, &format!("{pointer}/{at}"), depth + 1));
                list_of(items.collect())
            }
            Value::Object(map) => {
                let member = |(key, value): (&String, &Value)| {
                    let mut inner = pointer.to_owned();
                    push(&mut inner, key);
                    (key.clone(), self.node(value, &inner, depth + 1))
                };
                map_of(map.iter().map(member).collect())
            }
            literal => Node::Literal(literal.clone()),
        }
    }

    fn text(&mut self, text: &str, pointer: &str) -> Node {
        let compiled = self.compiler.text(text);
        let globals = std::mem::take(&mut self.compiler.globals);
        match compiled {
            Ok(Text::Constant(value)) if globals.is_empty() => Node::Literal(value),
            Ok(text) => {
                let site = self.site(pointer);
                self.globals.extend(globals.into_iter().map(|global| (site, global)));
                Node::Text(text, site)
            }
            Err(faults) => {
                self.report(faults, pointer);
                Node::Broken
            }
        }
    }

    pub fn site(&mut self, pointer: &str) -> SiteId {
        self.sites.add(self.base.at(pointer))
    }

    fn report(&mut self, faults: Vec<Fault>, pointer: &str) {
        for fault in faults {
            self.faults.push(super::fault::diagnostic(&fault, &self.base.at(pointer)));
        }
    }

    fn item(&mut self, value: &Value, pointer: &str, depth: usize) -> Item {
        let Some(map) =
            value.as_object().filter(|map| map.contains_key("$for") || map.contains_key("$yield"))
        else {
            return Item::One(self.node(value, pointer, depth));
        };
        let nothing = Item::One(Node::Broken);
        let (Some(head), Some(yields), 2) = (map.get("$for"), map.get("$yield"), map.len()) else {
            let words = "`$for` and `$yield` belong together, and stand alone in a list's item";
            self.wrong_for(words, pointer);
            return nothing;
        };
        let head_at = format!("{pointer}/$for");
        let Some((name, list, start)) = head.as_str().and_then(split_head) else {
            self.wrong_for("`$for` takes a name and a list", &head_at);
            return nothing;
        };
        let list = match self.compiler.expression(list, start) {
            Ok(list) => list,
            Err(fault) => {
                self.report(vec![*fault], &head_at);
                return nothing;
            }
        };
        let site = self.site(&head_at);
        let globals = std::mem::take(&mut self.compiler.globals);
        self.globals.extend(globals.into_iter().map(|global| (site, global)));
        self.compiler.open(Some(name.to_owned()), None, false);
        let yields = self.node(yields, &format!("{pointer}/$yield"), depth);
        self.compiler.close();
        Item::For { list, site, yields }
    }

    fn wrong_for(&mut self, words: &str, pointer: &str) {
        let fault = Diagnostic::error("bad-for", words, self.base.at(pointer));
        self.faults.push(fault.help("write `{$for: \"x in list\", $yield: {…}}`"));
    }

    /// Compiles a body with a section's defaults under it.
    pub fn over(&mut self, body: &Map<String, Value>, defaults: Option<(&Map<String, Value>, &At)>) -> Node {
        match defaults {
            None => map_of(
                body.iter().map(|(key, value)| (key.clone(), self.node(value, &step(key), 1))).collect(),
            ),
            Some((defaults, at)) => {
                self.merged(body, defaults, &Merge { defaults_at: at, pointer: "", depth: 0 })
            }
        }
    }

    fn merged(
        &mut self,
        body: &Map<String, Value>,
        defaults: &Map<String, Value>,
        merge: &Merge<'_>,
    ) -> Node {
        let mut members = Vec::with_capacity(body.len() + defaults.len());
        for (key, value) in body {
            let pointer = format!("{}{}", merge.pointer, step(key));
            let node = match (value, defaults.get(key)) {
                (Value::Null, Some(_)) => continue,
                (_, None) => self.node(value, &pointer, merge.depth + 1),
                (value, Some(default)) => self.meet(value, default, key, &pointer, merge),
            };
            members.push((key.clone(), node));
        }
        for (key, default) in defaults.iter().filter(|(key, _)| !body.contains_key(*key)) {
            let pointer = format!("{}{}", merge.pointer, step(key));
            members.push((key.clone(), self.default(default, &pointer, merge)));
        }
        map_of(members)
    }

    /// A value and the default of the same member.
    fn meet(&mut self, value: &Value, default: &Value, key: &str, pointer: &str, merge: &Merge<'_>) -> Node {
        let tags = merge.depth == 0 && key == "tags";
        match (value, default) {
            (Value::Object(body), Value::Object(defaults)) => {
                let merge = Merge { defaults_at: merge.defaults_at, pointer, depth: merge.depth + 1 };
                self.merged(body, defaults, &merge)
            }
            (Value::Array(_), Value::Array(_)) if tags => {
                let own = self.node(value, pointer, merge.depth + 1);
                let default = self.default(default, pointer, merge);
                match (own, default) {
                    (Node::Literal(own), Node::Literal(default)) => Node::Literal(union(own, default)),
                    (own, default) => Node::Union(Box::new(own), Box::new(default)),
                }
            }
            (Value::String(text), _) if is_template(text) => {
                let own = self.node(value, pointer, merge.depth + 1);
                let default = Box::new(self.default(default, pointer, merge));
                if tags { Node::Union(Box::new(own), default) } else { Node::Over(Box::new(own), default) }
            }
            _ => self.node(value, pointer, merge.depth + 1),
        }
    }

    fn default(&mut self, value: &Value, pointer: &str, merge: &Merge<'_>) -> Node {
        let base = Base::At(merge.defaults_at.clone());
        self.based(base, |body| body.node(value, pointer, merge.depth + 1))
    }
}

/// Where a merge stands.
struct Merge<'a> {
    defaults_at: &'a At,
    pointer: &'a str,
    depth: usize,
}

/// `x in list`: the name, the list's expression and where that begins.
fn split_head(text: &str) -> Option<(&str, &str, usize)> {
    let (name, rest) = text.split_once(" in ")?;
    let name = name.trim();
    let list = rest.trim();
    let list = list.strip_prefix("${").and_then(|list| list.strip_suffix('}')).unwrap_or(list).trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fine =
        !list.is_empty() && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    fine.then(|| (name, list, list.as_ptr() as usize - text.as_ptr() as usize))
}

fn list_of(items: Vec<Item>) -> Node {
    if !items.iter().all(|item| matches!(item, Item::One(Node::Literal(_)))) {
        return Node::List(items);
    }
    let literal = |item| match item {
        Item::One(Node::Literal(value)) => value,
        _ => Value::Null,
    };
    Node::Literal(Value::Array(items.into_iter().map(literal).collect()))
}

fn map_of(members: Vec<(String, Node)>) -> Node {
    if !members.iter().all(|(_, node)| matches!(node, Node::Literal(_))) {
        return Node::Map(members);
    }
    let mut map = Map::with_capacity(members.len());
    for (key, node) in members {
        if let Node::Literal(value) = node {
            map.insert(key, value);
        }
    }
    Node::Literal(Value::Object(map))
}

/// Renders a value; faults are reported, and null stands for what failed.
pub fn render(node: &Node, run: &Run<'_>, frame: Option<&Frame<'_>>, faults: &mut Faults) -> Value {
    match node {
        Node::Literal(value) => copy(value),
        Node::Text(text, site) => match text.render(run, frame) {
            Ok(std::borrow::Cow::Owned(value)) => value,
            Ok(std::borrow::Cow::Borrowed(value)) => copy(value),
            Err(fault) => {
                faults.add(*site, fault);
                Value::Null
            }
        },
        Node::Map(members) => {
            let mut map = Map::with_capacity(members.len());
            for (key, node) in members {
                match node {
                    // Null takes the default away, member and all.
                    Node::Over(..) => {
                        if let Some(value) = over(node, run, frame, faults) {
                            map.insert(key.clone(), value);
                        }
                    }
                    node => {
                        map.insert(key.clone(), render(node, run, frame, faults));
                    }
                }
            }
            Value::Object(map)
        }
        Node::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            items.iter().for_each(|item| spread(item, run, frame, faults, &mut list));
            list.shrink_to_fit();
            Value::Array(list)
        }
        Node::Broken => {
            faults.count += 1;
            Value::Null
        }
        Node::Over(..) => over(node, run, frame, faults).unwrap_or(Value::Null),
        Node::Union(own, default) => {
            let own = render(own, run, frame, faults);
            union(own, render(default, run, frame, faults))
        }
    }
}

/// Renders an item of a list, which may be as many as another list has.
pub fn spread(
    item: &Item,
    run: &Run<'_>,
    frame: Option<&Frame<'_>>,
    faults: &mut Faults,
    list: &mut Vec<Value>,
) {
    match item {
        Item::One(node) => list.push(render(node, run, frame, faults)),
        Item::For { list: expr, site, yields } => {
            if let Err(fault) = repeat(expr, yields, run, frame, faults, list) {
                faults.add(*site, fault);
            }
        }
    }
}

fn over(node: &Node, run: &Run<'_>, frame: Option<&Frame<'_>>, faults: &mut Faults) -> Option<Value> {
    let Node::Over(own, default) = node else { return Some(render(node, run, frame, faults)) };
    match render(own, run, frame, faults) {
        Value::Null => None,
        Value::Object(own) => match render(default, run, frame, faults) {
            Value::Object(default) => Some(Value::Object(lay_over(own, default, 0))),
            _ => Some(Value::Object(own)),
        },
        own => Some(own),
    }
}

/// Two rendered mappings, one laid over the other.
fn lay_over(own: Map<String, Value>, mut default: Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut merged = Map::with_capacity(own.len() + default.len());
    for (key, value) in own {
        let value = match (value, default.shift_remove(&key)) {
            (Value::Null, Some(_)) => continue,
            (Value::Object(own), Some(Value::Object(default))) if depth < DEPTH_LIMIT => {
                Value::Object(lay_over(own, default, depth + 1))
            }
            (own, _) => own,
        };
        merged.insert(key, value);
    }
    merged.extend(default);
    merged
}

/// A list with those items of another behind its own that it lacks.
fn union(own: Value, default: Value) -> Value {
    match (own, default) {
        (Value::Array(mut own), Value::Array(default)) => {
            own.reserve_exact(default.len());
            for item in default {
                if !own.contains(&item) {
                    own.push(item);
                }
            }
            Value::Array(own)
        }
        (own, _) => own,
    }
}

fn repeat(
    list: &Expr,
    yields: &Node,
    run: &Run<'_>,
    frame: Option<&Frame<'_>>,
    faults: &mut Faults,
    out: &mut Vec<Value>,
) -> Result<(), Box<Fault>> {
    let list = value(list, run, frame)?;
    each(&list, run, frame, &mut |inner| {
        let value = render(yields, run, Some(inner), faults);
        run.take_room(&value)?;
        match value {
            // A list of items is spliced in.
            Value::Array(items) => out.extend(items),
            item => out.push(item),
        }
        Ok(())
    })?;
    Ok(())
}

/// A copy without spare room in its mappings: thousands of them are held at once.
pub fn copy(value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(copy).collect()),
        Value::Object(map) => {
            let mut out = Map::with_capacity(map.len());
            for (key, value) in map {
                out.insert(key.clone(), copy(value));
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}
