//! What all forms of a plan say alike: where it would act, how much it would do.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::value::{count, cut, plural};
use crate::model::{Action, Address, Brake, Change, Claim, Plan, Rename, Renamed, Unlisted};

/// Names of projects, sites and organisations are cut here: they may come from a file or the service.
const NAME: usize = 120;
/// At most this many globs of `--only` are shown.
const GLOBS: usize = 8;

/// `Environment staging, site datadoghq.eu, organisation Acme (project acme-serverless)`
pub fn headline(plan: &Plan) -> String {
    let name = |text: &str| cut(text, NAME);
    let environment =
        plan.environment.as_ref().map_or_else(String::new, |own| format!("Environment {}, ", name(own)));
    let site = if environment.is_empty() { "Site" } else { "site" };
    let organisation =
        plan.organisation.as_ref().map_or_else(String::new, |own| format!(", organisation {}", name(own)));
    format!("{environment}{site} {}{organisation} (project {})", name(&plan.site), name(&plan.project))
}

/// `Apply 3 changes to the environment `staging` at datadoghq.eu? Type `yes` to apply: `
pub fn question(plan: &Plan) -> String {
    let name = |text: &str| cut(text, NAME);
    let environment = plan
        .environment
        .as_ref()
        .map_or_else(String::new, |own| format!(" to the environment `{}`", name(own)));
    let changes = plural(plan.changes.len(), "change");
    format!("Apply {changes}{environment} at {}? Type `yes` to apply: ", name(&plan.site))
}

/// `Plan: 3 to create, 1 to change, 1 to delete, 2,496 unchanged.`, or `No changes.`
pub fn line(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        return "No changes.".to_owned();
    }
    let mut parts: Vec<String> = Action::ALL
        .into_iter()
        .map(|action| (plan.count(action), verb(action)))
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{} to {verb}", count(number)))
        .collect();
    if plan.unchanged > 0 {
        parts.push(format!("{} unchanged", count(plan.unchanged)));
    }
    format!("Plan: {}.", parts.join(", "))
}

/// The verdict: `3 to create, 1 to delete, 2 risks; the brake `delete` will hold`.
pub fn verdict(plan: &Plan) -> String {
    verdict_beside(plan, 0)
}

/// The same beside so many objects that only drifted.
pub fn verdict_beside(plan: &Plan, drifted: usize) -> String {
    let mut parts: Vec<String> = Action::ALL
        .into_iter()
        .map(|action| (plan.count(action), verb(action)))
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{} to {verb}", count(number)))
        .collect();
    if parts.is_empty() {
        parts.push("No changes".to_owned());
    }
    let risks: usize = plan.changes.iter().map(|change| change.risks.len()).sum();
    if risks > 0 {
        parts.push(plural(risks, "risk"));
    }
    if drifted > 0 {
        parts.push(format!("{} drifted", count(drifted)));
    }
    let warnings = match plan.notes.warnings.len() {
        0 => String::new(),
        many => format!("; {}", plural(many, "warning")),
    };
    let names: Vec<String> = plan.notes.brakes.iter().map(|brake| format!("`{}`", brake.name)).collect();
    let held = match names.len() {
        0 => String::new(),
        1 => format!("; the brake {} will hold", names[0]),
        _ => format!("; the brakes {} will hold", names.join(", ")),
    };
    let partial = if plan.notes.only.is_empty() { "" } else { "; partial" };
    format!("{}{held}{warnings}{partial}", parts.join(", "))
}

/// `Not listed: dashboards (the key lacks dashboards_read).`, for each kind that the keys may not list.
pub fn not_listed(plan: &Plan) -> Vec<String> {
    let line = |kind: &Unlisted| {
        format!("Not listed: {} (the key lacks {}).", kind.section, kind.lacks.join(" or "))
    };
    plan.unlisted.iter().map(line).collect()
}

/// What no plan can compare: secrets are sent with whatever else changes.
pub fn secrets(secrets: &[(Address, String)]) -> Option<String> {
    const MOST: usize = 5;
    if secrets.is_empty() {
        return None;
    }
    let field = |(address, path): &(Address, String)| {
        let field = path.trim_start_matches('/').replace('/', ".");
        cut(&format!("{address} {field}"), NAME)
    };
    let mut shown: Vec<String> = secrets.iter().take(MOST).map(field).collect();
    if secrets.len() > MOST {
        shown.push(format!("… {} more", count(secrets.len() - MOST)));
    }
    Some(format!("Secrets can't be compared, and are sent with whatever else changes: {}.", shown.join(", ")))
}

/// `Partial: only monitors/lambda/*. What else is declared or live was not looked at.`
pub fn partial(only: &[String]) -> Option<String> {
    if only.is_empty() {
        return None;
    }
    let mut shown: Vec<String> = only.iter().take(GLOBS).map(|glob| cut(glob, NAME)).collect();
    if only.len() > GLOBS {
        shown.push(format!("… {} more", count(only.len() - GLOBS)));
    }
    Some(format!("Partial: only {}. Nothing else was compared.", shown.join(", ")))
}

/// `This apply will be held by the brakes `delete`, `inventory`:`
pub fn held(brakes: &[Brake]) -> Option<String> {
    let names: Vec<String> = brakes.iter().map(|brake| format!("`{}`", brake.name)).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("This apply will be held by the brake {}", names[0])),
        _ => Some(format!("This apply will be held by the brakes {}", names.join(", "))),
    }
}

