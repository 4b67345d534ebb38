//! How a kind travels: its routes, its envelope, its lists. Only `client/`, and what reads exports, needs to know.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// A row says what differs from [`Api::V1`] or [`Api::V2`].
pub struct Api {
    /// `/api/v1/monitor`; an id behind a `/` names one object.
    pub path: &'static str,
    /// What follows the id in the path of one object: `/tags`.
    pub item: &'static str,
    pub envelope: Envelope,
    /// Whether people write what stands beside the attributes, `relationships`: a member of the body inside the house.
    pub related: bool,
    /// Whether an empty `meta` stands beside `data` in each write, deletes included.
    pub meta: bool,
    pub id: Id,
    /// The id that a body says in several of its fields: people choose it, and a write takes the place of whatever has it.
    pub composed: Option<fn(&Value) -> Option<String>>,
    pub list: List,
    pub create: Create,
    /// The member of a body whose text stands in the path, of a create and before the id.
    pub typed: Option<&'static str>,
    pub delete: Delete,
    pub read_from: ReadFrom,
    pub update: Update,
    /// Whether an update answers without the object.
    pub silent: bool,
    /// Whether a read shows an object where there is none: this one.
    pub vacant: fn(&Value) -> bool,
    /// Where people may write the name of what an id stands for.
    pub named: Option<Named>,
    pub life: Life,
    /// How its objects are put in order, where that is a matter of its own.
    pub order: Option<Order>,
    /// What its objects hold at addresses of their own.
    pub parts: &'static [Part],
    /// Sections whose changes come first within one apply.
    pub after: &'static [&'static str],
    /// Whether an update empties the top-level fields that it doesn't name. Else those that somebody set are reset by name.
    pub emptied: bool,
    /// Writes go one after another.
    pub serial: bool,
    /// The number of writes so far: an update is refused that doesn't repeat the one that lives.
    pub version: Option<&'static str>,
    /// What a 400 says where there is no object of that id; absent: a 404 says it.
    pub gone: Option<&'static str>,
    /// The parameter of `GET {path}/can_delete` that takes ids, where the API has that route.
    pub can_delete: Option<&'static str>,
    /// A dry run: a `POST` of a body to the path with this behind it; behind the object's own path for one that lives.
    pub validate: Option<&'static str>,
    /// Whether one that lives has a dry run at its own path; else that of a create judges it, too.
    pub validates_live: bool,
    /// A dry run of the items of an object, all at once.
    pub validate_items: Option<ItemDryRun>,
    /// Objects of others in the same list: invisible, unless `$id` names one.
    pub foreign: fn(&Value) -> bool,
    /// Permissions that a key needs to read, and those that it needs to write.
    pub read: &'static [&'static str],
    pub write: &'static [&'static str],
}

/// A `POST` of a list of items, answered by one verdict for each.
pub struct ItemDryRun {
    pub path: &'static str,
    /// The list in the body, and in the request.
    pub list: &'static str,
    /// The list in an item that holds others: they are asked about by themselves.
    pub inner: &'static str,
    /// The part of an item that the paths of a verdict begin at.
    pub within: &'static str,
    /// Fields of the body that are sent beside the list.
    pub beside: &'static [&'static str],
}

impl Api {
    pub const V1: Self = Self {
        path: "",
        item: "",
        envelope: Envelope::Flat,
        related: false,
        meta: false,
        id: Id { at: "id", number: false, chosen: false, in_update: false },
        composed: None,
        list: List {
            path: None,
            paging: Paging::Whole,
            page_size: 1000,
            items: None,
            mixed: false,
            tag_filter: None,
            query: &[],
            total: None,
            summary: None,
        },
        create: Create::Collection,
        typed: None,
        delete: Delete::Item,
        read_from: ReadFrom::Item,
        update: Update::Put,
        silent: false,
        vacant: |_| false,
        named: None,
        life: Life::Many,
        order: None,
        parts: &[],
        after: &[],
        emptied: false,
        serial: false,
        version: None,
        gone: None,
        can_delete: None,
        validate: None,
        validates_live: true,
        validate_items: None,
        foreign: |_| false,
        read: &[],
        write: &[],
    };
    /// JSON:API: a row names the type of its envelope.
    pub const V2: Self =
        Self { update: Update::Patch, list: List { items: Some("/data"), ..Self::V1.list }, ..Self::V1 };
}

