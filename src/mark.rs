//! The mark on a live object: read, written, taken out, by the kind's type of mark.
//!
//! A mark is not a signature: people write, copy, damage and lose it. It is read tolerantly, whatever is read is taken
//! out whole, and what is written is always of one form.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kind::{Identity, Kind, LINE, MarkItem};
use crate::model::{Live, Mark, Owner, is_id, is_owner};
use crate::pointer::{find, matching, put};

const OWNER: &str = "musher:";
const ID: &str = "musher_id:";
const PROTECT: &str = "musher_protect:";
const PROTECTED: &str = " (protected)";
/// What a line begins with that is, or was, a mark: as [`LINE`], in lower case and without the colon.
const PHRASE: &str = "managed by musher";
/// From this many letters on, a beginning of the phrase at the end of a text is what a cut left over.
const CUT: usize = "managed by mu".len();

/// The longest tag that the service keeps, key included, in characters.
pub const TAG_LIMIT: usize = 200;

/// What an owner reads of his own mark on a live object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing of this owner's.
    Nothing,
    Mark(Mark),
    Damaged(Damage),
}

/// What is wrong with a mark of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It names the owner, and no id.
    NoId,
    /// What stands in the place of the id is none.
    BadId(String),
    /// It names several ids, sorted.
    SeveralIds(Vec<String>),
    /// A line that begins as a mark, and does not end as one. `owned`: it names this owner.
    Line { text: String, owned: bool },
}

/// The tag that a list can be filtered by.
pub fn owner_tag(owner: &Owner) -> String {
    format!("{OWNER}{owner}")
}

/// The tag that names one resource, whoever owns it.
pub fn id_tag(id: &str) -> String {
    format!("{ID}{id}")
}

/// How long the longest part of a mark is that the service limits; `None` where it limits none.
pub fn longest(kind: &Kind, mark: &Mark) -> Option<usize> {
    match kind.identity {
        Identity::Tags(_) => {
            let (owner, id) = (owner_tag(&mark.owner), id_tag(&mark.id));
            Some(owner.chars().count().max(id.chars().count()))
        }
        Identity::Members(_) | Identity::LastLine(_) | Identity::LastItem(_) | Identity::Key(_) => None,
    }
}

/// A tag of a mark that the service would keep in another spelling: runs of `_` as one, none at the end.
pub fn rewritten(kind: &Kind, mark: &Mark) -> Option<String> {
    let rewrites = matches!(kind.identity, Identity::Tags(_)) && kind.quirks.tags.rewritten;
    let is_rewritten = |tag: &String| tag.contains("__") || tag.ends_with('_');
    [owner_tag(&mark.owner), id_tag(&mark.id)].into_iter().find(is_rewritten).filter(|_| rewrites)
}

/// The mark of a live object, or none: the first that is whole, whoever's it is.
pub fn read(kind: &Kind, body: &Value) -> Option<Mark> {
    let all = marks(kind, body);
    all.owners.iter().find_map(|owner| match all.of(owner) {
        Reading::Mark(mark) => Some(mark),
        _ => None,
    })
}

/// The mark of a live object as an owner sees it: of several, his own counts, else [`read`] says whose it is.
/// None where his own can't be read.
pub fn read_as(kind: &Kind, body: &Value, owner: &Owner) -> Option<Mark> {
    match reading(kind, body, owner) {
        Reading::Mark(mark) => Some(mark),
        Reading::Damaged(Damage::Line { owned: false, .. }) | Reading::Nothing => read(kind, body),
        Reading::Damaged(_) => None,
    }
}

/// What an owner reads of his own mark.
pub fn reading(kind: &Kind, body: &Value, owner: &Owner) -> Reading {
    let all = marks(kind, body);
    if all.owners.iter().any(|own| own == &owner.0) {
        return all.of(&owner.0);
    }
    if !all.owners.is_empty() {
        return Reading::Nothing;
    }
    let damage = texts(kind, body).find_map(|text| damaged_line(text, owner));
    damage.map_or(Reading::Nothing, Reading::Damaged)
}

/// The texts whose lines may be marks.
fn texts<'b>(kind: &Kind, body: &'b Value) -> impl Iterator<Item = &'b str> + use<'b> {
    let (own, items) = match kind.identity {
        Identity::LastLine(at) => (find(body, at), None),
        Identity::LastItem(item) => (None, find(body, item.list).and_then(Value::as_array).zip(Some(item))),
        Identity::Tags(_) | Identity::Members(_) | Identity::Key(_) => (None, None),
    };
    let of_items = items.into_iter().flat_map(|(items, item)| items.iter().map(|one| find(one, item.text)));
    own.into_iter().chain(of_items.flatten()).filter_map(Value::as_str)
}

