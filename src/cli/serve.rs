//! The sandbox as a server on loopback, and its end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use camino::Utf8PathBuf;

use crate::args::{Common, Exit, Serve};
use crate::commands;
use crate::config;
use crate::render::{self, Stream};
use crate::sandbox::{self, Behaviour, Faults, Keys, Limits, Sandbox, Serving};

pub async fn serve(common: &Common, options: &Serve) -> anyhow::Result<Exit> {
    let read = |name: &str, error: String| anyhow!("--{name}: {error}");
    let behaviour = Behaviour {
        latency: Duration::from_millis(options.latency),
        faults: Faults::parse(options.faults.as_deref().unwrap_or_default())
            .map_err(|error| read("faults", error))?,
        limits: Limits::parse(options.limits.as_deref().unwrap_or_default())
            .map_err(|error| read("limits", error))?,
        seed: options.seed,
        ..Behaviour::default()
    };
    let folder = folder(common)?;
    let sandbox = Sandbox::open(folder.as_std_path())?;
    sandbox.behave(behaviour);
    let serving = Serving { sandbox: Arc::new(sandbox), port: options.port, keys: keys(options)? };
    let (colors, quiet) = (common.colors(), common.quiet);
    let bound = |address: std::net::SocketAddr| {
        let text = format!(
            "The sandbox listens on http://{address}, its state is in {folder}.\n\
             Use it with DATADOG_HOST=http://{address} and any text as DD_API_KEY and DD_APP_KEY. Ctrl-C ends it.\n"
        );
        if !quiet {
            // Whoever starts a server in a script may not read what it says.
            let _ = render::print(Stream::Out, colors, |out, _| out.write_all(text.as_bytes()));
        }
    };
    sandbox::serve(serving, bound, ended()).await?;
    Ok(Exit::Fine)
}

fn keys(options: &Serve) -> anyhow::Result<Keys> {
    if !options.check_keys {
        return Ok(Keys::Any);
    }
    let variable = |name: &str| {
        super::connect::variable(name).ok_or_else(|| anyhow!("--check-keys needs {name} to be set"))
    };
    Ok(Keys::These { api: variable("DD_API_KEY")?, app: variable("DD_APP_KEY")? })
}

async fn ended() {
    // Without a handler the signal ends the process by itself.
    let _ = tokio::signal::ctrl_c().await;
}

pub fn reset(common: &Common) -> anyhow::Result<Exit> {
    let folder = folder(common)?;
    sandbox::reset(folder.as_std_path())?;
    if !common.quiet {
        let text = format!("The sandbox in {folder} is empty.\n");
        render::print(Stream::Err, common.colors(), |out, _| out.write_all(text.as_bytes()))?;
    }
    Ok(Exit::Fine)
}

/// The project's sandbox; outside of a project, one in the folder at hand.
fn folder(common: &Common) -> anyhow::Result<Utf8PathBuf> {
    let from = crate::commands::start(common)?;
    commands::sandbox(&config::find(&from).unwrap_or(from))
}
