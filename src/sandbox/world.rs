//! What the emulated organisation holds, ready to be answered, and the lines that say how it came so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::call::{decoded, encoded};
use super::index::{Form, Index, Key};

/// An object of the organisation.
#[derive(Clone, Debug)]
pub struct Item {
    /// Grows with the time of creation; lists are in this order. 0 for what stood there from the start.
    pub serial: u64,
    pub id: String,
    /// The object as JSON: what a plain GET shows.
    pub text: String,
    pub index: Index,
    /// Equal for two objects that the service calls duplicates.
    pub fingerprint: Option<u64>,
}

impl Item {
    /// The object; null where a journal made by hand nests deeper than a request may.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A text of the index, empty if the object has none.
    pub fn word(&self, name: &str) -> &str {
        self.index.words.get(name).map_or("", String::as_str)
    }
}

/// Where an object stands in its store.
type Place = (u64, String);

/// The objects of one resource.
#[derive(Debug, Default)]
pub struct Store {
    items: BTreeMap<Place, Item>,
    serials: HashMap<String, u64>,
}

impl Store {
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.items.get(&(*self.serials.get(id)?, id.to_owned()))
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.values()
    }

    /// The items with a larger serial.
    pub fn after(&self, serial: u64) -> impl Iterator<Item = &Item> {
        self.items.range((serial.saturating_add(1), String::new())..).map(|(_, item)| item)
    }
}

