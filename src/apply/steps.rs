//! What waits for what: each change is a step, a replace two, and a step begins when those that it needs are done.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Kind};
use crate::model::{Action, Address, Change};

/// A part of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the plan.
    pub change: usize,
    /// The old object of a replace goes; otherwise the change itself.
    pub old: bool,
}

/// Steps that can begin, in turn.
pub type Ready = BTreeSet<(Reverse<usize>, usize)>;

/// The order of steps, and how far it has come.
#[derive(Debug)]
pub struct Schedule {
    pub steps: Vec<Step>,
    /// How many needs of a step are not done.
    open: Vec<usize>,
    needed_by: Vec<Vec<usize>>,
    /// What only waits for a step: it begins too when that fails.
    waits_for: Vec<Vec<usize>>,
    ended: Vec<bool>,
    /// How many steps wait for one another behind a step, at the longest.
    behind: Vec<usize>,
}

impl Schedule {
    /// A step for each change, in the plan's order, then those that delete the old objects of replaces.
    ///
    /// A change needs those at the addresses of its [`Change::after`]; where an address has several, a write
    /// needs the one that writes, a delete all of them. The old object of a replace goes when the new one is there and all that
    /// referred to the old one is done; a delete that needs a replace needs that too.
    pub fn new(changes: &[Change]) -> Self {
        let needs = direct_needs(changes);
        let mut steps: Vec<Step> = (0..changes.len()).map(|change| Step { change, old: false }).collect();
        let mut old_of = BTreeMap::new();
        for (change, _) in changes.iter().enumerate().filter(|(_, change)| change.action == Action::Replace) {
            old_of.insert(change, steps.len());
            steps.push(Step { change, old: true });
        }
        let mut edges: Vec<(usize, usize)> = Vec::new();
        for (change, needed) in
            needs.iter().enumerate().flat_map(|(at, all)| all.iter().map(move |n| (at, *n)))
        {
            edges.push((change, needed));
            // Nothing goes before what is to take its place can come.
            edges.extend(
                old_of.get(&change).filter(|_| deletes_first(&changes[change])).map(|&own| (own, needed)),
            );
            let Some(&old) = old_of.get(&needed).filter(|_| !deletes_first(&changes[needed])) else {
                continue;
            };
            if changes[change].action == Action::Delete {
                edges.push((change, old));
            } else {
                edges.push((old, change));
                edges.extend(old_of.get(&change).map(|&own| (old, own)));
            }
        }
        edges.extend(old_of.iter().map(|(&change, &old)| {
            if deletes_first(&changes[change]) { (change, old) } else { (old, change) }
        }));
        edges.sort_unstable();
        edges.dedup();
        let mut schedule = Self {
            open: vec![0; steps.len()],
            needed_by: vec![Vec::new(); steps.len()],
            waits_for: vec![Vec::new(); steps.len()],
            ended: vec![false; steps.len()],
            behind: vec![0; steps.len()],
            steps,
        };
        for (step, needed) in edges {
            schedule.open[step] += 1;
            schedule.needed_by[needed].push(step);
        }
        for (step, first) in later(changes).into_iter().chain(emptied(changes, &needs, &old_of)) {
            schedule.open[step] += 1;
            schedule.waits_for[first].push(step);
        }
        schedule.measure();
        // Writes of which only one is under way at a time wait for each other, too.
        let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
        for at in (0..schedule.steps.len()).rev() {
            let kind = kind::of_name(changes[schedule.steps[at].change].kind);
            if let Some(kind) = kind.filter(|kind| kind.api.serial) {
                let behind = lanes.entry(kind.lane()).or_default();
                schedule.behind[at] = schedule.behind[at].max(*behind);
                *behind += 1;
            }
        }
        schedule
    }

    /// Finds how long the chains are behind each step. What waits in a circle never begins.
    fn measure(&mut self) {
        let mut open = self.open.clone();
        let mut sorted: Vec<usize> = (0..self.steps.len()).filter(|&at| open[at] == 0).collect();
        let mut next = 0;
        while let Some(&at) = sorted.get(next) {
            next += 1;
            for &later in self.needed_by[at].iter().chain(&self.waits_for[at]) {
                open[later] -= 1;
                if open[later] == 0 {
                    sorted.push(later);
                }
            }
        }
        for &at in sorted.iter().rev() {
            let later = self.needed_by[at].iter().chain(&self.waits_for[at]);
            self.behind[at] = later.map(|&later| self.behind[later] + 1).max().unwrap_or(0);
        }
    }

