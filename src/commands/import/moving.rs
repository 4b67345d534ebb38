//! `musher import terraform` and its like: what another tool manages becomes definitions here, by its ids.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use camino::Utf8Path;
use serde_json::Value;

use super::super::Invocation;
use super::super::declared::{Declared, declare};
use super::super::service::{Service, service};
use super::many::{Wish, conclude, take};
use super::said::Sum;
use crate::args::{self, Exit, Format};
use crate::client::Wanted;
use crate::kind::Kind;
use crate::model::Live;
use crate::moving::tracked::{self, Trace};
use crate::moving::{self, Found, Left, Owned, sync_cli, terraform};
use crate::render::progress::Progress;

/// What can be moved in from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Kennel,
    Serverless,
    SyncCli,
    Terraform,
}

/// The tool of a word in the place of a kind.
pub fn tool(word: &str) -> Option<Tool> {
    Some(match word {
        "kennel" => Tool::Kennel,
        "serverless" => Tool::Serverless,
        "sync-cli" => Tool::SyncCli,
        "terraform" => Tool::Terraform,
        _ => return None,
    })
}

impl Tool {
    /// What tells its objects apart by themselves, where no file does.
    fn trace(self) -> Option<fn(&Value) -> Option<Trace>> {
        match self {
            Self::Kennel => Some(tracked::kennel),
            Self::Serverless => Some(tracked::serverless),
            Self::SyncCli | Self::Terraform => None,
        }
    }
}

pub async fn run(invocation: &Invocation<'_>, options: &args::Import, tool: Tool) -> anyhow::Result<Exit> {
    if options.id.is_some() {
        bail!("--id names one resource: here each gets the name that its tool has for it");
    }
    match (tool.trace(), options.named.is_empty()) {
        (None, true) => {
            bail!("say which state: `musher import terraform terraform.tfstate`, or `-` for stdin")
        }
        (Some(_), false) => bail!("what it manages is found by the traces that it left: name no files"),
        _ => {}
    }
    if invocation.common.format.is_some_and(|format| format != Format::Yaml) {
        bail!("what is moved in is written as YAML");
    }
    let found = read_all(invocation, tool, &options.named)?;
    let declared = declare(invocation)?;
    let progress = Arc::new(Progress::start(invocation.common.shows_no_progress()));
    let service = service(invocation, &declared, &progress)?;
    let mut sum = Sum { left: found.left, others: found.others, ..Sum::default() };
    let wished = match tool.trace() {
        Some(trace) => traced(&declared, &service, trace, &mut sum).await?,
        None => {
            let owned = fresh(&declared, found.owned, &mut sum);
            let lives = read(&declared, &service, &owned).await?;
            wishes(owned, lives, &mut sum)
        }
    };
    let imports = take(&declared, wished, &mut sum);
    conclude(invocation, options, (&declared, &service, &progress), (imports, sum)).await
}

/// What the named files hold; of a folder of datadog-sync-cli, all in it.
fn read_all(invocation: &Invocation<'_>, tool: Tool, names: &[String]) -> anyhow::Result<Found> {
    let mut names: Vec<String> = names.to_vec();
    if tool == Tool::SyncCli {
        names =
            names.iter().map(|name| states(invocation, name)).collect::<anyhow::Result<Vec<_>>>()?.concat();
    }
    let mut found = Found::default();
    for name in &names {
        let text = text(invocation, name)?;
        let own = match tool {
            Tool::SyncCli => sync_cli::read(Utf8Path::new(name).file_stem().unwrap_or_default(), &text),
            _ => terraform::read(&text),
        };
        let own = own.map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
        found.owned.extend(own.owned);
        found.left.extend(own.left);
        found.others += own.others;
    }
    Ok(found)
}

/// The files of a state of datadog-sync-cli: of what it made, not of what it made it from.
fn states(invocation: &Invocation<'_>, name: &str) -> anyhow::Result<Vec<String>> {
    let folder = invocation.at(Utf8Path::new(name));
    if !folder.is_dir() {
        return Ok(vec![name.to_owned()]);
    }
    let below = folder.join("destination");
    let folder = if below.is_dir() { below } else { folder };
    let entries = folder.read_dir_utf8().with_context(|| format!("{folder} can't be read"))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = std::path::absolute(entry?.path())?;
        let path = path.to_str().map(str::to_owned).unwrap_or_default();
        if path.ends_with(".json") {
            found.push(path);
        }
    }
    anyhow::ensure!(
        !found.is_empty(),
        "{folder} holds no state of datadog-sync-cli: no file ends with .json"
    );
    found.sort();
    Ok(found)
}

