//! What is posted where pull requests are discussed: a plan, its failure, what an apply did. Everything in it may be a
//! stranger's text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::markdown::{code, link, quoted_prose};
use super::plan_text::source_line;
use super::room::Room;
use super::telling::clean_address;
use super::value::{count, cut};
use super::{based, outcome, plan_markdown, summary};
use crate::model::{Outcome, Plan, Status};
use crate::posted::{Failed, Report};

/// What a comment holds, and what the summary of a job does.
pub const LIMIT: Room = Room::characters(plan_markdown::LIMIT);
pub const SUMMARY: Room = Room::bytes(1 << 20);
/// Faults, failures and reasons that are listed.
const LISTED: usize = 50;

/// The first line of a comment, by which a later run finds it.
pub fn marker(what: &str, (project, environment): (&str, Option<&str>), name: Option<&str>) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(200)
            .map(|c| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' })
            .collect()
    };
    let owner = environment
        .map_or_else(|| plain(project), |environment| format!("{}.{}", plain(project), plain(environment)));
    let name = name.map_or_else(String::new, |name| format!(" {}", plain(name)));
    format!("<!-- musher:{what} {owner}{name} -->")
}

/// Where a text was made.
#[derive(Clone, Debug, Default)]
pub struct Footer {
    pub commit: Option<String>,
    pub run: Option<String>,
}

impl Footer {
    fn line(&self) -> String {
        let commit = self
            .commit
            .as_ref()
            .map(|commit| format!("Commit {}", code(&commit.chars().take(12).collect::<String>())));
        let run = self.run.as_ref().map(|run| link("the run", run));
        let parts: Vec<String> = [commit, run].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!("<sub>{}</sub>\n\n", parts.join(" · ")) }
    }
}

/// The part of a plan that is this change's.
pub fn own(plan: &Plan) -> Plan {
    plan.notes.base.as_ref().map_or_else(|| plan.clone(), |based| based::own(plan, based))
}

/// Whether this change changes nothing.
pub fn is_empty(plan: &Plan) -> bool {
    own(plan).changes.is_empty()
}

/// `3 to create, 1 to delete, 2 risks; the brake `delete` will hold`
pub fn verdict(plan: &Plan) -> String {
    let drifted = plan.notes.base.as_ref().map_or(0, |based| based::drifted(plan, based).len());
    summary::verdict_beside(&own(plan), drifted)
}

/// The comment of a plan in so much room: marker, verdict, plan, where it was made, and the summary line last. `expand`:
/// each change by itself, if that fits.
pub fn plan(plan: &Plan, name: Option<&str>, footer: &Footer, (room, expand): (Room, bool)) -> String {
    let marker = marker("plan", (&plan.project, plan.environment.as_deref()), name);
    let headline = format!("### {}", quoted_prose(&verdict(plan)));
    let foot = footer.line();
    let inner = room.after(&marker).after(&headline).after(&foot).beside(8);
    let inner = match &plan.notes.base {
        Some(based) => based::markdown(plan, based, inner, expand),
        None if expand => plan_markdown::expanded(plan, inner),
        None => plan_markdown::within(plan, inner),
    };
    // Its marker and headline stand above.
    let inner = inner.split_once('\n').map_or("", |(_, rest)| rest).trim_end();
    let inner = match inner.split_once('\n') {
        Some((first, rest)) if first.starts_with("### ") => rest.trim_start(),
        _ => inner,
    };
    let (above, last) = inner.rsplit_once('\n').unwrap_or(("", inner));
    let body = format!("{marker}\n{headline}\n\n{}\n\n{foot}{last}\n", above.trim_end());
    if room.holds(&body) {
        return body;
    }
    format!(
        "{marker}\n{headline}\n\nThe plan is too large to be shown here.\n\n{foot}{}\n",
        summary::line(plan)
    )
}

/// The comment of a plan that could not be made.
pub fn failure(failed: &Failed, name: Option<&str>, footer: &Footer, room: Room) -> String {
    let environment = failed.environment.as_deref();
    let marker = marker("plan", (&failed.project, environment), name);
    let of = environment.map_or_else(String::new, |name| format!(" for {}", code(name)));
    let mut out =
        format!("{marker}\n### The plan failed{of}\n\nProject {}\n\n", code(&cut(&failed.project, 120)));
    for (at, fault) in failed.faults.iter().enumerate() {
        let place =
            fault.position.as_ref().map(|place| format!(" · {}", code(&cut(&source_line(place), 300))));
        let help = fault.help.as_ref().map(|help| format!("\n  {}", quoted_prose(&cut(help, 400))));
        let sign = if fault.is_error { ":x:" } else { ":warning:" };
        let line = format!(
            "- {sign} {}: {}{}{}\n",
            code(&cut(&fault.code, 60)),
            quoted_prose(&cut(&fault.text, 600)),
            place.unwrap_or_default(),
            help.unwrap_or_default()
        );
        if at >= LISTED || !room.after(&out).beside(600).holds(&line) {
            let _ = writeln!(out, "- {} more", count(failed.faults.len() - at));
            break;
        }
        out.push_str(&line);
    }
    let _ = write!(out, "\n{}No plan: mend what is wrong first.\n", footer.line());
    out
}