    /// The steps that need nothing.
    pub fn first(&self) -> Ready {
        self.in_turn((0..self.steps.len()).filter(|&at| self.open[at] == 0))
    }

    /// Steps that can begin, as they take their turn: first what the longest chain waits for, so that its last links
    /// don't remain alone at the end.
    pub fn in_turn(&self, steps: impl IntoIterator<Item = usize>) -> Ready {
        steps.into_iter().map(|at| (Reverse(self.behind[at]), at)).collect()
    }

    /// A step is done: those that can begin now.
    pub fn done(&mut self, at: usize) -> Vec<usize> {
        self.ended[at] = true;
        let next = [&self.needed_by[at][..], &self.waits_for[at]].concat();
        self.release(next)
    }

    /// Of the steps that waited for one that has ended, those that can begin now.
    fn release(&mut self, waiting: Vec<usize>) -> Vec<usize> {
        let mut ready = Vec::new();
        for next in waiting {
            self.open[next] -= 1;
            if self.open[next] == 0 && !self.ended[next] {
                ready.push(next);
            }
        }
        ready
    }

    /// A step failed: those that will never begin, each once; and those that only waited, and can begin now.
    pub fn failed(&mut self, at: usize) -> (Vec<usize>, Vec<usize>) {
        self.ended[at] = true;
        let mut blocked = Vec::new();
        let mut rest = vec![at];
        while let Some(at) = rest.pop() {
            for &next in &self.needed_by[at] {
                if !self.ended[next] {
                    self.ended[next] = true;
                    blocked.push(next);
                    rest.push(next);
                }
            }
        }
        blocked.sort_unstable();
        let waiting = blocked.iter().chain([&at]).flat_map(|at| self.waits_for[*at].clone()).collect();
        let ready = self.release(waiting);
        (blocked, ready)
    }
}

/// The writes that come after those of other sections, by the rows: each with one that it waits for.
fn later(changes: &[Change]) -> Vec<(usize, usize)> {
    let written = || changes.iter().enumerate().filter(|(_, change)| change.action != Action::Delete);
    let mut pairs = Vec::new();
    for (at, change) in written() {
        let after = kind::of_name(change.kind).map_or(&[][..], |kind| kind.api.after);
        if after.is_empty() {
            continue;
        }
        let first = written().filter(|(_, first)| after.contains(&first.address.section()));
        pairs.extend(first.map(|(first, _)| (at, first)));
    }
    pairs
}

/// Where the namespace alone tells what is ours, the old object of a replace goes after what only goes: killed between old
/// and new, a run would else leave a namespace in which nothing lives that is declared, and more to delete, which is what
/// a wrong namespace looks like. A delete that waits for others might wait for the replace: it holds nothing up.
fn emptied(changes: &[Change], needs: &[Vec<usize>], old_of: &BTreeMap<usize, usize>) -> Vec<(usize, usize)> {
    let is_keyed = |at: usize| kind::of_name(changes[at].kind).is_some_and(Kind::is_keyed);
    let goes = |at: &usize| changes[*at].action == Action::Delete && needs[*at].is_empty() && is_keyed(*at);
    let going: Vec<usize> = (0..changes.len()).filter(goes).collect();
    let replaced =
        old_of.iter().filter(|(change, _)| is_keyed(**change) && deletes_first(&changes[**change]));
    let of_one = |(&change, &old): (&usize, &usize)| {
        let same = going.iter().filter(move |at| changes[**at].kind == changes[change].kind);
        same.map(move |delete| (old, *delete))
    };
    replaced.flat_map(of_one).collect()
}

/// Whether the old object of a replace must go before the new one can come: both have the id that people chose.
pub fn deletes_first(change: &Change) -> bool {
    change.action == Action::Replace && kind::of_name(change.kind).is_some_and(|kind| kind.api.id.chosen)
}

