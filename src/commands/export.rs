//! `musher export`: live objects as files, one each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use futures_util::StreamExt as _;
use serde_json::{Map, Value, json};

use super::declared::{Declared, declare, declare_nothing, report};
use super::ledger::Ledger;
use super::order;
use super::service::{Service, service};
use super::{AlreadyReported, Invocation};
use crate::args::{self, Common, Exit, Format};
use crate::client::{Fault, Refusal, Wanted};
use crate::diagnostic::{Diagnostic, known_words};
use crate::files;
use crate::hidden;
use crate::kind::{self, KINDS, Kind, wrap};
use crate::load;
use crate::mark;
use crate::model::{Address, Live};
use crate::render::export::{self, Written};
use crate::render::progress::Progress;
use crate::render::{self, Speech, Stream};
use crate::write::{escape, name, secret, web, yaml};

/// Every kind in use, in the place of one.
pub const ALL: &str = "all";
/// So many objects are being read while others are written.
const AT_ONCE: usize = 32;

pub async fn run(invocation: &Invocation<'_>, options: &args::Export) -> anyhow::Result<Exit> {
    let format = invocation.common.format.unwrap_or(Format::Json);
    if !matches!(format, Format::Json | Format::Yaml) {
        bail!("an export is JSON or YAML: --format takes json, yaml");
    }
    let kind = if options.kind == ALL { None } else { Some(kind_of(&options.kind)?) };
    let is_filtered = options.which.all || options.which.managed || options.which.unmanaged;
    if options.named.is_empty()
        && !is_filtered
        && options.which.query.is_none()
        && options.which.tag.is_empty()
    {
        bail!("say what to export: ids or URLs, or --all, --managed, --unmanaged, --query TEXT, --tag TAG");
    }
    if kind.is_some_and(Kind::is_order) {
        return orders(invocation, options).await;
    }
    // What is written is what stands now.
    let common = Common { no_cache: true, ..invocation.common.clone() };
    let invocation = &Invocation { common: &common, ..*invocation };
    if let Some(kind) = kind.filter(|kind| options.named.is_empty() && !kind.is_listed()) {
        bail!("the service does not list its {}: name those that are to be exported", kind.section);
    }
    if kind.is_none() && !options.named.is_empty() {
        bail!("ids are of one kind: name it in the place of `{ALL}`");
    }
    let declared = declare_nothing(invocation)?;
    let progress = Arc::new(Progress::start(common.shows_no_progress()));
    let service = service(invocation, &declared, &progress)?;
    let folder = invocation.at(common.output.first().map_or(Utf8Path::new(""), |output| &output.path));
    let kinds = match kind {
        Some(kind) => vec![kind],
        None => KINDS.into_iter().filter(|kind| declared.config.uses(kind) && kind.is_listed()).collect(),
    };
    if kind.is_none() && files::is_special(&folder) {
        bail!("objects of all kinds are a folder for each kind: -o takes a folder");
    }
    let all = (&kinds[..], folder.as_path(), format);
    let (written, missed) = of_kinds(invocation, (&declared, &service, &progress), all, options).await?;
    progress.end();
    let refused = written.iter().any(|file| matches!(file, Written::Refused(_)));
    if !files::is_special(&folder) {
        render::print(Stream::Out, common.colors(), |out, _| export::write(&written, out))?;
    }
    invocation.say(&export::summary(kind.map_or("object", |kind| kind.name), &written))?;
    service.tell_counts(invocation)?;
    Ok(match (refused || missed > 0, missed > 0 && !written.is_empty()) {
        (_, true) => Exit::Incomplete,
        (true, _) => Exit::Error,
        _ => Exit::Fine,
    })
}

