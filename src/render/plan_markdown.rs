//! A plan as a comment on a pull request: fits at any size, and nothing in it acts or notifies anybody.

use std::fmt::Write;

use super::choices;
use super::fitted::{fitted, write_rest};
use super::fold::{Entry, fold};
use super::markdown::{code, prose, quoted_prose};
use super::markdown_entry::{Steps, in_full};
use super::plan_text::source_line;
use super::room::Room;
use super::summary;
use super::value::{count, cut, plural};
use crate::model::{Plan, Warning};

/// What GitHub takes as a comment, in characters.
pub const LIMIT: usize = 65_536;
/// Kept for what ends a comment.
const TAIL: usize = 600;
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

/// The whole comment in so much room: the verdict first and the summary line last.
pub fn within(plan: &Plan, room: Room) -> String {
    written(plan, head(plan), &fold(&plan.changes, false), room)
}

/// The same, each change by itself where all of that has room.
pub fn expanded(plan: &Plan, room: Room) -> String {
    let (head, entries) = (head(plan), fold(&plan.changes, true));
    let mut left = room.after(&head).beside(TAIL);
    for entry in &entries {
        let whole = in_full(entry, Steps::All);
        if !left.holds(&whole) {
            return within(plan, room);
        }
        left = left.after(&whole);
    }
    written(plan, head, &entries, room)
}

