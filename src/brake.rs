//! Refuses a plan past its limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Brakes, Limit};
use crate::model::{Action, Change, Claim, Plan, count as shown};

/// The limit of the brakes `delete` and `inventory` where an environment sets none.
const SHARE: Limit = Limit::Percent(30);

/// Below this many, a share of the objects says nothing.
const AT_LEAST: usize = 10;

/// Every brake, with what it guards.
pub const BRAKES: [(&str, &str); 9] = [
    ("delete", "more than 30 %, and at least 10, of the owner's resources deleted or replaced"),
    ("protect", "a protected object deleted or replaced"),
    ("empty", "no definitions at all"),
    ("namespace", "deletes in a namespace of which nothing that is declared is live yet"),
    ("inventory", "as delete, for the instances of one use"),
    ("org", "not the organisation that the environment names"),
    ("mark", "something made that may be there already, with a mark that can't be read"),
    ("owner", "an estate made that another owner has under the same ids"),
    ("twin", "a new object that looks like one without a mark that is there"),
];

/// A brake that holds a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub name: &'static str,
    /// A full sentence without a final full stop.
    pub text: String,
    /// The least limit that lets this plan pass, where there is one that still holds something.
    pub limit: Option<Limit>,
}

impl Held {
    /// What lets the plan pass: this run alone first, and never a setting that switches the brake off for good.
    pub fn knobs(&self) -> String {
        let name = self.name;
        let run = format!("if this is meant, run again with `--release-brake {name}`");
        let limit = match self.limit {
            None => return run,
            Some(Limit::Percent(percent)) => format!("{percent}%"),
            Some(Limit::Count(count)) => count.to_string(),
        };
        format!(
            "{run}; `brakes: {{{name}: {limit}}}` for the environment in musher.yaml lets as much pass in every run"
        )
    }
}

/// The organisation that keys belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    pub public_id: String,
}

/// What an apply is to be held against.
pub struct Limits<'a> {
    pub brakes: &'a Brakes,
    /// The organisation that the environment names, by name or public id.
    pub org: Option<&'a str>,
    /// The organisation of the keys, where they may read it.
    pub organisation: Option<&'a Organisation>,
    /// Brakes that this run releases.
    pub released: &'a [String],
}

/// The brakes that hold the plan, in the order of [`BRAKES`].
pub fn held(plan: &Plan, limits: &Limits) -> Vec<Held> {
    let all = [
        delete(plan, limits.brakes),
        protect(plan),
        empty(plan),
        namespace(plan),
        inventory(plan, limits.brakes),
        org(limits),
        twin(plan),
    ];
    all.into_iter()
        .flatten()
        .chain(questions(plan))
        .filter(|held| {
            ![&limits.brakes.off, limits.released].iter().any(|names| names.iter().any(|n| n == held.name))
        })
        .collect()
}

/// What the plan asks, each brake once: the first of its questions, and how many more there are.
fn questions(plan: &Plan) -> Vec<Held> {
    let mut held: Vec<(Held, usize)> = Vec::new();
    for question in &plan.questions {
        match held.iter_mut().find(|(held, _)| held.name == question.brake) {
            Some((_, more)) => *more += 1,
            None => held.push((Held { name: question.brake, text: question.text.clone(), limit: None }, 0)),
        }
    }
    let reported = |(mut held, more): (Held, usize)| {
        if more > 0 {
            held.text = format!("{} (and {more} more like it)", held.text);
        }
        held
    };
    held.into_iter().map(reported).collect()
}

/// A limit that a plan is past.
struct Past {
    /// How it reads.
    text: String,
    /// The least one of its type that would do.
    least: Option<Limit>,
}

/// Whether `count` of `total` is past the limit. Where an environment sets none, few are never too many.
fn past(count: usize, total: usize, own: Option<Limit>) -> Option<Past> {
    if own.is_none() && count < AT_LEAST {
        return None;
    }
    match own.unwrap_or(SHARE) {
        Limit::Percent(percent) => {
            let from = if own.is_none() { format!(", from {AT_LEAST} on") } else { String::new() };
            let least = (count * 100).div_ceil(total.max(1));
            let least = u32::try_from(least).ok().filter(|least| *least < 100).map(Limit::Percent);
            (count * 100 > total * percent as usize)
                .then(|| Past { text: format!("the limit is {percent} %{from}"), least })
        }
        Limit::Count(most) => {
            let least = u32::try_from(count).ok().filter(|_| count < total).map(Limit::Count);
            (count > most as usize)
                .then(|| Past { text: format!("the limit is {}", shown(most as usize)), least })
        }
    }
}

fn delete(plan: &Plan, brakes: &Brakes) -> Option<Held> {
    // Of a replace that was cut off, the rest bears the address of a resource, too.
    let gone: BTreeSet<&str> =
        plan.changes.iter().filter(|change| change.deletes()).map(|change| change.address.as_str()).collect();
    let count = gone.len();
    let past = past(count, plan.owned, brakes.delete)?;
    let text = format!(
        "{} of {} live resources would be deleted or replaced; {}",
        shown(count),
        shown(plan.owned),
        past.text
    );
    Some(Held { name: "delete", text, limit: past.least })
}

