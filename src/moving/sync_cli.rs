//! The state of datadog-sync-cli, `resources/destination/*.json` -> the objects that it made.

use serde_json::Value;

use super::address::segment;
use super::{Found, LONGEST, Left, Owned, id_of};
use crate::kind;

/// Reads one file. Its name is `monitors.json`, or `monitors.SOURCE-ID.json` with a file for each object; a member for
/// each object, by its id in the organisation that it came from.
pub fn read(stem: &str, text: &str) -> Result<Found, String> {
    let resource = stem.split('.').next().unwrap_or_default();
    let text = text.trim_start_matches('\u{FEFF}');
    let whole: Value = serde_json::from_str(text).map_err(|error| {
        format!("it is not JSON that can be read: line {}, column {}", error.line(), error.column())
    })?;
    let Value::Object(members) = whole else {
        return Err("it is not a state of datadog-sync-cli: no mapping".to_owned());
    };
    let mut found = Found::default();
    for (source, body) in members {
        let from = format!("{resource} {source}");
        let Some(kind) = kind::of_sync_cli(resource) else {
            found.left.push(Left::new(&from, "is of a type that musher does not manage"));
            continue;
        };
        // The second API puts what people wrote into `attributes`.
        let own = body
            .get(kind.api.id.at)
            .or_else(|| body.get("id"))
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let Some(datadog_id) = own.filter(|_| body.is_object()) else {
            found.left.push(Left::new(&from, "has no id in the state"));
            continue;
        };
        if let Err(why) = id_of(kind, &datadog_id) {
            found.left.push(Left::new(&from, why));
            continue;
        }
        let attributes = body.get("attributes").filter(|own| own.is_object()).unwrap_or(&body);
        let mut id = segment(kind.title(attributes).unwrap_or(&datadog_id), kind.name);
        id.truncate(LONGEST);
        found.owned.push(Owned { kind, datadog_id, id, from, folder: String::new(), series: None });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_of_a_state() {
        let text =
            json!({"1": {"id": 12, "name": "High load"}, "2": {"id": "x/y"}, "3": [], "4": {"name": "x"}})
                .to_string();
        let found = read("monitors", &text).expect("a state");
        assert_eq!((found.owned[0].id.as_str(), found.owned[0].datadog_id.as_str()), ("high-load", "12"));
        assert_eq!((found.owned.len(), found.left.len()), (1, 3));
        let text =
            json!({"a": {"type": "team", "id": "0-1", "attributes": {"name": "Core", "handle": "core"}}})
                .to_string();
        assert_eq!(read("teams.a", &text).expect("a state").owned[0].id, "core");
        assert_eq!(read("roles", "{\"a\": {\"id\": 1}}").expect("a state").left.len(), 1);
        assert!(
            read("monitors", "[]").is_err()
                && read("monitors", "{\"s3cret").is_err_and(|why| !why.contains("s3cret"))
        );
    }
}
