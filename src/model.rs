//! The words of the trade: address, resource, live object, change, plan, outcome. Values only.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::diagnostic::{At, Position};

/// Section, `/`, id: `monitors/lambda/checkout/error-rate`. Sorts as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

impl Address {
    pub fn new(section: &str, id: &str) -> Self {
        Self([section, "/", id].concat().into())
    }

    /// Reads `SECTION/ID`; `None` without a `/`.
    pub fn parse(text: &str) -> Option<Self> {
        text.contains('/').then(|| Self(text.into()))
    }

    pub fn section(&self) -> &str {
        self.slash().map_or("", |at| &self.0[..at])
    }

    pub fn id(&self) -> &str {
        self.slash().map_or("", |at| &self.0[at + 1..])
    }

    /// By bytes: sections are short, and to search for a character costs more than to look at so few.
    fn slash(&self) -> Option<usize> {
        self.0.bytes().position(|byte| byte == b'/')
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// `PROJECT.ENVIRONMENT`, or `PROJECT` where no environments are declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(pub String);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What shows that a live object belongs to an owner and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub owner: Owner,
    /// The id without its section.
    pub id: String,
    pub protect: bool,
}

impl Mark {
    /// Whether both name the same resource of the same owner.
    pub fn is_of(&self, other: &Self) -> bool {
        self.owner == other.owner && self.id == other.id
    }
}

/// Where a resource was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Of the definition's key (of the first byte, for a raw export).
    pub position: Position,
    /// Where the parts of the body stand, the winner first: the definition, its `$file`, the defaults.
    /// A pointer into the body is looked for in each in turn.
    pub layers: Vec<At>,
}

/// A number with thousands separators: `2,496`.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The instance of a `uses` entry that a resource comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The name of the use: `lambda`.
    pub name: String,
    /// The slug of the item's key: `checkout-api`.
    pub key: String,
    /// The entry under `uses`.
    pub at: At,
}

/// One declared object after templates are expanded: what is wanted.
#[derive(Clone, Debug)]
pub struct Resource {
    pub address: Address,
    /// Datadog's own JSON, always an object, without `$` keys, marks and server-filled fields of an
    /// export. References stand in its strings as markers (see [`Reference`]).
    pub body: Body,
    pub directives: Directives,
    pub origin: Arc<Origin>,
    pub instance: Option<Arc<Instance>>,
}

thread_local! {
    static PRINTED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A body at rest, as compact JSON. Tens of thousands are held at once, and one that is parsed takes more
/// than four times the room; whoever works on one parses it, uses it, and lets it go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(Arc<str>);

impl Body {
    /// Levels of nesting; deeper ones couldn't be read again.
    pub const DEEPEST: usize = 127;

    /// `None` for a value that is nested too deeply: more than 127 levels.
    pub fn of(value: &Value) -> Option<Self> {
        is_shallow(value, Self::DEEPEST).then(|| Self::print(value))
    }

    /// The same of its members.
    pub fn of_members(members: &Map<String, Value>) -> Option<Self> {
        let is_shallow = members.values().all(|value| is_shallow(value, Self::DEEPEST - 1));
        is_shallow.then(|| Self::print(members))
    }

    fn print(value: &impl Serialize) -> Self {
        // Printed where another one was before, so that each is allocated once and in its size.
        let mut text = PRINTED.take();
        text.clear();
        serde_json::to_writer(&mut text, value).expect("bug: a value can be printed");
        let own = Self(str::from_utf8(&text).expect("bug: JSON is UTF-8").into());
        PRINTED.set(text);
        own
    }

    /// `text` is compact JSON, of at most 127 levels.
    pub fn printed(text: &str) -> Self {
        Self(text.into())
    }

    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("bug: a printed body is JSON")
    }

    /// Its members; none of what is no object.
    pub fn members(&self) -> Map<String, Value> {
        match self.value() {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        &*self.0 == "{}"
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// One member of the object; those before it are passed over, and those behind it not looked at.
    pub fn get(&self, key: &str) -> Option<Value> {
        let [found] = self.pick([key]);
        found
    }

    /// Some members of the object, found in one pass.
    pub fn pick<const N: usize>(&self, keys: [&str; N]) -> [Option<Value>; N] {
        let mut found = [const { None }; N];
        let mut reader = serde_json::Deserializer::from_str(&self.0);
        // That there is more behind the members is an error to the reader, and none to us.
        let _ = reader.deserialize_map(Members { keys: &keys, found: &mut found });
        found
    }
}

/// Whether a value has no more levels of nesting than these.
pub fn is_shallow(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_shallow(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|value| is_shallow(value, levels - 1)),
        _ => true,
    }
}

/// Reads some members of an object.
struct Members<'k> {
    keys: &'k [&'k str],
    found: &'k mut [Option<Value>],
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
        let mut missing = self.keys.len();
        while missing > 0
            && let Some(wanted) = members.next_key_seed(AmongThese(self.keys))?
        {
            match wanted {
                Some(at) => {
                    missing -= usize::from(self.found[at].is_none());
                    self.found[at] = Some(members.next_value()?);
                }
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a key: its position among those that are wanted.
struct AmongThese<'k>(&'k [&'k str]);

impl<'de> DeserializeSeed<'de> for AmongThese<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for AmongThese<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|wanted| *wanted == key))
    }
}

