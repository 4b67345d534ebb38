//! A definition put into a YAML file that a person wrote: comments and layout stay, and the result is proved.

use serde_json::{Map, Value};

use super::yaml;

/// The text of the file with more entries, ids and bodies, at the end of their section; the section is added where it is
/// absent.
///
/// The result is read back, once for all of them: the entries must have the wanted values, and everything else the value
/// that it had. None where no place is found of which that holds.
pub fn insert(text: &str, section: &str, entries: &[(&str, &Value)]) -> Option<String> {
    let before =
        if text.trim_start_matches('\u{FEFF}').trim().is_empty() { Value::Null } else { yaml::read(text)? };
    let wanted = wanted(before, section, entries)?;
    let written = entries.iter().map(|(id, body)| yaml::entry(id, body)).collect::<Option<Vec<String>>>()?;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let places = places(&lines, section);
    places.into_iter().find_map(|place| {
        let mut out = lines[..place.line].concat();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push_str(newline);
        }
        if place.opens {
            if !out.trim_start_matches('\u{FEFF}').trim().is_empty() {
                out.push_str(newline);
            }
            out.extend([section, ":", newline]);
        }
        for line in written.iter().flat_map(|entry| entry.lines()) {
            out.push_str(if line.is_empty() { "" } else { place.indent.as_str() });
            out.extend([line, newline]);
        }
        out.push_str(&lines[place.line..].concat());
        (yaml::read(&out).as_ref() == Some(&wanted)).then_some(out)
    })
}

/// The value of the whole file with the entries in it; none where there is no room for them.
fn wanted(before: Value, section: &str, entries: &[(&str, &Value)]) -> Option<Value> {
    let mut sections = match before {
        Value::Object(sections) => sections,
        Value::Null => Map::new(),
        _ => return None,
    };
    let slot = sections.entry(section).or_insert(Value::Null);
    if slot.is_null() {
        *slot = Value::Object(Map::new());
    }
    let slot = slot.as_object_mut()?;
    for (id, body) in entries {
        slot.insert((*id).to_owned(), (*body).clone()).is_none().then_some(())?;
    }
    Some(Value::Object(sections))
}

/// Where an entry could go.
struct Place {
    /// Before this line.
    line: usize,
    indent: String,
    /// The section's own line comes first.
    opens: bool,
}

/// The places to try, the best first.
fn places(lines: &[&str], section: &str) -> Vec<Place> {
    let indent_of = |line: &str| line.chars().take_while(|c| *c == ' ').collect::<String>();
    let is_blank = |line: &str| line.trim().is_empty();
    let Some(head) = lines.iter().position(|line| is_key(line, section)) else {
        return vec![Place { line: lines.len(), indent: "  ".to_owned(), opens: true }];
    };
    let starts = |line: &&str| !is_blank(line) && !line.starts_with([' ', '#']);
    let end = lines[head + 1..].iter().position(starts).map_or(lines.len(), |found| head + 1 + found);
    // What stands at the left edge above the next section is about that one.
    let last =
        (head..end).rev().find(|at| *at == head || lines[*at].starts_with(' ') && !is_blank(lines[*at]));
    let comment = |line: &str| line.trim_start().starts_with('#');
    let first =
        lines[head + 1..end].iter().find(|line| line.starts_with(' ') && !is_blank(line) && !comment(line));
    let indent = first.map_or_else(|| "  ".to_owned(), |line| indent_of(line));
    let line = last.unwrap_or(head) + 1;
    [line, end].map(|line| Place { line, indent: indent.clone(), opens: false }).into()
}

/// Whether a line begins the section: its key at the left edge, bare or quoted.
fn is_key(line: &str, section: &str) -> bool {
    let line = line.trim_start_matches('\u{FEFF}');
    [section.to_owned(), format!("\"{section}\""), format!("'{section}'")]
        .iter()
        .any(|key| line.strip_prefix(key.as_str()).is_some_and(|rest| rest.trim_start().starts_with(':')))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let body = json!({"name": "x", "message": "a\nb\n"});
        assert_eq!(insert(text, "monitors", &[("new", &body)]).as_deref(), expected, "{text}");
    }

    const ENTRY: &str = "  new:\n    name: x\n    message: |\n      a\n      b\n";

    #[test]
    fn an_entry_is_added() {
        check("", Some(&format!("monitors:\n{ENTRY}")));
        check("# only a comment\n", Some(&format!("# only a comment\n\nmonitors:\n{ENTRY}")));
        check("slos:\n  a: {b: 1}", Some(&format!("slos:\n  a: {{b: 1}}\n\nmonitors:\n{ENTRY}")));
        check("monitors:\n", Some(&format!("monitors:\n{ENTRY}")));
        check(
            "# top\nmonitors:   # ours\n  a: {b: 1}  # one\n  # the end\n\n# the objectives\nslos:\n  c: {d: 1}\n",
            Some(&format!(
                "# top\nmonitors:   # ours\n  a: {{b: 1}}  # one\n  # the end\n{ENTRY}\n# the objectives\nslos:\n  c: {{d: 1}}\n"
            )),
        );
        let deep = ENTRY.replace("\n  ", "\n    ").replacen("  ", "    ", 1);
        check("monitors:\n    a:\n      b: 1\n", Some(&format!("monitors:\n    a:\n      b: 1\n{deep}")));
    }

    #[test]
    fn several_entries_are_added_at_once() {
        let body = json!({"name": "x"});
        let entries = [("one", &body), ("two", &body)];
        assert_eq!(
            insert("monitors:\n  a: {b: 1}\n", "monitors", &entries).as_deref(),
            Some("monitors:\n  a: {b: 1}\n  one:\n    name: x\n  two:\n    name: x\n")
        );
        assert_eq!(insert("monitors:\n  two: {b: 1}\n", "monitors", &entries), None);
    }

    #[test]
    fn texts_at_the_end_stay_as_they_are() {
        check(
            "monitors:\n  a:\n    b: |\n      x\n      # no comment\n",
            Some(&format!("monitors:\n  a:\n    b: |\n      x\n      # no comment\n{ENTRY}")),
        );
        // Here the empty lines belong to the text.
        check(
            "monitors:\n  a:\n    b: |+\n      x\n\n\n",
            Some(&format!("monitors:\n  a:\n    b: |+\n      x\n\n\n{ENTRY}")),
        );
        check(
            "monitors:\r\n  a: {b: 1}\r\n",
            Some(&format!("monitors:\n  a: {{b: 1}}\n{ENTRY}").replace('\n', "\r\n")),
        );
    }

    #[test]
    fn what_can_not_be_proved_is_refused() {
        check("monitors: {a: {b: 1}}\n", None);
        check("monitors:\n  new: {b: 1}\n", None);
        check("- a\n", None);
        check("monitors: [\n", None);
        check("{monitors: {a: {b: 1}}}\n", None);
    }
}
