//! `musher pull`: what was edited in the UI goes into the definitions that made it.

use std::collections::BTreeMap;

use super::Invocation;
use super::bring::{Brought, Told, bring};
use super::undo::{Rewritten, rewrite};
use crate::args::{self, Common, Exit, Format};
use crate::model::Address;
use crate::render::{self, Stream};

pub async fn run(invocation: &Invocation<'_>, options: &args::Pull) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    anyhow::ensure!(
        invocation.common.only.is_empty(),
        "the addresses say themselves what is pulled: leave `--only` out"
    );
    let common = Common { only: options.globs.clone(), ..invocation.common.clone() };
    let invocation = &Invocation { common: &common, ..*invocation };
    let Brought { root, rewritten, told } = bring(invocation, options).await?;
    if options.dry_run {
        let patch: String = rewritten.iter().map(Rewritten::patch).collect();
        invocation.answer(|out, _| out.write_all(patch.as_bytes()))?;
    } else {
        rewrite(&root, &rewritten)?;
    }
    tell(invocation, options, &told)
}

/// Names every resource that was edited, and what became of the edit.
fn tell(
    invocation: &Invocation<'_>,
    options: &args::Pull,
    told: &BTreeMap<Address, Told>,
) -> anyhow::Result<Exit> {
    let width = told.keys().map(|address| address.as_str().len()).max().unwrap_or_default();
    let mut lines = String::new();
    for (address, told) in told {
        match told {
            Told::Pulled { files, notes } => {
                let done = if options.dry_run { "would be pulled into" } else { "pulled into" };
                lines.push_str(&format!("{address:width$}  {done} {}\n", files.join(", ")));
                notes.iter().for_each(|note| lines.push_str(&format!("{:width$}  {note}\n", "")));
            }
            Told::Refused { why, patch } => {
                lines.push_str(&format!("{address:width$}  refused: {why}\n"));
                patch.lines().for_each(|line| lines.push_str(&format!("    {line}\n")));
            }
        }
    }
    if told.is_empty() {
        lines.push_str("Nothing that is managed was edited in the UI.\n");
    }
    let stream = if options.dry_run { Stream::Err } else { Stream::Out };
    let text = render::sanitize::clean_lines(&lines).into_owned();
    let refused = told.values().any(|told| matches!(told, Told::Refused { .. }));
    if !(options.dry_run && invocation.common.quiet && !refused) {
        render::print(stream, invocation.common.colors(), |out, _| out.write_all(text.as_bytes()))?;
    }
    Ok(if refused { Exit::Incomplete } else { Exit::Fine })
}
