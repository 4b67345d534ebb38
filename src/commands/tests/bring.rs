//! What somebody changes in the UI, on objects as recorded, field by field: pulled, the plan is empty; else it is said why.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser as _;
use serde_json::{Value, json};

use super::{Brought, Told, bring};
use crate::args::{Cli, Command};
use crate::cache::Cache;
use crate::client::{Client, Fault, Refusal, Wanted};
use crate::commands::declared::judge_with;
use crate::commands::invoked::invoked;
use crate::commands::surveyed::declare_and_survey;
use crate::commands::{Connecting, Connection, Invocation, Secrets};
use crate::config::Target;
use crate::diagnostic::has_errors;
use crate::fill::fill;
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Action, Mark, Owner, Reference};
use crate::outgoing::to_create;
use crate::pointer::matching;
use crate::recordings::mutations::{changed, excepted, is_filled, leaves, removed};
use crate::recordings::pairs::{Pair, pairs};
use crate::sandbox::{Behaviour, Limits, Sandbox};
use crate::write::{escape, yaml};

const OWNER: &str = "p.sandbox";
/// Other recorded values that are tried until the service takes one.
const VALUES: usize = 6;

fn own_mark() -> Mark {
    Mark { owner: Owner(OWNER.to_owned()), id: "one".to_owned(), protect: false }
}

/// One recorded definition in a project of its own, made in an organisation of its own.
struct Bench {
    kind: &'static Kind,
    sandbox: Arc<Sandbox>,
    client: Client,
    id: String,
    files: Vec<(&'static str, String)>,
    root: Utf8PathBuf,
    _folders: [tempfile::TempDir; 2],
}

/// What became of an edit.
#[derive(Debug)]
enum End {
    Pulled,
    /// Nobody can make it: the rules know that the service refuses it.
    Unsound,
    Refused(String),
    /// The service does not take it, keeps what was there, or it is nothing that a plan shows.
    NoEdit,
    Wrong(String),
}

/// A body as somebody writes it down: secrets by their names.
fn written(kind: &Kind, definition: &Value) -> Value {
    let mut body = definition.clone();
    escape::escape(&mut body);
    for field in kind.fields.iter().filter(|field| field.secret.is_some_and(|holds| holds(definition))) {
        if let Some(secret) = body.pointer_mut(field.at) {
            *secret = json!("${secret.one}");
        }
    }
    body
}

/// The files of a project: the definition in YAML, or its body in a JSON file beside.
fn files(kind: &Kind, body: &Value, in_json: bool) -> Vec<(&'static str, String)> {
    let kinds = if kind.always { String::new() } else { format!("kinds: [{}]\n", kind.section) };
    let project = format!(
        "project: p\n{kinds}secrets: {{one: MUSHER_SECRET_ONE}}\nenvironments: {{sandbox: {{api: sandbox}}}}\n"
    );
    let mut files = vec![("musher.yaml", project)];
    if in_json {
        files.push((
            "monitors/one.yaml",
            format!("{}:\n  one: {{$file: one.json}} # as exported\n", kind.section),
        ));
        files.push(("monitors/one.json", serde_json::to_string_pretty(body).expect("JSON")));
    } else {
        files.push(("monitors/one.yaml", yaml::file(kind.section, "one", body).expect("a text")));
    }
    files
}

fn accepted<T>(result: Result<T, Refusal>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(refusal) if refusal.fault == Fault::Refused => None,
        Err(refusal) => panic!("the sandbox fails: {refusal}"),
    }
}

