//! What the service makes of a dashboard's body. Widgets are stored as they are sent, but for their ids.

use serde_json::{Map, Value, json};

use super::call::Answer;
use super::forms;
use super::ids;
use super::widget;
use super::world::World;

/// Groups nest one deep at the service; deeper ones are stored as they come.
const DEEPEST: usize = 5;

/// Fields that the service fills.
const NOT_SENT: [&str; 9] = [
    "id",
    "url",
    "author_handle",
    "author_name",
    "author_info",
    "created_at",
    "modified_at",
    "deleted_at",
    "new_id",
];

/// Who and when, for a stored dashboard.
pub struct Stamp {
    pub id: String,
    /// ISO, as they are shown.
    pub created: Value,
    pub modified: Value,
}

/// The object as it is kept and shown. An update replaces the whole object.
pub fn settled(
    sent: &Map<String, Value>,
    stored_layout: Option<&str>,
    stamp: &Stamp,
    world: &mut World,
) -> Result<Map<String, Value>, Answer> {
    check(sent)?;
    let text = |name: &str| match sent.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Answer::refusal(400, &format!("'{name}' is invalid"))),
        // Words recorded for synthetic tests, which share the framework.
        None => Err(Answer::refusal(400, &format!("Required parameter '{name}' is missing"))),
    };
    let (title, layout) = (text("title")?, text("layout_type")?);
    if layout != "ordered" && layout != "free" {
        return Err(Answer::refusal(400, "'layout_type' is invalid"));
    }
    if stored_layout.is_some_and(|stored| stored != layout) {
        // No recording tries it; the words are ours.
        return Err(Answer::refusal(400, "The layout_type of a dashboard can't be changed"));
    }
    let Some(Value::Array(widgets)) = sent.get("widgets") else {
        return Err(Answer::refusal(400, "Required parameter 'widgets' is missing"));
    };
    widget::all(widgets, layout, sent.get("reflow_type").and_then(Value::as_str))?;
    let mut widgets = widgets.clone();
    identify(&mut widgets, world, 0);

    let mut object = Map::new();
    let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
    let or_null = |name: &str| sent.get(name).cloned().unwrap_or(Value::Null);
    set("id", json!(stamp.id));
    set("title", json!(title));
    set("description", or_null("description"));
    set("author_handle", json!(ids::USER));
    set("author_name", json!("Sandbox"));
    set("layout_type", json!(layout));
    set("url", json!(url(&stamp.id, title)));
    set("template_variables", or_null("template_variables"));
    set("widgets", Value::Array(widgets));
    set("notify_list", sorted(or_null("notify_list")));
    set("created_at", stamp.created.clone());
    set("modified_at", stamp.modified.clone());
    // Roles that aren't sent are absent for some accounts, [] for others (`recorded/SEMANTICS.md` §4).
    for name in ["template_variable_presets", "reflow_type", "tags", "tabs", "restricted_roles"] {
        if let Some(value) = sent.get(name) {
            set(name, value.clone());
        }
    }
    for (name, value) in sent {
        if !object.contains_key(name) && !NOT_SENT.contains(&name.as_str()) {
            object.insert(name.clone(), value.clone());
        }
    }
    name_tabs(&mut object, world);
    Ok(object)
}

/// Gives ids to the widgets that have none.
fn identify(widgets: &mut [Value], world: &mut World, depth: usize) {
    for widget in widgets.iter_mut().filter_map(Value::as_object_mut) {
        if !widget.get("id").is_some_and(Value::is_number) {
            let serial = world.next_serial();
            widget.insert("id".to_owned(), json!(ids::widget_id(serial)));
        }
        let inner = widget.get_mut("definition").and_then(|definition| definition.get_mut("widgets"));
        if let Some(inner) = inner.and_then(Value::as_array_mut)
            && depth < DEEPEST
        {
            identify(inner, world, depth + 1);
        }
    }
}

/// Turns the placeholders `@1`, `@2` … of tabs into the ids of the widgets at these places.
fn name_tabs(object: &mut Map<String, Value>, world: &mut World) {
    let widgets: Vec<Value> = object
        .get("widgets")
        .and_then(Value::as_array)
        .map(|all| all.iter().map(|widget| widget.get("id").cloned().unwrap_or_default()).collect())
        .unwrap_or_default();
    let tabs = object.get_mut("tabs").and_then(Value::as_array_mut).into_iter().flatten();
    for tab in tabs.filter_map(Value::as_object_mut) {
        if !tab.get("id").is_some_and(Value::is_string) {
            let serial = world.next_serial();
            tab.insert("id".to_owned(), json!(ids::uuid(serial)));
        }
        for id in tab.get_mut("widget_ids").and_then(Value::as_array_mut).into_iter().flatten() {
            let place = id.as_str().and_then(|text| text.strip_prefix('@')?.parse::<usize>().ok());
            if let Some(found) = place.and_then(|place| widgets.get(place.checked_sub(1)?)) {
                *id = found.clone();
            }
        }
    }
}

