//! What few kinds need: most rows say [`Quirks::NONE`], or name one of these.

use serde_json::Value;

use super::danger::Danger;

#[derive(Clone, Copy)]
pub struct Quirks {
    /// What the rules take it for; absent: no rule of its own.
    pub family: Option<Family>,
    /// The `type` of an object that measures the alerts that it names.
    pub measuring: Option<&'static str>,
    /// Keys, at any depth, whose references name an object of this nature.
    pub points_to: &'static [(&'static str, Family)],
    /// The longest window of a query by `type`, in seconds.
    pub windows: &'static [(&'static str, u64)],
    pub tags: Tags,
    /// An absent field follows an item of a list.
    pub derived: &'static [Derived],
    /// Two spellings of one thing: the service derives each from the other, and what is declared counts.
    pub alternatives: &'static [Alternative],
    /// Lists whose items the service gives ids (integers), which links point at: compared without,
    /// sent with those of the live items. `placeholders` names them by position.
    pub identified: &'static [Identified],
    /// Fields of which an object has one: the service refuses several, and none where that is said.
    pub one_of: &'static [OneOf],
    /// Where the key of an object is where the row's pointer finds none.
    pub key_else: Option<&'static str>,
    /// The time, as a text, at which an object is over: it is not made, nor changed, once that has passed.
    pub ends: Option<&'static str>,
    /// A delete loses data, or lets secrets through: protected without being told.
    pub precious: bool,
    /// What is gone is gone for ever, its name too: never replaced.
    pub lasting: bool,
    /// What a change endangers beyond what is known of alerts.
    pub dangers: &'static [Danger],
    /// What an object endangers as soon as it is made; the one that stands is null then.
    pub new_dangers: &'static [Danger],
    /// Where the id of the alert stands that the service makes with an object.
    pub alert: Option<&'static str>,
    /// The fields of others' objects that may change, where `$id` takes one of them.
    pub fixed: &'static [&'static str],
    /// Where a body names live objects by their ids: an import writes references there.
    pub mentions: &'static [Mention],
    /// What keeps events for searches and alerts, and throws some of them away.
    pub store: Option<fn(&Value) -> Option<Store<'_>>>,
    /// What the service refuses, beyond what the fields say of themselves.
    pub wrongs: &'static [Wrong],
}

impl Quirks {
    pub const NONE: Self = Self {
        family: None,
        measuring: None,
        points_to: &[],
        windows: &[],
        tags: Tags { keys: &[], most: None, rewritten: false },
        derived: &[],
        alternatives: &[],
        identified: &[],
        one_of: &[],
        key_else: None,
        ends: None,
        precious: false,
        lasting: false,
        dangers: &[],
        new_dangers: &[],
        alert: None,
        fixed: &[],
        mentions: &[],
        store: None,
        wrongs: &[],
    };
}

/// What the rules take an object for: which of them fit its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A `query` of a `type`, `options`, and a `message` that tells people.
    Alert,
    /// Targets by timeframe.
    Objective,
    /// Widgets.
    Board,
    /// Alerts of a `scope` that tell nobody, by a `schedule`.
    Silence,
    /// Times that don't count for an objective.
    Correction,
    /// `recipients` of the alerts that pass a `filter`.
    Routing,
    /// A `policy` that alerts follow.
    Policy,
    /// What keeps events for later, outside of searches.
    Archive,
    /// `cases` of what is found in events that make signals.
    Detection,
    /// Signals that are not made.
    Suppression,
    /// `targets` that are told of the signals that its `selectors` find.
    Alarm,
}

/// See [`Quirks::one_of`].
#[derive(Clone, Copy, Debug)]
pub struct OneOf {
    pub fields: &'static [&'static str],
    /// Whether there must be one.
    pub needed: bool,
}

/// What the service says to tags.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    /// The keys that a tag may have; empty: any.
    pub keys: &'static [&'static str],
    /// How many there may be, where that is limited.
    pub most: Option<usize>,
    /// It writes them its own way: lower case, `_` for what it doesn't know.
    pub rewritten: bool,
}

/// See [`Quirks::derived`].
#[derive(Clone, Copy, Debug)]
pub struct Derived {
    /// The field: `/target_threshold`.
    pub path: &'static str,
    pub list: &'static str,
    /// The field of an item: `target`.
    pub field: &'static str,
    /// The item whose field (second) has the value at a path (first), where that is declared; else the first.
    pub chosen_by: (&'static str, &'static str),
}

/// See [`Quirks::alternatives`].
#[derive(Clone, Copy, Debug)]
pub struct Alternative {
    pub one: &'static str,
    pub other: &'static str,
    /// Whether values of the two mean the same.
    pub agree: fn(one: &Value, other: &Value) -> bool,
}

/// See [`Quirks::identified`].
#[derive(Clone, Copy, Debug)]
pub struct Identified {
    /// The list: `/widgets`.
    pub list: &'static str,
    /// The field of an item: `id`.
    pub field: &'static str,
    /// A list of ids elsewhere that names the items, by id or as `"@1"` (the first of the list).
    pub placeholders: Option<&'static str>,
    /// What makes two items the same one although they differ: their type and their name, as
    /// pointers into an item.
    pub class: &'static str,
    pub name: &'static str,
    /// Where there is no name people know an item by one of these texts.
    pub texts: &'static [&'static str],
}

/// See [`Quirks::store`].
#[derive(Clone, Debug)]
pub struct Store<'b> {
    /// What alerts call it.
    pub name: &'b str,
    /// A search: what comes in.
    pub intake: &'b str,
    /// How much may come in a day is limited.
    pub limited: bool,
    /// What is thrown away of that, as far as it is on: the first one that finds an event counts for it.
    pub discards: Vec<Discard<'b>>,
}

#[derive(Clone, Debug)]
pub struct Discard<'b> {
    pub name: &'b str,
    /// A search.
    pub query: &'b str,
    /// The share that is thrown away.
    pub share: f64,
}

/// See [`Quirks::mentions`].
#[derive(Clone, Copy, Debug)]
pub struct Mention {
    pub at: Mentioned,
    /// Only where the text at a pointer is this one.
    pub when: Option<(&'static str, &'static str)>,
    /// The section of the objects that are named.
    pub section: &'static str,
}

/// The place of a mention.
#[derive(Clone, Copy, Debug)]
pub enum Mentioned {
    /// A text with ids among other words, or one id; or a number where the field's references are numeric.
    Path(&'static str),
    /// A text in which ids stand between two others, and nowhere else.
    Between(&'static str, &'static str, &'static str),
    /// A text that is one id, under this key at any depth.
    Key(&'static str),
}

/// See [`Quirks::wrongs`].
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    /// The field where it is told.
    pub at: &'static str,
    /// What is wrong with a body, and what to do.
    pub judge: fn(&Value) -> Option<(String, &'static str)>,
}
