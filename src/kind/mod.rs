//! What musher knows of a kind, as a row of data; the rows are in the files beside this one.

mod dashboard;
mod fields;
mod monitor;
mod rules;
mod slo;

use serde_json::{Map, Value};

pub use fields::{Field, Sort};
pub use rules::{Rule, rules};

/// Everything that sets one kind of Datadog object apart from another.
///
/// Paths are JSON pointers into the body in which a `*` stands for any one step: `/widgets/*/id`.
/// The source of each fact is named beside it in the row: a recording, the OpenAPI document, or
/// Datadog's documentation.
pub struct Kind {
    /// `monitor`, as on the command line and in a plan.
    pub name: &'static str,
    /// `monitors`, as in definition files and addresses.
    pub section: &'static str,

    // How it travels.
    /// `/api/v1/monitor`; an id behind a `/` names one object.
    pub path: &'static str,
    pub envelope: Envelope,
    pub listing: Listing,
    pub id: IdType,
    /// Where a person sees it: a path of the web application with `{id}` in it.
    pub web_path: &'static str,
    pub mark: MarkSort,
    /// The parameter of `GET {path}/can_delete` that takes ids, where the API has that route.
    pub can_delete: Option<&'static str>,
    /// Scopes that an application key needs to read and write it.
    pub scopes: &'static [&'static str],
    /// A dry run: `POST {path}/validate` with a body, `POST {path}/{id}/validate` for one that lives.
    pub validate: bool,

    /// When the object was made: of two objects with one mark, the older is ours.
    pub created: &'static str,

    // How it is told apart in a raw export.
    /// Whether an exported object is of this kind.
    pub is_export: fn(&Map<String, Value>) -> bool,
    /// The same in words: what an exported object needs to be of this kind.
    pub export_needs: &'static str,

    // What an editor completes.
    /// The fields that a person may write, sorted by path.
    pub fields: &'static [Field],

    // How two bodies are compared.
    /// Set by the service alone: dropped from both sides and never sent.
    pub read_only: &'static [&'static str],
    /// Never touched unless declared: dropped from the live side, and sent as it stands.
    pub kept: &'static [&'static str],
    /// Filled with a value of the service's own where left out, so that what is live says nothing then.
    pub filled: &'static [&'static str],
    /// Not shown by every read: its absence from a live object says nothing.
    pub unseen: &'static [&'static str],
    /// What an absent field means, as JSON texts: the values that the service may fill in. The first
    /// is the goal where somebody set another. `null`, `[]`, `{}` and absent count as equal anyway.
    pub defaults: &'static [(&'static str, &'static [&'static str])],
    /// An absent field follows an item of a list.
    pub derived: &'static [Derived],
    /// Fields that a person can set and that have no default. What is neither here nor in the lists
    /// above is unknown.
    pub known: &'static [&'static str],
    /// Objects whose unknown live fields are not compared; `""` is the body itself.
    pub open: &'static [&'static str],
    /// Whether an update empties the top-level fields that it doesn't name. Else those that somebody set are reset by name.
    pub emptied: bool,
    /// Objects that an update replaces whole, or may: what is not declared there is sent as it stands live.
    pub replaced: &'static [&'static str],
    /// Lists without an order.
    pub sets: &'static [&'static str],
    /// Texts whose white space at the end the service removes.
    pub trimmed: &'static [&'static str],
    /// Values that are spellings of one thing; the first is the canonical one. JSON texts.
    pub synonyms: &'static [(&'static str, &'static [&'static str])],
    /// Two spellings of one thing: the service derives each from the other, and what is declared counts.
    pub alternatives: &'static [Alternative],
    /// Lists whose items the service gives ids (integers), which links point at: compared without,
    /// sent with those of the live items. `placeholders` names them by position.
    pub identified: &'static [Identified],
    /// Can't be changed in place: a change replaces the object.
    pub immutable: &'static [&'static str],
    /// A reference here is a number, everywhere else a text.
    pub numeric_references: &'static [&'static str],
    /// Where a body names live objects by their ids: an import writes references there.
    pub mentions: &'static [Mention],

    // What a change may endanger.
    pub stakes: Stakes,

    // What the rules judge.
    pub judged: Judged,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How a body is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// The object itself.
    Flat,
    /// Sent flat; a write answers `{"data": [{…}]}`, a read `{"data": {…}}`.
    Data,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    Number,
    Text,
}

/// How all objects of a kind are listed.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    pub paging: Paging,
    /// The most that a page may hold.
    pub page_size: usize,
    /// Where the items are: a key of the answer, or the answer itself.
    pub items: Option<&'static str>,
    /// The parameter that filters by one tag, where there is one.
    pub tag_filter: Option<&'static str>,
    /// Further parameters of the list.
    pub query: &'static [(&'static str, &'static str)],
    /// The items are summaries: the body needs a GET of its own. Absent: they are whole.
    pub summary: Option<Summary>,
}

