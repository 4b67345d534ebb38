//! 500 instances of each built-in template, known by their live bodies alone, come back as one template whose plan is empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::bulk::{order, wish};
use super::files::apart;
use super::many::take;
use super::object::{finish, refer_all, secrets_of};
use super::said::Sum;
use super::settle::judged;
use super::templatize::{found, resources};
use crate::args::Format;
use crate::commands::declared::{Declared, bare, judge};
use crate::commands::invoked::invoked;
use crate::commands::{Connecting, Invocation};
use crate::cores::each_in_parallel;
use crate::diagnostic::has_errors;
use crate::expand::expand;
use crate::fill::fill;
use crate::kind::{Kind, of_section};
use crate::load::definitions::Param;
use crate::load::{load, template};
use crate::mark;
use crate::model::{Action, Address, Attribute, Live, Reference, Resource};
use crate::plan::{Inputs, plan};
use crate::source::overlay::Overlay;
use crate::source::walk::Root;
use crate::template::BUILT_IN;

const INSTANCES: usize = 500;
/// As `tests/packs.rs` has them, which takes fewer of each through the whole of it.
const PROJECT: &str = "project: packs\nkinds: [downtimes, entities, logs_archives, logs_indexes, logs_metrics, notebooks, notification_rules, retention_filters, scanner_groups, scanner_rules, security_rules, signal_notification_rules, synthetics_tests, waf_rules]\nenvironments:\n  sandbox: {api: sandbox}\n";

struct Project {
    root: Utf8PathBuf,
    _folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").to_owned();
        std::fs::create_dir(root.join("monitors")).expect("a folder");
        std::fs::write(root.join("musher.yaml"), PROJECT).expect("a file");
        Self { root, _folder: folder }
    }

    async fn with<R>(&self, act: impl AsyncFnOnce(&Invocation<'_>) -> R) -> R {
        let nobody: &Connecting<'_> = &|_, _, _| Err(anyhow::anyhow!("nobody is asked"));
        invoked(&["-q", "-C", self.root.as_str(), "plan"], nobody, act).await
    }
}

/// The resources of a project with these files.
fn expanded(invocation: &Invocation<'_>, files: BTreeMap<Utf8PathBuf, String>) -> Vec<Resource> {
    let checked = bare(invocation).expect("a project");
    let Declared { mut config, scope, .. } = checked.declared.expect("a project");
    let overlay = Overlay { disk: config.files.clone(), files };
    config.files = Root::with(&config.root, Arc::new(overlay));
    let (definitions, mut sources, faults) = load(&config, BUILT_IN, checked.sources);
    assert!(!has_errors(&faults), "{faults:#?}");
    let (resources, faults) = expand(&definitions, &config, &scope, &mut sources);
    assert!(!has_errors(&faults), "{faults:#?}");
    resources
}

/// One of many instances: five teams share them, and an eighth of some numbers is another one.
fn varied(pack: &str, params: &Map<String, Value>, at: usize) -> Map<String, Value> {
    const VARIED: [&str; 6] = ["error_rate", "failure_rate", "latency", "age", "throttled", "refused"];
    let mut with = Map::new();
    for (name, param) in params {
        let usual = param["default"].as_f64().filter(|_| VARIED.contains(&name.as_str()));
        let value = match (name.as_str(), usual) {
            (_, Some(usual)) => {
                let fits = param["max"].as_f64().is_none_or(|most| 2.0 * usual < most);
                let other = if fits { 2.0 * usual } else { usual / 2.0 };
                json!(if at.is_multiple_of(8) { other } else { usual })
            }
            _ if !param["default"].is_null() => continue,
            ("timeout", _) => json!(30),
            ("destination", _) => json!({"type": "s3", "bucket": "logs", "path": "shop",
                "integration": {"account_id": "123456789012", "role_name": "archive"}}),
            ("scope", _) => json!("service:checkout,env:prod"),
            ("notify", _) => json!("@slack-checkout"),
            ("tags", _) => json!([format!("service:checkout-{at}")]),
            ("team", _) if pack != "routing" => json!(format!("team-{}", at % 5)),
            ("team", _) => json!(format!("team-{at}")),
            _ => json!(format!("Checkout-{at}")),
        };
        with.insert(name.clone(), value);
    }
    if with.is_empty() {
        with.insert("title".to_owned(), json!(format!("Checkout-{at}")));
    }
    with
}

fn uses(pack: &str, text: &str) -> Value {
    let (template, faults) = template(pack, text);
    assert!(faults.is_empty(), "{pack}: {faults:?}");
    let param = |param: &Param| json!({"default": param.default, "max": param.max});
    let params: Map<String, Value> =
        template.params.iter().map(|(name, own)| (name.clone(), param(own))).collect();
    let uses: Map<String, Value> = (0..INSTANCES)
        .map(|at| (format!("u{at}"), json!({"template": pack, "with": varied(pack, &params, at)})))
        .collect();
    json!({ "uses": uses })
}

