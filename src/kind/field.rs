//! One field of a body: everything that is known of it, on one line of its kind's row.

use serde_json::Value;

/// Whether two values mean the same.
pub type Meaning = fn(&Value, &Value) -> bool;

/// A path with all that sets it apart. A row lists them sorted by path; a line is built by the functions below.
///
/// Names, types, bounds and known values: the OpenAPI document of the API. Where the recordings show that the
/// service takes more, the table allows more. What is not listed is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// A path into the body in which `*` is any item of a list: `/thresholds/*/target`; `""` is the body itself.
    pub at: &'static str,
    pub value: Type,
    /// What an editor shows; empty: nobody writes it, and no editor completes it.
    pub doc: &'static str,

    // How two bodies are compared, and what is sent.
    /// Set by the service alone: dropped from both sides and never sent.
    pub read_only: bool,
    /// Never touched unless declared: dropped from the live side, and sent as it stands.
    pub kept: bool,
    /// Filled with a value of the service's own where left out, so that what is live says nothing then.
    pub filled: bool,
    /// Not shown by every read: its absence from a live object says nothing.
    pub unseen: bool,
    /// An object whose unknown live fields are not compared.
    pub open: bool,
    /// An object that an update replaces whole, or may: what is not declared there is sent as it stands live.
    pub replaced: bool,
    /// A list without an order.
    pub set: bool,
    /// A text whose white space at the end the service removes.
    pub trimmed: bool,
    /// Can't be changed in place: a change replaces the object.
    pub immutable: bool,
    /// A reference here is a number, everywhere else a text.
    pub numeric: bool,
    /// What its absence means, as JSON texts: the values that the service may fill in. The first is the goal where
    /// somebody set another. `null`, `[]`, `{}` and absent count as equal anyway.
    pub defaults: &'static [&'static str],
    /// Values that are spellings of one thing; the first is the canonical one. JSON texts.
    pub synonyms: &'static [&'static str],

    /// Whether two different values mean the same all the same: the service rewrites what it is sent.
    pub meaning: Option<Meaning>,

    // What a change may endanger.
    /// A text that names recipients (`@slack-…`), or a list of them.
    pub recipients: bool,
    /// A number that loosens an alert; the operator of the query says which way.
    pub threshold: bool,
    /// An objective that is loosened when it falls.
    pub target: bool,
    /// The query whose scope may be widened.
    pub query: bool,
    /// It alerts when data stops where it has one of these values: JSON texts.
    pub no_data: &'static [&'static str],

    // What the rules judge.
    /// The service refuses an object without it.
    pub required: bool,
    /// The same, but an update may leave it out.
    pub required_at_create: bool,
    /// The service refuses what is out of the type's bounds.
    pub strict: bool,
    /// Characters that the service writes as `_`.
    pub rewritten: &'static str,
    /// What no definition may hold, where a body says so: `${secret.…}` stands there. No read shows it then.
    pub secret: Option<fn(&Value) -> bool>,
    /// A length of time as a text (`2d`) that the service bounds: the least and the greatest, in seconds.
    pub duration: Option<(u64, u64)>,
}

/// The type of a field's value. Null and a `${…}` are allowed everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    Any,
    Boolean,
    /// With its bounds.
    Number(Option<i32>, Option<i32>),
    Integer(Option<i32>, Option<i32>),
    /// With the values that are known: suggestions, as Datadog adds others.
    Text(&'static [&'static str]),
    Texts(&'static [&'static str]),
    Integers,
    Object,
    /// A list; its items are objects if there are fields below `/*`.
    List,
    /// As the field at this path: a nested list of the same type.
    Same(&'static str),
}

pub const fn of(at: &'static str, value: Type, doc: &'static str) -> Field {
    Field {
        at,
        value,
        doc,
        read_only: false,
        kept: false,
        filled: false,
        unseen: false,
        open: false,
        replaced: false,
        set: false,
        trimmed: false,
        immutable: false,
        numeric: false,
        defaults: &[],
        synonyms: &[],
        meaning: None,
        recipients: false,
        threshold: false,
        target: false,
        query: false,
        no_data: &[],
        required: false,
        required_at_create: false,
        strict: false,
        rewritten: "",
        secret: None,
        duration: None,
    }
}

pub const fn any(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Any, doc)
}

pub const fn text(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Text(&[]), doc)
}

/// A text of which some values are known.
pub const fn choice(at: &'static str, known: &'static [&'static str], doc: &'static str) -> Field {
    of(at, Type::Text(known), doc)
}

pub const fn texts(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Texts(&[]), doc)
}

pub const fn boolean(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Boolean, doc)
}

pub const fn number(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Number(None, None), doc)
}

/// From 0 to 1.
pub const fn share(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Number(Some(0), Some(1)), doc)
}

pub const fn percent(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Number(Some(0), Some(100)), doc)
}

/// A whole number of something: not negative.
pub const fn count(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Integer(Some(0), None), doc)
}

/// A whole number between two others.
pub const fn bounded(at: &'static str, min: i32, max: i32, doc: &'static str) -> Field {
    of(at, Type::Integer(Some(min), Some(max)), doc)
}

pub const fn object(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::Object, doc)
}

pub const fn list(at: &'static str, doc: &'static str) -> Field {
    of(at, Type::List, doc)
}

/// Set by the service alone.
pub const fn read_only(at: &'static str) -> Field {
    Field { read_only: true, ..of(at, Type::Any, "") }
}

/// Known, and completed by no editor.
pub const fn undocumented(at: &'static str) -> Field {
    of(at, Type::Any, "")
}

/// One function for each flag: it sets it.
macro_rules! flags {
    ($($name:ident)*) => { $(pub const fn $name(mut self) -> Self { self.$name = true; self })* };
}

/// One function for each list of JSON texts.
macro_rules! lists {
    ($($name:ident)*) => {
        $(pub const fn $name(mut self, texts: &'static [&'static str]) -> Self { self.$name = texts; self })*
    };
}

impl Field {
    flags! {
        kept filled unseen open replaced set trimmed immutable numeric recipients threshold target query required
        required_at_create strict
    }
    lists! { defaults synonyms no_data }

    pub const fn duration(mut self, min: u64, max: u64) -> Self {
        self.duration = Some((min, max));
        self
    }

    pub const fn rewritten(mut self, characters: &'static str) -> Self {
        self.rewritten = characters;
        self
    }

    pub const fn secret(mut self, holds: fn(&Value) -> bool) -> Self {
        self.secret = Some(holds);
        self
    }

    pub const fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = Some(meaning);
        self
    }

    /// The least and the greatest number that the type allows.
    pub fn bounds(&self) -> (Option<i32>, Option<i32>) {
        match self.value {
            Type::Number(min, max) | Type::Integer(min, max) => (min, max),
            _ => (None, None),
        }
    }
}