impl Bench {
    /// `None`: the service refuses the definition, or musher does.
    async fn of(kind: &'static Kind, definition: &Value, in_json: bool) -> Option<Self> {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let sandbox = Arc::new(Sandbox::open(folders[0].path()).expect("a sandbox"));
        if let Ok(limits) = Limits::parse(&format!("{}_write=1000000/60", kind.name)) {
            sandbox.behave(Behaviour { limits, ..Behaviour::default() });
        }
        let client = Client::new(sandbox.clone(), "https://example.com", Cache::none());
        let mut definition = definition.clone();
        if kind.api.related {
            let group =
                json!({"name": "g", "filter": {"query": "*"}, "is_enabled": true, "product_list": ["logs"]});
            let groups = kind::of_section("scanner_groups").expect("a kind");
            let made = client.create(groups, &group).await.expect("a group");
            crate::pointer::put(&mut definition, "/relationships/group/data/id", made.id.into());
        }
        let body = written(kind, &definition);
        let files = files(kind, &body, in_json);
        let root = Utf8Path::from_path(folders[1].path()).expect("UTF-8").to_owned();
        let mut bench = Self { kind, sandbox, client, id: String::new(), files, root, _folders: folders };
        bench.write();
        let sound = bench.with(async |invocation| {
            let checked = judge_with(invocation, BTreeMap::new()).expect("a project");
            !has_errors(&checked.diagnostics)
        });
        if !sound.await {
            return None;
        }
        let sent = fill(kind, &to_create(kind, &definition, &own_mark()), &|_: &Reference| None).into_owned();
        bench.id = accepted(bench.client.create(kind, &sent).await)?.id;
        Some(bench)
    }

    fn write(&self) {
        std::fs::create_dir_all(self.root.join("monitors")).expect("a folder");
        for (name, text) in &self.files {
            std::fs::write(self.root.join(name), text).expect("a file");
        }
    }

    async fn with<R>(&self, act: impl AsyncFnOnce(&Invocation<'_>) -> R) -> R {
        let sandbox: &Connecting<'_> = &|_, scope, _| {
            Ok(Connection {
                wire: self.sandbox.clone(),
                site: "sandbox".to_owned(),
                web: "https://example.com".to_owned(),
                cache: Cache::none(),
                variables: Vec::new(),
                secrets: Secrets::read(scope, &Target::Sandbox, &|_| None),
            })
        };
        invoked(&["-q", "-C", self.root.as_str(), "pull"], sandbox, act).await
    }

    /// How many objects the plan would change; one that is not seen as one of ours any more is not among them.
    async fn planned(&self) -> usize {
        self.with(async |invocation| {
            let (_, _, surveyed) = declare_and_survey(invocation, false).await.expect("a plan");
            surveyed.plan.changes.iter().filter(|change| change.action != Action::Create).count()
        })
        .await
    }

    /// The object as a plan's list shows it, with its mark.
    async fn live(&self) -> Value {
        if !self.kind.is_listed() {
            return self.client.get(self.kind, &self.id).await.expect("an object").body;
        }
        let owner = Owner(OWNER.to_owned());
        let adopted = [(self.kind.section, [self.id.clone()].into())].into();
        let wanted = Wanted { kinds: vec![self.kind], owner: Some(&owner), adopted, ..Wanted::default() };
        let mut found = self.client.list(&wanted).await.expect("a list").live;
        assert_eq!(found.len(), 1, "one object is there");
        found.remove(0).body
    }

    /// Whether the service took a body as somebody in the UI puts it: whole, and the mark stays.
    async fn put(&self, body: &Value) -> bool {
        let mut body = body.clone();
        mark::write(self.kind, &mut body, &own_mark());
        body.as_object_mut().expect("an object").shift_remove("version");
        self.client.update(self.kind, &self.id, &body).await.is_ok()
    }

    async fn edit(&self, body: &Value) -> End {
        if !self.put(body).await {
            return End::NoEdit;
        }
        if self.planned().await == 0 {
            return End::NoEdit;
        }
        let Brought { rewritten, told, .. } = self
            .with(async |invocation| {
                let cli = Cli::try_parse_from(["musher", "pull"]).expect("a command");
                let Command::Pull(options) = cli.command else { panic!("another command") };
                bring(invocation, &options).await.expect("it ends")
            })
            .await;
        match told.into_values().next() {
            None => return End::Wrong("it is not told".to_owned()),
            Some(Told::Refused { why, .. }) if why.contains("the definitions would be wrong") => {
                return End::Unsound;
            }
            Some(Told::Refused { why, .. }) => return End::Refused(why),
            Some(Told::Gone { .. } | Told::Absent) => return End::Wrong("it is taken for gone".to_owned()),
            Some(Told::Pulled { .. }) => {}
        }
        for file in &rewritten {
            std::fs::write(self.root.join(&file.path), &file.after).expect("a file");
        }
        let left = self.planned().await;
        self.write();
        if left == 0 { End::Pulled } else { End::Wrong("the plan is not empty".to_owned()) }
    }
}

