//! Functions, services and alerts -> who has an eye on what: the holes, and the alerts that look at nothing.

mod function;
mod live;
mod selection;
mod service;
mod watch;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use self::selection::{FUNCTION, named};
use crate::diagnostic::Position;
use crate::kind::{self, Family};
use crate::model::{Address, Resource};
use crate::routing::Filter;
use crate::signal::{Demands, Signal};

pub use self::function::{Function, Tags, functions};
pub use self::live::{Blind, Names, Sighting, Unknown, sighting, to_ask};
pub use self::selection::{Selects, selects, speaks_of};
pub use self::service::{Objective, objectives};
pub use self::watch::{Look, Watch, watch};

/// Who has an eye on what.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// By name.
    pub functions: Vec<Covered>,
    /// By name.
    pub services: Vec<Service>,
    /// Alerts on metrics of functions that select none of the inventory's.
    pub idle: Vec<(Address, Position)>,
    /// Alerts on what is required that tell nobody: no recipient, no rule, no composite that has one.
    pub unanswered: Vec<(Address, Position)>,
    pub tiers: BTreeMap<String, Tier>,
    pub live: Live,
}

/// What is known of what is live. It changes no count: what is sent on errors alone isn't there before the first one.
#[derive(Clone, Debug)]
pub enum Live {
    /// Why it was not asked for, or not told.
    Unasked(&'static str),
    Told(Sighting),
}

impl Default for Live {
    fn default() -> Self {
        Self::Unasked("nobody asked")
    }
}

impl Coverage {
    /// Whether all that covers a signal looks at nothing that is live.
    pub fn is_blind(&self, by: &[Address]) -> bool {
        let Live::Told(sighting) = &self.live else { return false };
        let blind = |address: &Address| sighting.blind.iter().any(|own| own.address == *address);
        !by.is_empty() && by.iter().all(blind)
    }
}

/// A function with the alerts that select it and tell it apart.
#[derive(Clone, Debug)]
pub struct Covered {
    pub name: String,
    pub tier: String,
    pub service: Option<String>,
    pub position: Position,
    /// All signals, in their order.
    pub signals: Vec<State>,
}

#[derive(Clone, Debug)]
pub struct State {
    pub signal: Signal,
    pub required: bool,
    pub by: Vec<Address>,
    /// Alerts that cover it if a tag is what their scope asks for, of which the inventory says nothing.
    pub perhaps: Vec<Address>,
}

impl State {
    pub fn is_missing(&self) -> bool {
        self.required && self.by.is_empty()
    }
}

/// A service of some function.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub slos: Vec<Address>,
    /// Some of its objectives has an alert on its burn rate.
    pub burn_rate: bool,
}

/// Signals of all functions of a tier.
#[derive(Clone, Debug, Default)]
pub struct Tier {
    pub functions: usize,
    pub required: usize,
    pub covered: usize,
    pub minimum: Option<f64>,
}

impl Tier {
    /// In percent, down to a tenth: 100 is all. A tier that needs nothing has it.
    pub fn percent(&self) -> f64 {
        if self.required == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of functions are small")]
        let share = (self.covered * 1_000) as f64 / self.required as f64;
        share.floor() / 10.0
    }

    pub fn is_missed(&self) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "counts of functions are small")]
        let (covered, required) = (self.covered as f64, self.required as f64);
        self.minimum.is_some_and(|minimum| covered * 100.0 + 1e-9 < minimum * required)
    }
}

