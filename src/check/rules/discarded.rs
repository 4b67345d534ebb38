//! Alerts that read what is thrown away before it is kept.

use std::ops::Range;

use serde_json::Value;

use crate::check::alert::{QUERY, Subject, VARIABLES};
use crate::check::finding::Findings;
use crate::kind::{self, Discard, Store};
use crate::model::{Address, Reference};
use crate::query::{ChainHead, Clauses, Monitor};
use crate::source::short;

const SOURCE: &str = "logs";
const HELP: &str =
    "watch a metric that is counted from the logs before they are thrown away, or keep what is watched";

/// A search of an alert: where it stands, what it asks for, and the names of the indexes it is about.
struct Read<'a> {
    pointer: String,
    span: Option<Range<usize>>,
    search: String,
    indexes: Vec<&'a str>,
}

pub fn read(subject: &Subject<'_>, found: &mut Findings) {
    if subject.alert.is_none() || subject.estate.stores.is_empty() {
        return;
    }
    for read in reads(subject) {
        let Some(wanted) = Clauses::read(&read.search) else { continue };
        for (at, body) in &subject.estate.stores {
            let address = &subject.estate.resources[*at].address;
            let store = kind::of_section(address.section()).and_then(|kind| kind.quirks.store?(body));
            let Some(store) = store else { continue };
            let Some(discard) = lost(&wanted, &read.indexes, address, &store) else { continue };
            let share = (discard.share * 1e4).round() / 1e2;
            let name = short(discard.name);
            let text = format!("`{name}` of `{address}` throws away {share} % of what this reads there");
            match &read.span {
                Some(span) => found.within((&read.pointer, span), text, HELP),
                None => found.add(&read.pointer, text, HELP),
            };
        }
    }
}

fn reads<'a>(subject: &'a Subject<'_>) -> Vec<Read<'a>> {
    let mut reads = Vec::new();
    if let Some(Monitor::Chain(chain)) = subject.tree()
        && let ChainHead::Source(call) = &chain.head.value
        && call.name.value == SOURCE
        && let Some(search) = chain.search_text()
    {
        let named = chain.word("index").map(|word| word.value.split(',').map(str::trim).collect());
        let (pointer, indexes) = (QUERY.to_owned(), named.unwrap_or_default());
        reads.push(Read { pointer, span: Some(search.span), search: search.value, indexes });
    }
    for (pointer, item) in subject.items(VARIABLES) {
        let search = item.pointer("/search/query").and_then(Value::as_str);
        let is_logs = item.get("data_source").and_then(Value::as_str) == Some(SOURCE);
        let Some(search) = search.filter(|_| is_logs) else { continue };
        let indexes = item.get("indexes").and_then(Value::as_array).into_iter().flatten();
        reads.push(Read {
            pointer: format!("{pointer}/search/query"),
            span: None,
            search: search.to_owned(),
            indexes: indexes.filter_map(Value::as_str).collect(),
        });
    }
    reads
}

/// The first discard that finds all that a search finds in a store. Nothing where that is not certain, and where the
/// search may be about other stores alone.
fn lost<'s>(
    wanted: &Clauses,
    indexes: &[&str],
    address: &Address,
    store: &'s Store<'_>,
) -> Option<&'s Discard<'s>> {
    let is_this = |name: &&str| *name == store.name || is_reference(name, address);
    let is_named = indexes.iter().any(is_this);
    if !is_named && !indexes.iter().all(|name| *name == "*") {
        return None;
    }
    let intake = Clauses::read(store.intake)?;
    for discard in &store.discards {
        let discarded = Clauses::read(discard.query)?;
        if !wanted.finds_within(&intake, &discarded) {
            continue;
        }
        // What throws away a part of everything says nothing of a search that is made elsewhere.
        let is_meant = is_named || wanted.implies(&intake) || !intake.implies(&discarded);
        return (is_meant && discard.share > 0.0).then_some(discard);
    }
    None
}

fn is_reference(name: &str, address: &Address) -> bool {
    Reference::in_text(name).into_iter().any(|(_, reference)| reference.target == *address)
}
