//! Boards: widgets and template variables.

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::check::widgets;
use crate::config::RuleLevel;
use crate::kind::Family;

pub fn widget_types(subject: &Subject<'_>, found: &mut Findings) {
    for list in subject.kind.widgets() {
        if let Some(widgets) = subject.body.pointer(list) {
            of_widgets(widgets, list, found);
        }
    }
}

fn of_widgets(widgets: &Value, pointer: &str, found: &mut Findings) {
    for (index, widget) in widgets.as_array().into_iter().flatten().enumerate() {
        let at = format!("{pointer}/{index}");
        if !widget.is_object() {
            continue;
        }
        let definition = widget.get("definition");
        // What is not a mapping is reported as that.
        let is_mapping = definition.is_none_or(Value::is_object);
        if is_mapping && definition.and_then(|definition| definition.get("type")?.as_str()).is_none() {
            let (missing, text) = match definition {
                Some(_) => ("definition/type", "The widget's definition has no `type`"),
                None => ("definition", "The widget has no `definition`"),
            };
            found.add(
                &format!("{at}/{missing}"),
                text,
                "write `- definition: {type: timeseries, …}`; an export from the UI shows how",
            );
        }
        if let Some(inner) = definition.and_then(|definition| definition.get("widgets")) {
            of_widgets(inner, &format!("{at}/definition/widgets"), found);
        }
    }
}

/// Every field of every widget, as the OpenAPI document has it; a group's are walked with it.
pub fn widget_fields(subject: &Subject<'_>, found: &mut Findings) {
    for (pointer, widget) in subject.kind.widgets().flat_map(|list| subject.items(list)) {
        widgets::widget(widget, &pointer, found);
    }
}

/// The columns of an ordered board's grid.
const COLUMNS: f64 = 12.0;

/// Widgets of free boards, and of ordered ones that are fixed, have their place; `reflow_type` belongs to ordered ones.
pub fn layouts(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Board) {
        return;
    }
    let (layout, reflow) = (subject.text("/layout_type"), subject.text("/reflow_type"));
    if layout == Some("free") && reflow.is_some() {
        let text = "`reflow_type` belongs to `layout_type: ordered`";
        found.add("/reflow_type", text, "take it out: widgets of a free dashboard stay where they are put");
    }
    let why = match (layout, reflow) {
        (Some("free"), _) => Some("`layout_type: free`"),
        (_, Some("fixed")) => Some("`reflow_type: fixed`"),
        _ => None,
    };
    for (pointer, widget) in subject.items("/widgets").filter(|(_, widget)| widget.is_object()) {
        let place = format!("{pointer}/layout");
        match (widget.get("layout").filter(|place| !place.is_null()), why) {
            (None, Some(why)) => {
                let help = "write `layout: {x: 0, y: 0, width: 4, height: 2}` beside its `definition`";
                found.add(&place, format!("The widget has no `layout`, which {why} asks for"), help);
            }
            (None, None) => {}
            (Some(here), _) => {
                let end = |here: &Value| Some(here.get("x")?.as_f64()? + here.get("width")?.as_f64()?);
                if let Some(end) = end(here).filter(|end| layout == Some("ordered") && *end > COLUMNS) {
                    let text =
                        format!("The widget ends at column {end}, and an ordered dashboard has {COLUMNS}");
                    found
                        .add(&place, text, "let `x` and `width` add up to 12 at most")
                        .level(RuleLevel::Warn);
                }
            }
        }
    }
}

/// The four refusals that were recorded, and what the OpenAPI document requires.
pub fn variables(subject: &Subject<'_>, found: &mut Findings) {
    if !subject.is(Family::Board) {
        return;
    }
    for (pointer, tab) in subject.items("/tabs") {
        widgets::part(tab, ("a tab", "BoardTab"), &pointer, found);
    }
    for (pointer, variable) in subject.items("/template_variables") {
        widgets::part(variable, ("a template variable", "BoardVariable"), &pointer, found);
        let defaults = variable.get("defaults");
        let some = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
        if some(variable.get("default")) && some(defaults) {
            let text = "A template variable has `default` or `defaults`, not both";
            found.add(&pointer, text, "keep `defaults`; `default` is its old form");
        }
        if defaults.and_then(Value::as_array).is_some_and(|list| list.iter().any(|item| item == "")) {
            let text = "A default of a template variable is not empty";
            found.add(&format!("{pointer}/defaults"), text, "write `*` for all, or leave `defaults` out");
        }
    }
    for (pointer, preset) in subject.items("/template_variable_presets") {
        let list = preset.get("template_variables").and_then(Value::as_array);
        for (index, variable) in list.into_iter().flatten().enumerate() {
            let at = format!("{pointer}/template_variables/{index}");
            let values = variable.get("values");
            if variable.get("value").is_some_and(|value| !value.is_null())
                && values.is_some_and(|v| !v.is_null())
            {
                found.add(&at, "A variable of a preset has `value` or `values`, not both", "keep `values`");
            }
            let list = values.and_then(Value::as_array);
            if list.is_some_and(|list| list.iter().any(|value| value == "")) {
                let text = "A value of a preset is not empty";
                found.add(&format!("{at}/values"), text, "write `*` for all");
            }
            if list.is_some_and(Vec::is_empty) {
                let text = "A variable of a preset has at least one value";
                found.add(&format!("{at}/values"), text, "write `[\"*\"]` for all");
            }
        }
    }
}
