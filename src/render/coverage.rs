//! Who has an eye on what, for people and programs.

use std::io::{self, Write};

use serde::Serialize;

use super::heat::{self, Cell, Shade, Table};
use super::list::{Located, write_located};
use super::markdown::{code, quoted_prose};
use super::plan_json::Source;
use super::plan_text::source_line;
use super::sanitize::clean;
use super::sighting::{self, Finding};
use super::summary::columns;
use super::telling::names;
use super::value::{count, cut, plural};
use crate::coverage::{Coverage, Covered, Service, State, Tier};
use crate::model::Address;
use crate::signal::Signal;

/// Names of services that are shown in a line.
const SHOWN: usize = 12;
/// Lines of a list that are shown, unless all are asked for.
const LINES: usize = 20;

pub fn title(project: &str, environment: Option<&str>) -> String {
    environment.map_or_else(|| project.to_owned(), |environment| format!("{project}, {environment}"))
}

fn headline(coverage: &Coverage) -> String {
    let functions = plural(coverage.functions.len(), "function");
    format!("{functions} of {}", plural(coverage.services.len(), "service"))
}

/// `97.5 %`
pub fn percent(number: f64) -> String {
    let text = format!("{number:.1}");
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A row for each tier, below a head.
fn tiers(coverage: &Coverage) -> Vec<Vec<String>> {
    let head = ["tier", "functions", "required", "covered", "percent", "minimum"].map(str::to_owned).to_vec();
    let row = |(name, tier): (&String, &Tier)| {
        let minimum = tier.minimum.map_or_else(|| "-".to_owned(), percent);
        let verdict = if tier.is_missed() { format!("{minimum} missed") } else { minimum };
        vec![
            cut(name, 40),
            count(tier.functions),
            count(tier.required),
            count(tier.covered),
            percent(tier.percent()),
            verdict,
        ]
    };
    std::iter::once(head).chain(coverage.tiers.iter().map(row)).collect()
}

/// What a function lacks: `errors, throttles`, with those that a tag decides.
fn missing(function: &Covered) -> Option<String> {
    let lacks: Vec<String> = function
        .signals
        .iter()
        .filter(|state| state.is_missing())
        .map(|state| match state.perhaps.len() {
            0 => state.signal.name().to_owned(),
            _ => format!("{} (perhaps)", state.signal.name()),
        })
        .collect();
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

fn lacking(coverage: &Coverage) -> Vec<(&Covered, String)> {
    coverage.functions.iter().filter_map(|function| Some((function, missing(function)?))).collect()
}

fn without(coverage: &Coverage, fits: fn(&Service) -> bool) -> Vec<&str> {
    coverage.services.iter().filter(|service| fits(service)).map(|service| service.name.as_str()).collect()
}

fn has_no_slo(service: &Service) -> bool {
    service.slos.is_empty()
}

fn has_no_alert(service: &Service) -> bool {
    !service.slos.is_empty() && !service.burn_rate
}

/// Text; `all`: lists are not cut.
pub fn write(coverage: &Coverage, title: &str, all: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Coverage of {}: {}\n", clean(title), headline(coverage))?;
    out.write_all(columns(&tiers(coverage), true).as_bytes())?;
    let lacking = lacking(coverage);
    if !lacking.is_empty() {
        writeln!(out, "\nNobody has an eye on")?;
        let rows: Vec<Vec<String>> = lacking
            .iter()
            .take(if all { usize::MAX } else { LINES })
            .map(|(function, missing)| {
                let name = clean(&cut(&function.name, 80)).into_owned();
                vec![name, cut(&function.tier, 40), missing.clone(), source_line(&function.position)]
            })
            .collect();
        out.write_all(columns(&rows, false).as_bytes())?;
        more(lacking.len(), rows.len(), out)?;
    }
    for (title, list) in lists(coverage) {
        if !list.is_empty() {
            writeln!(out, "\n{title}")?;
            let shown = &list[..if all { list.len() } else { list.len().min(LINES) }];
            write_located(shown, out)?;
            more(list.len(), shown.len(), out)?;
        }
    }
    for (title, services) in of_services(coverage) {
        if !services.is_empty() {
            writeln!(out, "\n{title}: {}", names(&services, if all { usize::MAX } else { SHOWN }))?;
        }
    }
    for (title, list) in sighting::lists(&coverage.live) {
        if !list.is_empty() {
            writeln!(out, "\n{title}")?;
            let row = |own: &Finding<'_>| {
                let place = own.position.map(source_line).unwrap_or_default();
                vec![own.name.clone(), own.said.clone(), place]
            };
            let rows: Vec<_> = list.iter().take(if all { usize::MAX } else { LINES }).map(row).collect();
            out.write_all(columns(&rows, false).as_bytes())?;
            more(list.len(), rows.len(), out)?;
        }
    }
    match sighting::unknown(&coverage.live) {
        Some(said) => writeln!(out, "\n{said}"),
        None => Ok(()),
    }
}

fn more(all: usize, shown: usize, out: &mut dyn Write) -> io::Result<()> {
    match all - shown {
        0 => Ok(()),
        hidden => writeln!(out, "  and {} more: --expand shows all of them", count(hidden)),
    }
}

fn lists(coverage: &Coverage) -> [(&'static str, &[Located]); 2] {
    [
        ("Monitors that look at no function of the inventory", &coverage.idle),
        ("Monitors that tell nobody", &coverage.unanswered),
    ]
}

fn of_services(coverage: &Coverage) -> [(&'static str, Vec<&str>); 2] {
    [
        ("Services without an SLO", without(coverage, has_no_slo)),
        ("Services without an alert on the burn rate of their SLO", without(coverage, has_no_alert)),
    ]
}

/// Markdown; lists are cut.
pub fn markdown(coverage: &Coverage, title: &str) -> String {
    let mut out = format!("### Coverage of {}\n\n{}\n\n", quoted_prose(title), headline(coverage));
    for (at, row) in tiers(coverage).iter().enumerate() {
        let cells: Vec<String> =
            row.iter().map(|cell| if cell == "-" { String::new() } else { quoted_prose(cell) }).collect();
        out += &format!("| {} |\n", cells.join(" | "));
        if at == 0 {
            out += "| --- | ---: | ---: | ---: | ---: | ---: |\n";
        }
    }
    let mut list = |title: &str, items: Vec<String>| {
        if items.is_empty() {
            return;
        }
        out += &format!("\n<details><summary>{title}: {}</summary>\n\n", count(items.len()));
        items.iter().take(LINES * 5).for_each(|item| out += &format!("- {item}\n"));
        if items.len() > LINES * 5 {
            out += &format!("- and {} more\n", count(items.len() - LINES * 5));
        }
        out += "\n</details>\n";
    };
    let function = |(function, missing): &(&Covered, String)| {
        format!("{}: {missing} ({})", code(&cut(&function.name, 80)), code(&source_line(&function.position)))
    };
    list("Nobody has an eye on", lacking(coverage).iter().map(function).collect());
    for (title, items) in lists(coverage) {
        let item = |(address, position): &Located| {
            format!("{} ({})", code(&cut(address.as_str(), 200)), code(&source_line(position)))
        };
        list(title, items.iter().map(item).collect());
    }
    for (title, services) in of_services(coverage) {
        list(title, services.iter().map(|name| code(&cut(name, 80))).collect());
    }
    for (title, items) in sighting::lists(&coverage.live) {
        let item = |own: &Finding<'_>| {
            let said =
                if own.said.is_empty() { String::new() } else { format!(": {}", quoted_prose(&own.said)) };
            let place = own.position.map(|position| format!(" ({})", code(&source_line(position))));
            format!("{}{said}{}", code(&own.name), place.unwrap_or_default())
        };
        list(title, items.iter().map(item).collect());
    }
    let said = sighting::unknown(&coverage.live).map(|said| format!("\n{}\n", quoted_prose(&said)));
    out + &said.unwrap_or_default()
}

#[derive(Serialize)]
struct SignalEntry<'a> {
    signal: &'a str,
    required: bool,
    covered: bool,
    by: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    perhaps: Vec<&'a str>,
}

#[derive(Serialize)]
struct FunctionEntry<'a> {
    name: &'a str,
    tier: &'a str,
    service: Option<&'a str>,
    source: Source<'a>,
    signals: Vec<SignalEntry<'a>>,
}

