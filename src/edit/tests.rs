//! Edits of commented files: the values that are meant, and every other byte as it was.

use serde_json::{Value, json};

use super::step::{Edit, between};
use super::{Refusal, edit, read};
use crate::diagnostic::Format;
use crate::diff::same;

fn to(text: &str, format: Format, change: &dyn Fn(&mut Value)) -> Result<String, Refusal> {
    let before = read(text, format).expect("a text that can be read");
    let mut after = before.clone();
    change(&mut after);
    edit(text, format, &between(&before, &after))
}

fn check(text: &str, change: impl Fn(&mut Value), expected: &str) {
    for newline in ["\n", "\r\n"] {
        let format = if text.starts_with(['{', '[']) { Format::Json } else { Format::Yaml };
        let edited = to(&text.replace('\n', newline), format, &change);
        assert_eq!(edited.as_deref(), Ok(expected.replace('\n', newline).as_str()), "{text}");
    }
}

fn set(pointer: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |body| *body.pointer_mut(pointer).expect("a place") = value.clone()
}

#[test]
fn scalars_keep_their_quotes() {
    check("a: 1 # one\nb: 2\n", set("/a", json!(15)), "a: 15 # one\nb: 2\n");
    check("a: 'it''s' # x\n", set("/a", json!("it's y")), "a: 'it''s y' # x\n");
    check("a: \"x\\ty\" # x\n", set("/a", json!("x\tz")), "a: \"x\\tz\" # x\n");
    check("a: text\n", set("/a", json!("no")), "a: \"no\"\n");
    check("a: text\n", set("/a", json!(5)), "a: 5\n");
    check("a: text\n", set("/a", json!("5")), "a: \"5\"\n");
    check("a:\nb: 1\n", set("/a", json!(5)), "a: 5\nb: 1\n");
    check("a: &x 1\nb: 1\n", set("/a", json!(5)), "a: &x 5\nb: 1\n");
    check("a: &x {c: 1}\nb: *x\n", set("/b", json!(7)), "a: &x {c: 1}\nb: 7\n");
    check("a: {b: c, d: 'e'} # x\n", set("/a/b", json!("x, y")), "a: {b: \"x, y\", d: 'e'} # x\n");
}

#[test]
fn long_texts_change_where_they_differ() {
    check(
        "a: |\n  one\n\n  two\n# c\nb: 1\n",
        set("/a", json!("one\n\nthree\n")),
        "a: |\n  one\n\n  three\n# c\nb: 1\n",
    );
    check(
        "a: |\n  one\n  two\nb: 1\n",
        set("/a", json!("one\nmore\n\ntwo\n")),
        "a: |\n  one\n  more\n\n  two\nb: 1\n",
    );
    check(
        "a: >\n  one\n  two > 5\n\n  x\nb: 1\n",
        set("/a", json!("one two > 7\nx\n")),
        "a: >\n  one\n  two > 7\n\n  x\nb: 1\n",
    );
    check("a: |- # why\n  one\nb: 1\n", set("/a", json!("two")), "a: |- # why\n  two\nb: 1\n");
    check(
        "a: one\n  two\n  three\nb: 1\n",
        set("/a", json!("one two four")),
        "a: one\n  two\n  four\nb: 1\n",
    );
}

#[test]
fn keys_come_and_go() {
    let add = |body: &mut Value| body["a"]["z"] = json!(5);
    check("a:\n  x: 1 # one\n  # end\nb: 1\n", add, "a:\n  x: 1 # one\n  z: 5\n  # end\nb: 1\n");
    check("a: {x: 1} # c\nb: 1\n", add, "a: {x: 1, z: 5} # c\nb: 1\n");
    check("a: {}\nb: 1\n", add, "a:\n  z: 5\nb: 1\n");
    check("a:\n  x: |\n    t\nb: 1\n", add, "a:\n  x: |\n    t\n  z: 5\nb: 1\n");
    check("a:\n  x: 1", add, "a:\n  x: 1\n  z: 5");
    check(
        "{\n  \"a\": {\n    \"x\": 1\n  }\n}\n",
        add,
        "{\n  \"a\": {\n    \"x\": 1,\n    \"z\": 5\n  }\n}\n",
    );
    check("{\"a\": {\"x\": 1}}", add, "{\"a\": {\"x\": 1, \"z\": 5}}");
    let take = |body: &mut Value| drop(body["a"].as_object_mut().and_then(|map| map.shift_remove("x")));
    check("a:\n  # about x\n  x: 1 # one\n  y: 2\n", take, "a:\n  # about x\n  y: 2\n");
    check("a:\n  y: 2\n  x: |\n    t\n# c\nb: 1\n", take, "a:\n  y: 2\n# c\nb: 1\n");
    check("a:\n  y: 2\n  x: 1", take, "a:\n  y: 2");
    check("a:\n  x: 1\n# c\nb: 1\n", take, "a: {}\n# c\nb: 1\n");
    check("a: {x: 1, y: 2}\n", take, "a: {y: 2}\n");
    check("a: {y: 2, x: 1}\n", take, "a: {y: 2}\n");
    check("{\n  \"a\": {\n    \"x\": 1\n  }\n}\n", take, "{\n  \"a\": {}\n}\n");
}

