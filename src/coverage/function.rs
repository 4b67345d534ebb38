//! A function of the inventory: its name, tier and service, and the tags that its metrics bear.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::diagnostic::{At, Position};
use crate::expand::Listed;

/// The tier of a function that names none.
const STANDARD: &str = "standard";

/// How lists call the name of a function: `aws lambda list-functions` the first.
const NAMES: [&str; 6] =
    ["FunctionName", "functionName", "function_name", "functionname", "function", "Function"];

/// Values by key, all in lower case.
pub type Tags = BTreeMap<String, BTreeSet<String>>;

#[derive(Clone, Debug)]
pub struct Function {
    /// As the list spells it.
    pub name: String,
    /// `critical`, in lower case.
    pub tier: String,
    pub service: Option<String>,
    /// What is known of its metrics: values by key, all in lower case. A key that is absent is not known.
    pub tags: Tags,
    /// The item of the list.
    pub item: Value,
    pub at: At,
    /// Where the item stands.
    pub position: Position,
}

impl Function {
    /// The value of a tag, where there is only one.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let values = self.tags.get(key)?;
        values.first().filter(|_| values.len() == 1).map(String::as_str)
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        variables(&self.item)?.get(name)?.as_str()
    }
}

fn variables(item: &Value) -> Option<&Map<String, Value>> {
    item.pointer("/Environment/Variables")?.as_object()
}

/// The functions among the items of lists, by name and then by what tells those of one name apart. An item that several
/// uses run over is one function; its position is not yet known.
pub fn functions(listed: Vec<Listed>) -> Vec<Function> {
    let mut found: BTreeMap<(String, String), Function> = BTreeMap::new();
    for item in listed {
        let Some(function) = read(item) else { continue };
        let place = ["aws_account", "region", "env"].map(|key| function.tag(key).unwrap_or_default());
        let key = (function.name.to_lowercase(), place.join(" "));
        found.entry(key).or_insert(function);
    }
    found.into_values().collect()
}

fn read(listed: Listed) -> Option<Function> {
    let name = name(&listed)?;
    let mut tags = BTreeMap::new();
    collect(&listed, &mut tags);
    let mut put = |key: &str, value: &str| put(&mut tags, key, value);
    put("functionname", &name);
    let first = |key: &str| tags.get(key).and_then(BTreeSet::first).cloned();
    let tier = first("tier").unwrap_or_else(|| STANDARD.to_owned());
    let service = first("service");
    let Listed { value: item, at, .. } = listed;
    Some(Function { name, tier, service, tags, item, at, position: Position::default() })
}

/// The name of the function that an item is; `None` where it is something else.
fn name(listed: &Listed) -> Option<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let of_item = NAMES.iter().find_map(|name| text(listed.value.get(name)?));
    let of_parameter = || NAMES.iter().find_map(|name| text(listed.given.get(*name)?));
    let of_list = || {
        let named = || text(listed.value.get("name").or_else(|| listed.value.get("key"))?);
        text(&listed.value).or_else(named).filter(|_| listed.of_functions)
    };
    of_item.or_else(of_parameter).or_else(of_list)
}

/// Later sources of a key say nothing where an earlier one has said something.
fn collect(listed: &Listed, tags: &mut Tags) {
    let item = &listed.value;
    if let Some(variables) = variables(item) {
        of_variables(variables, tags);
    }
    // Tags as AWS prints them: a mapping, or a list of keys and values.
    match item.get("Tags").or_else(|| item.get("tags")) {
        Some(Value::Object(map)) => map.iter().for_each(|(key, value)| put_new(tags, key, value)),
        Some(Value::Array(list)) => list.iter().for_each(|tag| match tag {
            Value::String(tag) => put_pair(tags, tag),
            tag => {
                let part = |name: &str| tag.get(name);
                if let (Some(Value::String(key)), Some(value)) = (part("Key"), part("Value")) {
                    put_new(tags, key, value);
                }
            }
        }),
        _ => {}
    }
    if let Some(arn) = item.get("FunctionArn").and_then(Value::as_str) {
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME
        let mut parts = arn.split(':').skip(3);
        for key in ["region", "aws_account"] {
            if let Some(value) = parts.next().filter(|value| !value.is_empty()) {
                put(tags, key, value);
            }
        }
    }
    for (key, tag) in [("Runtime", "runtime"), ("MemorySize", "memorysize")] {
        item.get(key).into_iter().for_each(|value| put_new(tags, tag, value));
    }
    // A list of another form has a column for each; its names are the tags' or near to them.
    if item.get("FunctionName").is_none() {
        let columns = item.as_object().into_iter().flatten();
        columns.for_each(|(key, value)| put_new(tags, &column(key), value));
        listed.given.iter().for_each(|(key, value)| put_new(tags, &column(key), value));
    }
}