/// The places of texts that hold a line which would be read as a mark.
pub fn places_of_lines(kind: &Kind, body: &Value) -> Vec<String> {
    let places = match kind.identity {
        Identity::LastLine(at) => vec![at.to_owned()],
        Identity::LastItem(item) => matching(&format!("{}/*{}", item.list, item.text), body),
        Identity::Tags(_) | Identity::Members(_) | Identity::Key(_) => Vec::new(),
    };
    let holds = |at: &String| find(body, at).and_then(Value::as_str).is_some_and(holds_line);
    places.into_iter().filter(holds).collect()
}

/// Whether an object is an owner's, as far as can be read.
pub fn is_of(kind: &Kind, body: &Value, owner: &Owner) -> bool {
    match kind.identity {
        Identity::Tags(at) => mark_tags(body, at).any(|tag| tag.strip_prefix(OWNER) == Some(&owner.0)),
        Identity::Members(_) => marks(kind, body).owners.iter().any(|own| *own == owner.0),
        Identity::LastLine(_) | Identity::LastItem(_) => reading(kind, body, owner) != Reading::Nothing,
        Identity::Key(_) => false,
    }
}

/// The owners that an object names, whether their marks are whole or not; sorted.
pub fn owners(kind: &Kind, body: &Value) -> Vec<Owner> {
    marks(kind, body).owners.into_iter().map(|owner| Owner(owner.into_owned())).collect()
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let listed = |ids: &[String]| ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::NoId => f.write_str("it names the owner, and no id"),
            Self::BadId(id) => write!(f, "`{id}` stands in the place of its id, and is none"),
            Self::SeveralIds(ids) => write!(f, "it names several ids: {}", listed(ids)),
            Self::Line { text, .. } => write!(f, "its line was edited: `{text}`"),
        }
    }
}

/// What an object is known by again: its mark, or its key where its kind bears none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownBy {
    Mark(Mark),
    Key(String),
}

impl KnownBy {
    pub fn of(kind: &Kind, body: &Value) -> Option<Self> {
        let key = key(kind, body).map(|key| Self::Key(key.to_owned()));
        key.or_else(|| read(kind, body).map(Self::Mark))
    }

    /// Whether a live object is this one, or a copy of it.
    pub fn is_on(&self, kind: &Kind, live: &Live) -> bool {
        let body = &live.body;
        !(kind.api.foreign)(body)
            && match self {
                Self::Mark(mark) => read_as(kind, body, &mark.owner).is_some_and(|own| own.is_of(mark)),
                Self::Key(own) => key(kind, body) == Some(own),
            }
    }

    /// The id in the mark, or the key.
    pub fn name(&self) -> &str {
        match self {
            Self::Mark(mark) => &mark.id,
            Self::Key(key) => key,
        }
    }
}

/// The key by which an object without a mark is known.
pub fn key<'a>(kind: &Kind, body: &'a Value) -> Option<&'a str> {
    let Identity::Key(at) = kind.identity else { return None };
    let text = |at: &str| find(body, at)?.as_str();
    text(at).or_else(|| text(kind.quirks.key_else?))
}

/// The member that holds the mark, by its name, without any mark.
pub fn bare(kind: &Kind, body: &Value) -> Option<(&'static str, Value)> {
    let at = kind.identity.at()?;
    let name = at.split('/').nth(1)?;
    let member = body.get(name)?;
    let inside = at.strip_prefix('/')?.strip_prefix(name)?;
    if inside.is_empty() {
        return Some((name, bare_of(kind.identity, member)));
    }
    let mut member = member.clone();
    if let Some(holder) = member.pointer_mut(inside) {
        *holder = bare_of(kind.identity, holder);
    }
    Some((name, member))
}

/// The member that is a list of tags with the mark among them.
pub fn list_of_tags(kind: &Kind) -> Option<&'static str> {
    let Identity::Tags(at) = kind.identity else { return None };
    at.strip_prefix('/').filter(|name| !name.contains('/'))
}

