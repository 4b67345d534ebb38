//! GitHub or GitLab, where this run is a job of theirs: what it is about, and a way there.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::Value;

use super::Invocation;
use crate::forge::{self, Context, Forge, SendError, System};
use crate::render::comment::Footer;

/// An event's file is not larger.
const LARGEST: u64 = 32 << 20;

/// What the job is about.
pub fn context(invocation: &Invocation<'_>, system: System, number: Option<u64>) -> anyhow::Result<Context> {
    let path = (invocation.variable)("GITHUB_EVENT_PATH").filter(|_| system == System::Github);
    let event = match path {
        None => Value::Null,
        Some(path) => {
            let read = || -> anyhow::Result<Value> {
                let mut bytes = Vec::new();
                std::fs::File::open(&path)?.take(LARGEST).read_to_end(&mut bytes)?;
                Ok(serde_json::from_slice(&bytes)?)
            };
            read().with_context(|| format!("the event of this job can't be read from {path}"))?
        }
    };
    Ok(forge::read(system, number, invocation.variable, &event)?)
}

/// A way there; none where no token is set.
pub fn open(invocation: &Invocation<'_>, context: &Context) -> anyhow::Result<Option<Forge>> {
    let wire = (invocation.forge)(context.system, &context.api)?;
    Ok(wire.map(|wire| Forge::new(context.clone(), wire)))
}

pub fn footer(context: Option<&Context>) -> Footer {
    Footer {
        commit: context.and_then(|context| context.commit.clone()),
        run: context.and_then(|context| context.run.clone()),
    }
}

/// A failure with what is to be done about it.
pub fn explained(forge: &Forge, permission: &str, error: SendError) -> anyhow::Error {
    let remedy = forge.remedy(&error, permission);
    match remedy {
        Some(remedy) => anyhow::anyhow!("{error}: {remedy}"),
        None => error.into(),
    }
}
