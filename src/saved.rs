//! A plan in a file: sealed when it is written, read back, and held against what is true when it is carried out.
//!
//! The file's digest finds damage and careless edits. It is not a signature: what guards against a forged file is
//! that apply plans anew and refuses whatever the definitions and the live objects don't say by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::kind;
use crate::model::{Change, Plan, Resource};
use crate::moved::{differing, fields};

/// The form of a plan's JSON that this version writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// A larger file is not read to its end.
const LARGEST: u64 = 4 << 30;
/// Values nest less; deeper ones are summed up as they are written.
const DEPTH: usize = 200;

/// What a plan was made from, as sums: enough to name what moved since, too little to tell what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The globs of `--only`.
    pub only: Vec<String>,
    /// The organisation of the keys, where they may read it.
    pub organisation: Option<String>,
    /// By address: a sum over what the definitions say.
    pub definitions: BTreeMap<String, String>,
    /// By section, `/` and Datadog's id, for each object that the plan changes: a sum over each field.
    pub live: BTreeMap<String, BTreeMap<String, String>>,
}

/// Sums up what a plan was made from.
pub fn seal(plan: &Plan, resources: &[Resource], only: &[String]) -> Seal {
    let definition = |resource: &Resource| {
        let own = &resource.directives;
        let moved_from: Vec<&str> = own.moved_from.iter().map(|address| address.as_str()).collect();
        let said =
            json!({"id": own.adopt, "protect": own.protect, "ignore": own.ignore, "moved_from": moved_from});
        (resource.address.to_string(), short(&[&resource.body.value(), &said]))
    };
    let live = |change: &Change| {
        let (kind, body) = (kind::of_name(change.kind)?, change.live.as_ref()?);
        let sums =
            fields(kind, body).into_iter().map(|(name, value)| (name, short(&[&Value::String(value)])));
        Some((object(change)?, sums.collect()))
    };
    Seal {
        only: only.to_vec(),
        organisation: plan.organisation.clone(),
        definitions: resources.iter().map(definition).collect(),
        live: plan.changes.iter().filter_map(live).collect(),
    }
}

/// Section, `/`, Datadog's id.
fn object(change: &Change) -> Option<String> {
    Some(format!("{}/{}", change.address.section(), change.datadog_id.as_ref()?))
}

/// The member `saved` of a plan's JSON: the seal, and a digest over it and everything else.
pub fn sealed(head: &Map<String, Value>, changes: impl Iterator<Item = Value>, seal: &Seal) -> Value {
    let mut sum = Sum::default();
    changes.for_each(|change| sum.change(&change));
    let mut saved = serde_json::to_value(seal).expect("bug: a seal is plain data");
    saved["digest"] = sum.digest(head, &saved).into();
    saved
}

/// A plan that was read back.
#[derive(Debug)]
pub struct Saved {
    pub project: String,
    pub environment: Option<String>,
    pub site: String,
    pub seal: Seal,
    /// The numbers of changes and of what is unchanged, as the file tells them.
    summary: Value,
    changes: Vec<Entry>,
}

/// A change of a saved plan, without its substance.
#[derive(Debug)]
struct Entry {
    address: String,
    /// Section, `/`, Datadog's id; absent for a create.
    object: Option<String>,
    /// Over everything but the place of the definition.
    sum: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("it is not a saved plan in JSON ({0}). Write one with `musher plan --format json -o plan.json`")]
    Unreadable(serde_json::Error),
    #[error(
        "it holds a plan that was not saved to be applied, such as one without live objects. Write one with \
         `musher plan --format json -o plan.json`"
    )]
    NotSaved,
    #[error("its format is {0}, this version of musher reads {FORMAT_VERSION}. Plan again with this version")]
    Format(Value),
    #[error("musher {0} wrote it, this is {own}. Plan again with this version", own = env!("CARGO_PKG_VERSION"))]
    Version(String),
    #[error("it was changed after it was written: its digest doesn't fit its content. Plan again")]
    Edited,
}

