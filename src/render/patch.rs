//! Texts before and after -> a patch that `git apply` and `patch -p1` take.

use similar::TextDiff;

/// The unified difference of one file; empty where there is none.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let lines = TextDiff::from_lines(before, after);
    lines.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}
