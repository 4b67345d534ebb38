//! The command line: its types, as data that commands read.

use std::time::Duration;

use anstream::ColorChoice;
use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// How a run ends. The numbers are a contract with CI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// An error; wrong usage and wrong definitions included.
    Error = 1,
    /// `plan --detailed-exitcode` found changes, `drift` something that differs.
    Changes = 2,
    /// A brake held.
    Held = 3,
    /// Applied in part.
    Incomplete = 4,
}

/// Observability as code for Datadog: plan on the pull request, apply on merge, no state file.
#[derive(Debug, Parser)]
#[command(name = "musher", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  musher init                  start a project in this folder
  musher plan                  what apply would do
  musher apply -e prod --yes   do it, in CI
  musher plan --only 'monitors/checkout/*'
  musher sandbox serve         a Datadog to try things on, on this machine

Keys: DD_API_KEY and DD_APP_KEY (or DATADOG_…), or DD_ACCESS_TOKEN.
Site: the environment's, or DD_SITE.
Telemetry: OTEL_EXPORTER_OTLP_ENDPOINT and its kin, or DD_AGENT_HOST.
Exit codes: 0 fine; 1 error; 2 plan --detailed-exitcode found changes, or
drift something; 3 a brake held; 4 applied in part.")]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that commands have in common; `cli/tree.rs` says which takes which.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Run as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<Utf8PathBuf>,
    /// The environment of musher.yaml to work on [env: MUSHER_ENVIRONMENT]
    #[arg(short, long, value_name = "ENV", global = true)]
    pub environment: Option<String>,
    /// Work on these addresses alone, e.g. 'monitors/lambda/*'; repeatable
    #[arg(long, value_name = "GLOB", global = true)]
    pub only: Vec<String>,
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub format: Option<Format>,
    /// Write the answer to this file
    #[arg(short, long, value_name = "FILE", global = true)]
    pub output: Vec<Output>,
    /// Say nothing but the answer
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log requests on stderr; twice: their bodies too
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// How what is said on stderr is written: for people, or as JSON with trace ids
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", global = true)]
    pub log_format: LogFormat,
    /// Colours; NO_COLOR is honoured
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", global = true)]
    pub color: Color,
    /// So many requests side by side, not as many as go well
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), global = true)]
    pub concurrency: Option<u16>,
    /// How long a failing request is repeated; one answer may take a sixth of it
    #[arg(long, value_name = "SECONDS", default_value_t = 360, value_parser = clap::value_parser!(u32).range(1..=86_400), global = true)]
    pub timeout: u32,
    /// List every kind, not only those that `kinds:` of musher.yaml names
    #[arg(long, global = true)]
    pub all_kinds: bool,
    /// Neither read nor write the cache of dashboards
    #[arg(long, global = true)]
    pub no_cache: bool,
}

