//! A plan as one page for a browser: nothing is loaded, everything can be filtered, at most 2 MiB.
//!
//! Nothing in it acts but our own script, which the page's policy names by its hash: text from outside stands between tags
//! and in attributes, escaped.

mod board;
mod entry;
mod strip;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::based;
use super::choices::{self, Among};
use super::fold::{Entry, fold};
use super::frame;
use super::markdown::html as escape;
use super::summary;
use super::telling::clean_address;
use super::value::{count, cut, plural};
use crate::model::{Based, Plan};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The whole page, in bytes: what the largest plan may take.
pub const LIMIT: usize = 2 * 1024 * 1024;
/// Kept for what is around the entries.
const FRAME: usize = 64 * 1024;
/// Warnings, brakes and teams that are shown.
const WARNINGS: usize = 60;
const CONFLICTS: usize = 1_000;
const TEAMS: usize = 60;

/// The whole page.
pub fn render(plan: &Plan) -> String {
    match &plan.notes.base {
        Some(based) => page(&based::own(plan, based), Some((plan, based))),
        None => page(plan, None),
    }
}

/// Beside an older version: what is of this change, and then what both sides or others changed.
fn page(plan: &Plan, beside: Option<(&Plan, &Based)>) -> String {
    let entries: Vec<entry::Shown> =
        fold(&plan.changes, false).iter().map(|entry| entry::show(entry, "")).collect();
    let drifted = beside.map(|(whole, based)| based::drifted(whole, based)).unwrap_or_default();
    let drift: Vec<entry::Shown> = match beside {
        Some((whole, based)) => {
            let among = Among::the(whole);
            let below = |entry: &Entry<'_>| table(&based::choices_of(entry, &among, based));
            fold(&drifted, false).iter().map(|entry| entry::show(entry, &below(entry))).collect()
        }
        None => Vec::new(),
    };
    let mut out = String::new();
    head(plan, drifted.len(), &mut out);
    if let Some((whole, based)) = beside {
        compared(whole, based, &mut out);
    }
    totals(plan, &mut out);
    notes(plan, &mut out);
    if !entries.is_empty() || !drift.is_empty() {
        filters(entries.iter().chain(&drift), &mut out);
        let mut room = LIMIT.saturating_sub(out.len() + SCRIPT.len() + FRAME);
        let _ = list(&entries, true, &mut room, &mut out);
        if !drift.is_empty() {
            let objects = plural(drifted.len(), "object");
            let _ = writeln!(
                out,
                "<details class=part><summary><h2>Drift: {objects} changed by somebody else, not here</h2></summary>\n<p \
                 class=dim>An apply takes it back: live is before, the definitions are after.</p>"
            );
            let mut listed = String::new();
            if list(&drift, false, &mut room, &mut listed) {
                out.push_str(&table(&choices::general(plan.environment.as_deref())));
            }
            out.push_str(&listed);
            out.push_str("</details>\n");
        }
        let _ = write!(out, "<script>{SCRIPT}</script>");
    }
    let _ = writeln!(out, "<p class=line>{}</p>\n</main>\n</html>", escape(&summary::line(plan)));
    out
}

/// Commands, and what they do.
fn table(choices: &[choices::Choice]) -> String {
    let row = |choice: &choices::Choice| {
        format!("<tr><td><code>{}</code><td>{}", escape(&choice.command), choice.does)
    };
    let rows: String = choices.iter().map(row).collect();
    if rows.is_empty() { rows } else { format!("<div class=scroll><table class=f>{rows}</table></div>\n") }
}

