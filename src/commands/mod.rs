//! A file a verb, and what several verbs share: glue that calls the stages in order.

pub mod apply;
mod asked;
mod base;
mod brakes;
mod bring;
pub mod comment;
mod cost;
pub mod coverage;
mod declared;
pub mod drift;
pub mod explain;
pub mod export;
mod failed;
pub mod forget;
mod hosted;
pub mod ignore;
pub mod import;
pub mod init;
mod ledger;
pub mod list;
pub mod log;
mod narrow;
mod order;
pub mod packed;
pub mod plan;
pub mod pull;
mod pulled;
pub mod readiness;
mod remote;
pub mod schema;
mod sealed;
mod secrets;
mod service;
mod shared;
pub mod show;
mod sight;
mod surveyed;
mod template;
mod undo;
pub mod validate;

#[cfg(test)]
#[path = "tests/invoked.rs"]
mod invoked;

pub use log::line as log_line;
pub use secrets::Secrets;

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum as _;
use serde_json::Map;

use crate::args::{Common, Format, LogFormat, Output};
use crate::cache::Cache;
use crate::config::{self, Config, Hosts, Scope, Target};
use crate::diagnostic::Sources;
use crate::files;
use crate::forge::{System, Variable};
use crate::hidden;
use crate::render::log::Severity;
use crate::render::page::Look;
use crate::render::{self, Speech, Stream};
use crate::telemetry::Telemetry;
use crate::wire::Wire;

/// The sandbox's state, below the project's folder.
const SANDBOX: &str = ".musher/sandbox";

/// The folder of the sandbox's state. A project may come from anybody: no link in it leads the state elsewhere.
pub fn sandbox(root: &Utf8Path) -> anyhow::Result<Utf8PathBuf> {
    let folder = root.join(SANDBOX);
    let real = |path: &Utf8Path| path.canonicalize_utf8().ok();
    for part in folder.ancestors().take_while(|part| *part != root) {
        let leaves =
            part.is_symlink() && real(part).zip(real(root)).is_none_or(|(to, root)| !to.starts_with(root));
        anyhow::ensure!(
            !leaves,
            "{part} is a link that leads out of the project: the sandbox keeps nothing there"
        );
    }
    Ok(folder)
}

/// The environments of the project around, each with whether it is the sandbox in process; `None` where there is no
/// project that can be read.
pub fn environments(common: &Common, hosts: &Hosts) -> Option<Vec<(String, bool)>> {
    let root = config::find(&start(common).ok()?).ok()?;
    let (config, _) = config::read(&root, hosts, &mut Sources::default());
    let environments = config?.environments;
    Some(environments.into_iter().map(|(name, own)| (name, own.target == Target::Sandbox)).collect())
}

/// What every command works with.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    pub common: &'a Common,
    /// Where keys may go besides Datadog, by the process environment.
    pub hosts: &'a Hosts,
    /// Where an environment's API is, and whether there are keys for it.
    pub reach: &'a Reaching<'a>,
    /// A variable of the process environment.
    pub variable: &'a Variable<'a>,
    /// A way to where pull requests are discussed; none without its token.
    pub forge: &'a Forging<'a>,
    /// What this run tells of itself.
    pub telemetry: &'a Arc<Telemetry>,
    pub connect: &'a Connecting<'a>,
}

/// Where an environment's API is, and whether its keys are set.
pub struct Reach {
    pub keys: bool,
    pub site: String,
}

/// Finds out [`Reach`], opening no connection.
pub type Reaching<'a> = dyn Fn(&Config, &Scope) -> anyhow::Result<Reach> + Sync + 'a;

/// Finds a way to the API of an environment, with its cache or without.
pub type Connecting<'a> = dyn Fn(&Config, &Scope, bool) -> anyhow::Result<Connection> + Sync + 'a;

/// Finds the way to where pull requests are discussed, by its system and the URL of its API.
pub type Forging<'a> = dyn Fn(System, &str) -> anyhow::Result<Option<Arc<dyn Wire>>> + Sync + 'a;

/// A way to an API, and what is to be said of it.
pub struct Connection {
    pub wire: Arc<dyn Wire>,
    /// As people know it: `datadoghq.eu`, a URL, `sandbox`.
    pub site: String,
    /// The web application.
    pub web: String,
    pub cache: Cache,
    /// The variables that the keys came from.
    pub variables: Vec<String>,
    pub secrets: Secrets,
}

/// Ended by an error that has been reported.
#[derive(Debug, thiserror::Error)]
#[error("see above")]
pub struct AlreadyReported;

/// The folder that a command starts in.
pub fn start(common: &Common) -> anyhow::Result<Utf8PathBuf> {
    if let Some(folder) = &common.directory {
        return Ok(folder.clone());
    }
    let current = std::env::current_dir().context("the current folder can't be read")?;
    Utf8PathBuf::from_path_buf(current)
        .map_err(|path| anyhow::anyhow!("the path {} is not UTF-8", path.display()))
}

