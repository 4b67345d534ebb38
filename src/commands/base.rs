//! `plan --base`: the definitions beside an older version of themselves and, where there are keys, beside what is live.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use camino::{Utf8Path, Utf8PathBuf};

use super::brakes::{forecast, foretold};
use super::declared::{Declared, bare, deny, judge, report};
use super::sight;
use super::surveyed::{declare_and_survey, warnings};
use super::{AlreadyReported, Invocation};
use crate::args;
use crate::base::{self, Version};
use crate::config::{self, Config, FILE, Scope};
use crate::diagnostic::{Diagnostic, Severity, Sources, has_errors};
use crate::expand::expand;
use crate::git;
use crate::load::definitions::{Definitions, Use};
use crate::load::load;
use crate::model::{Based, Cause, Causes, Change, Plan, Resource, Warning, count};
use crate::plan::{Inputs, plan};
use crate::saved::Seal;
use crate::source::resolve;
use crate::source::walk::Root;
use crate::template::BUILT_IN;

/// A file that lists or templates stand in is not larger.
const LARGEST: u64 = 64 << 20;
/// Faults of the older version that are listed, and instances that are named.
const FAULTS: usize = 10;
const NAMED: usize = 5;

/// A plan, and what is to be said beside it.
pub struct Planned {
    pub plan: Plan,
    /// What it was made from, where it may be applied from its file.
    pub saved: Option<Seal>,
    pub cost: Option<String>,
    /// It holds, but something is wrong beside.
    pub denied: bool,
}

/// One version of the project, as far as it can be read.
struct Side {
    /// Absent: the environment is not declared.
    scope: Option<Scope>,
    config: Option<Config>,
    root: Root,
    resources: Vec<Resource>,
    forgotten: Vec<Resource>,
    definitions: Definitions,
    sources: Sources,
    /// What keeps resources from being known.
    faults: Vec<Diagnostic>,
}

/// Plans what changed since `reference`.
pub async fn planned(
    invocation: &Invocation<'_>,
    options: &args::Plan,
    reference: &str,
) -> anyhow::Result<Planned> {
    let first = bare(invocation)?;
    let Some(declared) = first.declared.as_ref().filter(|_| !has_errors(&first.diagnostics)) else {
        report(invocation, &first.diagnostics, &first.sources)?;
        return Err(AlreadyReported.into());
    };
    let base = git::base(&declared.config.root, reference)?;
    let old = old_side(invocation, declared, &base)?;
    base.whole()?;
    let reach = (invocation.reach)(&declared.config, &declared.scope)?;
    let based = Based {
        reference: reference.to_owned(),
        commit: base.commit.clone(),
        offline: options.offline || !reach.keys,
        ..Based::default()
    };
    if based.offline {
        offline(invocation, options, (&old, based), &reach.site)
    } else {
        with_live(invocation, options, &old, based).await
    }
}

/// The definitions at a commit, for the environment at hand.
fn old_side(invocation: &Invocation<'_>, now: &Declared, base: &git::Base) -> anyhow::Result<Side> {
    let root = Root::with(&now.config.root, base.files.clone());
    let mut side = Side {
        scope: None,
        config: None,
        root: root.clone(),
        resources: Vec::new(),
        forgotten: Vec::new(),
        definitions: Definitions::default(),
        sources: Sources::default(),
        faults: Vec::new(),
    };
    if !root.is_file(Utf8Path::new(FILE)) {
        return Ok(side);
    }
    let mut sources = Sources::default();
    let (config, faults) = config::read_in(&root, invocation.hosts, &mut sources);
    let Some(config) = config else {
        let first = faults.first().map(|fault| fault.text.clone()).unwrap_or_default();
        bail!("`{FILE}` can't be read as it was at {}: {first}", base.commit);
    };
    side.faults.extend(faults);
    // Where this environment is new, so is all that it holds.
    let Ok(scope) = config::scope(&config, now.scope.environment.as_deref()) else { return Ok(side) };
    let (definitions, mut sources, faults) = load(&config, BUILT_IN, sources);
    side.faults.extend(faults);
    let (resources, faults) = expand(&definitions, &config, &scope, &mut sources);
    side.faults.extend(faults);
    side.faults.retain(|fault| fault.severity == Severity::Error);
    (side.forgotten, side.resources) = resources.into_iter().partition(|own| own.directives.forget);
    side.definitions = definitions;
    side.sources = sources;
    side.scope = Some(scope);
    side.config = Some(config);
    Ok(side)
}

