//! `musher forget`: takes the mark off live objects, and leaves them as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::bail;

use super::declared::{Declared, declare};
use super::service::service;
use super::{Invocation, apply};
use crate::args::{self, Exit, Format};
use crate::diagnostic::{Position, known_words};
use crate::kind::{self, KINDS, Kind};
use crate::model::{Address, Body, Directives, Live, Origin, Resource, count};
use crate::render::progress::Progress;
use crate::selection::Selection;

/// Of so many definitions that still stand each has a sentence of its own.
const EACH: usize = 10;

pub async fn run(invocation: &Invocation<'_>, options: &args::Forget) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    if !invocation.common.only.is_empty() {
        bail!("the addresses say themselves what is let go: leave `--only` out");
    }
    if let Some((text, kind)) = options.addresses.iter().find_map(|text| Some((text, keyed(text)?))) {
        let one = kind.one();
        match kind.is_order() {
            true => bail!("`{text}`: an order is not owned: take its definition out, and it stays as it is"),
            false => bail!(
                "`{text}`: {one} bears no mark that could be taken off. Take its definition out: the object stays, unless \
                 its name is in a namespace of `owns:`"
            ),
        }
    }
    let declared = declare(invocation)?;
    let (globs, addresses): (Vec<&String>, Vec<&String>) =
        options.addresses.iter().partition(|text| text.contains(['*', '?', '[', '{']));
    let mut addresses =
        addresses.into_iter().map(|text| address(text)).collect::<anyhow::Result<BTreeSet<_>>>()?;
    let globs = Selection::read(&globs.into_iter().cloned().collect::<Vec<_>>())?;
    let listing = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let live = service(invocation, &declared, &listing)?.live(&declared).await?;
    listing.end();
    let owned: BTreeSet<Address> = live.iter().filter_map(|live| owned(&declared, live)).collect();
    if let [idle, ..] = &globs.idle(owned.iter())[..] {
        bail!("{}: {}", idle.text, idle.help.as_deref().unwrap_or_default());
    }
    if !globs.texts().is_empty() {
        addresses.extend(owned.iter().filter(|address| globs.selects(address)).cloned());
    }
    let missing: Vec<String> =
        addresses.difference(&owned).map(|own| not_live(&declared, own, &owned)).collect();
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    for text in afterwards(&declared, &addresses, &live) {
        invocation.complain(&text)?;
    }
    let only: Vec<String> = addresses.iter().map(|address| globset::escape(address.as_str())).collect();
    let forgotten = addresses.into_iter().map(|address| forgotten(&declared, address)).collect();
    let only = Selection::read(&only)?;
    let declared = Declared { only, resources: Vec::new(), forgotten, ..declared };
    let applying = args::Apply { yes: options.yes, ..args::Apply::default() };
    apply::carry(invocation, &declared, None, &applying).await
}

/// The kind that an address or a glob names, where its objects are known by their names.
fn keyed(text: &str) -> Option<&'static Kind> {
    kind::of_section(text.split('/').next()?).filter(|kind| kind.is_keyed())
}

fn address(text: &str) -> anyhow::Result<Address> {
    let address = Address::parse(text).filter(|address| kind::of_section(address.section()).is_some());
    let Some(address) = address else {
        let section = text.split('/').next().unwrap_or_default();
        let known = known_words(section, KINDS.iter().map(|kind| kind.section));
        bail!("`{text}` is not an address, which begins with its section: {known}");
    };
    Ok(address)
}

fn owned(declared: &Declared, live: &Live) -> Option<Address> {
    let mark = live.mark.as_ref().filter(|mark| mark.owner == declared.scope.owner)?;
    Some(Address::new(live.section, &mark.id))
}

fn not_live(declared: &Declared, address: &Address, owned: &BTreeSet<Address>) -> String {
    if declared.resource(address).is_some() {
        return format!(
            "`{address}` is declared, and nothing live bears its mark: there is nothing to let go"
        );
    }
    let known = known_words(address.as_str(), owned.iter().map(Address::as_str));
    format!("nothing live bears the mark of `{address}`: {known}")
}

/// Definitions that still stand in one place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Standing<'a> {
    /// A file, or a use.
    place: String,
    /// What the next plan would do.
    next: &'a str,
    remedy: &'a str,
}

/// What the next plan would do with definitions that still stand: a sentence for each, or one for many of a place.
fn afterwards(declared: &Declared, addresses: &BTreeSet<Address>, live: &[Live]) -> Vec<String> {
    let ids: BTreeSet<(Address, &str)> =
        live.iter().filter_map(|live| Some((owned(declared, live)?, &*live.id))).collect();
    let mut standing: BTreeMap<Standing<'_>, Vec<(&Address, u32)>> = BTreeMap::new();
    for address in addresses {
        let Some(resource) = declared.resource(address).filter(|own| !own.directives.forget) else {
            continue;
        };
        let adopts = resource.directives.adopt.as_deref();
        let is_own = adopts.is_some_and(|id| ids.contains(&(address.clone(), id)));
        let next = if is_own { "adopt it again, by its `$id`" } else { "create another one beside it" };
        let Position { file, line, .. } = &resource.origin.position;
        let (place, remedy) = match &resource.instance {
            Some(own) => (
                format!("the use `{}`", own.name),
                "Take it out of its list, or write `$forget: true` in the use",
            ),
            None => {
                (file.to_string(), "Take the definition out, or write `$forget: true` in place of its body")
            }
        };
        let line = if resource.instance.is_some() { 0 } else { *line };
        standing.entry(Standing { place, next, remedy }).or_default().push((address, line));
    }
    let said = |(Standing { place, next, remedy }, all): (Standing<'_>, Vec<(&Address, u32)>)| match &all[..]
    {
        [(first, _), more @ ..] if more.len() >= EACH => vec![format!(
            "{first} and {} more still stand in {place}: the next plan would {next}. {remedy}",
            count(more.len())
        )],
        few => {
            let one = |(address, line): &(&Address, u32)| {
                let line = if *line > 0 { format!(":{line}") } else { String::new() };
                format!("{address} still stands in {place}{line}: the next plan would {next}. {remedy}")
            };
            few.iter().map(one).collect()
        }
    };
    standing.into_iter().flat_map(said).collect()
}

/// As `$forget` in the files would say it. Without layers it stands in none.
fn forgotten(declared: &Declared, address: Address) -> Resource {
    let nowhere = Position { file: "".into(), line: 1, column: 1 };
    let own = declared.resource(&address).map(|resource| Arc::clone(&resource.origin));
    Resource {
        address,
        body: Body::printed("{}"),
        directives: Directives { forget: true, ..Directives::default() },
        origin: own.unwrap_or_else(|| Arc::new(Origin { position: nowhere, layers: Vec::new() })),
        instance: None,
    }
}
