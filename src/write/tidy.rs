//! What a live object says only because the service filled it in, taken out: the definition that a person would write.

use serde_json::{Map, Value};

use crate::canon::{align, drop_implied, follow};
use crate::diff::{diff, same};
use crate::kind::{Kind, is_empty};
use crate::load;
use crate::pointer::{matching, step, take};

/// The definition of a live object, against which the object plans empty: without marks, server-filled fields
/// and what says nothing.
pub fn definition(kind: &Kind, live: Map<String, Value>, defaults: Option<&Value>) -> Value {
    let whole = Value::Object(load::clean(kind, live));
    let mut body = whole.clone();
    tidy(kind, &mut body, defaults);
    let aligned = align(kind, &body, &whole);
    // Where something says more than it seems to, nothing is taken out.
    if diff(&aligned.live, &aligned.desired).is_empty() { body } else { whole }
}

/// Takes out defaults, fields that follow from others, and fields that are left to the UI unless declared.
///
/// `defaults` are the project's own for the section: what they name is kept, or it would take their value.
fn tidy(kind: &Kind, body: &mut Value, defaults: Option<&Value>) {
    let named = |pointer: &str| defaults.is_some_and(|defaults| defaults.pointer(pointer).is_some());
    for pair in kind.quirks.alternatives {
        let both = body.pointer(pair.one).zip(body.pointer(pair.other));
        if both.is_some_and(|(one, other)| (pair.agree)(one, other)) {
            take(body, pair.other);
        }
    }
    for derived in kind.quirks.derived {
        let mut without = body.clone();
        take(&mut without, derived.path);
        if body
            .pointer(derived.path)
            .zip(follow(&without, derived))
            .is_some_and(|(own, from)| same(own, from))
        {
            *body = without;
        }
    }
    // What it holds at another address is what people ask for, where it holds anything.
    let holds =
        |pointer: &str| kind.is_part(pointer) && body.pointer(pointer).is_some_and(|items| !is_empty(items));
    let mut kept: Vec<String> =
        kind.paths(|field| field.kept).flat_map(|path| matching(path, body)).collect();
    kept.retain(|pointer| !holds(pointer));
    for pointer in kept {
        take(body, &pointer);
    }
    for field in kind.fields {
        let default = field.defaults.first().and_then(|text| serde_json::from_str::<Value>(text).ok());
        for pointer in matching(field.at, body).into_iter().filter(|pointer| !named(pointer)) {
            if body.pointer(&pointer).zip(default.as_ref()).is_some_and(|(own, default)| same(own, default)) {
                take(body, &pointer);
            }
        }
    }
    drop_implied(kind, body);
    if let Value::Object(map) = body {
        map.retain(|key, value| !value.is_null() || named(&step(key)));
        let hollow = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
        for path in kind.paths(|field| field.open).filter_map(|path| path.strip_prefix('/')) {
            if map.get(path).is_some_and(hollow) {
                map.shift_remove(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;

    fn check(section: &str, body: Value, defaults: Option<Value>, expected: Value) {
        let kind = kind::of_section(section).expect("a kind");
        let mut tidied = body.clone();
        tidy(kind, &mut tidied, defaults.as_ref());
        assert_eq!(tidied, expected, "{body}");
    }

    #[test]
    fn what_an_object_holds_at_another_address_is_kept_where_there_is_something() {
        let crew = |links: Value| json!({"name": "Crew", "handle": "crew", "links": links, "members": []});
        let links = json!([{"label": "a", "url": "https://a.example"}]);
        let held = json!({"name": "Crew", "handle": "crew", "links": links});
        check("teams", crew(links), None, held);
        check("teams", crew(json!([])), None, json!({"name": "Crew", "handle": "crew"}));
    }

    #[test]
    fn what_the_service_fills_in_goes() {
        let live = json!({"name": "a", "type": "query alert", "query": "q", "message": "", "tags": [], "priority": null,
            "draft_status": "published", "options": {"notify_audit": false, "include_tags": true, "silenced": {"*": 5},
            "new_host_delay": 0, "thresholds": {"critical": 5.0}}});
        let expected = json!({"name": "a", "type": "query alert", "query": "q",
            "options": {"new_host_delay": 0, "thresholds": {"critical": 5.0}}});
        check("monitors", live, None, expected);
        check("monitors", json!({"options": {"silenced": {}, "notify_audit": false}}), None, json!({}));
        check(
            "monitors",
            json!({"options": {"include_tags": true}}),
            Some(json!({"options": {"include_tags": false}})),
            json!({"options": {"include_tags": true}}),
        );
        let slo = json!({"thresholds": [{"timeframe": "7d", "target": 99.0}], "timeframe": "7d", "target_threshold": 99.0, "description": ""});
        check("slos", slo, None, json!({"thresholds": [{"timeframe": "7d", "target": 99.0}]}));
        let board = json!({"title": "x", "widgets": [], "layout_type": "ordered", "notify_list": null, "description": null});
        check("dashboards", board, None, json!({"title": "x", "widgets": [], "layout_type": "ordered"}));
    }
}
