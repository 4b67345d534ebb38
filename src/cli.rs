//! Reads the command line and runs its command; picks the wire; the table of exit codes.

mod connect;
mod serve;
mod tree;

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::FromArgMatches as _;
use clap::error::ErrorKind;

use crate::args::{Cli, Command, Exit, Sandbox};
use crate::commands::{self, Invocation};
use crate::http;
use crate::render::{self, Stream};

/// Reads the command line, runs the command, prints what went wrong.
pub fn run() -> ExitCode {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let parsed = tree::tree().try_get_matches_from(&words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        let wrong = matches.subcommand_name().and_then(|name| tree::refused(name, &cli.common));
        match wrong {
            Some(text) => Err(tree::tree().error(ErrorKind::ArgumentConflict, text)),
            None => Ok(cli),
        }
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            return usage(&tree::with_tip(error, &words));
        }
    };
    http::install_crypto();
    let colors = cli.common.colors();
    let exit = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(dispatch(cli)),
        Err(error) => Err(anyhow::Error::new(error).context("the runtime can't be started")),
    };
    let exit = exit.unwrap_or_else(|error| {
        // What has been reported has no words of its own.
        if !error.is::<commands::AlreadyReported>() {
            render::failure(&error, colors);
        }
        Exit::Error
    });
    ExitCode::from(exit as u8)
}

/// Help and version are answers; all else is wrong usage, whose code must not be the one that means changes.
fn usage(error: &clap::Error) -> ExitCode {
    let (stream, exit) =
        if error.use_stderr() { (Stream::Err, Exit::Error) } else { (Stream::Out, Exit::Fine) };
    let text = error.render();
    // Where nothing can be printed, the exit code still says it.
    let _ = render::print(stream, ColorChoice::Auto, |out, color| {
        let plain = text.to_string();
        let shown = render::sanitize::clean_lines(&plain);
        if color && shown == plain { write!(out, "{}", text.ansi()) } else { write!(out, "{shown}") }
    });
    ExitCode::from(exit as u8)
}

async fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let mut common = cli.common;
    common.environment = common.environment.or_else(|| connect::variable("MUSHER_ENVIRONMENT"));
    let hosts = connect::hosts();
    let invocation = Invocation {
        common: &common,
        hosts: &hosts,
        reach: &connect::reach,
        variable: &connect::variable,
        forge: &connect::forge,
        connect: &connect::connect,
    };
    match cli.command {
        Command::Init(options) => commands::init::run(&invocation, &options),
        Command::Validate(options) => commands::validate::run(&invocation, &options).await,
        Command::Plan(options) => commands::plan::run(&invocation, &options).await,
        Command::Comment(options) => commands::comment::run(&invocation, &options).await,
        Command::Drift(options) => commands::drift::run(&invocation, &options).await,
        Command::Apply(options) => commands::apply::run(&invocation, &options).await,
        Command::Export(options) => commands::export::run(&invocation, &options).await,
        Command::Import(options) => commands::import::run(&invocation, &options).await,
        Command::Forget(options) => commands::forget::run(&invocation, &options).await,
        Command::Pull(options) => commands::pull::run(&invocation, &options).await,
        Command::Ignore(options) => commands::ignore::run(&invocation, &options),
        Command::List => commands::list::run(&invocation).await,
        Command::Show(options) => commands::show::run(&invocation, &options).await,
        Command::Explain(options) => commands::explain::run(&invocation, &options),
        Command::Schema(options) => commands::schema::run(&invocation, &options),
        Command::Sandbox(Sandbox::Serve(options)) => serve::serve(&common, &options).await,
        Command::Sandbox(Sandbox::Reset) => serve::reset(&common),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut tree::tree(), "musher", &mut script);
            invocation.answer(|out, _| out.write_all(&script))?;
            Ok(Exit::Fine)
        }
        Command::Man { folder } => {
            let folder = invocation.at(&folder);
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(tree::tree(), &folder)?;
            Ok(Exit::Fine)
        }
    }
}