/// The definitions alone: what can't be read of them is told, and the rest compared.
fn offline(
    invocation: &Invocation<'_>,
    options: &args::Plan,
    (old, mut based): (&Side, Based),
    site: &str,
) -> anyhow::Result<Planned> {
    let mut judged = judge(invocation)?;
    if options.strictness.denies_warnings() {
        deny(&mut judged.diagnostics);
    }
    report(invocation, &judged.diagnostics, &judged.sources)?;
    let is_broken = has_errors(&judged.diagnostics);
    let declared = judged.declared.ok_or(AlreadyReported)?;
    let new = new_side(&declared, judged.diagnostics.clone());
    let mut plan = change(old, &new, &declared);
    site.clone_into(&mut plan.site);
    let hidden = base::leave_out(&mut plan, &|change| is_unknown(change, old, &new));
    based.notes = notes(old, &new, &based, hidden);
    plan.notes.only = declared.only.texts().to_vec();
    plan.notes.warnings = warnings(judged.diagnostics.iter(), &judged.sources);
    plan.notes.warnings.extend(old_faults(old, &based));
    plan.notes.brakes = foretold(&declared, &plan, None);
    plan.notes.base = Some(based);
    Ok(Planned { plan, saved: None, cost: None, denied: is_broken })
}

/// The same beside what is live: whose each difference is.
async fn with_live(
    invocation: &Invocation<'_>,
    options: &args::Plan,
    old: &Side,
    mut based: Based,
) -> anyhow::Result<Planned> {
    let denies = options.strictness.denies_warnings();
    let (declared, service, mut surveyed) = declare_and_survey(invocation, denies).await?;
    service.tell_counts(invocation)?;
    let new = new_side(&declared, Vec::new());
    let mut change = change(old, &new, &declared);
    let hidden = base::leave_out(&mut change, &|change| is_unknown(change, old, &new));
    let own = old.scope.as_ref().unwrap_or(&declared.scope);
    let (drift, _) = plan(&Inputs {
        scope: own,
        site: &service.site,
        organisation: None,
        now: jiff::Timestamp::now(),
        resources: &old.resources,
        forgotten: &old.forgotten,
        live: &surveyed.live,
        unlisted: &[],
        selected: &|address| declared.selects(address),
        seen_last: &|section, id| service.client.seen_last(section, id),
    });
    based.causes = base::causes(&surveyed.plan, &change, &drift);
    // Whose they are can't be known: they count as what the reviewer looks at.
    for change in surveyed.plan.changes.iter().filter(|change| is_unknown(change, old, &new)) {
        based.causes.insert(change.address.clone(), Causes { cause: Cause::Change, ..Causes::default() });
    }
    based.notes = notes(old, &new, &based, hidden);
    surveyed.plan.notes.brakes = forecast(&declared, &surveyed);
    surveyed.plan.notes.warnings.extend(old_faults(old, &based));
    surveyed.plan.notes.base = Some(based);
    let cost = super::cost::cost(&surveyed.plan, &service);
    Ok(Planned { plan: surveyed.plan, saved: None, cost, denied: surveyed.denied })
}

