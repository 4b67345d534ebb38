//! Reads the command line and runs its command; picks the wire; the table of exit codes.

mod connect;
mod serve;
mod tree;

use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::FromArgMatches as _;
use clap::error::ErrorKind;
use serde_json::Map;

use crate::args::{Cli, Command, Exit, LogFormat, Sandbox};
use crate::commands::{self, Invocation};
use crate::http;
use crate::render::log::Severity;
use crate::render::{self, Stream};
use crate::telemetry::{self, Farewell, Telemetry};

/// Reads the command line, runs the command, prints what went wrong.
pub fn run() -> ExitCode {
    let cli = match read() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    http::install_crypto();
    let (colors, format) = (cli.common.colors(), cli.common.log_format);
    let exit = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let telemetry = {
                let _within = runtime.enter();
                let all = std::env::vars_os();
                let readable = all
                    .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
                telemetry::keep_secret(readable);
                match watched(&cli.command) {
                    Some(name) => Telemetry::start(name, &connect::variable, runtime.handle()),
                    None => Telemetry::off(),
                }
            };
            let (telemetry, quiet) = (Arc::new(telemetry), cli.common.quiet);
            let exit = runtime.block_on(dispatch(cli, &telemetry));
            let exit = concluded(exit, &telemetry, (colors, format));
            // The runtime lives on: what is left to be sent needs it.
            let fails = !matches!(exit, Exit::Fine | Exit::Changes);
            let farewell = telemetry.end(exit as u8, fails);
            if !quiet {
                part(farewell, &telemetry, format);
            }
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            let wrong = anyhow::Error::new(error).context("the runtime can't be started");
            concluded(Err(wrong), &Telemetry::off(), (colors, format))
        }
    };
    ExitCode::from(exit as u8)
}

/// The exit of a run; what ended it is reported.
fn concluded(
    exit: anyhow::Result<Exit>,
    telemetry: &Telemetry,
    (colors, format): (ColorChoice, LogFormat),
) -> Exit {
    exit.unwrap_or_else(|error| {
        // What has been reported has no words of its own.
        if !error.is::<commands::AlreadyReported>() {
            match format {
                LogFormat::Text => render::failure(&error, colors),
                LogFormat::Json => {
                    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
                    said(&commands::log_line(
                        Severity::Error,
                        &texts.join(": "),
                        telemetry.ids(),
                        Map::new(),
                    ));
                }
            }
        }
        Exit::Error
    })
}

/// The command line as it was typed; what is wrong with it is printed.
fn read() -> Result<Cli, ExitCode> {
    let words: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let parsed = tree::tree().try_get_matches_from(&words).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        let wrong = matches.subcommand_name().and_then(|name| tree::refused(name, &cli.common));
        match wrong {
            Some(text) => Err(tree::tree().error(ErrorKind::ArgumentConflict, text)),
            None => Ok(cli),
        }
    });
    parsed.map_err(|error| {
        let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        usage(&tree::with_tip(error, &words))
    })
}

/// Says what telemetry has to say; the trace, by which a run is found, stands last.
fn part(farewell: Farewell, telemetry: &Telemetry, format: LogFormat) {
    let Farewell { warnings, trace } = farewell;
    let line = |severity, text: &str| commands::log_line(severity, text, telemetry.ids(), Map::new());
    for text in warnings {
        match format {
            LogFormat::Text => said(&format!("warning: {}", render::sanitize::clean_lines(&text))),
            LogFormat::Json => said(&line(Severity::Warning, &text)),
        }
    }
    if let Some(trace) = trace {
        match format {
            LogFormat::Text => said(&format!("trace {trace}")),
            LogFormat::Json => said(&line(Severity::Info, &format!("trace {trace}"))),
        }
    }
}

/// Prints a line on stderr. Where that can't be done the exit code still says how it went.
fn said(line: &str) {
    let _ = render::print(Stream::Err, ColorChoice::Auto, |out, _| writeln!(out, "{line}"));
}

/// The name of a command whose runs are worth watching.
fn watched(command: &Command) -> Option<&'static str> {
    Some(match command {
        Command::Validate(_) => "validate",
        Command::Plan(_) => "plan",
        Command::Comment(_) => "comment",
        Command::Drift(_) => "drift",
        Command::Apply(_) => "apply",
        Command::Export(_) => "export",
        Command::Import(_) => "import",
        Command::Forget(_) => "forget",
        Command::List(_) => "list",
        Command::Show(_) => "show",
        Command::Coverage(_) => "coverage",
        Command::Readiness(_) => "readiness",
        _ => return None,
    })
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

async fn dispatch(cli: Cli, telemetry: &Arc<Telemetry>) -> anyhow::Result<Exit> {
    let mut common = cli.common;
    common.environment = common.environment.or_else(|| connect::variable("MUSHER_ENVIRONMENT"));
    let hosts = connect::hosts();
    let invocation = Invocation {
        common: &common,
        hosts: &hosts,
        reach: &connect::reach,
        variable: &connect::variable,
        forge: &connect::forge,
        telemetry,
        connect: &connect::connect,
    };
    match cli.command {
        Command::Init(options) => commands::init::run(&invocation, &options),
        Command::Validate(options) => commands::validate::run(&invocation, &options).await,
        Command::Plan(options) => commands::plan::run(&invocation, &options).await,
        Command::Coverage(options) => commands::coverage::run(&invocation, &options).await,
        Command::Readiness(options) => commands::readiness::run(&invocation, &options).await,
        Command::Comment(options) => commands::comment::run(&invocation, &options).await,
        Command::Drift(options) => commands::drift::run(&invocation, &options).await,
        Command::Apply(options) => commands::apply::run(&invocation, &options).await,
        Command::Export(options) => commands::export::run(&invocation, &options).await,
        Command::Import(options) => commands::import::run(&invocation, &options).await,
        Command::Forget(options) => commands::forget::run(&invocation, &options).await,
        Command::Pull(options) => commands::pull::run(&invocation, &options).await,
        Command::Ignore(options) => commands::ignore::run(&invocation, &options),
        Command::List(options) => commands::list::run(&invocation, &options).await,
        Command::Show(options) => commands::show::run(&invocation, &options).await,
        Command::Render(options) => commands::packed::run(&invocation, &options),
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
