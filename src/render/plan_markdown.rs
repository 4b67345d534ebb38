//! A plan as a comment on a pull request: fits at any size, and nothing in it acts or notifies anybody.

use std::fmt::Write;

use super::field::{Field, Shown};
use super::fold::{Bond, Entry, Pattern, fold, patterns};
use super::markdown::{code, html, link, longest_run, prose, quoted_prose};
use super::plan_text::{names, source_line};
use super::summary;
use super::telling::{Detail, Row, clean_address, number, ranges, risks, rows, title};
use super::text_diff::{Line, Piece, Sign};
use super::value::{count, cut, plural, width};
use crate::model::{ItemAction, Plan, Warning};

/// What GitHub takes as a comment, in characters. We count bytes, which are never fewer, however it counts.
pub const LIMIT: usize = 65_536;
/// Kept for what ends the comment.
const TAIL: usize = 600;
/// The most bytes of one entry, and lines of a difference.
const ENTRY: usize = 12_000;
const LINES: usize = 120;
/// While all entries together have no more lines, none is folded away.
const SHORT: usize = 80;
/// Fields of a new object beside those that matter most, and addresses of a folded entry.
const FIELDS: usize = 8;
const PATTERNS: usize = 20;
/// Names for the `*` of a pattern; where an entry is shown in brief; beside a step of numbers.
const NAMES: usize = 50;
const FEW: usize = 8;
/// Steps of numbers that differ from change to change.
const STEPS: usize = 60;
/// Likely renames and warnings that are listed.
const RENAMES: usize = 10;
const WARNINGS: usize = 15;

/// The first line of the comment, by which a later run finds it.
pub fn marker(project: &str, environment: Option<&str>) -> String {
    // Only what a project's name may hold; anything else could end the HTML comment.
    let plain = |text: &str| -> String {
        text.chars()
            .take(200)
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
            .collect()
    };
    match environment {
        Some(environment) => format!("<!-- musher:plan {}.{} -->", plain(project), plain(environment)),
        None => format!("<!-- musher:plan {} -->", plain(project)),
    }
}

/// The whole comment: at most [`LIMIT`] bytes, the verdict first and the summary line last.
pub fn render(plan: &Plan) -> String {
    within(plan, LIMIT)
}

/// The same in so many bytes, where it may be more or less than a comment.
pub fn within(plan: &Plan, limit: usize) -> String {
    let mut out = head(plan);
    let entries = fold(&plan.changes, false);
    let room = limit.saturating_sub(out.len() + TAIL);
    let risky = entries.iter().filter(|entry| entry.is_risky()).count();
    let shown = fitted(&entries, room);
    for (at, text) in shown.iter().enumerate() {
        match at {
            0 if risky > 0 => out.push_str("#### Look at these first\n\n"),
            _ if at == risky => out.push_str("#### Changes\n\n"),
            _ => {}
        }
        out.push_str(text);
        let is_list = |text: &String| text.starts_with("- ");
        if is_list(text) && shown.get(at + 1).is_none_or(|next| !is_list(next) || at + 1 == risky) {
            out.push('\n');
        }
    }
    write_rest(&mut out, &entries[shown.len()..]);
    for line in summary::not_listed(plan) {
        let _ = write!(out, "{}\n\n", prose(&line));
    }
    if let Some(held) = summary::held(&plan.notes.brakes) {
        let _ = writeln!(out, "**{held}.**\n");
    }
    out + &summary::line(plan) + "\n"
}

