//! What rules found in one resource, before it is reported.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::config::RuleLevel;
use crate::diagnostic::Part;
use crate::source::short;

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
    /// What it says explains other findings.
    pub slip: Slip,
    /// The field whose value, or absence, it follows from, where it is shown elsewhere.
    pub follows: Option<String>,
}

/// A fault of writing, from which others follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slip {
    None,
    /// The value at its pointer is of another type.
    Mistyped,
    /// The name of a field: the one at this pointer was meant.
    Misspelled(String),
}

impl Finding {
    pub fn also(&mut self, text: impl Into<String>, pointer: impl Into<String>) -> &mut Self {
        self.also = Some((text.into(), pointer.into()));
        self
    }

    /// It follows from the field at a pointer.
    pub fn follows(&mut self, pointer: impl Into<String>) -> &mut Self {
        self.follows = Some(pointer.into());
        self
    }

    pub fn mistyped(&mut self) -> &mut Self {
        self.slip = Slip::Mistyped;
        self
    }

    /// The name that stands there was meant as that of another field.
    pub fn meant(&mut self, pointer: impl Into<String>) -> &mut Self {
        self.slip = Slip::Misspelled(pointer.into());
        self.part = Part::Key;
        self
    }

    /// Says that the field that was meant is needed.
    fn needed(&mut self) {
        let Slip::Misspelled(meant) = &self.slip else { return };
        let last = |pointer: &str| pointer.rsplit('/').next().unwrap_or_default().to_owned();
        let (name, meant) = (last(&self.pointer), last(meant));
        self.text =
            format!("`{}` is not a known field: `{meant}`, which is needed, is missing", short(&name));
        self.help = format!("write `{meant}`");
    }

    /// Whether it says no more than that something is wrong at a pointer.
    fn is_of(&self, pointer: &str) -> bool {
        let below = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let follows = |field: &String| below(field, pointer) || below(pointer, field);
        // The form of a list, one of whose items is no text.
        let form = self.code == "field-form"
            && pointer.rsplit_once('/').is_some_and(|(list, item)| {
                list == self.pointer && item.bytes().all(|byte| byte.is_ascii_digit())
            });
        below(&self.pointer, pointer) || self.follows.as_ref().is_some_and(follows) || form
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
            slip: Slip::None,
            follows: None,
        });
        self.list.last_mut().expect("bug: it was pushed just now")
    }
}

/// Says each fault once: what follows from a value of another type, or from a misspelled name, goes. An error among it
/// lends its code and its weight.
pub fn settle(list: &mut Vec<Finding>) {
    let faults: Vec<(usize, String)> = list
        .iter()
        .enumerate()
        .filter_map(|(index, finding)| match &finding.slip {
            Slip::None => None,
            Slip::Mistyped => Some((index, finding.pointer.clone())),
            Slip::Misspelled(meant) => Some((index, meant.clone())),
        })
        .collect();
    if faults.is_empty() {
        return;
    }
    let mut gone = BTreeSet::new();
    for (index, pointer) in faults {
        if gone.contains(&index) {
            continue;
        }
        for other in 0..list.len() {
            let is_other = other != index && !gone.contains(&other);
            if !is_other || !list[other].is_of(&pointer) {
                continue;
            }
            gone.insert(other);
            if list[other].level == RuleLevel::Error && list[index].level != RuleLevel::Error {
                (list[index].code, list[index].level) = (list[other].code, RuleLevel::Error);
                list[index].needed();
            }
        }
    }
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
}

/// The names of a text that are meant to be one of a few: for rules that compare with lists.
pub fn listed(names: &BTreeSet<&str>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
