//! Secrets that stand live in clear: they are brought into no file, and shown in no patch.

use serde_json::Value;

use crate::kind::Kind;

/// The first field that is a secret, and whose live text the definition would get.
pub fn secret(kind: &Kind, desired: &Value, live: &Value) -> Option<&'static str> {
    let fields = kind.fields.iter().filter(|field| field.secret.is_some_and(|holds| holds(live)));
    let text = |body: &Value, at: &str| body.pointer(at)?.as_str().map(str::to_owned);
    let mut edited = fields.filter(|field| {
        text(live, field.at).is_some_and(|text| !text.is_empty())
            && live.pointer(field.at) != desired.pointer(field.at)
    });
    edited.next().map(|field| field.at)
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
        assert_eq!(told(variable(true, json!("a")), variable(true, json!("b"))), Some("/value"));
        assert_eq!(told(variable(false, json!("a")), variable(true, json!("b"))), Some("/value"));
        // Hidden by the service, the same, or no secret.
        assert_eq!(told(variable(true, json!("a")), variable(true, Value::Null)), None);
        assert_eq!(told(variable(true, json!("a")), variable(true, json!("a"))), None);
        assert_eq!(told(variable(false, json!("a")), variable(false, json!("b"))), None);
    }
}
