//! A template, compiled for all of its uses; and what `show template` tells of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::body::{Body, Globals, Node};
use super::definition::{self, Compiled};
use super::fault::add_place;
use super::params;
use super::scope::Setting;
use super::site::{Base, SiteId, Sites};
use crate::cores::in_parallel;
use crate::diagnostic::{At, Diagnostic, Part};
use crate::load::definitions::{Param, Template};
use crate::template::is_helper;

/// A template, compiled.
#[derive(Debug)]
pub struct CompiledTemplate<'d> {
    pub template: &'d Template,
    /// By position as in the template's params: what stands for a parameter that isn't passed.
    pub defaults: Vec<Option<(Node, SiteId)>>,
    pub definitions: Vec<Compiled<'d>>,
    /// Section and short id of each definition.
    pub siblings: Vec<(String, String)>,
    /// What is wrong with the parameters whatever is passed.
    faults: Vec<Diagnostic>,
}

pub fn compile<'d>(
    template: &'d Template,
    setting: &Setting<'_>,
    body: &mut Body<'_>,
) -> CompiledTemplate<'d> {
    let siblings: Vec<(String, String)> = template
        .definitions
        .iter()
        .map(|definition| (definition.address.section().to_owned(), definition.address.id().to_owned()))
        .collect();
    let mut defaults = Vec::with_capacity(template.params.len());
    for (name, param) in &template.params {
        check_name(name, param, setting, &mut body.faults);
        // A default may use the parameters before it.
        defaults.push(default(name, param, body));
        body.compiler.names.slots.push(name.clone());
    }
    let faults = std::mem::take(&mut body.faults);
    body.compiler.names.siblings.clone_from(&siblings);
    let definitions = template.definitions.iter();
    let definitions = definitions.map(|definition| definition::compile(definition, setting, body)).collect();
    CompiledTemplate { template, defaults, definitions, siblings, faults }
}

/// An instance of a template that can't be compiled.
#[derive(Debug)]
pub struct Affected {
    template: String,
    /// As in [`CompiledTemplate::parts`].
    part: usize,
    /// A resource, or all of an instance.
    whose: String,
    /// The use.
    place: (String, At),
}

impl CompiledTemplate<'_> {
    /// What was reported when the parameters were compiled, then that of each definition.
    fn parts(self) -> Vec<Vec<Diagnostic>> {
        let definitions = self.definitions.into_iter().map(|definition| definition.faults);
        [self.faults].into_iter().chain(definitions).collect()
    }

    /// The faults of compiling that hit an instance of a use. `prefix` begins the ids of its resources.
    pub fn affected(&self, prefix: &str, place: &dyn Fn() -> (String, At)) -> Vec<Affected> {
        let of = |part, whose| Affected { template: self.template.name.clone(), part, whose, place: place() };
        let whole = (!self.faults.is_empty()).then(|| of(0, prefix.to_owned()));
        let broken =
            self.definitions.iter().enumerate().filter(|(_, definition)| !definition.faults.is_empty());
        let parts = broken.map(|(index, definition)| {
            let own = &definition.definition.address;
            of(index + 1, format!("{}/{prefix}/{}", own.section(), own.id()))
        });
        whole.into_iter().chain(parts).collect()
    }
}

/// What compiling the templates reported, each fault with the instances that it hits.
pub fn report(templates: BTreeMap<&str, CompiledTemplate<'_>>, affected: Vec<Affected>) -> Vec<Diagnostic> {
    let parts = templates.into_iter().map(|(name, template)| (name, template.parts()));
    let mut reported: BTreeMap<&str, Vec<Vec<Diagnostic>>> = parts.collect();
    for hit in affected {
        let faults = reported.get_mut(hit.template.as_str()).and_then(|parts| parts.get_mut(hit.part));
        for fault in faults.into_iter().flatten() {
            fault.instances.push(hit.whose.clone());
            add_place(&mut fault.also, hit.place.clone());
        }
    }
    reported.into_values().flatten().flatten().collect()
}

fn check_name(name: &str, param: &Param, setting: &Setting<'_>, faults: &mut Vec<Diagnostic>) {
    let what = if is_helper(name) {
        "the name of a helper"
    } else if name == "each" || name == "this" {
        "a word of expressions"
    } else if setting.sections.contains(&name) {
        "a section, whose name begins references"
    } else {
        return;
    };
    let words = format!("A parameter can't be called `{name}`: that is {what}");
    let fault = Diagnostic::error("reserved-name", words, param.at.part(Part::Key));
    faults.push(fault.help("choose another name"));
}

fn default(name: &str, param: &Param, body: &mut Body<'_>) -> Option<(Node, SiteId)> {
    let value = param.default.as_ref()?;
    let at = param.at.child("/default");
    let (mut node, site) = body.based(Base::At(at.clone()), |body| body.sited(value, ""));
    if let Node::Literal(value) = &node {
        match params::convert(name, param, Cow::Borrowed(value)) {
            Ok(converted) => node = Node::Literal(converted.into_owned()),
            Err((code, words)) => {
                body.faults.push(Diagnostic::error(code, format!("{words} as its default"), at));
            }
        }
    }
    Some((node, site))
}

/// What a person must know to use a template.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    pub name: String,
    pub description: Option<String>,
    pub params: Vec<ParamDescription>,
    /// Addresses without what the use puts before the id: `monitors/errors`.
    pub makes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ParamDescription {
    pub name: String,
    /// `number`; absent where anything may be passed.
    pub ty: Option<&'static str>,
    /// Absent: it must be passed.
    pub default: Option<Value>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub description: Option<String>,
}

/// What `musher show template NAME` shows.
pub fn describe(template: &Template) -> Description {
    let param = |(name, param): (&String, &Param)| ParamDescription {
        name: name.clone(),
        ty: params::type_of(param).map(params::word),
        default: param.default.clone(),
        min: param.min,
        max: param.max,
        description: param.description.clone(),
    };
    Description {
        name: template.name.clone(),
        description: template.description.clone(),
        params: template.params.iter().map(param).collect(),
        makes: template.definitions.iter().map(|definition| definition.address.to_string()).collect(),
    }
}

/// Compiles every template, used or not: what is wrong in one is reported either way.
pub fn compile_all<'d>(
    templates: &'d BTreeMap<String, Template>,
    setting: &Setting<'_>,
    sites: &mut Sites,
) -> (BTreeMap<&'d str, CompiledTemplate<'d>>, Globals) {
    let all: Vec<(&String, &Template)> = templates.iter().collect();
    let parts = in_parallel(&all, 1, &|some, from| {
        some.iter()
            .enumerate()
            .map(|(index, (name, template))| {
                let names = setting.names(Vec::new(), Vec::new());
                let mut body = Body::new(names, from + index, template.at.clone());
                let compiled = compile(template, setting, &mut body);
                let globals = body.take_globals();
                ((name.as_str(), compiled), body.sites, globals)
            })
            .collect::<Vec<_>>()
    });
    let (mut compiled, mut globals) = (BTreeMap::new(), Vec::new());
    for ((name, template), of_one, met) in parts.into_iter().flatten() {
        compiled.insert(name, template);
        sites.join(of_one);
        globals.extend(met);
    }
    (compiled, globals)
}
