//! `musher readiness`: the seven questions, answered for each function, service and the environment.

use std::sync::Arc;

use super::Invocation;
use super::coverage::listing;
use super::declared::{Declared, declare};
use super::service::service;
use crate::args::{self, Exit, Format};
use crate::client::Wanted;
use crate::config::FILE;
use crate::diagnostic::Position;
use crate::model::Live;
use crate::pipelines::setups;
use crate::readiness::{Inputs, readiness};
use crate::render::coverage::title;
use crate::render::progress::Progress;
use crate::render::readiness as shown;

pub async fn run(invocation: &Invocation<'_>, options: &args::Readiness) -> anyhow::Result<Exit> {
    let format = invocation.format(&[Format::Text, Format::Json, Format::Markdown, Format::Html])?;
    let declared = declare(invocation)?;
    let listing = listing(&declared);
    let has_keys = (invocation.reach)(&declared.config, &declared.scope)?.keys;
    let live = match has_keys && !options.offline {
        true => Some(everything(invocation, &declared).await?),
        false => None,
    };
    let setups = setups(&declared.config, &mut declared.sources.clone());
    let environment = declared.scope.environment.as_deref();
    let rows = readiness(&Inputs {
        environment: environment.unwrap_or(&declared.config.project),
        functions: &listing.functions,
        tables: &listing.tables,
        resources: &declared.resources,
        setups: &setups,
        live: live.as_deref(),
        project: Position { file: FILE.into(), line: 1, column: 1 },
    });
    let title = title(&declared.config.project, environment);
    invocation.answer(|out, _| match format {
        Format::Json => shown::write_json(&rows, out),
        Format::Markdown => out.write_all(shown::markdown(&rows, &title).as_bytes()),
        Format::Html => out.write_all(shown::html(&rows, &title).as_bytes()),
        _ => shown::write(&rows, &title, options.expand, out),
    })?;
    let green = rows.first().map_or(0, |row| row.green());
    let least = options.min.unwrap_or_default();
    anyhow::ensure!(green >= least, "{green} of 7 answers are green, and at least {least} are asked for");
    Ok(Exit::Fine)
}

/// All live objects of the kinds in use, whoever made them.
async fn everything(invocation: &Invocation<'_>, declared: &Declared) -> anyhow::Result<Vec<Live>> {
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, declared, &progress)?;
    let optional = declared.kinds.iter().map(|kind| kind.section).collect();
    let wanted = Wanted { kinds: declared.kinds.clone(), optional, ..Wanted::default() };
    let listed = service.client.list(&wanted).await;
    progress.end();
    let listed = listed.map_err(|failed| service.no_list(&declared.kinds, failed))?;
    for kind in &listed.refused {
        invocation.complain(&format!("the keys may not list {}: they are left out", kind.section))?;
    }
    Ok(listed.live)
}
