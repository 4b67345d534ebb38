//! The rules of the house that the compiler can't see: which room knows which, which file knows which inside a room,
//! and where names of kinds may stand.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file of `src/`, without what only tests use.
struct File {
    path: PathBuf,
    /// As a module: `check::rules::query`.
    module: Vec<String>,
    text: String,
}

impl File {
    fn room(&self) -> &str {
        &self.module[0]
    }
}

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

/// Every file of `src/`.
fn files() -> Vec<File> {
    let src = Path::new(ROOT).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    found
        .into_iter()
        // Tests, and what only they use.
        .filter(|path| {
            let inside = path.strip_prefix(&src).unwrap().with_extension("");
            !inside.iter().any(|step| step == "tests" || step == "samples" || step == "fake")
        })
        .map(|path| {
            let inside = path.strip_prefix(&src).unwrap().with_extension("");
            let module = inside.iter().map(|step| step.to_string_lossy().into_owned());
            let module = module.filter(|step| step != "mod").collect();
            let text = product(&std::fs::read_to_string(&path).unwrap());
            File { path, module, text }
        })
        .collect()
}

/// A file's text without its tests.
fn product(text: &str) -> String {
    const TESTS: &str = "#[cfg(test)]\nmod ";
    let inline = text.match_indices(TESTS).find(|(at, _)| {
        let line = text[at + TESTS.len()..].lines().next().unwrap_or_default();
        line.ends_with('{')
    });
    text[..inline.map_or(text.len(), |(at, _)| at)].to_owned()
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

/// The paths of a text that begin with `crate`, `self`, `super` or one of these names, braces written out. `open` asks
/// for those that it makes its own (`pub use`), else the others.
fn paths(text: &str, names: &[&str], open: bool) -> Vec<Vec<String>> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut found = Vec::new();
    for statement in code.join("\n").split(';') {
        let exported = statement.trim_start().starts_with("pub use ");
        for start in names.iter().chain(&["crate", "self", "super"]).filter(|_| exported == open) {
            for (at, _) in statement.match_indices(&format!("{start}::")) {
                let before = statement[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    tree(&statement[at..], &[], &mut found);
                }
            }
        }
    }
    found
}

/// Reads `a::b::{c, d::e}`, and answers what stands behind.
fn tree<'t>(text: &'t str, prefix: &[String], found: &mut Vec<Vec<String>>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = tree(rest, prefix, found).trim_start();
            rest = match rest.strip_prefix(',') {
                Some(next) if !next.trim_start().starts_with('}') => next,
                other => return other.unwrap_or(rest).trim_start().strip_prefix('}').unwrap_or(rest),
            };
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let path: Vec<String> = prefix.iter().cloned().chain([text[..end].to_owned()]).collect();
    if let Some(rest) = text[end..].strip_prefix("::").filter(|rest| !rest.starts_with('<')) {
        return tree(rest, &path, found);
    }
    found.push(path);
    let rest = &text[end..];
    rest.strip_prefix(" as ")
        .map_or(rest, |name| name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'))
}

/// A path as seen from a module -> from the root.
fn from_root(module: &[String], path: &[String]) -> Vec<String> {
    let mut here: Vec<String> = Vec::new();
    let mut first = true;
    for step in path {
        match step.as_str() {
            "crate" => {}
            "self" if first => here = module.to_vec(),
            "self" => {}
            "super" if first => here = module[..module.len() - 1].to_vec(),
            "super" => drop(here.pop()),
            step if first => {
                here = module.to_vec();
                here.push(step.to_owned());
            }
            step => here.push(step.to_owned()),
        }
        first = false;
    }
    here
}

/// The file that a path leads to, through what other files make their own.
fn home(
    path: &[String],
    exported: &BTreeMap<Vec<String>, Vec<String>>,
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let mut path = path.to_vec();
    for _ in 0..8 {
        match (1..=path.len()).rev().find_map(|length| exported.get(&path[..length])) {
            Some(real) => path = real.clone(),
            None => break,
        }
    }
    (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|path| modules.contains(path))
}

/// The names of the files that belong to a file: `query` for `check/rules/mod.rs`.
fn inside<'f>(files: &'f [File], file: &File) -> Vec<&'f str> {
    let below =
        files.iter().filter(|other| other.module.split_last().is_some_and(|(_, above)| above == file.module));
    below.map(|other| other.module[other.module.len() - 1].as_str()).collect()
}