impl Invocation<'_> {
    /// How an answer looks on stdout; what goes to a file or a pipe isn't wrapped.
    pub fn look(&self, color: bool, expand: bool) -> Look {
        let to_file = !self.common.output.is_empty();
        Look { color, expand, width: render::columns_of_stdout().filter(|_| !to_file) }
    }

    /// Writes an answer: to `-o FILE`, else to stdout.
    pub fn answer(
        &self,
        write: impl FnOnce(&mut dyn Write, bool) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        let speech = match self.asked() {
            Some(Format::Json | Format::Sarif | Format::Gitlab | Format::GitlabTerraform) => Speech::Json,
            Some(Format::Github) => Speech::Commands,
            _ => Speech::Text,
        };
        let Some(Output { path, .. }) = self.common.output.first() else {
            return Ok(render::speak(speech, Stream::Out, self.common.colors(), write)?);
        };
        let mut text = Vec::new();
        write(&mut text, false)?;
        self.deliver(path, &hidden::shown_bytes(&text), speech)
    }

    /// Writes a text to a path of the command line; where that is a stream of this process, it is printed.
    pub fn deliver(&self, path: &Utf8Path, text: &[u8], speech: Speech) -> anyhow::Result<()> {
        let stream = match files::standard_stream(path) {
            Some(files::StandardStream::Stdout) => Stream::Out,
            Some(files::StandardStream::Stderr) => Stream::Err,
            None => return replace_file(path, text),
        };
        Ok(render::speak(speech, stream, self.common.colors(), |out, _| out.write_all(text))?)
    }

    /// Refuses a path that an answer is to replace where the project itself was read from it: a definition that is
    /// written over by a plan is lost.
    pub fn spare(&self, path: &Utf8Path, config: &Config, sources: &Sources) -> anyhow::Result<()> {
        let real = path.canonicalize_utf8().ok().zip(config.root.canonicalize_utf8().ok());
        let own = real.and_then(|(path, root)| path.strip_prefix(&root).ok().map(ToOwned::to_owned));
        anyhow::ensure!(
            !own.is_some_and(|own| sources.holds(own.as_str())),
            "{path} is a file that this project is read from: an answer that replaces it would lose it. Name another one"
        );
        Ok(())
    }

    /// Says something beside the answer, on stderr; not where `--quiet` asks for silence.
    pub fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.common.quiet {
            return Ok(());
        }
        let line = self.worded(Severity::Info, text);
        Ok(render::print(Stream::Err, self.common.colors(), |out, _| writeln!(out, "{line}"))?)
    }

    /// A text as it stands on stderr: as it is, or as a line of a log.
    pub fn worded<'t>(&self, severity: Severity, text: &'t str) -> Cow<'t, str> {
        match self.common.log_format {
            LogFormat::Text => Cow::Borrowed(text),
            LogFormat::Json => log_line(severity, text, self.telemetry.ids(), Map::new()).into(),
        }
    }

    /// Warns of something that the answer is not, on stderr, also under `--quiet`. The text may be foreign.
    pub fn complain(&self, text: &str) -> anyhow::Result<()> {
        let text = render::sanitize::clean_lines(text);
        let line = match self.common.log_format {
            LogFormat::Text => format!("warning: {text}").into(),
            LogFormat::Json => self.worded(Severity::Warning, &text),
        };
        Ok(render::print(Stream::Err, self.common.colors(), |out, _| writeln!(out, "{line}"))?)
    }

    /// The folder that a path on the command line begins at: the one of `-C`, else the current one.
    pub fn at(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.common.directory.as_ref().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// The format asked for: by `--format`, else by the file that the answer goes to.
    fn asked(&self) -> Option<Format> {
        self.common.format.or_else(|| self.common.output.first()?.format())
    }

    /// The command line for each file that an answer goes to, as if it were the only one: one run writes them all.
    pub fn targets(&self) -> Vec<Common> {
        if self.common.output.len() < 2 {
            return vec![self.common.clone()];
        }
        let target = |output: &Output| Common {
            format: output.format().or(self.common.format),
            output: vec![output.clone()],
            ..self.common.clone()
        };
        self.common.output.iter().map(target).collect()
    }

    /// The format asked for, if the command has it.
    pub fn format(&self, known: &[Format]) -> anyhow::Result<Format> {
        let format = match self.common.format {
            Some(format) => format,
            None => self.asked().filter(|format| known.contains(format)).unwrap_or(Format::Text),
        };
        if !known.contains(&format) {
            let names = known.iter().filter_map(Format::to_possible_value);
            let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
            anyhow::bail!("this command writes no such format; --format takes {}", names.join(", "));
        }
        Ok(format)
    }
}

/// Writes a file as [`files::put`] does.
fn replace_file(path: &Utf8Path, text: &[u8]) -> anyhow::Result<()> {
    files::put(path, text).with_context(|| format!("{path} can't be written"))
}

/// Writes a whole file where there is none; false where there is one.
fn new_file(path: &Utf8Path, text: &[u8]) -> anyhow::Result<bool> {
    files::create(path.as_std_path(), text).with_context(|| format!("{path} can't be written"))
}
