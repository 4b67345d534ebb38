//! A template, compiled for all of its uses; and what `show template` tells of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::Setting;
use super::body::{Body, Node};
use super::definition::{self, Compiled, Output};
use super::params;
use super::site::{Base, SiteId, Sites};
use crate::cores::in_parallel;
use crate::diagnostic::{Diagnostic, Part};
use crate::load::definitions::{Param, Template};
use crate::template::{Compiler, is_helper};

/// A template, compiled.
#[derive(Debug)]
pub struct CompiledTemplate<'d> {
    pub template: &'d Template,
    /// By position as in the template's params: what stands for a parameter that isn't passed.
    pub defaults: Vec<Option<(Node, SiteId)>>,
    pub definitions: Vec<Compiled<'d>>,
    /// Section and short id of each definition.
    pub siblings: Vec<(String, String)>,
    /// What was wrong with the parameters, by position among the faults that compiling told.
    pub told: Range<usize>,
}

pub fn compile<'d>(
    template: &'d Template,
    setting: &Setting<'_>,
    output: &mut Output<'_>,
) -> CompiledTemplate<'d> {
    let siblings: Vec<(String, String)> = template
        .definitions
        .iter()
        .map(|definition| (definition.address.section().to_owned(), definition.address.id().to_owned()))
        .collect();
    let mut compiler = Compiler::new(setting.names(Vec::new(), Vec::new()));
    let mut defaults = Vec::with_capacity(template.params.len());
    let before = output.faults.len();
    for (name, param) in &template.params {
        check_name(name, param, setting, output.faults);
        // A default may use the parameters before it.
        defaults.push(default(name, param, &mut compiler, output));
        compiler.names.slots.push(name.clone());
    }
    let told = before..output.faults.len();
    compiler.names.siblings.clone_from(&siblings);
    let definitions = template
        .definitions
        .iter()
        .map(|definition| definition::compile(definition, setting, &mut compiler, output))
        .collect();
    CompiledTemplate { template, defaults, definitions, siblings, told }
}

impl CompiledTemplate<'_> {
    /// What was told stands behind so many faults more.
    fn shift(&mut self, faults: usize) {
        let ranges = self.definitions.iter_mut().map(|definition| &mut definition.told);
        for range in ranges.chain([&mut self.told]) {
            *range = range.start + faults..range.end + faults;
        }
    }
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

fn default(
    name: &str,
    param: &Param,
    compiler: &mut Compiler<'_>,
    output: &mut Output<'_>,
) -> Option<(Node, SiteId)> {
    let value = param.default.as_ref()?;
    let at = param.at.child("/default");
    let base = Base::At(at.clone());
    let Output { sites, globals, faults } = output;
    let mut body = Body { compiler, sites, base: &base, faults, globals };
    let mut node = body.node(value, "", 0);
    let site = sites.add(at.clone());
    if let Node::Literal(value) = &node {
        match params::convert(name, param, Cow::Borrowed(value)) {
            Ok(converted) => node = Node::Literal(converted.into_owned()),
            Err((code, words)) => {
                faults.push(Diagnostic::error(code, format!("{words} as its default"), at));
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
    pub sort: Option<&'static str>,
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
        sort: params::sort_of(param).map(params::word),
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

/// Compiles every template, used or not: what is wrong in one is told either way.
pub fn compile_all<'d>(
    templates: &'d BTreeMap<String, Template>,
    setting: &Setting<'_>,
    sites: &mut Sites,
    faults: &mut Vec<Diagnostic>,
) -> (BTreeMap<&'d str, CompiledTemplate<'d>>, definition::Globals) {
    let all: Vec<(&String, &Template)> = templates.iter().collect();
    let parts = in_parallel(&all, 1, &|some, from| {
        let (mut sites, mut globals, mut faults) = (Sites::part(from), Vec::new(), Vec::new());
        let mut output = Output { sites: &mut sites, globals: &mut globals, faults: &mut faults };
        let compiled =
            some.iter().map(|(name, template)| (name.as_str(), compile(template, setting, &mut output)));
        let compiled: Vec<_> = compiled.collect();
        (compiled, sites, globals, faults)
    });
    let (mut compiled, mut globals) = (BTreeMap::new(), Vec::new());
    for (mut some, of_some, met, told) in parts {
        some.iter_mut().for_each(|(_, template)| template.shift(faults.len()));
        compiled.extend(some);
        sites.join(of_some);
        globals.extend(met);
        faults.extend(told);
    }
    (compiled, globals)
}
