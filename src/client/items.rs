//! The dry run of an object's items: the widgets of a board, all in one request, one verdict for each.

use serde_json::{Map, Value, json};

use super::call::{Client, call};
use super::refusal::{Fault, Refusal};
use crate::kind::{ItemDryRun, Kind};
use crate::pointer::step;
use crate::wire::{Method, Request};

/// Groups hold items, and those may again.
const DEEPEST: usize = 16;

/// An item that the service refuses.
#[derive(Debug, PartialEq, Eq)]
pub struct RefusedItem {
    /// A pointer into the body: the field that the service names, or the item.
    pub pointer: String,
    /// What it is, where it says so.
    pub class: String,
    /// The service's words.
    pub words: String,
}

impl Client {
    /// Asks about all items of a body. None where there is no such dry run, or the site doesn't know it yet.
    pub async fn validate_items(
        &self,
        kind: &'static Kind,
        body: &Value,
    ) -> Result<Option<Vec<RefusedItem>>, Refusal> {
        let Some(run) = &kind.api.validate_items else { return Ok(None) };
        let mut items = Vec::new();
        flatten(body.pointer(run.list), run, run.list, DEEPEST, &mut items);
        if items.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut sent = Map::new();
        sent.insert(
            run.list.trim_start_matches('/').to_owned(),
            items.iter().map(|(_, item)| item.clone()).collect(),
        );
        let beside =
            run.beside.iter().filter_map(|name| Some(((*name).to_owned(), body.get(*name)?.clone())));
        sent.extend(beside.filter(|(_, value)| !value.is_null()));
        let request = Request {
            method: Method::Post,
            path: run.path.to_owned(),
            query: Vec::new(),
            body: Some(Value::Object(sent).to_string().into()),
        };
        let answer = match call(self.wire.as_ref(), &request).await {
            Ok(answer) => answer,
            Err(refusal) if refusal.fault == Fault::NotFound => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        let results = answer.get("results").and_then(Value::as_array).filter(|all| all.len() == items.len());
        let Some(results) = results else {
            return Err(Refusal::odd(&request, format!("{} results were to be told", items.len())));
        };
        let refused = items
            .iter()
            .zip(results)
            .filter(|(_, result)| result.get("is_valid") != Some(&Value::Bool(true)));
        Ok(Some(refused.map(|((pointer, _), result)| read(pointer, result, run, body)).collect()))
    }
}

/// The items with their pointers; those of a group by themselves, so that a verdict is about one of them.
fn flatten(
    list: Option<&Value>,
    run: &ItemDryRun,
    pointer: &str,
    depth: usize,
    items: &mut Vec<(String, Value)>,
) {
    for (index, item) in list.and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("{pointer}/{index}");
        let inner = item.pointer(run.inner).filter(|inner| inner.is_array() && depth > 0);
        let mut alone = item.clone();
        if inner.is_some()
            && let Some(inner) = alone.pointer_mut(run.inner)
        {
            *inner = json!([]);
        }
        items.push((at.clone(), alone));
        flatten(inner, run, &format!("{at}{}", run.inner), depth.saturating_sub(1), items);
    }
}

fn read(pointer: &str, result: &Value, run: &ItemDryRun, body: &Value) -> RefusedItem {
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    let path = steps(text("error_path"));
    let within = format!("{pointer}{}", run.within);
    let root = if body.pointer(&within).is_some() { within } else { pointer.to_owned() };
    // What is missing is shown by what stands around it.
    let mut at = root;
    for key in path {
        let next = format!("{at}{}", step(&key));
        if body.pointer(&next).is_none() {
            break;
        }
        at = next;
    }
    RefusedItem {
        pointer: at,
        class: text("widget_type").to_owned(),
        words: text("error_message").to_owned(),
    }
}

/// The keys of a path, in any of the forms that are known: `['requests', 0, 'q']`, `requests.0.q`, `requests[0].q`.
fn steps(path: &str) -> Vec<String> {
    let parts = path.split(['[', ']', ',', '.', '\'', '"', ' ']);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_in_every_form() {
        for path in ["['requests', 0, 'q']", "requests.0.q", "requests[0].q", r#"["requests", 0, "q"]"#] {
            assert_eq!(steps(path), ["requests", "0", "q"], "{path}");
        }
        assert!(steps("").is_empty() && steps("[]").is_empty());
    }
}
