//! A definition that is made, and the tags that it bears.

use serde_json::Value;

use super::object::Object;

/// A definition.
#[derive(Debug)]
pub struct Made {
    pub id: String,
    /// Whose it is: what stands in one file.
    pub service: String,
    /// References stand in it as markers.
    pub body: Value,
}

/// The service, and the labels, as the service keeps tags: lower case, without spaces.
pub fn tags(object: &Object<'_>, spec: &Object<'_>) -> Vec<String> {
    let mut tags = Vec::new();
    let mut add = |key: &str, value: &str| {
        let tag = format!("{key}:{value}").to_lowercase().replace(char::is_whitespace, "_");
        let tag: String = tag.chars().take(200).collect();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    };
    spec.text_of("service").into_iter().for_each(|service| add("service", &service));
    let labels = object.find("metadata/labels");
    for (key, value) in labels.iter().filter_map(|labels| labels.value.as_object()).flatten() {
        match value {
            Value::String(value) => add(key, value),
            Value::Array(values) => values.iter().filter_map(Value::as_str).for_each(|value| add(key, value)),
            _ => {}
        }
    }
    tags
}
