//! What is known of all resources together: who refers to whom, who says the same, what inventories hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use serde_json::Value;

use crate::diff::spelling;
use crate::kind::{self, Family};
use crate::model::{Address, Attribute, Reference, Resource, slug};
use crate::pointer::matching;
use crate::query;
use crate::routing::Filter;

/// The type of alerts of logs.
pub const OF_LOGS: &str = "log alert";

/// What the inventory says of a function: values by key, all in lower case.
pub type Tags = BTreeMap<String, BTreeSet<String>>;

/// All resources, and what rules ask about them.
pub struct Estate<'a> {
    pub resources: &'a [Resource],
    /// Keys of tags that the rule `required-tags` asks for.
    pub required_tags: &'a [String],
    /// Adopted resources by section and live id.
    adopted: HashMap<(&'a str, &'a str), usize>,
    /// Resources that a composite or an objective speaks for.
    spoken_for: HashSet<usize>,
    /// Objectives that an alert watches.
    watched: HashSet<usize>,
    /// Of equal bodies: the first, for each later one.
    twins: HashMap<usize, usize>,
    /// The same of alerts with equal names, and of those over one query. Read when a rule asks first: both rules are off
    /// by default.
    namesakes: OnceLock<HashMap<usize, usize>>,
    /// What routes alerts by their tags.
    pub routings: Vec<Routing>,
    /// What keeps events, and throws some of them away: positions and bodies.
    pub stores: Vec<(usize, Value)>,
    same_queries: OnceLock<HashMap<usize, usize>>,
    /// Slugs of the keys of all instances, and of the services that instances are tagged with.
    pub inventory: BTreeSet<String>,
    /// Where somebody groups logs: the functions of the inventories.
    pub functions: &'a [Tags],
    /// Read when an alert of logs asks first: most projects have none.
    first_of_logs_past: OnceLock<Option<usize>>,
}

/// A rule that routes alerts by their tags, read once for all alerts.
pub struct Routing {
    /// Its position.
    pub at: usize,
    pub filter: Filter,
    pub recipients: BTreeSet<String>,
}

impl Routing {
    fn read(at: usize, resource: &Resource) -> Self {
        let rule = resource.body.value();
        let kind = kind::of_section(resource.address.section());
        let lists = kind.into_iter().flat_map(|kind| kind.paths(|field| field.recipients));
        let items = lists.flat_map(|list| matching(&format!("{list}/*"), &rule));
        let recipients = items.filter_map(|pointer| Some(rule.pointer(&pointer)?.as_str()?.to_owned()));
        Self { at, filter: Filter::of(&rule), recipients: recipients.collect() }
    }
}

/// What one resource adds.
pub struct Facts {
    /// What its query, or its list of members, names: addresses or live ids.
    names: Vec<Target>,
    /// Of an alert: the same for bodies that say the same, in whatever order their keys stand.
    likeness: Option<(usize, u64)>,
}

enum Target {
    Address(Address),
    Live(String),
}

fn family(resource: &Resource) -> Option<Family> {
    kind::of_section(resource.address.section())?.quirks.family
}

/// The facts of a part of the resources; what inventories hold as far as they tell, where a rule asks for it. Bodies
/// are not parsed for them: most name nobody.
pub fn facts(resources: &[Resource], inventories: bool) -> (Vec<Facts>, BTreeSet<String>) {
    let mut inventory = BTreeSet::new();
    let of_one = |resource: &Resource| {
        let (mut names, body) = (Vec::new(), &resource.body);
        let family = family(resource);
        let of = |wanted, key| (family == Some(wanted)).then(|| body.get(key)).flatten();
        let (query, members) = (of(Family::Alert, "query"), of(Family::Objective, "monitor_ids"));
        if let Some(query) = query.as_ref().and_then(Value::as_str) {
            let references = Reference::in_text(query).into_iter();
            names.extend(references.map(|(_, reference)| Target::Address(reference.target)));
            names.extend(live_ids(query));
        }
        names.extend(members.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(member));
        if let (true, Some(own)) = (inventories, &resource.instance) {
            inventory.insert(own.key.clone());
            let tags = body.get("tags");
            let tags = tags.as_ref().and_then(Value::as_array).into_iter().flatten();
            inventory.extend(tags.filter_map(|tag| tag.as_str()?.strip_prefix("service:")).map(slug));
        }
        Facts { names, likeness: (family == Some(Family::Alert)).then(|| likeness(body.text())) }
    };
    let facts = resources.iter().map(of_one).collect();
    (facts, inventory)
}

