//! Secrets that no file may hold: the expression that stands in the place of each.

use std::collections::BTreeSet;

use serde_json::Value;

use super::escape::Trouble;
use super::name;
use crate::kind::Kind;
use crate::model::slug;
use crate::pointer::put;

/// Writes `${secret.NAME}` into every field that is a secret, whatever stood there; tells what is to be added.
///
/// Two objects that shared a name would get one value: `of` is what no other object of the kind is called, and `taken` are
/// the names that others have.
pub fn write(kind: &Kind, body: &mut Value, of: &str, taken: &mut BTreeSet<String>) -> Vec<Trouble> {
    let places: Vec<String> = kind.fields.iter().flat_map(|field| field.secrets(body)).collect();
    let title = Some(slug(of)).filter(|title| !title.is_empty()).unwrap_or_else(|| kind.name.to_owned());
    let mut found: Vec<Trouble> = Vec::new();
    let last = |at: &str| at.rsplit('/').next().unwrap_or_default().to_owned();
    for (number, at) in places.iter().enumerate() {
        let field = last(at);
        // Of several in a list each has a name of its own.
        let before = places[..number].iter().filter(|other| last(other) == field).count();
        let field = if before > 0 { format!("{field}_{}", before + 1) } else { field };
        let whole = if places.len() > 1 { format!("{title}_{field}") } else { title.clone() };
        let name = whole.replace(['-', '.', '/'], "_");
        let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
        let spelled = |name: &str| name.replace('-', "_");
        let name = spelled(&name::free(&name, &|name| taken.contains(&spelled(name))));
        taken.insert(name.clone());
        put(body, at, format!("${{secret.{name}}}").into());
        let line = format!("secrets: {{{name}: MUSHER_SECRET_{}}}", name.to_uppercase());
        let text =
            format!("is a secret: written as `${{secret.{name}}}`, which musher.yaml must name, `{line}`");
        found.push(Trouble { pointer: at.clone(), text });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;

    #[test]
    fn a_secret_is_never_written() {
        let kind = kind::of_section("webhook_variables").expect("a kind");
        let mut body = json!({"name": "MY-TOKEN", "is_secret": true, "value": "hidden"});
        let alone = |kind: &Kind, body: &mut Value| write(kind, body, "MY-TOKEN", &mut BTreeSet::new());
        assert_eq!(alone(kind, &mut body).len(), 1);
        assert_eq!(body["value"], "${secret.my_token}");
        // Another one of the name has a secret of its own.
        let mut taken = BTreeSet::from(["my_token".to_owned(), "my_token_2".to_owned()]);
        let expected = ["${secret.my_token_3}", "${secret.my_token_4}"];
        for expected in expected {
            body["value"] = json!("hidden");
            write(kind, &mut body, "my.token", &mut taken);
            assert_eq!(body["value"], expected);
        }
        let mut open = json!({"name": "TEAM", "is_secret": false, "value": "shop"});
        assert_eq!(alone(kind, &mut open), []);
        assert_eq!(open["value"], "shop");
        let kind = kind::of_section("log_destinations").expect("a kind");
        for (class, auth, expected) in [
            ("splunk_hec", json!({}), 1),
            ("elasticsearch", json!({}), 2),
            ("http", json!({"type": "basic"}), 2),
            ("http", json!({"type": "custom_header", "header_name": "x"}), 1),
            ("microsoft_sentinel", json!({}), 0),
        ] {
            let mut body = json!({"name": "SIEM", "forwarder_destination": {"type": class, "auth": auth}});
            assert_eq!(alone(kind, &mut body).len(), expected, "{class}");
        }
    }
}