fn protect(plan: &Plan) -> Option<Held> {
    let hit: Vec<&Change> =
        plan.changes.iter().filter(|change| change.deletes() && change.protected).collect();
    let first = hit.first()?;
    let others = match hit.len() {
        1 => String::new(),
        more => format!(" and {} more", shown(more - 1)),
    };
    let would = if hit.len() == 1 { "is protected and would be" } else { "are protected and would be" };
    let text = format!("`{}`{others} {would} deleted or replaced", first.address);
    Some(Held { name: "protect", text, limit: None })
}

fn twin(plan: &Plan) -> Option<Held> {
    let is_twin = |change: &&Change| change.risks.iter().any(|risk| risk.code == "twin");
    let mut hit = plan.changes.iter().filter(is_twin);
    let first = hit.next()?;
    let text = match hit.count() {
        0 => format!(
            "`{}` would be made beside an object that looks like it; the plan names it",
            first.address
        ),
        more => format!(
            "`{}` and {} more would be made beside objects that look like them; the plan names them",
            first.address,
            shown(more)
        ),
    };
    Some(Held { name: "twin", text, limit: None })
}

fn empty(plan: &Plan) -> Option<Held> {
    (plan.declared == 0 && plan.owned > 0).then(|| Held {
        name: "empty",
        text: format!(
            "there are no definitions at all, so that all {} live resources would be deleted",
            shown(plan.owned)
        ),
        limit: None,
    })
}

/// A namespace that is new is seen by what it would take, before anything that is declared lives in it.
fn namespace(plan: &Plan) -> Option<Held> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.action == Action::Delete) {
        if let Claim::Namespace(space) = &change.claim
            && !plan.notes.begun.contains(space)
        {
            *taken.entry(space).or_default() += 1;
        }
    }
    let objects = |count: usize| if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
    let reported =
        taken.iter().map(|(space, count)| format!("{} in the namespace `{space}`", objects(*count)));
    let reported: Vec<String> = reported.collect();
    (!reported.is_empty()).then(|| Held {
        name: "namespace",
        text: format!(
            "{} would be deleted, and nothing that is declared there lives yet",
            reported.join(" and ")
        ),
        limit: None,
    })
}

fn inventory(plan: &Plan, brakes: &Brakes) -> Option<Held> {
    plan.instances.iter().find_map(|(name, instances)| {
        let past = past(instances.gone, instances.live, brakes.inventory)?;
        let (gone, live) = (shown(instances.gone), shown(instances.live));
        let text = format!("{gone} of {live} live instances of `{name}` would go; {}", past.text);
        Some(Held { name: "inventory", text, limit: past.least })
    })
}