#[derive(Serialize)]
struct ServiceEntry<'a> {
    name: &'a str,
    slos: Vec<&'a str>,
    burn_rate: bool,
}

#[derive(Serialize)]
struct Place<'a> {
    address: &'a str,
    source: Source<'a>,
}

#[derive(Serialize)]
struct TierEntry {
    functions: usize,
    required: usize,
    covered: usize,
    percent: f64,
    minimum: Option<f64>,
}

#[derive(Serialize)]
struct Whole<'a> {
    format_version: u32,
    functions: Vec<FunctionEntry<'a>>,
    services: Vec<ServiceEntry<'a>>,
    idle: Vec<Place<'a>>,
    unanswered: Vec<Place<'a>>,
    live: Option<sighting::LiveEntry<'a>>,
    summary: std::collections::BTreeMap<&'a str, TierEntry>,
}

/// JSON, as `docs/coverage.md` describes it.
pub fn write_json(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    let whole = Whole {
        format_version: 1,
        functions: coverage.functions.iter().map(function_entry).collect(),
        services: coverage
            .services
            .iter()
            .map(|service| ServiceEntry {
                name: &service.name,
                slos: addresses(&service.slos),
                burn_rate: service.burn_rate,
            })
            .collect(),
        idle: coverage.idle.iter().map(place).collect(),
        unanswered: coverage.unanswered.iter().map(place).collect(),
        live: sighting::entry(&coverage.live),
        summary: coverage.tiers.iter().map(|(name, tier)| (name.as_str(), tier_entry(tier))).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &whole).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn function_entry(function: &Covered) -> FunctionEntry<'_> {
    FunctionEntry {
        name: &function.name,
        tier: &function.tier,
        service: function.service.as_deref(),
        source: Source::from(&function.position),
        signals: function.signals.iter().map(signal_entry).collect(),
    }
}

