//! What is declared and live, as the questions ask for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::answer::{Cell, Class, Evidence, Proof, Question, State, together};
use super::table::{self, Seen, Table};
use super::{detection, function, program};
use crate::coverage::{Function, Objective, Watch, objectives, reached, told_apart, watch};
use crate::diagnostic::Position;
use crate::kind::{self, Family};
use crate::model::{Address, Body, Directives, Live, Origin, Resource, count};
use crate::pipelines::Setup;
use crate::query::Clauses;

/// What is not code of what is live, in percent, that an environment may have and still be green.
const LOOSE: usize = 5;

/// What answers are drawn from.
pub struct Inputs<'a> {
    /// As people call it: `prod`.
    pub environment: &'a str,
    pub functions: &'a [Function],
    pub tables: &'a [Table],
    pub resources: &'a [Resource],
    /// How programs and functions are set up, as the files of the pipelines say.
    pub setups: &'a [Setup],
    /// All live objects of the kinds in use, whoever made them; absent: not asked.
    pub live: Option<&'a [Live]>,
    /// The line to look at where nothing is declared: that of `musher.yaml`.
    pub project: Position,
}

pub struct Estate<'a> {
    inputs: &'a Inputs<'a>,
    watches: Vec<Watch>,
    objectives: Vec<Objective>,
    reached: HashSet<Address>,
    lines: HashMap<&'a Address, &'a Position>,
    stores: Vec<Store>,
    archives: Vec<Address>,
    /// Live alerts, as coverage reads them.
    live: Vec<(Watch, &'a Live)>,
}

/// What keeps logs.
struct Store {
    address: Address,
    /// What comes in; absent where its search can't be read.
    intake: Option<Clauses>,
    discards: bool,
    limited: bool,
}

fn family(resource: &Resource) -> Option<Family> {
    kind::of_section(resource.address.section())?.quirks.family
}

impl<'a> Estate<'a> {
    pub fn new(inputs: &'a Inputs<'a>) -> Self {
        let watches: Vec<Watch> = inputs.resources.iter().filter_map(watch).collect();
        let reached = reached(&watches, inputs.resources).into_iter().cloned().collect();
        let archives = inputs.resources.iter().filter(|own| family(own) == Some(Family::Archive));
        Self {
            objectives: objectives(inputs.resources, &watches),
            lines: inputs.resources.iter().map(|own| (&own.address, &own.origin.position)).collect(),
            stores: inputs.resources.iter().filter_map(store).collect(),
            archives: archives.map(|own| own.address.clone()).collect(),
            live: inputs.live.unwrap_or_default().iter().filter_map(live_watch).collect(),
            inputs,
            watches,
            reached,
        }
    }

    fn line(&self, address: &Address) -> &Position {
        self.lines.get(address).copied().unwrap_or(&self.inputs.project)
    }

    fn declared(&self, text: impl Into<String>, address: &Address) -> Evidence {
        Evidence::new(Class::Declared, text, self.line(address))
    }

    pub fn of_function(&self, own: &Function) -> Vec<Cell> {
        let names = table::of_function(own);
        let told = self.described(own);
        vec![
            self.code_of(own),
            self.cost(Some(own), &own.position),
            function::traces(&told),
            self.database(
                &names.into_iter().map(|name| (name, &own.position)).collect::<Vec<_>>(),
                &own.position,
            ),
            function::profiling(&told),
            function::security(&told),
            self.slo(own.service.as_deref(), &own.position),
        ]
    }