/// What the `$` keys of a definition say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// `$id`: the existing Datadog object to adopt, for the environment at hand.
    pub adopt: Option<String>,
    pub protect: bool,
    /// `$ignore`: JSON pointers into the body that are left to the UI.
    pub ignore: Vec<String>,
    /// `$moved_from`: the address before a rename.
    pub moved_from: Vec<Address>,
    /// The same where the key is the mark: the keys before a rename.
    pub old_keys: Vec<String>,
    /// `$absent`: the object of this key goes.
    pub absent: bool,
    /// `$allow`: rules that are silent here.
    pub allow: Vec<String>,
    /// `$forget`: the mark is taken off and the object left alone; there is no body.
    pub forget: bool,
}

/// An object as Datadog holds it.
#[derive(Clone, Debug)]
pub struct Live {
    /// The section of its kind: `monitors`.
    pub section: &'static str,
    /// Datadog's id as text, whatever its JSON type.
    pub id: String,
    /// The object as the service sent it, without an envelope; marks still in it.
    pub body: Value,
    pub mark: Option<Mark>,
    /// Where a person sees it.
    pub url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Create,
    Update,
    Replace,
    Move,
    Adopt,
    /// The mark goes, the object stays.
    Forget,
    Delete,
}

impl Action {
    pub const ALL: [Action; 7] =
        [Self::Create, Self::Update, Self::Replace, Self::Move, Self::Adopt, Self::Forget, Self::Delete];

    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Move => "move",
            Self::Adopt => "adopt",
            Self::Forget => "forget",
            Self::Delete => "delete",
        }
    }
}

/// One field that differs. `before` and `after` are never both absent.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// JSON pointer into the body.
    pub path: String,
    /// What is live; absent: the field is added.
    pub before: Option<Value>,
    /// What is wanted; absent: the field is removed. May hold reference markers (known after apply).
    pub after: Option<Value>,
}

/// What a change endangers, reported first. Sorts by weight, the heaviest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Risk {
    /// Its weight: 0 is the heaviest.
    pub rank: u8,
    /// A stable name: `recipient-lost`, `threshold-loosened`, …
    pub code: &'static str,
    /// A full sentence.
    pub text: String,
}

/// What became of one item of a list, a dashboard's widget.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemChange {
    pub action: ItemAction,
    /// What people call it, those around it first: `["Latency", "p95"]`.
    pub names: Vec<String>,
    /// Its type: `timeseries`.
    pub class: String,
    /// Where it went: `to the top`, `into “Latency”`.
    pub place: Option<String>,
    /// The names of what came or went inside it.
    pub inside: Vec<String>,
    /// Where it stands, as JSON pointers into the live and the wanted body.
    pub before: Option<String>,
    pub after: Option<String>,
    /// What differs in it; paths count from the item.
    pub diff: Vec<FieldChange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemAction {
    Moved,
    Added,
    /// Moved, too, where there is a place.
    Changed,
    Removed,
}

