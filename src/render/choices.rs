//! What can be done about an object that drifted, as commands to be copied: take the edit, undo it, leave it to the UI.

use std::io;

use serde_json::{Map, Value};

use super::markdown::code;
use super::page::{Page, Tone};
use super::shell::word;
use crate::model::{Action, Change};

/// So many drifted objects get commands of their own; of more they are told once.
pub const EACH: usize = 3;

/// A command, and what it does to the edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub command: String,
    pub does: &'static str,
}

const TAKES: &str = "takes it into the files";
const UNDOES: &str = "undoes it";
const LEAVES: &str = "leaves the field to the UI";

/// The commands for one object; none where its name could not be handed to a shell. `own`: nothing else of it changes,
/// which taking the edit would take back, too.
pub fn of(change: &Change, environment: Option<&str>, own: bool) -> Vec<Choice> {
    let (Some(address), Some(end)) = (address(change), end(environment)) else { return Vec::new() };
    let mut choices = Vec::new();
    if own && is_edit(change) {
        choices.push(Choice { command: format!("musher pull {address}{end}"), does: TAKES });
    }
    choices.push(Choice { command: format!("musher apply --only {address}{end}"), does: UNDOES });
    choices.extend(leave(change, environment).next().map(|command| Choice { command, does: LEAVES }));
    choices
}

/// What leaves each edited field to the UI.
fn leave(change: &Change, environment: Option<&str>) -> impl Iterator<Item = String> {
    let around = address(change).zip(end(environment)).filter(|_| is_edit(change));
    change.diff.iter().filter_map(move |field| {
        let ((address, end), pointer) = around.as_ref().zip(word(&field.path))?;
        Some(format!("musher ignore {address} {pointer}{end}"))
    })
}

fn is_edit(change: &Change) -> bool {
    change.action == Action::Update && !change.diff.is_empty()
}

/// An address as a word that selects nothing else.
fn address(change: &Change) -> Option<String> {
    let address = change.address.as_str();
    word(address).filter(|_| !address.contains(['*', '?', '[', ']', '{', '}', '!']))
}

/// The same for all of many, with words in place of their names.
pub fn general(environment: Option<&str>) -> Vec<Choice> {
    let Some(end) = end(environment) else { return Vec::new() };
    let choice = |command: &str, does| Choice { command: format!("musher {command}{end}"), does };
    vec![
        choice("pull ADDRESS", TAKES),
        choice("apply --only ADDRESS", UNDOES),
        choice("ignore ADDRESS POINTER", LEAVES),
    ]
}

/// For programs: `{"take", "undo", "leave": []}`, the last one with a command for each field.
pub fn json(change: &Change, environment: Option<&str>, own: bool) -> Value {
    let choices = of(change, environment, own);
    let command =
        |does| choices.iter().find(|choice| choice.does == does).map(|choice| choice.command.clone());
    let mut out = Map::new();
    for (name, does) in [("take", TAKES), ("undo", UNDOES)] {
        if let Some(command) = command(does) {
            out.insert(name.to_owned(), command.into());
        }
    }
    let leave: Vec<Value> = leave(change, environment).map(Value::from).collect();
    if !leave.is_empty() {
        out.insert("leave".to_owned(), leave.into());
    }
    Value::Object(out)
}

/// Writes a line each, not wrapped, so that it can be copied. Errors are those of the writer.
pub fn write(choices: &[Choice], indent: usize, page: &mut Page<'_>) -> io::Result<()> {
    let width = choices.iter().map(|choice| choice.command.chars().count()).max().unwrap_or_default();
    for Choice { command, does } in choices {
        page.indent(indent)?;
        page.line(&[(Tone::Faint, &format!("{command:width$}  {does}"))])?;
    }
    Ok(())
}

/// The same of many, told once.
pub fn write_general(environment: Option<&str>, indent: usize, page: &mut Page<'_>) -> io::Result<()> {
    page.indent(indent)?;
    page.line(&[(Tone::Plain, "For each of them:")])?;
    write(&general(environment), indent + 2, page)
}

/// Items of a list.
pub fn markdown(choices: &[Choice], indent: &str) -> String {
    choices.iter().map(|choice| format!("{indent}- {} {}\n", code(&choice.command), choice.does)).collect()
}

/// ` -e prod`
fn end(environment: Option<&str>) -> Option<String> {
    match environment {
        None => Some(String::new()),
        Some(name) => Some(format!(" -e {}", word(name)?)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Address, FieldChange};

    fn drifted(id: &str, paths: &[&str]) -> Change {
        let field = |path: &&str| FieldChange {
            path: (*path).to_owned(),
            before: Some(json!(1)),
            after: Some(json!(2)),
        };
        Change {
            diff: paths.iter().map(field).collect(),
            ..Change::new("monitor", Address::new("monitors", id), Action::Update)
        }
    }

    #[test]
    fn commands_that_can_be_copied() {
        let commands = |change: &Change, environment, own| -> Vec<String> {
            of(change, environment, own).into_iter().map(|choice| choice.command).collect()
        };
        let change = drifted("a/b", &["/options/x y'z", "/priority"]);
        assert_eq!(
            commands(&change, Some("prod"), true),
            [
                "musher pull monitors/a/b -e prod",
                "musher apply --only monitors/a/b -e prod",
                r"musher ignore monitors/a/b '/options/x y'\''z' -e prod"
            ]
        );
        assert_eq!(commands(&change, None, false).len(), 2);
        assert_eq!(
            json(&change, None, true)["leave"],
            json!([
                r"musher ignore monitors/a/b '/options/x y'\''z'",
                "musher ignore monitors/a/b /priority"
            ])
        );
        // What is gone live can only come again.
        let gone = Change { action: Action::Create, ..drifted("a", &["/name"]) };
        assert_eq!(commands(&gone, None, true), ["musher apply --only monitors/a"]);
    }

    #[test]
    fn no_name_becomes_a_command_of_its_own() {
        for id in ["a\u{1b}[2J", "a\nrm -rf x", "a*", "x\u{202e}"] {
            assert_eq!(of(&drifted(id, &["/a"]), None, true), [], "{id:?}");
        }
        let quoted = of(&drifted("a; $(rm x)`y`", &["/a"]), None, true);
        assert_eq!(quoted[0].command, "musher pull 'monitors/a; $(rm x)`y`'");
        assert_eq!(of(&drifted("a", &["/a"]), Some("x\u{1b}"), true), []);
    }
}
