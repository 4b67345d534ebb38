//! What a kind of objects is to the service, as data: routes, envelope, ids, lists, and what becomes of a body.

use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::forms;
use super::index::{Form, Index, plain};
use super::world::World;

/// A route in code: the world, the call, and the id in the path (empty where it holds none).
pub type Handler = fn(&mut World, &Call, &str) -> Result<Answer, Answer>;

/// The members beside the items of a page.
pub type Dress = fn(&Call, &Page) -> Map<String, Value>;

/// What is asked for beside the objects of these ids.
pub type Include = fn(&World, &Call, &[&str]) -> Option<Value>;

/// A kind of objects. Paths of fields: `/name` is below the attributes, `^/name` below the whole object, `*`
/// every item of a list, `[key=value]` goes on only where the object there has that text.
#[derive(Debug)]
pub struct Resource {
    /// In the journal, in limits (`NAME_read`, `NAME_write`).
    pub name: &'static str,
    pub path: &'static str,
    pub routes: &'static [Route],
    pub more: &'static [Route],
    pub shape: Shape,
    pub id: Id,
    pub update: Keeps,
    pub list: List,
    /// Status and body of the answer to a create, an update, a delete.
    pub answers: [Reply; 3],
    pub lacks: Lacks,
    /// Members beside `data` in the answer to a write, JSON in which `"{version}"` is a number that rises.
    pub beside: &'static str,
    /// Whether a GET has them too.
    pub beside_reads: bool,
    /// What the answer to a create shows otherwise than a GET.
    pub first: &'static [Effect],
    pub effects: &'static [Effect],
    pub refuses: &'static [Refusal],
    /// What its fields may be; what a new object needs.
    pub forms: &'static [(&'static str, forms::Form)],
    /// The answers where no object has the id, by the calls that get them.
    pub missing: &'static [(u8, Words)],
    /// Fields by whose texts objects are compared ([`Test::Taken`]) and lists filtered.
    pub words: &'static [&'static str],
    /// What filters and references read, where `words` don't suffice. None for what isn't such an object.
    pub index: Option<fn(&str) -> Option<Index>>,
    /// Objects that stand there from the start, as they are stored.
    pub built_in: &'static [&'static str],
    pub order: Option<Order>,
    /// The order that lists of it follow, and that they show.
    pub ordered_by: Option<&'static Resource>,
    /// What a write gets while another one of the resource is under way, though it is carried out.
    pub serial: Option<Words>,
    /// The service's own limit on writes.
    pub quota: Option<Limit>,
    /// Changes that a delete makes to an object that stays; none if it goes.
    pub ends: &'static [Effect],
    /// What time makes of an object that nobody writes: the object as it is read, and the clock's microseconds.
    pub ages: Option<fn(&mut Value, i64)>,
    /// The store where deleted objects stay remembered.
    pub grave: Option<&'static str>,
    /// What else a write or a delete brings about; the object, and as it was before.
    pub after: Option<fn(&mut World, &Value, Option<&Value>)>,
}

/// A method and a path, behind that of the resource or whole (`/api/…`); `{id}` is any segment, `{*id}` the rest.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub does: Does,
}

#[derive(Clone, Copy, Debug)]
pub enum Does {
    List,
    Get,
    /// With an id in the path the object gets that one, and takes the place of one that is there.
    Create,
    Update,
    Delete,
    /// As a list shows it.
    Summary,
    /// Deletes by a list of ids in the body, at this pointer. The answer is JSON in which `"{each}"` is a list of
    /// one JSON for each, with `{id}` and `"{now}"`.
    DeleteMany {
        ids: &'static str,
        each: &'static str,
        shown: &'static str,
    },
    /// Checks a body and keeps nothing: 204.
    Validate,
    ReadOrder,
    Reorder,
    Code(Handler),
    /// Something else of the service's, by any method, that isn't here.
    Elsewhere,
}

impl Route {
    pub const fn new(method: &'static str, path: &'static str, does: Does) -> Self {
        Self { method, path, does }
    }

    pub const fn code(method: &'static str, path: &'static str, handler: Handler) -> Self {
        Self { method, path, does: Does::Code(handler) }
    }
}

const LIST: Route = Route::new("GET", "", Does::List);
const CREATE: Route = Route::new("POST", "", Does::Create);
const GET: Route = Route::new("GET", "/{id}", Does::Get);
const DELETE: Route = Route::new("DELETE", "/{id}", Does::Delete);
/// The usual five routes.
pub const PUT: &[Route] = &[LIST, CREATE, GET, Route::new("PUT", "/{id}", Does::Update), DELETE];
pub const PATCH: &[Route] = &[LIST, CREATE, GET, Route::new("PATCH", "/{id}", Does::Update), DELETE];
/// Without a list.
pub const PUT_BY_KEY: &[Route] = &[CREATE, GET, Route::new("PUT", "/{id}", Does::Update), DELETE];

