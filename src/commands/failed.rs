//! What a plan's file holds where no plan could be made, so that no old one is taken for it.

use anyhow::Error;
use serde_json::{Value, json};

use super::declared::judge;
use super::{AlreadyReported, Invocation};
use crate::render::diagnostics;
use crate::render::plan_json::FORMAT_VERSION;

/// The failure as JSON; none where it is not known whose plan it is, or nothing may be written.
pub fn failure(invocation: &Invocation<'_>, error: &Error) -> Option<Value> {
    let judged = judge(invocation).ok()?;
    let mut found = diagnostics::json(&judged.diagnostics, &judged.sources);
    if !error.is::<AlreadyReported>() || judged.diagnostics.is_empty() {
        let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
        found
            .as_array_mut()?
            .push(json!({"code": "failed", "severity": "error", "message": texts.join(": ")}));
    }
    let declared = judged.declared.as_ref();
    let given = invocation.common.environment.as_deref();
    Some(json!({
        "format_version": FORMAT_VERSION,
        "musher_version": env!("CARGO_PKG_VERSION"),
        "project": declared.map_or("unknown", |declared| declared.config.project.as_str()),
        "environment": declared.map_or(given, |declared| declared.scope.environment.as_deref()),
        "failed": {"diagnostics": found},
    }))
}