fn new_side(declared: &Declared, faults: Vec<Diagnostic>) -> Side {
    let (definitions, sources, _) = load(&declared.config, BUILT_IN, Sources::default());
    Side {
        sources,
        scope: Some(declared.scope.clone()),
        config: Some(declared.config.clone()),
        root: declared.config.files.clone(),
        resources: declared.resources.clone(),
        forgotten: declared.forgotten.clone(),
        definitions,
        faults: faults.into_iter().filter(|fault| fault.severity == Severity::Error).collect(),
    }
}

fn change(old: &Side, new: &Side, declared: &Declared) -> Plan {
    let before = Version {
        scope: old.scope.as_ref().unwrap_or(&declared.scope),
        resources: &old.resources,
        forgotten: &old.forgotten,
    };
    let after = Version { scope: &declared.scope, resources: &new.resources, forgotten: &new.forgotten };
    base::between(before, after, &|address| declared.selects(address))
}

/// Whether what seems to be made or to go may only not be readable on the other side.
fn is_unknown(change: &Change, old: &Side, new: &Side) -> bool {
    let may_hold = |side: &Side| {
        if side.faults.is_empty() || side.resources.iter().any(|own| own.address == change.address) {
            return false;
        }
        let definitions = &side.definitions;
        let is_written = definitions.resources.iter().any(|own| own.address == change.address);
        let id = change.address.id();
        let is_used = definitions.uses.iter().any(|own| id.starts_with(&format!("{}/", own.name)));
        definitions.incomplete || is_written || is_used
    };
    if change.makes() { may_hold(old) } else { may_hold(new) }
}

fn old_faults(old: &Side, based: &Based) -> Vec<Warning> {
    let shown = old.faults.iter().take(FAULTS).map(|fault| Warning {
        code: fault.code,
        text: format!("At {} (`{}`): {}", based.short(), based.reference, fault.text),
        position: None,
    });
    shown.collect()
}

/// What changed in files that many resources come from, and what could not be compared.
fn notes(old: &Side, new: &Side, based: &Based, hidden: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(before), Some(after)) = (version(old), version(new)) {
        notes.extend(sight::sentences(&before, &after));
    }
    if old.scope.is_none() {
        let name = new.scope.as_ref().and_then(|scope| scope.environment.clone());
        notes.push(match name.filter(|_| old.root.is_file(Utf8Path::new(FILE))) {
            Some(name) => format!("the environment `{name}` is new since `{}`", based.short()),
            None => format!("the project is new since `{}`", based.short()),
        });
    }
    if differ(old, new, Utf8Path::new(FILE)) && old.scope.is_some() {
        notes.push(format!("`{FILE}` changed"));
    }
    notes.extend(templates(old, new));
    notes.extend(inventories(old, new));
    let mut broken = |side: &Side, what: &str| {
        if let Some(first) = side.faults.first() {
            let more = match side.faults.len() {
                1 => String::new(),
                many => format!(" (and {} more)", count(many - 1)),
            };
            notes.push(format!("{what} can't be read in part: {}{more}", first.text));
        }
    };
    broken(old, &format!("`{}`", based.short()));
    broken(new, "this version");
    if hidden > 0 {
        notes.push(format!("{} can't be compared for that reason and are left out", resources(hidden)));
    }
    notes
}

/// A version that can be read to its end: of another one nobody knows what it watches.
fn version(side: &Side) -> Option<sight::Version<'_>> {
    let (config, scope) = (side.config.as_ref()?, side.scope.as_ref()?);
    side.faults.is_empty().then_some(sight::Version {
        config,
        scope,
        definitions: &side.definitions,
        sources: &side.sources,
        resources: &side.resources,
    })
}

fn resources(number: usize) -> String {
    if number == 1 { "1 resource".to_owned() } else { format!("{} resources", count(number)) }
}

fn instances(number: usize) -> String {
    if number == 1 { "1 instance".to_owned() } else { format!("{} instances", count(number)) }
}

fn differ(old: &Side, new: &Side, path: &Utf8Path) -> bool {
    old.root.bytes(path, LARGEST) != new.root.bytes(path, LARGEST)
}

