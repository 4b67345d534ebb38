//! `musher schema`: JSON Schema for editors.

use super::{Invocation, start};
use crate::args::{self, Exit, Format};
use crate::config::{self, Config};
use crate::diagnostic::Sources;
use crate::load::definitions::{Definitions, ParamType};
use crate::load::load;
use crate::schema::{File, Parameter, Template, schema};

pub fn run(invocation: &Invocation<'_>, options: &args::Schema) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Json, Format::Text])?;
    let file = match options.file {
        args::SchemaFile::Definitions => File::Definitions,
        args::SchemaFile::Template => File::Template,
        args::SchemaFile::Project => File::Project,
    };
    let (mut project, mut templates) = (None, Vec::new());
    if file == File::Definitions || !invocation.common.output.is_empty() {
        project = read_project(invocation);
    }
    if let (Some((config, _, sources)), Some(output)) = (&project, invocation.common.output.first()) {
        invocation.spare(&output.path, config, sources)?;
    }
    if let Some((_, definitions, _)) = project.filter(|_| file == File::Definitions) {
        templates = templates_of(definitions);
    }
    invocation.answer(|out, _| writeln!(out, "{:#}", schema(file, &templates)))?;
    Ok(Exit::Fine)
}

/// The templates of the project around, as far as they can be read: what is wrong with them other commands tell, and a
/// schema is wanted just when something is.
pub fn own_templates(invocation: &Invocation<'_>) -> Vec<Template> {
    read_project(invocation).map(|(_, definitions, _)| templates_of(definitions)).unwrap_or_default()
}

fn read_project(invocation: &Invocation<'_>) -> Option<(Config, Definitions, Sources)> {
    let root = config::find(&start(invocation.common).ok()?).ok()?;
    let mut sources = Sources::default();
    let (config, _) = config::read(&root, invocation.hosts, &mut sources);
    let config = config?;
    let (definitions, sources, _) = load(&config, &[], sources);
    Some((config, definitions, sources))
}

fn templates_of(definitions: Definitions) -> Vec<Template> {
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
