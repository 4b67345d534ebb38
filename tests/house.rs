//! The rules of the house that the compiler can't see: which room knows which, and where names of kinds may stand.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file of `src/` by its room, without what stands behind the first `#[cfg(test)]`.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(ROOT).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files
        .into_iter()
        // Tests, and what only they use.
        .filter(|path| {
            !["tests", "samples", "fake", "properties"]
                .contains(&&*path.file_stem().unwrap().to_string_lossy())
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let inside = path.strip_prefix(&src).unwrap();
            let room = inside.components().next().unwrap().as_os_str().to_string_lossy();
            let product = text.split("#[cfg(test)]\nmod ").next().unwrap().to_owned();
            (room.trim_end_matches(".rs").to_owned(), path.clone(), product)
        })
        .collect()
}

/// The table of ARCHITECTURE.md: a room, and the rooms that it may know.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let room = cells[0].trim_matches('`').trim_end_matches(".rs").trim_end_matches('/').to_owned();
            (room, cells[2].split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

/// The rooms named behind `crate::` in a text.
fn known(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for after in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
    {
        let names = after.strip_prefix('{').and_then(|list| list.split('}').next()).unwrap_or(after);
        for name in names.split(',').take(if after.starts_with('{') { usize::MAX } else { 1 }) {
            let name: String =
                name.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn rooms_know_what_the_architecture_says() {
    let allowed = allowed();
    let mut faults = Vec::new();
    for (room, path, text) in rooms() {
        let Some(may) = allowed.get(&room) else {
            faults.push(format!("{room} is missing in the table of ARCHITECTURE.md"));
            continue;
        };
        for other in known(&text).into_iter().filter(|other| *other != room && !may.contains(other)) {
            faults.push(format!("{}: `{room}` may not know `{other}`", path.display()));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn kinds_are_named_in_their_rows_only() {
    let names = ["monitor", "monitors", "slo", "slos", "dashboard", "dashboards"];
    let mut faults = Vec::new();
    for (room, path, text) in rooms() {
        if room == "kind" || room == "sandbox" {
            continue;
        }
        // The folder of the definitions bears the name that one section has.
        let counts = |line: &str| !line.trim_start().starts_with("//") && !line.contains("DEFINITIONS");
        for (number, line) in text.lines().enumerate().filter(|(_, line)| counts(line)) {
            for name in names.iter().filter(|name| line.contains(&format!("\"{name}\""))) {
                faults.push(format!("{}:{}: names `{name}`", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_tells_its_job_first() {
    for (_, path, text) in rooms() {
        assert!(text.starts_with("//! "), "{} does not begin with its job", path.display());
    }
}