impl ItemAction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl ItemChange {
    pub fn new(action: ItemAction) -> Self {
        Self {
            action,
            names: Vec::new(),
            class: String::new(),
            place: None,
            inside: Vec::new(),
            before: None,
            after: None,
            diff: Vec::new(),
        }
    }
}

/// What a reviewer must know of an object that is made or goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// A JSON pointer into the body, or [`Fact::RECIPIENTS`].
    pub at: String,
    pub value: Value,
}

impl Fact {
    /// The facts that stand in no single field: who is told.
    pub const RECIPIENTS: &str = "recipients";
}

/// Whose the ids and markers in a field are: by its path, then by the text that stands for the object.
pub type References = std::collections::BTreeMap<String, std::collections::BTreeMap<String, Address>>;

/// One entry of a plan.
#[derive(Clone, Debug)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// The name of the kind: `monitor`.
    pub kind: &'static str,
    /// Of the live object, where there is one.
    pub datadog_id: Option<String>,
    pub url: Option<String>,
    /// The address before a move.
    pub moved_from: Option<Address>,
    /// Of a create: the addresses of the deletes in the same plan whose objects are what is made, but for the id.
    pub alike: Vec<Address>,
    pub origin: Option<Arc<Origin>>,
    pub instance: Option<Arc<Instance>>,
    pub risks: Vec<Risk>,
    pub diff: Vec<FieldChange>,
    /// What became of the items of its lists, in words; their fields stand in `diff`, too.
    pub items: Vec<ItemChange>,
    /// Of what is made or goes.
    pub facts: Vec<Fact>,
    /// The names behind the ids in `diff` and `items`.
    pub references: References,
    /// What is sent: the whole body with its mark, reference markers still in it. Absent for a delete.
    pub body: Option<Body>,
    /// What stood live when the plan was made, in full. Absent for a create.
    pub live: Option<Value>,
    /// Addresses whose changes must be done before this one starts.
    pub after: Vec<Address>,
    /// The mark or the definition forbids deletes and replaces.
    pub protected: bool,
    /// JSON pointers into the body that are left to the UI.
    pub ignore: Vec<String>,
    /// Whose word says that the object is the owner's.
    pub claim: Claim,
}

/// How an object is known as the owner's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Claim {
    #[default]
    Mark,
    /// It bears no mark, and has the name that is declared.
    Name,
    /// Its name is in a namespace of `owns:`: section and pattern.
    Namespace(String),
    /// `$absent` names it.
    Absent,
}

impl Claim {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Name => "name",
            Self::Namespace(_) => "namespace",
            Self::Absent => "absent",
        }
    }
}

impl Change {
    /// A change of which nothing is known yet but what it is.
    pub fn new(kind: &'static str, address: Address, action: Action) -> Self {
        Self {
            address,
            action,
            kind,
            datadog_id: None,
            url: None,
            moved_from: None,
            alike: Vec::new(),
            origin: None,
            instance: None,
            risks: Vec::new(),
            diff: Vec::new(),
            items: Vec::new(),
            facts: Vec::new(),
            references: References::new(),
            body: None,
            live: None,
            after: Vec::new(),
            protected: false,
            claim: Claim::Mark,
            ignore: Vec::new(),
        }
    }

    /// Makes a new object.
    pub fn makes(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace)
    }

    /// Deletes a live object, a replace's old one included.
    pub fn deletes(&self) -> bool {
        matches!(self.action, Action::Delete | Action::Replace)
    }
}