/// Every sort of edit of one object, with the field's path: `*` for places.
fn edits(
    (section, definition, live): (&str, &Value, &Value),
    values: &BTreeMap<String, Vec<Value>>,
) -> Vec<(&'static str, String, Vec<Value>)> {
    let mut pointers = Vec::new();
    leaves(live, "", &mut pointers);
    pointers.retain(|pointer| !excepted(section, pointer) && !is_filled(section, definition, pointer));
    let mut edits = Vec::new();
    for pointer in &pointers {
        let now = live.pointer(pointer).expect("a leaf");
        let others = values.get(&pattern(pointer)).into_iter().flatten();
        let others = others.filter(|other| !crate::diff::same(other, now)).take(VALUES).cloned();
        let bodies = others.chain(made_up(now)).map(|value| {
            let mut body = live.clone();
            *body.pointer_mut(pointer).expect("a leaf") = value;
            body
        });
        edits.push(("changed", pattern(pointer), bodies.collect()));
        edits.push(("removed", pattern(pointer), vec![removed(live, pointer)]));
    }
    for (path, values) in values.iter().filter(|(path, _)| !excepted(section, path)) {
        let Some((around, key)) = path.rsplit_once('/') else { continue };
        for parent in matching(around, live).into_iter().take(1) {
            let put = |value: &Value| {
                let mut body = live.clone();
                match body.pointer_mut(&parent)? {
                    Value::Object(map) if !map.contains_key(key) => {
                        map.insert(crate::pointer::key(key).into_owned(), value.clone());
                    }
                    Value::Array(items) if key == "*" && !items.contains(value) => items.push(value.clone()),
                    _ => return None,
                }
                Some(body)
            };
            let bodies: Vec<Value> = values.iter().filter_map(put).take(VALUES).collect();
            if !bodies.is_empty() {
                edits.push(("added", path.clone(), bodies));
            }
        }
    }
    edits
}

/// Other values of a field's type.
fn made_up(now: &Value) -> Vec<Value> {
    match now {
        Value::Number(number) if number.is_i64() => vec![json!(number.as_i64().unwrap_or_default() + 1)],
        Value::Bool(_) | Value::String(_) | Value::Number(_) => vec![changed(now)],
        _ => Vec::new(),
    }
}

fn pattern(pointer: &str) -> String {
    let step = |step: &str| if step.parse::<usize>().is_ok() { "*".to_owned() } else { step.to_owned() };
    pointer.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// The recorded values of each field.
fn recorded_values(pairs: &[Pair]) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for body in pairs.iter().flat_map(|pair| [&pair.definition, &pair.live]) {
        let mut pointers = Vec::new();
        leaves(body, "", &mut pointers);
        for pointer in pointers {
            let values = found.entry(pattern(&pointer)).or_default();
            let value = body.pointer(&pointer).expect("a leaf");
            if values.len() < 4 * VALUES && !values.contains(value) {
                values.push(value.clone());
            }
        }
    }
    found
}

/// Counts of a kind.
#[derive(Default)]
struct Counts {
    objects: usize,
    tried: usize,
    pulled: usize,
    /// Fields that were pulled at least once.
    fields: BTreeSet<String>,
    refused: BTreeMap<String, (usize, String)>,
    /// Edits that nobody can make.
    unsound: BTreeSet<String>,
    wrong: Vec<String>,
}

/// What was recorded of an object after it stood as its definition says.
fn recorded_edits(kind: &Kind, pairs: &[Pair], of: &Pair) -> Vec<(&'static str, String, Vec<Value>)> {
    let id = |pair: &Pair| pair.live.get(kind.api.id.at).cloned();
    let is_later =
        |other: &&Pair| other.source == of.source && id(other) == id(of) && other.definition != of.definition;
    let later: Vec<&Pair> = pairs.iter().filter(is_later).collect();
    let edit = |(number, pair): (usize, &&Pair)| {
        ("recorded", format!("as a whole: {} {number}", pair.source), vec![pair.live.clone()])
    };
    later.iter().enumerate().map(edit).collect()
}

