//! Objects that bear no mark: matched by their key, and owned where a namespace says so.

use std::collections::BTreeMap;

use super::pair::Found;
use crate::diagnostic::Diagnostic;
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Address, Claim, Live, Reference, Resource};

/// What references stand for, as far as that is known.
pub type KnownIds<'k> = dyn Fn(&Reference) -> Option<String> + 'k;

/// Live objects by section and key.
#[derive(Default)]
pub struct Keyed<'a> {
    live: BTreeMap<(&'static str, String), Vec<&'a Live>>,
    /// Who declares a key.
    declared: BTreeMap<(&'static str, String), Address>,
}

/// The key that a resource declares.
pub fn key_of(kind: &Kind, resource: &Resource) -> Option<String> {
    if !kind.is_keyed() {
        return None;
    }
    mark::key(kind, &resource.body.value()).map(str::to_owned)
}

impl<'a> Keyed<'a> {
    /// Of what is live; others' objects are nobody's by their key.
    pub fn of(live: &'a [Live]) -> Self {
        let mut keyed = Self::default();
        for live in live {
            let Some(kind) = kind::of_section(live.section) else { continue };
            if let Some(key) = mark::key(kind, &live.body).filter(|_| !(kind.api.foreign)(&live.body)) {
                keyed.live.entry((kind.section, key.to_owned())).or_default().push(live);
            }
        }
        keyed
    }

    /// The live object that a resource names; one that `$id` names is `adopted`.
    pub fn take(
        &mut self,
        kind: &'static Kind,
        resource: &Resource,
        (adopted, known): (Option<&'a Live>, &KnownIds<'_>),
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<(&'a Live, Found)> {
        let key = Reference::fill(&key_of(kind, resource)?, known);
        let at = || resource.origin.layers.first().cloned();
        if let Some(other) = self.declared.insert((kind.section, key.clone()), resource.address.clone()) {
            let text = format!("`{}` and `{other}` both declare `{key}`", resource.address);
            let help = "one object has one definition: give them different names, or take one out";
            diagnostics.push(Diagnostic::error("key-declared-twice", text, at()).help(help));
        }
        if let Some(adopted) = adopted {
            self.drop(adopted);
            return Some((adopted, Found::Name));
        }
        let (found, how) = match self.live.remove(&(kind.section, key.clone())) {
            Some(found) => (found, Found::Name),
            None => {
                let mut old = resource.directives.old_keys.iter();
                let found = old.find_map(|old| self.live.remove(&(kind.section, old.clone())))?;
                (found, Found::OldName)
            }
        };
        if let [only] = found[..] {
            return Some((only, how));
        }
        let places: Vec<String> = found.iter().map(|live| format!("{} ({})", live.id, live.url)).collect();
        let text = format!(
            "`{}` names `{key}`, and {} live objects have that name: {}",
            resource.address,
            found.len(),
            places.join(", ")
        );
        let help = format!("say which one is meant: `$id: {}`; or delete the others", found[0].id);
        diagnostics.push(Diagnostic::error("ambiguous-key", text, at()).help(help));
        None
    }

    fn drop(&mut self, taken: &Live) {
        self.live
            .values_mut()
            .for_each(|found| found.retain(|live| live.id != taken.id || live.section != taken.section));
        self.live.retain(|_, found| !found.is_empty());
    }

    /// The namespace that a resource's name is in.
    pub fn space(
        kind: &Kind,
        resource: &Resource,
        namespace: &dyn Fn(&str, &str) -> Option<String>,
    ) -> Option<String> {
        let pattern = namespace(kind.section, &key_of(kind, resource)?)?;
        Some(format!("{}: {pattern}", kind.section))
    }

    /// What nobody declares inside the namespaces of the owner, with the pattern of each.
    pub fn rest(self, namespace: &dyn Fn(&str, &str) -> Option<String>) -> Vec<(&'a Live, Claim)> {
        let mut rest = Vec::new();
        for ((section, key), found) in self.live {
            let Some(pattern) = namespace(section, &key) else { continue };
            rest.extend(
                found.into_iter().map(|live| (live, Claim::Namespace(format!("{section}: {pattern}")))),
            );
        }
        rest
    }
}
