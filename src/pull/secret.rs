//! Secrets that stand live in clear: they are brought into no file, and shown in no patch.

use serde_json::Value;

use crate::kind::Kind;

/// The first field that is a secret, and whose live text the definition would get.
pub fn secret(kind: &Kind, desired: &Value, live: &Value) -> Option<String> {
    let mut places = kind.fields.iter().flat_map(|field| field.secrets(live));
    places.find(|at| {
        let text = live.pointer(at).and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty()) && live.pointer(at) != desired.pointer(at)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind;

    #[test]
    fn a_secret_that_stands_live_is_not_brought_back() {
        let kind = kind::of_section("webhook_variables").expect("a kind");
        let variable = |secret: bool, value: Value| json!({"name": "A", "is_secret": secret, "value": value});
        let told = |desired: Value, live: Value| secret(kind, &desired, &live);
        assert_eq!(told(variable(true, json!("a")), variable(true, json!("b"))), Some("/value".to_owned()));
        assert_eq!(told(variable(false, json!("a")), variable(true, json!("b"))), Some("/value".to_owned()));
        // Hidden by the service, the same, or no secret.
        assert_eq!(told(variable(true, json!("a")), variable(true, Value::Null)), None);
        assert_eq!(told(variable(true, json!("a")), variable(true, json!("a"))), None);
        assert_eq!(told(variable(false, json!("a")), variable(false, json!("b"))), None);
    }
}
