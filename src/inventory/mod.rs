//! Lists that templates run over, and tables of overrides: read from files below the project's folder.

mod page;

use std::fs;
use std::io::Read;
use std::ops::Range;

use camino::{Utf8Path, Utf8PathBuf};
use globset::{GlobBuilder, GlobMatcher};
use serde_json::{Map, Value};

use crate::diagnostic::{At, Diagnostic, FileId, Format, Place, Sources};
use crate::model::Reference;
use crate::pointer::step;
use crate::source;
use crate::source::stored::{Node, Stored, Unread};
use crate::source::walk::Root;

/// The largest file that is read, in bytes.
const FILE_LIMIT: u64 = 64 << 20;
/// The most items of a list, and rows and columns of a table.
const MOST_ITEMS: usize = 200_000;
const MOST_COLUMNS: usize = 4_000;
/// The most files that a glob looks at, and the deepest folder.
const GLOB_FILES: usize = 10_000;
const GLOB_DEPTH: usize = 32;

/// One item of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub value: Value,
    /// It comes from a mapping: an object of `key` and `value`.
    pub keyed: bool,
}

/// The rows of a CSV file. Every cell is text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub cells: Vec<String>,
    /// Bytes of the file.
    pub range: Range<usize>,
}

/// Where paths of a file start, and where faults about them are reported.
#[derive(Clone, Debug)]
pub struct Folder<'a> {
    pub root: &'a Root,
    /// The folder of the file that names the path, relative to the root.
    pub folder: &'a Utf8Path,
    pub at: At,
}

/// The items of a list or mapping, inline or in the files that a path or glob names.
pub fn items(
    source: &Value,
    folder: &Folder<'_>,
    sources: &mut Sources,
) -> Result<Vec<Item>, Vec<Diagnostic>> {
    let Value::String(path) = source else {
        return of_value(source.clone()).map_err(|wrong| vec![wrong.reported(None, folder.at.clone())]);
    };
    let mut items = Vec::new();
    let mut faults = Vec::new();
    for path in files(path, folder)? {
        match file_items(&path, folder, sources) {
            Ok(more) if items.is_empty() => items = more,
            Ok(more) => items.extend(more),
            Err(more) => faults.extend(more),
        }
    }
    if faults.is_empty() { Ok(items) } else { Err(faults) }
}

/// The same, each item with the place where it stands; files that lists come from become sources.
pub fn placed(
    source: &Value,
    folder: &Folder<'_>,
    sources: &mut Sources,
) -> Result<Vec<(Item, At)>, Vec<Diagnostic>> {
    let wrong = |why: NoList, path: Option<&Utf8Path>, at: At| vec![why.reported(path, at)];
    let Value::String(path) = source else {
        let steps = steps(source);
        let items = of_value(source.clone()).map_err(|why| wrong(why, None, folder.at.clone()))?;
        return Ok(items.into_iter().zip(steps).map(|(item, step)| (item, folder.at.child(&step))).collect());
    };
    let mut found = Vec::new();
    for path in files(path, folder)? {
        if path.extension() == Some("csv") {
            let (table, file) = table_of(&path, folder, sources, true)?;
            for row in table.rows {
                let place = Place::Bytes(row.range.clone());
                found.push((of_row(&table.header, row), At { file, place }));
            }
            continue;
        }
        let (text, format) = (text(&path, folder)?, format_of(&path));
        let file = sources.add(path.as_str(), &text, format);
        let (value, faults) = source::value(&text, format, file);
        let value = value.ok_or(faults)?;
        let steps = steps(&value);
        let items = of_value(value).map_err(|why| wrong(why, Some(&path), At::file(file)))?;
        found.extend(items.into_iter().zip(steps).map(|(item, step)| (item, At::value(file, step))));
    }
    Ok(found)
}

/// Where the items of a value stand in it, as JSON pointers.
fn steps(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => (0..list.len()).map(|index| format!("/{index}")).collect(),
        Value::Object(map) => match map.get("Functions") {
            Some(Value::Array(list)) => (0..list.len()).map(|index| format!("/Functions/{index}")).collect(),
            _ => map.keys().map(|key| step(key)).collect(),
        },
        _ => Vec::new(),
    }
}