#[test]
fn items_come_and_go() {
    let list = |items: Value| move |body: &mut Value| body["a"] = items.clone();
    check("a:\n- x # one\n- y\n", list(json!(["x", "z", "y"])), "a:\n- x # one\n- z\n- y\n");
    check(
        "a:\n  # first\n  - x # one\n  - y\n",
        list(json!(["w", "x", "y"])),
        "a:\n  # first\n  - w\n  - x # one\n  - y\n",
    );
    check("a:\n- x # one\n- y\n", list(json!(["y"])), "a:\n- y\n");
    check("a:\n- x # one\n- y # two\nb: 1\n", list(json!(["x"])), "a:\n- x # one\nb: 1\n");
    check("a: [x, y] # c\n", list(json!(["x", "y", "z"])), "a: [x, y, z] # c\n");
    check(
        "a: [\n  x, # one\n  y # two\n]\n",
        list(json!(["x", "y", "z"])),
        "a: [\n  x, # one\n  y, z # two\n]\n",
    );
    check("a:\n- b: 1\n  c: 2 # c\n- d: 3\n", list(json!([{"c": 2}, {"d": 3}])), "a:\n- c: 2 # c\n- d: 3\n");
    check(
        "a:\n- b: 1\n",
        list(json!([{"b": 1}, {"c": {"d": [1]}, "e": 2}])),
        "a:\n- b: 1\n- c:\n    d:\n    - 1\n  e: 2\n",
    );
    check("a: [x]\n", list(json!([])), "a: []\n");
    check("a:\n  - x\n", list(json!([])), "a: []\n");
    check("a: []\n", list(json!(["x"])), "a:\n- x\n");
    check(
        "{\n  \"a\": [\n    1,\n    2\n  ]\n}",
        list(json!([1, 2, {"b": 3}])),
        "{\n  \"a\": [\n    1,\n    2,\n    {\n      \"b\": 3\n    }\n  ]\n}",
    );
}

#[test]
fn what_becomes_something_else_keeps_what_stands_before_it() {
    check("a: # why\n  x: 1 # one\nb: 2\n", set("/a", json!(5)), "a: 5 # why # one\nb: 2\n");
    check("a: # why\n  x: 1\nb: 2\n", set("/a", json!([5])), "a: # why\n- 5\nb: 2\n");
    check("a:\n  # why\n  x: 1\n", set("/a", json!(5)), "a: 5\n  # why\n");
    // A list of lists that is not moved in.
    let list = |items: Value| move |body: &mut Value| body["a"] = items.clone();
    check("a: # why\n- []\n- [1]\n", list(json!([[], [1], 5])), "a: # why\n- []\n- [1]\n- 5\n");
    check("a:\n# why\n- []\n- [1]\n", list(json!([[1]])), "a:\n# why\n- [1]\n");
}

#[test]
fn what_others_share_is_refused() {
    let change = |body: &mut Value| body["b"]["x"] = json!(5);
    let refused = Err(Refusal::NoPlace("/b/x".to_owned()));
    assert_eq!(to("a: &o {x: 1}\nb: *o\n", Format::Yaml, &change), refused);
    check("a: &o {x: 1}\nb:\n  <<: *o\n  y: 2\n", change, "a: &o {x: 1}\nb:\n  <<: *o\n  y: 2\n  x: 5\n");
    assert_eq!(edit("a: [", Format::Yaml, &[]), Err(Refusal::Broken));
    let missing = Edit::Remove { at: "/b".to_owned() };
    assert_eq!(edit("a: 1", Format::Yaml, &[missing]), Err(Refusal::Missing("/b".to_owned())));
}