/// The objects of some kinds, written; and how many of them, and kinds, can't be had.
async fn of_kinds(
    invocation: &Invocation<'_>,
    (declared, service, progress): (&Declared, &Service, &Progress),
    (kinds, folder, format): (&[&'static Kind], &Utf8Path, Format),
    options: &args::Export,
) -> anyhow::Result<(Vec<Written>, usize)> {
    let definitions = declared.config.root.join(&declared.config.definitions);
    let (mut written, mut missed, mut forbidden) = (Vec::new(), 0, Vec::new());
    for kind in kinds {
        let folder = if kinds.len() > 1 { folder.join(kind.section) } else { folder.to_owned() };
        files::sweep(&folder);
        let declares = files::within(&definitions, &folder).map(|_| declared);
        let plan = Plan { folder, format, force: options.force, declares };
        match one_kind(invocation, (declared, service, progress), (kind, options), &plan).await {
            Ok((own, left)) => {
                written.extend(own);
                missed += left;
            }
            Err(error) if kinds.len() > 1 && is_forbidden(&error) => forbidden.push((*kind, error)),
            Err(error) => return Err(error),
        }
    }
    missed += forbidden.len();
    match forbidden.pop() {
        // Keys that may list nothing at all are wrong keys.
        Some((_, error)) if forbidden.len() + 1 == kinds.len() => return Err(error),
        last => forbidden.extend(last),
    }
    for (kind, _) in &forbidden {
        let needed = kind.api.read.join("`, `");
        invocation.complain(&format!(
            "{} are left out: these keys may not list them, and need the scope `{needed}`",
            kind.section
        ))?;
    }
    Ok((written, missed))
}

/// Whether the keys may not do what failed.
fn is_forbidden(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.fault == Fault::Forbidden))
}