fn format_of(path: &Utf8Path) -> Format {
    if matches!(path.extension(), Some("yaml" | "yml")) { Format::Yaml } else { Format::Json }
}

fn of_row(header: &[String], row: Row) -> Item {
    let cells = header.iter().cloned().zip(row.cells.into_iter().map(Value::String));
    Item { value: Value::Object(cells.collect()), keyed: false }
}

/// Why a value is not a list.
#[derive(Debug, PartialEq)]
enum NoList {
    /// What it is instead.
    Is(&'static str),
    /// It goes on behind this token.
    Page(String),
    TooLong,
}

impl NoList {
    /// `path`: of the file that holds it.
    fn reported(self, path: Option<&Utf8Path>, at: At) -> Diagnostic {
        let what = path.map_or_else(|| "This list".to_owned(), |path| format!("The list in `{path}`"));
        let takes =
            "`for_each` takes a list, a mapping, or the path of a YAML, JSON or CSV file that holds one";
        match self {
            Self::Is(is) => {
                let text = match path {
                    Some(path) => format!("`{path}` holds no list or mapping, but {is}"),
                    None => format!("A list or mapping is needed here, not {is}"),
                };
                Diagnostic::error("not-a-list", text, at).help(takes)
            }
            Self::Page(token) => {
                let text = format!("{what} is one page of several: `{token}` says that the list goes on");
                Diagnostic::error("one-page", text, at).help(page::REMEDY)
            }
            Self::TooLong => {
                let text = format!("{what} has more than {MOST_ITEMS} items");
                Diagnostic::error("too-large", text, at)
                    .help("split the list, or keep only what the templates use")
            }
        }
    }
}

/// The items of a value; else what it is.
fn of_value(value: Value) -> Result<Vec<Item>, NoList> {
    let items: Vec<Item> = match value {
        Value::Array(list) => list.into_iter().map(|value| Item { value, keyed: false }).collect(),
        Value::Object(map) if page::token(&map).is_some() => {
            return Err(NoList::Page(page::token(&map).unwrap_or_default().to_owned()));
        }
        // What `aws lambda list-functions` prints.
        Value::Object(mut map) if map.get("Functions").is_some_and(Value::is_array) => {
            return map.remove("Functions").map_or(Ok(Vec::new()), of_value);
        }
        Value::Object(map) => map.into_iter().map(|(key, value)| keyed(key, value)).collect(),
        Value::Null => return Err(NoList::Is("null")),
        Value::Bool(_) => return Err(NoList::Is("a boolean")),
        Value::Number(_) => return Err(NoList::Is("a number")),
        Value::String(_) => return Err(NoList::Is("a text")),
    };
    if items.len() > MOST_ITEMS { Err(NoList::TooLong) } else { Ok(items) }
}

/// An item of a mapping.
fn keyed(key: String, value: Value) -> Item {
    let mut entry = Map::with_capacity(2);
    entry.insert("key".to_owned(), key.into());
    entry.insert("value".to_owned(), value);
    Item { value: Value::Object(entry), keyed: true }
}

fn file_items(
    path: &Utf8Path,
    folder: &Folder<'_>,
    sources: &mut Sources,
) -> Result<Vec<Item>, Vec<Diagnostic>> {
    if path.extension() == Some("csv") {
        let (table, _) = table_of(path, folder, sources, false)?;
        return Ok(table.rows.into_iter().map(|row| of_row(&table.header, row)).collect());
    }
    let text = text(path, folder)?;
    let file = next_file(sources);
    let format = format_of(path);
    let result = document(path, &text, format, file).and_then(|items| {
        // Written as they are, or by their numbers: else no text can hold one.
        let may_hold =
            text.contains(Reference::OPEN) || text.contains(Reference::CLOSE) || text.contains('\\');
        if may_hold && items.iter().any(|item| Reference::may_stand_in(&item.value)) {
            return Err(vec![reserved(At::file(file))]);
        }
        Ok(items)
    });
    if result.is_err() {
        sources.add(path.as_str(), &text, format);
    }
    result.map_err(|faults| {
        faults.into_iter().map(|fault| fault.also("named here", folder.at.clone())).collect()
    })
}

/// The items of a JSON or YAML text.
fn document(path: &Utf8Path, text: &str, format: Format, file: FileId) -> Result<Vec<Item>, Vec<Diagnostic>> {
    let (value, faults) = source::value(text, format, file);
    of_value(value.ok_or(faults)?).map_err(|wrong| vec![wrong.reported(Some(path), At::file(file))])
}

/// A table of overrides, and the file that its rows stand in.
pub fn table(
    path: &str,
    folder: &Folder<'_>,
    sources: &mut Sources,
) -> Result<(Table, FileId), Vec<Diagnostic>> {
    let mut found = files(path, folder)?;
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => table_of(&path, folder, sources, true),
        _ => {
            let words = format!("`{path}` names several files");
            Err(vec![
                Diagnostic::error("list-unreadable", words, folder.at.clone()).help("name one CSV file"),
            ])
        }
    }
}