/// What apply would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub project: String,
    /// Absent where the project declares none.
    pub environment: Option<String>,
    /// `datadoghq.eu`, a URL, or `sandbox`.
    pub site: String,
    /// The organisation's name, where the keys may read it.
    pub organisation: Option<String>,
    /// Sorted by address, then action.
    pub changes: Vec<Change>,
    pub unchanged: usize,
    /// Live ids and URLs of the resources that the changes may refer to, by address.
    pub known: std::collections::BTreeMap<Address, Known>,
    /// How many resources of the owner are live, clones not counted: what brakes count against.
    pub owned: usize,
    /// How many of them by a mark: others are the owner's by their name.
    pub marked: usize,
    /// By use: how many of its instances are live, and how many of those would go.
    pub instances: std::collections::BTreeMap<String, Instances>,
    /// How many resources the definitions declare.
    pub declared: usize,
    /// Kinds of which nothing is declared and that the keys may not list: what is left of them is not seen.
    pub unlisted: Vec<Unlisted>,
    /// What a person has to decide before this is carried out.
    pub questions: Vec<Question>,
    pub notes: Notes,
}

/// A kind that was not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    pub section: &'static str,
    /// The permissions of which the key lacks one.
    pub lacks: &'static [&'static str],
}

/// What only a person can know; a brake holds until it is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The name of the brake.
    pub brake: &'static str,
    /// A full sentence without a final full stop.
    pub text: String,
}

/// What is to be said of a plan beside its changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The brakes that would hold its apply.
    pub brakes: Vec<Brake>,
    /// Of the definitions and of what is live.
    pub warnings: Vec<Warning>,
    /// The globs of `--only`: where there are any, the plan is partial.
    pub only: Vec<String>,
    /// Deletes and creates that look like renames.
    pub renames: Vec<Rename>,
    /// Namespaces in which something lives that is declared, as [`Claim::Namespace`] names them.
    pub begun: std::collections::BTreeSet<String>,
    /// Fields that hold secrets, which no plan sees: by address and JSON pointer.
    pub secrets: Vec<(Address, String)>,
    /// The older version of the definitions that this plan tells apart from what is live.
    pub base: Option<Based>,
    /// The definitions are as they were committed last, and nothing tells which updates are edits made in the UI.
    pub committed: bool,
}

/// A plan beside an older version of the definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Based {
    /// As it was asked for: `origin/main`.
    pub reference: String,
    /// The whole name of the commit.
    pub commit: String,
    /// What is live was not asked: the definitions alone are compared.
    pub offline: bool,
    /// What changed in files that many resources come from, and what can't be compared: a sentence each.
    pub notes: Vec<String>,
    /// Why each address changes. Absent: by this change alone.
    pub causes: std::collections::BTreeMap<Address, Causes>,
}

/// Whose a difference is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// The definitions changed.
    #[default]
    Change,
    /// What is live was changed, not the definitions.
    Drift,
    Both,
}

impl Cause {
    pub fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Drift => "drift",
            Self::Both => "both",
        }
    }
}

/// Why a resource changes, as a whole and by the JSON pointers of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes {
    pub cause: Cause,
    /// With what the older version says there, where both sides differ from it.
    pub fields: std::collections::BTreeMap<String, (Cause, Option<Value>)>,
    /// The types of risks that it has only because of what somebody else changed.
    pub drifted: std::collections::BTreeSet<&'static str>,
}

impl Based {
    /// Whether a risk of it is there only because of what somebody else changed.
    pub fn is_drifted(&self, address: &Address, risk: &Risk) -> bool {
        self.causes
            .get(address)
            .is_some_and(|causes| causes.cause == Cause::Drift || causes.drifted.contains(risk.code))
    }

    /// Why a field of it does.
    pub fn cause_of(&self, address: &Address, path: &str) -> Cause {
        let field = self.causes.get(address).and_then(|causes| causes.fields.get(path));
        field.map(|(cause, _)| *cause).unwrap_or_default()
    }

    /// Why an address changes.
    pub fn cause(&self, address: &Address) -> Cause {
        self.causes.get(address).map(|causes| causes.cause).unwrap_or_default()
    }

    /// The first characters of the commit's name.
    pub fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }
}

/// A brake as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brake {
    pub name: &'static str,
    /// A full sentence without a final full stop.
    pub text: String,
    /// What lets this plan pass.
    pub remedy: String,
}