/// What it was compared with, and what could not be; fields that both sides changed.
fn compared(plan: &Plan, based: &Based, out: &mut String) {
    let _ = writeln!(out, "<p class=dim>{}</p>", escape(&based::compared(based, &|name| cut(name, 120))));
    for note in based.notes.iter().take(WARNINGS) {
        let _ = writeln!(out, "<p>{}</p>", entry::quoted(&cut(note, 400)));
    }
    let conflicts = based::both(plan, based);
    if conflicts.is_empty() {
        return;
    }
    out.push_str("<div class=\"held scroll\" role=note><strong>Changed here, and by somebody else</strong><table class=f>");
    let _ = write!(out, "<tr><th>object<th>field<th>at {}<th>live<th>here", escape(based.short()));
    for field in conflicts.iter().take(CONFLICTS) {
        let cells = [&clean_address(field.address), &field.path, &field.base, &field.live, &field.here];
        let cells: Vec<String> = cells.iter().map(|cell| format!("<td>{}", escape(cell))).collect();
        let _ = write!(out, "<tr>{}", cells.concat());
    }
    out.push_str("</table>");
    if conflicts.len() > CONFLICTS {
        let _ = write!(out, "<p>and {} more</p>", count(conflicts.len() - CONFLICTS));
    }
    out.push_str("</div>\n");
}

fn head(plan: &Plan, drifted: usize, out: &mut String) {
    let title = format!("Plan for {}", plan.environment.as_deref().unwrap_or(&plan.project));
    out.push_str(&frame::begin(&cut(&title, 120), STYLE, SCRIPT));
    let _ = write!(
        out,
        "<p class=dim>{}</p>\n<p class=line>{}</p>\n",
        escape(&summary::headline(plan)),
        escape(&sentence(&summary::verdict_beside(plan, drifted))),
    );
}

/// A verdict without the marks of Markdown.
fn sentence(verdict: &str) -> String {
    verdict.replace('`', "")
}

/// How many changes of each kind and action.
fn totals(plan: &Plan, out: &mut String) {
    if plan.changes.is_empty() {
        return;
    }
    let rows = summary::by_kind(plan.changes.iter().map(|change| (change.kind, change.action)));
    frame::table(&rows, "", out);
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
        let _ = write!(out, "<div class=held role=note><strong>{}</strong>", entry::quoted(&held));
        for brake in plan.notes.brakes.iter().take(WARNINGS) {
            let text = format!("{}: {}; {}", brake.name, brake.text, brake.remedy);
            let _ = write!(out, "<p>{}</p>", entry::quoted(&cut(&text, 800)));
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
        let _ = write!(out, "<li>{} <code>{}</code></li>", entry::quoted(&text), escape(warning.code));
    }
    if plan.notes.warnings.len() > WARNINGS {
        let _ = write!(out, "<li>and {} more</li>", count(plan.notes.warnings.len() - WARNINGS));
    }
    out.push_str("</ul></details>\n");
}

/// The search field and a toggle for everything that entries have.
fn filters<'s>(entries: impl Iterator<Item = &'s entry::Shown> + Clone, out: &mut String) {
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
    let risky = entries.clone().any(|entry| entry.risky);
    let sets = [
        set("Risk", "data-risk", risky.then_some("risk").into_iter().collect()),
        set("Action", "data-action", entries.clone().map(|entry| entry.action).collect()),
        set("Kind", "data-kind", entries.clone().map(|entry| entry.kind).collect()),
        set("Team", "data-team", entries.flat_map(|entry| &entry.teams).map(String::as_str).collect()),
    ];
    let _ = writeln!(
        out,
        "<form role=search><input type=search aria-label=\"Filter changes\" placeholder=\"Filter by address, name, query, \
         recipient (press /)\">{}<span class=set><button type=button id=open>Open all</button><button type=button \
         id=close>Close all</button></span> <output class=dim></output></form>",
        sets.concat()
    );
}

