//! Whole projects as one value, for the tests of each subject.

mod bodies;
mod faults;
mod loops;
mod overrides;
mod uses;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::expand;
use crate::config::{Config, Environment, Scope};
use crate::diagnostic::{At, Diagnostic, FileId, Format, Part, Place, Position, Sources};
use crate::load::definitions::{Definition, Definitions, Param, ParamType, RawDirectives, Template, Use};
use crate::model::{Address, Body, Origin, Owner, Reference, Resource};
use crate::pointer::step;
use crate::signal::Demands;

const CONFIG: FileId = FileId(0);
const MAIN: FileId = FileId(1);
const TEMPLATE: FileId = FileId(2);

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// A whole project as one value: `vars`, `defaults`, sections, `uses`, `templates`, `files`.
struct Project {
    config: Config,
    scope: Scope,
    definitions: Definitions,
    sources: Sources,
    _folder: tempfile::TempDir,
}

impl Project {
    fn new(text: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        for (path, content) in text["files"].as_object().into_iter().flatten() {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content.as_str().map_or_else(|| content.to_string(), str::to_owned))
                .unwrap();
        }
        let vars = text.get("vars").map(map).unwrap_or_default();
        let defaults = text["defaults"].as_object().into_iter().flatten();
        let environments = ["staging", "prod"].map(|name| (name.to_owned(), Environment::default()));
        let config = Config {
            owns: Vec::new(),
            secrets: indexmap::IndexMap::new(),
            pipelines: Vec::new(),
            kinds: Vec::new(),
            files: crate::source::walk::Root::new(&root),
            root,
            file: CONFIG,
            moved_from: Vec::new(),
            project: "shop".into(),
            vars: vars.clone(),
            environments: environments.into_iter().collect(),
            default_environment: None,
            definitions: "monitors".into(),
            defaults: defaults.map(|(k, v)| (k.clone(), v.clone())).collect(),
            rules: indexmap::IndexMap::new(),
            required_tags: Vec::new(),
            coverage: Demands::default(),
        };
        let owner = Owner("shop.prod".into());
        let scope = Scope {
            project: "shop".into(),
            environment: Some("prod".into()),
            owner,
            former: Vec::new(),
            vars,
            owns: Vec::new(),
            secrets: indexmap::IndexMap::new(),
        };
        let mut sources = Sources::default();
        for path in ["musher.yaml", "monitors/main.yaml", "templates/t.yaml"] {
            sources.add(path, "", Format::Yaml);
        }
        Self { config, scope, definitions: definitions(text), sources, _folder: folder }
    }

    fn expand(&mut self) -> (Vec<Resource>, Vec<Diagnostic>) {
        expand(&self.definitions, &self.config, &self.scope, &mut self.sources)
    }
}

fn definitions(text: &Value) -> Definitions {
    let templates = text["templates"].as_object().into_iter().flatten();
    Definitions {
        resources: sections(text, MAIN, ""),
        uses: text["uses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| own_use(name, value))
            .collect(),
        templates: templates
            .map(|(name, value)| (name.clone(), template(name, value)))
            .collect::<BTreeMap<_, _>>(),
        incomplete: false,
    }
}

fn sections(text: &Value, file: FileId, base: &str) -> Vec<Definition> {
    let mut definitions = Vec::new();
    for section in ["monitors", "slos", "dashboards", "teams"] {
        for (id, body) in text[section].as_object().into_iter().flatten() {
            let at = At::value(file, format!("{base}/{section}{}", step(id)));
            definitions.push(definition(Address::new(section, id), map(body), at));
        }
    }
    definitions
}

fn definition(address: Address, mut body: Map<String, Value>, at: At) -> Definition {
    let directives = RawDirectives {
        absent: None,
        id: body.shift_remove("$id").map(Box::new),
        when: body.shift_remove("$when").map(Box::new),
        protect: body.shift_remove("$protect").map(Box::new),
        ignore: Vec::new(),
        moved_from: body
            .shift_remove("$moved_from")
            .and_then(|v| v.as_str().map(str::to_owned))
            .into_iter()
            .collect(),
        allow: Vec::new(),
        forget: body.shift_remove("$forget").is_some(),
    };
    let position = Position { file: "f".into(), line: 1, column: 1 };
    let body = Body::of_members(&body).expect("a shallow body");
    Definition { address, body, directives, origin: Arc::new(Origin { position, layers: vec![at] }) }
}

fn own_use(name: &str, value: &Value) -> Use {
    Use {
        name: name.to_owned(),
        template: value["template"].as_str().unwrap_or("t").to_owned(),
        for_each: value.get("for_each").cloned(),
        filter: value.get("where").cloned(),
        key: value.get("key").cloned(),
        with: value.get("with").map(map).unwrap_or_default(),
        overrides: value.get("overrides").cloned(),
        when: value.get("$when").cloned(),
        forget: value.get("$forget").is_some(),
        moved_from: value["moved_from"].as_str().map(str::to_owned).into_iter().collect(),
        folder: "monitors".into(),
        at: At::value(MAIN, format!("/uses{}", step(name))),
    }
}

fn template(name: &str, value: &Value) -> Template {
    let params: IndexMap<String, Param> = value["params"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, param)| (name.clone(), self::param(name, param)))
        .collect();
    let at = At::file(TEMPLATE);
    Template {
        name: name.to_owned(),
        description: None,
        params,
        definitions: sections(value, TEMPLATE, ""),
        at,
    }
}