/// `keep`: the file becomes a source even where nothing is wrong with it, for faults reported later.
fn table_of(
    path: &Utf8Path,
    folder: &Folder<'_>,
    sources: &mut Sources,
    keep: bool,
) -> Result<(Table, FileId), Vec<Diagnostic>> {
    let text = match sources.instead.get(path.as_str()) {
        Some(text) => text.to_string(),
        None => text(path, folder)?,
    };
    let file = next_file(sources);
    let result = rows(path, &text, file);
    if keep || result.is_err() {
        sources.add(path.as_str(), &text, Format::Csv);
    }
    let named = |fault: Diagnostic| fault.also("named here", folder.at.clone());
    result.map(|table| (table, file)).map_err(|faults| faults.into_iter().map(named).collect())
}

fn rows(path: &Utf8Path, text: &str, file: FileId) -> Result<Table, Vec<Diagnostic>> {
    let at = |range: Range<usize>| At { file, place: Place::Bytes(range) };
    if text.contains(Reference::OPEN) || text.contains(Reference::CLOSE) {
        return Err(vec![reserved(At::file(file))]);
    }
    // A reader would take the rest of the file for one cell, and rows would be missing without a word.
    if text.matches('"').count() % 2 == 1 {
        let last = text.rfind('"').unwrap_or_default();
        let words = "A quote is never closed".to_owned();
        return Err(vec![
            Diagnostic::error("csv-syntax", words, at(last..last + 1))
                .help("quotes come in pairs; write two of them for one inside a quoted cell"),
        ]);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut table = Table::default();
    let mut record = csv::StringRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(text.len());
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let words = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("This row has {len} cells, and the first one {expected_len}")
                    }
                    _ => format!("`{path}` is not CSV: {error}"),
                };
                return Err(vec![Diagnostic::error("csv-syntax", words, at(line_at(text, start)))]);
            }
        }
        if record.len() > MOST_COLUMNS || table.rows.len() >= MOST_ITEMS {
            let words = format!("`{path}` has more than {MOST_COLUMNS} columns, or {MOST_ITEMS} rows");
            return Err(vec![
                Diagnostic::error("too-large", words, at(line_at(text, start)))
                    .help("keep only what the templates use"),
            ]);
        }
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if table.header.is_empty() {
            table.header = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        } else {
            table.rows.push(Row { cells, range: line_at(text, start) });
        }
    }
    // A list without items has the names of its columns: a file that holds nothing was cut off.
    if table.header.is_empty() {
        let words = format!("`{path}` is empty");
        let help =
            "a CSV file begins with the names of its columns; with them alone it is a list without items";
        return Err(vec![Diagnostic::error("csv-syntax", words, At::file(file)).help(help)]);
    }
    if let Some(fault) = separated(path, &table.header, || at(line_at(text, 0))) {
        return Err(vec![fault]);
    }
    let mut names = table.header.clone();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let words = format!("Two columns bear the name `{}`", twice[0]);
        return Err(vec![Diagnostic::error("csv-syntax", words, at(line_at(text, 0)))]);
    }
    Ok(table)
}

