//! A row of a CSV text: its cells set, every other row as it is but for a column that is new.

use std::ops::Range;

use serde_json::{Map, Value};

/// The row whose first cell is `key`, or a new one, with these cells; none where that can't be proved.
pub fn set_row(text: &str, key: &str, cells: &Map<String, Value>) -> Option<String> {
    let before = rows(text)?;
    let header: Vec<String> = before.first()?.1.iter().map(|cell| cell.trim().to_owned()).collect();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let new: Vec<&String> = cells.keys().filter(|name| !header.contains(name)).collect();
    let last = before.iter().skip(1).rposition(|(_, row)| row.first().is_some_and(|cell| cell == key));
    let mut expected: Vec<Vec<String>> = before.iter().map(|(_, row)| row.clone()).collect();
    for (number, row) in expected.iter_mut().enumerate() {
        row.extend(new.iter().map(|name| if number == 0 { (*name).clone() } else { String::new() }));
    }
    let names: Vec<String> = header.iter().cloned().chain(new.iter().map(|name| (*name).clone())).collect();
    let own = match last {
        Some(last) => last + 1,
        None => {
            let mut row = vec![String::new(); names.len()];
            key.clone_into(row.first_mut()?);
            expected.push(row);
            before.len()
        }
    };
    for (name, cell) in names.iter().zip(expected.get_mut(own)?) {
        if let Some(value) = cells.get(name) {
            *cell = cell_text(value)?;
        }
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for (number, (range, _)) in before.iter().enumerate() {
        out.push_str(text.get(at..range.start)?);
        if number == own {
            out.push_str(&line(expected.get(own)?)?);
        } else {
            out.push_str(text.get(range.clone())?);
            new.iter().for_each(|name| {
                out.push_str(&if number == 0 { format!(",{name}") } else { ",".to_owned() })
            });
        }
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    if own == before.len() {
        let ends = out.ends_with('\n');
        out.push_str(if ends { "" } else { newline });
        out.push_str(&line(expected.last()?)?);
        out.push_str(if ends { newline } else { "" });
    }
    let after: Vec<Vec<String>> = rows(&out)?.into_iter().map(|(_, row)| row).collect();
    (after == expected).then_some(out)
}

/// Each record with the bytes it stands in, without the break at its end.
fn rows(text: &str) -> Option<Vec<(Range<usize>, Vec<String>)>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut out = Vec::new();
    loop {
        let from = usize::try_from(reader.position().byte()).ok()?;
        if !reader.read_record(&mut record).ok()? {
            return Some(out);
        }
        let to = usize::try_from(reader.position().byte()).ok()?;
        let whole = text.get(from..to)?;
        let start = from + whole.len() - whole.trim_start_matches(['\r', '\n']).len();
        let end = from + whole.trim_end_matches(['\r', '\n']).len();
        out.push((start..end, record.iter().map(str::to_owned).collect()));
    }
}

fn cell_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn line(cells: &[String]) -> Option<String> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells).ok()?;
    let line = String::from_utf8(writer.into_inner().ok()?).ok()?;
    Some(line.trim_end_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, key: &str, cells: Value, expected: &str) {
        let Value::Object(cells) = cells else { panic!("cells") };
        for newline in ["\n", "\r\n"] {
            let found = set_row(&text.replace('\n', newline), key, &cells);
            assert_eq!(found, Some(expected.replace('\n', newline)), "{text}");
        }
    }

    #[test]
    fn a_row_is_set() {
        check("glob,p\na,1\nb,2\n", "b", json!({"p": 5}), "glob,p\na,1\nb,5\n");
        check(
            "glob,p\na,\"x, \"\"y\"\"\"\n",
            "c",
            json!({"p": "u, v"}),
            "glob,p\na,\"x, \"\"y\"\"\"\nc,\"u, v\"\n",
        );
        check("glob,p\na,1", "b", json!({"p": 2}), "glob,p\na,1\nb,2");
        check("glob,p\na,1\n\nb,2\n", "a", json!({"q": 0.5}), "glob,p,q\na,1,0.5\n\nb,2,\n");
        assert_eq!(set_row("", "a", &Map::new()), None);
    }
}