#[derive(Debug)]
pub struct World {
    /// In the order in which a journal that is written anew holds them.
    forms: Vec<Form>,
    /// A store for each resource of the table.
    stores: BTreeMap<&'static str, Store>,
    /// Who names an object, by what is named.
    users: HashMap<Key, BTreeSet<(&'static str, Place)>>,
    twins: HashMap<(&'static str, u64), BTreeSet<Place>>,
    last_serial: u64,
    /// Microseconds; the clock never stands still nor goes back.
    last_time: i64,
    /// Lines not yet in the journal.
    pub pending: String,
}

impl World {
    /// A world of these resources, holding what nobody made.
    pub fn new(forms: Vec<Form>) -> Self {
        let mut world = Self {
            stores: forms.iter().map(|form| (form.name, Store::default())).collect(),
            users: HashMap::new(),
            twins: HashMap::new(),
            last_serial: 0,
            last_time: 0,
            pending: String::new(),
            forms: Vec::new(),
        };
        for (name, (id, text, index)) in forms.iter().flat_map(built_in) {
            world.place(name, Item { serial: 0, id, text, index, fingerprint: None });
        }
        world.forms = forms;
        world
    }

    /// The same resources with nothing made.
    pub fn emptied(&self) -> Self {
        Self::new(self.forms.clone())
    }

    /// The objects of a resource of the table.
    pub fn store(&self, name: &str) -> &Store {
        self.stores.get(name).expect("bug: a resource that isn't in the table")
    }

    fn form(&self, name: &str) -> Option<Form> {
        self.forms.iter().find(|form| form.name == name).copied()
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

    /// What the clock shows, without the promise that nobody has seen it before.
    pub fn clock(&self) -> i64 {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(clock.as_micros()).unwrap_or(i64::MAX).max(self.last_time)
    }

    /// Stores an object, new or changed.
    pub fn put(&mut self, name: &'static str, place: (u64, &str), text: String, fingerprint: Option<u64>) {
        let index = self.form(name).and_then(|form| form.index(&text));
        let (serial, id) = (place.0, place.1.to_owned());
        let index = index.expect("bug: an object that was just written is JSON");
        let item = Item { serial, id, text, index, fingerprint };
        let line = self.put_line(name, &item);
        self.pending.push_str(&line);
        self.place(name, item);
    }

    pub fn remove(&mut self, name: &'static str, id: &str) {
        self.pending.push_str(&format!("- {name} {}\n", encoded(id)));
        self.take(name, id);
    }

    /// The objects that name this one, oldest first within their resource.
    pub fn users(&self, name: &'static str, id: &str) -> Vec<&Item> {
        let users = self.users.get(&(name, id.to_owned()));
        let items = users.into_iter().flatten();
        items.filter_map(|(name, place)| self.store(name).items.get(place)).collect()
    }

    /// The oldest object of a resource with this fingerprint.
    pub fn twin(&self, name: &'static str, fingerprint: u64) -> Option<&Item> {
        let place = self.twins.get(&(name, fingerprint))?.first()?;
        self.store(name).items.get(place)
    }

    /// Brings one line of the journal into the world.
    pub fn replay(&mut self, line: &str) -> Option<()> {
        let mut fields = line.splitn(8, ' ');
        match fields.next()? {
            "+" => {
                let last_serial = fields.next()?.parse().ok()?;
                let last_time = fields.next()?.parse().ok()?;
                let serial = fields.next()?.parse().ok()?;
                let form = self.form(fields.next()?)?;
                let id = decoded(fields.next()?, false);
                let fingerprint = match fields.next()? {
                    "-" => None,
                    digits => Some(u64::from_str_radix(digits, 16).ok()?),
                };
                let text = fields.next()?.to_owned();
                let index = form.index(&text)?;
                self.last_serial = self.last_serial.max(last_serial);
                self.last_time = self.last_time.max(last_time);
                self.place(form.name, Item { serial, id, text, index, fingerprint });
                Some(())
            }
            "-" => {
                let form = self.form(fields.next()?)?;
                let id = decoded(fields.next()?, false);
                fields.next().is_none().then(|| self.take(form.name, &id))
            }
            _ => None,
        }
    }

    /// The lines that make this world out of a new one.
    pub fn lines(&self) -> String {
        let gone = self.forms.iter().flat_map(built_in);
        let gone = gone.filter(|(name, (id, ..))| self.store(name).get(id).is_none());
        let mut lines: String = gone.map(|(name, (id, ..))| format!("- {name} {}\n", encoded(&id))).collect();
        for form in &self.forms {
            lines.extend(self.store(form.name).iter().map(|item| self.put_line(form.name, item)));
        }
        lines
    }

    /// How many bytes all objects take.
    pub fn size(&self) -> u64 {
        let items = self.forms.iter().flat_map(|form| self.store(form.name).iter());
        items.map(|item| item.text.len() as u64).sum()
    }

    /// The largest serial so far: what an emptied journal has to remember.
    pub fn last_serial(&self) -> u64 {
        self.last_serial
    }

    pub fn continue_after(&mut self, serial: u64) {
        self.last_serial = self.last_serial.max(serial);
    }

    /// Ids that people choose may hold spaces, which end a field here.
    fn put_line(&self, name: &str, item: &Item) -> String {
        let fingerprint = item.fingerprint.map_or("-".to_owned(), |hash| format!("{hash:x}"));
        let (last, time, serial) = (self.last_serial, self.last_time, item.serial);
        format!("+ {last} {time} {serial} {name} {} {fingerprint} {}\n", encoded(&item.id), item.text)
    }

    fn place(&mut self, name: &'static str, item: Item) {
        self.take(name, &item.id);
        let place = (item.serial, item.id.clone());
        for used in &item.index.uses {
            self.users.entry(used.clone()).or_default().insert((name, place.clone()));
        }
        if let Some(fingerprint) = item.fingerprint {
            self.twins.entry((name, fingerprint)).or_default().insert(place.clone());
        }
        let store = self.stores.entry(name).or_default();
        store.serials.insert(item.id.clone(), item.serial);
        store.items.insert(place, item);
    }

    fn take(&mut self, name: &'static str, id: &str) {
        let store = self.stores.entry(name).or_default();
        let place = store.serials.remove(id).map(|serial| (serial, id.to_owned()));
        let Some((place, item)) = place.and_then(|place| store.items.remove_entry(&place)) else {
            return;
        };
        for used in &item.index.uses {
            if let Some(users) = self.users.get_mut(used) {
                users.remove(&(name, place.clone()));
                if users.is_empty() {
                    self.users.remove(used);
                }
            }
        }
        if let Some(key) = item.fingerprint.map(|fingerprint| (name, fingerprint))
            && let Some(twins) = self.twins.get_mut(&key)
        {
            twins.remove(&place);
            if twins.is_empty() {
                self.twins.remove(&key);
            }
        }
    }
}

fn built_in(form: &Form) -> impl Iterator<Item = (&'static str, (String, String, Index))> {
    let name = form.name;
    form.built_in().map(move |object| (name, object))
}

#[cfg(test)]
mod tests {
    use crate::sandbox::kinds::world as fresh;

    #[test]
    fn lines_rebuild_the_world() {
        let mut world = fresh();
        let (one, two) = (world.next_serial(), world.next_serial());
        world.now();
        let text = r#"{"type":"composite","query":"!1 && (22 || 3)","tags":["a",7]}"#;
        world.put("monitor", (one, "9"), text.to_owned(), Some(5));
        world.put("dashboard", (two, "x"), r#"{"layout_type":"free","w":{"slo_id":"s"}}"#.to_owned(), None);
        world.put("logs_metric", (two, "a b%"), r#"{"id":"a b%"}"#.to_owned(), None);
        world.put("slo", (7, "gone"), r#"{"monitor_ids":[22]}"#.to_owned(), None);
        world.remove("slo", "gone");
        let mut again = fresh();
        world.pending.lines().for_each(|line| again.replay(line).unwrap());
        assert_eq!(again.lines(), world.lines());
        assert_eq!(again.users("monitor", "22").len(), 1);
        assert_eq!(again.users("slo", "s")[0].id, "x");
        assert_eq!(again.twin("monitor", 5).unwrap().index.tags, ["a"]);
        again.remove("monitor", "9");
        assert!(again.twin("monitor", 5).is_none() && again.users("monitor", "22").is_empty());
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
            assert!(fresh().replay(line).is_none(), "{line}");
        }
    }
}