/// The first entries as they fit: in full, and where there is not enough room on a line each, what is risky last.
fn fitted(entries: &[Entry<'_>], room: usize) -> Vec<String> {
    let headings = 60;
    let mut left = room.saturating_sub(headings);
    let brief: Vec<String> = entries.iter().map(in_brief).collect();
    let mut shown: Vec<String> = Vec::new();
    for text in brief {
        // A line ends a list.
        let Some(rest) = left.checked_sub(text.len() + 1) else { break };
        left = rest;
        shown.push(text);
    }
    if shown.len() < entries.len() {
        // Room for the addresses of the others.
        while left < room / 8 {
            let Some(last) = shown.pop() else { break };
            left += last.len() + 1;
        }
        left = 0;
    }
    let mut lines = 0;
    for (entry, shown) in entries.iter().zip(&mut shown) {
        let whole = in_full(entry);
        if whole.len() > left + shown.len() {
            continue;
        }
        left = left + shown.len() - whole.len();
        lines += whole.lines().count();
        *shown = whole;
    }
    if lines <= SHORT {
        // As long as before: the space that opens one is counted where all are.
        for text in shown.iter_mut().filter(|_| left > 5 * entries.len()) {
            *text = text.replacen("<details><summary>", "<details open><summary>", 1);
        }
    }
    shown
}

/// What is left, by address as far as there is room.
fn write_rest(out: &mut String, rest: &[Entry<'_>]) {
    let hidden: usize = rest.iter().map(|entry| entry.changes.len()).sum();
    if hidden == 0 {
        return;
    }
    let text = match hidden {
        1 => "1 more change is".to_owned(),
        many => format!("{} more changes are", count(many)),
    };
    let risky = rest.iter().filter(|entry| entry.is_risky()).map(|entry| entry.changes.len()).sum::<usize>();
    let of = if risky > 0 { format!(", {} of them risky", count(risky)) } else { String::new() };
    let _ = write!(out, "**{text} not shown here{of}.** `musher plan` shows all of them.\n\n");
    let changes = rest.iter().flat_map(|entry| &entry.changes);
    let mut by_action: std::collections::BTreeMap<(&str, &str), Vec<_>> = std::collections::BTreeMap::new();
    for change in changes {
        let key = (summary::verb(change.action), change.address.section());
        by_action.entry(key).or_default().push(&change.address);
    }
    for ((verb, section), addresses) in by_action {
        for pattern in patterns(addresses) {
            let several = count(pattern.names.len());
            let which = names(&pattern.names, NAMES);
            let line = format!(
                "- {verb} {several} {} {}: {}\n",
                code(&clean_address(section)),
                code(&cut(&pattern.text, 200)),
                code(&which)
            );
            if out.len() + line.len() + TAIL > LIMIT {
                out.push('\n');
                return;
            }
            out.push_str(&line);
        }
    }
    out.push('\n');
}

fn head(plan: &Plan) -> String {
    let name = |text: &str| code(&cut(text, 120));
    let environment = plan.environment.as_ref().map_or_else(String::new, |own| format!("{} at ", name(own)));
    let mut out = format!(
        "{}\n### {}\n\nPlan for {environment}{}, project {}",
        marker(&plan.project, plan.environment.as_deref()),
        summary::verdict(plan),
        name(&plan.site),
        name(&plan.project),
    );
    if let Some(organisation) = &plan.organisation {
        let _ = write!(out, ", organisation {}", name(organisation));
    }
    out.push_str("\n\n");
    if let Some(partial) = summary::partial(&plan.notes.only) {
        let _ = writeln!(out, "**{}**\n", prose(&partial));
    }
    write_brakes(&mut out, plan);
    if !plan.changes.is_empty() {
        let rows = summary::by_kind(plan.changes.iter().map(|change| (change.kind, change.action)));
        for (at, row) in rows.iter().enumerate() {
            let _ = writeln!(out, "| {} |", row.join(" | "));
            if at == 0 {
                let _ = writeln!(out, "| :-- |{}", " --: |".repeat(row.len() - 1));
            }
        }
        out.push('\n');
    }
    write_renames(&mut out, plan);
    write_warnings(&mut out, &plan.notes.warnings);
    if let Some(unseen) = summary::secrets(&plan.notes.secrets) {
        let _ = writeln!(out, "{}\n", prose(&unseen));
    }
    out
}

fn write_brakes(out: &mut String, plan: &Plan) {
    let Some(held) = summary::held(&plan.notes.brakes) else { return };
    let _ = writeln!(out, ":no_entry: **{held}**\n");
    for brake in &plan.notes.brakes {
        let (text, remedy) = (quoted_prose(&cut(&brake.text, 400)), quoted_prose(&cut(&brake.remedy, 400)));
        let _ = writeln!(out, "- {}: {text}; {remedy}", code(brake.name));
    }
    out.push('\n');
}

fn write_renames(out: &mut String, plan: &Plan) {
    let renames = &plan.notes.renames;
    if renames.is_empty() {
        return;
    }
    out.push_str("#### Likely renames\n\nThe old objects would go, and new ones be made.\n\n");
    for rename in renames.iter().take(RENAMES) {
        let name = |name: &str| format!("`{}`", cut(name, 200).replace('`', "'"));
        let _ = writeln!(out, "- {}", quoted_prose(&summary::renamed(rename, &name)));
    }
    if renames.len() > RENAMES {
        let _ = writeln!(out, "- {} more", count(renames.len() - RENAMES));
    }
    out.push('\n');
}

fn write_warnings(out: &mut String, warnings: &[Warning]) {
    if warnings.is_empty() {
        return;
    }
    let _ = writeln!(out, "#### {}\n", plural(warnings.len(), "warning"));
    for warning in warnings.iter().take(WARNINGS) {
        let text = quoted_prose(&cut(&warning.text, 300));
        let place = warning.position.as_ref().map(|position| format!(" · {}", code(&source_line(position))));
        let _ = writeln!(out, "- {}: {text}{}", code(warning.code), place.unwrap_or_default());
    }
    if warnings.len() > WARNINGS {
        let _ = writeln!(out, "- {} more", count(warnings.len() - WARNINGS));
    }
    out.push('\n');
}

/// What an entry is about, in words; and the patterns of its addresses.
fn called<'a>(entry: &Entry<'a>) -> (String, Vec<Pattern<'a>>) {
    let change = entry.first();
    if !entry.is_folded() {
        return (clean_address(change.address.as_str()), Vec::new());
    }
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    (title(entry, &patterns), patterns)
}

/// One line, and one for each risk: nothing that carries a risk is cut away.
fn in_brief(entry: &Entry<'_>) -> String {
    let change = entry.first();
    let (title, patterns) = called(entry);
    let mut out = format!("- {}", code(&format!("{} {}", summary::symbol(change.action), cut(&title, 400))));
    match entry.bond {
        Bond::One => {
            let _ = write!(out, " {}", summary::verb(change.action));
        }
        Bond::Instance => {}
        _ => {
            let names: Vec<String> =
                patterns.iter().take(FEW).map(|pattern| names(&pattern.names, FEW)).collect();
            let _ = write!(out, ": {}", code(&names.join("; ")));
        }
    }
    out.push('\n');
    for risk in risks(entry) {
        let _ = writeln!(out, "  - :warning: {}", quoted_prose(&cut(&risk, 200)));
    }
    out
}

fn in_full(entry: &Entry<'_>) -> String {
    let change = entry.first();
    let (title, patterns) = called(entry);
    let open = if entry.is_risky() { " open" } else { "" };
    let verb = if entry.is_folded() { String::new() } else { format!(" {}", summary::verb(change.action)) };
    let mut out = format!(
        "<details{open}><summary><code>{} {}</code>{verb}</summary>\n\n",
        html(summary::symbol(change.action)),
        html(&title)
    );
    let risks = risks(entry);
    for risk in &risks {
        let _ = writeln!(out, "- :warning: {}", quoted_prose(risk));
    }
    if !risks.is_empty() {
        out.push('\n');
    }
    write_place(&mut out, entry, &patterns);
    if entry.bond == Bond::Shape {
        write_steps(&mut out, entry);
    }
    if entry.bond == Bond::Shape || entry.bond == Bond::Equal {
        let _ = writeln!(out, "As in {}:\n", code(&clean_address(change.address.as_str())));
    }
    write_diff(&mut out, entry);
    out.push_str("</details>\n\n");
    out
}

fn write_place(out: &mut String, entry: &Entry<'_>, patterns: &[Pattern<'_>]) {
    let change = entry.first();
    if matches!(entry.bond, Bond::Equal | Bond::Shape) {
        for pattern in patterns.iter().take(PATTERNS) {
            let of = count(pattern.names.len());
            let _ = writeln!(
                out,
                "- {of} {}: {}",
                code(&cut(&pattern.text, 200)),
                code(&names(&pattern.names, NAMES))
            );
        }
        if patterns.len() > PATTERNS {
            let more: usize = patterns[PATTERNS..].iter().map(|pattern| pattern.names.len()).sum();
            let _ = writeln!(out, "- {} more", count(more));
        }
        out.push('\n');
    }
    let mut parts = Vec::new();
    if let Some(from) = &change.moved_from {
        parts.push(format!("was {}", code(&clean_address(from.as_str()))));
    }
    parts.extend(summary::claim(change).map(|claim| prose(&claim)));
    if let Some(origin) = &change.origin {
        parts.push(code(&source_line(&origin.position)));
    }
    if let Some(url) = change.url.as_ref().filter(|_| entry.bond != Bond::Instance) {
        parts.push(link("in Datadog", url));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{}\n", parts.join(" · "));
    }
}

