//! Thresholds that move, on a line: where they were, and where they go.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::markdown::html as escape;
use super::super::value::{cut, short};
use crate::model::FieldChange;

/// A line for each number below a field `thresholds` that has another one now; all of them on one scale.
pub fn of(diff: &[FieldChange]) -> String {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64).filter(|n| n.is_finite());
    let moved: Vec<(&FieldChange, f64, f64)> = diff
        .iter()
        .filter(|field| field.path.contains("/thresholds/"))
        .filter_map(|field| Some((field, number(&field.before)?, number(&field.after)?)))
        .filter(|(_, before, after)| before != after)
        .collect();
    let all = || moved.iter().flat_map(|(_, before, after)| [*before, *after]);
    let scale = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    moved.iter().map(|(field, before, after)| strip(field, (*before, *after), scale)).collect()
}

fn strip(field: &FieldChange, (before, after): (f64, f64), (low, high): (f64, f64)) -> String {
    // Halved: the span between the largest numbers is still one.
    let span = (high / 2.0 - low / 2.0).max(f64::MIN_POSITIVE);
    let at = |value: f64| 20.0 + 440.0 * ((value / 2.0 - low / 2.0) / span).clamp(0.0, 1.0);
    let [old, new] = [&field.before, &field.after]
        .map(|value| escape(&value.as_ref().map_or_else(String::new, |value| short(value, 16))));
    let name = escape(&cut(field.path.rsplit('/').next().unwrap_or_default(), 60));
    let mut out = format!(
        "<svg class=strip viewBox=\"0 0 480 40\" role=img aria-label=\"{name}: before {old}, after {new}\"><line x1=20 y1=31 x2=460 \
         y2=31 />"
    );
    let anchor = |x: f64| if x > 240.0 { "end" } else { "start" };
    for (class, x, text) in
        [("b", at(before), format!("{name} was {old}")), ("a", at(after), format!("{name} {new}"))]
    {
        // Apart in height, so that near ones can be read.
        let y = if class == "b" { 10 } else { 22 };
        let _ = write!(
            out,
            "<circle class={class} cx={x:.1} cy=31 r=4 /><text x={x:.1} y={y} text-anchor={}>{text}</text>",
            anchor(x)
        );
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::samples::replaced;

    #[test]
    fn thresholds_share_a_scale() {
        let drawn = of(&[
            replaced("/options/thresholds/critical", json!(50), json!(100)),
            replaced("/options/thresholds/warning", json!(25), json!(25.0)),
            replaced("/options/thresholds/warning_recovery", json!(10), json!(20)),
            replaced("/options/renotify_interval", json!(1), json!(2)),
        ]);
        assert_eq!(drawn.matches("<svg").count(), 2, "{drawn}");
        assert!(drawn.contains("aria-label=\"critical: before 50, after 100\""), "{drawn}");
        for x in ["cx=240.0", "cx=460.0", "cx=64.0", "cx=108.0"] {
            assert!(drawn.contains(x), "{x}: {drawn}");
        }
    }

    #[test]
    fn no_number_is_too_odd() {
        for (before, after) in [(1e308, -1e308), (0.0, 5e-324), (-0.0, 1e-300), (-5.0, -4.0)] {
            let drawn = of(&[replaced("/options/thresholds/\"><b>", json!(before), json!(after))]);
            assert!(!drawn.contains("NaN") && !drawn.contains("inf") && !drawn.contains("<b>"), "{drawn}");
        }
        assert_eq!(of(&[replaced("/options/thresholds/critical", json!("1"), json!(2))]), "");
    }
}
