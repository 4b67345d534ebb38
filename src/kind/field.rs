//! One field of a body: everything that is known of it, on one line of its kind's row.

use serde_json::Value;

use crate::diff::same;
use crate::pointer::{matching, push};

/// Whether two values mean the same.
pub type Meaning = fn(&Value, &Value) -> bool;

/// What a value must look like: whether it does, and how that is said behind "must be".
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub fits: fn(&Value) -> bool,
    pub says: &'static str,
    /// Whether the service is known to refuse others; else they are as good as never meant.
    pub proven: bool,
}

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
    /// A text whose white space at either end says nothing: the service removes it, or may.
    pub trimmed: bool,
    /// An update names it only where it changes, and then it takes the place of what was there.
    pub steady: bool,
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
    /// What its absence means by the `type` of the object around it (`""`: of any), as JSON texts: at any place of a
    /// list, where a default by position would miss items that moved.
    pub implied: &'static [(&'static str, &'static str)],
    /// An update that leaves it out keeps it: it ends where the switch at this path is sent. The switch is no field of
    /// what is live.
    pub ended_by: Option<&'static str>,
    /// Null where the keys lack this permission, so that what is live can't be compared.
    pub hidden_without: Option<&'static str>,

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
    /// Who reviews an object that is made or goes must know it.
    pub telling: bool,
    /// How a change of it keeps an alert from being heard.
    pub alarm: Alarm,

    // What the rules judge.
    /// The service refuses an object without it.
    pub required: bool,
    /// The same, but an update may leave it out.
    pub required_at_create: bool,
    /// The same, in objects of these types in a list: by their `type`, else by their `data_source`.
    pub required_in: &'static [&'static str],
    /// What the service takes; at any place of a list.
    pub form: Option<Form>,
    /// The service refuses what is out of the type's bounds.
    pub strict: bool,
    /// It has one of the type's known values or is refused; else those are suggestions.
    pub closed: bool,
    /// The service takes a number that is written as a text.
    pub or_text: bool,
    /// The service took it once and refuses bodies that hold it: taken out of all bodies. What to do instead; a value
    /// of its defaults goes without a word.
    pub retired: Option<&'static str>,
    /// Words that the service takes no more, each with what to do instead.
    pub gone: &'static [(&'static str, &'static str)],
    /// Shown in a body and kept by the service as something else: it can't be declared. What to do instead.
    pub elsewhere: Option<&'static str>,
    /// Characters that the service writes as `_`.
    pub rewritten: &'static str,
    /// What no definition may hold, where a body says so (of a path with `*`: the object around the field):
    /// `${secret.…}` stands there.
    pub secret: Option<fn(&Value) -> bool>,
    /// How many characters a text has, or items a list: at least, and at most.
    pub size: Option<(usize, Option<usize>)>,
    /// A length of time as a text (`2d`) that the service bounds: the least and the greatest, in seconds.
    pub duration: Option<(u64, u64)>,
}

/// How a field may keep an alert from being heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    None,
    /// Minutes after which it is told again; none: never.
    Reminder,
    /// Scopes that are muted, and until when.
    Mute,
    /// `draft`: it notifies nobody.
    Draft,
    /// Seconds by which it is evaluated later.
    Delay,
    /// 1 is the most urgent.
    Urgency,
    /// How long it must last: `last_15m`.
    Window,
}

/// The type of a field's value. Null and a `${…}` are allowed everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    Any,
    Boolean,
    /// With its bounds.
    Number(Option<i32>, Option<i32>),
    Integer(Option<i32>, Option<i32>),
    /// With the values that are known: suggestions, as Datadog adds others, unless the field is closed.
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
        steady: false,
        immutable: false,
        numeric: false,
        defaults: &[],
        synonyms: &[],
        meaning: None,
        implied: &[],
        ended_by: None,
        hidden_without: None,
        recipients: false,
        threshold: false,
        target: false,
        query: false,
        no_data: &[],
        telling: false,
        alarm: Alarm::None,
        required: false,
        required_at_create: false,
        required_in: &[],
        form: None,
        strict: false,
        closed: false,
        or_text: false,
        retired: None,
        gone: &[],
        elsewhere: None,
        rewritten: "",
        secret: None,
        size: None,
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

