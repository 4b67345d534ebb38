//! The commands as they are parsed and helped: each with those of the common options that it takes.

use clap::builder::{PossibleValuesParser, StyledStr, TypedValueParser as _};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory as _, ValueEnum as _};

use crate::args::{Cli, Common, Format};

const COMMON: &str = "Common options";
/// What every command takes.
const ALL: [&str; 3] = ["directory", "quiet", "color"];
/// What those take that talk to an API.
const SERVICE: [&str; 6] = ["environment", "verbose", "log_format", "concurrency", "timeout", "no_cache"];

/// Those that list live objects of the kinds that `musher.yaml` names.
const EVERY_KIND: [&str; 4] = ["plan", "drift", "apply", "list"];

/// Those that write their answer in several formats at once.
const SEVERAL: [&str; 1] = ["plan"];

/// What a command takes besides [`ALL`].
struct Takes {
    command: &'static str,
    service: bool,
    only: bool,
    /// What `-o` is, where there is one.
    output: Option<&'static str>,
    /// One alone is not worth a line of help.
    formats: &'static [Format],
}

const ANSWER: Option<&str> = Some("Write the answer to this file");

const ANSWERS: Option<&str> =
    Some("Write the answer to this file, in the format of its ending or of FORMAT=FILE; repeatable");

const TABLE: [Takes; 21] = {
    use Format::{Github, Gitlab, GitlabTerraform, Html, Json, Markdown, Sarif, Text, Yaml};
    const fn takes(
        command: &'static str,
        (service, only): (bool, bool),
        output: Option<&'static str>,
        formats: &'static [Format],
    ) -> Takes {
        Takes { command, service, only, output, formats }
    }
    [
        takes("init", (false, false), None, &[]),
        takes("validate", (true, true), ANSWER, &[Text, Json, Github, Gitlab, Sarif]),
        takes("plan", (true, true), ANSWERS, &[Text, Json, Markdown, Html, GitlabTerraform]),
        takes("drift", (true, true), ANSWER, &[Text, Json, Markdown, Github]),
        takes("coverage", (true, false), ANSWER, &[Text, Json, Markdown, Html]),
        takes("readiness", (true, false), ANSWER, &[Text, Json, Markdown, Html]),
        takes("comment", (false, false), None, &[]),
        takes("apply", (true, true), Some("Write what was done to this file"), &[Text]),
        takes("export", (true, true), Some("Write the files into this folder"), &[Json, Yaml]),
        takes("import", (true, false), None, &[Json, Yaml]),
        takes("forget", (true, false), None, &[Text]),
        takes("pull", (true, false), Some("Write the patch of --dry-run to this file"), &[Text]),
        takes("ignore", (false, false), None, &[Text]),
        takes("list", (true, true), ANSWER, &[Text, Json, Markdown]),
        takes("show", (true, true), ANSWER, &[Text, Json, Markdown, Html, GitlabTerraform]),
        takes("schema", (false, false), ANSWER, &[Json, Text]),
        takes("render", (true, false), None, &[Text]),
        takes("explain", (false, false), ANSWER, &[Text]),
        takes("sandbox", (false, false), None, &[]),
        takes("completions", (false, false), ANSWER, &[]),
        takes("man", (false, false), None, &[]),
    ]
};

impl Takes {
    fn of(command: &str) -> Option<&'static Self> {
        TABLE.iter().find(|takes| takes.command == command)
    }

    fn shows(&self, option: &str) -> bool {
        match option {
            "only" => self.only,
            "all_kinds" => EVERY_KIND.contains(&self.command),
            "output" => self.output.is_some(),
            "format" => self.formats.len() > 1,
            option if SERVICE.contains(&option) => self.service,
            option => ALL.contains(&option),
        }
    }
}

/// All commands.
pub fn tree() -> Command {
    let root = Cli::command();
    let common: Vec<Arg> = root.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let root = names.into_iter().fold(root, |root, name| {
        let takes = Takes::of(&name);
        root.mut_subcommand(name, |command| with_common(command, &common, takes))
    });
    let root = root.mut_args(|arg| match (arg.is_global_set(), arg.get_id().as_str()) {
        // Each command says which formats it has.
        (true, "format") => arg.help_heading(COMMON).hide_possible_values(true),
        (true, _) => arg.help_heading(COMMON),
        (false, _) => arg,
    });
    ordered(root)
}

/// A command, and those below it, with the common options: those that it doesn't take are hidden.
fn with_common(command: Command, common: &[Arg], takes: Option<&'static Takes>) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command = names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |below| with_common(below, common, takes))
    });
    let fitted = common.iter().cloned().map(|arg| {
        let option = arg.get_id().as_str().to_owned();
        let arg = arg.help_heading(COMMON).hide(!takes.is_none_or(|takes| takes.shows(&option)));
        match (option.as_str(), takes) {
            ("format", Some(takes)) if !takes.formats.is_empty() => of_formats(arg, takes.formats),
            ("output", Some(Takes { output: Some(help), .. })) => arg.help(*help),
            _ => arg,
        }
    });
    ordered(command.args(fitted.collect::<Vec<_>>()))
}

fn of_formats(arg: Arg, formats: &[Format]) -> Arg {
    let known: Vec<_> = formats.iter().filter_map(Format::to_possible_value).collect();
    arg.value_parser(PossibleValuesParser::new(known).try_map(|name| Format::from_str(&name, true)))
}

