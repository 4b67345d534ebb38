//! `musher schema`: JSON Schema for editors.

use super::Desk;
use crate::cli::{self, Exit, Format};
use crate::schema::{File, schema};

pub fn run(desk: &Desk<'_>, options: &cli::Schema) -> anyhow::Result<Exit> {
    desk.format(&[Format::Json, Format::Text])?;
    let file = match options.file {
        cli::SchemaFile::Definitions => File::Definitions,
        cli::SchemaFile::Template => File::Template,
        cli::SchemaFile::Project => File::Project,
    };
    desk.answer(|out, _| writeln!(out, "{:#}", schema(file)))?;
    Ok(Exit::Fine)
}
