//! What rules found in one resource, before it is reported.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::config::RuleLevel;
use crate::diagnostic::Part;

/// One fault of one resource.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule's.
    pub code: &'static str,
    /// What it weighs where the user says nothing.
    pub level: RuleLevel,
    /// JSON pointer into the body; what is not there is shown by what stands around it.
    pub pointer: String,
    /// The part of the node; bytes are those of the rendered string.
    pub part: Part,
    pub text: String,
    /// Empty: there is nothing to add.
    pub help: String,
    /// Another place of the same resource that takes part, by pointer.
    pub also: Option<(String, String)>,
}

impl Finding {
    pub fn also(&mut self, text: impl Into<String>, pointer: impl Into<String>) -> &mut Self {
        self.also = Some((text.into(), pointer.into()));
        self
    }

    pub fn level(&mut self, level: RuleLevel) -> &mut Self {
        self.level = level;
        self
    }
}

/// Collects the findings of one resource.
#[derive(Debug)]
pub struct Findings {
    /// The code of the rule at work, and what its findings weigh.
    pub rule: (&'static str, RuleLevel),
    pub list: Vec<Finding>,
}

impl Findings {
    pub fn new() -> Self {
        Self { rule: ("", RuleLevel::Error), list: Vec::new() }
    }

    /// Whether something was found at a pointer.
    pub fn has(&self, pointer: &str) -> bool {
        self.list.iter().any(|finding| finding.pointer == pointer)
    }

    /// At the value of a pointer.
    pub fn add(&mut self, pointer: &str, text: impl Into<String>, help: impl Into<String>) -> &mut Finding {
        self.push(pointer, Part::Value, text.into(), help.into())
    }

    /// At bytes of the text of a pointer.
    pub fn within(
        &mut self,
        (pointer, range): (&str, &Range<usize>),
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> &mut Finding {
        self.push(pointer, Part::Within(range.clone()), text.into(), help.into())
    }

    fn push(&mut self, pointer: &str, part: Part, text: String, help: String) -> &mut Finding {
        self.list.push(Finding {
            code: self.rule.0,
            level: self.rule.1,
            pointer: pointer.to_owned(),
            part,
            text,
            help,
            also: None,
        });
        self.list.last_mut().expect("bug: it was pushed just now")
    }
}

/// The names of a text that are meant to be one of a few: for rules that compare with lists.
pub fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