fn column(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_prefix("dd_").map(str::to_owned).unwrap_or(name)
}

fn of_variables(variables: &Map<String, Value>, tags: &mut Tags) {
    for (name, tag) in [("DD_SERVICE", "service"), ("DD_ENV", "env"), ("DD_VERSION", "version")] {
        variables.get(name).into_iter().for_each(|value| put_new(tags, tag, value));
    }
    let pairs = variables.get("DD_TAGS").and_then(Value::as_str).unwrap_or_default();
    pairs.split([',', ' ']).for_each(|pair| put_pair(tags, pair));
    let own = variables.iter().filter(|(name, _)| !name.starts_with("DD_"));
    own.for_each(|(name, value)| put_new(tags, &name.to_lowercase(), value));
}

fn put_pair(tags: &mut Tags, pair: &str) {
    if let Some((key, value)) = pair.split_once(':') {
        put(tags, key, value);
    }
}

/// A scalar, where nothing is known of the key.
fn put_new(tags: &mut Tags, key: &str, value: &Value) {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if !tags.contains_key(&key.to_lowercase()) {
        put(tags, key, &text);
    }
}

fn put(tags: &mut Tags, key: &str, value: &str) {
    tags.entry(key.trim().to_lowercase()).or_default().insert(value.trim().to_lowercase());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::FileId;

    fn listed(value: Value, given: Value, of_functions: bool) -> Listed {
        let given = given.as_object().cloned().unwrap_or_default();
        Listed { value, given, of_functions, at: At::file(FileId(0)) }
    }

    fn check(value: Value, given: Value, of_functions: bool, expected: &str) {
        let shown = read(listed(value, given, of_functions)).map_or_else(String::new, |function| {
            let tags = function.tags.iter().map(|(key, values)| {
                format!("{key}:{}", values.iter().map(String::as_str).collect::<Vec<_>>().join("|"))
            });
            format!("{} {} {}", function.name, function.tier, tags.collect::<Vec<_>>().join(" "))
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn functions_of_every_form_of_list() {
        check(
            json!({
                "FunctionName": "Checkout-API", "FunctionArn": "arn:aws:lambda:eu-west-1:123:function:Checkout-API",
                "Runtime": "nodejs22.x", "Tags": {"Team": "Shop"},
                "Environment": {"Variables": {"DD_SERVICE": "checkout", "DD_ENV": "prod", "TIER": "Critical", "DD_TAGS": "a:b,c:d a:e"}},
            }),
            json!({}),
            false,
            "Checkout-API critical a:b|e aws_account:123 c:d env:prod functionname:checkout-api region:eu-west-1 \
             runtime:nodejs22.x service:checkout team:shop tier:critical",
        );
        let row = json!({"function": "etl", "DD_SERVICE": "reports", "TIER": "batch", "timeout": "30"});
        check(
            row,
            json!({}),
            false,
            "etl batch function:etl functionname:etl service:reports tier:batch timeout:30",
        );
        check(
            json!("mail"),
            json!({"function": "mail-prod", "service": "mail"}),
            false,
            "mail-prod standard function:mail-prod functionname:mail-prod service:mail tier:standard"
                .replace(" tier:standard", "")
                .as_str(),
        );
        check(json!("mail"), json!({}), true, "mail standard functionname:mail");
        check(json!({"service": "mail", "team": "a"}), json!({"service": "mail"}), false, "");
        check(json!("mail"), json!({"service": "mail"}), false, "");
    }

    #[test]
    fn one_function_in_two_lists_is_one() {
        let one = |region: &str| json!({"FunctionName": "a", "FunctionArn": format!("arn:aws:lambda:{region}:1:function:a")});
        let lists = [one("eu-west-1"), one("eu-west-1"), one("us-east-1")];
        let found = functions(lists.into_iter().map(|value| listed(value, json!({}), false)).collect());
        assert_eq!(found.len(), 2);
    }
}