/// What holds a mark, without it.
fn bare_of(identity: Identity, holder: &Value) -> Value {
    match (identity, holder) {
        (Identity::Tags(_), Value::Array(tags)) => {
            let own = tags.iter().filter(|tag| !tag.as_str().is_some_and(is_mark_tag));
            Value::Array(own.cloned().collect())
        }
        (Identity::Members(_), Value::Object(members)) => {
            let own = members.iter().filter(|(key, _)| !is_mark_member(key));
            Value::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        (Identity::LastLine(_), Value::String(text)) => bare_text(text).into(),
        (Identity::LastItem(item), Value::Array(items)) => {
            items.iter().filter_map(|one| bare_item(item, one)).collect()
        }
        (_, other) => other.clone(),
    }
}

/// An item of a list without marks; none where it held nothing else.
fn bare_item(item: &MarkItem, one: &Value) -> Option<Value> {
    let mut one = one.clone();
    if let Some(Value::String(text)) = one.pointer_mut(item.text)
        && holds_line(text)
    {
        *text = bare_text(text);
        if text.trim().is_empty() {
            return None;
        }
    }
    Some(one)
}

/// Removes the mark, whichever project wrote it, so that a user never meets one.
pub fn strip(kind: &Kind, body: &mut Value) {
    if let Some((name, bare)) = bare(kind, body) {
        body[name] = bare;
    }
}

/// Whether a text holds a line that would be read as a mark.
pub fn holds_line(text: &str) -> bool {
    lines(text).any(|line| parse_line(line.text).is_some())
}

/// Puts the mark on a body, in the place of any that it bears.
pub fn write(kind: &Kind, body: &mut Value, mark: &Mark) {
    strip(kind, body);
    match kind.identity {
        Identity::Tags(at) => {
            let mut tags = vec![owner_tag(&mark.owner), id_tag(&mark.id)];
            tags.extend(mark.protect.then(|| format!("{PROTECT}true")));
            if let Value::Array(own) = slot(body, at, Value::is_array, json!([])) {
                own.extend(tags.into_iter().map(Value::String));
            }
        }
        Identity::Members(at) => {
            if let Value::Object(own) = slot(body, at, Value::is_object, json!({})) {
                own.insert(member_of(OWNER).to_owned(), json!(mark.owner.0));
                own.insert(member_of(ID).to_owned(), json!(mark.id));
                own.extend(mark.protect.then(|| (member_of(PROTECT).to_owned(), json!("true"))));
            }
        }
        Identity::LastLine(at) => {
            if let Value::String(text) = slot(body, at, Value::is_string, json!("")) {
                let newline = if text.is_empty() { "" } else { "\n" };
                *text = format!("{text}{newline}{}", line(mark));
            }
        }
        Identity::LastItem(item) => {
            let Ok(mut own) = serde_json::from_str::<Value>(item.blank) else { return };
            put(&mut own, item.text, json!(line(mark)));
            if let Value::Array(items) = slot(body, item.list, Value::is_array, json!([])) {
                items.push(own);
            }
        }
        Identity::Key(_) => {}
    }
}

fn line(mark: &Mark) -> String {
    let protected = if mark.protect { PROTECTED } else { "" };
    format!("{LINE}{}/{}{protected}", mark.owner, mark.id)
}

/// What is at a pointer of the body, `fresh` where nothing serves.
fn slot<'a>(body: &'a mut Value, at: &str, serves: fn(&Value) -> bool, fresh: Value) -> &'a mut Value {
    let slot = at.split('/').skip(1).fold(body, |around, step| {
        if !around.is_object() {
            *around = json!({});
        }
        &mut around[step]
    });
    if !serves(slot) {
        *slot = fresh;
    }
    slot
}

/// The member that stands for a tag of a mark: its key.
fn member_of(tag: &'static str) -> &'static str {
    tag.trim_end_matches(':')
}

/// Whether a member of a map is a part of a mark, however it is spelled.
pub fn is_mark_member(key: &str) -> bool {
    let key = plain(key);
    [OWNER, ID, PROTECT].iter().any(|tag| member_of(tag) == key)
}

/// All that marks say on one object.
#[derive(Default)]
struct Marks<'b> {
    owners: BTreeSet<Cow<'b, str>>,
    /// With the owner, where each id has its own.
    ids: BTreeSet<(Option<Cow<'b, str>>, Cow<'b, str>)>,
    protect: bool,
}

