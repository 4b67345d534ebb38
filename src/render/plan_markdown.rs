//! A plan as a comment on a pull request: fits at any size, and nothing in it acts or notifies anybody.

use std::fmt::Write;

use super::field::{Field, Shown, field};
use super::fold::{Entry, Pattern, fold, patterns};
use super::markdown::{code, html, link, longest_run, prose, quoted_prose};
use super::plan_text::{clean_address, folded_title, headline_field, names, source_line};
use super::summary;
use super::text_diff::{Line, Piece, Sign};
use super::value::{count, cut, plural};
use crate::model::{Action, FieldChange, Plan, Warning};

/// What GitHub takes as a comment, in characters. We count bytes, which are never fewer.
pub const LIMIT: usize = 65_536;
/// Kept for what ends the comment.
const TAIL: usize = 600;
/// The most bytes of one entry, and lines of a difference.
const ENTRY: usize = 12_000;
const LINES: usize = 120;
/// Fields of a new object, and addresses of a folded entry.
const FIELDS: usize = 12;
const PATTERNS: usize = 20;
/// Names for the `*` of a pattern.
const NAMES: usize = 50;
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

/// The whole comment: at most [`LIMIT`] bytes, the summary line last.
pub fn render(plan: &Plan) -> String {
    within(plan, LIMIT)
}

/// The same in so many bytes, where it may be more or less than a comment.
pub fn within(plan: &Plan, limit: usize) -> String {
    let mut out = head(plan);
    let entries = fold(&plan.changes, false);
    let risky = entries.iter().filter(|entry| entry.is_risky()).count();
    let mut shown = 0;
    for (at, entry) in entries.iter().enumerate() {
        let mut text = match at {
            0 if risky > 0 => "#### Look at these first\n\n".to_owned(),
            _ if at == risky => "#### Changes\n\n".to_owned(),
            _ => String::new(),
        };
        write_entry(&mut text, entry);
        if out.len() + text.len() + TAIL > limit {
            break;
        }
        out.push_str(&text);
        shown += entry.changes.len();
    }
    let hidden = plan.changes.len() - shown;
    if hidden > 0 {
        let _ = write!(
            out,
            "**{} not shown here.** `musher plan` shows all of them.\n\n",
            match hidden {
                1 => "1 more change is".to_owned(),
                many => format!("{} more changes are", count(many)),
            }
        );
    }
    for line in summary::not_listed(plan) {
        let _ = write!(out, "{}\n\n", prose(&line));
    }
    if let Some(held) = summary::held(&plan.notes.brakes) {
        let _ = writeln!(out, "**{held}.**\n");
    }
    out + &summary::line(plan) + "\n"
}

