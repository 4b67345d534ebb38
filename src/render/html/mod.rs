//! A plan as one page for a browser: nothing is loaded, everything can be filtered, at most 2 MiB.
//!
//! Nothing in it acts but our own script, which the page's policy names by its hash: text from outside stands between tags
//! and in attributes, escaped.

mod board;
mod entry;
mod strip;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::fold::fold;
use super::markdown::html as escape;
use super::summary;
use super::value::{count, cut, plural};
use crate::model::Plan;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The whole page, in bytes: what the largest plan may take.
pub const LIMIT: usize = 2 * 1024 * 1024;
/// Kept for what is around the entries.
const FRAME: usize = 64 * 1024;
/// Warnings, brakes and teams that are shown.
const WARNINGS: usize = 60;
const TEAMS: usize = 60;

/// The whole page.
pub fn render(plan: &Plan) -> String {
    let entries: Vec<entry::Shown> = fold(&plan.changes, false).iter().map(entry::show).collect();
    let mut out = String::new();
    head(plan, &mut out);
    totals(plan, &mut out);
    notes(plan, &mut out);
    if !entries.is_empty() {
        filters(&entries, &mut out);
        list(&entries, plan, &mut out);
        let _ = write!(out, "<script>{SCRIPT}</script>");
    }
    let _ = writeln!(out, "<p class=line>{}</p>\n</main>\n</html>", escape(&summary::line(plan)));
    out
}

fn head(plan: &Plan, out: &mut String) {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let title = format!("Plan for {}", plan.environment.as_deref().unwrap_or(&plan.project));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy content=\"default-src \
         'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n<meta name=viewport \
         content=\"width=device-width,initial-scale=1\">\n<meta name=referrer content=no-referrer>\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<main>\n<h1>{title}</h1>\n<p class=dim>{}</p>\n<p class=line>{}</p>\n",
        hash(STYLE),
        hash(SCRIPT),
        escape(&summary::headline(plan)),
        escape(&summary::line(plan)),
        title = escape(&cut(&title, 120)),
    );
}

/// How many changes of each kind and action.
fn totals(plan: &Plan, out: &mut String) {
    if plan.changes.is_empty() {
        return;
    }
    let rows = summary::by_kind(plan.changes.iter().map(|change| (change.kind, change.action)));
    out.push_str("<div class=scroll><table>\n");
    for (at, row) in rows.iter().enumerate() {
        let cell = if at == 0 { "th" } else { "td" };
        let cells: Vec<String> =
            row.iter().map(|text| format!("<{cell}>{}</{cell}>", escape(text))).collect();
        let _ = writeln!(out, "<tr>{}</tr>", cells.concat());
    }
    out.push_str("</table></div>\n");
}

/// Brakes, likely renames, warnings, and what the plan doesn't see.
fn notes(plan: &Plan, out: &mut String) {
    let mut item = |text: &str| {
        let _ = writeln!(out, "<p>{}</p>", escape(&cut(text, 400)));
    };
    if let Some(partial) = summary::partial(&plan.notes.only) {
        item(&partial);
    }
    summary::not_listed(plan).iter().for_each(|line| item(line));
    if let Some(held) = summary::held(&plan.notes.brakes) {
        let _ = write!(out, "<div class=held role=note><strong>{}</strong>", escape(&held));
        for brake in plan.notes.brakes.iter().take(WARNINGS) {
            let text = format!("{}: {}; {}", brake.name, brake.text, brake.remedy);
            let _ = write!(out, "<p>{}</p>", escape(&cut(&text, 800)));
        }
        out.push_str("</div>\n");
    }
    for rename in plan.notes.renames.iter().take(WARNINGS) {
        let text = summary::renamed(rename, &|name| cut(name, 200));
        let _ = writeln!(out, "<p class=warn>Likely rename: {}</p>", escape(&text));
    }
    if plan.notes.warnings.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<details class=warn><summary>{}</summary><ul>",
        plural(plan.notes.warnings.len(), "warning")
    );
    for warning in plan.notes.warnings.iter().take(WARNINGS) {
        let place =
            warning.position.as_ref().map_or_else(String::new, |at| format!(" ({}:{})", at.file, at.line));
        let text = format!("{}{}", cut(&warning.text, 400), cut(&place, 200));
        let _ = write!(out, "<li>{} <code>{}</code></li>", escape(&text), escape(warning.code));
    }
    if plan.notes.warnings.len() > WARNINGS {
        let _ = write!(out, "<li>and {} more</li>", count(plan.notes.warnings.len() - WARNINGS));
    }
    out.push_str("</ul></details>\n");
}

