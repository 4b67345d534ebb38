//! A dashboard as boxes, before and after, drawn from its layout.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::markdown::html as escape;
use super::super::value::{cut, plural};

/// Widgets of one drawing, and levels of groups.
const WIDGETS: usize = 300;
const DEPTH: usize = 3;
/// Columns of an ordered dashboard, and what a widget without a place takes.
const COLUMNS: f64 = 12.0;
const FLOWING: (f64, f64) = (4.0, 2.0);
/// Drawn width of the whole, and its largest height.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 1600.0;

/// A widget's box, in units of the dashboard.
struct Boxed<'a> {
    widget: &'a Value,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What became of a widget: a word for the class, and a sign that stands before its name.
type Fate = (&'static str, &'static str);

/// Both drawings; nothing where neither side has widgets.
pub fn both(live: Option<&Value>, wanted: Option<&Value>) -> String {
    let widgets =
        |body: Option<&Value>| body.and_then(|body| body.get("widgets")).and_then(Value::as_array).cloned();
    let (before, after) = (widgets(live), widgets(wanted));
    if before.is_none() && after.is_none() {
        return String::new();
    }
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let mut out = String::from("<div class=boards>");
    for (caption, own, other, missing) in
        [("Before", &before, &after, ("removed", "− ")), ("After", &after, &before, ("added", "+ "))]
    {
        if !own.is_empty() {
            out.push_str(&drawing(caption, own, &Others::of(other), missing));
        }
    }
    out + "</div><p class=dim>+ added, − removed, ± changed, ↕ moved</p>"
}

