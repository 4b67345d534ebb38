//! Thresholds and targets that are put where they are met later.

use serde_json::Value;

use super::code::risk;
use super::query::{limit, query};
use crate::kind::Kind;
use crate::model::Risk;
use crate::pointer::{keys, matching};

pub fn loosened(kind: &Kind, live: &Value, wanted: &Value) -> Vec<Risk> {
    let of = |body| query(kind, body).and_then(|(_, query)| limit(&query));
    let (before, after) = (of(live), of(wanted));
    // Without a comparison the thresholds are counts, as of service checks: more of them is later.
    let fires_above = after.or(before).is_none_or(|limit| limit.fires_above);
    let mut risks = Vec::new();
    for at in kind.paths(|field| field.threshold) {
        for (path, number) in numbers_at(live, at) {
            let name = shown(&path);
            match wanted.pointer(&path).and_then(Value::as_f64) {
                Some(now) if now != number => {
                    if (now > number) == fires_above {
                        risks.push(later(&name, number, now, fires_above));
                    }
                }
                Some(_) => {}
                None => risks.push(risk(
                    "threshold-loosened",
                    format!("The threshold `{name}` ({number}) is taken away"),
                )),
            }
        }
    }
    // The number in the query says the same as the critical threshold; it is told only by itself.
    if let (Some(before), Some(after), true) = (before, after, risks.is_empty()) {
        if before.fires_above != after.fires_above {
            risks.push(risk("threshold-loosened", "The comparison of the query is turned round"));
        } else if before.number != after.number && (after.number > before.number) == fires_above {
            risks.push(later("query", before.number, after.number, fires_above));
        }
    }
    for at in kind.paths(|field| field.target) {
        for (path, number) in numbers_at(live, at) {
            if let Some(now) = wanted.pointer(&path).and_then(Value::as_f64).filter(|now| *now < number) {
                let name = shown(&path);
                risks.push(risk(
                    "threshold-loosened",
                    format!("The target is lowered: `{name}` goes from {number} to {now}"),
                ));
            }
        }
    }
    risks
}

fn later(name: &str, before: f64, after: f64, fires_above: bool) -> Risk {
    let side = if fires_above { "above" } else { "below" };
    let text = format!("It alerts later: `{name}` goes from {before} to {after}, and it fires {side} it");
    risk("threshold-loosened", text)
}

/// The numbers at a path, with their pointers.
fn numbers_at(body: &Value, path: &str) -> Vec<(String, f64)> {
    let number = |pointer: String| {
        let number = body.pointer(&pointer)?.as_f64()?;
        Some((pointer, number))
    };
    matching(path, body).into_iter().filter_map(number).collect()
}

/// A pointer as people write it: `thresholds[0].target`.
fn shown(path: &str) -> String {
    let mut out = String::new();
    for key in keys(path) {
        match key.parse::<usize>() {
            Ok(place) => out.push_str(&format!("[{place}]")),
            Err(_) if out.is_empty() => out.push_str(&key),
            Err(_) => out.push_str(&format!(".{key}")),
        }
    }
    out
}
