//! Refuses a plan past its limits.

use crate::config::{Brakes, Limit};
use crate::model::{Change, Plan};

/// The limit of the brakes `delete` and `inventory` where an environment sets none.
const SHARE: Limit = Limit::Percent(30);

/// Below this many, a share of the objects says nothing.
const AT_LEAST: usize = 10;

/// Every brake, with what it guards.
pub const BRAKES: [(&str, &str); 7] = [
    ("delete", "more than 30 %, and at least 10, of the owner's objects deleted or replaced"),
    ("protect", "a protected object deleted or replaced"),
    ("empty", "no definitions at all"),
    ("inventory", "as delete, for the instances of one use"),
    ("org", "not the organisation that the environment names"),
    ("mark", "something made that may be there already, with a mark that can't be read"),
    ("owner", "an estate made that another owner has under the same ids"),
];

/// A brake that holds a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub name: &'static str,
    /// A full sentence without a final full stop.
    pub text: String,
}

impl Held {
    /// What lets the plan pass.
    pub fn knobs(&self) -> String {
        let setting = match self.name {
            "delete" | "inventory" => format!("`brakes: {{{}: 100%}}`", self.name),
            name => format!("`brakes: {{{name}: off}}`"),
        };
        format!(
            "if this is meant, run again with `--release-brake {}`, or set {setting} for the environment in musher.yaml",
            self.name
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
        inventory(plan, limits.brakes),
        org(limits),
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
            None => held.push((Held { name: question.brake, text: question.text.clone() }, 0)),
        }
    }
    let told = |(mut held, more): (Held, usize)| {
        if more > 0 {
            held.text = format!("{} (and {more} more like it)", held.text);
        }
        held
    };
    held.into_iter().map(told).collect()
}

/// Whether `count` of `total` is past the limit, and how the limit reads.
fn past(count: usize, total: usize, limit: Option<Limit>) -> Option<String> {
    match limit.unwrap_or(SHARE) {
        Limit::Percent(percent) => (count >= AT_LEAST && count * 100 > total * percent as usize)
            .then(|| format!("the limit is {percent} %, from {AT_LEAST} on")),
        Limit::Count(most) => (count > most as usize).then(|| format!("the limit is {most}")),
    }
}

fn delete(plan: &Plan, brakes: &Brakes) -> Option<Held> {
    let count = plan.changes.iter().filter(|change| change.deletes()).count();
    let limit = past(count, plan.owned, brakes.delete)?;
    let text = format!("{count} of {} live objects would be deleted or replaced; {limit}", plan.owned);
    Some(Held { name: "delete", text })
}

fn protect(plan: &Plan) -> Option<Held> {
    let hit: Vec<&Change> =
        plan.changes.iter().filter(|change| change.deletes() && change.protected).collect();
    let first = hit.first()?;
    let others = match hit.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    let would = if hit.len() == 1 { "is protected and would be" } else { "are protected and would be" };
    let text = format!("`{}`{others} {would} deleted or replaced", first.address);
    Some(Held { name: "protect", text })
}

fn empty(plan: &Plan) -> Option<Held> {
    (plan.declared == 0 && plan.owned > 0).then(|| Held {
        name: "empty",
        text: format!(
            "there are no definitions at all, so that all {} live objects would be deleted",
            plan.owned
        ),
    })
}

fn inventory(plan: &Plan, brakes: &Brakes) -> Option<Held> {
    plan.instances.iter().find_map(|(name, instances)| {
        let limit = past(instances.gone, instances.live, brakes.inventory)?;
        let text =
            format!("{} of {} live instances of `{name}` would go; {limit}", instances.gone, instances.live);
        Some(Held { name: "inventory", text })
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
    Some(Held { name: "org", text })
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
            environment: None,
            site: "s".into(),
            organisation: None,
            changes: (0..deleted).map(change).collect(),
            unchanged: 0,
            known: Default::default(),
            owned,
            instances: Default::default(),
            declared,
            questions: Vec::new(),
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
