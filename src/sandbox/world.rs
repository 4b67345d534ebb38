//! What the emulated organisation holds, ready to be answered, and the lines that say how it came so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

use super::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    Monitor,
    Slo,
    Dashboard,
    /// Deleted dashboards, which can be restored.
    Trash,
}

const SORTS: [(Sort, &str); 4] =
    [(Sort::Monitor, "monitor"), (Sort::Slo, "slo"), (Sort::Dashboard, "dashboard"), (Sort::Trash, "trash")];

/// An object of the organisation.
#[derive(Clone, Debug)]
pub struct Item {
    /// Grows with the time of creation; lists are in this order.
    pub serial: u64,
    pub id: String,
    /// The object as JSON: what a plain GET shows.
    pub text: String,
    pub facts: Facts,
    /// Equal for two monitors that the service calls duplicates.
    pub fingerprint: Option<u64>,
}

impl Item {
    /// The object; null where a journal made by hand nests deeper than a request may.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// What filters, summaries and references read of an object.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub name: String,
    pub class: String,
    pub tags: Vec<String>,
    /// The query of a monitor, or both queries of an SLO in two lines.
    pub query: String,
    pub has_assets: bool,
    /// The objects that this one names.
    pub uses: Vec<(Sort, String)>,
    /// A dashboard as lists show it, JSON without the closing brace and `deleted_at`.
    pub summary: String,
    pub deleted_at: Option<String>,
}

/// The parts of a stored object that [`Facts`] are made of.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    title: Value,
    #[serde(default)]
    description: Value,
    #[serde(default, rename = "type")]
    class: Value,
    #[serde(default)]
    tags: Value,
    #[serde(default)]
    query: Value,
    #[serde(default)]
    monitor_ids: Value,
    #[serde(default)]
    assets: Value,
    #[serde(default)]
    layout_type: Value,
    #[serde(default)]
    url: Value,
    #[serde(default)]
    is_read_only: Value,
    #[serde(default)]
    created_at: Value,
    #[serde(default)]
    modified_at: Value,
    #[serde(default)]
    author_handle: Value,
    #[serde(default)]
    deleted_at: Value,
}

/// The objects of one sort.
#[derive(Debug, Default)]
pub struct Shelf {
    items: BTreeMap<u64, Item>,
    serials: HashMap<String, u64>,
}

impl Shelf {
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.items.get(self.serials.get(id)?)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.values()
    }

    /// The items with a larger serial.
    pub fn after(&self, serial: u64) -> impl Iterator<Item = &Item> {
        self.items.range(serial.saturating_add(1)..).map(|(_, item)| item)
    }
}

/// Who names an object: its sort, serial and id.
type User = (Sort, u64, String);

#[derive(Debug, Default)]
pub struct World {
    shelves: [Shelf; 4],
    /// Who names an object, by what is named.
    users: HashMap<(Sort, String), BTreeSet<User>>,
    twins: HashMap<u64, BTreeSet<u64>>,
    last_serial: u64,
    /// Microseconds; the clock never stands still nor goes back.
    last_time: i64,
    /// Lines not yet in the journal.
    pub pending: String,
}

impl World {
    pub fn shelf(&self, sort: Sort) -> &Shelf {
        &self.shelves[sort as usize]
    }