/// A warning as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: &'static str,
    pub text: String,
    pub position: Option<Position>,
}

/// What looks like a rename: one entry for all that one line in the files would keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    pub renamed: Renamed,
    /// How many objects.
    pub count: usize,
    /// Where the line belongs.
    pub position: Option<Position>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renamed {
    /// A resource: `$moved_from` in it keeps one of these.
    Resource { to: Address, from: Vec<Address> },
    /// A use, by its names: `moved_from` in it keeps the objects of all its instances.
    Use { to: String, from: String },
    /// An entry of the template that a use runs, by section and short ids: `$moved_from` in it.
    Entry { name: String, section: String, to: String, from: String },
    /// Of a use, and no line tells it: keys that changed, or several that may be meant. Two of them as an example.
    Unclear { name: String, to: Address, from: Address },
}

/// The live instances of one use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    pub live: usize,
    /// Live, and no longer declared with anything.
    pub gone: usize,
}

/// The live side of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub url: String,
    /// The id of the alert that the service made with it, where it makes one.
    pub alert: Option<String>,
}

impl Known {
    /// What a reference to it stands for.
    pub fn of(&self, attribute: Attribute) -> Option<String> {
        match attribute {
            Attribute::Id => Some(self.id.clone()),
            Attribute::Url => Some(self.url.clone()),
            Attribute::Alert => self.alert.clone(),
        }
    }
}

impl Plan {
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// How one change ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub address: Address,
    pub action: Action,
    pub kind: &'static str,
    pub status: Status,
    pub datadog_id: Option<String>,
    pub url: Option<String>,
    /// The id of the alert that the service made with it.
    pub alert: Option<String>,
    /// Requests that were sent for it, retries included.
    pub attempts: u32,
    pub milliseconds: u64,
    pub origin: Option<Arc<Origin>>,
    /// Where the field was written that a failure names; looked up when all is over.
    pub field: Option<Position>,
    /// Fields that the service did not keep as sent.
    pub not_kept: Vec<FieldChange>,
    /// What else there is to say of it: a full sentence.
    pub note: Option<String>,
    /// A replace that failed when its new object stood: both are there.
    pub both_stand: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    Done,
    /// The service's own words, or the fault of the connection; `pointer` is the field, where it names one.
    Failed {
        text: String,
        pointer: Option<String>,
    },
    /// Something that it needs failed, or apply was stopped before.
    NotTried {
        because: String,
    },
}

/// What happens while the service is asked, for whoever tells people about it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Apply starts with this many changes.
    Total { changes: usize },
    /// One change begins.
    Started { change: &'a Change },
    /// One change ended.
    Done { outcome: &'a Outcome },
    /// A rate limit's bucket is used up: none of its requests are sent for a while.
    Waiting { bucket: &'a str, seconds: u64 },
}

/// Who hears of events; called from many tasks.
pub trait Watch: Send + Sync {
    fn report(&self, event: Event<'_>);
}

/// What a reference asks of a live object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    Id,
    Url,
    /// The id of the alert that the service makes with the object.
    Alert,
}

impl Attribute {
    pub const ALL: [Self; 3] = [Self::Id, Self::Url, Self::Alert];

    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Url => "url",
            Self::Alert => "monitor_id",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.name() == name)
    }
}

/// `${monitors.ID.id}` in a string, once rendered: a marker that names the target, and is replaced
/// when the live id is known. The marker's two characters are Unicode noncharacters, which no
/// definition may hold (the scanner refuses them), so that no text can forge one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    pub target: Address,
    pub attribute: Attribute,
}

impl Reference {
    pub const OPEN: char = '\u{FDD0}';
    pub const CLOSE: char = '\u{FDD1}';

    pub fn marker(&self) -> String {
        let mut marker = String::with_capacity(self.target.as_str().len() + 16);
        marker.push(Self::OPEN);
        for part in [self.attribute.name(), " ", self.target.as_str()] {
            marker.push_str(part);
        }
        marker.push(Self::CLOSE);
        marker
    }