/// The numbers of changes that are alike but for them, as columns. (No table: a cell can't hold every text safely.)
fn write_steps(out: &mut String, entry: &Entry<'_>) {
    // Numbers that follow from it tell nothing new.
    if let Some(range) = ranges(entry).first().filter(|range| range.steps.len() > 1) {
        let cells: Vec<[String; 2]> =
            range.steps.iter().map(|(from, to, _)| [number(*from), number(*to)]).collect();
        let column = |at: usize| cells.iter().map(|cells| width(&cells[at])).max().unwrap_or(0);
        let (left, right) = (column(0), column(1));
        let mut lines = vec![range.path.clone()];
        for (cells, (.., of)) in cells.iter().zip(&range.steps).take(STEPS) {
            let who: Vec<&str> = of.iter().map(String::as_str).collect();
            let many = if of.len() > 1 { format!("{} × ", count(of.len())) } else { String::new() };
            lines.push(format!("{:>left$} → {:>right$}  {many}{}", cells[0], cells[1], names(&who, FEW)));
        }
        if range.steps.len() > STEPS {
            let more: Vec<&str> =
                range.steps[STEPS..].iter().flat_map(|(.., of)| of.iter().map(String::as_str)).collect();
            lines.push(format!(
                "… {}: {}",
                plural(range.steps.len() - STEPS, "more step"),
                names(&more, NAMES)
            ));
        }
        write_fenced(out, "text", &lines);
    }
}