#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// The object itself, its id in this member.
    Flat(&'static str),
    /// `{"data": {"id", "type", "attributes"}}`; relationships only as effects make them.
    Data(&'static str),
    /// The same, with the relationships that are sent.
    Related(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub enum Id {
    /// 22 characters of base64url.
    Short,
    Uuid,
    /// `abc-def-ghi`.
    Letters,
    Number,
    /// The client's, at this pointer of the whole body, as the function rewrites it.
    Chosen(&'static str, fn(&str) -> String),
    /// The one in the path.
    Path,
}

/// What an update keeps of what it doesn't name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    Nothing,
    /// The members of the body, each of which is replaced whole.
    Members,
    /// Everything: objects are merged, lists replaced.
    All,
}

#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The member that holds the objects; empty for a bare list.
    pub items: &'static str,
    pub paging: Option<Paging>,
    /// More members of the answer, JSON in which `"{total}"`, `"{count}"`, `"{page}"`, `"{size}"` are numbers.
    pub beside: &'static str,
    /// Makes the answer of the items where that is more than members; the call, the page.
    pub dressed: Option<Dress>,
    /// The member `included`.
    pub included: Option<Include>,
    /// Parameters that filter by a word: their name and the field.
    pub filters: &'static [(&'static str, &'static str)],
    /// Newest first.
    pub newest_first: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// The parameter that says where a page begins: in pages from 0, or in items.
    pub from: &'static str,
    pub size: &'static str,
    pub default: usize,
    pub most: usize,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Pages,
    Items,
    /// An opaque text, which the answer before holds in `meta.pagination.next_cursor`.
    Cursor,
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub from: usize,
    pub size: usize,
    pub total: usize,
    pub count: usize,
}

/// An answer to a write.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// The object, with this status.
    Object(u16),
    /// A status and a body, in which `{id}` is the object's.
    Fixed(u16, &'static str),
}

/// Fields that an object has in some answers only.
#[derive(Clone, Copy, Debug)]
pub struct Lacks {
    pub update: &'static [&'static str],
    pub write: &'static [&'static str],
    pub get: &'static [&'static str],
    pub list: &'static [&'static str],
}

