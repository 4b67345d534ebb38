//! `musher explain`: a diagnostic by its code, and all codes.

use anyhow::bail;

use super::Invocation;
use crate::args::{self, Exit};
use crate::explain::{chapters, explain};
use crate::render;

pub fn run(invocation: &Invocation<'_>, options: &args::Explain) -> anyhow::Result<Exit> {
    let Some(code) = &options.code else {
        invocation.answer(|out, color| render::explain::write_all(&chapters(), color, out))?;
        return Ok(Exit::Fine);
    };
    match explain(code) {
        Ok(one) => invocation.answer(|out, color| render::explain::write_one(&one, color, out))?,
        Err(help) => bail!("there is no code `{code}`: {help}; `musher explain` lists all"),
    }
    Ok(Exit::Fine)
}
