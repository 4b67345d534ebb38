//! What rules found, before it is reported.

use std::sync::Arc;

use super::rules::Rule;
use super::view::View;
use crate::diagnostic::{At, Part, Severity};
use crate::model::Origin;

/// Where a finding stands.
#[derive(Clone, Debug)]
pub enum Spot {
    /// In a document, by its position.
    Node { document: usize, pointer: String, part: Part },
    /// In a resource of the project, by a pointer into its body.
    Body { origin: Arc<Origin>, pointer: String },
    /// Anywhere else.
    At(Option<At>),
}

/// One finding.
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub spot: Spot,
    pub text: String,
    pub help: String,
    pub also: Vec<(String, Spot)>,
    /// What shares the finding with others that are found alike: the name of a function.
    pub whose: Option<String>,
    /// Addresses that it hits.
    pub instances: Vec<String>,
    /// Whether what it points at must not be shown.
    pub hidden: bool,
}

/// All findings.
#[derive(Default)]
pub struct Findings {
    pub list: Vec<Finding>,
}

impl Spot {
    /// A node's value.
    pub fn value(view: &View<'_>) -> Self {
        Self::Node { document: view.document, pointer: view.pointer.clone(), part: Part::Value }
    }

    /// The key that a node stands under: for what a block lacks.
    pub fn key(view: &View<'_>) -> Self {
        Self::Node { document: view.document, pointer: view.pointer.clone(), part: Part::Key }
    }
}

impl Findings {
    pub fn add(
        &mut self,
        rule: &'static Rule,
        spot: Spot,
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Finding {
        self.list.push(Finding {
            rule,
            severity: rule.level,
            spot,
            text: text.into(),
            help: help.into(),
            also: Vec::new(),
            whose: None,
            instances: Vec::new(),
            hidden: false,
        });
        self.list.last_mut().expect("bug: it was pushed just now")
    }
}

impl Finding {
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    pub fn also(&mut self, text: impl Into<String>, spot: Spot) -> &mut Self {
        self.also.push((text.into(), spot));
        self
    }

    pub fn hidden(&mut self) -> &mut Self {
        self.hidden = true;
        self
    }

    pub fn whose(&mut self, name: &str) -> &mut Self {
        self.whose = Some(name.to_owned());
        self
    }
}