/// How a body is wrapped on its way. Inside the house it is always flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// The object itself.
    Flat,
    /// Sent flat; a write answers `{"data": [{…}]}`, a read `{"data": {…}}`.
    Data,
    /// `{"data": {"type": …, "id": …, "attributes": {…}}}`, with this type.
    Resource(&'static str),
    /// Sent flat; answers show it in `included`, and in `data` what the service tells of it.
    Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    /// The member of an object that holds it.
    pub at: &'static str,
    /// A number, not a text.
    pub number: bool,
    /// People choose it: it stands in the body, and a definition without is refused.
    pub chosen: bool,
    /// An update repeats it: in its envelope, or in the body where people choose it.
    pub in_update: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    Put,
    /// Keeps what it doesn't name.
    Patch,
    /// The create once more, which overwrites what is there.
    Upsert,
}

/// Where a new object is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    Collection,
    /// To the path that it will have: people choose its id.
    Item,
}

/// How an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delete {
    /// By a `DELETE` of its path.
    Item,
    /// By a `POST` to this, behind the kind's path, of JSON in which `"{id}"` stands for the id.
    Post { path: &'static str, body: &'static str },
}

/// Where one object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    Item,
    /// From the list of all: it has no read of its own.
    List,
    /// From the list, by this parameter.
    Filtered(&'static str),
}

/// A place of a body that names something of the service's own: `{"type", "id"}`, or `{"type", "name"}` where people
/// write it.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Where the id stands; the name beside it.
    pub at: &'static str,
    /// The list of what may be named, in `data`.
    pub list: &'static str,
    /// The name, in an item of that list.
    pub name: &'static str,
    /// What is named, for people: `standard pattern`.
    pub what: &'static str,
}

/// How the objects of a kind are put in order; the row of the kind says it.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Where it is written, and read unless the list shows it.
    pub path: &'static str,
    pub update: Update,
    pub shown: Shown,
    /// What is sent: JSON in which `"{ids}"` stands for the list of all, and `"{id}"` for the id in `data` of what was read.
    pub body: &'static str,
    /// The type beside each id, in `{"id", "type"}`; absent: the ids are texts.
    pub member: Option<&'static str>,
}

/// What shows an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The list of the objects, in this field of each where there is one; else by its own order.
    List(&'static str),
    /// A read of its own, with the members at this pointer.
    Alone(&'static str),
}

/// A list that an object holds at an address of its own: read with it, and written after it.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// With `{id}` in it.
    pub path: &'static str,
    /// The field of the body.
    pub field: &'static str,
    pub held: Held,
}

/// How a part travels.
#[derive(Clone, Copy, Debug)]
pub enum Held {
    /// A GET answers, and a PUT takes, `{FIELD: [{…}]}`. What is sent of an item; answers tell more.
    Whole(&'static [&'static str]),
    /// Each item is a resource of JSON:API, made by a `POST`, changed and deleted behind an id of its own.
    Apart(Apart),
}

/// See [`Held::Apart`]. Pointers are into a resource.
#[derive(Clone, Copy, Debug)]
pub struct Apart {
    /// A resource without what people write of it, as JSON.
    pub blank: &'static str,
    /// The members of an item, and where each stands.
    pub members: &'static [(&'static str, &'static str)],
    /// What its path names it by.
    pub id: &'static str,
    /// The members by which two items are still the same one; the first counts most.
    pub known_by: &'static [&'static str],
    /// A number that grows through the list, where that has an order.
    pub place: Option<&'static str>,
    /// Who keeps it, where that is not for people to change: neither shown nor touched.
    pub keeper: fn(&Value) -> Option<&str>,
    /// [Whole](Paging::Whole), or numbered pages.
    pub paging: Paging,
    pub shown: Option<ShownInList>,
}

/// Parts that stand in `included` of the list of all objects.
#[derive(Clone, Copy, Debug)]
pub struct ShownInList {
    /// Where a resource has the id of its object.
    pub of: &'static str,
    /// Where an object has the number of its resources: where another one is shown, they are read by themselves.
    pub count: &'static str,
}

/// How objects come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// They are made and deleted.
    Many,
    /// They are there with the kind that they order, and only change.
    Order,
}