/// The widgets of the other side, by what they are.
struct Others<'a> {
    by_id: BTreeMap<String, (&'a Value, usize)>,
    by_title: BTreeMap<(&'a str, &'a str), (&'a Value, usize)>,
}

impl<'a> Others<'a> {
    fn of(widgets: &'a [Value]) -> Self {
        let mut others = Self { by_id: BTreeMap::new(), by_title: BTreeMap::new() };
        others.add(widgets, &mut 0, DEPTH);
        others
    }

    fn add(&mut self, widgets: &'a [Value], count: &mut usize, depth: usize) {
        for widget in widgets {
            *count += 1;
            if let Some(id) = widget.get("id") {
                self.by_id.insert(id.to_string(), (widget, *count));
            }
            self.by_title.entry((title(widget), class(widget))).or_insert((widget, *count));
            if depth > 0 {
                self.add(inside(widget), count, depth - 1);
            }
        }
    }

    fn fate(&self, widget: &Value, missing: Fate) -> Fate {
        let by_id = widget.get("id").and_then(|id| self.by_id.get(&id.to_string()));
        let Some((other, _)) = by_id.or_else(|| self.by_title.get(&(title(widget), class(widget)))) else {
            return missing;
        };
        let (own, other) = (bare(widget), bare(other));
        if own.0 != other.0 {
            return ("changed", "± ");
        }
        if own.1 != other.1 { ("moved", "↕ ") } else { ("same", "") }
    }
}

/// What a widget says, and where it stands; those inside a group count for themselves.
fn bare(widget: &Value) -> (Value, Option<&Value>) {
    let mut definition = widget.get("definition").cloned().unwrap_or(Value::Null);
    if let Some(members) = definition.as_object_mut() {
        members.remove("widgets");
    }
    (definition, widget.get("layout"))
}

fn title(widget: &Value) -> &str {
    let definition = widget.get("definition");
    let text = |key: &str| definition?.get(key)?.as_str().filter(|text| !text.trim().is_empty());
    text("title").or_else(|| text("content")).unwrap_or_default()
}

fn class(widget: &Value) -> &str {
    widget.pointer("/definition/type").and_then(Value::as_str).unwrap_or("widget")
}

fn inside(widget: &Value) -> &[Value] {
    widget.pointer("/definition/widgets").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn drawing(caption: &str, widgets: &[Value], others: &Others<'_>, missing: Fate) -> String {
    let mut boxes = Vec::new();
    let (width, height) = place(widgets, (0.0, 0.0), COLUMNS, DEPTH, &mut boxes);
    let across = WIDTH / width.max(1.0);
    let down = (if width > COLUMNS { across } else { 22.0 }).min(HEIGHT / height.max(1.0));
    let count = plural(boxes.len(), "widget");
    let mut out = format!(
        "<figure><figcaption>{caption}: {count}</figcaption><svg viewBox=\"0 0 {WIDTH} {:.0}\" role=img aria-label=\"{caption}: \
         {count}\">",
        (height * down).max(1.0)
    );
    for one in boxes.iter().take(WIDGETS) {
        let (class_of_fate, sign) = others.fate(one.widget, missing);
        let name = if title(one.widget).is_empty() { class(one.widget) } else { title(one.widget) };
        let (x, y) = (one.x * across + 1.0, one.y * down + 1.0);
        let (w, h) = ((one.width * across - 2.0).max(1.0), (one.height * down - 2.0).max(1.0));
        // About five units of width a character.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a few hundred")]
        let room = (w / 5.2) as usize;
        let shape = if inside(one.widget).is_empty() { "w" } else { "g" };
        let _ = write!(
            out,
            "<g class=\"{shape} {class_of_fate}\" data-widget=\"{}\"><rect x={x:.1} y={y:.1} width={w:.1} height={h:.1} rx=2 \
             />",
            escape(&cut(name, 120))
        );
        if room > 2 && h > 9.0 {
            let label = format!(
                "{sign}{}",
                cut(name.lines().next().unwrap_or_default(), room.saturating_sub(1).max(8))
            );
            let _ = write!(out, "<text x={:.1} y={:.1}>{}</text>", x + 3.0, y + 10.0, escape(&label));
        }
        out.push_str("</g>");
    }
    out + "</svg></figure>"
}

/// Puts widgets where their layout says, or one behind the other; gives how much they take.
fn place<'a>(
    widgets: &'a [Value],
    origin: (f64, f64),
    columns: f64,
    depth: usize,
    boxes: &mut Vec<Boxed<'a>>,
) -> (f64, f64) {
    let (mut width, mut height) = (columns, 0.0_f64);
    let (mut next, mut row, mut low) = (0.0, 0.0, 0.0_f64);
    for widget in widgets {
        if boxes.len() > WIDGETS {
            break;
        }
        let is_group = !inside(widget).is_empty() && depth > 0;
        let at = boxes.len();
        boxes.push(Boxed { widget, x: 0.0, y: 0.0, width: 0.0, height: 0.0 });
        let (x, y, w, h) = match layout(widget) {
            Some((x, y, w, h)) => {
                if is_group {
                    place(inside(widget), (origin.0 + x, origin.1 + y + 1.0), w, depth - 1, boxes);
                }
                (x, y, w, h)
            }
            None => {
                let w = if is_group { columns } else { FLOWING.0.min(columns) };
                if next + w > columns {
                    (next, row) = (0.0, low);
                }
                let (x, y) = (next, row);
                let h = match is_group {
                    true => {
                        place(inside(widget), (origin.0 + x, origin.1 + y + 1.0), w, depth - 1, boxes).1 + 1.0
                    }
                    false => FLOWING.1,
                };
                next += w;
                low = low.max(y + h);
                (x, y, w, h)
            }
        };
        let own = &mut boxes[at];
        (own.x, own.y, own.width, own.height) = (origin.0 + x, origin.1 + y, w, h);
        (width, height) = (width.max(x + w), height.max(y + h));
    }
    (width, height)
}

/// `layout`, where it is one that can be drawn.
fn layout(widget: &Value) -> Option<(f64, f64, f64, f64)> {
    let layout = widget.get("layout")?;
    let number = |key: &str| layout.get(key)?.as_f64().filter(|n| (0.0..=5000.0).contains(n));
    Some((number("x")?, number("y")?, number("width")?.max(0.5), number("height")?.max(0.5)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn widget(id: u64, title: &str) -> Value {
        json!({"id": id, "definition": {"type": "timeseries", "title": title}, "layout": {"x": 0, "y": id, "width": 4, "height": 2}})
    }

    #[test]
    fn each_widget_bears_its_fate() {
        let mut moved = widget(2, "p95");
        moved["layout"]["y"] = json!(9);
        let mut changed = widget(3, "errors");
        changed["definition"]["type"] = json!("toplist");
        let live =
            json!({"widgets": [widget(1, "same"), widget(2, "p95"), widget(3, "errors"), widget(4, "old")]});
        let group =
            json!({"definition": {"type": "group", "title": "Latency", "widgets": [widget(5, "new")]}});
        let wanted = json!({"widgets": [widget(1, "same"), moved, changed, group]});
        let page = both(Some(&live), Some(&wanted));
        for expected in [
            "\"w same\" data-widget=\"same\"",
            "\"w moved\" data-widget=\"p95\"",
            "\"w changed\" data-widget=\"errors\"",
            "\"w removed\" data-widget=\"old\"",
            "\"g added\" data-widget=\"Latency\"",
            "\"w added\" data-widget=\"new\"",
            "aria-label=\"Before: 4 widgets\"",
            "aria-label=\"After: 5 widgets\"",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert_eq!(both(Some(&json!({})), None), "");
    }

    #[test]
    fn no_layout_is_too_odd() {
        for odd in [json!(-1), json!("x"), json!(1e300), json!(null), json!(5000)] {
            let widget = json!({"definition": {}, "layout": {"x": odd, "y": 0, "width": 1, "height": odd}});
            let nested = json!({"definition": {"widgets": [widget.clone(), 3]}, "layout": {"x": 0, "y": 0, "width": 0, "height": 0}});
            let page = both(None, Some(&json!({"widgets": [widget, nested, null, "x"]})));
            assert!(page.contains("<svg") && !page.contains("NaN") && !page.contains("inf"), "{page}");
        }
    }
}