/// A run over one kind: how many edits of each sort and field are tried at most, and of how many of them each.
fn check(section: &str, step: usize, at_least: usize) {
    let kind = kind::of_section(section).expect("a kind");
    let mut counts = Counts::default();
    let Some(pairs) = pairs(kind) else { return };
    let asked: Option<usize> = std::env::var("MUSHER_PULLS").ok().and_then(|text| text.parse().ok());
    let (most, step) = asked.map_or((1, step), |most| (most, 1));
    let values = recorded_values(&pairs);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut seen = BTreeSet::new();
    let mut done: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (number, pair) in pairs.iter().filter(|pair| seen.insert(pair.definition.to_string())).enumerate() {
        runtime.block_on(async {
            let Some(bench) = Bench::of(kind, &pair.definition, number % 2 == 1).await else { return };
            if bench.planned().await > 0 {
                return;
            }
            counts.objects += 1;
            let mut bare = bench.live().await;
            mark::strip(kind, &mut bare);
            let mut edits = edits((section, &pair.definition, &bare), &values);
            edits.extend(recorded_edits(kind, &pairs, pair));
            for (what, path, bodies) in edits {
                let count = done.len();
                let done = done.entry((what, path.clone())).or_insert(if count.is_multiple_of(step) {
                    0
                } else {
                    most
                });
                if *done < most && counts.try_one(&bench, (&bare, bodies), (what, &path), &pair.source).await
                {
                    *done += 1;
                }
            }
        });
    }
    println!("{section}: {counts}");
    for (why, (count, place)) in &counts.refused {
        println!("  {count} refused: {why} [{place}]");
    }
    assert!(counts.wrong.is_empty(), "{:#?}", counts.wrong);
    // An object that holds a secret in clear is never brought into a file, whatever was edited of it.
    let is_secret =
        |why: &String| why.ends_with("is a secret that stands live in clear: no file may hold it");
    assert!(counts.refused.keys().all(is_secret), "an edit that somebody can make is refused");
    assert!(counts.fields.len() >= at_least, "the recordings hold more");
}

impl Counts {
    /// Tries bodies until one is an edit.
    async fn try_one(
        &mut self,
        bench: &Bench,
        (bare, bodies): (&Value, Vec<Value>),
        (what, path): (&str, &str),
        source: &str,
    ) -> bool {
        let mut is_unsound = false;
        for body in bodies {
            let end = bench.edit(&body).await;
            assert!(bench.put(bare).await, "what was there is taken");
            let place = format!("{what} {path} ({source})");
            match end {
                End::NoEdit => continue,
                End::Unsound => {
                    is_unsound = true;
                    continue;
                }
                End::Pulled => {
                    self.pulled += 1;
                    self.fields.insert(path.to_owned());
                }
                End::Refused(why) => self.refused.entry(why).or_insert_with(|| (0, place)).0 += 1,
                End::Wrong(why) => self.wrong.push(format!("{place}: {why}")),
            }
            self.tried += 1;
            return true;
        }
        if is_unsound {
            self.unsound.insert(format!("{what} {path}"));
        }
        false
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let refused: usize = self.refused.values().map(|(count, _)| count).sum();
        write!(
            f,
            "{} edits of {} fields of {} objects, {} pulled, {refused} refused; {} more are no edits: the service refuses them",
            self.tried,
            self.fields.len(),
            self.objects,
            self.pulled,
            self.unsound.len()
        )
    }
}

#[test]
fn edits_of_monitors_come_back() {
    check("monitors", 1, 70);
}

#[test]
fn edits_of_slos_come_back() {
    check("slos", 1, 18);
}

#[test]
fn edits_of_dashboards_come_back() {
    check("dashboards", 8, 50);
}

#[test]
fn edits_of_every_other_kind_come_back() {
    let few = ["dashboard_lists", "webhook_variables", "teams", "metric_tags", "logs_indexes"];
    for kind in kind::KINDS.into_iter().filter(|kind| !kind.always && !kind.is_order()) {
        let step = if kind.section == "powerpacks" { 8 } else { 1 };
        check(kind.section, step, if few.contains(&kind.section) { 0 } else { 2 });
    }
}