fn param(name: &str, value: &Value) -> Param {
    let ty = match value["type"].as_str() {
        Some("string") => Some(ParamType::String),
        Some("number") => Some(ParamType::Number),
        Some("integer") => Some(ParamType::Integer),
        Some("boolean") => Some(ParamType::Boolean),
        Some("list") => Some(ParamType::List),
        _ => None,
    };
    Param {
        ty,
        default: value.get("default").cloned(),
        min: value["min"].as_f64(),
        max: value["max"].as_f64(),
        description: None,
        at: At::value(TEMPLATE, format!("/params{}", step(name))),
    }
}

/// The bodies by address; markers are shown as `<id monitors/x>`.
fn check(project: Value, expected: Value) {
    let (resources, faults) = Project::new(&project).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    let bodies: Map<String, Value> =
        resources.into_iter().map(|resource| (resource.address.to_string(), resource.body.value())).collect();
    let shown =
        Value::Object(bodies).to_string().replace(Reference::OPEN, "<").replace(Reference::CLOSE, ">");
    let expected = expected.to_string();
    assert_eq!(shown, expected);
}

fn place(at: &At) -> String {
    let file = ["musher.yaml", "main", "template"].get(at.file.0 as usize).copied().unwrap_or("another");
    match &at.place {
        Place::File => file.to_owned(),
        Place::Bytes(range) => format!("{file} {range:?}"),
        Place::Node { pointer, part: Part::Key } => format!("{file} {pointer} key"),
        Place::Node { pointer, part: Part::Value } => format!("{file} {pointer}"),
        Place::Node { pointer, part: Part::Within(range) } => format!("{file} {pointer} {range:?}"),
    }
}

/// Each fault as `code @ place: text`, with the number of instances where there are some.
fn check_faults(project: Value, expected: &[&str]) {
    let (_, faults) = Project::new(&project).expand();
    let shown: Vec<String> = faults
        .iter()
        .map(|fault| {
            let at = fault.at.as_ref().map(place).unwrap_or_default();
            let count = match fault.instances.len() {
                0 => String::new(),
                count => format!(" [{count}: {}]", fault.instances[0]),
            };
            let help = fault.help.as_deref().map_or(String::new(), |help| format!(" ({help})"));
            format!("{} @ {at}{count}: {}{help}", fault.code, fault.text)
        })
        .collect();
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (shown, expected) in shown.iter().zip(expected) {
        assert!(shown.starts_with(expected), "\n  gave     {shown}\n  expected {expected}");
    }
}

/// The ids that one use makes.
fn check_ids(own: Value, files: Value, expected: &[&str]) {
    let template = json!({"params": {"p": {"default": "-"}}, "monitors": {"m": {"name": "${p}"}}});
    let vars = json!({"names": ["v1", "v2"], "file": "list"});
    let project = json!({"vars": vars, "files": files, "templates": {"t": template}, "uses": {"u": own}});
    let (resources, faults) = Project::new(&project).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    let ids: Vec<String> = resources
        .iter()
        .map(|resource| {
            format!(
                "{}={}",
                resource.address.id(),
                resource.body.value()["name"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(ids, expected, "{own}");
}