/// What a summary shows of an object.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// The time of the last change: together with the id it names one version of the body.
    pub modified: &'static str,
    /// Fields of the body that the summary shows, too.
    pub shown: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// Numbered from 0.
    Number { page: &'static str, size: &'static str },
    /// By position of the first item.
    Offset { offset: &'static str, limit: &'static str },
}

/// What sort of mark a kind bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkSort {
    /// `musher:OWNER`, `musher_id:ID` and `musher_protect:true` in the list at this pointer.
    Tags(&'static str),
    /// The last line of the text at this pointer.
    LastLine(&'static str),
}

/// See [`Kind::derived`].
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

/// See [`Kind::alternatives`].
#[derive(Clone, Copy, Debug)]
pub struct Alternative {
    pub one: &'static str,
    pub other: &'static str,
    /// Whether values of the two mean the same.
    pub agree: fn(one: &Value, other: &Value) -> bool,
}

/// See [`Kind::identified`].
#[derive(Clone, Copy, Debug)]
pub struct Identified {
    /// The list: `/widgets`.
    pub list: &'static str,
    /// The field of an item: `id`.
    pub field: &'static str,
    /// A list of ids elsewhere that names the items, by id or as `"@1"` (the first of the list).
    pub placeholders: Option<&'static str>,
    /// What makes two items the same one although they differ: their sort and their name, as
    /// pointers into an item.
    pub sort: &'static str,
    pub name: &'static str,
}

/// See [`Kind::mentions`].
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
    /// A text with ids among other words, or one id; or a number where the row has numeric references.
    Path(&'static str),
    /// A text that is one id, under this key at any depth.
    Key(&'static str),
}

/// Facts that the risks of a change are read from.
#[derive(Clone, Copy, Debug)]
pub struct Stakes {
    /// Texts that name recipients (`@slack-…`).
    pub recipients: &'static [&'static str],
    /// Numbers that loosen an alert; which way, the operator of the query tells.
    pub thresholds: &'static [&'static str],
    /// Objectives that are loosened when they fall.
    pub targets: &'static [&'static str],
    /// The query whose scope may be widened.
    pub query: Option<&'static str>,
    /// Switches on no-data alerting, with the values that mean "on" as JSON texts.
    pub no_data: &'static [(&'static str, &'static [&'static str])],
}

/// What the rules take an object for: which of them fit its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nature {
    /// A `query` of a `type`, `options`, and a `message` that tells people.
    Alert,
    /// Targets by timeframe.
    Objective,
    /// Widgets.
    Board,
}

/// Facts that the rules judge a body by.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    pub nature: Nature,
    /// The `type` of an object that measures the alerts that it names.
    pub measuring: Option<&'static str>,
    /// Fields without which the service refuses an object.
    pub required: &'static [&'static str],
    /// The same, but an update may leave them out.
    pub required_at_create: &'static [&'static str],
    /// Keys, at any depth, whose references name an object of this nature.
    pub points_to: &'static [(&'static str, Nature)],
    /// Numbers that the service bounds: where, the least, the greatest.
    pub bounds: &'static [(&'static str, f64, f64)],
    /// Lengths of time as texts (`2d`) that the service bounds: where, the least and the greatest in seconds.
    pub lengths: &'static [(&'static str, u64, u64)],
    /// The longest window of a query by `type`, in seconds.
    pub windows: &'static [(&'static str, u64)],
    /// The keys that a tag may have; empty: any.
    pub tag_keys: &'static [&'static str],
    /// How many tags there may be, where that is limited.
    pub most_tags: Option<usize>,
    /// The service writes tags its own way: lower case, `_` for what it doesn't know.
    pub rewrites_tags: bool,
}

/// Every kind, in the order of their sections.
pub const KINDS: [&Kind; 3] = [&dashboard::DASHBOARD, &monitor::MONITOR, &slo::SLO];

/// The kind of a section.
pub fn of_section(section: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.section == section)
}

/// The kind of a name as typed by a person: `monitor` or `monitors`.
pub fn of_name(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.name == name || kind.section == name)
}

/// The kind of an exported object, by its fields.
pub fn of_export(body: &Map<String, Value>) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| (kind.is_export)(body))
}

/// Whether a JSON pointer matches a path in which `*` stands for any step.
pub fn matches(path: &str, pointer: &str) -> bool {
    let (mut path, mut pointer) = (path.split('/'), pointer.split('/'));
    loop {
        match (path.next(), pointer.next()) {
            (None, None) => return true,
            (Some(expected), Some(step)) if expected == "*" || expected == step => {}
            _ => return false,
        }
    }
}