fn member(item: &Value) -> Option<Target> {
    match item {
        Value::String(text) => {
            let (_, reference) = Reference::in_text(text).into_iter().next()?;
            Some(Target::Address(reference.target))
        }
        Value::Number(id) => Some(Target::Live(id.to_string())),
        _ => None,
    }
}

/// The length, and a sum over the bytes: cheap, and blind to the order of keys.
fn likeness(text: &str) -> (usize, u64) {
    // So short that 32 bits hold the sum of their squares: many are added at once then.
    let sums = text.as_bytes().chunks(1 << 15);
    let sums = sums.map(|part| part.iter().map(|byte| u32::from(*byte) * u32::from(*byte)).sum::<u32>());
    (text.len(), sums.map(u64::from).sum())
}

/// What may be ids in a query of ids: words of digits and of hexadecimal digits.
fn live_ids(query: &str) -> impl Iterator<Item = Target> + '_ {
    let words = query.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    let is_id = |word: &&[u8]| {
        word.len() >= 5 && word.iter().all(u8::is_ascii_hexdigit) && word.iter().any(u8::is_ascii_digit)
    };
    words.filter(is_id).map(|word| Target::Live(word.iter().copied().map(char::from).collect()))
}

impl<'a> Estate<'a> {
    fn bare(resources: &'a [Resource], required_tags: &'a [String], functions: &'a [Tags]) -> Self {
        Self {
            resources,
            required_tags,
            adopted: HashMap::new(),
            spoken_for: HashSet::new(),
            watched: HashSet::new(),
            twins: HashMap::new(),
            namesakes: OnceLock::new(),
            routings: Vec::new(),
            stores: Vec::new(),
            same_queries: OnceLock::new(),
            inventory: BTreeSet::new(),
            functions,
            first_of_logs_past: OnceLock::new(),
        }
    }

    /// `facts` are those of the resources, in parts that follow each other.
    pub fn new(
        resources: &'a [Resource],
        facts: Vec<(Vec<Facts>, BTreeSet<String>)>,
        required_tags: &'a [String],
        functions: &'a [Tags],
    ) -> Self {
        let mut estate = Self::bare(resources, required_tags, functions);
        for (index, resource) in resources.iter().enumerate() {
            if family(resource) == Some(Family::Routing) && !resource.directives.absent {
                estate.routings.push(Routing::read(index, resource));
            }
            let is_store = kind::of_section(resource.address.section())
                .is_some_and(|kind| kind.quirks.store.is_some() && !resource.directives.absent);
            if is_store {
                estate.stores.push((index, resource.body.value()));
            }
            if let Some(id) = resource.directives.adopt.as_deref() {
                estate.adopted.insert((resource.address.section(), id), index);
            }
        }
        let mut all = Vec::with_capacity(resources.len());
        for (facts, inventory) in facts {
            all.extend(facts);
            estate.inventory.extend(inventory);
        }
        let mut likes: HashMap<(usize, u64), usize> = HashMap::new();
        let mut first: HashMap<String, usize> = HashMap::new();
        let spelled = |index: usize| spelling(&resources[index].body.value());
        for (index, facts) in all.into_iter().enumerate() {
            if let Some(likeness) = facts.likeness {
                let like = *likes.entry(likeness).or_insert(index);
                if like != index {
                    first.entry(spelled(like)).or_insert(like);
                    let earlier = *first.entry(spelled(index)).or_insert(index);
                    if earlier != index {
                        estate.twins.insert(index, earlier);
                    }
                }
            }
            let targets = facts.names.iter().filter_map(|target| match target {
                Target::Address(address) => estate.position(address),
                Target::Live(id) => kind::KINDS
                    .into_iter()
                    .find_map(|kind| estate.adopted.get(&(kind.section, id.as_str())).copied()),
            });
            for target in targets.collect::<Vec<_>>() {
                if family(&resources[target]) == Some(Family::Objective) {
                    estate.watched.insert(target);
                } else {
                    estate.spoken_for.insert(target);
                }
            }
        }
        estate
    }

