//! What every page for a browser begins with: a policy that lets nothing act but its own style and script, its title; and
//! plain tables of numbers.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::markdown::html as escape;

/// Down to the heading. Texts are escaped here; style and script are ours.
pub fn begin(title: &str, style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"default-src \
         'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n<meta name=viewport \
         content=\"width=device-width,initial-scale=1\">\n<meta name=referrer content=no-referrer>\n<title>{title}</title>\n\
         <style>{style}</style>\n<main>\n<h1>{title}</h1>\n",
        hash(style),
        hash(script),
        title = escape(title),
    )
}

/// Rows of which the first is the head; nothing where there are none. `class`: of the table, or empty.
pub fn table(rows: &[Vec<String>], class: &str, out: &mut String) {
    if rows.is_empty() {
        return;
    }
    let class = if class.is_empty() { String::new() } else { format!(" class={class}") };
    let _ = writeln!(out, "<div class=scroll><table{class}>");
    for (at, row) in rows.iter().enumerate() {
        let cell = if at == 0 { "th" } else { "td" };
        let cells: Vec<String> =
            row.iter().map(|text| format!("<{cell}>{}</{cell}>", escape(text))).collect();
        let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
    }
    out.push_str("</table></div>\n");
}