/// Chance, the same at each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or_default() % sides.max(1)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

const TEXTS: [&str; 16] = [
    "plain",
    "avg(last_5m):sum:a.b{env:prod,x:y} by {host} > 5",
    "no",
    "5",
    "it's \"quoted\"",
    "a # b",
    "a: b",
    "",
    "tab\there",
    "Grüße 😀",
    "one\ntwo\n",
    "one\n\n  two\nthree",
    "{{#is_alert}}x{{/is_alert}} @slack-a",
    "@team",
    " space ",
    "a very long text that goes on and on so that whoever folds texts at eighty columns has to fold it here",
];

fn leaf(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => json!(dice.roll(1000)),
        1 => json!(0.5 + dice.roll(9) as f64),
        2 => json!(dice.roll(2) == 0),
        3 if dice.roll(4) == 0 => Value::Null,
        _ => json!(dice.pick(&TEXTS)),
    }
}

fn any(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 1 } else { 4 }) {
        1 => Value::Array((0..dice.roll(4)).map(|_| any(dice, depth - 1)).collect()),
        2 | 3 => {
            let keys = ["name", "query", "a b", "on", "x/y", "options", "tags"];
            (0..dice.roll(5)).map(|_| (dice.pick(&keys).to_owned(), any(dice, depth - 1))).collect()
        }
        _ => leaf(dice),
    }
}

/// A value as somebody may write it: blocks and brackets, quotes of each type, comments that are numbered.
struct Writer<'d> {
    dice: &'d mut Dice,
    out: String,
    comments: usize,
}

impl Writer<'_> {
    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    /// What ends a line: now and then a comment.
    fn end(&mut self) {
        if self.dice.roll(4) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!("  {comment}"));
        }
        self.out.push('\n');
        if self.dice.roll(12) == 0 {
            self.out.push('\n');
        }
    }

    fn own_line(&mut self, indent: usize) {
        if self.dice.roll(6) == 0 {
            let comment = self.comment();
            self.out.push_str(&format!("{}{comment}\n", " ".repeat(indent)));
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        let is_several = text.contains('\n') && !text.starts_with(['\n', ' ']) && text.is_ascii();
        let plain = super::spell::flow(&json!(text));
        match self.dice.roll(4) {
            0 if is_several => {
                let header = match (text.ends_with('\n'), self.dice.roll(2)) {
                    (false, _) => "|-",
                    (true, 0) => "|",
                    (true, _) => "|+",
                };
                self.out.push_str(header);
                for line in text.trim_end_matches('\n').split('\n') {
                    let line = if line.is_empty() {
                        String::new()
                    } else {
                        format!("{}{line}", " ".repeat(indent + 2))
                    };
                    self.out.push_str(&format!("\n{line}"));
                }
                self.out.push('\n');
            }
            1 if !text.contains(['\n', '\t'])
                && text.contains(' ')
                && !text.starts_with(' ')
                && !text.ends_with(' ') =>
            {
                let (one, other) = text.split_once(' ').expect("a space");
                let folds = !one.is_empty() && !other.starts_with(' ');
                let other =
                    if folds { format!("\n{}{other}", " ".repeat(indent + 2)) } else { format!(" {other}") };
                self.out.push_str(&format!(">-\n{}{one}{other}\n", " ".repeat(indent + 2)));
            }
            2 if !text.contains(['\n', '\t']) => {
                self.out.push_str(&format!("'{}'", text.replace('\'', "''")));
                self.end();
            }
            3 => {
                self.out.push_str(&super::spell::quoted(text));
                self.end();
            }
            _ => {
                self.out.push_str(&plain);
                self.end();
            }
        }
    }

    /// Behind `key:` or `-`: a value, and the end of its last line.
    fn value(&mut self, value: &Value, indent: usize, in_item: bool) {
        match value {
            Value::Object(map) if !map.is_empty() && self.dice.roll(3) > 0 => {
                let mut first = in_item;
                if !in_item {
                    if self.dice.roll(8) == 0 {
                        self.out.push_str(&format!(" &a{}", self.comments + self.out.len()));
                    }
                    self.end();
                }
                for (key, value) in map {
                    if first {
                        self.out.push(' ');
                    } else {
                        self.own_line(indent);
                        self.out.push_str(&" ".repeat(indent));
                    }
                    first = false;
                    self.out.push_str(&format!("{}:", super::spell::flow_key(key)));
                    self.value(value, indent + 2, false);
                }
            }
            Value::Array(items) if !items.is_empty() && self.dice.roll(3) > 0 => {
                if in_item {
                    self.out.push_str(" []\n");
                    return;
                }
                self.end();
                let indent = if self.dice.roll(2) == 0 && indent >= 2 { indent - 2 } else { indent };
                for item in items {
                    self.own_line(indent);
                    self.out.push_str(&format!("{}-", " ".repeat(indent)));
                    self.value(item, indent + 2, true);
                }
            }
            Value::Array(items) if !items.is_empty() && self.dice.roll(2) == 0 => {
                self.out.push_str(" [\n");
                for item in items {
                    let comma = if self.dice.roll(3) == 0 { " ," } else { "," };
                    self.out.push_str(&format!(
                        "{}{}{comma}",
                        " ".repeat(indent + 2),
                        super::spell::flow(item)
                    ));
                    self.end();
                }
                self.out.push_str(&format!("{}]", " ".repeat(indent)));
                self.end();
            }
            Value::String(text) => {
                self.out.push(' ');
                self.text(text, indent.saturating_sub(2));
            }
            other => {
                self.out.push_str(&format!(" {}", super::spell::flow(other)));
                self.end();
            }
        }
    }
}