/// The comment of what an apply did.
pub fn report(report: &Report, name: Option<&str>, footer: &Footer, room: Room) -> String {
    let environment = report.environment.as_deref();
    let marker = marker("apply", (&report.project, environment), name);
    let line = outcome::line(&report.outcomes);
    let to = environment.map_or_else(String::new, |name| format!("{} at ", code(name)));
    let mut out = format!(
        "{marker}\n### {}\n\nApplied to {to}{}, project {}\n\n",
        line.trim_end_matches('.'),
        code(&cut(&report.site, 120)),
        code(&cut(&report.project, 120))
    );
    let end = format!("\n{}{line}\n", footer.line());
    let mut lines: Vec<String> = Vec::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &report.outcomes {
        match &one.status {
            Status::Failed { text, .. } => {
                lines.push(format!("- :x: {}: {}", title(one), code(&cut(text, 600))))
            }
            Status::NotTried { because } => *reasons.entry(because).or_default() += 1,
            Status::Done => {}
        }
    }
    let not_tried = reasons.iter();
    lines.extend(not_tried.map(|(because, number)| {
        format!("- :warning: {} not tried: {}", count(*number), quoted_prose(&cut(because, 400)))
    }));
    let noted = report.outcomes.iter().filter_map(|one| Some((one, one.note.as_ref()?)));
    lines.extend(
        noted.map(|(one, note)| format!("- :warning: {}: {}", title(one), quoted_prose(&cut(note, 400)))),
    );
    let kept = report.outcomes.iter().filter(|one| !one.not_kept.is_empty());
    lines.extend(kept.map(|one| format!("- :warning: {}: not kept as it was sent", title(one))));
    let done = report.outcomes.iter().filter(|one| one.status == Status::Done);
    lines.extend(done.map(|one| format!("- {}", title(one))));
    for (at, line) in lines.iter().enumerate() {
        if !room.after(&out).after(&end).beside(40).holds(line) {
            let _ = writeln!(out, "- {} more", count(lines.len() - at));
            break;
        }
        let _ = writeln!(out, "{line}");
    }
    out + &end
}

fn title(outcome: &Outcome) -> String {
    let address = code(&cut(&clean_address(outcome.address.as_str()), 200));
    let url = outcome.url.as_ref().map(|url| format!(" · {}", link("in Datadog", url)));
    format!("{} {address}{}", summary::done(outcome.action), url.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;
    use crate::render::sanitize::is_hostile;
    use proptest::prelude::*;

    fn footer() -> Footer {
        Footer {
            commit: Some("0123456789abcdef".to_owned()),
            run: Some("https://github.com/o/r/actions/runs/1".to_owned()),
        }
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict(&samples::plan(Vec::new(), 3)), "No changes");
        let mut plan = samples::mixed();
        assert_eq!(
            verdict(&plan),
            "2 to create, 7 to change, 1 to replace, 1 to move, 1 to adopt, 1 to delete, 1 risk"
        );
        let brake = |name| crate::model::Brake { name, text: String::new(), remedy: String::new() };
        plan.changes.clear();
        plan.notes.brakes = vec![brake("delete")];
        assert_eq!(verdict(&plan), "No changes; the brake `delete` will hold");
        plan.notes.brakes.push(brake("org"));
        assert_eq!(verdict(&plan), "No changes; the brakes `delete`, `org` will hold");
    }

    #[test]
    fn a_comment_begins_with_its_marker_and_ends_with_the_summary() {
        let body = plan(&samples::mixed(), Some("infra"), &footer(), (LIMIT, false));
        let lines: Vec<&str> = body.lines().collect();
        assert_eq!(lines[0], "<!-- musher:plan shop.staging infra -->");
        assert!(lines[1].starts_with("### 2 to create, "), "{body}");
        assert_eq!(body.matches("\n### ").count(), 1, "{body}");
        assert_eq!(lines[lines.len() - 1], summary::line(&samples::mixed()));
        assert!(
            body.contains(
                "<sub>Commit `0123456789ab` · [the run](https://github.com/o/r/actions/runs/1)</sub>"
            ),
            "{body}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn nothing_acts_or_is_too_long(text in any::<String>(), limit in 3_000_usize..20_000, expand in any::<bool>()) {
            let mut changes = samples::mixed().changes;
            for change in &mut changes {
                change.url = Some(text.clone());
                change.diff.push(samples::added(&text, serde_json::json!(text)));
            }
            let mut sample = samples::plan(changes, 0);
            sample.site = text.clone();
            sample.notes = samples::notes(&text);
            let body = plan(&sample, Some(&text), &footer(), (Room::characters(limit), expand));
            prop_assert!(body.encode_utf16().count() <= limit);
            prop_assert!(!body.chars().any(|c| is_hostile(c) && c != '\n'));
        }
    }
}