impl Common {
    /// How long a request that fails is repeated.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout))
    }

    /// Whether a bar, or lines in its place, would be in the way.
    pub fn shows_no_progress(&self) -> bool {
        self.quiet || self.log_format == LogFormat::Json
    }

    pub fn colors(&self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A file to write to: `plan.md`, or `markdown=comment.txt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where the path doesn't tell.
    format: Option<Format>,
    pub path: Utf8PathBuf,
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        let named =
            text.split_once('=').and_then(|(name, path)| Some((Format::from_str(name, false).ok()?, path)));
        match named {
            Some((format, path)) => Self { format: Some(format), path: path.into() },
            None => Self { format: None, path: text.into() },
        }
    }
}

impl Output {
    /// As it says, else by its ending.
    pub fn format(&self) -> Option<Format> {
        let by_ending = || match self.path.extension()? {
            "json" => Some(Format::Json),
            "md" => Some(Format::Markdown),
            "txt" | "log" => Some(Format::Text),
            ending => Format::from_str(ending, false).ok(),
        };
        self.format.or_else(by_ending)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Markdown,
    Yaml,
    Github,
    Gitlab,
    GitlabTerraform,
    Html,
    Sarif,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a project: musher.yaml and a first definition
    #[command(after_help = "\
Examples:
  musher init               in this folder; overwrites nothing
  musher init --ci github   and workflows for pull requests, merges and nights
  musher init --ci gitlab   the same for GitLab
  musher init --editor      and what editors complete by")]
    Init(Init),
    /// Check everything that can be known without the network
    #[command(after_help = "\
Examples:
  musher validate
  musher validate --deny warnings
  musher validate --format github    annotations on a pull request
  musher validate --remote -e prod   ask the API too, where it has a dry run
  musher validate --advice           and what could be better in pipelines")]
    Validate(Validate),
    /// Show what apply would do
    #[command(after_help = "\
Examples:
  musher plan -e prod
  musher plan --format markdown -o plan.md   a comment for the pull request
  musher plan -o plan.json                   saved for `musher apply plan.json`
  musher plan -o plan.json -o plan.md -o text=/dev/stdout   all from one run
  musher plan --detailed-exitcode            exit 2 when there are changes
  musher plan --base origin/main             what this branch changes")]
    Plan(Plan),
    /// Tell what is live and differs from the definitions: exit 2 where something does
    #[command(after_help = "\
Examples:
  musher drift -e prod
  musher drift -e prod --format markdown -o drift.md
  musher drift -e prod --issue       keeps one issue, closed when all is well
  musher drift -e prod --all-kinds   kinds that musher.yaml doesn't name, too")]
    Drift(Drift),
    /// Tell which functions nobody has an eye on, and which monitors look at nothing
    #[command(after_help = "\
Examples:
  musher coverage
  musher coverage --format html -o coverage.html   every function and signal
  musher coverage -e prod --format json            for a program

`coverage:` in musher.yaml says how much of it is asked for: exit 1 where that
is missed.")]
    Coverage(Coverage),
    /// Answer the seven questions of readiness, for each function, service and the environment
    #[command(after_help = "\
Examples:
  musher readiness
  musher readiness --format html -o readiness.html   each cell with its proof
  musher readiness -e prod --min 5/7                 for CI: exit 1 below that

Is it as code, is the cost of logs under control, are traces whole, is the
database seen, is it profiled, are attacks seen, does an SLO wake somebody?
Unknown is grey, never green; with keys, what is live is asked, too.")]
    Readiness(Readiness),
    /// Post a plan, or what an apply did, as one comment on the pull request
    #[command(after_help = "\
Examples:
  musher plan -e prod --format json -o plan.json
  musher comment plan.json      updates the comment of an earlier run
  musher comment staging.json prod.json --label
  musher comment report.json    on the merged pull request, after apply

The system is told by the job: GitHub Actions (GITHUB_TOKEN) or GitLab CI
(GITLAB_TOKEN). A file that is not a plan is not posted. What can't be posted
is a warning, with --strict an error.")]
    Comment(Comment),
    /// Carry the plan out
    #[command(after_help = "\
Examples:
  musher apply                           shows the plan and asks
  musher apply -e prod --yes             in CI
  musher apply --only 'dashboards/*' --yes
  musher apply plan.json -e prod --yes   a saved plan: exactly that, or nothing
  musher apply --destroy --yes           remove all that this project owns")]
    Apply(Apply),
    /// Write live objects to files, one each, as the UI exports them
    #[command(after_help = "\
Examples:
  musher export dashboard abc-def-ghi   to a file in this folder
  musher export monitor https://app.datadoghq.eu/monitors/123 -o monitors
  musher export slo --all -o backup
  musher export all --all -o backup     what did not change is not read again
  musher export monitor --unmanaged --tag team:shop -o monitors/shop

An export written below monitors/ bears its $id; moved there later it makes a
new object. `musher import` adopts.")]
    Export(Export),
    /// Take an exported file or a live object into this project
    #[command(after_help = "\
Examples:
  musher import dashboard ~/Downloads/checkout.json         a new dashboard
  musher import monitor 123                                 adopts it by its $id
  musher import monitor 123 124 --into monitors/shop.yaml   as entries of a file
  musher import slo 'https://app.datadoghq.eu/slo?slo_id=0a1b' --apply
  musher import monitor --tag team:payments --group-by service
  terraform show -json | musher import terraform -          adopts all of it
  musher import kennel           likewise: kennel, serverless, sync-cli FOLDER

Once an apply has adopted the object its mark says whose it is: the `$id` may
stay or go.")]
    Import(Import),
    /// Take the mark off live objects, and leave them alone: nothing is deleted
    #[command(after_help = "\
Examples:
  musher forget monitors/checkout-errors        shows what it would do and asks
  musher forget -e prod dashboards/checkout 'slos/checkout-*' --yes

A definition that still stands would make another one at the next apply: take it
out, or write `$forget: true` in place of its body, which does the same for
every environment as it is applied.")]
    Forget(Forget),
    /// Bring edits made in the UI into the definitions, comments and layout kept
    #[command(after_help = "\
Examples:
  musher pull --dry-run                  what would change, as a patch
  musher pull monitors/checkout-errors
  musher pull 'dashboards/*' -e prod
  musher pull --write-overrides          where a parameter made the value
  musher pull --branch ui-edits          a commit for a pull request

Takes what stands live for what is wanted: definitions that were changed and
not yet applied go back, too. So pull first, then edit. To undo an edit of the
UI, apply; to leave a field to the UI, `musher ignore`.

Exit code 4 where an edit could not be written, or somebody deleted an object;
each is named, with the reason.")]
    Pull(Pull),
    /// Leave a field to the UI: it is neither compared nor reset
    #[command(after_help = "\
Examples:
  musher ignore monitors/checkout-errors /options/thresholds
  musher ignore dashboards/checkout /widgets/0/definition/title

Writes `$ignore` into the definition, its comments and layout kept.")]
    Ignore(Ignore),
    /// List the resources, with their live ids
    #[command(after_help = "\
Examples:
  musher list -e prod
  musher list --only 'monitors/lambda/*' --format json
  musher list --unmanaged               what no project owns, and who made it")]
    List(List),
    /// Show one resource: as it is rendered, as it is live, and how they differ
    #[command(after_help = "\
Examples:
  musher show monitors/checkout-errors
  musher show plan.json --format markdown
  musher show template aws-lambda")]
    Show(Show),
    /// Write the files of packs (collectors, sidecars, environments) below rendered/
    #[command(after_help = "\
Examples:
  musher render -e prod              write what is missing or differs
  musher render -e prod --check      in CI: exit 2 where the tree differs")]
    Render(Render),
    /// Explain an error or a warning by its code
    #[command(after_help = "\
Examples:
  musher explain threshold-mismatch     why, and what to write instead
  musher explain                        all codes")]
    Explain(Explain),
    /// Write a JSON Schema, by which editors complete and check the files
    #[command(after_help = "\
Examples:
  musher schema > schema/definitions.json
  musher schema template > schema/template.json
  musher schema project > schema/project.json

Editors take it by a first line in a file of monitors/:
  # yaml-language-server: $schema=../schema/definitions.json
`musher init --editor` writes all of that.")]
    Schema(Schema),
    /// A Datadog to try things on: nothing leaves this machine
    #[command(
        subcommand,
        after_help = "Examples:\n  musher sandbox serve --port 8126\n  musher sandbox reset           start again with nothing"
    )]
    Sandbox(Sandbox),
    /// Completions for a shell
    #[command(after_help = "\
Example:
  musher completions bash > ~/.local/share/bash-completion/completions/musher")]
    Completions { shell: clap_complete::Shell },
    /// Manual pages, one for each command, into a folder
    #[command(after_help = "\
Example:
  musher man ~/.local/share/man/man1")]
    Man { folder: Utf8PathBuf },
}

#[derive(Debug, Args)]
pub struct Init {
    /// Also write what plans pull requests, applies on merge and looks for drift each night
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub ci: Option<Ci>,
    /// Also write JSON Schemas, and the lines by which editors find them
    #[arg(long)]
    pub editor: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Ci {
    Github,
    Gitlab,
}

#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    pub strictness: Strictness,
    /// Ask the API, too, where it has a dry run (monitors, widgets); needs keys, changes nothing
    #[arg(long)]
    pub remote: bool,
    /// Show advice on the files of `pipelines:`, too; it fails nothing
    #[arg(long)]
    pub advice: bool,
}

#[derive(Debug, Args)]
pub struct Render {
    /// Write nothing: exit 2 where a file is missing, differs or is no longer rendered
    #[arg(long)]
    pub check: bool,
    /// Replace files that musher did not write
    #[arg(long)]
    pub force: bool,
}

/// What besides errors ends a command.
#[derive(Debug, Args)]
pub struct Strictness {
    /// Take warnings for errors: exit with 1
    #[arg(long, value_enum, value_name = "WHAT")]
    pub deny: Option<Deny>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    Warnings,
}

impl Strictness {
    pub fn denies_warnings(&self) -> bool {
        self.deny == Some(Deny::Warnings)
    }
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub strictness: Strictness,
    /// Compare with the definitions at the merge base of this git ref; without keys, these alone
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Show every change by itself, and everything of it
    #[arg(long)]
    pub expand: bool,
    /// With --base: ask nothing live, keys or not
    #[arg(long, requires = "base")]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct Drift {
    /// Keep one issue for the environment, closed when nothing differs (GitHub, GitLab)
    #[arg(long)]
    pub issue: bool,
    /// With --issue: what can't be written is an error
    #[arg(long, requires = "issue")]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct Coverage {
    /// Show everything that is missing, not the first of it
    #[arg(long)]
    pub expand: bool,
    /// Ask nothing live, keys or not
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct Readiness {
    /// How many answers of the environment must be green: 5/7, or 5
    #[arg(long, value_name = "N/7", value_parser = least)]
    pub min: Option<usize>,
    /// Show every function, too
    #[arg(long)]
    pub expand: bool,
    /// Ask nothing live, keys or not
    #[arg(long)]
    pub offline: bool,
}

/// Reads `5/7`, or `5`.
fn least(text: &str) -> Result<usize, String> {
    let number = text.strip_suffix("/7").unwrap_or(text);
    let number: Option<usize> = number.trim().parse().ok();
    number.filter(|number| *number <= 7).ok_or_else(|| "a number of answers from 0/7 to 7/7".to_owned())
}

#[derive(Debug, Args)]
pub struct Comment {
    /// Plans and reports in JSON, a comment for each
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<Utf8PathBuf>,
    /// The number of the pull request, where the job doesn't tell
    #[arg(long, value_name = "N")]
    pub pr: Option<u64>,
    /// A name that tells this comment from others of the same environment
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// What becomes of the comment of an earlier run
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub behavior: Behavior,
    /// Also set the labels `musher: risky`, `musher: deletes`, `musher: no changes`
    #[arg(long)]
    pub label: bool,
    /// Also make a check of the commit, with all annotations (GitHub)
    #[arg(long)]
    pub check_run: bool,
    /// What can't be posted is an error
    #[arg(long)]
    pub strict: bool,
    /// It is GitHub, whatever the job says
    #[arg(long, conflicts_with = "gitlab")]
    pub github: bool,
    /// It is GitLab
    #[arg(long)]
    pub gitlab: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Behavior {
    #[default]
    Update,
    New,
    HideAndNew,
}

#[derive(Debug, Default, Args)]
pub struct Apply {
    /// A plan saved with `musher plan --format json -o FILE`: does exactly that, or refuses
    #[arg(value_name = "PLAN.json", conflicts_with = "destroy")]
    pub plan: Option<Utf8PathBuf>,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
    /// Remove all that this project owns in the environment
    #[arg(long)]
    pub destroy: bool,
    /// Delete also what other monitors, SLOs or dashboards use
    #[arg(long)]
    pub force: bool,
    /// Wait so long for the environment's lock, where another apply holds it: 30s, 5m
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    pub lock_timeout: Duration,
    /// Let a plan pass that this brake holds; repeatable
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(crate::brake::BRAKES.map(|(name, _)| name)))]
    pub release_brake: Vec<String>,
    /// Write what was done as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<Utf8PathBuf>,
    /// Show every change by itself, and everything of it
    #[arg(long)]
    pub expand: bool,
}

#[derive(Debug, Args)]
pub struct Export {
    /// monitor, slo, dashboard …: any kind in use; all: each of them, in a folder of its own
    pub kind: String,
    /// Ids, or URLs of the web application
    #[arg(value_name = "ID or URL")]
    pub named: Vec<String>,
    #[command(flatten)]
    pub which: Which,
    /// Overwrite files that say something else
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// monitor, slo, dashboard …; all; or what it moves in from: terraform, kennel, sync-cli, serverless, openslo
    pub kind: String,
    /// Exported JSON files, ids, or URLs of the web application; a state file, - for stdin
    #[arg(value_name = "FILE, ID or URL")]
    pub named: Vec<String>,
    #[command(flatten)]
    pub which: Which,
    /// One file for each value of this tag, with those that bear it
    #[arg(long, value_name = "TAG KEY", conflicts_with_all = ["named", "into"])]
    pub group_by: Option<String>,
    /// Add it to this YAML file of definitions, instead of a file of its own
    #[arg(long, value_name = "FILE")]
    pub into: Option<Utf8PathBuf>,
    /// The id it gets, instead of one made of its name
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Turn those that differ only in names, scopes and numbers into a template and a list
    #[arg(long, conflicts_with_all = ["into", "id"])]
    pub templatize: bool,
    /// Plan and apply just that
    #[arg(long)]
    pub apply: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

/// Which of the live objects are meant, where none is named.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// All of them, whoever owns them
    #[arg(long, conflicts_with = "named")]
    pub all: bool,
    /// Those with this in their name or title, upper and lower case alike
    #[arg(long, value_name = "TEXT", conflicts_with = "named")]
    pub query: Option<String>,
    /// Those with this tag; repeatable, then with each of them
    #[arg(long, value_name = "TAG", conflicts_with = "named")]
    pub tag: Vec<String>,
    /// Those that this project owns in the environment
    #[arg(long, conflicts_with_all = ["named", "unmanaged"])]
    pub managed: bool,
    /// Those that no project owns
    #[arg(long, conflicts_with = "named")]
    pub unmanaged: bool,
}

#[derive(Debug, Default, Args)]
pub struct List {
    /// Live objects of the kinds in use that no project owns, with who made them and when
    #[arg(long)]
    pub unmanaged: bool,
}

#[derive(Debug, Args)]
pub struct Forget {
    /// Section and id: monitors/checkout-errors, 'dashboards/*'
    #[arg(required = true, value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Pull {
    /// Addresses: monitors/checkout-errors, 'dashboards/*'; all, where none is named
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// Print what would change as a patch, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where one parameter of a template made the value, write it into the `overrides` of the use
    #[arg(long)]
    pub write_overrides: bool,
    /// Commit what is pulled to a new branch, for a pull request; the working tree stays as it is
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    pub branch: Option<String>,
}

#[derive(Debug, Args)]
pub struct Ignore {
    /// Section and id: monitors/checkout-errors
    #[arg(value_name = "ADDRESS")]
    pub address: String,
    /// JSON pointer into the body: /options/thresholds
    #[arg(value_name = "POINTER")]
    pub pointer: String,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Section and id: monitors/checkout-errors; or a file of a plan; or `template NAME`, `template` for a list
    #[arg(required = true, num_args = 1..=2, value_name = "ADDRESS")]
    pub what: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// As a diagnostic shows it in brackets; without one all are listed
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Files below monitors/, files below templates/, or musher.yaml
    #[arg(value_enum, default_value_t, value_name = "FILE")]
    pub file: SchemaFile,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemaFile {
    // Without help of their own: it would turn the help of this one command into the long form.
    #[default]
    Definitions,
    Template,
    Project,
}

#[derive(Debug, Subcommand)]
pub enum Sandbox {
    /// Serve the sandbox on loopback, as an API that an environment can name
    #[command(after_help = "\
Example:
  musher sandbox serve --port 8126 &
  DD_API_KEY=any DD_APP_KEY=any musher plan -e served

with an environment of musher.yaml that names it:
  served: {api_url: http://127.0.0.1:8126}")]
    Serve(Serve),
    /// Forget everything that the sandbox holds
    #[command(
        after_help = "Example:\n  musher sandbox reset && musher plan     everything is to be created again"
    )]
    Reset,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// 0 takes any free port
    #[arg(long, default_value_t = 8126)]
    pub port: u16,
    /// Answer this much later, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// How often each fault strikes, e.g. 429=0.05,reset-after=0.01 or all=0.05
    #[arg(long, value_name = "FAULTS")]
    pub faults: Option<String>,
    /// Rate limits, requests by seconds, e.g. writes=50/10
    #[arg(long, value_name = "LIMITS")]
    pub limits: Option<String>,
    /// Let in the keys alone that DD_API_KEY and DD_APP_KEY hold here
    #[arg(long)]
    pub check_keys: bool,
    /// Where the faults' dice start
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// `30s`, `5m`, `1h`; a bare number counts seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[number.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let seconds = number.parse::<u32>().ok().filter(|_| unit > 0).map(|number| u64::from(number) * unit);
    seconds.map(Duration::from_secs).ok_or_else(|| "write a number and s, m or h, as in 30s".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [("0", Some(0)), ("30s", Some(30)), ("5m", Some(300)), ("1h", Some(3600))] {
            assert_eq!(duration(text).ok().map(|found| found.as_secs()), expected, "{text}");
        }
        for text in ["", "s", "5d", "-1s", "1.5m", "99999999999s", "5 m", "é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_of_files() {
        for (text, format, path) in [
            ("plan.json", Some(Format::Json), "plan.json"),
            ("a/plan.md", Some(Format::Markdown), "a/plan.md"),
            ("markdown=comment.txt", Some(Format::Markdown), "comment.txt"),
            ("text=/dev/stdout", Some(Format::Text), "/dev/stdout"),
            ("a=b", None, "a=b"),
            ("backup", None, "backup"),
        ] {
            let output = Output::from(text);
            assert_eq!((output.format(), output.path.as_str()), (format, path));
        }
    }

    #[test]
    fn the_table_of_flags_holds_together() {
        Cli::command().debug_assert();
    }
}