    /// A number that no object had before, for an id.
    pub fn next_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }

    /// Whether an object of this serial may have existed.
    pub fn was_issued(&self, serial: u64) -> bool {
        serial <= self.last_serial
    }

    /// Microseconds since 1970, later than any time before.
    pub fn now(&mut self) -> i64 {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.last_time = i64::try_from(clock.as_micros()).unwrap_or(i64::MAX).max(self.last_time + 1);
        self.last_time
    }

    /// Stores an object, new or changed.
    pub fn put(&mut self, sort: Sort, serial: u64, id: &str, text: String, fingerprint: Option<u64>) {
        let line = self.put_line(sort, serial, id, &text, fingerprint);
        self.pending.push_str(&line);
        let facts = facts(&text).expect("bug: an object that was just written is JSON");
        self.place(sort, Item { serial, id: id.to_owned(), text, facts, fingerprint });
    }

    pub fn remove(&mut self, sort: Sort, id: &str) {
        self.pending.push_str(&format!("- {} {id}\n", name(sort)));
        self.take(sort, id);
    }

    /// The objects that name this one, oldest first.
    pub fn users(&self, sort: Sort, id: &str) -> Vec<&Item> {
        let users = self.users.get(&(sort, id.to_owned()));
        let items = users.into_iter().flatten();
        items.filter_map(|(sort, serial, _)| self.shelf(*sort).items.get(serial)).collect()
    }

    /// The oldest monitor with this fingerprint.
    pub fn twin(&self, fingerprint: u64) -> Option<&Item> {
        let serial = self.twins.get(&fingerprint)?.first()?;
        self.shelf(Sort::Monitor).items.get(serial)
    }

    /// Brings one line of the journal into the world.
    pub fn replay(&mut self, line: &str) -> Option<()> {
        let mut fields = line.splitn(8, ' ');
        match fields.next()? {
            "+" => {
                let last_serial = fields.next()?.parse().ok()?;
                let last_time = fields.next()?.parse().ok()?;
                let serial = fields.next()?.parse().ok()?;
                let sort = sort(fields.next()?)?;
                let id = fields.next()?.to_owned();
                let fingerprint = match fields.next()? {
                    "-" => None,
                    digits => Some(u64::from_str_radix(digits, 16).ok()?),
                };
                let text = fields.next()?.to_owned();
                let facts = facts(&text)?;
                self.last_serial = self.last_serial.max(last_serial);
                self.last_time = self.last_time.max(last_time);
                self.place(sort, Item { serial, id, text, facts, fingerprint });
                Some(())
            }
            "-" => {
                let sort = sort(fields.next()?)?;
                let id = fields.next()?;
                fields.next().is_none().then(|| self.take(sort, id))
            }
            _ => None,
        }
    }

    /// The lines that make this world out of an empty one.
    pub fn lines(&self) -> String {
        let all = SORTS.iter().flat_map(|(sort, _)| self.shelf(*sort).iter().map(move |item| (*sort, item)));
        all.map(|(sort, item)| self.put_line(sort, item.serial, &item.id, &item.text, item.fingerprint))
            .collect()
    }

    /// The largest serial so far: what an emptied journal has to remember.
    pub fn last_serial(&self) -> u64 {
        self.last_serial
    }

    pub fn continue_after(&mut self, serial: u64) {
        self.last_serial = self.last_serial.max(serial);
    }

    fn put_line(&self, sort: Sort, serial: u64, id: &str, text: &str, fingerprint: Option<u64>) -> String {
        let fingerprint = fingerprint.map_or("-".to_owned(), |hash| format!("{hash:x}"));
        let (last, time) = (self.last_serial, self.last_time);
        format!("+ {last} {time} {serial} {} {id} {fingerprint} {text}\n", name(sort))
    }

    fn place(&mut self, sort: Sort, mut item: Item) {
        self.take(sort, &item.id);
        if sort == Sort::Trash {
            item.facts.uses.clear();
        }
        for used in &item.facts.uses {
            self.users.entry(used.clone()).or_default().insert((sort, item.serial, item.id.clone()));
        }
        if let Some(fingerprint) = item.fingerprint {
            self.twins.entry(fingerprint).or_default().insert(item.serial);
        }
        let shelf = &mut self.shelves[sort as usize];
        shelf.serials.insert(item.id.clone(), item.serial);
        shelf.items.insert(item.serial, item);
    }

    fn take(&mut self, sort: Sort, id: &str) {
        let shelf = &mut self.shelves[sort as usize];
        let Some(item) = shelf.serials.remove(id).and_then(|serial| shelf.items.remove(&serial)) else {
            return;
        };
        for used in &item.facts.uses {
            if let Some(users) = self.users.get_mut(used) {
                users.remove(&(sort, item.serial, item.id.clone()));
                if users.is_empty() {
                    self.users.remove(used);
                }
            }
        }
        if let Some(fingerprint) = item.fingerprint
            && let Some(twins) = self.twins.get_mut(&fingerprint)
        {
            twins.remove(&item.serial);
            if twins.is_empty() {
                self.twins.remove(&fingerprint);
            }
        }
    }
}

fn name(sort: Sort) -> &'static str {
    SORTS[sort as usize].1
}

fn sort(name: &str) -> Option<Sort> {
    SORTS.iter().find(|(_, own)| *own == name).map(|(sort, _)| *sort)
}