    fn position(&self, address: &Address) -> Option<usize> {
        self.resources.binary_search_by(|resource| resource.address.cmp(address)).ok()
    }

    /// The resource that an id in a query means, and what is asked of it: a reference, or the live id of an
    /// adopted one of a family.
    pub fn target(&self, id: &str, family: Family) -> Option<(&'a Resource, Attribute)> {
        if let Some((range, reference)) = Reference::in_text(id).into_iter().next() {
            let whole = range == (0..id.len());
            let at = whole.then(|| self.position(&reference.target)).flatten()?;
            return Some((&self.resources[at], reference.attribute));
        }
        let section = kind::KINDS.into_iter().find(|kind| kind.quirks.family == Some(family))?.section;
        let at = *self.adopted.get(&(section, id))?;
        Some((&self.resources[at], Attribute::Id))
    }

    /// Whether a composite or an objective speaks for the resource at a position.
    pub fn is_spoken_for(&self, at: usize) -> bool {
        self.spoken_for.contains(&at)
    }

    /// Whether an alert names it.
    pub fn is_watched(&self, at: usize) -> bool {
        self.watched.contains(&at)
    }

    /// An earlier alert of the same name.
    pub fn namesake(&self, at: usize) -> Option<&'a Resource> {
        let namesakes = self.namesakes.get_or_init(|| self.earlier(&|resource| text(resource, "name")));
        Some(&self.resources[*namesakes.get(&at)?])
    }

    /// An earlier alert over the same query, at another threshold.
    pub fn same_query(&self, at: usize) -> Option<&'a Resource> {
        let same = self.same_queries.get_or_init(|| self.earlier(&watched));
        let earlier = &self.resources[*same.get(&at)?];
        (text(earlier, "query") != text(&self.resources[at], "query")).then_some(earlier)
    }

    /// Of alerts that are alike in something: the first, for each later one.
    fn earlier(&self, of: &dyn Fn(&Resource) -> Option<String>) -> HashMap<usize, usize> {
        let (mut first, mut earlier) = (HashMap::new(), HashMap::new());
        for (index, resource) in self.resources.iter().enumerate() {
            if family(resource) == Some(Family::Alert)
                && let Some(likeness) = of(resource)
            {
                let known = *first.entry(likeness).or_insert(index);
                if known != index {
                    earlier.insert(index, known);
                }
            }
        }
        earlier
    }

    /// The first alert of logs past so many.
    pub fn first_of_logs_past(&self, most: usize) -> Option<usize> {
        let is_own = |resource: &Resource| {
            !resource.directives.absent
                && resource.body.text().contains(OF_LOGS)
                && resource.body.get("type").is_some_and(|class| class == OF_LOGS)
        };
        *self.first_of_logs_past.get_or_init(|| {
            let own = self.resources.iter().enumerate().filter(|(_, resource)| is_own(resource));
            own.map(|(at, _)| at).nth(most)
        })
    }

    /// An earlier resource with an equal body.
    pub fn twin(&self, at: usize) -> Option<&'a Resource> {
        Some(&self.resources[*self.twins.get(&at)?])
    }
}

fn text(resource: &Resource, key: &str) -> Option<String> {
    match resource.body.get(key)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// What an alert watches, whatever it compares that with.
fn watched(resource: &Resource) -> Option<String> {
    let query = text(resource, "query")?;
    let tree = query::monitor(&text(resource, "type")?, &query).tree?;
    let end = tree.comparison()?.operator.span.start;
    Some(query.get(..end)?.split_whitespace().collect())
}
