//! The sandbox as a server on loopback, and its end.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};

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
    let (colors, quiet, environments) =
        (common.colors(), common.quiet, commands::environments(common, &super::connect::hosts()));
    let bound = |address: SocketAddr| {
        let text = reported(address, &folder, environments.as_ref());
        if !quiet {
            // Whoever starts a server in a script may not read what it says.
            let _ = render::print(Stream::Out, colors, |out, _| out.write_all(text.as_bytes()));
        }
    };
    let port = options.port;
    match sandbox::serve(serving, bound, ended()).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "the port {port} is in use by another process: choose another by --port, or --port 0 for any free one"
        ),
        ended => ended?,
    }
    Ok(Exit::Fine)
}

/// What to do with the server; `environments` are those of the project at hand, with whether they are the sandbox in
/// process.
fn reported(address: SocketAddr, folder: &Utf8Path, environments: Option<&Vec<(String, bool)>>) -> String {
    let mut text =
        format!("The sandbox listens on http://{address}, its state is in {folder}. Ctrl-C ends it.\n");
    let own = environments.into_iter().flatten();
    let in_process: Vec<String> =
        own.clone().filter(|(_, sandbox)| *sandbox).map(|(name, _)| format!("`{name}`")).collect();
    let free = |name: &&str| own.clone().all(|(own, _)| own != name);
    let name = ["served", "served-sandbox"].iter().find(|name| free(name)).unwrap_or(&"NAME");
    if environments.is_some() {
        let _ = write!(
            text,
            "\nAdd this to `environments:` of musher.yaml:\n\n    {name}: {{api_url: http://{address}}}\n\n\
             and use it with `-e {name}` and any text as DD_API_KEY and DD_APP_KEY.\n"
        );
    } else {
        let _ = writeln!(
            text,
            "Use it with DATADOG_HOST=http://{address} and any text as DD_API_KEY and DD_APP_KEY."
        );
    }
    if !in_process.is_empty() {
        let (noun, says) =
            if in_process.len() == 1 { ("environment", "says") } else { ("environments", "say") };
        let _ = writeln!(
            text,
            "DATADOG_HOST is not used by the {noun} {}, which {says} `api: sandbox`:\n\
             that is the same state without this server, its latency, faults and limits.",
            in_process.join(", ")
        );
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_to_add_and_what_is_not_used() {
        let address: SocketAddr = "127.0.0.1:18126".parse().expect("an address");
        let reported = |environments| reported(address, Utf8Path::new(".musher/sandbox"), environments);
        let own = vec![("sandbox".to_owned(), true), ("prod".to_owned(), false)];
        let text = reported(Some(&own));
        assert!(
            text.contains("\n    served: {api_url: http://127.0.0.1:18126}\n")
                && text.contains("`-e served`"),
            "{text}"
        );
        assert!(text.contains("not used by the environment `sandbox`, which says `api: sandbox`"), "{text}");
        let own = vec![("served".to_owned(), false)];
        let text = reported(Some(&own));
        assert!(text.contains("    served-sandbox: {") && !text.contains("DATADOG_HOST"), "{text}");
        let text = reported(None);
        assert!(
            text.contains("DATADOG_HOST=http://127.0.0.1:18126") && !text.contains("musher.yaml"),
            "{text}"
        );
    }
}