impl Marks<'_> {
    fn of(&self, owner: &str) -> Reading {
        let own = self.ids.iter().filter(|(own, _)| own.as_deref().is_none_or(|own| own == owner));
        let mut ids = own.map(|(_, id)| id.to_string());
        match (ids.next(), ids.next()) {
            (None, _) => Reading::Damaged(Damage::NoId),
            (Some(id), None) if is_id(&id) => {
                Reading::Mark(Mark { owner: Owner(owner.to_owned()), id, protect: self.protect })
            }
            (Some(id), None) => Reading::Damaged(Damage::BadId(id)),
            (Some(first), Some(second)) => {
                Reading::Damaged(Damage::SeveralIds([first, second].into_iter().chain(ids).collect()))
            }
        }
    }
}

fn marks<'b>(kind: &Kind, body: &'b Value) -> Marks<'b> {
    let mut found = Marks::default();
    match kind.identity {
        Identity::Tags(at) => {
            for tag in mark_tags(body, at) {
                if let Some(owner) = behind(&tag, OWNER) {
                    found.owners.insert(owner);
                } else if let Some(id) = behind(&tag, ID) {
                    found.ids.insert((None, id));
                } else {
                    found.protect |= tag.strip_prefix(PROTECT) == Some("true");
                }
            }
        }
        Identity::Members(at) => {
            for (key, value) in find(body, at).and_then(Value::as_object).into_iter().flatten() {
                let Some(text) = value.as_str().map(plain).filter(|_| is_mark_member(key)) else { continue };
                match plain(key) {
                    key if key == member_of(OWNER) => drop(found.owners.insert(text.into())),
                    key if key == member_of(ID) => drop(found.ids.insert((None, text.into()))),
                    _ => found.protect |= text == "true",
                }
            }
        }
        Identity::LastLine(_) | Identity::LastItem(_) => {
            for mark in texts(kind, body).flat_map(lines).filter_map(|line| parse_line(line.text)) {
                found.ids.insert((Some(mark.owner.0.clone().into()), mark.id.into()));
                found.owners.insert(mark.owner.0.into());
                found.protect |= mark.protect;
            }
        }
        Identity::Key(_) => {}
    }
    found
}

/// What stands behind the beginning of a tag.
fn behind<'b>(tag: &Cow<'b, str>, beginning: &str) -> Option<Cow<'b, str>> {
    match tag {
        Cow::Borrowed(tag) => tag.strip_prefix(beginning).map(Cow::Borrowed),
        Cow::Owned(tag) => tag.strip_prefix(beginning).map(|rest| Cow::Owned(rest.to_owned())),
    }
}

fn mark_tags<'b>(body: &'b Value, at: &str) -> impl Iterator<Item = Cow<'b, str>> + use<'b> {
    let tags = find(body, at).and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).filter_map(mark_tag)
}

/// Whether a tag is a part of a mark, however it is spelled.
pub fn is_mark_tag(tag: &str) -> bool {
    mark_tag(tag).is_some()
}

/// A tag that is a part of a mark, in the one spelling.
fn mark_tag(tag: &str) -> Option<Cow<'_, str>> {
    // Nearly all tags are none, and are told by their first letter; nearly all others are spelled as they are written.
    let is_usual = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    let tag = match tag.bytes().next()? {
        first if first.is_ascii_graphic() && !matches!(first, b'm' | b'M') => return None,
        _ if tag.bytes().all(is_usual) => Cow::Borrowed(tag),
        _ => Cow::Owned(plain(tag).replace(' ', "")),
    };
    [OWNER, ID, PROTECT].iter().any(|prefix| tag.starts_with(prefix)).then_some(tag)
}

/// In lower case, without what can't be seen, each run of white space one blank, and none at the ends.
fn plain(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters of no width: an editor leaves them behind, and nobody sees that they are there.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
        || (c.is_control() && !c.is_whitespace())
}

/// A line of a text, with the bytes that it takes, its end included.
struct Line<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let is_end = |c: char| matches!(c, '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let inside = rest.find(is_end).unwrap_or(rest.len());
        let behind = &rest[inside..];
        let ending =
            if behind.starts_with("\r\n") { 2 } else { behind.chars().next().map_or(0, char::len_utf8) };
        let line = Line { text: &rest[..inside], start, end: start + inside + ending };
        start = line.end;
        Some(line)
    })
}

