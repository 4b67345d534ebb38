//! `$id`: the live object that a definition takes, if it may.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::likeness::differing;
use super::pair::Wanted;
use crate::diagnostic::{At, Diagnostic};
use crate::kind::{self, Kind};
use crate::mark::{self, Damage, Reading};
use crate::model::{Live, Owner, Resource};

/// The live objects that some `$id` names, by section and id.
pub fn adoptable<'a>(wanted: &Wanted<'a>) -> HashMap<(&'a str, &'a str), &'a Live> {
    let named =
        |resource: &'a Resource| Some((resource.address.section(), resource.directives.adopt.as_deref()?));
    let named: HashSet<(&str, &str)> = wanted.resources.iter().filter_map(named).collect();
    let mut found = HashMap::with_capacity(named.len());
    if !named.is_empty() {
        for live in wanted.live {
            let key = (live.section, live.id.as_str());
            if named.contains(&key) {
                found.entry(key).or_insert(live);
            }
        }
    }
    found
}

/// The live object that `$id` names, if it may be taken. One whose mark of ours lost its id may: that is how it comes
/// back.
pub fn adopt<'a>(
    (wanted, adoptable): (&Wanted<'a>, &HashMap<(&str, &str), &'a Live>),
    resource: &Resource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a Live> {
    let id = resource.directives.adopt.as_deref()?;
    let kind = kind::of_section(resource.address.section())?;
    let Some(live) = adoptable.get(&(kind.section, id)).copied() else {
        let text =
            format!("`{}` adopts `{id}`, which does not exist: a new one will be created", resource.address);
        diagnostics.push(
            Diagnostic::warning("adopted-gone", text, at(resource))
                .help("take `$id` out once the new one exists"),
        );
        return None;
    };
    let (whose, help) = match mark::reading(kind, &live.body, wanted.owner) {
        Reading::Mark(mark) => (
            format!("the mark `{}` of `{}`", mark.id, mark.owner),
            format!("it is declared under another id: rename it with `$moved_from: {}`", mark.id),
        ),
        Reading::Damaged(damage @ Damage::SeveralIds(_)) => {
            (format!("a mark that can't be read: {damage}"), super::damage::SEVERAL.to_owned())
        }
        Reading::Damaged(_) => return Some(live),
        Reading::Nothing => match mark::owners(kind, &live.body).first() {
            None => return Some(live),
            Some(owner) => {
                let marked = live.mark.as_ref().map(|mark| format!("`{}`", mark.id));
                let of = marked.as_ref().map(|mark| format!("{mark} of ")).unwrap_or_default();
                let help = how_to_take(wanted.owner, owner, marked.as_deref().unwrap_or("it"), id);
                (format!("the mark {of}`{owner}`"), help)
            }
        },
    };
    let text = format!("`{}` adopts `{id}`, which bears {whose}", resource.address);
    diagnostics.push(Diagnostic::error("adopted-owned", text, at(resource)).help(help));
    None
}

/// What to do about an object that bears another owner's mark.
fn how_to_take(own: &Owner, other: &Owner, marked: &str, id: &str) -> String {
    let parts = |owner: &Owner| owner.0.split_once('.').map(|(one, two)| (one.to_owned(), two.to_owned()));
    match (parts(own), parts(other)) {
        (Some((project, _)), Some((same, environment))) if project == same => format!(
            "that is this project's environment `{environment}`: write `$id: {{{environment}: {id}}}`; an environment \
             that isn't listed makes an object of its own"
        ),
        _ => format!(
            "let it go there first: `$forget: true` at {marked} in the project that owns it, or `musher forget`"
        ),
    }
}

/// An object that would have to be made anew to be what is declared is not the one that was meant.
pub fn other_kind_of(kind: &Kind, resource: &Resource, live: &Live) -> Diagnostic {
    let path = differing(kind, resource, &live.body, None).unwrap_or_default();
    let field = path.trim_start_matches('/').replace('/', ".");
    let shown = |body: &Value| body.pointer(path).cloned().unwrap_or_default().to_string();
    let text = format!(
        "`{}` adopts {}, whose `{field}` is {} and can't become {}",
        resource.address,
        live.url,
        shown(&live.body),
        shown(&resource.body.value()),
    );
    Diagnostic::error("adopted-other-type", text, at(resource)).help(format!(
        "adopting never replaces: check the id, declare the `{field}` that is live, or take `$id` out to make a new one"
    ))
}

fn at(resource: &Resource) -> Option<At> {
    resource.origin.layers.first().map(|at| at.child("/$id"))
}