/// One column of which each cell is many: the table of a program that takes commas for decimals.
fn separated(path: &Utf8Path, header: &[String], at: impl Fn() -> At) -> Option<Diagnostic> {
    let [name] = header else { return None };
    let separator = [';', '\t', '|'].into_iter().find(|separator| name.contains(*separator))?;
    let shown = if separator == '\t' { "tabs".to_owned() } else { format!("`{separator}`") };
    let words = format!("The cells of `{path}` are separated by {shown}, not by commas");
    let fault = Diagnostic::error("csv-syntax", words, at());
    Some(fault.help("write the file again with commas between the cells"))
}

/// The line at a byte, without the breaks around it.
fn line_at(text: &str, from: usize) -> Range<usize> {
    let start = from + text[from..].len() - text[from..].trim_start_matches(['\r', '\n']).len();
    let end = text[start..].find(['\r', '\n']).map_or(text.len(), |end| start + end);
    start..end
}

fn reserved(at: At) -> Diagnostic {
    Diagnostic::error("reserved-character", "The characters U+FDD0 and U+FDD1 can't stand in a list", at)
        .help("take the character out; Unicode has no meaning for it")
}

fn next_file(sources: &Sources) -> FileId {
    FileId(u32::try_from(sources.files.len()).expect("bug: more than 4 billion files"))
}

fn unreadable(words: String, at: &At) -> Vec<Diagnostic> {
    let fault = Diagnostic::error("list-unreadable", words, at.clone());
    vec![
        fault.help(
            "a path is relative to the file that names it, and stays below the folder of `musher.yaml`",
        ),
    ]
}

/// The text of a file below the root, through links too.
fn text(path: &Utf8Path, folder: &Folder<'_>) -> Result<String, Vec<Diagnostic>> {
    let missing = || unreadable(format!("There is no file `{path}`"), &folder.at);
    let decoded = |bytes: Vec<u8>| {
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable(format!("`{path}` is not UTF-8"), &folder.at))?;
        Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
    };
    if let Some(stored) = folder.root.stored() {
        return decoded(stored.read(path, FILE_LIMIT).map_err(|why| match why {
            Unread::Missing => missing(),
            why => unreadable(format!("`{path}` {}", why.words()), &folder.at),
        })?);
    }
    if !folder.root.exists(path) {
        return Err(missing());
    }
    if folder.root.leaves(path) {
        return Err(unreadable(format!("`{path}` leads out of the project"), &folder.at));
    }
    let real = folder.root.join(path);
    let failed = |error: std::io::Error| unreadable(format!("`{path}` can't be read: {error}"), &folder.at);
    // Looked at before it is opened: opening a pipe would wait for ever.
    let about = fs::metadata(&real).map_err(failed)?;
    if !about.is_file() {
        return Err(unreadable(format!("`{path}` is not a regular file"), &folder.at));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len().min(FILE_LIMIT)).unwrap_or_default());
    fs::File::open(&real).map_err(failed)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(unreadable(format!("`{path}` is larger than {} MB", FILE_LIMIT >> 20), &folder.at));
    }
    decoded(bytes)
}

/// The files that a path or glob names, relative to the root, sorted.
fn files(path: &str, folder: &Folder<'_>) -> Result<Vec<Utf8PathBuf>, Vec<Diagnostic>> {
    let wrong = |words: String| unreadable(words, &folder.at);
    let resolved = source::resolve(folder.folder, path)
        .ok_or_else(|| wrong(format!("`{path}` leads out of the project")))?;
    if !path.contains(['*', '?', '[', '{']) || folder.root.is_file(&resolved) {
        return Ok(vec![resolved]);
    }
    let glob = GlobBuilder::new(resolved.as_str()).literal_separator(true).build();
    let glob =
        glob.map_err(|error| wrong(format!("`{path}` is not a glob: {}", error.kind())))?.compile_matcher();
    let fixed: Vec<&str> =
        resolved.as_str().split('/').take_while(|step| !step.contains(['*', '?', '[', '{'])).collect();
    let found = below(folder.root, Utf8Path::new(&fixed.join("/")), &glob).map_err(wrong)?;
    if found.is_empty() {
        return Err(wrong(format!("`{path}` matches no file")));
    }
    Ok(found)
}

