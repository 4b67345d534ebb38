//! `musher ignore`: leaves a field of a resource to the UI, by `$ignore` in its definition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::declared::{declare, judge_with, report};
use super::pulled::changed;
use super::undo::{Rewritten, rewrite};
use super::{AlreadyReported, Invocation};
use crate::args::{self, Exit, Format};
use crate::diagnostic::{Place, did_you_mean, has_errors};
use crate::edit::edit;
use crate::edit::step::Edit;
use crate::kind;
use crate::model::{Address, Resource};
use crate::pointer::matches;
use crate::render::{self, Stream};
use crate::selection::likely;
use crate::source;

const KEY: &str = "$ignore";

pub fn run(invocation: &Invocation<'_>, options: &args::Ignore) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    let declared = declare(invocation)?;
    let address = Address::parse(&options.address).unwrap_or_else(|| Address::new(&options.address, ""));
    let known = declared.resources.iter().map(|resource| &resource.address);
    let Some(resource) = declared.resources.iter().find(|resource| resource.address == address) else {
        bail!("`{}` is not declared: {}", options.address, likely(&options.address, known));
    };
    let place = &resource.origin.position;
    if resource.instance.is_some() {
        bail!(
            "`{address}` is made by a template: `$ignore: [{}]` at {}:{} leaves the field of all its instances to the UI",
            options.pointer,
            place.file,
            place.line
        );
    }
    if let Some(meant) = misspelled(resource, &options.pointer) {
        bail!("`{address}` has no `{}`: did you mean `{meant}`?", options.pointer);
    }
    if resource.directives.ignore.contains(&options.pointer) {
        invocation.say(&format!("{address} leaves {} to the UI already", options.pointer))?;
        return Ok(Exit::Fine);
    }
    let at = resource.origin.layers.first().context("the definition has no place")?;
    let Place::Node { pointer: base, .. } = &at.place else { bail!("the definition has no place") };
    let file = declared.sources.get(at.file);
    let mut ignored = resource.directives.ignore.clone();
    ignored.push(options.pointer.clone());
    let (whole, _) = source::value(&file.text, file.format, at.file);
    let own = whole.as_ref().and_then(|whole| whole.pointer(base)?.get(KEY));
    let edits = match own {
        Some(Value::Array(items)) => {
            let value = options.pointer.as_str().into();
            [Edit::Insert { at: format!("{base}/{KEY}"), index: items.len(), value }]
        }
        _ => [Edit::Add { at: base.clone(), key: KEY.to_owned(), value: ignored.into() }],
    };
    let text = edit(&file.text, file.format, &edits);
    let text =
        text.with_context(|| format!("{}: write `$ignore: [{}]` yourself", file.path, options.pointer))?;
    let instead = BTreeMap::from([(file.path.clone(), Arc::from(text.as_str()))]);
    let checked = judge_with(invocation, instead)?;
    if has_errors(&checked.diagnostics) {
        report(invocation, &checked.diagnostics, &checked.sources)?;
        invocation
            .complain("nothing was written: with it the definitions would be wrong, as reported above")?;
        return Err(AlreadyReported.into());
    }
    let after = checked.declared.map(|declared| declared.resources).unwrap_or_default();
    if let Some(other) = changed(&declared.resources, &after, &BTreeSet::from([address.clone()])) {
        bail!("nothing was written: `$ignore` in {} would be of {other}, too", file.path);
    }
    let path = file.path.as_ref().into();
    rewrite(&declared.config.root, &[Rewritten { path, before: file.text.to_string(), after: text }])?;
    render::print(Stream::Out, invocation.common.colors(), |out, _| {
        writeln!(out, "{address}  leaves {} to the UI", render::sanitize::clean(&options.pointer))
    })?;
    Ok(Exit::Fine)
}

/// The pointer that was probably meant, where neither the definition nor the kind has this one.
fn misspelled(resource: &Resource, pointer: &str) -> Option<String> {
    let body = resource.body.value();
    let fields = kind::of_section(resource.address.section())?.fields;
    if body.pointer(pointer).is_some() || fields.iter().any(|field| matches(field.at, pointer)) {
        return None;
    }
    did_you_mean(pointer, fields.iter().map(|field| field.at)).map(str::to_owned)
}
