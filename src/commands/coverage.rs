//! `musher coverage`: which functions nobody has an eye on, and which alerts look at nothing.

use std::sync::Arc;

use super::Invocation;
use super::declared::{Declared, declare};
use super::service::service;
use crate::args::{self, Exit, Format};
use crate::client::Fault;
use crate::config::{Config, Scope, Target};
use crate::coverage::{Coverage, Function, Live, Names, coverage, functions, sighting, to_ask};
use crate::diagnostic::Sources;
use crate::expand::listed;
use crate::load::definitions::Definitions;
use crate::load::load;
use crate::model::Resource;
use crate::readiness::{Table, tables};
use crate::render::coverage as shown;
use crate::render::progress::Progress;
use crate::source::locate::Locator;
use crate::template::BUILT_IN;

pub async fn run(invocation: &Invocation<'_>, options: &args::Coverage) -> anyhow::Result<Exit> {
    let format = invocation.format(&[Format::Text, Format::Json, Format::Markdown, Format::Html])?;
    let declared = declare(invocation)?;
    let functions = listing(&declared).functions;
    if functions.is_empty() {
        invocation.complain(
            "no list that a use runs over holds functions: their items have `FunctionName`, `function_name` or `function`",
        )?;
    }
    let mut found = judge(&declared, &functions, &declared.resources);
    found.live = live(invocation, options, &declared, &functions).await?;
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

/// What is live, where somebody can be asked.
async fn live(
    invocation: &Invocation<'_>,
    options: &args::Coverage,
    declared: &Declared,
    functions: &[Function],
) -> anyhow::Result<Live> {
    if options.offline {
        return Ok(Live::Unasked("--offline asks nothing live"));
    }
    if declared.environment().target == Target::Sandbox {
        return Ok(Live::Unasked("the sandbox receives no metrics"));
    }
    if !(invocation.reach)(&declared.config, &declared.scope)?.keys {
        return Ok(Live::Unasked("there are no keys"));
    }
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, declared, &progress)?;
    let metrics = match service.client.metric_names().await {
        Ok(Some(metrics)) => metrics,
        Ok(None) => return Ok(Live::Unasked("the organisation tells of no metric")),
        Err(refusal) if refusal.fault == Fault::Forbidden => {
            return Ok(Live::Unasked("the keys may not list metrics (`metrics_read`)"));
        }
        Err(refusal) => return Err(service.explain(&[], refusal)),
    };
    let asked = to_ask(&declared.resources, &metrics);
    let tags = asked.iter().map(|metric| service.client.metric_tags(metric));
    let tags = futures_util::future::try_join_all(tags).await;
    progress.end();
    let tags = tags.map_err(|refusal| service.explain(&[], refusal))?;
    let tags = asked.into_iter().zip(tags).filter_map(|(metric, tags)| Some((metric, tags?))).collect();
    Ok(Live::Told(sighting(functions, &declared.resources, &Names { metrics, tags })))
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
