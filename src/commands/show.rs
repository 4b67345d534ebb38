//! `musher show`: one resource as it is rendered, as it is live, and how they differ; or a plan in a file.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use camino::Utf8Path;

use super::plan::{self, FORMATS};
use super::surveyed::declare_and_survey;
use super::{Invocation, template};
use crate::args::{self, Exit, Format};
use crate::canon;
use crate::fill::{answer, fill};
use crate::kind;
use crate::mark;
use crate::model::Address;
use crate::posted::{self, LARGEST, Posted};
use crate::render::plan_json;
use crate::render::show::{Shown, write_json, write_text};
use crate::saved::Seal;
use crate::selection::likely;
use crate::tell::names;

pub async fn run(invocation: &Invocation<'_>, options: &args::Show) -> anyhow::Result<Exit> {
    if let [file] = options.what.as_slice()
        && Utf8Path::new(file).extension() == Some("json")
    {
        return of_file(invocation, &invocation.at(Utf8Path::new(file)));
    }
    let format = invocation.format(&[Format::Text, Format::Json])?;
    let name = match options.what.as_slice() {
        [word] if word == "template" => return template::list(invocation, format),
        [word, name] if word == "template" => return template::show(invocation, name, format),
        [address] => address,
        _ => bail!("write `musher show ADDRESS`, or `musher show template NAME`"),
    };
    let Some(address) = Address::parse(name) else {
        bail!("`{name}` is not an address: write the section and the id, as in monitors/checkout-errors");
    };
    let (declared, _, surveyed) = declare_and_survey(invocation, false).await?;

    let resource = declared.resources.iter().find(|resource| resource.address == address);
    let change = surveyed.plan.changes.iter().find(|change| change.address == address);
    // What the plan takes for it: of clones the oldest, of what is moved or adopted the one that will bear the id.
    let known = surveyed.plan.known.get(&address).map(|known| &known.id);
    let id = known.or_else(|| change?.datadog_id.as_ref());
    let live = surveyed.live.iter().find(|live| live.section == address.section() && Some(&live.id) == id);
    let Some(kind) = kind::of_section(address.section()).filter(|_| resource.is_some() || live.is_some())
    else {
        let own = surveyed.plan.changes.iter().map(|change| &change.address);
        let known = declared.resources.iter().map(|resource| &resource.address).chain(own);
        bail!("`{address}` is neither declared nor live: {}", likely(address.as_str(), known));
    };
    let body = resource.map(|resource| resource.body.value());
    let wanted =
        body.as_ref().map(|body| fill(kind, body, &|reference| answer(&surveyed.plan.known, reference)));
    let bare = live.map(|live| {
        let mut body = live.body.clone();
        mark::strip(kind, &mut body);
        canon::normal(kind, &body)
    });
    let shown = Shown {
        address: &address,
        datadog_id: live.map(|live| live.id.as_str()),
        url: live.map(|live| live.url.as_str()),
        position: resource.map(|resource| &resource.origin.position),
        wanted: wanted.as_deref(),
        live: bare.as_ref(),
        change,
        references: &names(kind, &address, (wanted.as_deref(), bare.as_ref()), &surveyed.plan.known),
    };
    invocation.answer(|out, color| match format {
        Format::Json => write_json(shown, out),
        _ => write_text(shown, invocation.look(color, true), out),
    })?;
    Ok(Exit::Fine)
}

/// A plan in a file, in any format. Whoever wrote it, it is only shown.
fn of_file(invocation: &Invocation<'_>, path: &Utf8Path) -> anyhow::Result<Exit> {
    let format = invocation.format(&FORMATS)?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("{path} can't be read"))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("{path} can't be read"))?;
    let posted = posted::read(&bytes).with_context(|| format!("{path} can't be shown"))?;
    let Posted::Plan(plan) = posted else {
        bail!("{path} holds no plan: the plan failed, or it is the report of an apply")
    };
    match format {
        Format::Json => invocation.answer(|out, _| plan_json::write(&plan, &Seal::default(), out))?,
        _ => plan::show(invocation, &plan, format, false)?,
    }
    Ok(Exit::Fine)
}
