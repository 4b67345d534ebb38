//! How many mistakes in the good project are noticed: each key of its files dropped, misspelled or moved.

use serde_json::Value;

use super::{Files, good, judge};
use crate::pointer::{find, step};

/// Pointers of all keys of mappings.
fn keys(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inside) in map {
                let pointer = format!("{at}{}", step(key));
                found.push(pointer.clone());
                keys(inside, &pointer, found);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, inside)| keys(inside, &format!("{at}/{index}"), found))
        }
        _ => {}
    }
}

/// Pointers of all lists of two and more.
fn lists(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, inside)| lists(inside, &format!("{at}{}", step(key)), found))
        }
        Value::Array(list) => {
            if list.len() > 1 {
                found.push(at.to_owned());
            }
            list.iter()
                .enumerate()
                .for_each(|(index, inside)| lists(inside, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn around<'v>(
    value: &'v mut Value,
    pointer: &str,
) -> Option<(&'v mut serde_json::Map<String, Value>, String)> {
    let (above, key) = pointer.rsplit_once('/')?;
    let key = crate::pointer::key(key).into_owned();
    Some((value.pointer_mut(above)?.as_object_mut()?, key))
}

fn dropped(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    if let Some((map, key)) = around(&mut value, pointer) {
        map.shift_remove(&key);
    }
    value
}

/// A letter too many in the midst of it.
fn misspelled(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    if let Some((map, key)) = around(&mut value, pointer) {
        let middle = key.char_indices().nth(key.chars().count() / 2).map_or(0, |(at, _)| at);
        let wrong = format!("{}x{}", &key[..middle], &key[middle..]);
        *map = std::mem::take(map)
            .into_iter()
            .map(|(own, inside)| (if own == key { wrong.clone() } else { own }, inside))
            .collect();
    }
    value
}

fn reversed(value: &Value, pointer: &str) -> Value {
    let mut value = value.clone();
    if let Some(list) = value.pointer_mut(pointer).and_then(Value::as_array_mut) {
        list.reverse();
    }
    value
}

/// A file's documents, those in its texts apart.
struct File {
    name: &'static str,
    documents: Vec<Value>,
    /// The document that is a text of the first, at this pointer.
    inner: Option<(&'static str, Value)>,
}

fn read(files: &Files, name: &'static str, inner: Option<&'static str>) -> File {
    let text = &files.iter().find(|(own, _)| own == name).unwrap().1;
    let format = crate::source::parsed::format_of(camino::Utf8Path::new(name));
    let read = crate::source::documents::read(text, format, crate::diagnostic::FileId(0));
    let inner = inner.map(|pointer| (pointer, read.documents[0].inner(pointer).documents[0].value.clone()));
    File { name, documents: read.documents.iter().map(|document| document.value.clone()).collect(), inner }
}

impl File {
    fn text(&self) -> String {
        let mut documents = self.documents.clone();
        if let Some((pointer, inner)) = &self.inner {
            *documents[0].pointer_mut(pointer).unwrap() = Value::String(inner.to_string());
        }
        documents.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
    }
}

/// What is said, but for places: a mistake is noticed where that changes.
fn said(files: &Files, file: &File) -> Vec<(String, String)> {
    let mut files = files.clone();
    files.iter_mut().find(|(own, _)| own == file.name).unwrap().1 = file.text();
    let mut said: Vec<_> =
        judge(&files).0.into_iter().map(|found| (found.code.to_owned(), found.text)).collect();
    said.sort();
    said
}

#[test]
fn most_mistakes_are_noticed() {
    let files = good();
    let all = [
        read(&files, "deploy/collector.yaml", Some("/data/config.yaml")),
        read(&files, "deploy/xray/collector.yaml", None),
        read(&files, "deploy/xray/task.json", None),
        read(&files, "deploy/run.yaml", None),
        read(&files, "deploy/functions.json", None),
    ];
    let mut report = Vec::new();
    let (mut noticed, mut tried) = (0, 0);
    for mut file in all {
        let before = said(&files, &file);
        let parts: Vec<Option<usize>> =
            if file.inner.is_some() { vec![None] } else { (0..file.documents.len()).map(Some).collect() };
        for part in parts {
            let value =
                part.map_or_else(|| file.inner.as_ref().unwrap().1.clone(), |at| file.documents[at].clone());
            let (mut all_keys, mut all_lists) = (Vec::new(), Vec::new());
            keys(&value, "", &mut all_keys);
            lists(&value, "", &mut all_lists);
            let mut mutants: Vec<(&str, &String, Value)> = Vec::new();
            mutants.extend(all_keys.iter().map(|key| ("dropped", key, dropped(&value, key))));
            mutants.extend(all_keys.iter().map(|key| ("misspelled", key, misspelled(&value, key))));
            mutants.extend(all_lists.iter().map(|list| ("reversed", list, reversed(&value, list))));
            for (what, pointer, mutant) in mutants {
                assert!(find(&value, pointer).is_some());
                match part {
                    None => file.inner.as_mut().unwrap().1 = mutant,
                    Some(at) => file.documents[at] = mutant,
                }
                tried += 1;
                let is_noticed = said(&files, &file) != before;
                noticed += usize::from(is_noticed);
                if !is_noticed {
                    report.push(format!("{what} {} {pointer}", file.name));
                }
            }
            match part {
                None => file.inner.as_mut().unwrap().1 = value,
                Some(at) => file.documents[at] = value,
            }
        }
    }
    println!("{noticed} of {tried} mistakes are noticed; not:\n{}", report.join("\n"));
    assert!(noticed * 100 >= tried * 78, "{noticed} of {tried}:\n{}", report.join("\n"));
}
