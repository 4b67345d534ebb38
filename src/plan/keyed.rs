//! Objects that bear no mark: matched by their key, and owned where a namespace says so.

use std::collections::BTreeMap;

use crate::config::Scope;
use crate::diagnostic::Diagnostic;
use crate::kind::{self, Identity, Kind};
use crate::mark;
use crate::model::{Address, Claim, Live, Resource};

/// Live objects by section and key.
#[derive(Default)]
pub struct Keyed<'a> {
    live: BTreeMap<(&'static str, String), Vec<&'a Live>>,
    /// Who declares a key.
    declared: BTreeMap<(&'static str, String), Address>,
}

/// The key that a resource declares.
pub fn key_of(kind: &Kind, resource: &Resource) -> Option<String> {
    let Identity::Key(at) = kind.identity else { return None };
    resource.body.get(at.trim_start_matches('/'))?.as_str().map(str::to_owned)
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

    /// The live object that a resource names, and whether by a former key. One that `$id` names is its own affair:
    /// `adopted`.
    pub fn take(
        &mut self,
        kind: &'static Kind,
        resource: &Resource,
        adopted: Option<&'a Live>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<(&'a Live, bool)> {
        let key = key_of(kind, resource)?;
        let at = || resource.origin.layers.first().cloned();
        if let Some(other) = self.declared.insert((kind.section, key.clone()), resource.address.clone()) {
            let text = format!("`{}` and `{other}` both declare `{key}`", resource.address);
            let help = "one object has one definition: give them different names, or take one out";
            diagnostics.push(Diagnostic::error("key-declared-twice", text, at()).help(help));
        }
        if let Some(adopted) = adopted {
            self.forget(adopted);
            return None;
        }
        let (found, moved) = match self.live.remove(&(kind.section, key.clone())) {
            Some(found) => (found, false),
            None => {
                let mut old = resource.directives.old_keys.iter();
                (old.find_map(|old| self.live.remove(&(kind.section, old.clone())))?, true)
            }
        };
        if let [only] = found[..] {
            return Some((only, moved));
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

    fn forget(&mut self, taken: &Live) {
        self.live
            .values_mut()
            .for_each(|found| found.retain(|live| live.id != taken.id || live.section != taken.section));
        self.live.retain(|_, found| !found.is_empty());
    }

    /// What nobody declares inside the namespaces of the owner, with the pattern of each.
    pub fn rest(self, scope: &Scope) -> Vec<(&'a Live, Claim)> {
        let mut rest = Vec::new();
        for ((section, key), found) in self.live {
            let Some(pattern) = scope.namespace(section, &key) else { continue };
            rest.extend(
                found.into_iter().map(|live| (live, Claim::Namespace(format!("{section}: {pattern}")))),
            );
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::model::{Body, Directives, Origin, Owner};
    use crate::plan::{Inputs, plan};

    fn filter(id: &str, name: &str, by: &str) -> Live {
        let body = json!({"id": id, "name": name, "enabled": true, "filter_type": "spans-sampling-processor", "rate": 1.0,
            "filter": {"query": "x"}, "trace_rate": 0.0, "created_by": by, "created_at": if by.is_empty() { 0 } else { 5 }});
        Live {
            section: "retention_filters",
            id: id.to_owned(),
            body,
            mark: None,
            url: format!("https://x/{id}"),
        }
    }

    /// What a plan of one definition says, and how many changes it has.
    fn check(live: &[Live], name: &str, rate: f64, adopt: Option<&str>, expected: (&[&str], usize)) {
        let body = json!({"name": name, "enabled": true, "filter_type": "spans-sampling-processor", "rate": rate,
            "filter": {"query": "x"}});
        let directives = Directives { adopt: adopt.map(str::to_owned), ..Directives::default() };
        let resource = Resource {
            address: Address::new("retention_filters", "f"),
            body: Body::of(&body).expect("a shallow body"),
            directives,
            origin: Origin::nowhere(),
            instance: None,
        };
        let scope = Scope {
            project: "shop".to_owned(),
            environment: None,
            owner: Owner("shop".to_owned()),
            vars: Map::<String, Value>::new(),
            owns: Vec::new(),
        };
        let (plan, told) = plan(&Inputs {
            scope: &scope,
            site: "x",
            organisation: None,
            resources: &[resource],
            live,
            unlisted: &[],
            selected: &|_| true,
        });
        let codes: Vec<&str> = told.iter().map(|told| told.code).collect();
        assert_eq!((codes.as_slice(), plan.changes.len()), expected, "{name} {rate} {adopt:?}");
    }

    #[test]
    fn one_of_several_of_a_name_is_said() {
        let two = [filter("1", "a", "me"), filter("2", "a", "you")];
        check(&two, "a", 0.5, None, (&["ambiguous-key"], 1));
        check(&two, "a", 0.5, Some("2"), (&[], 1));
        check(&two, "a", 1.0, Some("2"), (&[], 0));
        check(&two[..1], "a", 1.0, None, (&[], 0));
    }

    #[test]
    fn what_is_built_in_is_nobodys_but_by_its_id() {
        let built_in = [filter("1", "Default", "")];
        // Of the same name: another one is made.
        check(&built_in, "Default", 1.0, None, (&[], 1));
        check(&built_in, "Default", 0.5, Some("1"), (&[], 1));
        check(&built_in, "Renamed", 1.0, Some("1"), (&["built-in"], 1));
    }
}