fn write_fenced(out: &mut String, language: &str, lines: &[String]) {
    let text = lines.join("\n");
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    let _ = write!(out, "{fence}{language}\n{text}\n{fence}\n\n");
}

fn write_diff(out: &mut String, entry: &Entry<'_>) {
    let mut groups: Vec<Vec<String>> = Vec::new();
    match entry.bond {
        Bond::Instance => {
            for change in &entry.changes {
                groups.push(vec![format!("@@ {} @@", clean_address(change.address.as_str()))]);
                let rows = rows(change, Detail { full: false, others: 0 });
                groups.extend(rows.iter().map(row_lines));
            }
        }
        _ => {
            let rows = rows(entry.first(), Detail { full: false, others: FIELDS });
            groups.extend(rows.iter().map(row_lines));
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let (mut size, mut hidden) = (0, 0);
    for (at, group) in groups.iter().enumerate() {
        size += group.iter().map(|line| line.len() + 1).sum::<usize>();
        if size > ENTRY || lines.len() + group.len() > LINES {
            hidden = groups.len() - at;
            break;
        }
        lines.extend(group.iter().cloned());
    }
    if hidden > 0 {
        lines.push(format!("  … {}", plural(hidden, "more field")));
    }
    if !lines.is_empty() {
        write_fenced(out, "diff", &lines);
    }
}

/// A row as lines of a diff.
fn row_lines(row: &Row) -> Vec<String> {
    match row {
        Row::Field(field) => diff_lines(field),
        Row::Note(text) => vec![format!("  {text}")],
        Row::Item { action, text, fields } => {
            let sign = match action {
                ItemAction::Added => '+',
                ItemAction::Removed => '-',
                ItemAction::Moved | ItemAction::Changed => '!',
            };
            let mut lines = vec![format!("{sign} {text}")];
            lines.extend(fields.iter().flat_map(diff_lines));
            lines
        }
    }
}

/// A field as lines of a diff.
fn diff_lines(field: &Field) -> Vec<String> {
    let Field { path, shown } = field;
    let side = |pieces: &[Piece], without: Sign| -> String {
        pieces.iter().filter(|piece| piece.sign != without).map(|piece| piece.text.as_str()).collect()
    };
    match shown {
        Shown::Added(text) => vec![format!("+ {path}: {text}")],
        Shown::Removed(text) => vec![format!("- {path}: {text}")],
        Shown::Arrow { before, after } => vec![format!("- {path}: {before}"), format!("+ {path}: {after}")],
        Shown::Words(pieces) => vec![
            format!("- {path}: {}", side(pieces, Sign::New)),
            format!("+ {path}: {}", side(pieces, Sign::Old)),
        ],
        Shown::Items { removed, added, .. } => {
            let removed = removed.iter().map(|item| format!("- {path}: {item}"));
            removed.chain(added.iter().map(|item| format!("+ {path}: {item}"))).collect()
        }
        Shown::Lines { lines, more } => {
            let mut out = vec![format!("@@ {path} @@")];
            out.extend(lines.iter().map(|line| match line {
                Line::Text(Sign::Same, text) => format!("  {text}"),
                Line::Text(Sign::Old, text) => format!("- {text}"),
                Line::Text(Sign::New, text) => format!("+ {text}"),
                Line::Skipped(lines) => format!("  … {} the same", plural(*lines, "line")),
            }));
            if *more > 0 {
                out.push(format!("  … {} of the difference", plural(*more, "more line")));
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Change, Risk};
    use crate::render::samples::{self, instance, replaced};
    use crate::render::sanitize::is_hostile;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_plan_of_everything() {
        insta::assert_snapshot!(render(&samples::mixed()), @r#"
        <!-- musher:plan shop.staging -->
        ### 2 to create, 7 to change, 1 to replace, 1 to move, 1 to adopt, 1 to delete, 1 risk

        Plan for `staging` at `datadoghq.eu`, project `shop`

        |  | create | change | replace | move | adopt | delete |
        | :-- | --: | --: | --: | --: | --: | --: |
        | dashboard | · | · | · | · | · | 1 |
        | monitor | 2 | 7 | 1 | 1 | · | · |
        | slo | · | · | · | · | 1 | · |

        #### Look at these first

        <details open><summary><code>~ monitors/latency</code> change</summary>

        - :warning: It alerts later: `options.thresholds.critical` goes from 5 to 8, and it fires above it

        `monitors/shop.yaml:3` · [in Datadog](https://app.datadoghq.eu/monitors/123)

        ```diff
        - options.thresholds.critical: 5
        + options.thresholds.critical: 8
        - query: avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 5
        + query: avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 8
        @@ message @@
          … 2 lines the same
          Three
          Four
        - Five @slack-a
        + Five @slack-b
        - tags: "a"
        + tags: "b"
        + tags: "c"
        + options.renotify_interval: 60
        - options.evaluation_delay: 900
        ```

        </details>

        #### Changes

        <details><summary><code>- dashboards/gone</code> delete</summary>

        [in Datadog](https://app.datadoghq.eu/monitors/123)

        </details>

        <details><summary><code>+ monitors/broken</code> create</summary>

        `monitors/shop.yaml:3`

        ```diff
        + query: "traffic && 12"
        ```

        </details>

        <details><summary><code>+ monitors/checkout-errors</code> create</summary>

        `monitors/shop.yaml:3`

        ```diff
        + name: "[staging] Checkout error rate"
        + type: "query alert"
        + query: "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:staging}.as_rate() > 5"
        + message: "Errors on {{host.name}}.␊Look at the logs. @slack-checkout␊"
        + tags: ["team:checkout", "service:checkout"]
        + options: {thresholds: {critical: 5, warning: 2}, include_tags: true}
        + priority: 2
        + x: []
        ```

        </details>

        <details><summary><code>~ 6 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01</code></summary>

        - 6 `lambda/*/errors`: `api, billing, checkout, fraud, search, stock`

        `templates/aws-lambda.yaml:12` · [in Datadog](https://app.datadoghq.eu/monitors/123)

        As in `monitors/lambda/api/errors`:

        ```diff
        - options.thresholds.critical: 0.05
        + options.thresholds.critical: 0.01
        - query: sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.05
        + query: sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.01
        ```

        </details>

        <details><summary><code>&gt; monitors/new-name</code> move</summary>

        was `monitors/old-name` · `monitors/shop.yaml:3` · [in Datadog](https://app.datadoghq.eu/monitors/123)

        </details>

        <details><summary><code>-/+ monitors/typed</code> replace</summary>

        `monitors/shop.yaml:3` · [in Datadog](https://app.datadoghq.eu/monitors/123)

        ```diff
        - type: "query alert"
        + type: "log alert"
        ```

        </details>

        <details><summary><code>@ slos/availability</code> adopt</summary>

        `monitors/shop.yaml:3` · [in Datadog](https://app.datadoghq.eu/monitors/123)

        </details>

        Plan: 2 to create, 7 to change, 1 to replace, 1 to move, 1 to adopt, 1 to delete, 2,496 unchanged.
        "#);
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(render(&samples::plan(Vec::new(), 3)), @r#"
        <!-- musher:plan shop.staging -->
        ### No changes

        Plan for `staging` at `datadoghq.eu`, project `shop`

        No changes.
        "#);
    }

    #[test]
    fn a_marker_holds_nothing_but_names() {
        assert_eq!(marker("shop", None), "<!-- musher:plan shop -->");
        assert_eq!(marker("a--><b>", Some("c d")), "<!-- musher:plan a--__b_.c_d -->");
    }

    #[test]
    fn a_hundred_thousand_changes_fit() {
        // No two of them alike, however one looks: words of letters.
        let word = |n: u32| -> String {
            n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let changes = (0..100_000)
            .map(|n| {
                let (before, after) = (format!("{}x", word(n)), format!("{}y", word(n)));
                let diff = vec![replaced("/a", json!(before), json!(after))];
                instance(Action::Update, &format!("f{n:05}"), "errors", diff)
            })
            .collect();
        let text = render(&samples::plan(changes, 5));
        assert!(text.len() <= LIMIT && text.len() > LIMIT / 5 * 4, "{}", text.len());
        assert!(text.contains(" more changes are not shown here.** `musher plan` shows all of them."));
        assert!(text.contains("`lambda/*/errors`: `f"), "what is cut is listed by address");
        assert!(text.ends_with("\nPlan: 100,000 to change, 5 unchanged.\n"));
    }

    #[test]
    fn what_carries_a_risk_is_not_cut() {
        let word =
            |n: usize| -> String { format!("{n:03}").bytes().map(|d| char::from(d - b'0' + b'a')).collect() };
        let mut changes: Vec<Change> = (0..600)
            .map(|n| {
                let text = format!("{} ", word(n)).repeat(100);
                let diff = vec![replaced("/message", json!(text), json!(format!("{}x", word(n))))];
                instance(Action::Update, &format!("f{n:03}"), "errors", diff)
            })
            .collect();
        for change in changes.iter_mut().skip(500) {
            let text = format!("No longer notified: `@slack-{}`", change.address.id());
            change.risks = vec![Risk { rank: 3, code: "recipient-lost", text }];
        }
        let text = render(&samples::plan(changes, 0));
        assert!(text.len() <= LIMIT, "{}", text.len());
        for n in 0..600 {
            assert!(text.contains(&format!("f{n:03}")), "{n} is not listed");
            assert!(
                n < 500 || text.contains(&format!("`@slack-lambda/f{n:03}/errors`")),
                "{n}'s risk is cut"
            );
        }
    }

    #[test]
    fn one_huge_change_fits() {
        let huge = "@x ` | <b> \u{202e}\n".repeat(700_000);
        let plan = samples::plan(
            vec![Change {
                risks: vec![Risk { rank: 0, code: "recipient-lost", text: huge.clone() }],
                url: Some(huge.clone()),
                diff: vec![replaced("/a", json!(huge), json!("x")), replaced(&huge, json!(1), json!([huge]))],
                ..samples::change(Action::Update, &format!("monitors/{huge}"))
            }],
            0,
        );
        let text = render(&samples::plan(plan.changes, 0));
        assert!(text.len() <= LIMIT);
        assert!(text.ends_with("\nPlan: 1 to change.\n"), "{text}");
    }

    fn any_change() -> impl Strategy<Value = Change> {
        let text = || prop_oneof![any::<String>(), "[`@|<>#*\\[\\]()a \n-]{0,60}", Just("`".repeat(500))];
        let action = prop::sample::select(Action::ALL.to_vec());
        (text(), text(), text(), action).prop_map(|(address, a, b, action)| Change {
            url: Some(a.clone()),
            risks: if a.len() > b.len() {
                vec![Risk { rank: 1, code: "x", text: b.clone() }]
            } else {
                Vec::new()
            },
            diff: vec![replaced(&a, json!(a), json!(b)), replaced("/b", json!([a]), json!({ b: 1 }))],
            ..samples::change(action, &format!("monitors/{address}"))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn always_fits_and_is_clean(changes in prop::collection::vec(any_change(), 0..40), name in any::<String>()) {
            let mut plan = samples::plan(changes, 1);
            plan.organisation = Some(name.clone());
            plan.notes = samples::notes(&name);
            plan.project = name;
            let text = render(&plan);
            prop_assert!(text.len() <= LIMIT);
            prop_assert!(!text.chars().any(|c| is_hostile(c) && c != '\n' && c != '\t'));
            let (first, last) = (text.lines().next().unwrap_or_default(), text.lines().last().unwrap_or_default());
            prop_assert!(first.starts_with("<!-- musher:plan ") && first.ends_with(" -->"));
            prop_assert_eq!(last, summary::line(&plan));
            prop_assert_eq!(render(&plan), text);
        }
    }
}