fn signal_entry(state: &State) -> SignalEntry<'_> {
    SignalEntry {
        signal: state.signal.name(),
        required: state.required,
        covered: !state.by.is_empty(),
        by: addresses(&state.by),
        perhaps: addresses(&state.perhaps),
    }
}

fn addresses(list: &[Address]) -> Vec<&str> {
    list.iter().map(Address::as_str).collect()
}

fn place((address, position): &Located) -> Place<'_> {
    Place { address: address.as_str(), source: Source::from(position) }
}

fn tier_entry(tier: &Tier) -> TierEntry {
    TierEntry {
        functions: tier.functions,
        required: tier.required,
        covered: tier.covered,
        percent: tier.percent(),
        minimum: tier.minimum,
    }
}

/// A page with a cell for each function and signal.
pub fn html(coverage: &Coverage, title: &str) -> String {
    let row = |function: &Covered| heat::Row {
        name: function.name.clone(),
        sets: vec![function.tier.clone(), function.service.clone().unwrap_or_default()],
        cells: function.signals.iter().map(|state| cell(coverage, state)).collect(),
    };
    let mut notes = Vec::new();
    for (title, list) in lists(coverage) {
        let line = |(address, position): &Located| format!("{address} ({})", source_line(position));
        notes.push((title, list.iter().map(line).collect()));
    }
    for (title, services) in of_services(coverage) {
        notes.push((title, services.into_iter().map(str::to_owned).collect()));
    }
    for (title, list) in sighting::lists(&coverage.live) {
        let line = |own: Finding<'_>| {
            let said = if own.said.is_empty() { String::new() } else { format!(": {}", own.said) };
            let place = own.position.map(|position| format!(" ({})", source_line(position)));
            format!("{}{said}{}", own.name, place.unwrap_or_default())
        };
        notes.push((title, list.into_iter().map(line).collect()));
    }
    heat::page(&Table {
        title: format!("Coverage of {title}"),
        line: match sighting::unknown(&coverage.live) {
            Some(said) => format!("{}. {said}", headline(coverage)),
            None => headline(coverage),
        },
        totals: tiers(coverage),
        first: "function",
        sets: vec!["tier", "service"],
        columns: Signal::ALL.into_iter().map(Signal::name).collect(),
        rows: coverage.functions.iter().map(row).collect(),
        notes,
    })
}

fn cell(coverage: &Coverage, state: &State) -> Cell {
    let by = |list: &[Address]| addresses(list).join(", ");
    let (shade, proof) = match (state.by.is_empty(), state.required, state.perhaps.is_empty()) {
        (false, ..) if coverage.is_blind(&state.by) => {
            (Shade::Grey, format!("{}: nothing live to look at", by(&state.by)))
        }
        (false, ..) => (Shade::Green, by(&state.by)),
        (true, true, true) => (Shade::Red, "no monitor".to_owned()),
        (true, true, false) => (Shade::Grey, format!("perhaps {}", by(&state.perhaps))),
        (true, false, _) => (Shade::None, "not required".to_owned()),
    };
    Cell { shade, proof: vec![proof] }
}