/// What bears a trace, of all kinds in use.
async fn traced(
    declared: &Declared,
    service: &Service,
    trace: fn(&Value) -> Option<Trace>,
    sum: &mut Sum,
) -> anyhow::Result<Vec<Wish>> {
    let kinds: Vec<&Kind> = declared.kinds.iter().filter(|kind| kind.is_listed()).copied().collect();
    let bears = |_: &Kind, body: &Value| trace(body).is_some();
    let wanted = Wanted { kinds: kinds.clone(), filter: Some(&bears), ..Wanted::default() };
    let listed = service.client.list(&wanted).await.map_err(|failed| service.no_list(&kinds, failed))?;
    for (kind, id, refusal) in listed.unread {
        sum.left.push(Left::new(&format!("{} {id}", kind.name), format!("can't be read: {refusal}")));
    }
    let mut wishes = Vec::new();
    for live in listed.live {
        let kind = kinds.iter().copied().find(|kind| kind.section == live.section);
        if let Some((kind, Trace { name, id, folder })) = kind.zip(trace(&live.body)) {
            wishes.push(Wish { kind, live, id, from: name, file: folder });
        }
    }
    wishes.sort_by(|a, b| (&a.id, &a.live.id).cmp(&(&b.id, &b.live.id)));
    Ok(wishes)
}

/// A file as text, or stdin.
pub fn text(invocation: &Invocation<'_>, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(moving::LARGEST + 1).read_to_end(&mut bytes),
        path => std::fs::File::open(invocation.at(Utf8Path::new(path)))
            .and_then(|file| file.take(moving::LARGEST + 1).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("{name} can't be read"))?;
    if bytes.len() as u64 > moving::LARGEST {
        bail!("{name} is larger than {} MiB, which is not read", moving::LARGEST >> 20);
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not text in UTF-8"))
}

/// Those that nothing here declares, of kinds in use.
fn fresh(declared: &Declared, owned: Vec<Owned>, sum: &mut Sum) -> Vec<Owned> {
    let adopts: BTreeSet<(&str, &str)> = declared
        .resources
        .iter()
        .filter_map(|resource| Some((resource.address.section(), resource.directives.adopt.as_deref()?)))
        .collect();
    let mut fresh: Vec<Owned> = Vec::new();
    let mut seen = BTreeSet::new();
    for one in owned {
        if !declared.config.uses(one.kind) {
            let why =
                format!("is of a kind that `kinds:` of musher.yaml does not name: {}", one.kind.section);
            sum.left.push(Left { from: one.from, why });
        } else if adopts.contains(&(one.kind.section, one.datadog_id.as_str()))
            || !seen.insert((one.kind.section, one.datadog_id.clone()))
        {
            sum.already += 1;
        } else {
            fresh.push(one);
        }
    }
    fresh
}

/// The live objects, by section and id: all lists at once, and bodies of those alone that are wanted.
async fn read(
    declared: &Declared,
    service: &Service,
    owned: &[Owned],
) -> anyhow::Result<BTreeMap<(&'static str, String), Live>> {
    let mut ids: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for one in owned {
        ids.entry(one.kind.section).or_default().insert(one.datadog_id.clone());
    }
    let of_owned = |kind: &&&'static Kind| ids.contains_key(kind.section);
    let (listed, by_key): (Vec<&Kind>, Vec<&Kind>) =
        declared.kinds.iter().filter(of_owned).copied().partition(|kind| kind.is_listed());
    let none = |_: &Kind, _: &Value| false;
    let wanted =
        Wanted { kinds: listed.clone(), adopted: ids.clone(), filter: Some(&none), ..Wanted::default() };
    let mut found = BTreeMap::new();
    if !listed.is_empty() {
        let lists = service.client.list(&wanted).await.map_err(|failed| service.no_list(&listed, failed))?;
        found.extend(lists.live.into_iter().map(|live| ((live.section, live.id.clone()), live)));
    }
    for kind in by_key {
        let keys = ids.get(kind.section).into_iter().flatten();
        let answers = keys.map(|id| service.client.get(kind, id));
        let answers = futures_util::future::join_all(answers).await;
        found.extend(answers.into_iter().flatten().map(|live| ((live.section, live.id.clone()), live)));
    }
    Ok(found)
}

/// What is there of them, each with its name and file.
fn wishes(owned: Vec<Owned>, mut lives: BTreeMap<(&'static str, String), Live>, sum: &mut Sum) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for one in owned {
        let Owned { kind, datadog_id, id, from, folder, series } = one;
        let Some(live) = lives.remove(&(kind.section, datadog_id)) else {
            let why = "is not there under the id that its tool has: deleted, or another organisation's";
            sum.left.push(Left::new(&from, why));
            continue;
        };
        if let Some(series) = series {
            *sum.series.entry(series).or_default() += 1;
        }
        let file = match &*folder {
            "" => kind.section.to_owned(),
            folder => format!("{folder}/{}", kind.section),
        };
        wishes.push(Wish { kind, live, id, from, file });
    }
    wishes
}