#[test]
fn rooms_know_what_the_architecture_says() {
    let allowed = allowed();
    let mut faults = Vec::new();
    for file in files() {
        let Some(may) = allowed.get(file.room()) else {
            faults.push(format!("{} is missing in the table of ARCHITECTURE.md", file.room()));
            continue;
        };
        for path in paths(&file.text, &[], false).into_iter().chain(paths(&file.text, &[], true)) {
            let Some(other) = from_root(&file.module, &path).into_iter().next() else { continue };
            if allowed.contains_key(&other) && other != file.room() && !may.contains(&other) {
                faults.push(format!("{}: `{}` may not know `{other}`", file.path.display(), file.room()));
            }
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_files_of_a_room_know_each_other() {
    let files = files();
    let modules: BTreeSet<Vec<String>> = files.iter().map(|file| file.module.clone()).collect();
    let mut exported = BTreeMap::new();
    for file in &files {
        for path in paths(&file.text, &inside(&files, file), true) {
            let path = from_root(&file.module, &path);
            let name = path.last().unwrap().clone();
            exported.insert([&*file.module, &[name]].concat(), path);
        }
    }
    let mut knows: BTreeMap<&[String], BTreeSet<Vec<String>>> = BTreeMap::new();
    for file in &files {
        let paths = paths(&file.text, &inside(&files, file), false);
        let others =
            paths.iter().filter_map(|path| home(&from_root(&file.module, path), &exported, &modules));
        let others = others.filter(|other| other[0] == file.module[0] && *other != file.module);
        knows.insert(&file.module, others.collect());
    }
    assert!(knows.values().map(BTreeSet::len).sum::<usize>() > 100, "the files are read wrongly");
    // What no longer knows anything is taken away; what then is left is in a circle, or knows one.
    while let Some(done) = knows.iter().find(|(_, others)| others.is_empty()).map(|(module, _)| *module) {
        knows.remove(done);
        for others in knows.values_mut() {
            others.remove(done);
        }
    }
    let left: Vec<String> = knows
        .iter()
        .map(|(module, others)| {
            let others: Vec<String> = others.iter().map(|other| other.join("::")).collect();
            format!("{} knows {}", module.join("::"), others.join(", "))
        })
        .collect();
    assert!(left.is_empty(), "files know each other in a circle:\n{}", left.join("\n"));
}

/// The names of kinds and of their sections, as the rows say.
fn names_of_kinds(files: &[File]) -> BTreeSet<String> {
    let rows = files.iter().filter(|file| file.room() == "kind" && file.text.contains(": Kind = Kind {"));
    let mut names = BTreeSet::new();
    for row in rows {
        for key in ["    name: \"", "    section: \""] {
            let name =
                row.text.split(key).nth(1).unwrap_or_else(|| panic!("{} has no {key}", row.path.display()));
            names.insert(name.split('"').next().unwrap().to_owned());
        }
    }
    assert!(names.len() >= 6, "the rows are read wrongly: {names:?}");
    names
}

/// Words of others that are spelled as a kind: Microsoft's, of recipients, and the key of a tag.
const HOMONYMS: [(&str, &str); 6] = [
    ("recipient.rs", "teams"),
    ("recipient.rs", "webhook"),
    ("handle.rs", "webhook"),
    ("tags.rs", "team"),
    ("readiness/estate.rs", "team"),
    ("readiness/answer.rs", "slo"),
];

#[test]
fn kinds_are_named_in_their_rows_only() {
    let files = files();
    let names = names_of_kinds(&files);
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| !["kind", "sandbox"].contains(&file.room())) {
        // The folder of the definitions bears the name that one section has.
        let counts = |line: &str| !line.trim_start().starts_with("//") && !line.contains("DEFINITIONS");
        let other = |name: &str| HOMONYMS.iter().any(|(end, word)| file.path.ends_with(end) && *word == name);
        for (number, line) in file.text.lines().enumerate().filter(|(_, line)| counts(line)) {
            let meant = names.iter().filter(|name| line.contains(&format!("\"{name}\"")) && !other(name));
            for name in meant {
                faults.push(format!("{}:{}: names `{name}`", file.path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_tells_its_job_first() {
    for file in files() {
        assert!(file.text.starts_with("//! "), "{} does not begin with its job", file.path.display());
    }
}
