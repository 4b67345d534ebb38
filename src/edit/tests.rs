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
        Edit::Replace { .. } | Edit::Move { .. } => assert_eq!(lost, Vec::<&usize>::new(), "{}", show()),
        // What goes with a member are the comments in it and behind it.
        Edit::Remove { .. } => {
            let run = lost.windows(2).all(|pair| *pair[1] == pair[0] + 1);
            assert!(run, "{}", show());
        }
    }
}

#[test]
fn ten_thousand_edits_of_commented_files() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let (mut tried, mut refused) = (0, 0);
    while tried < 10_000 {
        let value = any(&mut dice, 4);
        let (text, format) = match dice.roll(4) {
            0 => (serde_json::to_string_pretty(&json!({ "root": value })).expect("JSON"), Format::Json),
            1 if dice.roll(4) == 0 => (json!({ "root": value }).to_string(), Format::Json),
            _ => (commented(&value, &mut dice), Format::Yaml),
        };
        let Some(before) = read(&text, format) else { panic!("written wrong:\n{text}") };
        let wanted = some_edit(&before["root"], &mut dice).below("/root");
        let mut expected = before.clone();
        if wanted.carry_out(&mut expected).is_none() {
            continue;
        }
        tried += 1;
        let steps = between(&before, &expected);
        match edit(&text, format, &steps) {
            Ok(new) => {
                let found = read(&new, format).expect("a text that can be read");
                assert!(same(&found, &expected), "{text}");
                if let [step] = &steps[..] {
                    judge(&text, &new, step, before.pointer(step.pointer()));
                }
            }
            // Comments in a block would go with it.
            Err(Refusal::NoPlace(_)) => refused += 1,
            Err(other) => panic!("{other}: {wanted:?}\n{text}"),
        }
    }
    println!("{tried} edits of commented files: {} right, {refused} refused", tried - refused);
    assert!(refused * 30 < tried, "{refused} of {tried} edits are refused");
}