/// The text without the lines that are marks, and without the line end before each. What stands behind the last
/// one is kept, unless it is nothing but white space: an editor's newline is nobody's text.
fn bare_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_cut = false;
    for line in lines(text) {
        if parse_line(line.text).is_none() {
            out.push_str(&text[line.start..line.end]);
            continue;
        }
        is_cut = true;
        let behind = &text[line.end..];
        if lines(behind).all(|line| line.text.trim().is_empty() || parse_line(line.text).is_some()) {
            // The end of the line before belongs to the mark.
            let without = out.strip_suffix("\r\n").or_else(|| out.strip_suffix('\n'));
            let length = without.or_else(|| out.strip_suffix('\r')).map_or(out.len(), str::len);
            out.truncate(length);
            break;
        }
    }
    if is_cut { out } else { text.to_owned() }
}

/// A line that is a mark, whatever its letters' size, its blanks and what can't be seen in it.
fn parse_line(line: &str) -> Option<Mark> {
    // Nearly all lines are none, and are told by their length or first letter.
    let seen = line.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c));
    if line.len() < LINE.len() || !seen.starts_with(['m', 'M']) {
        return None;
    }
    let line = plain(line);
    let rest = line.strip_prefix(PHRASE)?.trim_start().strip_prefix(':')?.trim_start();
    let (rest, protect) =
        rest.strip_suffix("(protected)").map_or((rest, false), |rest| (rest.trim_end(), true));
    // Blanks beside a slash are an editor's, too.
    let rest = rest.replace(" /", "/").replace("/ ", "/");
    let (owner, id) = rest.split_once('/')?;
    (is_id(id) && is_owner(owner)).then(|| Mark {
        owner: Owner(owner.to_owned()),
        id: id.to_owned(),
        protect,
    })
}