/// Judges what is declared. `functions` as [`functions`] gives them, their positions known.
pub fn coverage(functions: &[Function], resources: &[Resource], demands: &Demands) -> Coverage {
    let watches: Vec<Watch> = resources.iter().filter_map(watch).collect();
    let objectives = objectives(resources, &watches);
    let known = Known::new(functions);
    let mut by: HashMap<(usize, Signal), (Vec<Address>, Vec<Address>)> = HashMap::new();
    let mut idle = Vec::new();
    for watch in &watches {
        let mut met = watch.looks.is_empty() || functions.is_empty();
        for look in &watch.looks {
            let selected = known.selected(look);
            met |= !selected.is_empty();
            let told_apart = known.told_apart(look, &selected);
            for signal in Signal::ALL.into_iter().filter(|signal| signal.is_told_by(&look.metric)) {
                for (at, selects) in told_apart.iter().filter(|_| !watch.silent) {
                    let (sure, perhaps) = by.entry((*at, signal)).or_default();
                    let list = if *selects == Selects::Yes { sure } else { perhaps };
                    list.push(watch.address.clone());
                }
            }
        }
        if !met {
            idle.push((watch.address.clone(), Position::default()));
        }
    }
    let functions: Vec<Covered> = functions
        .iter()
        .enumerate()
        .map(|(at, function)| {
            covered(function, demands, |signal| by.remove(&(at, signal)).unwrap_or_default())
        })
        .collect();
    let unanswered = unanswered(&functions, &watches, resources);
    let mut coverage = Coverage {
        services: services(&functions, &objectives),
        tiers: tiers(&functions, demands),
        functions,
        idle,
        unanswered,
        live: Live::default(),
    };
    let places: HashMap<&Address, &Position> =
        resources.iter().map(|resource| (&resource.address, &resource.origin.position)).collect();
    for (address, position) in coverage.idle.iter_mut().chain(&mut coverage.unanswered) {
        *position = places.get(address).map(|position| (*position).clone()).unwrap_or_default();
    }
    coverage
}

fn covered(
    function: &Function,
    demands: &Demands,
    mut by: impl FnMut(Signal) -> (Vec<Address>, Vec<Address>),
) -> Covered {
    let required = demands.of(&function.tier);
    let state = |signal| {
        let (mut sure, mut perhaps) = by(signal);
        for list in [&mut sure, &mut perhaps] {
            list.sort();
            list.dedup();
        }
        perhaps.retain(|address| !sure.contains(address));
        State { signal, required: required.contains(&signal), by: sure, perhaps }
    };
    Covered {
        name: function.name.clone(),
        tier: function.tier.clone(),
        service: function.service.clone(),
        position: function.position.clone(),
        signals: Signal::ALL.into_iter().map(state).collect(),
    }
}

/// Whether an alert looks at this function alone, or at each by itself.
pub fn told_apart(look: &Look, function: &Function) -> bool {
    let known = Known::new(std::slice::from_ref(function));
    !known.told_apart(look, &known.selected(look)).is_empty()
}

/// The functions, by their names.
struct Known<'f> {
    functions: &'f [Function],
    by_name: HashMap<String, Vec<usize>>,
}

impl<'f> Known<'f> {
    fn new(functions: &'f [Function]) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, function) in functions.iter().enumerate() {
            by_name.entry(function.name.to_lowercase()).or_default().push(at);
        }
        Self { functions, by_name }
    }

    /// The functions that a metric's scope selects, or may.
    fn selected(&self, look: &Look) -> Vec<(usize, Selects)> {
        let judge = |at: usize| Some((at, selects(look.scope.as_ref(), &self.functions.get(at)?.tags)));
        let found: Vec<(usize, Selects)> = match look.scope.as_ref().and_then(named) {
            Some(names) => {
                let named = names.iter().filter_map(|name| self.by_name.get(name)).flatten();
                named.filter_map(|at| judge(*at)).collect()
            }
            None => (0..self.functions.len()).filter_map(judge).collect(),
        };
        found.into_iter().filter(|(_, selects)| *selects != Selects::No).collect()
    }

    /// Those of them that the alert tells apart from others: each has a group of its own, or the scope names one alone.
    /// Who names a function knows what else the scope asks for.
    fn told_apart(&self, look: &Look, selected: &[(usize, Selects)]) -> Vec<(usize, Selects)> {
        let scope = look.scope.as_ref();
        if look.groups.iter().any(|key| key == FUNCTION) {
            let by_name = scope.is_some_and(|scope| named(scope).is_some());
            let sure = |selects| if by_name { Selects::Yes } else { selects };
            return selected.iter().map(|(at, selects)| (*at, sure(*selects))).collect();
        }
        let names: BTreeSet<String> = selected
            .iter()
            .filter_map(|(at, _)| Some(self.functions.get(*at)?.name.to_lowercase()))
            .collect();
        if names.len() != 1 || !scope.is_some_and(|scope| speaks_of(scope, FUNCTION)) {
            return Vec::new();
        }
        selected.iter().map(|(at, _)| (*at, Selects::Yes)).collect()
    }
}

