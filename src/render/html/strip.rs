//! Thresholds that move, on a line: where they were, and where they go.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::markdown::html as escape;
use super::super::value::short;
use crate::model::FieldChange;

/// A line for each number below a field `thresholds` that has another one now.
pub fn of(diff: &[FieldChange]) -> String {
    let mut out = String::new();
    for field in diff.iter().filter(|field| field.path.contains("/thresholds/")) {
        let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64).filter(|n| n.is_finite());
        let (Some(before), Some(after)) = (number(&field.before), number(&field.after)) else { continue };
        if before == after {
            continue;
        }
        let name = field.path.rsplit('/').next().unwrap_or_default();
        out.push_str(&strip(name, (before, after), [&field.before, &field.after]));
    }
    out
}

fn strip(name: &str, (before, after): (f64, f64), values: [&Option<Value>; 2]) -> String {
    let (low, high) = (before.min(after).min(0.0), before.max(after).max(0.0));
    let at = |value: f64| 20.0 + 460.0 * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let [old, new] =
        values.map(|value| escape(&value.as_ref().map_or_else(String::new, |value| short(value, 16))));
    let name = escape(name);
    let mut out = format!(
        "<svg class=strip viewBox=\"0 0 500 36\" role=img aria-label=\"{name}: before {old}, after {new}\"><line x1=20 y1=26 x2=480 \
         y2=26 />"
    );
    let anchor = |x: f64| if x > 400.0 { "end" } else { "start" };
    for (class, x, text) in
        [("b", at(before), format!("{name} was {old}")), ("a", at(after), format!("{name} {new}"))]
    {
        // Apart in height, so that near ones can be read.
        let y = if class == "b" { 9 } else { 19 };
        let _ = write!(
            out,
            "<circle class={class} cx={x:.1} cy=26 r=4 /><text x={x:.1} y={y} text-anchor={}>{text}</text>",
            anchor(x)
        );
    }
    out + "</svg>"
}