fn sorted(list: Value) -> Value {
    match list {
        Value::Array(mut entries) => {
            entries.sort_by(|one, two| one.as_str().cmp(&two.as_str()));
            Value::Array(entries)
        }
        other => other,
    }
}

/// `/dashboard/ID/SLUG`: lower case letters, digits and single `-`, the first 80 of them.
fn url(id: &str, title: &str) -> String {
    let mut slug = String::new();
    for letter in title.chars() {
        match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter),
            letter if (letter == '-' || letter.is_whitespace()) && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    let slug = slug.trim_matches('-');
    let slug = slug.get(..80).unwrap_or(slug).trim_end_matches('-');
    format!("/dashboard/{id}/{slug}")
}

/// The refusals that were recorded, in the service's words; the last bound by analogy from OpenAPI.
fn check(sent: &Map<String, Value>) -> Result<(), Answer> {
    if let Some(name) = forms::first_wrong(sent, forms::DASHBOARD) {
        return refuse(&format!("'{name}' is invalid"));
    }
    check_variables(sent)?;
    check_lists(sent)?;
    if sent.contains_key("is_read_only") {
        // Words as in datadog-operator issue 1707; false is refused, too.
        return refuse(
            "The is_read_only attribute is no longer supported. \
             https://docs.datadoghq.com/dashboards/guide/is-read-only-deprecation/",
        );
    }
    Ok(())
}

fn refuse(words: &str) -> Result<(), Answer> {
    Err(Answer::refusal(400, words))
}

fn list(of: Option<&Value>) -> Vec<Value> {
    of.and_then(Value::as_array).cloned().unwrap_or_default()
}

fn check_variables(sent: &Map<String, Value>) -> Result<(), Answer> {
    for variable in list(sent.get("template_variables")) {
        let set = |name: &str| variable.get(name).is_some_and(|value| !value.is_null());
        if set("default") && set("defaults") {
            return refuse("'template_variables' is invalid");
        }
        if list(variable.get("defaults")).iter().any(|default| default == "") {
            return refuse("Minimum length of parameter 'defaults' should be 1");
        }
    }
    for preset in list(sent.get("template_variable_presets")) {
        for variable in list(preset.get("template_variables")) {
            let set = |name: &str| variable.get(name).is_some_and(|value| !value.is_null());
            if set("value") && set("values") {
                return refuse(&format!(
                    "'template_variables' value '{}' is invalid",
                    widget::python(&variable)
                ));
            }
            if variable.get("values").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                return refuse("Minimum number of elements in parameter 'values' should be 1");
            }
        }
    }
    Ok(())
}

fn check_lists(sent: &Map<String, Value>) -> Result<(), Answer> {
    for name in ["tags", "notify_list", "restricted_roles"] {
        let is_texts = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        if sent.get(name).is_some_and(|value| !value.is_null() && !is_texts(value)) {
            return refuse(&format!("'{name}' is invalid"));
        }
    }
    for (name, schema) in [
        ("template_variables", "DashboardTemplateVariable"),
        ("template_variable_presets", "DashboardTemplateVariablePreset"),
    ] {
        match sent.get(name).filter(|value| !value.is_null()) {
            Some(Value::Array(all)) if all.iter().all(|one| widget::judge(one, schema).is_ok()) => {}
            Some(_) => return refuse(&format!("'{name}' is invalid")),
            None => {}
        }
    }
    let has = |tab: &Value, name: &str| tab.get(name).is_some_and(|value| !value.is_null());
    if list(sent.get("tabs"))
        .iter()
        .any(|tab| tab.is_object() && (!has(tab, "name") || !has(tab, "widget_ids")))
    {
        return refuse("'tabs' is invalid");
    }
    let tags = list(sent.get("tags"));
    if tags.iter().any(|tag| !tag.as_str().is_some_and(|tag| tag.starts_with("team:"))) {
        return refuse("Invalid tag format. Valid tag keys are: team.");
    }
    if tags.len() > 5 {
        return refuse("Maximum number of elements in parameter 'tags' should be 5");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_follow_the_title() {
        let check = |title: &str, slug: &str| assert_eq!(url("x", title), format!("/dashboard/x/{slug}"));
        check("Test-Get_all (A) - B  c", "test-getall-a-b-c");
        check("[Ünï] code!", "n-code");
        check("", "");
        check(&format!("{}-b", "a".repeat(79)), &"a".repeat(79));
    }
}