/// Reads a saved plan, change by change: only sums of them are kept.
pub fn read(source: impl Read) -> Result<Saved, SavedError> {
    let mut file = File::default();
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(source.take(LARGEST)));
    let read = (&mut file).deserialize(&mut json).and_then(|()| json.end());
    let format = file.head.get("format_version").cloned();
    if let Some(other) = format.filter(|format| *format != json!(FORMAT_VERSION)) {
        return Err(SavedError::Format(other));
    }
    read.map_err(SavedError::Unreadable)?;
    let text = |key: &str| file.head.get(key).and_then(Value::as_str).map(str::to_owned);
    let needed = |key: &str| {
        text(key)
            .ok_or_else(|| SavedError::Unreadable(serde_json::Error::custom(format!("`{key}` is missing"))))
    };
    let version = needed("musher_version")?;
    if version != env!("CARGO_PKG_VERSION") {
        return Err(SavedError::Version(version));
    }
    let mut saved = file.saved.ok_or(SavedError::NotSaved)?;
    let digest = saved.as_object_mut().and_then(|saved| saved.shift_remove("digest"));
    if digest != Some(file.sum.digest(&file.head, &saved).into()) {
        return Err(SavedError::Edited);
    }
    let seal = serde_json::from_value(saved).map_err(SavedError::Unreadable)?;
    Ok(Saved {
        project: needed("project")?,
        environment: text("environment"),
        site: needed("site")?,
        seal,
        summary: file.head.get("summary").cloned().unwrap_or_default(),
        changes: file.changes,
    })
}

/// What a saved plan is held against: the plan that the definitions and live objects make by now.
pub struct Now<'a> {
    pub plan: &'a Plan,
    pub seal: &'a Seal,
    /// A change as JSON, as it stands in a file.
    pub entry: &'a dyn Fn(&Change) -> Value,
    /// The plan's numbers, as they stand in a file.
    pub summary: Value,
}

/// Everything that is no longer as it was when the plan was saved, a sentence each. None: the plan of now is
/// exactly the saved one.
pub fn moved(saved: &Saved, now: &Now<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let nowhere = || "none".to_owned();
    for (what, before, after) in [
        ("project", saved.project.clone(), now.plan.project.clone()),
        (
            "environment",
            saved.environment.clone().unwrap_or_else(nowhere),
            now.plan.environment.clone().unwrap_or_else(nowhere),
        ),
        ("site", saved.site.clone(), now.plan.site.clone()),
    ] {
        if before != after {
            found.push(format!("the {what} was {before}, and is {after}"));
        }
    }
    // A name that could not be read at once says nothing; whoever must be sure names the organisation in `org:`.
    if let (Some(before), Some(after)) = (&saved.seal.organisation, &now.plan.organisation)
        && before != after
    {
        found.push(format!("the organisation was {before}, and is {after}"));
    }
    let entries: Vec<Entry> = now.plan.changes.iter().map(|change| entry(&(now.entry)(change))).collect();
    let (before, after) = (by_address(&saved.changes), by_address(&entries));
    let addresses: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    for address in addresses {
        let [before, after] = [&before, &after].map(|side| side.get(address).map_or(&[][..], Vec::as_slice));
        let reasons = why(saved, now.seal, (before, after));
        if !reasons.is_empty() {
            found.push(format!("{address}: {}", reasons.join("; ")));
        }
    }
    if found.is_empty() && saved.summary != now.summary {
        let counts = |summary: &Value| {
            let counts = summary.as_object().into_iter().flatten();
            counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        let (before, after) = (counts(&saved.summary), counts(&now.summary));
        found.push(format!("its summary says {before}; what is due by now is {after}"));
    }
    found
}

fn by_address(entries: &[Entry]) -> BTreeMap<&str, Vec<&Entry>> {
    let mut by_address: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_address.entry(&entry.address).or_default().push(entry);
    }
    by_address
}