/// For each change the changes that it needs, by their places in the plan.
fn direct_needs(changes: &[Change]) -> Vec<Vec<usize>> {
    let mut writes: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    let mut deletes: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let map = if change.action == Action::Delete { &mut deletes } else { &mut writes };
        map.entry(&change.address).or_default().push(at);
    }
    let meant = |(at, change): (usize, &Change)| {
        // A delete waits for all that may still use its object; a reference means what is written.
        let meant = |address| match (writes.get(address), deletes.get(address)) {
            (Some(writes), Some(deletes)) if change.action == Action::Delete => {
                [&writes[..], deletes].concat()
            }
            (Some(found), _) | (None, Some(found)) => found.clone(),
            (None, None) => Vec::new(),
        };
        change.after.iter().flat_map(meant).filter(|&needed| needed != at).collect()
    };
    changes.iter().enumerate().map(meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &'static str, address: Address, action: Action) -> Change {
        Change::new(kind, address, action)
    }

    #[test]
    fn policies_come_after_monitors_whatever_becomes_of_those() {
        let monitor = |id: &str, action| change("monitor", Address::new("monitors", id), action);
        let changes = [
            monitor("a", Action::Create),
            monitor("b", Action::Update),
            monitor("gone", Action::Delete),
            change("monitor_policy", Address::new("monitor_policies", "team"), Action::Create),
            change("monitor_policy", Address::new("monitor_policies", "old"), Action::Delete),
        ];
        let mut schedule = Schedule::new(&changes);
        let first: Vec<usize> = schedule.first().into_iter().map(|(_, at)| at).collect();
        assert_eq!(first, [0, 1, 2, 4], "the new policy waits for what is written");
        assert!(schedule.done(0).is_empty());
        let (blocked, ready) = schedule.failed(1);
        assert!(blocked.is_empty(), "a monitor that fails holds no policy up");
        assert_eq!(ready, [3]);
    }

    #[test]
    fn a_namespace_is_never_emptied_while_something_is_still_to_go() {
        let tag = |id: &str, action| change("metric_tag", Address::new("metric_tags", id), action);
        let changes = [tag("a", Action::Replace), tag("b", Action::Delete)];
        let mut schedule = Schedule::new(&changes);
        let first: Vec<usize> = schedule.first().into_iter().map(|(_, at)| at).collect();
        assert_eq!(first, [1]);
        let (blocked, ready) = schedule.failed(1);
        assert!(blocked.is_empty());
        assert_eq!(ready, [2], "the old one goes all the same");
        assert_eq!(schedule.done(2), [0]);
    }

    #[test]
    fn what_is_written_one_by_one_begins_early() {
        let rule = |id: &str| change("waf_rule", Address::new("waf_rules", id), Action::Create);
        let monitor = change("monitor", Address::new("monitors", "a"), Action::Create);
        let schedule = Schedule::new(&[monitor, rule("a"), rule("b"), rule("c")]);
        let first: Vec<usize> = schedule.first().into_iter().map(|(_, at)| at).collect();
        assert_eq!(first, [1, 2, 0, 3]);
    }

    #[test]
    fn what_the_longest_chain_waits_for_comes_first() {
        let needs = |id: &str, needed: &[&str]| {
            let mut change = change("monitor", Address::new("monitors", id), Action::Create);
            change.after.extend(needed.iter().map(|id| Address::new("monitors", id)));
            change
        };
        let changes = [
            needs("alone", &[]),
            needs("last", &["middle", "alone too"]),
            needs("middle", &["first"]),
            needs("alone too", &[]),
            needs("first", &[]),
            needs("circle", &["circle too"]),
            needs("circle too", &["circle"]),
        ];
        let mut schedule = Schedule::new(&changes);
        let order = |ready: Ready| ready.into_iter().map(|(_, at)| at).collect::<Vec<_>>();
        assert_eq!(order(schedule.first()), [4, 3, 0]);
        assert!(schedule.done(3).is_empty());
        let next = schedule.done(4);
        assert_eq!(order(schedule.in_turn(next)), [2]);
    }
}
