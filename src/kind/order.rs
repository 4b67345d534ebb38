//! Orders: which of a kind's objects comes first. An order lives as long as its kind; it is never made, never deleted.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Id, Identity, Kind, Life, Quirks};

/// Everybody else's, in a list of members.
pub const REST: &str = "$rest";

/// An order, as a body of ids. Its id is the section that it orders.
pub const ORDER: Kind = Kind {
    name: "order",
    section: "orders",
    always: false,
    api: Api { life: Life::Order, id: Id { chosen: true, ..Api::V2.id }, serial: true, ..Api::V2 },
    identity: Identity::Key("/id"),
    fields: &[
        text("/id", "The section whose objects are put in order"),
        texts("/members", "Ids, as references; `$rest` stands for all others in their present order"),
    ],
    about: About { title: "/id", known_by: &["/id"], ..About::NONE },
    quirks: Quirks::NONE,
};

/// The ids of an order's body.
pub fn members(body: &Value) -> Vec<String> {
    let all = body.get("members").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The order that comes of what is declared. What is not there yet stands at the end, as the service puts what is
/// made. With [`REST`] the declared ones stand where the list says; without, they change places with each other.
pub fn arranged(declared: &[String], live: &[String]) -> Vec<String> {
    let is_named = |id: &String| declared.contains(id);
    if let Some(at) = declared.iter().position(|id| id == REST) {
        let rest = live.iter().filter(|id| !is_named(id)).cloned();
        let (before, after) = (declared[..at].iter().cloned(), declared[at + 1..].iter().cloned());
        return before.chain(rest).chain(after).collect();
    }
    let new = declared.iter().filter(|id| !live.contains(id));
    let mut next = declared.iter();
    let places = live.iter().chain(new);
    places.filter_map(|id| if is_named(id) { next.next() } else { Some(id) }).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_is_put_in_order() {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (declared, live, expected) in [
            ("b $rest", "a b c", "b a c"),
            ("$rest a", "a b c", "b c a"),
            ("c $rest a", "a b c d", "c b d a"),
            ("$rest", "a b c", "a b c"),
            ("new $rest", "a b", "new a b"),
            // Without a word for the others, these keep their places.
            ("c a", "a b c", "c b a"),
            ("a c", "a b c", "a b c"),
            ("b", "a b c", "a b c"),
            ("new a", "a b", "new b a"),
            ("a new", "a b", "a b new"),
            ("", "a b", "a b"),
        ] {
            let arranged_once = arranged(&list(declared), &list(live));
            assert_eq!(arranged_once, list(expected), "{declared} among {live}");
            assert_eq!(arranged(&list(declared), &arranged_once), arranged_once, "it comes to rest");
            // Another one of somebody else's, which the service puts at the end, moves nobody before it.
            if !declared.starts_with("$rest") && !declared.contains("$rest ") && !declared.contains("new") {
                let mut more = arranged_once.clone();
                more.push("z".to_owned());
                assert_eq!(arranged(&list(declared), &more), more, "{declared}");
            }
        }
    }
}
