//! Tables of DynamoDB: who uses them, and who has an eye on them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::coverage::{Function, Selects, Tags, Watch, selects, speaks_of};
use crate::diagnostic::At;
use crate::diagnostic::Position;
use crate::expand::Listed;
use crate::model::Address;

/// The tag that names a table.
const TABLE: &str = "tablename";

/// A table, and where a list names it.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// In lower case.
    pub service: String,
    pub at: At,
    pub position: Position,
}

/// The tables that lists of services name: items with a `service` and `tables`.
pub fn tables(listed: &[Listed]) -> Vec<Table> {
    let mut found: Vec<Table> = Vec::new();
    for item in listed {
        let Some(service) = item.value.get("service").and_then(Value::as_str) else { continue };
        let names: Vec<&str> = match item.value.get("tables").or_else(|| item.value.get("table")) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name],
            _ => Vec::new(),
        };
        for name in names {
            let service = service.to_lowercase();
            if !found.iter().any(|own| own.name == name && own.service == service) {
                let (name, at) = (name.to_owned(), item.at.clone());
                found.push(Table { name, service, at, position: Position::default() });
            }
        }
    }
    found
}

/// The tables that a function's variables name: `TABLE_NAME`, `ORDERS_TABLE`.
pub fn of_function(function: &Function) -> BTreeSet<&str> {
    let variables = function.item.pointer("/Environment/Variables").and_then(Value::as_object);
    let named = variables.into_iter().flatten().filter(|(name, _)| {
        let words: Vec<&str> = name.split('_').collect();
        words.contains(&"TABLE") && !words.contains(&"DD")
    });
    let values = named.filter_map(|(_, value)| value.as_str());
    // An ARN ends with the name.
    values.map(|value| value.rsplit('/').next().unwrap_or(value)).filter(|name| !name.is_empty()).collect()
}

/// Who has an eye on a table.
#[derive(Debug, Default)]
pub struct Seen {
    /// Alerts on its throttles.
    pub throttles: Vec<Address>,
    /// Alerts on anything else of it.
    pub others: Vec<Address>,
}

pub fn seen(name: &str, watches: &[Watch]) -> Seen {
    let tags = Tags::from([(TABLE.to_owned(), BTreeSet::from([name.to_lowercase()]))]);
    let mut seen = Seen::default();
    for watch in watches.iter().filter(|watch| !watch.silent) {
        let mut own = watch.tables.iter().filter(|look| {
            let scope = look.scope.as_ref();
            let apart = look.groups.iter().any(|key| key == TABLE)
                || scope.is_some_and(|scope| speaks_of(scope, TABLE));
            apart && selects(scope, &tags) != Selects::No
        });
        let list = match own.clone().any(|look| look.metric.contains("throttle")) {
            true => &mut seen.throttles,
            false if own.next().is_some() => &mut seen.others,
            false => continue,
        };
        list.push(watch.address.clone());
    }
    seen
}