/// The objects of one kind, written; and how many can't be had.
async fn one_kind(
    invocation: &Invocation<'_>,
    (declared, service, progress): (&Declared, &Service, &Progress),
    (kind, options): (&'static Kind, &args::Export),
    plan: &Plan<'_>,
) -> anyhow::Result<(Vec<Written>, usize)> {
    let is_stream = files::is_special(&plan.folder);
    // A tag stands in the whole body alone, and what is to adopt is told at each export.
    let may_resume = options.named.is_empty()
        && options.which.tag.is_empty()
        && kind.api.list.summary.is_some()
        && plan.declares.is_none()
        && !is_stream;
    if may_resume {
        return resumed(invocation, (declared, service, progress), (kind, options), plan).await;
    }
    let (live, missed) = if options.named.is_empty() {
        let (live, missed, idle) = listed(invocation, declared, service, kind, options).await?;
        refuse_idle(invocation, declared, progress, &idle)?;
        (live, missed)
    } else {
        named(invocation, service, kind, &options.named).await?
    };
    let missed = missed + live.iter().filter(|live| no_file_for(kind, live).is_some()).count();
    Ok((write(invocation, kind, live, plan, (&mut BTreeSet::new(), &mut |_, _| {}))?, missed))
}

fn refuse_idle(
    invocation: &Invocation<'_>,
    declared: &Declared,
    progress: &Progress,
    idle: &[Diagnostic],
) -> anyhow::Result<()> {
    if idle.is_empty() {
        return Ok(());
    }
    progress.end();
    report(invocation, idle, &declared.sources)?;
    Err(AlreadyReported.into())
}

/// Of a kind whose list shows summaries: each object is read and written by itself, and only where its file does not say
/// already how it was changed last.
async fn resumed(
    invocation: &Invocation<'_>,
    (declared, service, progress): (&Declared, &Service, &Progress),
    (kind, options): (&'static Kind, &args::Export),
    plan: &Plan<'_>,
) -> anyhow::Result<(Vec<Written>, usize)> {
    let (summaries, idle) = summaries(declared, service, kind, options).await?;
    refuse_idle(invocation, declared, progress, &idle)?;
    let mut ledger = Ledger::open(&plan.folder, &service.site, plan.format);
    let modified = |body: &Value| {
        let at = kind.api.list.summary.map(|summary| summary.modified).unwrap_or_default();
        body.get(at).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let (mut written, mut missed, mut missing) = (Vec::new(), 0, Vec::new());
    let (mut stems, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (id, body) in &summaries {
        let stem = name::of_file(kind.name, kind.title(body), id);
        match ledger.holds(kind.section, id, &modified(body), &stem) {
            Some(path) => {
                taken.insert(stem.clone());
                written.push(Written::Same(path));
            }
            None => missing.push((id, body)),
        }
        stems.insert(id.clone(), stem);
    }
    for path in ledger.others(kind.section, &stems).into_iter().filter(|_| options.which.all) {
        invocation.complain(&format!("{path} is left: its {} is gone or has another name now", kind.name))?;
    }
    let reads = missing
        .into_iter()
        .enumerate()
        .map(|(at, (id, shown))| async move { (at, id, service.client.shown(kind, id, shown).await) });
    // As they come: one that is slow holds up no other, and what was read is written before more is.
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut read = BTreeMap::new();
    while let Some((at, id, answer)) = reads.next().await {
        let live = match answer {
            Ok(Some(live)) => live,
            // Gone since it was listed.
            Ok(None) => continue,
            // The list could be read: one that is restricted hides no others.
            Err(refusal) if refusal.fault == Fault::Unauthorized => {
                return Err(service.explain(&[kind], refusal));
            }
            Err(refusal) => {
                invocation.complain(&format!("the {} {id} can't be read: {refusal}", kind.name))?;
                missed += 1;
                continue;
            }
        };
        missed += usize::from(no_file_for(kind, &live).is_some());
        let changed = modified(&live.body);
        let mut note = |path: &Utf8Path, text: &[u8]| ledger.note((kind.section, id), &changed, path, text);
        read.insert(at, write(invocation, kind, vec![live], plan, (&mut taken, &mut note))?);
    }
    written.extend(read.into_values().flatten());
    Ok((written, missed))
}

/// What a list shows of the objects that the filters let through, sorted by id.
async fn summaries(
    declared: &Declared,
    service: &Service,
    kind: &'static Kind,
    options: &args::Export,
) -> anyhow::Result<(Vec<(String, Value)>, Vec<Diagnostic>)> {
    let found: Mutex<Vec<(String, Value)>> = Mutex::default();
    let (passes, ours) = (Passes::of(declared, options), Mutex::default());
    let see = |kind: &Kind, body: &Value| {
        let id = body.get(kind.api.id.at).and_then(Value::as_str);
        if let Some(id) = id.filter(|_| passes.lets(kind, body, &ours)) {
            found.lock().unwrap_or_else(PoisonError::into_inner).push((id.to_owned(), body.clone()));
        }
        false
    };
    let wanted = Wanted {
        kinds: vec![kind],
        owner: options.which.managed.then_some(&declared.scope.owner),
        filter: Some(&see),
        ..Wanted::default()
    };
    service.client.list(&wanted).await.map_err(|failed| service.no_list(&[kind], failed))?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by(|a, b| (a.0.len(), &a.0).cmp(&(b.0.len(), &b.0)));
    Ok((found, passes.idle(ours)))
}

/// Judges an object by what is asked for.
struct Passes<'a> {
    declared: &'a Declared,
    which: &'a args::Which,
    text: Option<String>,
}

impl<'a> Passes<'a> {
    fn of(declared: &'a Declared, options: &'a args::Export) -> Self {
        let text = options.which.query.as_ref().map(|text| text.to_lowercase());
        Self { declared, which: &options.which, text }
    }

    /// `ours` takes the addresses of what this project owns.
    fn lets(&self, kind: &Kind, body: &Value, ours: &Mutex<BTreeSet<Address>>) -> bool {
        let mark = mark::read(kind, body);
        let address = mark.as_ref().map(|mark| Address::new(kind.section, &mark.id));
        let owner = &self.declared.scope.owner;
        if self.which.managed && mark.as_ref().is_some_and(|mark| mark.owner == *owner) {
            ours.lock().unwrap_or_else(PoisonError::into_inner).extend(address.clone());
        }
        let is_titled =
            |text: &String| kind.title(body).is_some_and(|title| title.to_lowercase().contains(text));
        self.text.as_ref().is_none_or(is_titled)
            && !(self.which.unmanaged && mark.is_some())
            && address.is_none_or(|address| !self.which.managed || self.declared.selects(&address))
    }

    /// What is wrong with `--only`, which selects among our own.
    fn idle(&self, ours: Mutex<BTreeSet<Address>>) -> Vec<Diagnostic> {
        let ours = ours.into_inner().unwrap_or_else(PoisonError::into_inner);
        if self.which.managed { self.declared.only.idle(ours.iter()) } else { Vec::new() }
    }
}

/// The kind of a word on the command line.
pub fn kind_of(word: &str) -> anyhow::Result<&'static Kind> {
    kind::of_name(word).with_context(|| {
        let names = KINDS.iter().chain([&&kind::ORDER]).map(|kind| kind.name);
        format!("there is no kind `{word}`: {}", known_words(word, names))
    })
}

/// Orders as definitions, a file each: they are no objects of the API.
async fn orders(invocation: &Invocation<'_>, options: &args::Export) -> anyhow::Result<Exit> {
    let common = invocation.common;
    if common.format == Some(Format::Json) {
        bail!("an order is no object of the API: it is exported as YAML");
    }
    if options.which.managed
        || options.which.unmanaged
        || options.which.query.is_some()
        || !options.which.tag.is_empty()
    {
        bail!("orders are named by what they order, or --all");
    }
    let declared = declare(invocation)?;
    let progress = Arc::new(Progress::start(common.shows_no_progress()));
    let service = service(invocation, &declared, &progress)?;
    let kinds = match options.which.all {
        true => kind::ordered().filter(|kind| declared.config.uses(kind)).collect(),
        false => options.named.iter().map(|word| order::named(word)).collect::<anyhow::Result<Vec<_>>>()?,
    };
    let folder = invocation.at(common.output.first().map_or(Utf8Path::new(""), |output| &output.path));
    if !folder.as_str().is_empty() && !kinds.is_empty() {
        std::fs::create_dir_all(&folder).with_context(|| format!("the folder {folder} can't be made"))?;
    }
    let mut written = Vec::new();
    for kind in kinds {
        let members = order::definition(&service, &declared, kind).await?;
        let (stem, text) = order::file(kind, &members)
            .with_context(|| format!("the order of {} can't be said in YAML", kind.section))?;
        let name = Utf8PathBuf::from(format!("{stem}.yaml"));
        let path = files::inside(&folder, &name).map_err(|why| anyhow::anyhow!("{name} {why}"))?;
        written.push(put(&path, &text, options.force, &mut |_, _| {})?);
    }
    progress.end();
    render::print(Stream::Out, common.colors(), |out, _| export::write(&written, out))?;
    invocation.say(&export::summary(kind::ORDER.name, &written))?;
    let is_refused = written.iter().any(|file| matches!(file, Written::Refused(_)));
    Ok(if is_refused { Exit::Error } else { Exit::Fine })
}

/// The objects that the filters let through, sorted by id; how many of them can't be had, which is reported; and what is
/// wrong with `--only`, which selects among our own.
async fn listed(
    invocation: &Invocation<'_>,
    declared: &Declared,
    service: &Service,
    kind: &'static Kind,
    options: &args::Export,
) -> anyhow::Result<(Vec<Live>, usize, Vec<Diagnostic>)> {
    let (passes, ours) = (Passes::of(declared, options), Mutex::default());
    let filter = |kind: &Kind, body: &Value| passes.lets(kind, body, &ours);
    let wanted = Wanted {
        kinds: vec![kind],
        owner: options.which.managed.then_some(&declared.scope.owner),
        filter: Some(&filter),
        ..Wanted::default()
    };
    let listed = service.client.list(&wanted).await.map_err(|failed| service.no_list(&[kind], failed))?;
    let mut live = listed.live;
    for (kind, id, refusal) in &listed.unread {
        invocation.complain(&format!("the {} {id} can't be read: {refusal}", kind.name))?;
    }
    let has = |live: &Live, tag: &String| {
        let tags = live.body.get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|own| own.as_str() == Some(tag)))
    };
    live.retain(|live| filter(kind, &live.body) && options.which.tag.iter().all(|tag| has(live, tag)));
    live.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
    Ok((live, listed.unread.len(), passes.idle(ours)))
}

