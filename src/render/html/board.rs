//! A dashboard as boxes, before and after, drawn from its layout.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::super::markdown::html as escape;
use super::super::value::{cut, plural};
use crate::model::{ItemAction, ItemChange};

/// Widgets of one drawing, and levels of groups.
const WIDGETS: usize = 300;
const DEPTH: usize = 3;
/// Columns of an ordered dashboard, and what a widget without a place takes.
const COLUMNS: f64 = 12.0;
const FLOWING: (f64, f64) = (4.0, 2.0);
/// Drawn width of the whole, and its largest height.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 1600.0;

/// A widget's box, in units of the dashboard.
struct Boxed<'a> {
    widget: &'a Value,
    /// Its pointer in the body.
    at: String,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// What became of a widget: a word for the class, and a sign that stands before its name.
type Fate = (&'static str, &'static str);
const ADDED: Fate = ("added", "+ ");
const REMOVED: Fate = ("removed", "− ");
const SAME: Fate = ("same", "");

/// Both drawings, each widget with what became of it; nothing where neither side has widgets.
pub fn both(live: Option<&Value>, wanted: Option<&Value>, items: &[ItemChange]) -> String {
    let widgets = |body: Option<&'_ Value>| {
        body.and_then(|body| body.get("widgets")).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (before, after) = (widgets(live), widgets(wanted));
    if before.is_empty() && after.is_empty() {
        return String::new();
    }
    let mut out = String::from("<div class=boards>");
    let sides: [(&str, &[Value], Fates<'_>); 2] = [
        ("Before", &before, Fates::of(items, |item| item.before.as_deref(), REMOVED, wanted.is_none())),
        ("After", &after, Fates::of(items, |item| item.after.as_deref(), ADDED, live.is_none())),
    ];
    for (caption, widgets, fates) in sides.iter().filter(|(_, widgets, _)| !widgets.is_empty()) {
        out.push_str(&drawing(caption, widgets, fates));
    }
    out + "</div><p class=dim>+ added, − removed, ± changed, ↕ moved</p>"
}

/// What became of the widgets of one side, by their pointers.
struct Fates<'a> {
    of: BTreeMap<&'a str, Fate>,
    /// What is only on this side.
    alone: Fate,
    /// There is no other side.
    all: bool,
}

impl<'a> Fates<'a> {
    fn of(
        items: &'a [ItemChange],
        at: impl Fn(&'a ItemChange) -> Option<&'a str>,
        alone: Fate,
        all: bool,
    ) -> Self {
        let fate = |item: &'a ItemChange| {
            let fate = match item.action {
                ItemAction::Moved => ("moved", "↕ "),
                ItemAction::Changed => ("changed", "± "),
                ItemAction::Added | ItemAction::Removed => alone,
            };
            Some((at(item)?, fate))
        };
        Self { of: items.iter().filter_map(fate).collect(), alone, all }
    }