/// Why the changes of one address are others than before; empty where they aren't.
fn why(saved: &Saved, seal: &Seal, (before, after): (&[&Entry], &[&Entry])) -> Vec<String> {
    let mut reasons = Vec::new();
    let Some(address) = before.iter().chain(after).map(|entry| &entry.address).next() else { return reasons };
    match (saved.seal.definitions.get(address), seal.definitions.get(address)) {
        (before, after) if before == after => {}
        (None, _) => reasons.push("it is defined since".to_owned()),
        (_, None) => reasons.push("it is no longer defined".to_owned()),
        _ => reasons.push("its definition was changed".to_owned()),
    }
    let objects: BTreeSet<&String> = before.iter().chain(after).filter_map(|e| e.object.as_ref()).collect();
    let changed_by_definition = !reasons.is_empty();
    for object in objects {
        let id = object.split_once('/').map_or("", |(_, id)| id);
        match (saved.seal.live.get(object), seal.live.get(object)) {
            (Some(before), Some(after)) if before != after => {
                let fields = differing(before, after).join(", ");
                reasons.push(format!("the live object {id} was changed ({fields})"));
            }
            (Some(_), None) if !changed_by_definition => {
                reasons.push(format!(
                    "the live object {id} was changed or deleted, and this change is no longer due"
                ));
            }
            (None, Some(_)) if !changed_by_definition => {
                reasons.push(format!("the live object {id} was made or changed"));
            }
            _ => {}
        }
    }
    let sums = |entries: &[&Entry]| entries.iter().map(|entry| entry.sum.clone()).collect::<Vec<_>>();
    if reasons.is_empty() && sums(before) != sums(after) {
        let created = after.is_empty() && before.iter().all(|entry| entry.object.is_none());
        reasons.push(match created {
            true => "it was made meanwhile".to_owned(),
            false => "what it refers to was changed, or the file no longer says what is due".to_owned(),
        });
    }
    reasons
}

fn entry(change: &Value) -> Entry {
    let text = |key: &str| change.get(key).and_then(Value::as_str).map(str::to_owned);
    let address = text("address").unwrap_or_default();
    let section = address.split_once('/').map_or("", |(section, _)| section);
    let object = text("datadog_id").map(|id| format!("{section}/{id}"));
    let mut substance = change.clone();
    if let Some(members) = substance.as_object_mut() {
        // Lines move when something above them is written.
        members.shift_remove("source");
    }
    Entry { object, sum: short(&[&substance]), address }
}

/// What has been read so far.
#[derive(Default)]
struct File {
    /// Everything but the changes and the seal.
    head: Map<String, Value>,
    saved: Option<Value>,
    changes: Vec<Entry>,
    sum: Sum,
}

impl<'de> DeserializeSeed<'de> for &mut File {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut File {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "changes" => map.next_value_seed(Changes(self))?,
                "saved" => self.saved = Some(map.next_value()?),
                _ => {
                    let value = map.next_value()?;
                    self.head.insert(key.clone(), value);
                }
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("`{key}` stands in it twice")));
            }
        }
        Ok(())
    }
}

struct Changes<'a>(&'a mut File);

impl<'de> DeserializeSeed<'de> for Changes<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Changes<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of changes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(change) = list.next_element::<Value>()? {
            self.0.sum.change(&change);
            self.0.changes.push(entry(&change));
        }
        Ok(())
    }
}

/// A digest over a plan, whatever its white space and the order of its keys.
#[derive(Default)]
struct Sum {
    changes: Sha256,
}

impl Sum {
    fn change(&mut self, change: &Value) {
        feed(change, 0, &mut self.changes);
    }

    fn digest(self, head: &Map<String, Value>, saved: &Value) -> String {
        let mut whole = Sha256::new();
        feed(&Value::Object(head.clone()), 0, &mut whole);
        whole.update(self.changes.finalize());
        feed(saved, 0, &mut whole);
        hex(&whole.finalize())
    }
}

/// 64 bits tell two versions of one thing apart.
fn short(values: &[&Value]) -> String {
    let mut sum = Sha256::new();
    values.iter().for_each(|value| feed(value, 0, &mut sum));
    hex(&sum.finalize()[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every value has one sequence of bytes, and no two have the same.
fn feed(value: &Value, depth: usize, sum: &mut Sha256) {
    let mut part = |form: u8, length: usize| {
        sum.update([form]);
        sum.update((length as u64).to_le_bytes());
    };
    match value {
        Value::Object(members) if depth < DEPTH => {
            part(b'{', members.len());
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            for (key, value) in members {
                sum.update((key.len() as u64).to_le_bytes());
                sum.update(key);
                feed(value, depth + 1, sum);
            }
        }
        Value::Array(items) if depth < DEPTH => {
            part(b'[', items.len());
            items.iter().for_each(|item| feed(item, depth + 1, sum));
        }
        Value::String(text) => {
            part(b'"', text.len());
            sum.update(text);
        }
        other => {
            let text = other.to_string();
            part(b'=', text.len());
            sum.update(text);
        }
    }
}

#[cfg(test)]
mod tests;
