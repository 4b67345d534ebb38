//! What a row says: name, API, identity, fields, what people see of an object.

use serde_json::{Map, Value};

use super::api::{Api, Envelope, Life, Paging};
use super::field::Field;
use super::quirks::Quirks;
use crate::pointer::matches;

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
    /// Listed in every project, named in `kinds:` or not.
    pub always: bool,
    pub api: Api,
    pub identity: Identity,
    /// What is known of each field, sorted by path.
    pub fields: &'static [Field],
    pub about: About,
    pub quirks: Quirks,
}

/// What the line of a mark begins with.
pub const LINE: &str = "Managed by musher: ";

/// Sorts objects of a kind from the oldest, the same for everybody who looks: by time of creation, then by id
/// as a number, then as text.
pub fn age(kind: &Kind, id: &str, body: &Value) -> (u64, String, u64, String) {
    let created = kind.about.created.and_then(|at| body.pointer(at));
    (
        created.and_then(Value::as_u64).unwrap_or_default(),
        created.and_then(Value::as_str).unwrap_or_default().to_owned(),
        id.parse().unwrap_or_default(),
        id.to_owned(),
    )
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    /// Its name behind its article: `a monitor`, `an entity`.
    pub fn one(&self) -> String {
        let article = if self.name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {}", self.name)
    }

    /// The paths of the fields of which something holds, sorted.
    pub fn paths(&self, holds: fn(&Field) -> bool) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.fields.iter().filter(move |field| holds(field)).map(|field| field.at)
    }

    /// Its lists of widgets, those inside of other widgets left aside.
    pub fn widgets(&self) -> impl Iterator<Item = &'static str> + use<> {
        let lists = self.quirks.identified.iter().filter(|list| list.class == "/definition/type");
        lists.map(|list| list.list).filter(|list| !list.contains('*'))
    }

    /// Whether a field is held at an address of its own.
    pub fn is_part(&self, at: &str) -> bool {
        self.api.parts.iter().any(|part| at.strip_prefix('/') == Some(part.field))
    }

    /// Whether its objects bear no mark, and are known by a key.
    pub fn is_keyed(&self) -> bool {
        matches!(self.identity, Identity::Key(_))
    }

    /// A field that the keys at hand may not see, and the permission that they lack.
    pub fn hidden(&self, live: &Value) -> Option<(&'static str, &'static str)> {
        let is_hidden = |at: &str| live.pointer(at).is_none_or(Value::is_null);
        let fields = self.fields.iter().filter_map(|field| Some((field.at, field.hidden_without?)));
        fields.filter(|(at, _)| is_hidden(at)).map(|(at, needed)| (at.trim_start_matches('/'), needed)).next()
    }

    /// Whether the service lists its objects; else each is asked for by its key.
    pub fn is_listed(&self) -> bool {
        self.api.list.paging != Paging::ByKey
    }

    /// What its writes wait for each other by: kinds of one document have it in common.
    pub fn lane(&self) -> &'static str {
        self.api.list.path.unwrap_or(self.section)
    }

    /// Whether it is that of orders.
    pub fn is_order(&self) -> bool {
        self.api.life == Life::Order
    }

    /// Whether an object is protected: its definition or mark says so, or its kind is precious.
    pub fn protects(&self, own: bool) -> bool {
        own || self.quirks.precious
    }

    /// The id of the alert that the service made with an object.
    pub fn alert_of(&self, live: &Value) -> Option<String> {
        // It will stand in queries, where anything else would mean something else.
        let number = match live.pointer(self.quirks.alert?)? {
            Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            other => other.as_u64(),
        };
        number.filter(|number| *number > 0).map(|number| number.to_string())
    }

    /// What people call an object: of a text that may bear the mark, the first line that is none.
    pub fn title<'a>(&self, body: &'a Value) -> Option<&'a str> {
        let text = body.pointer(self.about.title)?.as_str()?;
        match self.identity {
            Identity::LastLine(at) if at == self.about.title => {
                text.lines().find(|line| !line.trim().is_empty() && !line.starts_with(LINE))
            }
            _ => Some(text),
        }
    }

    /// What an exported object needs to be of this kind, in words.
    pub fn export_needs(&self) -> String {
        match self.api.envelope {
            Envelope::Resource(name) => format!("`data` of the type `{name}`"),
            _ => self.about.export_needs.to_owned(),
        }
    }

    /// Whether a pointer into a body is that of a field of which something holds.
    pub fn holds(&self, pointer: &str, holds: fn(&Field) -> bool) -> bool {
        self.fields.iter().any(|field| holds(field) && matches(field.at, pointer))
    }
}

/// How an object is known as somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `musher:OWNER`, `musher_id:ID` and `musher_protect:true` in the list at this pointer.
    Tags(&'static str),
    /// Members of the map at this pointer: `musher`, `musher_id` and `musher_protect`.
    Members(&'static str),
    /// The last line of the text at this pointer.
    LastLine(&'static str),
    /// The same line as the text of the last item of a list.
    LastItem(&'static MarkItem),
    /// No mark: the text at this pointer, which people choose.
    Key(&'static str),
}

impl Identity {
    /// Where a mark stands; absent: there is none.
    pub fn at(self) -> Option<&'static str> {
        match self {
            Self::Tags(at) | Self::Members(at) | Self::LastLine(at) => Some(at),
            Self::LastItem(item) => Some(item.list),
            Self::Key(_) => None,
        }
    }
}

/// An item of a list that holds a mark and nothing else.
#[derive(Debug, PartialEq, Eq)]
pub struct MarkItem {
    pub list: &'static str,
    /// Where the text stands in an item.
    pub text: &'static str,
    /// The item around its text, as JSON.
    pub blank: &'static str,
}

/// What people see of an object, and how an exported one is told apart.
pub struct About {
    /// Where a person sees it: a path of the web application with `{id}` in it.
    pub web: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// When the object was made: of two objects with one mark, the older is ours.
    pub created: Option<&'static str>,
    /// When it was changed last, and who made it, where the body tells.
    pub modified: Option<&'static str>,
    pub author: Option<&'static str>,
    /// What people know an object by: one that is equal in all of these is the same to them.
    pub known_by: &'static [&'static str],
    /// The resources of Datadog's Terraform provider that manage its objects, and have their ids (the provider's documentation).
    pub terraform: &'static [&'static str],
    /// What datadog-sync-cli calls the files of its objects (its documentation, "Supported resources").
    pub sync_cli: &'static [&'static str],
    /// Whether an exported object without an envelope is of this kind.
    pub is_export: fn(&Map<String, Value>) -> bool,
    /// The same in words: what an exported object needs to be of this kind.
    pub export_needs: &'static str,
}

impl About {
    /// Of a kind whose envelope tells what it is.
    pub const NONE: Self = Self {
        web: "",
        title: "/name",
        created: None,
        modified: None,
        author: None,
        known_by: &["/name"],
        terraform: &[],
        sync_cli: &[],
        is_export: |_| false,
        export_needs: "",
    };
}