fn head(plan: &Plan) -> String {
    let name = |text: &str| code(&cut(text, 120));
    let environment = plan.environment.as_ref().map_or_else(String::new, |own| format!("{} at ", name(own)));
    let mut out = format!(
        "{}\n### Plan for {environment}{}\n\nProject {}",
        marker(&plan.project, plan.environment.as_deref()),
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

fn write_entry(out: &mut String, entry: &Entry<'_>) {
    let change = entry.first();
    let patterns = patterns(entry.changes.iter().map(|change| &change.address));
    let title = if entry.is_folded() {
        folded_title(entry, &patterns, headline_field(change))
    } else {
        clean_address(change.address.as_str())
    };
    let open = if entry.is_risky() { " open" } else { "" };
    let verb = if entry.is_folded() { String::new() } else { format!(" {}", summary::verb(change.action)) };
    let _ = writeln!(
        out,
        "<details{open}><summary><code>{} {}</code>{verb}</summary>\n",
        html(summary::symbol(change.action)),
        html(&title)
    );
    for risk in &change.risks {
        let _ = writeln!(out, "- :warning: {}", prose(&cut(&risk.text, 400)));
    }
    if !change.risks.is_empty() {
        out.push('\n');
    }
    write_place(out, entry, &patterns);
    write_diff(out, entry);
    out.push_str("</details>\n\n");
}

fn write_place(out: &mut String, entry: &Entry<'_>, patterns: &[Pattern<'_>]) {
    let change = entry.first();
    if entry.is_folded() {
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
        let _ = writeln!(out, "\nAs in {}:\n", code(&clean_address(change.address.as_str())));
    }
    let mut parts = Vec::new();
    if let Some(from) = &change.moved_from {
        parts.push(format!("was {}", code(&clean_address(from.as_str()))));
    }
    parts.extend(summary::claim(change).map(|claim| prose(&claim)));
    if let Some(origin) = &change.origin {
        parts.push(code(&source_line(&origin.position)));
    }
    if let Some(url) = &change.url {
        parts.push(link("in Datadog", url));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{}\n", parts.join(" · "));
    }
}

fn write_diff(out: &mut String, entry: &Entry<'_>) {
    let change = entry.first();
    let most = if change.action == Action::Create { FIELDS } else { usize::MAX };
    let mut lines: Vec<String> = Vec::new();
    let mut size = 0;
    let mut hidden = change.diff.len().saturating_sub(most);
    for (at, field) in change.diff.iter().take(most).enumerate() {
        let more = diff_lines(field);
        size += more.iter().map(|line| line.len() + 1).sum::<usize>();
        if size > ENTRY || lines.len() + more.len() > LINES {
            hidden = change.diff.len() - at;
            break;
        }
        lines.extend(more);
    }
    if hidden > 0 {
        lines.push(format!("  … {}", plural(hidden, "more field")));
    }
    if !lines.is_empty() {
        let text = lines.join("\n");
        let fence = "`".repeat((longest_run(&text) + 1).max(3));
        let _ = write!(out, "{fence}diff\n{text}\n{fence}\n\n");
    }
}

/// A field as lines of a diff.
fn diff_lines(change: &FieldChange) -> Vec<String> {
    let Field { path, shown } = field(change, false);
    let side = |pieces: &[Piece], without: Sign| -> String {
        pieces.iter().filter(|piece| piece.sign != without).map(|piece| piece.text.as_str()).collect()
    };
    match shown {
        Shown::Added(text) => vec![format!("+ {path}: {text}")],
        Shown::Removed(text) => vec![format!("- {path}: {text}")],
        Shown::Arrow { before, after } => vec![format!("- {path}: {before}"), format!("+ {path}: {after}")],
        Shown::Words(pieces) => vec![
            format!("- {path}: {}", side(&pieces, Sign::New)),
            format!("+ {path}: {}", side(&pieces, Sign::Old)),
        ],
        Shown::Items { removed, added, .. } => {
            let removed = removed.iter().map(|item| format!("- {path}: {item}"));
            removed.chain(added.iter().map(|item| format!("+ {path}: {item}"))).collect()
        }
        Shown::Lines { lines, more } => {
            let mut out = vec![format!("@@ {path} @@")];
            out.extend(lines.into_iter().map(|line| match line {
                Line::Text(Sign::Same, text) => format!("  {text}"),
                Line::Text(Sign::Old, text) => format!("- {text}"),
                Line::Text(Sign::New, text) => format!("+ {text}"),
                Line::Skipped(lines) => format!("  … {} the same", plural(lines, "line")),
            }));
            if more > 0 {
                out.push(format!("  … {} of the difference", plural(more, "more line")));
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Risk};
    use crate::render::samples::{self, instance, replaced};
    use crate::render::sanitize::is_hostile;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_plan_of_everything() {
        insta::assert_snapshot!(render(&samples::mixed()), @r#"
        <!-- musher:plan shop.staging -->
        ### Plan for `staging` at `datadoghq.eu`

        Project `shop`

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
        + query: "(known after apply) && 12"
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

        As in `monitors/lambda/api/errors`:

        `templates/aws-lambda.yaml:12` · [in Datadog](https://app.datadoghq.eu/monitors/123)

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
        ### Plan for `staging` at `datadoghq.eu`

        Project `shop`

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
        let changes = (0..100_000)
            .map(|n| {
                instance(
                    Action::Update,
                    &format!("f{n:05}"),
                    "errors",
                    vec![replaced("/a", json!(n), json!(n + 1))],
                )
            })
            .collect();
        let text = render(&samples::plan(changes, 5));
        assert!(text.len() <= LIMIT && text.len() > LIMIT - 2 * TAIL, "{}", text.len());
        insta::assert_snapshot!(text[text.len() - 200..].split_once("</details>").map_or("", |(_, end)| end), @r#"
        **99,692 more changes are not shown here.** `musher plan` shows all of them.

        Plan: 100,000 to change, 5 unchanged.
        "#);
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
