//! `musher schema`: JSON Schema for editors.

use super::{Invocation, start};
use crate::args::{self, Exit, Format};
use crate::config;
use crate::diagnostic::Sources;
use crate::load::definitions::ParamType;
use crate::load::load;
use crate::schema::{File, Parameter, Template, schema};

pub fn run(invocation: &Invocation<'_>, options: &args::Schema) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Json, Format::Text])?;
    let file = match options.file {
        args::SchemaFile::Definitions => File::Definitions,
        args::SchemaFile::Template => File::Template,
        args::SchemaFile::Project => File::Project,
    };
    let templates = if file == File::Definitions { own_templates(invocation) } else { Vec::new() };
    invocation.answer(|out, _| writeln!(out, "{:#}", schema(file, &templates)))?;
    Ok(Exit::Fine)
}

/// The templates of the project around, as far as they can be read: what is wrong with them other commands tell, and a
/// schema is wanted just when something is.
pub fn own_templates(invocation: &Invocation<'_>) -> Vec<Template> {
    let Ok(from) = start(invocation.common) else { return Vec::new() };
    let Ok(root) = config::find(&from) else { return Vec::new() };
    let mut sources = Sources::default();
    let (Some(config), _) = config::read(&root, invocation.hosts, &mut sources) else { return Vec::new() };
    let (definitions, _, _) = load(&config, &[], sources);
    let own = definitions.templates.into_iter();
    own.map(|(name, template)| {
        let parameters = template.params.into_iter().map(|(name, param)| Parameter {
            name,
            ty: param.ty.map(type_name),
            description: param.description.unwrap_or_default(),
            required: param.default.is_none(),
        });
        Template { name, parameters: parameters.collect() }
    })
    .collect()
}

/// As JSON Schema calls it.
fn type_name(ty: ParamType) -> &'static str {
    match ty {
        ParamType::String => "string",
        ParamType::Number => "number",
        ParamType::Integer => "integer",
        ParamType::Boolean => "boolean",
        ParamType::List => "array",
        ParamType::Object => "object",
    }
}
