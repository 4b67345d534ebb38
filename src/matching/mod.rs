//! Resources and live objects -> pairs: by the mark, by an old mark, by `$id`, by name; and what is nobody's any more.

mod adopt;
mod bearers;
mod damage;
mod keyed;
mod likeness;
mod moves;
mod pair;
mod state;

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::cores::in_parallel;
use crate::diagnostic::{Diagnostic, Part};
use crate::fill::known_of as live_side;
use crate::kind::{self, Kind};
use crate::mark::{self, Damage};
use crate::model::{Address, Claim, Live, Mark, Question, Reference, Resource};

pub use self::bearers::taken;
use self::bearers::{Selected, choose};
use self::damage::Create;
pub use self::keyed::key_of;
use self::keyed::{Keyed, KnownIds};
use self::likeness::{Compared, must_replace};
use self::pair::urls;
pub use self::pair::{Found, Pair, Wanted};
use self::state::{Marked, Matching};

/// Below this many pairs, starting a thread costs more than it saves.
const WORTH_THREADS: usize = 32;

pub struct Matched<'a> {
    pub pairs: Vec<Pair<'a>>,
    /// Ours, and declared by nobody: to be deleted.
    pub leftover: Vec<&'a Live>,
    /// The first of two can be written only after the second: its new mark is still borne by the other's object.
    pub waits: Vec<(Address, Address)>,
    /// Ours, and let go: copies of the mark too.
    pub forgotten: Vec<(&'a Resource, &'a Live)>,
    /// Without a mark, and declared to go (`$absent`).
    pub absent: Vec<(&'a Live, &'a Resource)>,
    /// Without a mark, inside a namespace of ours, and declared by nobody.
    pub unnamed: Vec<(&'a Live, Claim)>,
    /// Namespaces of ours in which something lives that is declared.
    pub begun: BTreeSet<String>,
    pub questions: Vec<Question>,
    /// How many resources are live, clones not counted; and how many of them by a mark.
    pub owned: usize,
    pub marked: usize,
}

/// Matches all at once, by the marks as they are now.
pub fn match_all<'a>(wanted: &Wanted<'a>) -> (Matched<'a>, Vec<Diagnostic>) {
    let (mut marked, mut former, mut damaged) = (Marked::new(), Marked::new(), Vec::new());
    for live in wanted.live {
        let Some(kind) = kind::of_section(live.section) else { continue };
        sort_in(kind, live, wanted, (&mut marked, &mut former, &mut damaged));
    }
    for bearers in marked.values_mut().chain(former.values_mut()) {
        bearers.sort_by_cached_key(|live| bearers::age(live));
    }
    let borne = marked.len();
    let mut forgotten = Vec::new();
    for resource in wanted.forgotten {
        let bearers = marked.remove(&resource.address).into_iter().flatten();
        forgotten.extend(bearers.map(|live| (resource, live)));
    }
    let sure = marked.iter().filter_map(|(address, bearers)| match bearers[..] {
        [only] => Some((address.clone(), live_side(only))),
        _ => None,
    });
    let mut work = Matching {
        wanted,
        declared: wanted.resources.iter().map(|resource| (&resource.address, resource)).collect(),
        sure: sure.collect(),
        marked,
        former,
        damaged,
        keyed: Keyed::of(wanted.live),
        adoptable: adopt::adoptable(wanted),
        absent: Vec::new(),
        leftover: Vec::new(),
        diagnostics: Vec::new(),
    };
    let moves = moves::resolve(&work);
    let waits = moves.waits();
    let mut pairs = work.pairs(moves);
    work.mark_replaced(&mut pairs);
    work.hold_replaces(&pairs);
    work.refuse_marks(&pairs);
    let mut questions = work.questions(&pairs);
    work.leave_over(&pairs, &mut questions);
    work.leave_former();
    questions.sort();
    let Matching { leftover, absent, diagnostics, keyed, .. } = work;
    let begun = begun(&pairs, wanted);
    let unnamed = keyed.rest(wanted.namespace);
    let owned = borne + named(&pairs) + absent.len() + unnamed.len();
    let matched = Matched {
        pairs,
        leftover,
        waits,
        forgotten,
        absent,
        unnamed,
        begun,
        questions,
        owned,
        marked: borne,
    };
    (matched, diagnostics)
}