/// The objects that these definitions make, as somebody else might have made them: without marks.
fn made(resources: &[Resource]) -> Vec<(&'static Kind, Live)> {
    let id = |number: usize, kind: &Kind, body: &Value| {
        let chosen = || body.get(kind.api.id.at).filter(|_| kind.api.id.chosen)?.as_str();
        let own = mark::key(kind, body).or_else(chosen);
        own.map_or_else(|| (100_000_001 + number).to_string(), str::to_owned)
    };
    let kind = |resource: &Resource| of_section(resource.address.section()).expect("a kind");
    let bodies: Vec<Value> = resources.iter().map(|resource| resource.body.value()).collect();
    let all = resources.iter().zip(&bodies).enumerate();
    let ids: BTreeMap<&Address, String> =
        all.map(|(number, (resource, body))| (&resource.address, id(number, kind(resource), body))).collect();
    let url = |id: &str| format!("https://example.com/{id}");
    let filled = |reference: &Reference| {
        let id = ids.get(&reference.target).expect("it is there");
        Some(if reference.attribute == Attribute::Id { id.clone() } else { url(id) })
    };
    let live = |(resource, body): (&Resource, &Value)| {
        let (kind, id) = (kind(resource), ids[&resource.address].clone());
        let body = fill(kind, body, &filled).into_owned();
        (kind, Live { section: kind.section, url: url(&id), id, body, mark: None })
    };
    resources.iter().zip(&bodies).map(live).collect()
}

async fn come_back(invocation: &Invocation<'_>, pack: &str, text: &str) {
    let definitions = [(Utf8PathBuf::from("monitors/uses.yaml"), uses(pack, text).to_string())];
    let objects = made(&expanded(invocation, definitions.into()));
    assert!(objects.len() >= INSTANCES, "{pack}");

    let empty = judge(invocation).expect("a project").declared.expect("a project");
    let mut wishes: Vec<_> = objects.iter().map(|(kind, live)| wish(kind, live.clone(), None)).collect();
    wishes.sort_by_key(order);
    let mut imports = take(&empty, wishes, &mut Sum::default());
    assert_eq!(imports.len(), objects.len(), "{pack}");
    let nobody = || Err(anyhow::anyhow!("nobody is asked"));
    refer_all(invocation, &empty, &nobody, &mut imports).await.expect("they refer to each other alone");
    let mut secrets = secrets_of(&empty);
    for import in &mut imports {
        finish(invocation, &empty, import, &mut secrets).expect("it can be written");
    }
    let plain = apart(invocation, &empty, &imports, Format::Json).expect("files");
    let before = resources(judged(invocation, &plain).expect("a project")).expect("nothing is wrong");
    let found = found(invocation, &empty, &imports, (&plain, &before)).expect("a project");
    let names: Vec<&String> = found.drafts.iter().map(|draft| &draft.proposal.name).collect();
    assert_eq!(found.drafts.len(), 1, "{pack}: {names:?}");
    let proposal = &found.drafts[0].proposal;
    assert_eq!((proposal.members.len(), proposal.list.len()), (objects.len(), INSTANCES + 1), "{pack}");
    let shown: Vec<&Utf8PathBuf> = found.files.iter().map(|file| &file.shown).collect();
    assert!(shown.len() <= 4, "{pack}: {shown:?}");

    let files = found.files.iter().map(|file| (file.shown.clone(), file.text.clone())).collect();
    let live: Vec<Live> = objects.into_iter().map(|(_, live)| live).collect();
    let (plan, _) = plan(&Inputs {
        scope: &empty.scope,
        site: "sandbox",
        organisation: None,
        now: Timestamp::now(),
        resources: &expanded(invocation, files),
        forgotten: &[],
        live: &live,
        unlisted: &[],
        selected: &|_| true,
        seen_last: &|_, _| None,
    });
    for change in &plan.changes {
        assert!(change.action == Action::Adopt && change.diff.is_empty(), "{pack}: {change:#?}");
    }
    assert_eq!(plan.changes.len() + plan.unchanged, live.len(), "{pack}");
}

#[test]
fn instances_of_each_pack_come_back_as_one_template() {
    // Those of files make nothing at Datadog.
    let packs: Vec<_> = BUILT_IN.iter().filter(|(_, text)| !text.contains("\nfiles:\n")).collect();
    assert!(packs.len() >= 22);
    each_in_parallel(packs, 1, &|(pack, text)| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let project = Project::new();
        runtime.block_on(project.with(async |invocation| come_back(invocation, pack, text).await));
    });
}
