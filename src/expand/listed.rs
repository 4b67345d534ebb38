//! Every item of every list that a use runs over, whatever its `where` leaves of it: the inventory.

use serde_json::{Map, Value};

use super::body::{Body, render};
use super::fault::Faults;
use super::rendered::Rendered;
use super::scope::{self, Setting};
use super::site::Sites;
use super::{template, uses};
use crate::config::{Config, Scope};
use crate::diagnostic::{At, Sources};
use crate::inventory::{self, Folder};
use crate::load::definitions::{Definitions, Use};
use crate::template::Run;

/// One item of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub value: Value,
    /// By parameter: what `with` gives the template for it, where that can be rendered.
    pub given: Map<String, Value>,
    /// The template asks for metrics of one function: its items are functions, whatever their form.
    pub of_functions: bool,
    pub at: At,
}

/// The tag by which metrics of Lambda tell functions apart.
const FUNCTION_TAG: &str = "functionname:";

/// The items of all lists, in the order of the files. What is wrong with a list is reported where it is expanded; here
/// it has no items. The files that lists come from become sources.
pub fn listed(
    definitions: &Definitions,
    config: &Config,
    scope: &Scope,
    sources: &mut Sources,
) -> Vec<Listed> {
    let constants = scope::constants(config, scope, &mut Vec::new());
    let setting = Setting::new(config, scope, &constants);
    let (mut sites, mut faults) = (Sites::part(0), Faults::default());
    let (templates, _) = template::compile_all(&definitions.templates, &setting, &mut sites);
    let mut found = Vec::new();
    for own in definitions.uses.iter().filter(|own| own.for_each.is_some() && !own.forget) {
        let (setting, templates, part) = (&setting, &templates, templates.len());
        let mut context =
            uses::UseContext { setting, templates, part, sites: &mut sites, faults: &mut faults };
        found.extend(of_use(own, &mut context, sources).unwrap_or_default());
    }
    found
}

fn of_use(own: &Use, context: &mut uses::UseContext<'_>, sources: &mut Sources) -> Option<Vec<Listed>> {
    let template = context.templates.get(own.template.as_str())?;
    let mut body = Body::new(context.setting.names(Vec::new(), Vec::new()), context.part, own.at.clone());
    let mut rendered = Rendered::default();
    let (compiled, list) = uses::prepare(own, template, &mut body, context, &mut rendered, sources)?;
    let folder = Folder { root: context.setting.root, folder: &own.folder, at: own.at.child("/for_each") };
    let items = inventory::placed(&list?, &folder, sources).ok()?;
    let mut definitions = template.template.definitions.iter();
    let of_functions = definitions.any(|definition| definition.body.text().contains(FUNCTION_TAG));
    let one = |(item, at): (inventory::Item, At)| {
        let slots = [std::borrow::Cow::Borrowed(&item.value)];
        let run = Run::new(&slots, None, "");
        let names = template.template.params.keys();
        let given = names.zip(&compiled.with).filter_map(|(name, given)| {
            let mut faults = Faults::default();
            let value = render(&given.as_ref()?.0, &run, None, &mut faults);
            (faults.count == 0).then(|| (name.clone(), value))
        });
        let given = given.collect();
        Listed { given, of_functions, at, value: item.value }
    };
    Some(items.into_iter().map(one).collect())
}