#[derive(Debug)]
pub enum Effect {
    /// JSON put where nothing was sent; `{id}` in a text is the object's.
    Fill(&'static str, &'static str),
    /// The same at a create alone.
    FillNew(&'static str, &'static str),
    /// The member of this name in the same object, put where nothing was sent.
    Beside(&'static str, &'static str),
    /// JSON, whatever was sent.
    Always(&'static str, &'static str),
    /// JSON at the create, and kept.
    Made(&'static str, &'static str),
    /// Always the value of another field.
    Mirror(&'static str, &'static str),
    /// Accepted, and not kept.
    Drop(&'static str),
    /// Not kept where it is this JSON.
    DropAs(&'static str, &'static str),
    /// Accepted, used, never returned.
    Secret(&'static str),
    /// JSON that is kept as another.
    Instead(&'static str, &'static str, &'static str),
    Sorted(&'static str),
    /// A list of objects sorted by a member's text.
    SortedBy(&'static str, &'static str),
    /// A whole number comes back with `.0`.
    Float(&'static str),
    /// An id for each object that has none in this field.
    Identified(&'static str, Id),
    Created(&'static str, Clock),
    Modified(&'static str, Clock),
    /// Starts at a number, and counts the writes.
    Counted(&'static str, u64),
    Code(fn(&mut Value, &Moment)),
}

/// How a time is written.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// `2026-04-16T07:36:51.476718+00:00`
    Iso,
    Seconds,
    Millis,
}

/// When and on what an effect works.
pub struct Moment<'a> {
    pub id: &'a str,
    /// Microseconds since 1970.
    pub now: i64,
    pub serial: u64,
    pub before: Option<&'a Value>,
    pub resource: &'static Resource,
}

/// How many requests a bucket takes in a period, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub requests: u64,
    pub period: u64,
}

/// The calls that a refusal is for: sums of these.
pub const CREATE_ONLY: u8 = 1;
pub const UPDATE_ONLY: u8 = 2;
pub const READ: u8 = 4;
pub const DELETE_ONLY: u8 = 8;
pub const WRITES: u8 = CREATE_ONLY + UPDATE_ONLY;
pub const BY_ID: u8 = UPDATE_ONLY + READ + DELETE_ONLY;
pub const ALL: u8 = BY_ID + CREATE_ONLY;

/// Which calls, a field, and what is wrong with it.
#[derive(Debug)]
pub struct Refusal(pub u8, pub &'static str, pub Test, pub Words);

/// A status, and the recorded words: a text, or JSON that begins with `["` (the errors) or `{"` (the body). `{id}`,
/// `{value}` and `{name}` stand for what is meant.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub u16, pub &'static str);

#[derive(Debug)]
pub enum Test {
    /// Absent or null.
    Missing,
    /// An empty text, list or object.
    Empty,
    NotOneOf(&'static [&'static str]),
    /// A number that isn't between these.
    Outside(f64, f64),
    StartsWith(&'static str),
    /// A member of the object that isn't among these (`{name}`).
    Unknown(&'static [&'static str]),
    /// The id in the path isn't a UUID.
    NotUuid,
    /// The id in the path isn't what this says it must be.
    BadId(fn(&str) -> bool),
    /// The body has an id, and it isn't the path's.
    OtherId,
    /// The body's type isn't the resource's.
    OtherType,
    /// There is such an object already.
    Exists,
    /// Another object has this text here.
    Taken,
    /// It differs from what is stored.
    Changed,
    /// What is stored has this JSON here.
    Stored(&'static str),
    Code(fn(&Draft) -> bool),
    /// Another object stands in the way; its id (`{value}`).
    Like(fn(&Draft) -> Option<String>),
}

/// A call that is judged.
pub struct Draft<'a> {
    pub resource: &'static Resource,
    pub world: &'a World,
    /// The id in the path, or the one that a new object would get.
    pub id: &'a str,
    /// The id in the body.
    pub sent_id: Option<&'a str>,
    /// The type in the body, empty where it has none.
    pub sent_type: &'a str,
    /// The attributes that were sent.
    pub sent: &'a Value,
    /// The relationships that were sent, null without.
    pub relationships: &'a Value,
    /// What is stored.
    pub before: Option<&'a Value>,
}

/// The order of a resource's objects, an object of its own that was always there.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// The resource whose store holds the members.
    pub of: &'static str,
    /// Where the ids stand in a body: a pointer to the list, and the member of an item that is the id (or none).
    pub ids: (&'static str, &'static str),
    /// The answer, with `"{ids}"` for the list.
    pub shown: &'static str,
    /// The answer to a change, if it isn't the order.
    pub changed: Option<&'static str>,
    /// Refusals: a member that isn't named (`{id}`), a name that is not a member.
    pub forgotten: Option<Words>,
    pub stranger: Words,
    /// A field of the members that holds their place, from 1; shown in lists.
    pub place: Option<&'static str>,
}

impl Resource {
    /// A flat object with generated ids, changed by PUT.
    pub const V1: Self = Self {
        name: "",
        path: "",
        routes: &[],
        more: &[],
        shape: Shape::Flat("id"),
        id: Id::Short,
        update: Keeps::Nothing,
        list: List { items: "", ..List::DATA },
        answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(200, "{}")],
        lacks: Lacks { update: &[], write: &[], get: &[], list: &[] },
        beside: "",
        beside_reads: false,
        first: &[],
        effects: &[],
        refuses: &[],
        forms: &[],
        missing: &[],
        words: &[],
        index: None,
        built_in: &[],
        order: None,
        ordered_by: None,
        serial: None,
        quota: None,
        ends: &[],
        ages: None,
        grave: None,
        after: None,
    };

    /// JSON:API, changed by PATCH, which keeps what it doesn't name.
    pub const V2: Self = Self {
        routes: PATCH,
        shape: Shape::Data(""),
        id: Id::Uuid,
        update: Keeps::All,
        list: List::DATA,
        answers: [Reply::Object(200), Reply::Object(200), Reply::Fixed(204, "")],
        ..Self::V1
    };

    /// The id of a stored object.
    pub fn id_of(&self, object: &Value) -> Option<String> {
        let id = match self.shape {
            Shape::Flat(at) => object.get(at)?,
            Shape::Data(_) | Shape::Related(_) => object.get("id")?,
        };
        Some(plain(id))
    }

    /// The fields of a stored object that a definition may set.
    pub fn attributes<'a>(&self, object: &'a Value) -> &'a Value {
        match self.shape {
            Shape::Flat(_) => object,
            Shape::Data(_) | Shape::Related(_) => &object["attributes"],
        }
    }

    pub fn attributes_mut<'a>(&self, object: &'a mut Value) -> &'a mut Value {
        match self.shape {
            Shape::Flat(_) => object,
            Shape::Data(_) | Shape::Related(_) => &mut object["attributes"],
        }
    }

    /// The text of an object as a GET of it answers.
    pub fn enveloped(&self, text: &str) -> String {
        match self.shape {
            Shape::Flat(_) => text.to_owned(),
            Shape::Data(_) | Shape::Related(_) => format!("{{\"data\":{text}}}"),
        }
    }

    /// The answer to a call for an id that no object has.
    pub fn missing(&self, on: u8) -> Words {
        let own = self.missing.iter().find(|(calls, _)| calls & on > 0);
        own.map_or(Words(404, "Not found"), |(_, words)| *words)
    }

    /// How the objects are kept.
    pub fn form(&self) -> Form {
        let (id, attributes) = match self.shape {
            Shape::Flat(at) => (at, ""),
            Shape::Data(_) | Shape::Related(_) => ("id", "attributes"),
        };
        let (name, words, code, built_in) = (self.name, self.words, self.index, self.built_in);
        Form { name, id, attributes, words, code, built_in }
    }
}

impl List {
    /// All objects in `data`.
    pub const DATA: Self = Self {
        items: "data",
        paging: None,
        beside: "",
        dressed: None,
        included: None,
        filters: &[],
        newest_first: false,
    };
}