/// The objects named by ids and URLs, each once; and how many of them can't be had, which is reported.
async fn named(
    invocation: &Invocation<'_>,
    service: &Service,
    kind: &'static Kind,
    texts: &[String],
) -> anyhow::Result<(Vec<Live>, usize)> {
    let mut ids = Vec::new();
    for text in texts {
        let id = id_of(invocation, service, kind, text)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let answers = futures_util::future::join_all(ids.iter().map(|id| service.client.get(kind, id))).await;
    let (mut live, mut missed) = (Vec::new(), 0);
    for (id, answer) in ids.iter().zip(answers) {
        match answer {
            Ok(object) => live.push(object),
            Err(refusal) if ids.len() > 1 => {
                invocation.complain(&format!("the {} {id} can't be read: {refusal}", kind.name))?;
                missed += 1;
            }
            Err(refusal) => {
                return Err(service
                    .explain(&[kind], refusal)
                    .context(format!("the {} {id} can't be read", kind.name)));
            }
        }
    }
    Ok((live, missed))
}

/// The id in what a person typed. A URL of another site is reported: there the same id may be another object.
pub fn id_of(
    invocation: &Invocation<'_>,
    service: &Service,
    kind: &Kind,
    text: &str,
) -> anyhow::Result<String> {
    let named = web::named(kind, text).map_err(anyhow::Error::msg)?;
    let here = service.client.url(kind, &named.id);
    if let Some(host) = named.host.filter(|host| !is_at(host, &here)) {
        invocation.complain(&format!("the URL is of {host}; {} is read from {}.", named.id, service.site))?;
    }
    Ok(named.id)
}

/// Whether a host is that of a URL, or the same site under a name of the organisation's own.
fn is_at(host: &str, url: &str) -> bool {
    let own = url.split_once("://").map_or(url, |(_, rest)| rest);
    let own = own.split('/').next().unwrap_or_default();
    let site = |host: &str| host.split_once('.').map(|(_, site)| site.to_owned());
    host == own || (own.starts_with("app.") && site(host) == site(own))
}

/// Takes a file that is about to be written, and its text.
type Note<'a> = dyn FnMut(&Utf8Path, &[u8]) + 'a;

struct Plan<'a> {
    folder: Utf8PathBuf,
    format: Format,
    force: bool,
    /// The project in whose definitions the folder lies: what is written there is declared by it.
    declares: Option<&'a Declared>,
}