/// None for what isn't the JSON of an object.
fn facts(text: &str) -> Option<Facts> {
    if !text.starts_with('{') {
        return None;
    }
    let head: Head = serde_json::from_str(text).ok()?;
    let is_dashboard = !head.layout_type.is_null();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let class = head.class.as_str().unwrap_or_default().to_owned();
    let query = match &head.query {
        Value::String(text) => text.clone(),
        Value::Object(two) => two.values().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    };
    let uses = if is_dashboard { dashboard_uses(text) } else { used_by(&class, &query, &head.monitor_ids) };
    let summary = if is_dashboard { summary(&head) } else { String::new() };
    Some(Facts {
        name: head.name.as_str().or(head.title.as_str()).unwrap_or_default().to_owned(),
        class,
        tags: texts(&head.tags),
        query,
        has_assets: head.assets.as_array().is_some_and(|assets| !assets.is_empty()),
        uses,
        summary,
        deleted_at: head.deleted_at.as_str().map(str::to_owned),
    })
}

/// The members of a composite, the SLO of a burn-rate or error-budget alert, the monitors of an SLO.
fn used_by(class: &str, query: &str, monitor_ids: &Value) -> Vec<(Sort, String)> {
    match class {
        "composite" => member_ids(query).into_iter().map(|id| (Sort::Monitor, id)).collect(),
        "slo alert" => query.split('"').nth(1).map(|id| (Sort::Slo, id.to_owned())).into_iter().collect(),
        _ => {
            let ids = monitor_ids.as_array().into_iter().flatten();
            ids.filter_map(Value::as_u64).map(|id| (Sort::Monitor, id.to_string())).collect()
        }
    }
}

/// The monitor ids in the query of a composite.
pub fn member_ids(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The SLOs that a dashboard's widgets show. Inside a JSON string the quotes would bear a backslash, so
/// looking for the text finds fields only.
fn dashboard_uses(text: &str) -> Vec<(Sort, String)> {
    let marks = text.split("\"slo_id\":\"").skip(1);
    marks.filter_map(|rest| rest.split('"').next()).map(|id| (Sort::Slo, id.to_owned())).collect()
}

/// The fields of a list's entry as recorded, in their order, but for the last one.
fn summary(head: &Head) -> String {
    let read_only = if head.is_read_only.is_boolean() { &head.is_read_only } else { &Value::Bool(false) };
    let fields: [(&str, &Value); 9] = [
        ("id", &head.id),
        ("title", &head.title),
        ("description", &head.description),
        ("layout_type", &head.layout_type),
        ("url", &head.url),
        ("is_read_only", read_only),
        ("created_at", &head.created_at),
        ("modified_at", &head.modified_at),
        ("author_handle", &head.author_handle),
    ];
    let pairs = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}", pairs.join(","))
}

/// The serial of a monitor that existed and doesn't any more is known by the id's form.
pub fn is_gone_monitor(world: &World, id: &str) -> bool {
    let serial = id.parse().ok().and_then(ids::monitor_serial);
    serial.is_some_and(|serial| world.was_issued(serial)) && world.shelf(Sort::Monitor).get(id).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_rebuild_the_world() {
        let mut world = World::default();
        let (one, two) = (world.next_serial(), world.next_serial());
        world.now();
        let text = r#"{"type":"composite","query":"!1 && (22 || 3)","tags":["a",7]}"#;
        world.put(Sort::Monitor, one, "9", text.to_owned(), Some(5));
        world.put(Sort::Dashboard, two, "x", r#"{"layout_type":"free","w":{"slo_id":"s"}}"#.to_owned(), None);
        world.put(Sort::Slo, 7, "gone", r#"{"monitor_ids":[22]}"#.to_owned(), None);
        world.remove(Sort::Slo, "gone");
        let mut again = World::default();
        world.pending.lines().for_each(|line| again.replay(line).unwrap());
        assert_eq!(again.lines(), world.lines());
        assert_eq!(again.users(Sort::Monitor, "22").len(), 1);
        assert_eq!(again.users(Sort::Slo, "s")[0].id, "x");
        assert_eq!(again.twin(5).unwrap().facts.tags, ["a"]);
        again.remove(Sort::Monitor, "9");
        assert!(again.twin(5).is_none() && again.users(Sort::Monitor, "22").is_empty());
    }

    #[test]
    fn broken_lines_are_refused() {
        for line in [
            "",
            "+ 1",
            "- monitor",
            "- monitor 1 2",
            "* monitor 1",
            "+ 1 1 1 slo 1 - {\"a\":",
            "+ 1 1 1 slo 1 - [1]",
        ] {
            assert!(World::default().replay(line).is_none(), "{line}");
        }
    }
}
