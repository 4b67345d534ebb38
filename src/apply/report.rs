//! What was done, as JSON: for `--report FILE`.

use serde_json::{Value, json};

use crate::model::{Outcome, Status};

/// `{"format_version": 1, "changes": [{address, action, id, url, status, error, attempts, ms, not_kept}]}`,
/// in the plan's order. `status` is `done`, `failed` or `not_tried`; `error` says why it isn't done.
pub fn report(outcomes: &[Outcome]) -> Value {
    json!({"format_version": 1, "changes": outcomes.iter().map(entry).collect::<Vec<_>>()})
}

fn entry(outcome: &Outcome) -> Value {
    let (status, error) = match &outcome.status {
        Status::Done => ("done", None),
        Status::Failed { text, .. } => ("failed", Some(text)),
        Status::NotTried { because } => ("not_tried", Some(because)),
    };
    json!({
        "address": outcome.address.as_str(),
        "kind": outcome.kind,
        "action": outcome.action.name(),
        "id": outcome.datadog_id,
        "url": outcome.url,
        "status": status,
        "error": error,
        "attempts": outcome.attempts,
        "ms": outcome.milliseconds,
        "not_kept": outcome.not_kept.iter().map(|field| &field.path).collect::<Vec<_>>(),
    })
}