    /// The function as its own list describes it, else as a file of the pipelines does.
    fn described<'f>(&self, own: &'f Function) -> Cow<'f, Function> {
        if function::is_described(own) {
            return Cow::Borrowed(own);
        }
        let is_own = |setup: &&Setup| setup.function.is_some() && setup.name.eq_ignore_ascii_case(&own.name);
        let Some(setup) = self.inputs.setups.iter().find(is_own) else { return Cow::Borrowed(own) };
        let item = setup.function.clone().unwrap_or_default();
        Cow::Owned(Function { item, position: setup.position.clone(), ..own.clone() })
    }

    /// The answers of the programs of a service, or of all services.
    fn programs(&self, service: Option<&str>) -> Vec<Vec<Cell>> {
        let own = self.inputs.setups.iter().filter(|setup| {
            setup.function.is_none() && service.is_none_or(|name| setup.service.as_deref() == Some(name))
        });
        own.map(program::cells).collect()
    }

    pub fn of_service(&self, name: &str, functions: &[&[Cell]]) -> Vec<Cell> {
        let own = || self.inputs.functions.iter().filter(|own| own.service.as_deref() == Some(name));
        let programs = self.programs(Some(name));
        let setup = || self.inputs.setups.iter().find(|setup| setup.service.as_deref() == Some(name));
        let line = own().next().map(|own| &own.position).or_else(|| Some(&setup()?.position));
        let line = line.unwrap_or(&self.inputs.project);
        let listed = self.inputs.tables.iter().filter(|table| table.service == name);
        let mut tables: BTreeMap<&str, &Position> =
            listed.map(|table| (table.name.as_str(), &table.position)).collect();
        for function in own() {
            for name in table::of_function(function) {
                tables.entry(name).or_insert(&function.position);
            }
        }
        let parts: Vec<&[Cell]> =
            functions.iter().copied().chain(programs.iter().map(Vec::as_slice)).collect();
        let what = if programs.is_empty() { "functions" } else { "functions and programs" };
        let of_all = |question| together(question, &parts, what, line);
        vec![
            of_all(Question::Code),
            of_all(Question::Cost),
            of_all(Question::Traces),
            self.database(&tables.into_iter().collect::<Vec<_>>(), line),
            of_all(Question::Profiling),
            of_all(Question::Security),
            self.slo(Some(name), line),
        ]
    }

    pub fn of_environment(&self, functions: &[&[Cell]], services: &[&[Cell]]) -> Vec<Cell> {
        let line = &self.inputs.project;
        let programs = self.programs(None);
        let parts: Vec<&[Cell]> =
            functions.iter().copied().chain(programs.iter().map(Vec::as_slice)).collect();
        let what = if programs.is_empty() { "functions" } else { "functions and programs" };
        let of_all = |question| together(question, &parts, what, line);
        vec![
            self.code(),
            self.cost(None, line),
            of_all(Question::Traces),
            together(Question::Database, services, "services", line),
            of_all(Question::Profiling),
            self.security(of_all(Question::Security), line),
            together(Question::Slo, services, "services", line),
        ]
    }

    /// What protects programs, and what is declared against attacks: green where both are, as far as they are known.
    fn security(&self, mut cell: Cell, line: &Position) -> Cell {
        let (state, evidence) = detection::declared(self.inputs.resources, line);
        cell.state = match (cell.state, state) {
            (State::Grey, other) | (other, State::Grey) => other,
            (one, other) if one == other => one,
            _ => State::Yellow,
        };
        cell.evidence.extend(evidence);
        cell
    }

    /// The share of what is live that bears somebody's mark.
    fn code(&self) -> Cell {
        let cell = |state, evidence| Cell { question: Question::Code, state, evidence };
        let Some(live) = self.inputs.live else {
            let text = "what is live is not known without keys";
            return cell(State::Grey, vec![Evidence::new(Class::Live, text, &self.inputs.project)]);
        };
        let mut by_kind: BTreeMap<&str, (usize, usize, Option<&Live>)> = BTreeMap::new();
        for own in live.iter().filter(|own| is_markable(own)) {
            let (marked, all, loose) = by_kind.entry(own.section).or_default();
            *all += 1;
            *marked += usize::from(own.mark.is_some());
            if own.mark.is_none() && loose.is_none() {
                *loose = Some(own);
            }
        }
        let (marked, all) = by_kind.values().fold((0, 0), |(marked, all), own| (marked + own.0, all + own.1));
        let state = match all {
            0 => State::Grey,
            all if (all - marked) * 100 <= all * LOOSE => State::Green,
            all if marked * 2 >= all => State::Yellow,
            _ => State::Red,
        };
        let line = |(section, (marked, all, loose)): (&&str, &(usize, usize, Option<&Live>))| {
            let text = format!("{} of {} {section} are as code", count(*marked), count(*all));
            let proof = loose
                .map_or_else(|| Proof::Line(self.inputs.project.clone()), |own| Proof::Url(own.url.clone()));
            Evidence { class: Class::Live, text, proof }
        };
        let mut evidence: Vec<Evidence> = by_kind.iter().map(line).collect();
        if evidence.is_empty() {
            evidence.push(Evidence::new(Class::Live, "nothing is live", &self.inputs.project));
        }
        cell(state, evidence)
    }

    /// Whether the live alerts that look at a function are as code.
    fn code_of(&self, own: &Function) -> Cell {
        let cell = |state, evidence| Cell { question: Question::Code, state, evidence };
        let grey = |text: &str| cell(State::Grey, vec![Evidence::new(Class::Live, text, &own.position)]);
        if self.inputs.live.is_none() {
            return grey("what is live is not known without keys");
        }
        let looks =
            self.live.iter().filter(|(watch, _)| watch.looks.iter().any(|look| told_apart(look, own)));
        let looks: Vec<&Live> = looks.map(|(_, live)| *live).collect();
        let loose: Vec<&Live> = looks.iter().copied().filter(|live| live.mark.is_none()).collect();
        let Some(first) = loose.first().or(looks.first()) else {
            return grey("no live monitor looks at it alone");
        };
        let text =
            format!("{} of {} live monitors of it are as code", looks.len() - loose.len(), looks.len());
        let state = match (loose.len(), looks.len()) {
            (0, _) => State::Green,
            (loose, all) if loose < all => State::Yellow,
            _ => State::Red,
        };
        cell(state, vec![Evidence { class: Class::Live, text, proof: Proof::Url(first.url.clone()) }])
    }

    /// Whether what keeps logs throws away what nobody reads, has a limit, and leaves the rest to an archive.
    fn cost(&self, function: Option<&Function>, line: &Position) -> Cell {
        let cell = |state, evidence| Cell { question: Question::Cost, state, evidence };
        let grey = |text: &str| cell(State::Grey, vec![Evidence::new(Class::Declared, text, line)]);
        if self.stores.is_empty() {
            return grey("no index of logs is declared: how its logs are kept is not known");
        }
        let takes = |store: &&Store| function.is_none_or(|own| store.takes(own));
        let stores: Vec<&Store> = self.stores.iter().filter(takes).collect();
        if stores.is_empty() {
            return grey("no declared index takes its logs for sure");
        }
        let mut evidence = Vec::new();
        let mut holes = 0;
        for store in &stores {
            let lacks: Vec<&str> = [(store.discards, "exclusion filters"), (store.limited, "a daily limit")]
                .into_iter()
                .filter_map(|(has, what)| (!has).then_some(what))
                .collect();
            holes += lacks.len();
            let text = match lacks.is_empty() {
                true => format!("`{}` has exclusion filters and a daily limit", store.address),
                false => {
                    format!("`{}` has no {}", store.address, lacks.join(" and no ").replace("no a ", "no "))
                }
            };
            evidence.push(self.declared(text, &store.address));
        }
        match self.archives.first() {
            Some(address) => evidence.push(self.declared(format!("`{address}` keeps the rest"), address)),
            None => {
                evidence.push(Evidence::new(Class::Declared, "no archive is declared", &self.inputs.project))
            }
        }
        let missing = holes + usize::from(self.archives.is_empty());
        let state = match missing {
            0 => State::Green,
            missing if missing > stores.len() * 2 => State::Red,
            _ => State::Yellow,
        };
        cell(state, evidence)
    }

    /// Whether throttles of each table are watched.
    fn database(&self, tables: &[(&str, &Position)], line: &Position) -> Cell {
        let cell = |state, evidence| Cell { question: Question::Database, state, evidence };
        if tables.is_empty() {
            let text = "no table is known of it";
            return cell(State::Grey, vec![Evidence::new(Class::Declared, text, line)]);
        }
        let seen: Vec<(&str, &Position, Seen)> =
            tables.iter().map(|(name, line)| (*name, *line, table::seen(name, &self.watches))).collect();
        let whole = seen.iter().filter(|(_, _, seen)| !seen.throttles.is_empty()).count();
        let some = seen.iter().any(|(_, _, seen)| !seen.others.is_empty());
        let state = match whole {
            whole if whole == seen.len() => State::Green,
            0 if !some => State::Red,
            _ => State::Yellow,
        };
        let evidence = |(name, line, seen): &(&str, &Position, Seen)| match (
            seen.throttles.first(),
            seen.others.first(),
        ) {
            (Some(address), _) => {
                self.declared(format!("`{address}` watches throttles of `{name}`"), address)
            }
            (None, Some(address)) => {
                self.declared(format!("`{address}` watches `{name}`, but not its throttles"), address)
            }
            (None, None) => Evidence::new(Class::Declared, format!("no monitor watches `{name}`"), line),
        };
        cell(state, seen.iter().map(evidence).collect())
    }

    /// Whether an objective of the service has a fast and a slow burn-rate alert that reach somebody.
    fn slo(&self, service: Option<&str>, line: &Position) -> Cell {
        let cell = |state, evidence| Cell { question: Question::Slo, state, evidence };
        let said = |text: &str| vec![Evidence::new(Class::Declared, text, line)];
        let Some(service) = service else { return cell(State::Grey, said("it names no service")) };
        let own: Vec<&Objective> =
            self.objectives.iter().filter(|objective| objective.services.contains(service)).collect();
        if own.is_empty() {
            return cell(State::Red, said(&format!("no SLO speaks for `{service}`")));
        }
        let reach = |list: &[Address]| list.iter().find(|address| self.reached.contains(*address)).cloned();
        let mut evidence = Vec::new();
        let mut best = State::Yellow;
        for objective in own {
            let address = &objective.address;
            let (fast, slow) = (reach(&objective.fast), reach(&objective.slow));
            let lacks: Vec<&str> = [(&fast, "fast"), (&slow, "slow")]
                .into_iter()
                .filter_map(|(found, pace)| found.is_none().then_some(pace))
                .collect();
            if lacks.is_empty() {
                best = State::Green;
                let text = format!("`{address}` has a fast and a slow burn-rate alert that reach somebody");
                evidence.insert(0, self.declared(text, address));
                continue;
            }
            let is_silent = objective.fast.len() + objective.slow.len() > fast.iter().chain(&slow).count();
            let rest = if is_silent { " that reaches somebody" } else { "" };
            let text = format!("`{address}` has no {} burn-rate alert{rest}", lacks.join(" and no "));
            evidence.push(self.declared(text, address));
        }
        cell(best, evidence)
    }
}

