//! Real dashboards and monitors, dropped into a folder as the UI exported them: they plan, apply, and plan empty.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::{CRATE, Project};

/// The exports of a kind; one line that says what was not run where there are none.
fn exports(kind: &str) -> Option<Vec<PathBuf>> {
    let shared =
        std::env::var_os("MUSHER_SHARED").map_or_else(|| Path::new(CRATE).join("../shared"), PathBuf::from);
    let folder = shared.join("exports").join(kind);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("not run: exports of {kind} (nothing in {})", folder.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Some(files)
}

fn check(kind: &str, at_least: usize) {
    let Some(files) = exports(kind) else { return };
    let project = Project::sandbox();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        let mut whole: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        // A monitor of an integration's catalogue is an export inside of `definition`.
        let text = whole.get_mut("definition").map_or(text, |export| export.take().to_string());
        project.write(&format!("monitors/{name}"), text);
    }
    let created = project.actions();
    assert!(created.iter().all(|action| action.starts_with("create ")), "{created:?}");
    assert_eq!(created.len(), files.len(), "each file is a resource");
    project.fine(&["apply", "--yes", "-q"]);
    let ran = project.exits(0, &["plan", "--detailed-exitcode"]);
    assert!(ran.out.ends_with("No changes.\n"), "{}", ran.shown());
    println!("{kind}: {} exports, all applied and planned empty", files.len());
    assert!(files.len() >= at_least, "the exports hold more");
}

#[test]
fn exported_dashboards_are_definitions() {
    check("dashboards", 90);
}

#[test]
fn exported_monitors_are_definitions() {
    check("monitors", 25);
}