fn written(plan: &Plan, mut out: String, entries: &[Entry<'_>], room: Room) -> String {
    let mut tail = String::new();
    for line in summary::not_listed(plan) {
        let _ = write!(tail, "{}\n\n", prose(&line));
    }
    if let Some(held) = summary::held(&plan.notes.brakes) {
        let _ = writeln!(tail, "**{held}.**\n");
    }
    if let Some(edited) = choices::closing(plan) {
        let _ = writeln!(tail, "{}\n", quoted_prose(&edited));
    }
    let _ = writeln!(tail, "{}", summary::line(plan));
    let room = room.after(&tail);
    let shown = fitted(entries, room.after(&out));
    let is_list = |text: &String| text.starts_with("- ");
    let texts = |risky: bool| entries.iter().zip(&shown).filter(move |(entry, _)| entry.is_risky() == risky);
    for (risky, title) in [(true, "Look at these first"), (false, "Changes")] {
        let texts: Vec<&String> = texts(risky).filter_map(|(_, text)| text.as_ref()).collect();
        if !texts.is_empty() {
            let _ = write!(out, "#### {title}\n\n");
        }
        for (at, text) in texts.iter().enumerate() {
            out.push_str(text);
            if is_list(text) && texts.get(at + 1).is_none_or(|next| !is_list(next)) {
                out.push('\n');
            }
        }
    }
    let rest: Vec<&Entry<'_>> =
        entries.iter().zip(&shown).filter(|(_, text)| text.is_none()).map(|(entry, _)| entry).collect();
    let left = room.after(&out);
    write_rest(&mut out, &rest, left);
    out + &tail
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Change, Risk};
    use crate::render::samples::{self, instance, replaced};
    use crate::render::sanitize::is_hostile;
    use proptest::prelude::*;
    use serde_json::json;

    fn render(plan: &Plan) -> String {
        within(plan, Room::characters(LIMIT))
    }

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

        `templates/aws-lambda.yaml:12`

        As in `monitors/lambda/api/errors` ([in Datadog](https://app.datadoghq.eu/monitors/123)):

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
        assert!(text.len() <= LIMIT && text.len() > LIMIT / 10 * 7, "{}", text.len());
        assert!(text.contains(" more changes are not shown here.** `musher plan` shows all of them."));
        assert!(text.contains("lambda/*/errors`: `f"), "what is cut is listed by address");
        assert!(text.ends_with("\nPlan: 100,000 to change, 5 unchanged.\n"));
    }

    /// Three thousand risks, of one shape or each of its own.
    fn three_thousand(text: &dyn Fn(usize) -> String, critical: &dyn Fn(usize) -> f64) -> Plan {
        let changes = (0..3_000).map(|n| Change {
            risks: vec![Risk { rank: 3, code: "threshold-loosened", text: text(n) }],
            diff: vec![replaced("/options/thresholds/critical", json!(1), json!(critical(n)))],
            ..instance(Action::Update, &format!("fn{n:04}"), "errors", Vec::new())
        });
        samples::plan(changes.collect(), 0)
    }

    #[test]
    fn of_three_thousand_risks_none_is_cut() {
        let word = |n: usize| -> String {
            format!("{n:04}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let equal = three_thousand(&|_| "It alerts later".to_owned(), &|_| 2.0);
        let numbers = three_thousand(&|n| format!("It alerts later: {n}"), &|n| 2.0 + n as f64);
        let each = three_thousand(&|n| format!("No longer notified: `@{}`", word(n)), &|_| 2.0);
        for (plan, told) in [(&equal, "3,000"), (&numbers, "3,000"), (&each, "2,")] {
            let text = render(plan);
            assert!(text.encode_utf16().count() <= LIMIT);
            for n in 0..3_000 {
                assert!(text.contains(&format!("fn{n:04}")), "{n} is not listed");
            }
            assert!(text.contains(told) && text.contains(":warning:"), "{}", &text[..800]);
            assert!(!text.contains("no room here"), "{text}");
        }
        assert!(
            render(&each).contains("`threshold-loosened` change 2,"),
            "what is cut is listed by its risk"
        );
    }

    #[test]
    fn what_has_no_room_even_by_address_is_counted() {
        let changes = (0..9_000).map(|n| Change {
            risks: vec![Risk {
                rank: 3,
                code: "draft",
                text: format!("It is {n} a draft").repeat(n % 3 + 1),
            }],
            ..samples::change(Action::Update, &format!("monitors/team-{n}-of-many/{n}/of/the/errors-of-{n}"))
        });
        let text = render(&samples::plan(changes.collect(), 0));
        assert!(text.encode_utf16().count() <= LIMIT && text.len() > LIMIT / 10 * 9, "{}", text.len());
        assert!(text.contains("have no room here even by address, "), "{}", &text[text.len() - 900..]);
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let changes = (0..700).map(|n| Change {
            diff: vec![replaced(
                "/message",
                json!("変更".repeat(20)),
                json!(format!("{}{n}", "警報".repeat(n % 40))),
            )],
            ..samples::change(Action::Update, &format!("monitors/m{n}"))
        });
        let text = render(&samples::plan(changes.collect(), 0));
        assert!(text.encode_utf16().count() <= LIMIT && text.len() > LIMIT, "{}", text.len());
    }

    #[test]
    fn expanded_where_all_of_it_has_room() {
        let changes = |many: usize| (0..many).map(|n| samples::threshold_of(&format!("f{n}"))).collect();
        let room = Room::bytes(1 << 20);
        let text = expanded(&samples::plan(changes(500), 0), room);
        assert_eq!(text.matches("<summary><code>~ monitors/lambda/f").count(), 500);
        let text = expanded(&samples::plan(changes(9_000), 0), room);
        assert!(text.contains("<code>~ 9,000 monitors lambda/*/errors") && text.len() <= room.left);
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
        assert!(text.encode_utf16().count() <= LIMIT);
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
            prop_assert!(text.encode_utf16().count() <= LIMIT);
            prop_assert!(!text.chars().any(|c| is_hostile(c) && c != '\n' && c != '\t'));
            let (first, last) = (text.lines().next().unwrap_or_default(), text.lines().last().unwrap_or_default());
            prop_assert!(first.starts_with("<!-- musher:plan ") && first.ends_with(" -->"));
            prop_assert_eq!(last, summary::line(&plan));
            prop_assert_eq!(render(&plan), text);
        }
    }
}