/// What a likely rename comes to, and the line that keeps the object; `name` shows what stands in files.
pub fn renamed(rename: &Rename, name: &dyn Fn(&str) -> String) -> String {
    let objects = plural(rename.count, "object");
    let keeps = "keeps their ids, history and links";
    let text = match &rename.renamed {
        Renamed::Resource { to, from } => {
            let of: Vec<String> = from.iter().map(|old| name(old.as_str())).collect();
            let (one_of, id) = match &from[..] {
                [only] => ("", only.id()),
                _ => ("one of ", "ID"),
            };
            let line = name(&format!("$moved_from: {id}"));
            let (to, of) = (name(to.as_str()), of.join(", "));
            format!("{to} looks like {one_of}{of} renamed: {line} in it keeps its id, history and links")
        }
        Renamed::Use { to, from } => {
            let line = name(&format!("moved_from: {from}"));
            let (to, from) = (name(to), name(from));
            format!("the use {to} looks like {from} renamed ({objects}): {line} in it {keeps}")
        }
        Renamed::Entry { name: of_use, section, to, from } => {
            let line = name(&format!("$moved_from: {from}"));
            let (to, from, of_use) = (name(&format!("{section}/{to}")), name(from), name(of_use));
            format!(
                "{to} of the use {of_use} looks like {from} renamed ({objects}): {line} in the template {keeps}"
            )
        }
        Renamed::Unclear { name: of_use, to, from } => {
            let (to, from, of_use) = (name(to.as_str()), name(from.as_str()), name(of_use));
            format!(
                "{objects} of the use {of_use} look like others that go, such as {to} like {from}: \
                 no line tells that; with the keys as they were the objects stay"
            )
        }
    };
    match &rename.position {
        Some(position) => format!("{text} ({}:{})", cut(&position.file, NAME), position.line),
        None => text,
    }
}

/// `About 2,500 writes: at the announced 300 in 60 s that takes 8 min.`
pub fn cost(writes: u64, (requests, seconds): (u64, u64)) -> String {
    let number = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX));
    let minutes = writes.saturating_mul(seconds) / requests.max(1) / 60;
    let time = if minutes < 120 { format!("{minutes} min") } else { format!("{} h", number(minutes / 60)) };
    let (writes, requests, seconds) = (number(writes), number(requests), number(seconds));
    format!("About {writes} writes: at the announced {requests} in {seconds} s that takes {time}.")
}

/// An update is a change to people.
pub fn verb(action: Action) -> &'static str {
    match action {
        Action::Update => "change",
        other => other.name(),
    }
}

/// Whose word a change of an object without a mark follows: `in the namespace logs_metrics: lambda.*`.
pub fn claim(change: &Change) -> Option<String> {
    match &change.claim {
        Claim::Mark => None,
        Claim::Name => Some("by name".to_owned()),
        Claim::Namespace(pattern) => Some(format!("in the namespace {}", cut(pattern, NAME))),
        Claim::Absent => Some("absent".to_owned()),
    }
}

/// `created`, `changed`, …
pub fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Replace => "replaced",
        Action::Move => "moved",
        Action::Adopt => "adopted",
        Action::Forget => "forgotten",
        Action::Delete => "deleted",
    }
}

/// `5 monitors, 1 slo`.
pub fn kinds(kinds: impl IntoIterator<Item = &'static str>) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, number)| plural(number, kind)).collect::<Vec<_>>().join(", ")
}

/// The sign before an address.
pub fn symbol(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "-/+",
        Action::Move => ">",
        Action::Adopt => "@",
        Action::Forget => "-@",
        Action::Delete => "-",
    }
}

/// Counts by kind (rows) and action (columns), those that are all zero left out; the first row is the head.
pub fn by_kind(changes: impl IntoIterator<Item = (&'static str, Action)>) -> Vec<Vec<String>> {
    let mut counts = std::collections::BTreeMap::<&str, [usize; Action::ALL.len()]>::new();
    for (kind, action) in changes {
        counts.entry(kind).or_default()[action as usize] += 1;
    }
    let used = |action: &Action| counts.values().any(|row| row[*action as usize] > 0);
    let columns: Vec<Action> = Action::ALL.into_iter().filter(used).collect();
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(columns.iter().map(|action| verb(*action).to_owned()));
    for (kind, row) in &counts {
        let cells = columns.iter().map(|action| match row[*action as usize] {
            0 => "·".to_owned(),
            number => count(number),
        });
        rows.push(std::iter::once((*kind).to_owned()).chain(cells).collect());
    }
    rows
}

/// Columns side by side, without borders; those after the first to the right where `numbers`. The
/// first row is the head. Cells must be clean.
pub fn columns(rows: &[Vec<String>], numbers: bool) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(rows);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 2 } else { 0 }, 2));
        if numbers && at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt().lines().fold(String::new(), |out, line| out + line.trim_end() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writes_cost() {
        for (writes, limit, expected) in [
            (2_500, (300, 60), "About 2,500 writes: at the announced 300 in 60 s that takes 8 min."),
            (90_000, (300, 60), "About 90,000 writes: at the announced 300 in 60 s that takes 5 h."),
            (7, (0, 9_000), "About 7 writes: at the announced 0 in 9,000 s that takes 17 h."),
        ] {
            assert_eq!(cost(writes, limit), expected);
        }
    }
}
