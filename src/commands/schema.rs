//! `musher schema`: JSON Schema for editors.

use super::Desk;
use crate::args::{self, Exit, Format};
use crate::schema::{File, schema};

pub fn run(desk: &Desk<'_>, options: &args::Schema) -> anyhow::Result<Exit> {
    desk.format(&[Format::Json, Format::Text])?;
    let file = match options.file {
        args::SchemaFile::Definitions => File::Definitions,
        args::SchemaFile::Template => File::Template,
        args::SchemaFile::Project => File::Project,
    };
    desk.answer(|out, _| writeln!(out, "{:#}", schema(file)))?;
    Ok(Exit::Fine)
}
