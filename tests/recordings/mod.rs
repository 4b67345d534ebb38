//! What the real service did, as recorded: read from a folder beside the project, never part of it.

mod agree;
mod document;
mod once;
mod imports;
pub mod mutations;
pub mod pairs;
mod random;
mod restore;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::kind::{Envelope, KINDS, Kind};

/// One request and its answer.
pub struct Interaction {
    pub source: String,
    pub method: String,
    pub path: String,
    pub request: Value,
    pub status: u64,
    pub response: Value,
}

/// The kinds that are judged: all, or the one that `KIND` names.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    let only = std::env::var("KIND").ok();
    KINDS.into_iter().filter(move |kind| only.as_deref().is_none_or(|only| only == kind.name))
}

/// The folder of other people's data, or one line that says what was not run without it.
pub fn shared(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MUSHER_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    if folder.join("recorded").is_dir() {
        return Some(folder);
    }
    println!("not run: {what} (no recordings in {})", folder.display());
    None
}

/// The name of the recordings of a kind: its own, or that of its envelope. `None`, and a line, where there are none.
pub fn recorded(kind: &Kind, what: &str) -> Option<String> {
    let folder = shared(what)?.join("recorded");
    let of_envelope = match kind.api.envelope {
        Envelope::Resource(name) => Some(name),
        _ => None,
    };
    let names = std::iter::once(kind.name).chain(of_envelope).map(|name| name.replace('-', "_"));
    // Some are recorded by their product, too, or together with others.
    let mut names: Vec<String> = names.flat_map(|name| [format!("logs_{name}"), name]).collect();
    let entries = std::fs::read_dir(&folder).ok()?.filter_map(Result::ok);
    let mut all: Vec<String> =
        entries.filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned())).collect();
    all.sort();
    names.extend(all);
    // There may be nothing of a kind but its order.
    let own = format!("\"path\":\"{}", kind.api.path);
    let holds = |name: &String| {
        std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).is_ok_and(|text| text.contains(&own))
    };
    let found = names.into_iter().find(holds);
    if found.is_none() {
        println!("not run: {what} (nothing of {} was recorded)", kind.section);
    }
    found
}

/// The recorded interactions of some kinds by session, each in order.
pub fn sessions(kinds: &[impl AsRef<str>], what: &str) -> Option<BTreeMap<String, Vec<Interaction>>> {
    let folder = shared(what)?;
    let mut sessions: BTreeMap<String, Vec<(u64, Interaction)>> = BTreeMap::new();
    for kind in kinds {
        let path = folder.join("recorded").join(format!("{}.jsonl", kind.as_ref()));
        let text = std::fs::read_to_string(&path).expect("a readable recording");
        for line in text.lines() {
            let mut line: Value = serde_json::from_str(line).expect("a recorded line");
            let text = |key: &str| line[key].as_str().expect("a text").to_owned();
            let interaction = Interaction {
                source: text("source"),
                method: text("method"),
                path: text("path"),
                request: line["request"].take(),
                status: line["status"].as_u64().expect("a status"),
                response: line["response"].take(),
            };
            let seq = line["seq"].as_u64().expect("a number");
            sessions.entry(interaction.source.clone()).or_default().push((seq, interaction));
        }
    }
    let in_order = |mut session: Vec<(u64, Interaction)>| {
        session.sort_by_key(|(seq, _)| *seq);
        session.into_iter().map(|(_, interaction)| interaction).collect()
    };
    Some(sessions.into_iter().map(|(source, session)| (source, in_order(session))).collect())
}