/// A line that was a mark, of this owner as far as can be told.
fn damaged_line(text: &str, owner: &Owner) -> Option<Damage> {
    let own = format!("{owner}/");
    let damage = |text: &str, owned| {
        let mut text: String = text.trim().chars().take(120).collect();
        text.truncate(text.trim_end().len());
        Some(Damage::Line { text, owned })
    };
    let last = lines(text).filter(|line| !line.text.trim().is_empty()).last()?.start;
    for line in lines(text) {
        let plain = plain(line.text);
        if let Some((before, rest)) = plain.split_once(PHRASE) {
            let rest = rest.trim_start_matches([' ', ':', '*', '_', '`']);
            if rest.starts_with(&own) {
                return damage(line.text, true);
            }
            if before.trim_matches(['*', '_', '`', '-', '>', ' ']).is_empty() && own.starts_with(rest) {
                return damage(line.text, false);
            }
        } else if line.start == last && plain.len() >= CUT && PHRASE.starts_with(&plain) {
            return damage(line.text, false);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    fn of(section: &str) -> &'static Kind {
        kind::of_section(section).expect("a kind")
    }

    fn ours() -> Owner {
        Owner("shop.prod".into())
    }

    fn check(section: &str, body: Value, protect: bool) {
        let kind = of(section);
        let mark = Mark { owner: ours(), id: "a/b".into(), protect };
        let mut marked = body.clone();
        assert_eq!(read(kind, &marked), None);
        write(kind, &mut marked, &mark);
        assert_eq!(read(kind, &marked), Some(mark.clone()));
        let once = marked.clone();
        write(kind, &mut marked, &mark);
        assert_eq!(marked, once, "a second mark takes the place of the first");
        strip(kind, &mut marked);
        assert_eq!(marked, body);
    }

    #[test]
    fn a_mark_goes_on_and_off() {
        for protect in [false, true] {
            check("monitors", json!({"tags": ["b", "a"]}), protect);
            check("dashboards", json!({"description": "two\nlines"}), protect);
            check("dashboards", json!({"description": "ends with a newline\n"}), protect);
            check("dashboards", json!({"description": "\r\nends with another\r\n"}), protect);
            check("dashboards", json!({"description": ""}), protect);
            check("notebooks", json!({"cells": [cell("a")]}), protect);
            check("notebooks", json!({"cells": []}), protect);
            check("waf_rules", json!({"tags": {"category": "a", "type": "b"}}), protect);
        }
    }

    fn cell(text: &str) -> Value {
        json!({"type": "notebook_cells", "id": "x", "attributes": {"definition": {"type": "markdown", "text": text}}})
    }

    #[test]
    fn cells_are_read_as_people_leave_them() {
        let line = "Managed by musher: shop.prod/a";
        let mark = Reading::Mark(Mark { owner: ours(), id: "a".into(), protect: false });
        let graph = json!({"type": "notebook_cells", "attributes": {"definition": {"type": "timeseries"}}});
        for (cells, bare) in [
            (json!([cell("x"), cell(line)]), json!([cell("x")])),
            // Somebody wrote behind it, in front of it, and into it.
            (json!([cell(line), graph, cell("x")]), json!([graph, cell("x")])),
            (json!([cell(&format!("{line}\n\nSee the wiki."))]), json!([cell("\nSee the wiki.")])),
            (json!([cell(&format!(" {line} \r\n")), 5, null, {}]), json!([5, null, {}])),
            // A copy of the cell.
            (json!([cell(line), cell("x"), cell(line)]), json!([cell("x")])),
        ] {
            let body = json!({"cells": cells});
            assert_eq!(reading(of("notebooks"), &body, &ours()), mark, "{body}");
            assert!(is_of(of("notebooks"), &body, &ours()), "{body}");
            let mut stripped = body;
            strip(of("notebooks"), &mut stripped);
            assert_eq!(stripped, json!({"cells": bare}));
        }
        let damaged = json!({"cells": [cell("**Managed by musher: shop.prod/a**")]});
        assert!(matches!(
            reading(of("notebooks"), &damaged, &ours()),
            Reading::Damaged(Damage::Line { owned: true, .. })
        ));
        for cells in [json!("x"), json!({}), json!([cell("musher")]), json!([graph, {"attributes": []}])] {
            let body = json!({"cells": cells});
            assert_eq!(reading(of("notebooks"), &body, &ours()), Reading::Nothing, "{body}");
        }
    }

    #[test]
    fn members_are_read_as_people_leave_them() {
        let mark = |id: &str, protect| Reading::Mark(Mark { owner: ours(), id: id.into(), protect });
        for (tags, expected, bare) in [
            (json!({"a": "b", "musher": "shop.prod", "musher_id": "x"}), mark("x", false), json!({"a": "b"})),
            (
                json!({"Musher ": " Shop.Prod", "MUSHER_ID": "x", "musher_protect": "true"}),
                mark("x", true),
                json!({}),
            ),
            (
                json!({"musher": "shop.prod", "musher_id": "../x"}),
                Reading::Damaged(Damage::BadId("../x".into())),
                json!({}),
            ),
            (json!({"musher": "shop.prod"}), Reading::Damaged(Damage::NoId), json!({})),
            (json!({"musher": "shop.prod", "musher_id": 5}), Reading::Damaged(Damage::NoId), json!({})),
            (json!({"musher": "shop", "musher_id": "x"}), Reading::Nothing, json!({})),
            (
                json!({"mushers": "shop.prod", "type": "musher"}),
                Reading::Nothing,
                json!({"mushers": "shop.prod", "type": "musher"}),
            ),
            (
                json!(["musher:shop.prod", "musher_id:x"]),
                Reading::Nothing,
                json!(["musher:shop.prod", "musher_id:x"]),
            ),
        ] {
            let body = json!({"tags": tags});
            assert_eq!(reading(of("waf_rules"), &body, &ours()), expected, "{body}");
            assert_eq!(is_of(of("waf_rules"), &body, &ours()), expected != Reading::Nothing, "{body}");
            let mut stripped = body;
            strip(of("waf_rules"), &mut stripped);
            assert_eq!(stripped, json!({"tags": bare}));
        }
    }

    #[test]
    fn tags_are_read_as_people_leave_them() {
        let mark = |id: &str| Reading::Mark(Mark { owner: ours(), id: id.into(), protect: false });
        let several =
            |ids: &[&str]| Reading::Damaged(Damage::SeveralIds(ids.iter().map(|id| (*id).into()).collect()));
        for (tags, expected) in [
            (json!(["musher:shop.prod", "musher_id:a"]), mark("a")),
            (json!(["musher:aaa", "musher:shop.prod", "musher_id:a"]), mark("a")),
            (json!([" Musher: shop.prod\r\n", "MUSHER_ID:A\u{200b}"]), mark("a")),
            (json!(["musher:shop.prod", "musher_id:a", "musher_id:a", 5, null]), mark("a")),
            (json!(["musher:shop.prod", "musher_id:a", "musher_protect:no"]), mark("a")),
            (json!(["musher:shop.prod", "musher_id:b", "musher_id:a"]), several(&["a", "b"])),
            (json!(["musher:shop.prod"]), Reading::Damaged(Damage::NoId)),
            (json!(["musher:shop.prod", "musher_id:../a"]), Reading::Damaged(Damage::BadId("../a".into()))),
            (json!(["musher:shop.prod", "musher_id:"]), Reading::Damaged(Damage::BadId(String::new()))),
            (json!(["musher:shop", "musher_id:a"]), Reading::Nothing),
            (json!(["musher_id:a", "mushers:shop.prod", "my_musher:shop.prod"]), Reading::Nothing),
            (json!("musher:shop.prod"), Reading::Nothing),
        ] {
            let body = json!({"tags": tags});
            assert_eq!(reading(of("monitors"), &body, &ours()), expected, "{body}");
            assert_eq!(is_of(of("monitors"), &body, &ours()), expected != Reading::Nothing, "{body}");
        }
        // An id that is none makes no mark, whoever's it is.
        assert_eq!(read(of("slos"), &json!({"tags": ["musher:x", "musher_id:/etc/x"]})), None);
        let mut odd =
            json!({"tags": ["MUSHER:x ", "a", "musher_id:../y", "musher_protect:yes", "mushers:z"]});
        strip(of("monitors"), &mut odd);
        assert_eq!(odd, json!({"tags": ["a", "mushers:z"]}));
    }

    #[test]
    fn lines_are_read_as_people_leave_them() {
        let line = "Managed by musher: shop.prod/a";
        for (text, bare) in [
            (format!("x\n{line}"), "x"),
            (format!("{line}\n"), ""),
            (format!("x\r\n{line}\r\n"), "x"),
            (format!("x\n{line}\n\n \n"), "x"),
            (format!("x\n\n{line}  "), "x\n"),
            (format!("x\n{line}\nSee the wiki."), "x\nSee the wiki."),
            (format!("{line}\r\nSee the wiki."), "See the wiki."),
            (format!("{line}\n{line}"), ""),
            ("x\nManaged by musher: shop.prod / a".to_owned(), "x"),
            ("x\n  managed BY  musher :shop.prod/A\u{200b}\u{2028}y".to_owned(), "x\ny"),
        ] {
            let body = json!({"description": text});
            let mark = Mark { owner: ours(), id: "a".into(), protect: false };
            assert_eq!(reading(of("dashboards"), &body, &ours()), Reading::Mark(mark), "{text:?}");
            let mut stripped = body;
            strip(of("dashboards"), &mut stripped);
            assert_eq!(stripped, json!({"description": bare}), "{text:?}");
        }
    }

    #[test]
    fn lines_that_were_marks_are_told() {
        let reported = |owned| Some(owned);
        for (text, expected) in [
            ("Managed by musher: shop.prod/a See the wiki", reported(true)),
            ("x. Managed by musher: shop.prod/a", reported(true)),
            ("**Managed by musher: shop.prod/a**", reported(true)),
            ("Managed by musher: shop.prod/", reported(true)),
            ("Managed by musher shop.prod/a", reported(true)),
            ("x\nManaged by musher: shop.pr", reported(false)),
            ("x\nManaged by musher:", reported(false)),
            ("x\nManaged by mus", reported(false)),
            ("Managed by musher: other/a and more", None),
            ("Managed by musher: other/a", None),
            ("Managed by musher, as all of them. See shop.prod/a", None),
            ("This one is managed by musher", None),
            ("Managed by", None),
            ("", None),
        ] {
            let found = match reading(of("dashboards"), &json!({"description": text}), &ours()) {
                Reading::Damaged(Damage::Line { owned, .. }) => Some(owned),
                Reading::Nothing => None,
                other => panic!("{text}: {other:?}"),
            };
            assert_eq!(found, expected, "{text}");
        }
        let two = json!({"description": "Managed by musher: shop.prod/a\nManaged by musher: shop.prod/b"});
        let several = Damage::SeveralIds(vec!["a".into(), "b".into()]);
        assert_eq!(reading(of("dashboards"), &two, &ours()), Reading::Damaged(several));
        let other = json!({"description": "Managed by musher: shop.prod/a\nManaged by musher: other/b"});
        let mark = Mark { owner: ours(), id: "a".into(), protect: false };
        assert_eq!(reading(of("dashboards"), &other, &ours()), Reading::Mark(mark));
    }
}