fn org(limits: &Limits) -> Option<Held> {
    let wanted = limits.org?;
    let text = match limits.organisation {
        Some(found) if found.name == wanted || found.public_id == wanted => return None,
        Some(found) => format!(
            "the environment names the organisation `{wanted}`, the keys belong to `{}` ({})",
            found.name, found.public_id
        ),
        None => {
            format!("the environment names the organisation `{wanted}`, and the keys may not read theirs")
        }
    };
    Some(Held { name: "org", text, limit: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Address, Instances};

    fn plan(owned: usize, declared: usize, deleted: usize, protected: bool) -> Plan {
        let change = |n: usize| {
            let action = if n == 0 { Action::Replace } else { Action::Delete };
            let change = Change::new("monitor", Address::new("monitors", &format!("m{n}")), action);
            Change { protected: protected && n == 0, ..change }
        };
        Plan {
            project: "p".into(),
            site: "s".into(),
            changes: (0..deleted).map(change).collect(),
            owned,
            marked: owned,
            declared,
            ..Plan::default()
        }
    }

    fn check(plan: &Plan, brakes: &Brakes, released: &[&str], expected: &[&str]) {
        let released: Vec<String> = released.iter().map(|name| (*name).to_owned()).collect();
        let limits = Limits { brakes, org: None, organisation: None, released: &released };
        assert_eq!(held(plan, &limits).iter().map(|held| held.name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn deletes_are_counted_in_shares() {
        let brakes = Brakes::default();
        check(&plan(20, 5, 9, false), &brakes, &[], &[]);
        check(&plan(33, 5, 10, false), &brakes, &[], &["delete"]);
        check(&plan(34, 5, 10, false), &brakes, &[], &[]);
        check(&plan(33, 5, 10, false), &brakes, &["delete"], &[]);
        check(
            &plan(300, 5, 31, false),
            &Brakes { delete: Some(Limit::Percent(10)), ..brakes.clone() },
            &[],
            &["delete"],
        );
        check(&plan(300, 5, 3, false), &Brakes { delete: Some(Limit::Count(2)), ..brakes }, &[], &["delete"]);
    }

    #[test]
    fn a_limit_of_ones_own_counts_from_the_first_on() {
        let of = |limit| Brakes { delete: Some(limit), inventory: Some(limit), ..Brakes::default() };
        check(&plan(20, 5, 1, false), &of(Limit::Percent(0)), &[], &["delete"]);
        check(&plan(20, 5, 0, false), &of(Limit::Percent(0)), &[], &[]);
        check(&plan(10, 5, 5, false), &of(Limit::Percent(50)), &[], &[]);
        check(&plan(10, 5, 6, false), &of(Limit::Percent(50)), &[], &["delete"]);
        check(&plan(10, 5, 10, false), &of(Limit::Percent(100)), &[], &[]);
        let mut shrunk = plan(1000, 900, 0, false);
        shrunk.instances.insert("lambda".into(), Instances { live: 5, gone: 1 });
        check(&shrunk, &of(Limit::Percent(0)), &[], &["inventory"]);
    }

    #[test]
    fn the_remedy_is_the_least_that_passes() {
        for (owned, deleted, limit, expected) in [
            (25, 12, None, Some("48%")),
            (33, 10, None, Some("31%")),
            (20, 20, None, None),
            (1000, 999, None, None),
            (20, 3, Some(Limit::Percent(0)), Some("15%")),
            (20, 3, Some(Limit::Count(2)), Some("3")),
            (20, 20, Some(Limit::Count(2)), None),
        ] {
            let brakes = |delete| Brakes { delete, ..Brakes::default() };
            let released = Vec::new();
            let plan = plan(owned, 5, deleted, false);
            let reported = |brakes: &Brakes| {
                held(&plan, &Limits { brakes, org: None, organisation: None, released: &released })
            };
            let held = reported(&brakes(limit));
            let knobs = held.iter().map(Held::knobs).collect::<Vec<_>>().join("");
            assert!(
                knobs.starts_with("if this is meant, run again with `--release-brake delete`"),
                "{knobs}"
            );
            let setting = expected.map(|limit| format!("`brakes: {{delete: {limit}}}`"));
            assert_eq!(knobs.contains("brakes:"), expected.is_some(), "{knobs}");
            assert!(setting.is_none_or(|setting| knobs.contains(&setting)), "{knobs}");
            // What it names does pass.
            if let Some(limit) = held[0].limit {
                assert_eq!(reported(&brakes(Some(limit))), []);
            }
        }
    }

    #[test]
    fn protected_and_empty() {
        let brakes = Brakes::default();
        check(&plan(20, 5, 1, true), &brakes, &[], &["protect"]);
        check(&plan(3, 0, 3, false), &brakes, &[], &["empty"]);
        check(&plan(0, 0, 0, false), &brakes, &[], &[]);
        check(&plan(20, 0, 20, true), &brakes, &["delete", "empty"], &["protect"]);
        check(
            &plan(20, 0, 20, true),
            &Brakes { off: vec!["protect".into(), "empty".into()], ..brakes },
            &[],
            &["delete"],
        );
    }

    #[test]
    fn each_namespace_begins_by_itself() {
        let deleting = |begun: &[&str]| {
            let mut plan = plan(20, 5, 3, false);
            let spaces = ["x: a.*", "x: a.*", "x: b.*"];
            for (change, space) in plan.changes.iter_mut().zip(spaces) {
                (change.action, change.claim) = (Action::Delete, Claim::Namespace(space.to_owned()));
            }
            plan.notes.begun = begun.iter().map(|space| (*space).to_owned()).collect();
            namespace(&plan).map(|held| held.text)
        };
        let reported = |spaces: &str| {
            Some(format!("{spaces} would be deleted, and nothing that is declared there lives yet"))
        };
        assert_eq!(deleting(&["x: a.*", "x: b.*"]), None);
        assert_eq!(deleting(&["x: a.*"]), reported("1 object in the namespace `x: b.*`"));
        let both = "2 objects in the namespace `x: a.*` and 1 object in the namespace `x: b.*`";
        assert_eq!(deleting(&["other: a.*"]), reported(both));
    }

    #[test]
    fn instances_of_one_use() {
        let mut shrunk = plan(1000, 900, 0, false);
        shrunk.instances.insert("lambda".into(), Instances { live: 500, gone: 200 });
        check(&shrunk, &Brakes::default(), &[], &["inventory"]);
        shrunk.instances.insert("lambda".into(), Instances { live: 500, gone: 30 });
        check(&shrunk, &Brakes::default(), &[], &[]);
    }

    #[test]
    fn the_organisation_must_be_the_one_named() {
        let check = |org: Option<&str>, found: Option<(&str, &str)>, expected: usize| {
            let found = found.map(|(name, id)| Organisation { name: name.into(), public_id: id.into() });
            let brakes = Brakes::default();
            let limits = Limits { brakes: &brakes, org, organisation: found.as_ref(), released: &[] };
            assert_eq!(held(&plan(1, 1, 0, false), &limits).len(), expected);
        };
        check(None, None, 0);
        check(Some("Acme"), Some(("Acme", "abc")), 0);
        check(Some("abc"), Some(("Acme", "abc")), 0);
        check(Some("Acme"), Some(("Other", "xyz")), 1);
        check(Some("Acme"), None, 1);
    }
}