fn below(root: &Root, start: &Utf8Path, glob: &GlobMatcher) -> Result<Vec<Utf8PathBuf>, String> {
    if let Some(stored) = root.stored() {
        return stored_below(stored, start, glob);
    }
    let mut found = Vec::new();
    let mut seen = 0;
    let mut open = vec![(start.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let Ok(entries) = root.join(&folder).read_dir_utf8() else { continue };
        for entry in entries.flatten() {
            seen += 1;
            if seen > GLOB_FILES {
                return Err(format!("The glob has more than {GLOB_FILES} files to look at"));
            }
            if entry.file_name().starts_with('.') {
                continue;
            }
            let path = folder.join(entry.file_name());
            match entry.file_type() {
                Ok(form) if form.is_dir() && depth < GLOB_DEPTH => open.push((path, depth + 1)),
                Ok(form) if !form.is_dir() && glob.is_match(&path) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The same of files that are not on the disk.
fn stored_below(
    stored: &dyn Stored,
    start: &Utf8Path,
    glob: &GlobMatcher,
) -> Result<Vec<Utf8PathBuf>, String> {
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut open = vec![(start.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let Some(Node::Folder(names)) = stored.look(&folder) else { continue };
        for path in names.iter().filter(|name| !name.starts_with('.')).map(|name| folder.join(name)) {
            seen += 1;
            if seen > GLOB_FILES {
                return Err(format!("The glob has more than {GLOB_FILES} files to look at"));
            }
            match stored.look(&path) {
                Some(Node::Folder(_)) if depth < GLOB_DEPTH => open.push((path, depth + 1)),
                Some(Node::File) if glob.is_match(&path) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Project(tempfile::TempDir);

    impl Project {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(folder)
        }

        fn read(&self, source: Value) -> Result<Vec<Item>, Vec<Diagnostic>> {
            let root = Root::new(Utf8Path::from_path(self.0.path()).unwrap());
            let at = At::value(FileId(0), "/uses/x/for_each");
            let folder = Folder { root: &root, folder: Utf8Path::new("monitors"), at };
            items(&source, &folder, &mut Sources::default())
        }

        fn check(&self, source: Value, expected: Value) {
            let items = self.read(source.clone()).expect("a list");
            let values: Vec<Value> = items.into_iter().map(|item| item.value).collect();
            assert_eq!(Value::Array(values), expected, "{source}");
        }

        fn check_fault(&self, path: &str, code: &str, text: &str) {
            let faults = self.read(path.into()).expect_err("a fault");
            assert_eq!(faults[0].code, code, "{path}");
            assert!(faults[0].text.contains(text), "{path}: {}", faults[0].text);
        }
    }

    #[test]
    fn a_page_is_no_list() {
        for (text, token) in [
            (r#"{"NextMarker": "x", "Functions": [{}]}"#, Some("NextMarker")),
            (r#"{"Functions": [], "nextToken": "x"}"#, Some("nextToken")),
            (r#"{"serviceArns": ["a"], "next_page_token": "x"}"#, Some("next_page_token")),
            (r#"{"TableNames": ["a"], "LastEvaluatedKey": {"id": {"S": "x"}}}"#, Some("LastEvaluatedKey")),
            (r#"{"IsTruncated": true, "Contents": []}"#, Some("IsTruncated")),
            (r#"{"Functions": [{}], "NextMarker": null}"#, None),
            (r#"{"Functions": [{}], "NextToken": ""}"#, None),
            (r#"{"Contents": [], "IsTruncated": false}"#, None),
            (r#"{"nextToken": {"tier": "a"}, "other": {"tier": "b"}}"#, None),
            (r#"[{"NextToken": "x", "tags": []}]"#, None),
        ] {
            let wrong = of_value(serde_json::from_str(text).expect("JSON")).err();
            assert_eq!(wrong, token.map(|token| NoList::Page(token.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_list_without_end_is_an_error() {
        assert!(of_value(vec![0; MOST_ITEMS].into()).is_ok());
        assert_eq!(of_value(vec![0; MOST_ITEMS + 1].into()), Err(NoList::TooLong));
    }

    #[test]
    fn lists_of_every_form() {
        let project = Project::new(&[
            ("inventory/list.json", "[1, {\"a\": 2}]"),
            ("inventory/aws.json", "{\"Functions\": [{\"FunctionName\": \"x\"}]}"),
            ("inventory/map.json", "{\"a\": 1, \"b\": {\"c\": 2}}"),
            ("inventory/table.csv", "\u{FEFF}name,size\r\na,012\r\n\"b, \"\"q\"\"\",\r\n"),
            ("inventory/none.csv", "name,size\n"),
            ("inventory/eu/one.json", "[\"eu\"]"),
            ("inventory/us/one.json", "{\"Functions\": [\"us\"]}"),
        ]);
        project.check(json!(["a"]), json!(["a"]));
        project.check(json!({"k": 1}), json!([{"key": "k", "value": 1}]));
        project.check(json!("../inventory/list.json"), json!([1, {"a": 2}]));
        project.check(json!("../inventory/aws.json"), json!([{"FunctionName": "x"}]));
        project.check(
            json!("../inventory/map.json"),
            json!([{"key": "a", "value": 1}, {"key": "b", "value": {"c": 2}}]),
        );
        project.check(
            json!("../inventory/table.csv"),
            json!([{"name": "a", "size": "012"}, {"name": "b, \"q\"", "size": ""}]),
        );
        project.check(json!("../inventory/none.csv"), json!([]));
        project.check(json!("../inventory/*/one.json"), json!(["eu", "us"]));
    }

    #[test]
    fn what_is_no_list() {
        let project = Project::new(&[
            ("inventory/text.json", "\"x\""),
            ("inventory/broken.json", "[1,\n 2"),
            ("inventory/ragged.csv", "a,b\n1,2\n3\n"),
            ("inventory/twice.csv", "a,a\n1,2\n"),
            ("inventory/semicolons.csv", "a;b\n1;2\n"),
            ("inventory/tabs.csv", "a\tb\n1\t2\n"),
            ("inventory/cut-off.csv", ""),
            ("inventory/blank.csv", "\n\n"),
            ("inventory/same-key.json", "[{\"a\": 1, \"b\": {\"c\": [{\"d\": 1, \"d\": 2}]}}]"),
            ("inventory/forged.json", "[\"\\ufdd0id monitors/x\\ufdd1\"]"),
        ]);
        project.check_fault("../inventory/text.json", "not-a-list", "but a text");
        project.check_fault("../inventory/broken.json", "broken-json", "The JSON is broken here");
        project.check_fault(
            "../inventory/ragged.csv",
            "csv-syntax",
            "This row has 1 cells, and the first one 2",
        );
        project.check_fault("../inventory/twice.csv", "csv-syntax", "Two columns bear the name `a`");
        project.check_fault("../inventory/semicolons.csv", "csv-syntax", "separated by `;`, not by commas");
        project.check_fault("../inventory/tabs.csv", "csv-syntax", "separated by tabs, not by commas");
        project.check_fault("../inventory/cut-off.csv", "csv-syntax", "`inventory/cut-off.csv` is empty");
        project.check_fault("../inventory/blank.csv", "csv-syntax", "`inventory/blank.csv` is empty");
        let named = project.read("../inventory/tabs.csv".into()).expect_err("a fault");
        assert_eq!(named[0].also.len(), 1, "the use that names the file");
        project.check_fault("../inventory/same-key.json", "duplicate-key", "The key `d` stands twice");
        project.check_fault("../inventory/forged.json", "reserved-character", "U+FDD0");
        project.check_fault(
            "../inventory/none.json",
            "list-unreadable",
            "There is no file `inventory/none.json`",
        );
        project.check_fault("../inventory/*.txt", "list-unreadable", "matches no file");
        project.check_fault("../../x.json", "list-unreadable", "leads out of the project");
        project.check_fault("/etc/passwd", "list-unreadable", "leads out of the project");
        project.check_fault("../inventory", "list-unreadable", "is not a regular file");
        assert_eq!(project.read(json!(5)).expect_err("a fault")[0].code, "not-a-list");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_can_not_leave_the_project() {
        let outside = Project::new(&[("secret.json", "[1]")]);
        let project = Project::new(&[("monitors/x.json", "[]")]);
        std::os::unix::fs::symlink(
            outside.0.path().join("secret.json"),
            project.0.path().join("monitors/link.json"),
        )
        .unwrap();
        project.check_fault("link.json", "list-unreadable", "leads out of the project");
    }
}