/// Refused by the service by now where it says something, or whatever it holds. `harmless` are the values that said
/// nothing, as JSON texts.
pub const fn retired(at: &'static str, harmless: &'static [&'static str], instead: &'static str) -> Field {
    Field { retired: Some(instead), ..of(at, Type::Any, "").defaults(harmless) }
}

/// Shown by the service beside the object's own fields, and declared elsewhere.
pub const fn elsewhere(at: &'static str, instead: &'static str) -> Field {
    Field { elsewhere: Some(instead), ..read_only(at) }
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
        kept filled unseen open replaced set trimmed steady immutable numeric recipients threshold target query telling
        required required_at_create strict closed or_text
    }
    lists! { defaults synonyms no_data }

    pub const fn alarm(mut self, alarm: Alarm) -> Self {
        self.alarm = alarm;
        self
    }

    pub const fn sized(mut self, least: usize, most: Option<usize>) -> Self {
        self.size = Some((least, most));
        self
    }

    pub const fn duration(mut self, min: u64, max: u64) -> Self {
        self.duration = Some((min, max));
        self
    }

    pub const fn gone(mut self, words: &'static [(&'static str, &'static str)]) -> Self {
        self.gone = words;
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

    pub const fn implied(mut self, by_type: &'static [(&'static str, &'static str)]) -> Self {
        self.implied = by_type;
        self
    }

    pub const fn ended_by(mut self, switch: &'static str) -> Self {
        self.ended_by = Some(switch);
        self
    }

    pub const fn hidden_without(mut self, permission: &'static str) -> Self {
        self.hidden_without = Some(permission);
        self
    }

    pub const fn required_in(mut self, types: &'static [&'static str]) -> Self {
        self.required_in = types;
        self
    }

    pub const fn form(mut self, fits: fn(&Value) -> bool, says: &'static str) -> Self {
        self.form = Some(Form { fits, says, proven: true });
        self
    }

    pub const fn usually(mut self, fits: fn(&Value) -> bool, says: &'static str) -> Self {
        self.form = Some(Form { fits, says, proven: false });
        self
    }

    pub const fn meaning(mut self, meaning: Meaning) -> Self {
        self.meaning = Some(meaning);
        self
    }

    /// Where a body holds it as a secret, or would.
    pub fn secrets(&self, body: &Value) -> Vec<String> {
        let Some(holds) = self.secret else { return Vec::new() };
        let Some((around, name)) = self.at.rsplit_once('/').filter(|(around, _)| around.contains('*')) else {
            return if holds(body) { vec![self.at.to_owned()] } else { Vec::new() };
        };
        let mut places = matching(around, body);
        places.retain(|place| body.pointer(place).is_some_and(|around| around.is_object() && holds(around)));
        places.iter_mut().for_each(|place| push(place, name));
        places
    }

    /// Whether it is neither compared nor sent.
    pub fn is_dropped(&self) -> bool {
        self.read_only || self.retired.is_some()
    }

    /// Whether a value says no more than the field's absence.
    pub fn is_harmless(&self, value: &Value) -> bool {
        let default = |text: &&str| serde_json::from_str::<Value>(text).ok();
        value.is_null() || self.defaults.iter().filter_map(default).any(|default| same(&default, value))
    }

    /// The values that the type knows.
    pub fn known(&self) -> &'static [&'static str] {
        match self.value {
            Type::Text(known) | Type::Texts(known) => known,
            _ => &[],
        }
    }

    /// The least and the greatest number that the type allows.
    pub fn bounds(&self) -> (Option<i32>, Option<i32>) {
        match self.value {
            Type::Number(min, max) | Type::Integer(min, max) => (min, max),
            _ => (None, None),
        }
    }
}