impl Store {
    /// Whether the logs of a function come in for sure.
    fn takes(&self, function: &Function) -> bool {
        let Some(intake) = &self.intake else { return false };
        let mut words = vec!["source:lambda".to_owned()];
        for key in ["service", "env", "functionname", "team", "region"] {
            words.extend(function.tag(key).map(|value| format!("{key}:\"{value}\"")));
        }
        let quoted = Clauses::read(&words.join(" "));
        let plain = Clauses::read(&words.join(" ").replace('"', ""));
        [quoted, plain].iter().flatten().any(|own| own.implies(intake))
    }
}

fn store(resource: &Resource) -> Option<Store> {
    let kind = kind::of_section(resource.address.section())?;
    let body = resource.body.value();
    let store = kind.quirks.store?(&body)?;
    Some(Store {
        address: resource.address.clone(),
        intake: Clauses::read(store.intake),
        discards: store.discards.iter().any(|discard| discard.share > 0.0),
        limited: store.limited,
    })
}

/// Whether objects of its kind can bear a mark: of others nobody knows who made them.
fn is_markable(live: &Live) -> bool {
    kind::of_section(live.section).is_some_and(|kind| !kind.is_keyed())
}

/// A live alert, read as if it were declared.
fn live_watch(live: &Live) -> Option<(Watch, &Live)> {
    let kind = kind::of_section(live.section).filter(|kind| kind.quirks.family == Some(Family::Alert))?;
    let wanted = ["query", "type", "message", "tags", "options", "draft_status"];
    let map = live.body.as_object()?;
    let body: serde_json::Map<String, Value> =
        wanted.iter().filter_map(|key| Some(((*key).to_owned(), map.get(*key)?.clone()))).collect();
    let resource = Resource {
        address: Address::new(kind.section, &live.id),
        body: Body::of(&Value::Object(body))?,
        directives: Directives::default(),
        origin: std::sync::Arc::new(Origin::default()),
        instance: None,
    };
    Some((watch(&resource)?, live))
}