/// The search field and a toggle for everything that entries have.
fn filters(entries: &[entry::Shown], out: &mut String) {
    let set = |name: &str, key: &str, values: BTreeSet<&str>| {
        if values.is_empty() {
            return String::new();
        }
        let mut text = format!("<fieldset class=set><legend>{name}</legend>");
        let more = values.len().saturating_sub(TEAMS);
        for value in values.into_iter().take(TEAMS) {
            let value = escape(value);
            let _ = write!(
                text,
                "<button type=button aria-pressed=false data-set={key} data-value=\"{value}\">{value}</button>"
            );
        }
        if more > 0 {
            let _ = write!(text, "<span class=dim>and {} more: search for them</span>", count(more));
        }
        text + "</fieldset>"
    };
    let risky = entries.iter().any(|entry| entry.risky);
    let sets = [
        set("Risk", "data-risk", risky.then_some("risk").into_iter().collect()),
        set("Action", "data-action", entries.iter().map(|entry| entry.action).collect()),
        set("Kind", "data-kind", entries.iter().map(|entry| entry.kind).collect()),
        set("Team", "data-team", entries.iter().flat_map(|entry| &entry.teams).map(String::as_str).collect()),
    ];
    let _ = writeln!(
        out,
        "<form role=search><input type=search aria-label=\"Filter changes\" placeholder=\"Filter by address, name, query, \
         recipient (press /)\">{}<span class=set><button type=button id=open>Open all</button><button type=button \
         id=close>Close all</button></span> <output class=dim></output></form>",
        sets.concat()
    );
}

/// All entries: whole where there is room, else on a line each, what is risky before all others.
fn list(entries: &[entry::Shown], plan: &Plan, out: &mut String) {
    let room = LIMIT.saturating_sub(out.len() + SCRIPT.len() + FRAME);
    let short: usize = entries.iter().map(|entry| entry.short.len()).sum();
    let mut left = room.saturating_sub(short);
    let (mut used, mut listed, mut risks) = (0, 0, true);
    for (at, entry) in entries.iter().enumerate() {
        if at == 0 || risks && !entry.risky {
            risks = entry.risky;
            let title = if risks { "Look at these first" } else { "Changes" };
            let _ = writeln!(out, "<h2>{title}</h2>");
        }
        let more = entry.whole.len().saturating_sub(entry.short.len());
        let text = if more <= left { &entry.whole } else { &entry.short };
        if used + text.len() > room {
            break;
        }
        left = left.saturating_sub(text.len().saturating_sub(entry.short.len()));
        used += text.len();
        listed += entry.changes;
        out.push_str(text);
    }
    let hidden = plan.changes.len() - listed;
    if hidden > 0 {
        let _ = writeln!(
            out,
            "<p class=line>{} more: <code>musher plan</code> shows all of them.</p>",
            count(hidden)
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Action, Body, Change};
    use crate::render::samples;

    const HOSTILE: &str = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>\u{202e}";

    #[test]
    fn nothing_from_outside_becomes_a_tag_or_an_attribute() {
        let body = json!({
            "title": HOSTILE, "layout_type": "ordered", "tags": [format!("team:{HOSTILE}")],
            "widgets": [{"definition": {"type": HOSTILE, "title": HOSTILE}}]
        });
        let mut plan = samples::plan(
            vec![Change {
                url: Some("javascript:alert(1)".to_owned()),
                live: Some(body.clone()),
                body: Body::of(&body),
                diff: vec![samples::replaced("/title", json!(HOSTILE), json!("x"))],
                ..samples::change(Action::Update, "dashboards/a")
            }],
            1,
        );
        plan.notes = samples::notes(HOSTILE);
        plan.organisation = Some(HOSTILE.to_owned());
        let page = render(&plan);
        assert_eq!(page.matches("<script").count(), 1);
        assert!(
            !page.contains("<img") && !page.contains("javascript:") && !page.contains('\u{202e}'),
            "{page}"
        );
        for attribute in ["data-widget=\"&lt;/script&gt;", "aria-label=\"Before: "] {
            assert!(page.contains(attribute), "{attribute}");
        }
    }

    #[test]
    fn the_largest_plan_fits_and_names_every_address() {
        let changes: Vec<Change> = (0..10_000)
            .map(|n| Change {
                diff: vec![samples::replaced(
                    "/message",
                    json!(format!("{} {n}", "long ago ".repeat(40))),
                    json!(format!("{} {n}", "not so long ago ".repeat(n % 60))),
                )],
                ..samples::change(
                    Action::Update,
                    &format!("monitors/teams/service-{n}-of-many/error-rate-{n}"),
                )
            })
            .collect();
        let page = render(&samples::plan(changes, 3));
        assert!(page.len() <= LIMIT, "{}", page.len());
        for n in [0, 5_000, 9_999] {
            assert!(page.contains(&format!("service-{n}-of-many/error-rate-{n}")), "{n}");
        }
    }

    #[test]
    fn the_same_plan_is_the_same_page() {
        insta::assert_snapshot!(render(&samples::mixed()).replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT"));
        assert_eq!(render(&samples::mixed()), render(&samples::mixed()));
    }
}