/// Writes each object to its file, which is noted before. What can't be said in a file is reported.
fn write(
    invocation: &Invocation<'_>,
    kind: &Kind,
    live: Vec<Live>,
    plan: &Plan<'_>,
    (taken, note): (&mut BTreeSet<String>, &mut Note<'_>),
) -> anyhow::Result<Vec<Written>> {
    let folder = &plan.folder;
    let is_stream = files::is_special(folder);
    if std::fs::metadata(folder).is_ok_and(|about| about.is_file()) && !is_stream {
        bail!("an export is a file for each object, and {folder} is not a folder: -o takes a folder");
    }
    if !folder.as_str().is_empty() && !live.is_empty() && !is_stream {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {folder} can't be made"))?;
    }
    let mut written = Vec::new();
    for why in live.iter().filter_map(|live| no_file_for(kind, live)) {
        invocation.complain(&why)?;
    }
    let live: Vec<Live> = live.into_iter().filter(|live| no_file_for(kind, live).is_none()).collect();
    let mut stream = String::new();
    for live in live {
        let stem = name::take(&name::of_file(kind.name, kind.title(&live.body), &live.id), taken);
        let body = exported(invocation, kind, (live, &stem), plan.declares)?;
        let in_yaml = (plan.format == Format::Yaml).then(|| as_yaml(kind, &stem, &body));
        let (extension, text) = match in_yaml {
            Some(Ok(text)) => ("yaml", text),
            Some(Err(why)) => {
                invocation.complain(&format!("{stem} is written as JSON: {why}"))?;
                ("json", as_json(kind, &body))
            }
            None => ("json", as_json(kind, &body)),
        };
        let name = Utf8PathBuf::from(format!("{stem}.{extension}"));
        if is_stream {
            stream.push_str(if extension == "yaml" && !stream.is_empty() { "---\n" } else { "" });
            stream.push_str(&text);
            written.push(Written::New(name));
            continue;
        }
        match files::inside(folder, &name) {
            Ok(path) => written.push(put(&path, &text, plan.force, note)?),
            Err(why) => {
                invocation.complain(&format!("{name} is not written: it {why}"))?;
                written.push(Written::Refused(folder.join(name)));
            }
        }
    }
    if is_stream {
        let speech = if plan.format == Format::Yaml { Speech::Text } else { Speech::Json };
        invocation.deliver(folder, stream.as_bytes(), speech)?;
    }
    Ok(written)
}

/// Why an object can't stand in a file: it repeats a key of this run, or a part of it can't be seen; a body without that
/// would be another one.
pub fn no_file_for(kind: &Kind, live: &Live) -> Option<String> {
    let (name, id) = (kind.name, &live.id);
    if let Some((field, permission)) = kind.hidden(&live.body) {
        return Some(format!(
            "the `{field}` of the {name} {id} can't be seen by these keys, and no file is written without it: give them \
             the permission `{permission}`"
        ));
    }
    hidden::holds(&live.body.to_string()).then(|| {
        format!(
            "the {name} {id} holds one of the keys that this run uses, and is not written to a file: take the key out of \
             it, and revoke it"
        )
    })
}

/// The body as an export shows it: server-filled fields and marks taken out, texts as a definition writes them.
///
/// Among definitions it would make a second object: there it adopts the one that it comes from.
fn exported(
    invocation: &Invocation<'_>,
    kind: &Kind,
    (live, stem): (Live, &str),
    declares: Option<&Declared>,
) -> anyhow::Result<Value> {
    // Of a kind that is known by name no two have one.
    let title = kind.title(&live.body).filter(|_| kind.is_keyed()).unwrap_or(stem).to_owned();
    let mut body = Map::new();
    match (declares, &live.mark) {
        (Some(declared), None) => {
            body.insert("$id".to_owned(), adopted(declared, kind, &live.id));
        }
        (Some(_), Some(mark)) => invocation.complain(&format!(
            "the {} {} is managed already, by {} as {}: among the definitions this file makes a second one",
            kind.name,
            live.id,
            mark.owner,
            Address::new(kind.section, &mark.id)
        ))?,
        (None, _) => {}
    }
    if let Value::Object(own) = live.body {
        body.extend(load::clean(kind, own));
    }
    let mut body = Value::Object(body);
    for said in load::leave_out(kind, &mut body) {
        invocation.complain(&format!("{} {}: {said}", kind.name, live.id))?;
    }
    let mut troubles = escape::take_reserved(&mut body);
    troubles.extend(escape::escape(&mut body));
    troubles.extend(secret::write(kind, &mut body, &title, &mut BTreeSet::new()));
    for trouble in troubles {
        invocation.complain(&format!("{} {}: {} {}", kind.name, live.id, trouble.pointer, trouble.text))?;
    }
    Ok(body)
}

/// The value of `$id`: by environment, since another one may be added, which has an object of its own.
pub fn adopted(declared: &Declared, kind: &Kind, id: &str) -> Value {
    let number = id.parse::<u64>().ok().filter(|_| kind.api.id.number);
    let own = number.map_or_else(|| json!(id), |number| json!(number));
    match &declared.scope.environment {
        Some(environment) => json!({ environment.as_str(): own }),
        None => own,
    }
}

/// The text of a definitions file; or why a body can stand in a JSON file only.
pub fn as_yaml(kind: &Kind, id: &str, body: &Value) -> Result<String, String> {
    if let Some(pointer) = escape::foreign_key(body) {
        return Err(format!("in YAML the key {pointer} would be taken for one of musher's"));
    }
    yaml::file(kind.section, id, body).ok_or_else(|| "as YAML it would not read back the same".to_owned())
}

/// Two spaces, and a newline at the end.
pub fn as_json(kind: &Kind, body: &Value) -> String {
    let Value::Object(members) = body else { return format!("{body:#}\n") };
    let (own, fields): (Map<_, _>, Map<_, _>) =
        members.clone().into_iter().partition(|(key, _)| key.starts_with('$'));
    let mut whole = Value::Object(own);
    if let (Value::Object(whole), Value::Object(rest)) = (&mut whole, wrap(&kind.api, None, &fields.into())) {
        whole.extend(rest);
    }
    format!("{whole:#}\n")
}

/// A file that says something else is left alone, but for `force`.
fn put(path: &Utf8Path, text: &str, force: bool, note: &mut Note<'_>) -> anyhow::Result<Written> {
    if says(path, text) {
        note(path, text.as_bytes());
        return Ok(Written::Same(path.to_owned()));
    }
    if force || std::fs::symlink_metadata(path).is_err() {
        note(path, text.as_bytes());
    }
    if force {
        super::replace_file(path, text.as_bytes())?;
        return Ok(Written::New(path.to_owned()));
    }
    Ok(match super::new_file(path, text.as_bytes())? {
        true => Written::New(path.to_owned()),
        // Another export may have written the same meanwhile.
        false if says(path, text) => Written::Same(path.to_owned()),
        false => Written::Refused(path.to_owned()),
    })
}

/// Whether a file says this. Looked at before it is opened: opening a pipe would wait for ever.
fn says(path: &Utf8Path, text: &str) -> bool {
    let is_plain = std::fs::metadata(path).is_ok_and(|about| about.is_file());
    is_plain && std::fs::read(path).is_ok_and(|old| old == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_known_by_its_host() {
        for (host, url, expected) in [
            ("app.datadoghq.eu", "https://app.datadoghq.eu/monitors/1", true),
            ("acme.datadoghq.eu", "https://app.datadoghq.eu/monitors/1", true),
            ("app.datadoghq.com", "https://app.datadoghq.eu/monitors/1", false),
            ("us3.datadoghq.com", "https://us3.datadoghq.com/monitors/1", true),
            ("us5.datadoghq.com", "https://us3.datadoghq.com/monitors/1", false),
        ] {
            assert_eq!(is_at(host, url), expected, "{host}");
        }
    }
}