    fn fate(&self, at: &str) -> Fate {
        if let Some(fate) = self.of.get(at) {
            return *fate;
        }
        // What is inside of something that came or went did so with it, unless it was moved there.
        let around = |outer: &&str| at.strip_prefix(*outer).is_some_and(|rest| rest.starts_with('/'));
        let came = self.of.iter().any(|(outer, fate)| *fate == self.alone && around(outer));
        if self.all || came { self.alone } else { SAME }
    }
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

fn drawing(caption: &str, widgets: &[Value], fates: &Fates<'_>) -> String {
    let mut boxes = Vec::new();
    let (width, height) = place(("/widgets", widgets), (0.0, 0.0), COLUMNS, DEPTH, &mut boxes);
    let across = WIDTH / width.max(1.0);
    let down = (if width > COLUMNS { across } else { 19.0 }).min(HEIGHT / height.max(1.0));
    let count = plural(boxes.len(), "widget");
    let mut out = format!(
        "<figure><figcaption>{caption}: {count}</figcaption><svg viewBox=\"0 0 {WIDTH} {:.0}\" role=img aria-label=\"{caption}: \
         {count}\">",
        (height * down).max(1.0)
    );
    for one in boxes.iter().take(WIDGETS) {
        let (class_of_fate, sign) = fates.fate(&one.at);
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
    (list, widgets): (&str, &'a [Value]),
    origin: (f64, f64),
    columns: f64,
    depth: usize,
    boxes: &mut Vec<Boxed<'a>>,
) -> (f64, f64) {
    let (mut width, mut height) = (columns, 0.0_f64);
    let (mut next, mut row, mut low) = (0.0, 0.0, 0.0_f64);
    for (number, widget) in widgets.iter().enumerate() {
        if boxes.len() > WIDGETS {
            break;
        }
        let is_group = !inside(widget).is_empty() && depth > 0;
        let at = boxes.len();
        let own = format!("{list}/{number}");
        let inner = (&*format!("{own}/definition/widgets"), inside(widget));
        boxes.push(Boxed { widget, at: own, x: 0.0, y: 0.0, width: 0.0, height: 0.0 });
        let (x, y, w, h) = match layout(widget) {
            Some((x, y, w, h)) => {
                if is_group {
                    place(inner, (origin.0 + x, origin.1 + y + 1.0), w, depth - 1, boxes);
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
                    true => place(inner, (origin.0 + x, origin.1 + y + 1.0), w, depth - 1, boxes).1 + 1.0,
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

    fn item(action: ItemAction, before: Option<&str>, after: Option<&str>) -> ItemChange {
        ItemChange {
            action,
            names: Vec::new(),
            class: String::new(),
            place: None,
            inside: Vec::new(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            diff: Vec::new(),
        }
    }

    #[test]
    fn each_widget_bears_its_fate() {
        let live = json!({"widgets": [
            widget(1, "same"), widget(2, "p95"), widget(3, "errors"), widget(4, "old"), widget(6, "inner")]});
        let inside = json!([widget(5, "new"), widget(6, "inner")]);
        let group = json!({"definition": {"type": "group", "title": "Latency", "widgets": inside}});
        let wanted = json!({"widgets": [widget(2, "p95"), widget(1, "same"), widget(3, "errors"), group]});
        let items = [
            item(ItemAction::Moved, Some("/widgets/1"), Some("/widgets/0")),
            item(ItemAction::Changed, Some("/widgets/2"), Some("/widgets/2")),
            item(ItemAction::Added, None, Some("/widgets/3")),
            item(ItemAction::Moved, Some("/widgets/4"), Some("/widgets/3/definition/widgets/1")),
            item(ItemAction::Removed, Some("/widgets/3"), None),
        ];
        let page = both(Some(&live), Some(&wanted), &items);
        for (times, expected) in [
            (2, "\"w same\" data-widget=\"same\""),
            (2, "\"w moved\" data-widget=\"p95\""),
            (2, "\"w changed\" data-widget=\"errors\""),
            (1, "\"w removed\" data-widget=\"old\""),
            (1, "\"g added\" data-widget=\"Latency\""),
            (1, "\"w added\" data-widget=\"new\""),
            (2, "\"w moved\" data-widget=\"inner\""),
            (1, "aria-label=\"Before: 5 widgets\""),
            (1, "aria-label=\"After: 6 widgets\""),
        ] {
            assert_eq!(page.matches(expected).count(), times, "{expected}: {page}");
        }
        let made = both(None, Some(&wanted), &[]);
        assert!(made.matches(" added\"").count() == 6 && !made.contains("Before"), "{made}");
        assert_eq!(both(Some(&json!({})), None, &[]), "");
    }

    #[test]
    fn no_layout_is_too_odd() {
        for odd in [json!(-1), json!("x"), json!(1e300), json!(null), json!(5000)] {
            let widget = json!({"definition": {}, "layout": {"x": odd, "y": 0, "width": 1, "height": odd}});
            let nested = json!({"definition": {"widgets": [widget.clone(), 3]}, "layout": {"x": 0, "y": 0, "width": 0, "height": 0}});
            let page = both(None, Some(&json!({"widgets": [widget, nested, null, "x"]})), &[]);
            assert!(page.contains("<svg") && !page.contains("NaN") && !page.contains("inf"), "{page}");
        }
    }
}
