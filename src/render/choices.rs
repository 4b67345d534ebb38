//! What can be done about an object that drifted, as commands to be copied: take the edit, undo it, leave it to the UI.

use std::collections::BTreeSet;
use std::io;

use serde_json::{Map, Value};

use super::markdown::code;
use super::page::{Page, Tone};
use super::shell::word;
use super::value::width;
use crate::model::{Action, Address, Change, FieldChange, Plan, Reference};

/// Where no more entries than these drifted, each command has a line of its own, with what it does; else one line has all.
pub const EACH: usize = 3;

/// A command, and what it does to the edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub command: String,
    pub does: &'static str,
    /// The same as a word: `take`.
    word: &'static str,
}

/// What a command does, of one and of many; and the same as a word.
type Does = (&'static str, &'static str, &'static str);

const TAKES: Does = ("takes it into the files", "takes them into the files", "take");
const UNDOES: Does = ("undoes it", "undoes them", "undo");
const LEAVES: Does = ("leaves the field to the UI", "leaves the field to the UI", "leave");

/// All addresses of a plan, sorted: what a glob is held against.
pub struct Among<'a> {
    environment: Option<&'a str>,
    all: Vec<&'a str>,
}

/// The longest glob that is still read: of more addresses the words are general.
const GLOB: usize = 120;
/// Addresses that a glob names one by one.
const NAMED: usize = 8;

impl<'a> Among<'a> {
    pub fn the(plan: &'a Plan) -> Self {
        let mut all: Vec<&str> = plan.changes.iter().map(|change| change.address.as_str()).collect();
        all.sort_unstable();
        Self { environment: plan.environment.as_deref(), all }
    }

    /// The commands for what is told together; none where a name could not be handed to a shell. `own`: nothing else of
    /// it changes, which taking the edit would take back, too.
    pub fn of(&self, changes: &[&Change], own: bool) -> Vec<Choice> {
        match changes {
            [] => Vec::new(),
            [only] => of(only, self.environment, own),
            many => self.of_many(many, own),
        }
    }

    /// By one glob where it selects exactly these.
    fn of_many(&self, changes: &[&Change], own: bool) -> Vec<Choice> {
        let Some(end) = end(self.environment) else { return Vec::new() };
        let addresses: Vec<&str> = changes.iter().map(|change| change.address.as_str()).collect();
        let glob = self.glob(&addresses).and_then(|glob| word(&glob)).unwrap_or_else(|| "ADDRESS".to_owned());
        let choice = |command: String, (_, does, word)| Choice { command, does, word };
        let is_edit = changes.iter().all(|change| is_edit(change));
        let mut choices = Vec::new();
        if own && is_edit {
            choices.push(choice(format!("musher pull {glob}{end}"), TAKES));
        }
        let before = before(changes).unwrap_or_default();
        choices.push(choice(format!("musher apply {before}--only {glob}{end}"), UNDOES));
        if is_edit {
            let first =
                changes.first().and_then(|change| change.diff.first()).map(|field| field.path.as_str());
            let has =
                |at: &str| changes.iter().all(|change| change.diff.iter().any(|field| field.path == at));
            let pointer = first.filter(|at| has(at)).and_then(word).unwrap_or_else(|| "POINTER".to_owned());
            choices.push(choice(format!("musher ignore ADDRESS {pointer}{end}"), LEAVES));
        }
        choices
    }

