//! The secrets of a run: read from the environment once, and handed to what sends them.

use std::collections::BTreeMap;

use anyhow::bail;
use indexmap::IndexMap;

use crate::config::{Scope, Target};
use crate::model::{Plan, Secret};

/// Values by name. No part of it is ever printed.
#[derive(Clone, Default)]
pub struct Secrets {
    values: BTreeMap<String, String>,
    variables: IndexMap<String, String>,
}

impl Secrets {
    /// Of a scope, by what the process environment holds. The sandbox in this process keeps what it is sent in a folder:
    /// it gets words in their place, and needs no variable.
    pub fn read(scope: &Scope, target: &Target, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let value = |(name, from): (&String, &String)| {
            let value = match target {
                Target::Sandbox => Some(format!("secret {name} of the sandbox")),
                _ => variable(from),
            };
            Some((name.clone(), value?))
        };
        let values = scope.secrets.iter().filter_map(value).collect();
        Self { values, variables: scope.secrets.clone() }
    }

    pub fn value(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// What must not be shown.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.values().map(String::as_str)
    }

    /// Whether every secret that a plan sends has a value; before anything is written.
    pub fn complete(&self, plan: &Plan) -> anyhow::Result<()> {
        let mut lacking: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for change in &plan.changes {
            let Some(body) = &change.body else { continue };
            for name in Secret::names(body.text()).into_iter().filter(|name| !self.values.contains_key(*name))
            {
                lacking.entry(name).or_default().push(change.address.to_string());
            }
        }
        let Some((name, users)) = lacking.first_key_value() else { return Ok(()) };
        let more = match users.len() + lacking.len() {
            2 => String::new(),
            _ => ", and others".to_owned(),
        };
        let of = users.first().map(String::as_str).unwrap_or_default();
        match self.variables.get(*name) {
            Some(variable) => bail!(
                "the secret `{name}` of `{of}`{more} has no value: set {variable}, which `secrets:` of musher.yaml names. \
                 Nothing was changed"
            ),
            None => bail!("there is no secret `{name}`, which `{of}`{more} needs. Nothing was changed"),
        }
    }
}