/// How many are live by their name.
fn named(pairs: &[Pair<'_>]) -> usize {
    let is_named = |pair: &&Pair<'_>| pair.kind.is_keyed() && !pair.kind.is_order() && pair.live.is_some();
    pairs.iter().filter(is_named).count()
}

/// Which of the pairs differ in a field that can't be changed in place.
fn replaced(pairs: &[Pair<'_>]) -> Vec<bool> {
    // Few such fields hold a reference: the objects are looked up when one does.
    let targets = OnceLock::new();
    let known = |reference: &Reference| known_of(targets.get_or_init(|| lives(pairs)), reference);
    let of_some = |pairs: &[Pair<'_>], _| {
        let is_replaced = |pair: &Pair<'_>| {
            let differs = |live: &Live| must_replace(pair.kind, pair.resource, &live.body, Some(&known));
            pair.live.is_some_and(|(live, _)| differs(live))
        };
        pairs.iter().map(is_replaced).collect::<Vec<_>>()
    };
    in_parallel(pairs, WORTH_THREADS, &of_some).into_iter().flatten().collect()
}

/// The namespaces in which something lives that is declared.
fn begun(pairs: &[Pair<'_>], wanted: &Wanted<'_>) -> BTreeSet<String> {
    let lives = pairs.iter().filter(|pair| pair.kind.is_keyed() && pair.live.is_some());
    lives.filter_map(|pair| Keyed::space(pair.kind, pair.resource, wanted.namespace)).collect()
}

/// The live objects of pairs, by the addresses that they will have; without those that get another id.
fn lives<'p>(pairs: &[Pair<'p>]) -> HashMap<&'p Address, &'p Live> {
    let stay = pairs.iter().filter(|pair| !pair.replaced || pair.kind.api.id.chosen);
    stay.filter_map(|pair| Some((&pair.resource.address, pair.live?.0))).collect()
}

/// What a reference to one of them stands for.
fn known_of(lives: &HashMap<&Address, &Live>, reference: &Reference) -> Option<String> {
    live_side(lives.get(&reference.target)?).of(reference.attribute)
}