/// The instances of each use, by their keys.
fn by_use(side: &Side) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for instance in side.resources.iter().filter_map(|resource| resource.instance.as_deref()) {
        found.entry(&instance.name).or_default().insert(&instance.key);
    }
    found
}

/// `template aws-lambda changed: 500 instances`
fn templates(old: &Side, new: &Side) -> Vec<String> {
    let (before, after) = (by_use(old), by_use(new));
    let names: BTreeSet<&String> =
        old.definitions.templates.keys().chain(new.definitions.templates.keys()).collect();
    let number = |side: &Side, instances: &BTreeMap<&str, BTreeSet<&str>>, name: &str| -> usize {
        let own = side.definitions.uses.iter().filter(|own| own.template == name);
        own.filter_map(|own| instances.get(own.name.as_str())).map(BTreeSet::len).sum()
    };
    let told = names.into_iter().filter_map(|name| {
        let path = Utf8PathBuf::from(format!("templates/{name}.yaml"));
        if !differ(old, new, &path) {
            return None;
        }
        let how = match (old.root.is_file(&path), new.root.is_file(&path)) {
            (false, _) => "is new",
            (_, false) => "is gone",
            _ => "changed",
        };
        let of = match number(new, &after, name) {
            0 => number(old, &before, name),
            many => many,
        };
        Some(format!("template {name} {how}: {}", instances(of)))
    });
    told.collect()
}

/// `inventory `inventory/functions.json` changed: 2 instances of `lambda` are new (a, b), 1 is gone (c)`
fn inventories(old: &Side, new: &Side) -> Vec<String> {
    let (before, after) = (by_use(old), by_use(new));
    let uses = |side: &'_ Side| -> BTreeMap<String, Use> {
        side.definitions.uses.iter().map(|own| (own.name.clone(), own.clone())).collect()
    };
    let (old_uses, new_uses) = (uses(old), uses(new));
    let names: BTreeSet<&String> = old_uses.keys().chain(new_uses.keys()).collect();
    let none = BTreeSet::new();
    let mut notes = Vec::new();
    for name in names {
        let Some(own) = new_uses.get(name).or_else(|| old_uses.get(name)) else { continue };
        let paths = [&own.for_each, &own.overrides].into_iter().flatten();
        let paths = paths.filter_map(|path| resolve(&own.folder, path.as_str()?));
        let changed: Vec<String> =
            paths.filter(|path| differ(old, new, path)).map(|path| format!("`{path}`")).collect();
        let before = before.get(name.as_str()).unwrap_or(&none);
        let after = after.get(name.as_str()).unwrap_or(&none);
        // Of what can't be read nobody knows whether it is there.
        let is_known = old.faults.is_empty() && new.faults.is_empty();
        let list = |keys: Vec<&&str>, is: &str, are: &str| {
            let mut shown: Vec<&str> = keys.iter().take(NAMED).map(|key| **key).collect();
            if keys.len() > NAMED {
                shown.push("…");
            }
            let verb = if keys.len() == 1 { is } else { are };
            (is_known && !keys.is_empty())
                .then(|| format!("{} {verb} ({})", instances(keys.len()), shown.join(", ")))
        };
        let told: Vec<String> = [
            list(after.difference(before).collect(), "is new", "are new"),
            list(before.difference(after).collect(), "is gone", "are gone"),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (changed.is_empty(), told.is_empty()) {
            (true, true) => {}
            (true, false) => notes.push(format!("use `{name}`: {}", told.join(", "))),
            (false, true) if !is_known => notes.push(format!("inventory {} changed", changed.join(", "))),
            (false, true) => notes.push(format!(
                "inventory {} changed: the same {} of `{name}`",
                changed.join(", "),
                instances(after.len())
            )),
            (false, false) => {
                notes.push(format!(
                    "inventory {} changed: of `{name}`, {}",
                    changed.join(", "),
                    told.join(", ")
                ));
            }
        }
    }
    notes
}