fn commented(value: &Value, dice: &mut Dice) -> String {
    let mut writer = Writer { dice, out: "# c0.\nroot:".to_owned(), comments: 0 };
    writer.value(value, 2, false);
    let mut text = writer.out;
    if dice.roll(4) == 0 {
        text = text.trim_end_matches('\n').to_owned();
    }
    if dice.roll(4) == 0 { text.replace('\n', "\r\n") } else { text }
}

/// A place of a value, and one edit there.
fn some_edit(value: &Value, dice: &mut Dice) -> Edit {
    let mut places = vec![String::new()];
    let mut open = vec![(String::new(), value)];
    while let Some((at, value)) = open.pop() {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (format!("{at}{}", crate::pointer::step(key)), value)).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect()
            }
            _ => Vec::new(),
        };
        places.extend(children.iter().map(|(at, _)| at.clone()));
        open.extend(children);
    }
    let at = places[dice.roll(places.len())].clone();
    let new = any(dice, 2);
    match (value.pointer(&at).expect("a place"), dice.roll(3)) {
        (Value::Object(map), 0) => {
            let key =
                ["new", "an other", "yes"].into_iter().find(|key| !map.contains_key(*key)).unwrap_or("last");
            Edit::Add { at, key: key.to_owned(), value: new }
        }
        (Value::Array(items), 0) => Edit::Insert { index: dice.roll(items.len() + 1), at, value: new },
        (Value::String(text), 0) if text.contains(' ') => {
            Edit::Replace { value: json!(text.replacen(' ', " more ", 1)), at }
        }
        _ if dice.roll(3) == 0 && !at.is_empty() => Edit::Remove { at },
        _ => Edit::Replace { at, value: new },
    }
}

/// How many bytes two texts share at their begin and at their end, the shorter one counted once.
fn shared(a: &str, b: &str) -> usize {
    let begin = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    (begin + end).min(a.len()).min(b.len())
}

/// Comments that stand outside of the node are there afterwards, in their order; what comes is put in and what goes is
/// cut out in one piece.
fn judge(text: &str, new: &str, edit: &Edit, was: Option<&Value>) {
    let show = || format!("{edit:?}\n--- before\n{text}\n--- after\n{new}");
    let numbers = |text: &str| -> Vec<usize> {
        text.split("# c").skip(1).filter_map(|rest| rest.split_once('.')?.0.parse().ok()).collect()
    };
    let (before, after) = (numbers(text), numbers(new));
    let lost: Vec<&usize> = before.iter().filter(|number| !after.contains(number)).collect();
    let kept: Vec<usize> = before.iter().copied().filter(|number| after.contains(number)).collect();
    // What moves takes its comments along.
    if !matches!(edit, Edit::Move { .. }) {
        assert_eq!(kept, after, "{}", show());
    }
    let fills = matches!(was, Some(Value::Object(map)) if !map.is_empty())
        || matches!(was, Some(Value::Array(items)) if !items.is_empty());
    match edit {
        Edit::Add { .. } | Edit::Insert { .. } if fills => {
            assert_eq!(shared(text, new), text.len(), "{}", show());
        }
        Edit::Add { .. } | Edit::Insert { .. } => assert_eq!(lost, Vec::<&usize>::new(), "{}", show()),
        Edit::Replace { .. } | Edit::Move { .. } if !fills => {
            assert_eq!(lost, Vec::<&usize>::new(), "{}", show());
        }
        Edit::Move { .. } => assert_eq!(lost, Vec::<&usize>::new(), "{}", show()),
        // What goes with a member are the comments in it and behind it.
        Edit::Remove { .. } | Edit::Replace { .. } => {
            let run = lost.windows(2).all(|pair| *pair[1] == pair[0] + 1);
            assert!(run, "{}", show());
        }
    }
}