    /// As it is written in a definition: `${monitors.[checkout/errors].id}`.
    pub fn expression(&self) -> String {
        let (section, id) = (self.target.section(), self.target.id());
        let id = if id.contains(['/', '.']) { format!("[{id}]") } else { id.to_owned() };
        format!("${{{section}.{id}.{}}}", self.attribute.name())
    }

    fn from_marker(inside: &str) -> Option<Self> {
        let (attribute, target) = inside.split_once(' ')?;
        Some(Self { target: Address::parse(target)?, attribute: Attribute::named(attribute)? })
    }

    /// Whether a text in the value could be taken for a marker.
    pub fn may_stand_in(value: &Value) -> bool {
        match value {
            Value::String(text) => Self::may_stand_in_text(text),
            Value::Array(list) => list.iter().any(Self::may_stand_in),
            Value::Object(map) => {
                map.iter().any(|(key, value)| Self::may_stand_in_text(key) || Self::may_stand_in(value))
            }
            _ => false,
        }
    }

    /// The same of one text.
    pub fn may_stand_in_text(text: &str) -> bool {
        // One character at a time: that way the standard library searches fast.
        text.contains(Self::OPEN) || text.contains(Self::CLOSE)
    }

    /// Every reference in a string, with the byte range of its marker.
    pub fn in_text(text: &str) -> Vec<(std::ops::Range<usize>, Reference)> {
        let all = markers(text).into_iter();
        all.filter_map(|(range, inside)| Some((range, Self::from_marker(inside)?))).collect()
    }

    /// A text of somebody else's in which nothing is a marker: whatever opens one stands for itself.
    pub fn escape(text: &str) -> String {
        text.replace(Self::OPEN, &Self::literal())
    }

    /// The text that was [escaped](Self::escape), as it was.
    pub fn unescape(text: &str) -> String {
        text.replace(&Self::literal(), &Self::OPEN.to_string())
    }

    /// What no marker says, so that none is found in it.
    fn literal() -> String {
        format!("{}={}", Self::OPEN, Self::CLOSE)
    }

    /// Replaces the markers that `known` answers; the others stay.
    pub fn fill(text: &str, known: &dyn Fn(&Reference) -> Option<String>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for (range, reference) in Self::in_text(text) {
            if let Some(value) = known(&reference) {
                out.push_str(&text[from..range.start]);
                out.push_str(&value);
                from = range.end;
            }
        }
        out.push_str(&text[from..]);
        out
    }
}

/// What stands between two markers' characters, with the byte range of both.
fn markers(text: &str) -> Vec<(std::ops::Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = opening(&text[from..]).map(|at| from + at) {
        let Some(close) = text[open..].find(Reference::CLOSE).map(|at| open + at) else { break };
        let end = close + Reference::CLOSE.len_utf8();
        found.push((open..end, &text[open + Reference::OPEN.len_utf8()..close]));
        from = end;
    }
    found
}

/// Where the first marker of a text may begin. Nearly all texts have none, and few hold its first byte.
fn opening(text: &str) -> Option<usize> {
    const FIRST: u8 = 0xEF;
    memchr::memchr_iter(FIRST, text.as_bytes()).find(|at| text[*at..].starts_with(Reference::OPEN))
}

/// `${secret.NAME}`: a marker in a text until the very moment at which it is sent.
pub struct Secret;

impl Secret {
    /// What begins the expression.
    pub const WORD: &str = "secret";
    const BEGIN: &str = "secret ";

    pub fn marker(name: &str) -> String {
        format!("{}{}{name}{}", Reference::OPEN, Self::BEGIN, Reference::CLOSE)
    }

    /// Whether a text, or the JSON of a body, may hold one.
    pub fn is_in(text: &str) -> bool {
        opening(text).is_some() && markers(text).iter().any(|(_, inside)| inside.starts_with(Self::BEGIN))
    }

    /// The names of those in a text.
    pub fn names(text: &str) -> Vec<&str> {
        markers(text).into_iter().filter_map(|(_, inside)| inside.strip_prefix(Self::BEGIN)).collect()
    }