/// How all objects of a kind are listed.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Where it is, if not at the path of the kind.
    pub path: Option<&'static str>,
    pub paging: Paging,
    /// The most that a page may hold.
    pub page_size: usize,
    /// Where the items are: a pointer into the answer, or the answer itself.
    pub items: Option<&'static str>,
    /// Items of other types stand in it, too; and it is left out where there are none at all.
    pub mixed: bool,
    /// The parameter that filters by one tag, where there is one.
    pub tag_filter: Option<&'static str>,
    /// Further parameters of the list.
    pub query: &'static [(&'static str, &'static str)],
    /// How many objects there are, in an answer to a list that isn't filtered.
    pub total: Option<&'static str>,
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
    /// Which items of the list, and reads without the [type](Api::typed), are no more than that; others are whole.
    pub lacks: fn(&Value) -> bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// Everything at once.
    Whole,
    /// Numbered from 0.
    Number { page: &'static str, size: &'static str },
    /// By position of the first item.
    Offset { offset: &'static str, limit: &'static str },
    /// By a text that the page before holds at this pointer.
    Cursor { cursor: &'static str, size: &'static str, next: &'static str },
    /// There is no list: what is there is asked by its key.
    ByKey,
}

/// A flat body as it is sent or exported; `id` names the object that an update is about.
pub fn wrap<'b>(api: &Api, id: Option<&str>, body: &'b Value) -> Cow<'b, Value> {
    let Envelope::Resource(name) = api.envelope else {
        let mut body = Cow::Borrowed(body);
        if id.is_some()
            && api.id.chosen
            && !api.id.in_update
            && let Value::Object(members) = body.to_mut()
        {
            members.shift_remove(api.id.at);
        }
        return body;
    };
    let mut attributes = body.clone();
    let mut taken = |key: &str| attributes.as_object_mut()?.shift_remove(key);
    let own = taken(api.id.at);
    let relationships = api.related.then(|| taken("relationships")).flatten();
    let mut data = json!({ "type": name });
    let sent = match id {
        None => own.filter(|_| api.id.chosen),
        Some(id) => api.id.in_update.then(|| json!(id)),
    };
    if let Some(id) = sent {
        data["id"] = id;
    }
    data["attributes"] = attributes;
    if let Some(relationships) = relationships {
        data["relationships"] = relationships;
    }
    Cow::Owned(json!({ "data": data }))
}

/// `{"type", "id", "attributes"}` as a flat body: the attributes, and the id beside them; relationships where people
/// write those.
pub fn flatten(api: &Api, mut resource: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(attributes)) = resource.shift_remove("attributes") else { return resource };
    let mut body = Map::new();
    if let Some(id) = resource.shift_remove("id") {
        body.insert("id".to_owned(), id);
    }
    body.extend(attributes);
    if let Some(relationships) = resource.shift_remove("relationships").filter(|_| api.related) {
        body.insert("relationships".to_owned(), relationships);
    }
    body
}

/// The documents that an answer shows, as flat bodies: each with its id, and what the service tells of it as `meta`. Of
/// one that is not shown no more than these, and its `kind`. None where there is no list in it.
pub fn documents(api: &Api, mut answer: Value) -> Option<Vec<Value>> {
    let mut list = |name: &str| match answer.get_mut(name).map(Value::take) {
        Some(Value::Array(items)) => Some(items),
        _ => None,
    };
    let data = list("data")?;
    let written = list("included").into_iter().flatten().filter_map(|mut item| {
        let id = item.get("id")?.as_str()?.to_owned();
        Some((id, item.pointer_mut("/attributes/schema")?.take()))
    });
    let mut written: HashMap<String, Value> = written.collect();
    let told = data.into_iter().map(|mut item| {
        let document = item.get("id").and_then(Value::as_str).and_then(|id| written.remove(id));
        let attributes = item.get_mut("attributes").map(Value::take).unwrap_or_default();
        let id = api.composed.and_then(|id| match &document {
            Some(document) => id(document),
            None => id(&json!({ "kind": attributes["kind"], "metadata": attributes })),
        });
        let mut body = Map::new();
        body.extend(id.map(|id| (api.id.at.to_owned(), id.into())));
        body.extend(item.get_mut("meta").map(|meta| ("meta".to_owned(), meta.take())));
        match document {
            // What it says of itself in their place is no part of it.
            Some(Value::Object(document)) => {
                let own = |(key, _): &(String, Value)| key != api.id.at && key != "meta";
                body.extend(document.into_iter().filter(own));
            }
            _ => body.extend([("kind".to_owned(), attributes["kind"].clone())]),
        }
        Value::Object(body)
    });
    Some(told.collect())
}