/// What became of edits.
#[derive(Default)]
struct Tried {
    right: usize,
    /// By what stands there: comments that would go along, an anchor that others name.
    refused: std::collections::BTreeMap<&'static str, usize>,
}

impl Tried {
    fn all(&self) -> usize {
        self.right + self.refused.values().sum::<usize>()
    }

    /// What was refused though nobody else shares it.
    fn needlessly(&self) -> usize {
        self.refused.iter().filter(|(why, _)| **why != "another one names it").map(|(_, count)| count).sum()
    }

    /// Writes a value down with comments, edits it, and judges what came of that.
    fn one(&mut self, value: &Value, dice: &mut Dice) {
        let whole = json!({ "root": value });
        let (mut text, format) = match dice.roll(4) {
            0 => (serde_json::to_string_pretty(&whole).expect("JSON"), Format::Json),
            1 if dice.roll(4) == 0 => (whole.to_string(), Format::Json),
            _ => (commented(value, dice), Format::Yaml),
        };
        // Somebody names what has an anchor.
        if let Some(anchor) = text.split(" &a").nth(1).filter(|_| dice.roll(4) == 0 && text.ends_with('\n')) {
            let name: String = anchor.chars().take_while(char::is_ascii_digit).collect();
            let end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
            text = format!("{text}other: *a{name}{end}");
        }
        let Some(before) = read(&text, format) else { panic!("written wrong:\n{text}") };
        let wanted = some_edit(&before["root"], dice).below("/root");
        let mut expected = before.clone();
        if wanted.carry_out(&mut expected).is_none() {
            return;
        }
        let steps = between(&before, &expected);
        match edit(&text, format, &steps) {
            Ok(new) => {
                let found = read(&new, format).expect("a text that can be read");
                assert!(same(&found, &expected), "{text}");
                if let [step] = &steps[..] {
                    judge(&text, &new, step, before.pointer(step.pointer()));
                }
                self.right += 1;
            }
            Err(Refusal::NoPlace(_)) => {
                let why = match (before.get("other").is_some(), text.contains("# c")) {
                    (true, _) => "another one names it",
                    (false, true) => "comments in it would go",
                    (false, false) => "no way",
                };
                if std::env::var_os("MUSHER_SHOW").is_some() {
                    println!("=== {why}: {steps:?}\n{text}");
                }
                *self.refused.entry(why).or_default() += 1;
            }
            Err(other) => panic!("{other}: {wanted:?}\n{text}"),
        }
    }
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let refused = self.all() - self.right;
        write!(f, "{} edits: {} right, {refused} refused {:?}, 0 wrong", self.all(), self.right, self.refused)
    }
}

#[test]
fn two_thousand_edits_of_commented_files() {
    let (mut dice, mut tried) = (Dice(0x9E37_79B9_7F4A_7C15), Tried::default());
    while tried.all() < 2000 {
        let value = any(&mut dice, 4);
        tried.one(&value, &mut dice);
    }
    println!("made-up files: {tried}");
    assert!(tried.needlessly() * 50 < tried.all(), "too many are refused: {tried}");
}

/// Now and then a nasty text in the place of one of a body's own.
fn spice(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| spice(value, dice)),
        Value::Array(items) => items.iter_mut().for_each(|value| spice(value, dice)),
        Value::String(_) if dice.roll(12) == 0 => *value = json!(dice.pick(&TEXTS)),
        _ => {}
    }
}

