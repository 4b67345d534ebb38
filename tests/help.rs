//! `docs/cli.md` is what `--help` says. `UPDATE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

const HEAD: &str = "\
# Commands

What `musher COMMAND --help` says, of every command. Written by the test of this page (`UPDATE_DOCS=1 cargo test --test help`).

";

/// The help of a command, and the names of those below it.
fn help(command: &[&str]) -> (String, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_musher"))
        .args(command)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let below = text.split("\nCommands:\n").nth(1).unwrap_or_default();
    let names = below
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    (text.clone(), names.map(str::to_owned).collect())
}

/// Pages of a command and of those below it: its words and its help.
fn pages(command: &[&str], found: &mut Vec<(String, String)>) {
    let (text, below) = help(command);
    found.push((["musher"].iter().chain(command).copied().collect::<Vec<_>>().join(" "), text));
    for name in below {
        pages(&[command, &[name.as_str()]].concat(), found);
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    pages(&[], &mut found);
    found
}

#[test]
fn the_page_is_what_help_says() {
    let mut page = HEAD.to_owned();
    for (command, text) in all() {
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        page.push_str(&format!("## {command}\n\n```text\n{}\n```\n\n", lines.join("\n").trim_end()));
    }
    let page = format!("{}\n", page.trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let first = written.lines().zip(page.lines()).find(|(written, said)| written != said);
    assert!(written == page, "docs/cli.md is old ({first:?}): UPDATE_DOCS=1 cargo test --test help");
}

#[test]
fn every_command_teaches_by_an_example() {
    let found = all();
    assert!(found.len() > 10, "the commands are missing: {found:?}");
    for (command, text) in found {
        let examples = text.split("\nExample").nth(1).unwrap_or_default();
        let shown = examples.lines().any(|line| line.trim_start().contains(&command));
        assert!(shown, "`{command} --help` shows no example of it");
    }
}