    /// A glob that selects these addresses and no others of the plan.
    fn glob(&self, addresses: &[&str]) -> Option<String> {
        let first = addresses.first()?;
        if addresses.iter().any(|address| has_signs(address)) {
            return None;
        }
        let shared = |of: fn(&str, &str) -> usize| addresses.iter().map(|address| of(first, address)).min();
        let (head, tail) = (shared(same_start)?, shared(same_end)?);
        let shortest = addresses.iter().map(|address| address.len()).min()?;
        let (head, tail) = (&first[..head], &first[first.len() - tail.min(shortest - head)..]);
        if self.selected(head, tail) == addresses.len() {
            return Some(format!("{head}*{tail}"));
        }
        // Whole segments read better than parts of them.
        let whole_head = &head[..head.rfind('/').map_or(0, |at| at + 1)];
        let whole_tail = tail.find('/').map_or("", |at| &tail[at..]);
        let names: Option<Vec<&str>> = addresses
            .iter()
            .map(|address| address.strip_prefix(whole_head)?.strip_suffix(whole_tail))
            .collect();
        let names = names.filter(|names| names.len() <= NAMED && !names.contains(&""))?;
        Some(format!("{whole_head}{{{}}}{whole_tail}", names.join(","))).filter(|glob| glob.len() <= GLOB)
    }

    /// How many addresses `head*tail` selects: its `*` stands for anything, `/` included.
    fn selected(&self, head: &str, tail: &str) -> usize {
        let from = self.all.partition_point(|address| *address < head);
        let near = self.all[from..].iter().take_while(|address| address.starts_with(head));
        near.filter(|address| address.len() >= head.len() + tail.len() && address.ends_with(tail)).count()
    }
}