/// Options by their long names, and help the last of the common ones.
fn ordered(command: Command) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let command =
        command.disable_help_flag(true).arg(help.help("Print help").help_heading(COMMON).display_order(999));
    let mut longs: Vec<String> =
        command.get_arguments().filter_map(Arg::get_long).map(str::to_owned).collect();
    longs.sort_unstable();
    command.mut_args(|arg| {
        let place = arg.get_long().and_then(|long| longs.iter().position(|one| one == long));
        match place.filter(|_| arg.get_id() != "help") {
            Some(place) => arg.display_order(place),
            None => arg,
        }
    })
}

/// What is wrong with common options before or behind a command that does nothing with them.
pub fn refused(command: &str, common: &Common) -> Option<String> {
    let takes = Takes::of(command)?;
    let given = [
        ("--only", !common.only.is_empty() && !takes.only),
        ("--output", !common.output.is_empty() && takes.output.is_none()),
        ("a second --output", common.output.len() > 1 && !SEVERAL.contains(&command)),
        ("--format", common.format.is_some_and(|format| !takes.formats.contains(&format))),
    ];
    let (flag, _) = given.into_iter().find(|(_, wrong)| *wrong)?;
    let listed = |formats: &[Format]| {
        let names = formats.iter().filter_map(Format::to_possible_value);
        names.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    Some(match flag {
        "--format" if !takes.formats.is_empty() => {
            format!("`musher {command}` writes no such format; --format takes {}", listed(takes.formats))
        }
        _ => format!("`musher {command}` takes no {flag}"),
    })
}

/// A tip for an environment that was named like a file: `musher plan prod`.
pub fn with_tip(mut error: clap::Error, words: &[String]) -> clap::Error {
    let command = words.iter().find_map(|word| Takes::of(word));
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if !word.starts_with('-') => word.clone(),
        _ => return error,
    };
    if error.kind() == ErrorKind::UnknownArgument && command.is_some_and(|takes| takes.service) {
        let tip = StyledStr::from(format!("an environment is named by '-e {word}'"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &Command, found: &mut Vec<Command>) {
        let below: Vec<&Command> =
            command.get_subcommands().filter(|command| command.get_name() != "help").collect();
        if below.is_empty() {
            found.push(command.clone());
        }
        below.into_iter().for_each(|command| leaves(command, found));
    }

    #[test]
    fn the_tree_holds_together() {
        tree().debug_assert();
        let root = tree();
        for command in root.get_subcommands() {
            assert!(Takes::of(command.get_name()).is_some(), "{} has no row", command.get_name());
        }
        for takes in &TABLE {
            assert!(root.find_subcommand(takes.command).is_some(), "no command {}", takes.command);
        }
    }

    #[test]
    fn help_is_short_shows_own_options_first_and_keeps_its_lines() {
        let mut all = Vec::new();
        let mut root = tree();
        root.build();
        leaves(&root, &mut all);
        all.push(tree());
        assert!(all.len() > 10);
        for mut command in all {
            // Any of these turns the help of its command into the long form.
            let long = |arg: &Arg| {
                arg.get_long_help().is_some()
                    || arg.get_possible_values().iter().any(|value| value.get_help().is_some())
            };
            assert!(
                command.get_long_about().is_none() && !command.get_arguments().any(long),
                "{}",
                command.get_name()
            );
            let short = command.render_help().to_string();
            let common = short.split(&format!("{COMMON}:\n")).nth(1).expect("common options");
            assert!(!common.contains("\nOptions:\n"), "{short}");
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in after.lines() {
                assert!(line.chars().count() <= 80, "wraps at 80 columns: {line}");
            }
        }
    }

    #[test]
    fn values_before_and_behind_the_command_count() {
        use clap::FromArgMatches as _;
        let parsed = |words: &[&str]| {
            let matches = tree().try_get_matches_from([&["musher"], words].concat())?;
            Cli::from_arg_matches(&matches)
        };
        for words in
            [&["-e", "prod", "--format", "json", "plan"][..], &["plan", "-e", "prod", "--format", "json"]]
        {
            let common = parsed(words).expect("right").common;
            assert_eq!((common.environment.as_deref(), common.format), (Some("prod"), Some(Format::Json)));
            assert_eq!(common.timeout, 360);
        }
        let wrong = parsed(&["plan", "--format", "github"]).expect_err("no format of it");
        assert!(
            wrong.to_string().contains("[possible values: text, json, markdown, html, gitlab-terraform]"),
            "{wrong}"
        );
        let wrong = parsed(&["plan", "prod"]).expect_err("no argument");
        let reported = with_tip(wrong, &["plan".to_owned(), "prod".to_owned()]).to_string();
        assert!(reported.contains("tip: an environment is named by '-e prod'"), "{reported}");
        let common = parsed(&["--only", "x", "init"]).expect("refused later").common;
        assert_eq!(refused("init", &common).as_deref(), Some("`musher init` takes no --only"));
        let common = parsed(&["--format", "github", "plan"]).expect("refused later").common;
        assert!(
            refused("plan", &common).is_some_and(|reported| reported.ends_with("html, gitlab-terraform"))
        );
        let common = parsed(&["plan", "--only", "x"]).expect("right").common;
        assert_eq!(refused("plan", &common), None);
    }
}
