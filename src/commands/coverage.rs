//! `musher coverage`: which functions nobody has an eye on, and which alerts look at nothing.

use super::Invocation;
use super::declared::{Declared, declare};
use crate::args::{self, Exit, Format};
use crate::config::{Config, Scope};
use crate::coverage::{Coverage, Function, coverage, functions};
use crate::diagnostic::Sources;
use crate::expand::listed;
use crate::load::definitions::Definitions;
use crate::load::load;
use crate::model::Resource;
use crate::readiness::{Table, tables};
use crate::render::coverage as shown;
use crate::source::locate::Locator;
use crate::template::BUILT_IN;

pub fn run(invocation: &Invocation<'_>, options: &args::Coverage) -> anyhow::Result<Exit> {
    let format = invocation.format(&[Format::Text, Format::Json, Format::Markdown, Format::Html])?;
    let declared = declare(invocation)?;
    let functions = listing(&declared).functions;
    if functions.is_empty() {
        invocation.complain(
            "no list that a use runs over holds functions: their items have `FunctionName`, `function_name` or `function`",
        )?;
    }
    let found = judge(&declared, &functions, &declared.resources);
    let title = shown::title(&declared.config.project, declared.scope.environment.as_deref());
    invocation.answer(|out, _| match format {
        Format::Json => shown::write_json(&found, out),
        Format::Markdown => out.write_all(shown::markdown(&found, &title).as_bytes()),
        Format::Html => out.write_all(shown::html(&found, &title).as_bytes()),
        _ => shown::write(&found, &title, options.expand, out),
    })?;
    let missed = found.tiers.iter().filter(|(_, tier)| tier.is_missed()).map(|(name, tier)| {
        let minimum = shown::percent(tier.minimum.unwrap_or_default());
        format!(
            "the coverage of `{name}` is {}, and at least {minimum} is asked for",
            shown::percent(tier.percent())
        )
    });
    let missed: Vec<String> = missed.collect();
    anyhow::ensure!(missed.is_empty(), "{}", missed.join("; "));
    Ok(Exit::Fine)
}

/// What the lists of a project hold, with the lines where it stands.
pub struct Listing {
    pub functions: Vec<Function>,
    pub tables: Vec<Table>,
}

pub fn listing(declared: &Declared) -> Listing {
    let (definitions, sources, _) = load(&declared.config, BUILT_IN, Sources::default());
    listing_of(&definitions, sources, (&declared.config, &declared.scope))
}

/// The same of definitions at hand, with the sources that they were read from.
pub fn listing_of(
    definitions: &Definitions,
    mut sources: Sources,
    (config, scope): (&Config, &Scope),
) -> Listing {
    let listed = listed(definitions, config, scope, &mut sources);
    let (mut tables, mut functions) = (tables(&listed), functions(listed));
    let mut locator = Locator::new(&sources);
    for function in &mut functions {
        function.position = locator.locate(&function.at).position();
    }
    for table in &mut tables {
        table.position = locator.locate(&table.at).position();
    }
    Listing { functions, tables }
}

pub fn judge(declared: &Declared, functions: &[Function], resources: &[Resource]) -> Coverage {
    coverage(functions, resources, &declared.config.coverage)
}
