//! `musher schema`: JSON Schema for editors.

use super::{Desk, start};
use crate::args::{self, Exit, Format};
use crate::config;
use crate::diagnostic::Sources;
use crate::load::definitions::ParamSort;
use crate::load::load;
use crate::schema::{File, Parameter, Template, schema};

pub fn run(desk: &Desk<'_>, options: &args::Schema) -> anyhow::Result<Exit> {
    desk.format(&[Format::Json, Format::Text])?;
    let file = match options.file {
        args::SchemaFile::Definitions => File::Definitions,
        args::SchemaFile::Template => File::Template,
        args::SchemaFile::Project => File::Project,
    };
    let templates = if file == File::Definitions { own_templates(desk) } else { Vec::new() };
    desk.answer(|out, _| writeln!(out, "{:#}", schema(file, &templates)))?;
    Ok(Exit::Fine)
}

/// The templates of the project around, as far as they can be read: what is wrong with them other commands tell, and a
/// schema is wanted just when something is.
pub fn own_templates(desk: &Desk<'_>) -> Vec<Template> {
    let Ok(from) = start(desk.common) else { return Vec::new() };
    let Ok(root) = config::find(&from) else { return Vec::new() };
    let mut sources = Sources::default();
    let (Some(config), _) = config::read(&root, desk.hosts, &mut sources) else { return Vec::new() };
    let (definitions, _, _) = load(&config, &[], sources);
    let own = definitions.templates.into_iter();
    own.map(|(name, template)| {
        let parameters = template.params.into_iter().map(|(name, param)| Parameter {
            name,
            sort: param.sort.map(type_name),
            description: param.description.unwrap_or_default(),
            required: param.default.is_none(),
        });
        Template { name, parameters: parameters.collect() }
    })
    .collect()
}

/// As JSON Schema calls it.
fn type_name(sort: ParamSort) -> &'static str {
    match sort {
        ParamSort::String => "string",
        ParamSort::Number => "number",
        ParamSort::Integer => "integer",
        ParamSort::Boolean => "boolean",
        ParamSort::List => "array",
        ParamSort::Object => "object",
    }
}