/// Bytes that two texts have in common from the start.
fn same_start(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

/// The same from the end.
fn same_end(a: &str, b: &str) -> usize {
    a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum()
}

/// Whether a glob would take a part of it for a sign.
fn has_signs(address: &str) -> bool {
    address.contains(['*', '?', '[', ']', '{', '}', '!', ',', '\\'])
}

/// The commands for one object; none where its name could not be handed to a shell. `own`: nothing else of it changes,
/// which taking the edit would take back, too.
fn of(change: &Change, environment: Option<&str>, own: bool) -> Vec<Choice> {
    let (Some(address), Some(end)) = (address(&change.address), end(environment)) else { return Vec::new() };
    let choice = |command: String, (does, _, word)| Choice { command, does, word };
    let mut choices = Vec::new();
    if own && is_edit(change) {
        choices.push(choice(format!("musher pull {address}{end}"), TAKES));
    }
    if let Some(before) = before(&[change]) {
        choices.push(choice(format!("musher apply {before}--only {address}{end}"), UNDOES));
    }
    choices.extend(leave(change, environment).next().map(|command| choice(command, LEAVES)));
    choices
}

/// What leaves each edited field to the UI.
fn leave(change: &Change, environment: Option<&str>) -> impl Iterator<Item = String> {
    let around = address(&change.address).zip(end(environment)).filter(|_| is_edit(change));
    change.diff.iter().filter_map(move |field| {
        let ((address, end), pointer) = around.as_ref().zip(word(&field.path))?;
        Some(format!("musher ignore {address} {pointer}{end}"))
    })
}

fn is_edit(change: &Change) -> bool {
    change.action == Action::Update && !change.diff.is_empty() && !change.diff.iter().any(waits)
}

/// Whether what a field refers to is gone, and comes again under another id: nothing can be taken over before.
fn waits(field: &FieldChange) -> bool {
    field.after.as_ref().is_some_and(|after| after.to_string().contains(Reference::OPEN))
}

/// `--only A --only B `: what must be made with these, since they refer to it. None of more than a line holds.
fn before(changes: &[&Change]) -> Option<String> {
    let own = |address: &Address| changes.iter().any(|change| change.address == *address);
    let waited: BTreeSet<&Address> = changes
        .iter()
        .filter(|change| change.action == Action::Update)
        .flat_map(|change| &change.after)
        .filter(|address| !own(address))
        .collect();
    if waited.len() > NAMED {
        return None;
    }
    waited.into_iter().map(|target| Some(format!("--only {} ", address(target)?))).collect()
}

/// The command that makes one object as it is declared; none where a name in it could not be handed to a shell.
pub fn undo(own: &Address, environment: Option<&str>) -> Option<String> {
    Some(format!("musher apply --only {}{}", address(own)?, end(environment)?))
}

/// An address as a word that selects nothing else.
fn address(address: &Address) -> Option<String> {
    let address = address.as_str();
    word(address).filter(|_| !has_signs(address))
}

/// The same of any, with words in place of their names.
pub fn general(environment: Option<&str>) -> Vec<Choice> {
    let Some(end) = end(environment) else { return Vec::new() };
    let choice =
        |command: &str, (does, _, word)| Choice { command: format!("musher {command}{end}"), does, word };
    vec![
        choice("pull ADDRESS", TAKES),
        choice("apply --only ADDRESS", UNDOES),
        choice("ignore ADDRESS POINTER", LEAVES),
    ]
}

/// For programs: `{"take", "undo", "leave": []}`, the last one with a command for each field.
pub fn json(change: &Change, environment: Option<&str>, own: bool) -> Value {
    let choices = of(change, environment, own);
    let mut out = Map::new();
    for name in [TAKES.2, UNDOES.2] {
        if let Some(choice) = choices.iter().find(|choice| choice.word == name) {
            out.insert(name.to_owned(), choice.command.as_str().into());
        }
    }
    let leave: Vec<Value> = leave(change, environment).map(Value::from).collect();
    if !leave.is_empty() {
        out.insert(LEAVES.2.to_owned(), leave.into());
    }
    Value::Object(out)
}

/// On one line where there are many entries and the line holds them, else on a line each: never wrapped, so that they can
/// be copied. Errors are those of the writer.
pub fn write(choices: &[Choice], (indent, few): (usize, bool), page: &mut Page<'_>) -> io::Result<()> {
    let parts: Vec<String> =
        choices.iter().map(|Choice { command, word, .. }| format!("{word}: {command}")).collect();
    let line = parts.join("   ");
    if !few && !choices.is_empty() && indent + width(&line) <= page.width() {
        page.indent(indent)?;
        return page.line(&[(Tone::Faint, &line)]);
    }
    let longest = choices.iter().map(|choice| choice.command.chars().count()).max().unwrap_or_default();
    for Choice { command, does, .. } in choices {
        page.indent(indent)?;
        page.line(&[(Tone::Faint, &format!("{command:longest$}  {does}"))])?;
    }
    Ok(())
}

/// Items of a list; one item where there are many entries.
pub fn markdown(choices: &[Choice], indent: &str, few: bool) -> String {
    if few || choices.is_empty() {
        return choices
            .iter()
            .map(|choice| format!("{indent}- {} {}\n", code(&choice.command), choice.does))
            .collect();
    }
    let parts: Vec<String> =
        choices.iter().map(|choice| format!("{} {}", choice.word, code(&choice.command))).collect();
    format!("{indent}- {}\n", parts.join(" · "))
}

/// What is said once, of entries whose own commands had no room.
pub fn general_markdown(environment: Option<&str>) -> String {
    format!("For each of them:\n\n{}\n", markdown(&general(environment), "", true))
}

/// What is said once of a plan that can't tell an edit made in the UI from a change of the definitions, though nobody is at
/// work on those. One that makes or deletes something, or changes no more than a mark, is a change.
pub fn closing(plan: &Plan) -> Option<String> {
    if !plan.notes.committed || plan.changes.is_empty() || !plan.changes.iter().all(is_edit) {
        return None;
    }
    let end = end(plan.environment.as_deref())?;
    Some(format!(
        "Was this edited in the UI, and not in the files? `musher plan --base HEAD{end}` tells, and how to take it or leave \
         it there."
    ))
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
    use crate::model::Attribute;

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
        // What refers to something that is gone was not edited: both come again, or neither.
        let gone = Address::new("monitors", "gone");
        let mut both = drifted("both", &["/query"]);
        both.diff[0].after =
            Some(Reference { target: gone.clone(), attribute: Attribute::Id }.marker().into());
        both.after = vec![gone];
        let again = ["musher apply --only monitors/gone --only monitors/both"];
        assert_eq!(commands(&both, None, true), again);
        both.diff.extend(drifted("both", &["/name"]).diff);
        assert_eq!(commands(&both, None, true), again);
        // What is gone live can only come again.
        let gone = Change { action: Action::Create, ..drifted("a", &["/name"]) };
        assert_eq!(commands(&gone, None, true), ["musher apply --only monitors/a"]);
    }

    fn commands(changes: &[&Change], all: &[Change]) -> Vec<String> {
        let plan = Plan { changes: all.to_vec(), ..Plan::default() };
        Among::the(&plan).of(changes, true).into_iter().map(|choice| choice.command).collect()
    }

    #[test]
    fn many_are_named_by_one_glob_that_selects_no_others() {
        let all =
            |ids: &[&str]| -> Vec<Change> { ids.iter().map(|id| drifted(id, &["/priority"])).collect() };
        let three = ["lambda/a/errors", "lambda/b/errors", "lambda/c/errors"];
        for (others, glob) in [
            (&[][..], "'monitors/lambda/*/errors'"),
            (&["lambda/a/duration", "x/errors"][..], "'monitors/lambda/*/errors'"),
            (&["lambda/d/errors"][..], "'monitors/lambda/{a,b,c}/errors'"),
            // A `*` stands for several segments, too.
            (&["lambda/d/more/errors"][..], "'monitors/lambda/{a,b,c}/errors'"),
        ] {
            let changes = all(&[&three[..], others].concat());
            let told: Vec<&Change> = changes.iter().take(3).collect();
            let expected = [
                format!("musher pull {glob}"),
                format!("musher apply --only {glob}"),
                "musher ignore ADDRESS /priority".to_owned(),
            ];
            assert_eq!(commands(&told, &changes), expected, "{others:?}");
        }
        let changes = all(&["pay-a", "pay-b", "pay-c", "play"]);
        let told: Vec<&Change> = changes.iter().take(3).collect();
        assert_eq!(commands(&told, &changes)[0], "musher pull 'monitors/pay-*'");
        // Too many to be named one by one, and another one among them: in general words.
        let ids: Vec<String> = (0..20).map(|n| format!("a{n}")).collect();
        let changes = all(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        let told: Vec<&Change> = changes.iter().skip(1).collect();
        assert_eq!(commands(&told, &changes)[0], "musher pull ADDRESS");
    }

    proptest::proptest! {
        #[test]
        fn a_glob_selects_exactly_what_it_is_made_for(
            ids in proptest::collection::btree_set("[ab]{1,2}(/[ab]{1,2}){0,2}", 3..12), chosen in 2_usize..6
        ) {
            let changes: Vec<Change> = ids.iter().map(|id| drifted(id, &["/a"])).collect();
            let plan = Plan { changes: changes.clone(), ..Plan::default() };
            let all: Vec<&str> = changes.iter().map(|change| change.address.as_str()).collect();
            let own: Vec<&str> = all.iter().copied().step_by(chosen.min(all.len() - 1)).collect();
            if let Some(glob) = Among::the(&plan).glob(&own) {
                let read = globset::Glob::new(&glob).expect("a glob").compile_matcher();
                let selected: Vec<&str> = all.iter().copied().filter(|address| read.is_match(address)).collect();
                proptest::prop_assert_eq!(selected, own, "{}", glob);
            }
        }
    }

    #[test]
    fn a_plan_that_cannot_tell_says_so_once() {
        let mut plan = Plan { changes: vec![drifted("a", &["/priority"])], ..Plan::default() };
        assert_eq!(closing(&plan), None);
        plan.notes.committed = true;
        let said = "Was this edited in the UI, and not in the files? `musher plan --base HEAD` tells, and how to take it or \
                    leave it there.";
        assert_eq!(closing(&plan).as_deref(), Some(said));
        plan.changes.push(drifted("b", &["/priority"]));
        assert_eq!(closing(&plan).as_deref(), Some(said));
        plan.changes.push(Change::new("monitor", Address::new("monitors", "c"), Action::Create));
        assert_eq!(closing(&plan), None);
        plan.changes.clear();
        assert_eq!(closing(&plan), None);
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
