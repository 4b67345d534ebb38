//! The file of `apply PLAN.json`: read, taken for the command line, held against what is true now.

use std::fs::File;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::declared::Declared;
use crate::args::Common;
use crate::config::Config;
use crate::model::Plan;
use crate::render::plan_json;
use crate::saved::{self, Now, Saved, moved, seal};

/// A saved plan, and the file that it came from.
pub struct Sealed {
    path: Utf8PathBuf,
    saved: Saved,
}

pub fn open(path: &Utf8Path) -> anyhow::Result<Sealed> {
    let file = File::open(path).with_context(|| match path.as_str().contains(['.', '/']) {
        true => format!("{path} can't be read"),
        false => format!(
            "{path} can't be read: an environment is named by `-e {path}`, and this names a saved plan"
        ),
    })?;
    let saved = saved::read(file).with_context(|| format!("{path} can't be applied"))?;
    Ok(Sealed { path: path.to_owned(), saved })
}

impl Sealed {
    /// The flags as the plan was made with them: its environment and `--only`.
    pub fn common(&self, given: &Common) -> anyhow::Result<Common> {
        let environment = &self.saved.environment;
        if given.environment.is_some() && given.environment != *environment {
            let (given, own) = (given.environment.as_deref(), environment.as_deref());
            bail!(
                "{} was planned for the environment {}, not for {}: say `-e {}`, or plan again",
                self.path,
                own.unwrap_or("none"),
                given.unwrap_or("none"),
                own.unwrap_or("none"),
            );
        }
        if !given.only.is_empty() && given.only != self.saved.seal.only {
            bail!("{} was not planned with that `--only`: leave it out, or plan again with it", self.path);
        }
        let only = self.saved.seal.only.clone();
        Ok(Common { environment: environment.clone(), only, ..given.clone() })
    }

    /// Refuses a plan that names its environment alone, where there are several: whoever may change the file could choose.
    pub fn agree(&self, given: &Common, config: &Config) -> anyhow::Result<()> {
        if given.environment.is_some() || config.environments.len() < 2 {
            return Ok(());
        }
        let own = self.saved.environment.as_deref().unwrap_or("none");
        bail!(
            "the project has several environments: say with `-e` which one {} is for (it says {own})",
            self.path
        )
    }

    /// Refuses, naming each thing that is no longer as it was when the plan was made.
    pub fn hold(&self, declared: &Declared, plan: &Plan) -> anyhow::Result<()> {
        let seal = seal(plan, &declared.resources, &self.saved.seal.only);
        let now = Now { plan, seal: &seal, entry: &plan_json::value, summary: plan_json::summary(plan) };
        let moved = moved(&self.saved, &now);
        if moved.is_empty() { Ok(()) } else { Err(self.refusal(moved.into_iter())) }
    }

    pub fn refusal(&self, moved: impl Iterator<Item = String>) -> anyhow::Error {
        let lines: String = moved.map(|line| format!("\n  - {line}")).collect();
        anyhow::anyhow!("{} no longer fits, and nothing was changed:{lines}\nPlan again", self.path)
    }
}