/// Bodies as recorded, as people write them down; `MUSHER_EDITS=10000` asks for more than a part.
#[test]
fn edits_of_recorded_bodies() {
    let mut bodies: Vec<Value> = Vec::new();
    for kind in crate::kind::KINDS {
        let Some(pairs) = crate::recordings::pairs::pairs(kind) else { continue };
        bodies.extend(pairs.into_iter().step_by(3).flat_map(|pair| [pair.definition, pair.live]));
    }
    if bodies.is_empty() {
        return;
    }
    let asked = std::env::var("MUSHER_EDITS").ok().and_then(|text| text.parse().ok());
    let (mut dice, mut tried) = (Dice(0x0DDB_1A5E_5BAD_5EED), Tried::default());
    while tried.all() < asked.unwrap_or(500) {
        let mut value = bodies[dice.roll(bodies.len())].clone();
        spice(&mut value, &mut dice);
        tried.one(&value, &mut dice);
    }
    println!("recorded bodies: {tried}");
    assert!(tried.needlessly() * 50 < tried.all(), "too many are refused: {tried}");
}

/// Texts that some reader takes for something else; written by musher, every reader takes them for text.
fn nasty_texts() -> Vec<String> {
    let words = [
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "n",
        "N",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "false",
        "False",
        "FALSE",
        "null",
        "Null",
        "NULL",
        "~",
        "",
        " ",
        "  ",
        ".",
        "..",
        "...",
        "---",
        "--- a",
        "-",
        "- a",
        "-a",
        "?",
        "? a",
        ":",
        ": a",
        "a:",
        "a: b",
        "a:b",
        "a : b",
        "#",
        "# a",
        "a #b",
        "a# b",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "|",
        "|-",
        ">",
        ">+",
        "'",
        "''",
        "it's",
        "\"",
        "a\"b",
        "\\",
        "\\n",
        "%a",
        "%YAML 1.1",
        "@a",
        "`a`",
        "[",
        "]",
        "[a]",
        "a]",
        "{",
        "}",
        "{a: b}",
        "{{a}}",
        "{{#x}}y{{/x}}",
        "${x}",
        ",",
        "a, b",
        "a,b",
        "<<",
        "=",
        "a=b",
        "<",
        "0",
        "-0",
        "+1",
        "1",
        "01",
        "007",
        "08",
        "0b1",
        "0b102",
        "0o7",
        "0o8",
        "0x1F",
        "0xg",
        "1_000",
        "1__0",
        "_1",
        "1,000",
        "1.0",
        "1.",
        ".5",
        "-.5",
        "+.5",
        "1e3",
        "1E3",
        "1e+3",
        "1.0e+3",
        "1e",
        ".inf",
        "-.inf",
        "+.Inf",
        ".INF",
        ".nan",
        ".NaN",
        "NaN",
        "inf",
        "190:20:30",
        "1:30",
        "12:30:45",
        "1:60",
        "60:1.5",
        "-1:30",
        "2001-12-14",
        "2001-1-1",
        "2001-12-14T21:59:43.10-05:00",
        "2001-12-14 21:59:43",
        "2001-12-14t21:59:43z",
        "2001-12",
        "99.9",
        "99.95%",
        "5m",
        "last_5m",
        "1d",
        "a\tb",
        "\ta",
        "a\t",
        "\t",
        "a\nb",
        "a\nb\n",
        "a\n\nb\n\n",
        "\na",
        "\n",
        "\n\n",
        " a\nb",
        "a\n b",
        "a \nb",
        "a\n\tb",
        "a\r\nb",
        "a\rb",
        "\r",
        "a\n# b",
        "a\n- b",
        "a\n---\nb",
        "a\n...\nb",
        "\u{85}",
        "a\u{85}b",
        "\u{2028}",
        "a\u{2029}b",
        "\u{a0}",
        "\u{a0}a",
        "\u{feff}",
        "a\u{feff}b",
        "\u{7f}",
        "\u{0}",
        "a\u{1}b",
        "\u{1b}[31m",
        "\u{9f}",
        "Grüße",
        "日本",
        "😀",
        "a\u{301}",
        "\u{202e}x",
        "\u{200b}",
        "\u{fffd}",
        "\u{e000}",
        "\u{10ffff}",
        " lead",
        "trail ",
        "a  b",
        "x: - y",
        "- - a",
        "-1",
        "- 1",
        "+",
        "!",
        "!<a>",
        "&",
        "*",
        "a*",
        "*.a",
        "a&b",
        "a|b",
        "a>b",
        "> 5",
        "a > 5",
        "key",
        "a/b",
        "/a/b",
        "C:\\x",
        "http://a/b",
        "http://a/b#c",
        "a@b.c",
        "@slack-a",
        "@team x",
        "#channel",
        "env:prod",
        "env:prod,x:y",
        "avg(last_5m):sum:a{b:c} > 5",
        "team:*",
        "*",
        "* a",
        "**a**",
        "- [ ] a",
        "1 a",
        "0.0.0.0",
        "1.2.3",
        "v1.2",
        "1-2",
        "1/2",
        "12e03",
        "685_230.15",
        "0.1_0",
        "0x_0A_74_AE",
        "02472256",
        "+12",
        "4_2",
        "1e1_0",
        "0b1010_0111",
        "Infinity",
        "nul",
        "nulls",
        "yes please",
        "noo",
        "TrUe",
        "oN",
        "Nan",
        ".Nan",
    ];
    let mut texts: Vec<String> = words.map(str::to_owned).to_vec();
    for word in ["yes", "1:30", "0x1f", "null", "a: b", "# a", "2001-12-14", "~", "- a", "1e3"] {
        texts.extend([
            format!("{word}\n"),
            format!("{word}\nx"),
            format!("x\n{word}"),
            format!(" {word}"),
            format!("{word} "),
            format!("[{word}]"),
            format!("'{word}'"),
        ]);
    }
    texts
}