fn services(functions: &[Covered], objectives: &[Objective]) -> Vec<Service> {
    let names: BTreeSet<&String> =
        functions.iter().filter_map(|function| function.service.as_ref()).collect();
    let service = |name: &String| {
        let own = || objectives.iter().filter(|objective| objective.services.contains(name));
        Service {
            name: name.clone(),
            slos: own().map(|objective| objective.address.clone()).collect(),
            burn_rate: own().any(|objective| !objective.fast.is_empty() || !objective.slow.is_empty()),
        }
    };
    names.into_iter().map(service).collect()
}

fn tiers(functions: &[Covered], demands: &Demands) -> BTreeMap<String, Tier> {
    let mut tiers: BTreeMap<String, Tier> = BTreeMap::new();
    for (name, minimum) in &demands.minimums {
        tiers.entry(name.clone()).or_default().minimum = Some(*minimum);
    }
    for function in functions {
        let tier = tiers.entry(function.tier.clone()).or_default();
        tier.functions += 1;
        for state in function.signals.iter().filter(|state| state.required) {
            tier.required += 1;
            tier.covered += usize::from(!state.by.is_empty());
        }
    }
    tiers
}

/// The alerts on what is required whose message names nobody, that no rule routes, and that are part of nothing that
/// reaches somebody.
fn unanswered(functions: &[Covered], watches: &[Watch], resources: &[Resource]) -> Vec<(Address, Position)> {
    let required = functions.iter().flat_map(|function| &function.signals).filter(|state| state.required);
    let asked: HashSet<&Address> = required.flat_map(|state| &state.by).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let reached = reached(watches, resources);
    let silent = watches.iter().map(|watch| &watch.address);
    let silent = silent.filter(|address| asked.contains(address) && !reached.contains(address));
    silent.map(|address| (address.clone(), Position::default())).collect()
}

/// The alerts that reach somebody.
pub fn reached<'w>(watches: &'w [Watch], resources: &[Resource]) -> HashSet<&'w Address> {
    let of_routing = |resource: &&Resource| {
        kind::of_section(resource.address.section())
            .is_some_and(|kind| kind.quirks.family == Some(Family::Routing))
    };
    let rules: Vec<Filter> =
        resources.iter().filter(of_routing).map(|resource| Filter::of(&resource.body.value())).collect();
    let is_told = |watch: &&Watch| {
        let tags: BTreeSet<&str> = watch.tags.iter().map(String::as_str).collect();
        !watch.silent && (watch.tells || rules.iter().any(|rule| rule.passes(&tags)))
    };
    let mut reached: HashSet<&Address> = watches.iter().filter(is_told).map(|watch| &watch.address).collect();
    // A composite speaks for its members; one composite may be a member of another.
    let mut open: Vec<&Watch> = watches.iter().filter(|watch| reached.contains(&watch.address)).collect();
    let by_address: HashMap<&Address, &Watch> = watches.iter().map(|watch| (&watch.address, watch)).collect();
    while let Some(watch) = open.pop() {
        for member in watch.members.iter().filter_map(|address| by_address.get(address)) {
            if reached.insert(&member.address) {
                open.push(member);
            }
        }
    }
    reached
}