/// Puts a live object where its mark belongs.
fn sort_in<'a>(
    kind: &Kind,
    live: &'a Live,
    wanted: &Wanted<'_>,
    (marked, former, damaged): (&mut Marked<'a>, &mut Marked<'a>, &mut Vec<(&'a Live, Damage)>),
) {
    if let Some(mark) = live.mark.as_ref().filter(|mark| mark.owner == *wanted.owner) {
        // Read when it was listed.
        return marked.entry(Address::new(live.section, &mark.id)).or_default().push(live);
    }
    let mark = match mark::reading(kind, &live.body, wanted.owner) {
        mark::Reading::Damaged(damage) => return damaged.push((live, damage)),
        mark::Reading::Mark(mark) => {
            return marked.entry(Address::new(live.section, &mark.id)).or_default().push(live);
        }
        mark::Reading::Nothing => live.mark.as_ref(),
    };
    if let Some(mark) = mark.filter(|mark| wanted.former.contains(&mark.owner)) {
        former.entry(Address::new(live.section, &mark.id)).or_default().push(live);
    }
}

impl<'a> Matching<'_, 'a> {
    fn difference(&self, kind: &Kind, resource: &Resource, live: &Live) -> usize {
        Compared { kind, resource, known: &self.sure }.difference(live)
    }

    fn pairs(&mut self, moves: moves::Moves<'a>) -> Vec<Pair<'a>> {
        let given: BTreeSet<&Address> = moves.taken.values().collect();
        for resource in moves.exact.keys() {
            self.marked.remove(resource);
        }
        let mut pairs = Vec::with_capacity(self.wanted.resources.len());
        let mut own: HashMap<&Address, Vec<&'a Live>> = HashMap::new();
        // All groups are taken as they were, before any of them is given to somebody else.
        for resource in self.wanted.resources {
            let address = &resource.address;
            let from = moves.taken.get(address).unwrap_or(address);
            if (from != address || !given.contains(address))
                && let Some(bearers) = self.marked.remove(from)
            {
                own.insert(address, bearers);
            }
        }
        let kind_of = |resource: &Resource| kind::of_section(resource.address.section());
        for resource in self.wanted.resources {
            let Some(kind) = kind_of(resource).filter(|kind| !kind.is_keyed()) else { continue };
            let address = &resource.address;
            let live = if let Some(live) = moves.exact.get(address) {
                let is_own = live.mark.as_ref().is_some_and(|mark| mark.id == address.id());
                Some((*live, if is_own { Found::Mark } else { Found::OldMark }))
            } else if let Some(bearers) = own.remove(address) {
                let moved = moves.taken.contains_key(address);
                let live = self.chosen(kind, resource, bearers, moved);
                Some((live, if moved { Found::OldMark } else { Found::Mark }))
            } else if let Some(bearers) = self.of_former(resource) {
                Some((self.chosen(kind, resource, bearers, false), Found::OldMark))
            } else {
                adopt::adopt((self.wanted, &self.adoptable), resource, &mut self.diagnostics)
                    .map(|live| (live, Found::Id))
            };
            pairs.push(Pair { resource, kind, live, replaced: false });
        }
        // What is known by a key comes last: ids of the others may stand in it.
        let named = self.named_all(&pairs);
        pairs.extend(named);
        self.diagnostics.extend(moves.conflicts);
        pairs
    }

    /// The pairs of all resources whose kinds bear no mark.
    fn named_all(&mut self, pairs: &[Pair<'a>]) -> Vec<Pair<'a>> {
        let lives = lives(pairs);
        let known = |reference: &Reference| known_of(&lives, reference);
        let resources = self.wanted.resources.iter();
        let named = resources.filter_map(|resource| {
            let kind = kind::of_section(resource.address.section()).filter(|kind| kind.is_keyed())?;
            self.named(kind, resource, &known)
        });
        named.collect()
    }

    /// The pair of a resource whose kind bears no mark; none where it is to go.
    fn named(
        &mut self,
        kind: &'static Kind,
        resource: &'a Resource,
        known: &KnownIds<'_>,
    ) -> Option<Pair<'a>> {
        let adopted = adopt::adopt((self.wanted, &self.adoptable), resource, &mut self.diagnostics);
        let live = self.keyed.take(kind, resource, (adopted, known), &mut self.diagnostics);
        if !resource.directives.absent {
            return Some(Pair { resource, kind, live, replaced: false });
        }
        self.absent.extend(live.map(|(live, _)| (live, resource)));
        None
    }

    /// What an owner before a rename has under this id, or under one before.
    fn of_former(&mut self, resource: &Resource) -> Option<Vec<&'a Live>> {
        let mut ids = std::iter::once(&resource.address).chain(&resource.directives.moved_from);
        let found = ids.find(|id| self.former.contains_key(*id))?.clone();
        self.former.remove(&found)
    }

    /// The one of several bearers of a mark that is the resource's. The others are reported, and left alone.
    fn chosen(
        &mut self,
        kind: &'static Kind,
        resource: &'a Resource,
        bearers: Vec<&'a Live>,
        moved: bool,
    ) -> &'a Live {
        if let [only] = bearers[..] {
            return only;
        }
        let hint = (self.wanted.seen_last)(kind.section, resource.address.id());
        let compared = Compared { kind, resource, known: &self.sure };
        let Selected { live, rests, clones } = choose(&compared, &bearers, hint.as_deref());
        self.leftover.extend(rests);
        if (self.wanted.selected)(&resource.address) && !clones.is_empty() {
            let reported = if moved {
                bearers::undecided(resource, &bearers, "it was renamed")
            } else {
                bearers::cloned(&resource.address, live, &clones)
            };
            self.diagnostics.push(reported);
        }
        live
    }

    fn mark_replaced(&self, pairs: &mut [Pair<'a>]) {
        // What refers by such a field to an object that is replaced is replaced with it.
        loop {
            let before = pairs.iter().filter(|pair| pair.replaced).count();
            let replaced = replaced(pairs);
            for (pair, replaced) in pairs.iter_mut().zip(replaced) {
                pair.replaced |= replaced;
            }
            if pairs.iter().filter(|pair| pair.replaced).count() == before {
                return;
            }
        }
    }

    /// A replace next to clones would make each of them look like the rest of one; an adoption never replaces.
    fn hold_replaces(&mut self, pairs: &[Pair<'a>]) {
        if !pairs.iter().any(|pair| pair.replaced) {
            return;
        }
        let cloned: HashMap<Address, Vec<&'a Live>> = self.clones();
        for pair in pairs.iter().filter(|pair| pair.replaced) {
            let Some((live, found)) = pair.live else { continue };
            if !(self.wanted.selected)(&pair.resource.address) {
                continue;
            }
            let is_adopted =
                found == Found::Id || pair.kind.is_keyed() && pair.resource.directives.adopt.is_some();
            if is_adopted {
                self.diagnostics.push(adopt::other_kind_of(pair.kind, pair.resource, live));
            } else if let Some(mark) = &live.mark
                && let Some(bearers) = cloned.get(&Address::new(live.section, &mark.id))
                && !self.leftover.iter().any(|rest| rest.mark == live.mark)
            {
                let why = "a field changes that can't be changed in place";
                self.diagnostics.push(bearers::undecided(pair.resource, bearers, why));
            }
        }
    }

    /// A new mark that the service would keep otherwise is refused before it is sent.
    fn refuse_marks(&mut self, pairs: &[Pair<'a>]) {
        for pair in pairs.iter().filter(|pair| (self.wanted.selected)(&pair.resource.address)) {
            let (owner, id) = (self.wanted.owner, pair.resource.address.id());
            let bears = |own: &Mark| own.owner == *owner && own.id == id;
            if pair.live.is_some_and(|(live, _)| live.mark.as_ref().is_some_and(bears)) {
                continue;
            }
            let new = Mark { owner: owner.clone(), id: id.to_owned(), protect: false };
            if let Some(tag) = mark::rewritten(pair.kind, &new) {
                let text =
                    format!("The service would not keep the tag `{tag}`, a part of the mark, as it is sent");
                let at = pair.resource.origin.layers.first().map(|at| at.part(Part::Key));
                self.diagnostics.push(
                    Diagnostic::error("mark-not-kept", text, at)
                        .help("choose an id without `__`, and without `_` at its end"),
                );
            }
        }
    }

    /// Every mark that several objects bear, with those.
    fn clones(&self) -> HashMap<Address, Vec<&'a Live>> {
        let mut all: HashMap<Address, Vec<&'a Live>> = HashMap::new();
        for live in self.wanted.live {
            if let Some(mark) = &live.mark
                && (mark.owner == *self.wanted.owner || self.wanted.former.contains(&mark.owner))
            {
                all.entry(Address::new(live.section, &mark.id)).or_default().push(live);
            }
        }
        all.retain(|_, bearers| bearers.len() > 1);
        all
    }

    /// What is borne by damaged objects, and the creates that they may be.
    fn questions(&mut self, pairs: &[Pair<'a>]) -> Vec<Question> {
        let adopted: BTreeSet<(&str, &str)> = pairs
            .iter()
            .filter_map(|pair| pair.live.filter(|(_, found)| *found == Found::Id))
            .map(|(live, _)| (live.section, live.id.as_str()))
            .collect();
        let creates = if self.damaged.is_empty() { Vec::new() } else { self.creates(pairs) };
        let mut questions = Vec::new();
        for (live, damage) in &self.damaged {
            if adopted.contains(&(live.section, live.id.as_str())) {
                continue;
            }
            let held = damage::held(live, damage, &creates);
            if !held.is_empty() || !matches!(damage, Damage::Line { owned: false, .. }) {
                self.diagnostics.push(damage::reported(live, damage));
            }
            questions.extend(damage::question(live, &held));
        }
        questions
    }

    fn creates<'p>(&self, pairs: &'p [Pair<'a>]) -> Vec<Create<'p, 'a>> {
        let is_create =
            |pair: &&Pair<'_>| pair.live.is_none() && (self.wanted.selected)(&pair.resource.address);
        pairs.iter().filter(is_create).map(Create::of).collect()
    }

    /// What is ours and declared by nobody goes, unless it is not clear whose it is.
    fn leave_over(&mut self, pairs: &[Pair<'a>], questions: &mut Vec<Question>) {
        let claims: HashMap<&Address, &Pair<'a>> = pairs
            .iter()
            .flat_map(|pair| pair.resource.directives.moved_from.iter().map(move |old| (old, pair)))
            .collect();
        let creates = if self.marked.is_empty() { Vec::new() } else { self.creates(pairs) };
        for (address, bearers) in std::mem::take(&mut self.marked) {
            if !(self.wanted.selected)(&address) && !claims.contains_key(&address) {
                continue;
            }
            let first = bearers[0];
            if let Some(pair) = claims.get(&address).filter(|_| !self.declared.contains_key(&address)) {
                let own = pair.live.map(|(live, _)| live);
                if (self.wanted.selected)(&pair.resource.address) {
                    self.diagnostics.push(moves::both_live(pair.resource, &address, (own, first)));
                }
            } else if bearers.len() > 1 {
                self.diagnostics.push(bearers::abandoned(&address, &bearers));
            } else if let Some(create) = damage::kin_of(first, &address, &creates) {
                questions.push(damage::kin(first, &address, create.address()));
            } else {
                self.leftover.push(first);
            }
        }
    }

    /// Objects of owners before a rename that nothing declares: reported, and left as they are.
    fn leave_former(&mut self) {
        let selected = |(address, _): &(&Address, _)| (self.wanted.selected)(address);
        let left: Vec<&'a Live> =
            self.former.iter().filter(selected).flat_map(|(_, bearers)| bearers).copied().collect();
        if left.is_empty() {
            return;
        }
        let (objects, bear) = if left.len() == 1 { ("object", "bears") } else { ("objects", "bear") };
        let text = format!(
            "{} live {objects} {bear} the mark of an owner that `moved_from` names, and nothing declares them: {}",
            left.len(),
            urls(&left)
        );
        self.diagnostics
            .push(Diagnostic::warning("left-behind", text, None).help(
                "they are left alone: declare them, delete them in Datadog, or take the mark off them",
            ));
    }
}