/// The text of every way in which musher writes a nasty text: in definitions of its own, and by edits of others' files.
fn as_written(texts: &[String]) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for text in texts {
        let body = json!({"x": text, "list": [text, {"in": text}], "keys": {text.as_str(): 1}});
        files.push((
            crate::write::yaml::file("monitors", "one", &body).expect("a text"),
            json!({"monitors": {"one": body}}),
        ));
        for before in [
            "a: x\n",
            "a: 'x'\n",
            "a: \"x\"\n",
            "a: {b: 1}\n",
            "a: |\n  x\nb: 1\n",
            "a: >-\n  x\n",
            "a: [x]\n",
        ] {
            let old = read(before, Format::Yaml).expect("a text");
            for place in ["/a", "/a/0", "/a/b", ""] {
                let mut new = old.clone();
                match (new.pointer_mut(place), place) {
                    (Some(Value::Object(map)), _) => drop(map.insert(text.clone(), json!([text]))),
                    (Some(slot), _) => *slot = json!(text),
                    (None, _) => continue,
                }
                if let Ok(edited) = edit(before, Format::Yaml, &between(&old, &new)) {
                    files.push((edited, new));
                }
            }
        }
    }
    files
}

/// What another reader makes of texts, as JSON; none where it is not here.
fn read_elsewhere(files: &[(String, Value)]) -> Option<Vec<Value>> {
    // YAML 1.1; what is no text is told from a text that spells it.
    const READER: &str = r#"
import json, sys, yaml
def plain(value):
    if isinstance(value, dict):
        return {key if isinstance(key, str) else "no text: %r" % (key,): plain(value) for key, value in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int)) else "no text: %r" % (value,)
def read(text):
    try:
        return plain(yaml.safe_load(text))
    except yaml.YAMLError as error:
        return "broken: %s" % error
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
"#;
    let python = std::env::var("MUSHER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = std::process::Command::new(python)
        .args(["-c", READER])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()?;
    let texts: Vec<&str> = files.iter().map(|(text, _)| text.as_str()).collect();
    let input = serde_json::to_vec(&texts).expect("JSON");
    let mut to = child.stdin.take()?;
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut to, &input).is_ok());
    let output = child.wait_with_output().ok()?;
    drop(writer.join());
    output.status.success().then(|| serde_json::from_slice(&output.stdout).ok()).flatten()
}

#[test]
fn nasty_texts_are_read_alike_by_readers_of_both_versions() {
    let texts = nasty_texts();
    assert!(texts.len() >= 300, "{}", texts.len());
    let files = as_written(&texts);
    for (text, value) in &files {
        assert_eq!(read(text, Format::Yaml).as_ref(), Some(value), "{text}");
    }
    let Some(found) = read_elsewhere(&files) else {
        return println!(
            "not run: a YAML 1.1 reader (it wants `python3` with `yaml`; MUSHER_PYTHON names another one)"
        );
    };
    let wrong: Vec<_> = files.iter().zip(&found).filter(|((_, value), found)| value != *found).collect();
    println!("{} texts in {} files: {} read otherwise by YAML 1.1", texts.len(), files.len(), wrong.len());
    assert!(wrong.is_empty(), "{:#?}", &wrong[..wrong.len().min(20)]);
}
