//! `musher validate`: everything that can be known without the network.

use super::Desk;
use super::declared::{deny, judge, tell};
use crate::cli::{self, Exit, Format};
use crate::diagnostic::has_errors;
use crate::render::diagnostics;

pub fn run(desk: &Desk<'_>, options: &cli::Validate) -> anyhow::Result<Exit> {
    let format = desk.format(&[Format::Text, Format::Json, Format::Github])?;
    let mut judged = judge(desk)?;
    if options.strictness.denies_warnings() {
        deny(&mut judged.diagnostics);
    }
    let found = &judged.diagnostics;
    match format {
        Format::Json => {
            let json = diagnostics::json(found, &judged.sources);
            desk.answer(|out, _| writeln!(out, "{json:#}"))?;
        }
        Format::Github => {
            let text = diagnostics::github(found, &judged.sources, "");
            desk.answer(|out, _| out.write_all(text.as_bytes()))?;
        }
        _ => tell(desk, found, &judged.sources)?,
    }
    if has_errors(found) {
        return Ok(Exit::Error);
    }
    if let Some(declared) = judged.declared.filter(|_| format == Format::Text && !desk.common.quiet) {
        let count = declared.resources.len();
        let resources = if count == 1 { "resource is" } else { "resources are" };
        desk.answer(|out, _| writeln!(out, "{count} {resources} valid."))?;
    }
    Ok(Exit::Fine)
}