    /// The text with another one in the place of each.
    pub fn fill(text: &str, value: &dyn Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for (range, inside) in markers(text) {
            if let Some(name) = inside.strip_prefix(Self::BEGIN) {
                out.push_str(&text[from..range.start]);
                out.push_str(&value(name));
                from = range.end;
            }
        }
        out.push_str(&text[from..]);
        out
    }
}

/// A text made into a segment of an id: lower case, each run of other characters one `-`, ends trimmed.
/// Empty where nothing of it fits.
pub fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = chars.next() {
        // A letter with its accent behind it is the one character that it is in composed form.
        let accent = |c: &char| ('\u{300}'..='\u{36f}').contains(c);
        let is_composed = std::iter::from_fn(|| chars.next_if(accent)).count() > 0;
        let fits = !is_composed && (c.is_ascii_lowercase() || c.is_ascii_digit());
        if fits || (matches!(c, '.' | '_' | '-') && !out.is_empty()) {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// Whether a text is an id: segments `[a-z0-9][a-z0-9._-]*` joined by `/`.
pub fn is_id(text: &str) -> bool {
    text.split('/').all(|segment| {
        segment.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && segment.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
    })
}

/// Whether a text is an owner: `PROJECT` or `PROJECT.ENVIRONMENT`.
pub fn is_owner(text: &str) -> bool {
    text.split('.').all(is_owner_name) && text.split('.').count() <= 2
}

/// `[a-z][a-z0-9_-]*`: projects and environments, which go into marks.
pub fn is_owner_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
}

/// Whether a text can stand as a name in an expression.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (text, expected) in [
            ("Checkout API", "checkout-api"),
            ("a//b", "a-b"),
            ("--x--", "x"),
            ("Ünï", "n"),
            ("caf\u{e9}x", "caf-x"),
            ("cafe\u{301}x", "caf-x"),
            ("vi\u{1ec7}t", "vi-t"),
            ("vie\u{323}\u{302}t", "vi-t"),
            ("v1.2_b", "v1.2_b"),
            ("a -b", "a--b"),
            ("…", ""),
        ] {
            assert_eq!(slug(text), expected, "{text}");
        }
    }

    #[test]
    fn a_body_at_rest_is_the_same() {
        let mut deep =
            serde_json::json!({"a\n\"é": [1, -0.5, 1e300, u64::MAX, null, {}], "type": "x", "b": 0.1});
        let body = Body::of(&deep).expect("a body");
        assert_eq!(body.value(), deep);
        assert_eq!(body.get("type"), Some("x".into()));
        assert_eq!(body.get("a\n\"é"), deep.get("a\n\"é").cloned());
        assert_eq!(body.get("x"), None);
        for depth in 2..200 {
            deep = serde_json::json!({ "in": deep });
            assert_eq!(
                Body::of(&deep).map(|body| body.value()),
                (depth < 126).then(|| deep.clone()),
                "{depth}"
            );
        }
    }

    #[test]
    fn references_are_found_and_filled() {
        let a = Reference { target: Address::new("monitors", "a/b"), attribute: Attribute::Id };
        let b = Reference { target: Address::new("slos", "c"), attribute: Attribute::Url };
        let text = format!("{} && é {}", a.marker(), b.marker());
        assert_eq!(
            Reference::in_text(&text).into_iter().map(|(_, r)| r).collect::<Vec<_>>(),
            [a.clone(), b.clone()]
        );
        let known = |r: &Reference| (r.attribute == Attribute::Id).then(|| "12".to_owned());
        assert_eq!(Reference::fill(&text, &known), format!("12 && é {}", b.marker()));
        for foreign in [text.as_str(), "\u{FDD0}", "\u{FDD0}=\u{FDD1}", "\u{FDD1}\u{FDD0}=", "é"] {
            let escaped = Reference::escape(foreign);
            assert_eq!(Reference::in_text(&escaped), []);
            assert_eq!(Reference::unescape(&escaped), foreign);
        }
    }
}