/// All entries: whole where there is room, else without drawings, with their risks alone, on a line; what is risky before all
/// others. Whether some are on a line alone.
fn list(entries: &[entry::Shown], is_titled: bool, room: &mut usize, out: &mut String) -> bool {
    let bare: usize = entries.iter().map(|entry| entry.bare.len()).sum();
    let mut left = room.saturating_sub(bare);
    let mut chosen: Vec<&String> = entries.iter().map(|entry| &entry.bare).collect();
    let forms: [fn(&entry::Shown) -> &String; 3] =
        [|entry| &entry.short, |entry| &entry.told, |entry| &entry.whole];
    for form in forms {
        for (entry, chosen) in entries.iter().zip(&mut chosen) {
            let text = form(entry);
            let more = text.len().saturating_sub(chosen.len());
            if more <= left {
                left = left.saturating_sub(more);
                *chosen = text;
            }
        }
    }
    let is_brief = entries.iter().zip(&chosen).any(|(entry, chosen)| chosen.len() < entry.told.len());
    let (mut risks, mut hidden) = (None, 0);
    for (entry, text) in entries.iter().zip(chosen) {
        if text.len() > *room {
            hidden += entry.changes;
            continue;
        }
        if is_titled && risks != Some(entry.risky) {
            risks = Some(entry.risky);
            let title = if entry.risky { "Look at these first" } else { "Changes" };
            let _ = writeln!(out, "<h2>{title}</h2>");
        }
        *room -= text.len();
        out.push_str(text);
    }
    if hidden > 0 {
        let _ = writeln!(
            out,
            "<p class=line>{} more: <code>musher plan</code> shows all of them.</p>",
            count(hidden)
        );
    }
    is_brief
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::model::{Action, Body, Change, ItemAction, ItemChange, Risk};
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
    fn of_ten_thousand_risks_none_is_cut() {
        let word = |n: usize| -> String {
            format!("{n:05}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let risky = |n: usize, text: String| Change {
            risks: vec![Risk { rank: 2, code: "recipient-lost", text }],
            diff: vec![samples::replaced("/message", json!(word(n)), json!("nobody"))],
            ..samples::instance(Action::Update, &format!("function-{n:05}"), "errors", Vec::new())
        };
        let equal = (0..10_000).map(|n| risky(n, "No longer notified: `@a`".to_owned())).collect();
        let each = (0..10_000).map(|n| risky(n, format!("No longer notified: `@{}`", word(n)))).collect();
        for changes in [equal, each] {
            let page = render(&samples::plan(changes, 3));
            assert!(page.len() <= LIMIT, "{}", page.len());
            let words: HashSet<&str> = page.split(['<', '>', '\n']).collect();
            for n in 0..10_000 {
                assert!(words.contains(format!("monitors/lambda/function-{n:05}/errors").as_str()), "{n}");
            }
            assert!(page.contains("recipient-lost") || page.contains("<code>@a</code>"));
        }
    }

    #[test]
    fn a_hundred_large_dashboards_fit_each_in_words() {
        let board = |shift: usize| {
            let widget = |n: usize| json!({"definition": {"type": "timeseries", "title": format!("Series number {n} of many")}});
            json!({"title": "Board", "layout_type": "ordered", "widgets": (0..65).map(|n| widget((n + shift) % 65)).collect::<Vec<_>>()})
        };
        let item = |n: usize| ItemChange {
            action: ItemAction::Moved,
            names: vec![format!("Series number {n} of many")],
            class: "timeseries".to_owned(),
            place: Some("to the top".to_owned()),
            inside: Vec::new(),
            before: Some("/widgets/64".to_owned()),
            after: Some("/widgets/0".to_owned()),
            diff: Vec::new(),
        };
        let changes = (0..100).map(|n| Change {
            live: Some(board(0)),
            body: Body::of(&board(64)),
            items: vec![item(n)],
            ..samples::change(Action::Update, &format!("dashboards/board-{n}"))
        });
        let page = render(&samples::plan(changes.collect(), 0));
        assert!(page.len() <= LIMIT, "{}", page.len());
        assert_eq!(page.matches("moved timeseries “Series number").count(), 100);
        assert!(page.matches("aria-label=\"After: 65 widgets\"").count() > 50, "{}", page.len());
    }

    #[test]
    fn the_same_plan_is_the_same_page() {
        insta::assert_snapshot!(render(&samples::mixed()).replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT"));
        assert_eq!(render(&samples::mixed()), render(&samples::mixed()));
    }
}
