use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::expand;
use crate::config::{Config, Environment, Scope};
use crate::diagnostic::{At, Diagnostic, FileId, Format, Part, Place, Position, Sources};
use crate::load::definitions::{Definition, Definitions, Param, ParamSort, RawDirectives, Template, Use};
use crate::model::{Address, Origin, Owner, Reference, Resource};
use crate::pointer::step;

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
            kinds: Vec::new(),
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
        };
        let owner = Owner("shop.prod".into());
        let scope = Scope {
            project: "shop".into(),
            environment: Some("prod".into()),
            owner,
            former: Vec::new(),
            vars,
            owns: Vec::new(),
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
    for section in ["monitors", "slos", "dashboards"] {
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
        id: body.shift_remove("$id"),
        when: body.shift_remove("$when"),
        protect: body.shift_remove("$protect"),
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
    let sort = match value["type"].as_str() {
        Some("string") => Some(ParamSort::String),
        Some("number") => Some(ParamSort::Number),
        Some("integer") => Some(ParamSort::Integer),
        Some("boolean") => Some(ParamSort::Boolean),
        Some("list") => Some(ParamSort::List),
        _ => None,
    };
    Param {
        sort,
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

#[test]
fn strings_are_rendered_and_defaults_merged() {
    check(
        json!({
            "vars": {"channel": "@slack-${env}", "team": "pay"},
            "defaults": {"monitors": {
                "tags": ["team:${team}", "a"],
                "message": "default",
                "options": {"include_tags": true, "thresholds": {"critical": 5, "warning": 2}, "locked": false},
                "priority": 3,
            }},
            "monitors": {
                "x": {
                    "name": "[${env}] ${channel}",
                    "tags": ["a", "b"],
                    "options": {"thresholds": {"critical": "${mul 2 3.5}", "warning": null}, "locked": null},
                    "priority": null,
                },
            },
            "dashboards": {"d": {"title": "${project}"}},
        }),
        json!({
            "dashboards/d": {"title": "shop"},
            "monitors/x": {
                "name": "[prod] @slack-prod",
                "tags": ["a", "b", "team:pay"],
                "options": {"thresholds": {"critical": 7}, "include_tags": true},
                "message": "default",
            },
        }),
    );
}

#[test]
fn a_rendered_value_meets_its_default() {
    check(
        json!({
            "vars": {"some": {"a": 1, "b": null}, "tags": ["x", "d"], "none": null},
            "defaults": {"monitors": {"options": {"b": 2, "c": {"d": 3}}, "tags": ["d"], "priority": 1, "e": 1}},
            "monitors": {"x": {"options": "${some}", "tags": "${tags}", "priority": "${none}", "e": "${add 1 1}"}},
        }),
        json!({"monitors/x": {"options": {"a": 1, "c": {"d": 3}}, "tags": ["x", "d"], "e": 2}}),
    );
}

#[test]
fn lists_repeat_their_items() {
    check(
        json!({
            "vars": {"names": ["a", "b"], "grid": {"r": [1, 2]}, "empty": []},
            "dashboards": {"d": {"widgets": [
                {"n": 0},
                {"$for": "x in names", "$yield": {"n": "${x}", "y": "${mul @index 4}", "last": "${@last}"}},
                {"$for": "x in ${names}", "$yield": [{"p": "${x}"}, {"q": "${upper x}"}]},
                {"$for": "row in grid", "$yield": {"k": "${@key}", "cells": [{"$for": "c in row", "$yield": "${c}-${@../key}"}]}},
                {"$for": "x in empty", "$yield": 1},
                {"$for": "x in [\"c\", 5]", "$yield": "${x}"},
            ]}},
        }),
        json!({"dashboards/d": {"widgets": [
            {"n": 0},
            {"n": "a", "y": 0, "last": false},
            {"n": "b", "y": 4, "last": true},
            {"p": "a"}, {"q": "A"}, {"p": "b"}, {"q": "B"},
            {"k": "r", "cells": ["1-r", "2-r"]},
            "c", 5,
        ]}}),
    );
    check_faults(
        json!({"vars": {"n": 5}, "dashboards": {"d": {"widgets": [
            {"$for": "x in nope", "$yield": 1},
            {"$for": "x", "$yield": 1},
            {"$for": "x in n"},
            {"$for": "x in n", "$yield": "${y}"},
        ]}}}),
        &[
            "unknown-name @ main /dashboards/d/widgets/0/$for 5..9: There is no name `nope` here",
            "bad-for @ main /dashboards/d/widgets/1/$for: `$for` takes a name and a list",
            "bad-for @ main /dashboards/d/widgets/2: `$for` and `$yield` belong together",
            "unknown-name @ main /dashboards/d/widgets/3/$yield 2..3: There is no name `y` here",
            "wrong-value @ main /dashboards/d/widgets/3/$for: A list or mapping is needed here, not a number",
        ],
    );
    check_faults(
        json!({"vars": {"n": 5}, "dashboards": {"d": {"widgets": [{"$for": "x in n", "$yield": 1}]}}}),
        &["wrong-value @ main /dashboards/d/widgets/0/$for: A list or mapping is needed here, not a number"],
    );
}

fn functions() -> Value {
    json!({"Functions": [
        {"FunctionName": "Checkout API", "Timeout": 30, "Environment": {"Variables": {"TIER": "critical"}}},
        {"FunctionName": "refund", "Timeout": 3},
        {"FunctionName": "checkout-worker", "Timeout": 60, "Environment": {"Variables": {"TIER": "critical"}}},
    ]})
}

fn lambda() -> Value {
    json!({
        "params": {"function": {}, "timeout": {"type": "number"}, "rate": {"default": 0.05, "min": 0, "max": 1}},
        "monitors": {
            "errors": {"name": "${function}", "critical": "${rate}"},
            "slow": {"critical": "${mul timeout 900}", "$when": "${gt timeout 5}"},
            "broken": {"query": "${monitors.errors.id}${#if (gt timeout 5)} && ${monitors.slow.id}${/if}"},
        },
    })
}

#[test]
fn a_template_runs_over_a_list() {
    check(
        json!({
            "files": {"inventory/functions.json": functions()},
            "templates": {"t": lambda()},
            "uses": {"lambda": {
                "for_each": "../inventory/functions.json",
                "where": "${eq each.Environment.Variables.TIER 'critical'}",
                "key": "${each.FunctionName}",
                "with": {"function": "${each.FunctionName}", "timeout": "${each.Timeout}"},
                "overrides": {"checkout-*": {"rate": 0.02}, "checkout-worker": {"rate": "${div each.Timeout 100}"}, "refund": {"rate": 1}},
            }},
        }),
        json!({
            "monitors/lambda/checkout-api/broken": {
                "query": "<id monitors/lambda/checkout-api/errors> && <id monitors/lambda/checkout-api/slow>"
            },
            "monitors/lambda/checkout-api/errors": {"name": "Checkout API", "critical": 0.02},
            "monitors/lambda/checkout-api/slow": {"critical": 27000},
            "monitors/lambda/checkout-worker/broken": {
                "query": "<id monitors/lambda/checkout-worker/errors> && <id monitors/lambda/checkout-worker/slow>"
            },
            "monitors/lambda/checkout-worker/errors": {"name": "checkout-worker", "critical": 0.6},
            "monitors/lambda/checkout-worker/slow": {"critical": 54000},
        }),
    );
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

#[test]
fn lists_of_every_form() {
    let files = json!({
        "inventory/list.json": ["A b", "c"],
        "inventory/table.csv": "name,code\nx,012\ny,013\n",
        "inventory/eu/f.json": {"Functions": [{"n": "e"}]},
        "inventory/us/f.json": {"Functions": [{"n": "u"}]},
    });
    let name = json!({"p": "${each}"});
    for (own, expected) in [
        (json!({"for_each": ["a", "b"], "with": name}), &["u/a/m=a", "u/b/m=b"][..]),
        (json!({"for_each": "${names}", "with": name}), &["u/v1/m=v1", "u/v2/m=v2"]),
        (json!({"for_each": "../inventory/${file}.json", "with": name}), &["u/a-b/m=A b", "u/c/m=c"]),
        (
            json!({"for_each": {"k1": "x", "k2": "y"}, "with": {"p": "${each.key}${each.value}"}}),
            &["u/k1/m=k1x", "u/k2/m=k2y"],
        ),
        (
            json!({"for_each": "../inventory/table.csv", "key": "${each.name}", "with": {"p": "${each.code}"}}),
            &["u/x/m=012", "u/y/m=013"],
        ),
        (json!({"for_each": "../inventory/*/f.json", "key": "${each.n}"}), &["u/e/m=-", "u/u/m=-"]),
        (json!({}), &["u/m=-"]),
        (json!({"key": "One", "with": {"p": "q"}}), &["u/one/m=q"]),
        (json!({"for_each": []}), &[]),
        (json!({"for_each": ["a"], "$when": "${eq env 'staging'}"}), &[]),
        (json!({"for_each": ["a"], "$when": "${eq env 'prod'}"}), &["u/a/m=-"]),
    ] {
        check_ids(own, files.clone(), expected);
    }
}

#[test]
fn overrides_may_be_a_table() {
    check_ids(
        json!({"for_each": ["a1", "a2", "b"], "overrides": "../o.csv", "with": {"p": "w"}}),
        json!({"o.csv": "glob,p\na*,all\na2,two\nb,\n"}),
        &["u/a1/m=all", "u/a2/m=two", "u/b/m=w"],
    );
    check_faults(
        json!({
            "files": {"o.csv": "glob,p,q\na,1,2\nzz,1,\n"},
            "templates": {"t": {"params": {"p": {"default": 1}}, "monitors": {"m": {"n": "${p}"}}}},
            "uses": {"u": {"for_each": ["a"], "overrides": "../o.csv"}},
        }),
        &[
            "unknown-parameter @ another 0..9: The template has no parameter `q` (did you mean `p`? known: `p`)",
            "idle-override @ another 15..20: 1 override names a key that the list of `u` doesn't have: `zz`",
        ],
    );
    check_faults(
        json!({
            "files": {"o.csv": "glob,p\na,fast\nzz,1\n"},
            "templates": {"t": {"params": {"p": {"default": 1}}, "monitors": {"m": {"n": "${p}"}}}},
            "uses": {"u": {"for_each": ["a"], "overrides": "../o.csv"}},
        }),
        &[
            "idle-override @ another 14..18: 1 override names a key that the list of `u` doesn't have: `zz`",
            "wrong-type @ another 7..13 [1: u/a]: The parameter `p` is of type number, and was given the text `fast`",
        ],
    );
}

#[test]
fn a_rename_keeps_the_objects() {
    let project = json!({
        "templates": {"t": {"monitors": {"new": {"n": 1, "$moved_from": "old"}}}},
        "uses": {"u": {"for_each": ["k"], "moved_from": "before"}},
        "monitors": {"x": {"n": 1, "$moved_from": "y"}},
    });
    let (resources, faults) = Project::new(&project).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    let moved: Vec<String> = resources
        .iter()
        .map(|r| r.directives.moved_from.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(moved, ["monitors/u/k/old monitors/before/k/new monitors/before/k/old", "monitors/y"]);
    assert_eq!(resources[0].instance.as_ref().map(|i| (i.name.as_str(), i.key.as_str())), Some(("u", "k")));
}

#[test]
fn directives_are_rendered() {
    let project = json!({"vars": {"on": true}, "monitors": {
        "a": {"n": 1, "$id": 12, "$protect": "${on}"},
        "b": {"n": 1, "$id": {"prod": "x-${env}", "staging": 3}},
        "c": {"n": 1, "$id": {"staging": 3}},
        "d": {"n": 1, "$when": "${ne env 'prod'}"},
        "e": {"n": 1, "$when": false},
    }});
    let (resources, faults) = Project::new(&project).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    let shown: Vec<_> = resources
        .iter()
        .map(|r| (r.address.id(), r.directives.adopt.as_deref(), r.directives.protect))
        .collect();
    assert_eq!(shown, [("a", Some("12"), true), ("b", Some("x-prod"), false), ("c", None, false)]);
    check_faults(
        json!({"monitors": {
            "a": {"n": 1, "$when": "${env}"},
            "c": {"n": 1, "$protect": "${upper env}"},
        }}),
        &[
            "wrong-type @ main /monitors/a/$when: `$when` must be true or false, and is the text `prod`",
            "wrong-type @ main /monitors/c/$protect: `$protect` must be true or false, and is the text `PROD`",
        ],
    );
}

#[test]
fn the_same_fault_is_told_once() {
    let items: Vec<Value> = (0..500)
        .map(|n| json!({"name": format!("f{n}"), "size": if n == 7 { json!(7) } else { json!("x") }}))
        .collect();
    let project = json!({
        "templates": {"t": {
            "params": {"name": {}, "item": {}},
            "monitors": {"m": {"name": "a ${item.nope} b", "n": "${mul item.size 2}"}, "ok": {"name": "${name}"}},
        }},
        "uses": {"u": {"for_each": items, "key": "${each.name}", "with": {"name": "${each.name}", "item": "${each}"}}},
    });
    check_faults(
        project.clone(),
        &[
            "missing-member @ template /monitors/m/name 4..13 [500: monitors/u/f0/m]: `item.nope`: there is no `nope` \
             in the data of instance `u/f0` (did you mean `name`? `default` gives",
            "wrong-value @ template /monitors/m/n 2..5 [499: monitors/u/f0/m]: `mul`: A number is needed here, not a \
             text (`x`) (instance `u/f0`)",
        ],
    );
    let (resources, faults) = Project::new(&project).expand();
    assert_eq!(resources.len(), 500, "those without a fault");
    assert_eq!(
        faults[0].also.iter().map(|(text, at)| format!("{text}: {}", place(at))).collect::<Vec<_>>(),
        ["in an instance of the use `u`: main /uses/u key"]
    );
}

#[test]
fn wrong_defaults_are_told_once() {
    check_faults(
        json!({
            "defaults": {"monitors": {"options": {"x": "${nope}"}, "y": "${mul env 2}"}},
            "monitors": {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1}},
        }),
        &[
            "unknown-name @ musher.yaml /defaults/monitors/options/x 2..6 [3: monitors/a]: There is no name `nope`",
            "wrong-value @ musher.yaml /defaults/monitors/y 2..5 [3: monitors/a]: `mul`",
        ],
    );
    check_faults(
        json!({
            "defaults": {"monitors": {"y": "${mul env 2}"}},
            "monitors": {"a": {"n": 1}, "b": {"n": 1}},
        }),
        &["wrong-value @ musher.yaml /defaults/monitors/y 2..5 [2: monitors/a]: `mul`"],
    );
}

#[test]
fn parameters_are_checked() {
    let template = json!({
        "params": {
            "need": {}, "rate": {"type": "number", "default": 0.05, "min": 0, "max": 1}, "text": {"type": "string", "default": ""},
        },
        "monitors": {"m": {"n": "${need}${rate}${text}"}},
    });
    check_faults(
        json!({
            "templates": {"t": template},
            "uses": {
                "a": {"for_each": ["x", "y"]},
                "b": {"for_each": ["x"], "with": {"need": 1, "rate": 2, "text": 5}},
                "c": {"for_each": ["x"], "with": {"ned": 1}},
                "d": {"for_each": ["x"], "template": "tt"},
                "e": {"for_each": ["x"], "with": {"need": 1}, "overrides": {"y": {"rate": 1}, "[": {}, "x": {"rte": 1}}},
            },
        }),
        &[
            "unknown-parameter @ main /uses/c/with/ned key: The template has no parameter `ned` (did you mean `need`? known: `need`, `rate`, `text`)",
            "unknown-parameter @ main /uses/e/overrides/x/rte key: The template has no parameter `rte`",
            "bad-glob @ main /uses/e/overrides/[ key: `[` is no glob",
            "idle-override @ main /uses/e/overrides/y key: 1 override names a key that the list of `e` doesn't have: `y`",
            "missing-parameter @ main /uses/a key [2: a/x]: The template `t` needs the parameter `need`",
            "out-of-bounds @ main /uses/b/with/rate [1: b/x]: The parameter `rate` must be between 0 and 1, and was given the number 2",
            "wrong-type @ main /uses/b/with/text [1: b/x]: The parameter `text` is of type string, and was given the number 5",
            "missing-parameter @ main /uses/c/with key [1: c/x]: The template `t` needs the parameter `need`",
        ],
    );
    check_faults(
        json!({"vars": {"upper": 1}, "templates": {"t": {
            "params": {"default": {}, "monitors": {}, "rate": {"type": "number", "default": "fast"}},
            "monitors": {"m": {"n": "${each.x}"}},
        }}}),
        &[
            "reserved-name @ musher.yaml /vars/upper key: A variable can't be called `upper`: that is the name of a helper",
            "reserved-name @ template /params/default key: A parameter can't be called `default`: that is the name of a helper",
            "reserved-name @ template /params/monitors key: A parameter can't be called `monitors`: that is a section",
            "wrong-type @ template /params/rate/default: The parameter `rate` is of type number, and was given the text `fast` as its default",
            "unknown-name @ template /monitors/m/n 2..8: There is no name `each` here (`each` is known in `where`, `key`, `with`",
        ],
    );
}

#[test]
fn overrides_of_what_left_the_list_are_one_warning_and_typing_errors_are_errors() {
    let template = json!({"monitors": {"m": {"n": 1}}});
    let list = ["checkout-api", "pay-v2", "orders-eu-1", "abc"];
    let overrides = json!({
        "chekout-api": {}, "Checkout-API": {}, "zz*": {}, "pay-v1": {}, "orders-eu-2": {}, "abd": {}, "ledger": {},
        "checkout-apis": {}, "pay-v2": {},
    });
    check_faults(
        json!({"templates": {"t": template}, "uses": {"u": {"for_each": list, "overrides": overrides}}}),
        &[
            "idle-override @ main /uses/u/overrides/chekout-api key: The override `chekout-api` matches no key (did you mean `checkout-api`?)",
            "idle-override @ main /uses/u/overrides/Checkout-API key: The override `Checkout-API` matches no key (did you mean `checkout-api`?)",
            "idle-override @ main /uses/u/overrides/zz* key: The override `zz*` matches no key",
            "idle-override @ main /uses/u/overrides/checkout-apis key: The override `checkout-apis` matches no key (did you mean `checkout-api`?)",
            "idle-override @ main /uses/u/overrides/pay-v1 key: 4 overrides name keys that the list of `u` doesn't have: `pay-v1`, `orders-eu-2`, `abd`, `ledger`",
        ],
    );
    // One that is there has an override of its own: what is like it is another one, which has left.
    let overrides = json!({"checkout-api": {}, "checkout-app": {}});
    check_faults(
        json!({"templates": {"t": template}, "uses": {"u": {"for_each": list, "overrides": overrides}}}),
        &[
            "idle-override @ main /uses/u/overrides/checkout-app key: 1 override names a key that the list of `u` doesn't have: `checkout-app`",
        ],
    );
}

#[test]
fn what_is_let_go_has_no_body_and_can_not_be_referred_to() {
    let template = json!({
        "params": {"needed": {}},
        "monitors": {"gone": {"$forget": true}, "stays": {"n": "${needed}"}, "asks": {"q": "${monitors.gone.id}"}},
    });
    check_faults(
        json!({
            "templates": {"t": template},
            "uses": {
                "u": {"for_each": ["x", "y"], "with": {"needed": 1}},
                // No value is needed where all of it goes.
                "all": {"for_each": ["x"], "$forget": true},
            },
        }),
        &[
            "forgotten-reference @ template /monitors/asks key [2: monitors/u/x/asks]: `monitors/u/x/asks` refers to `monitors/u/x/gone`, which `$forget` lets go",
        ],
    );
    check_ids(json!({"for_each": ["a"], "$forget": true, "with": {"p": "w"}}), json!({}), &["u/a/m="]);
}

#[test]
fn a_default_may_use_what_comes_before_it() {
    check(
        json!({
            "templates": {"t": {
                "params": {"name": {}, "title": {"default": "${env} ${name}"}, "size": {"type": "number", "default": "${len name}"}},
                "monitors": {"m": {"title": "${title}", "size": "${size}"}},
            }},
            "uses": {"u": {"for_each": ["abc"], "with": {"name": "${each}"}}},
        }),
        json!({"monitors/u/abc/m": {"title": "prod abc", "size": 3}}),
    );
}

#[test]
fn keys_are_checked() {
    let template = json!({"monitors": {"m": {"n": 1}}});
    check_faults(
        json!({"templates": {"t": template}, "uses": {
            "collide": {"for_each": [{"n": "A b", "z": 1}, {"n": "a-B", "z": 2}], "key": "${each.n}"},
            "none": {"for_each": [{"n": 1}, {"n": 2}]},
            "empty": {"for_each": ["…"]},
            "missing": {"for_each": [{"n": "x"}, {"m": "y"}], "key": "${each.n}"},
            "idle": {"for_each": ["checkout"], "overrides": {"chekout": {}}},
            "where": {"for_each": ["x"], "where": "${each}"},
            "list": {"for_each": 5},
            "file": {"for_each": "nope.json"},
        }}),
        &[
            "key-collision @ main /uses/collide/key: Items 1 and 2 of `collide` have the same key `a-b`: `n: \"A b\", z: 1` and `n: \"a-B\", z: 2`",
            "idle-override @ main /uses/idle/overrides/chekout key: The override `chekout` matches no key (did you mean `checkout`?)",
            "not-a-list @ main /uses/list/for_each: A list or mapping is needed here, not a number",
            "list-unreadable @ main /uses/file/for_each: There is no file `monitors/nope.json`",
            "missing-key @ main /uses/none key [2: none item 1]: The use `none` needs a `key`",
            "empty-key @ main /uses/empty key [1: empty item 1]: The key of item 1 has no letter",
            "missing-member @ main /uses/missing/key 2..8 [1: missing item 2]: `each.n`: there is no `n` in the data of item 2",
            "wrong-type @ main /uses/where/where [1: where item 1]: `where` must be true or false, and is the text `x`",
        ],
    );
}

#[test]
fn an_item_that_is_filtered_needs_no_key() {
    check_ids(
        json!({"for_each": [{"n": "x"}, {"m": "y"}, {"n": "X", "off": true}], "key": "${each.n}", "where": "${and (ne each.n null) (ne each.off true)}"}),
        json!({}),
        &["u/x/m=-"],
    );
}

#[test]
fn references_are_checked() {
    let template = json!({"params": {"on": {"default": true}}, "monitors": {
        "errors": {"n": 1, "$when": "${on}"},
        "broken": {"q": "${monitors.errors.id} ${monitors.[u/a/errors].id} ${monitors.plain.id}"},
    }});
    let project = |extra: Value| {
        let mut project = json!({
            "templates": {"t": template},
            "uses": {"u": {"for_each": ["a", "b"]}},
            "monitors": {"plain": {"n": 1}, "off": {"n": 1, "$when": false}},
        });
        for (key, value) in extra.as_object().expect("an object") {
            project[key] = value.clone();
        }
        project
    };
    let (resources, faults) = Project::new(&project(json!({}))).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    let broken = resources.iter().find(|r| r.address.id() == "u/b/broken").expect("the second instance");
    let body = broken.body.value();
    let query = body["q"].as_str().unwrap_or_default();
    assert_eq!(
        query.replace([Reference::OPEN, Reference::CLOSE], "|"),
        "|id monitors/u/b/errors| |id monitors/u/a/errors| |id monitors/plain|"
    );
    check_faults(
        project(
            json!({"slos": {"s": {"a": "${monitors.plan.id}", "b": "${monitors.off.id}", "c": "${monitors.[u/a/eror].id}", "d": "${slos.x.url}"}}}),
        ),
        &[
            "unknown-reference @ main /slos/s/a 2..18: There is no `monitors/plan` (did you mean `${monitors.plain.id}`?)",
            "switched-off-reference @ main /slos/s/b 2..17: `monitors/off` is switched off",
            "unknown-reference @ main /slos/s/c 2..24: There is no `monitors/u/a/eror` (did you mean `${monitors.[u/a/errors].id}`?)",
            "unknown-reference @ main /slos/s/d 2..12: There is no `slos/x`",
        ],
    );
    check_faults(
        project(json!({"uses": {"u": {"for_each": ["a", "b"], "overrides": {"b": {"on": false}}}}})),
        &[
            "switched-off-reference @ template /monitors/broken/q 2..20 [1: monitors/u/b/broken]: `monitors.errors` is switched off",
        ],
    );
}

#[test]
fn what_can_be_said_only_at_the_end() {
    let long = "x".repeat(200);
    check_faults(
        json!({
            "templates": {"t": {"monitors": {"m": {"n": 1}}}},
            "uses": {"u": {"for_each": ["a"]}},
            "monitors": {"u/a/m": {"n": 2}, long.as_str(): {"n": 1}, "empty": {"a": null}},
            "defaults": {"monitors": {"a": 1}},
        }),
        &[
            "empty-body @ main /monitors/empty key: The body of `monitors/empty` is empty once it is rendered",
            "duplicate-id @ main /uses/u key: `monitors/u/a/m` is declared twice",
            "mark-too-long @ main /monitors/xxx",
        ],
    );
}

#[test]
fn a_body_that_is_too_deep_hides_no_other_fault() {
    let deep = |levels| (0..levels).fold(json!("x"), |inside, _| json!([inside]));
    let project = |levels| {
        json!({
            "vars": {"deep": deep(levels), "list": [1], "none": {}},
            "monitors": {"m": {
                "a": ["${deep}"],
                "b": "${none.x}",
                "c": [{"$for": "x in list", "$yield": "${upper x}"}],
                "d": "${deep}",
            }},
        })
    };
    let others = [
        "missing-member @ main /monitors/m/b 2..8: `none.x`: there is no `x` in the data",
        "wrong-value @ main /monitors/m/c/0/$yield",
    ];
    check_faults(project(125), &others);
    let all =
        "too-deep @ main /monitors/m key: The body of `monitors/m` is nested too deeply once it is rendered";
    check_faults(project(126), &[others[0], others[1], all]);
}

#[test]
fn resources_come_in_order_whatever_the_threads() {
    let items: Vec<Value> = (0..300).map(|n| Value::from(format!("n{}", (n * 7919) % 300))).collect();
    let monitors: Map<String, Value> =
        (0..300).map(|n| (format!("p{}", (n * 7919) % 300), json!({"n": "${env}"}))).collect();
    let project = json!({
        "templates": {"t": {"monitors": {"b": {"n": 1}, "a": {"n": 2}}}},
        "uses": {"u": {"for_each": items}},
        "monitors": monitors,
    });
    let (resources, _) = Project::new(&project).expand();
    assert_eq!(resources.len(), 900);
    assert!(resources.is_sorted_by(|a, b| a.address < b.address));
}

#[test]
fn a_fault_in_a_named_file_is_told_there() {
    let mut project = Project::new(&json!({
        "defaults": {"monitors": {"d": "${div 1 0}"}},
        "monitors": {"x": {"type": "t", "name": "${nam}", "own": "${nope}"}},
    }));
    let text = "monitors:\n  x:\n    $file: x.json\n    own: ${nope}\n";
    project.sources.files[MAIN.0 as usize].text = text.into();
    let file = project.sources.add("monitors/x.json", r#"{"type": "t", "name": "${nam}"}"#, Format::Json);
    Arc::make_mut(&mut project.definitions.resources[0].origin).layers.push(At::value(file, ""));
    let (_, faults) = project.expand();
    let mut places: Vec<String> = faults.iter().filter_map(|fault| fault.at.as_ref()).map(place).collect();
    places.sort();
    assert_eq!(
        places,
        ["another /name 2..5", "main /monitors/x/own 2..6", "musher.yaml /defaults/monitors/d 2..5"]
    );
}

#[test]
fn what_cannot_be_compiled_names_its_instances_too() {
    check_faults(
        json!({
            "templates": {"t": {
                "params": {"p": {}, "q": {"default": "${nope}"}},
                "monitors": {"m": {"n": "${nam}", "x": [{"$for": "5", "$yield": 1}]}, "fine": {"n": "${p}"}},
            }},
            "uses": {"u": {"for_each": ["a", "b"], "with": {"p": 1}}, "v": {"with": {"p": 1}}},
        }),
        &[
            "unknown-name @ template /params/q/default 2..6 [3: u/a]: There is no name `nope` here",
            "unknown-name @ template /monitors/m/n 2..5 [3: monitors/u/a/m]: There is no name `nam` here",
            "bad-for @ template /monitors/m/x/0/$for [3: monitors/u/a/m]: `$for` takes a name and a list",
        ],
    );
    let project = json!({
        "templates": {"t": {"monitors": {"m": {"n": "${monitors.mm.id}"}, "other": {"n": 1}}}},
        "uses": {"u": {"for_each": ["a", "b"]}, "v": {}},
    });
    let help = "(did you mean `${monitors.m.id}`?)";
    let told =
        "unknown-reference @ template /monitors/m/n 2..16 [3: monitors/u/a/m]: There is no `monitors/mm` ";
    check_faults(project.clone(), &[&format!("{told}{help}")]);
    let (_, faults) = Project::new(&project).expand();
    let also: Vec<String> = faults[0].also.iter().map(|(_, at)| place(at)).collect();
    assert_eq!(also, ["main /uses/u key", "main /uses/v key"]);
}

#[test]
fn a_missing_parameter_is_told_once() {
    let params = json!({"p": {}, "q": {"default": "${p}-x"}});
    check_faults(
        json!({
            "templates": {"t": {"params": params, "monitors": {"m": {"n": "${p}${q}"}}}},
            "uses": {"u": {"for_each": ["a"]}},
        }),
        &["missing-parameter @ main /uses/u key [1: u/a]: The template `t` needs the parameter `p`"],
    );
}

#[test]
fn thousands_of_overrides_take_little() {
    let globs = |i: usize| [format!("k{i}"), format!("k{i}*"), format!("*k{i}"), format!("[k]{i}")];
    let overrides: Map<String, Value> =
        (0..1000).flat_map(globs).map(|glob| (glob.clone(), json!({"p": glob}))).collect();
    let keys: Vec<String> = (0..1000).map(|i| format!("k{i}")).collect();
    let project = json!({
        "templates": {"t": {"params": {"p": {}}, "monitors": {"m": {"n": "${p}"}}}},
        "uses": {"u": {"for_each": keys, "overrides": overrides}},
    });
    let (resources, faults) = Project::new(&project).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(resources.len(), 1000);
    // The last one wins, of whatever form.
    for resource in resources {
        let key = resource.address.id().split('/').nth(1).unwrap().trim_start_matches('k').to_owned();
        assert_eq!(resource.body.get("n"), Some(format!("[k]{key}").into()));
    }
}

#[test]
fn later_overrides_win_parameter_by_parameter() {
    let overrides = json!({
        "a*": {"p": 1, "q": 1}, "*": {"q": 2}, "{a1,b1}": {"p": 3}, "a1": {}, "*1": {"r": 4}, "?1": {"r": 5},
    });
    let params = json!({"p": {"default": 0}, "q": {"default": 0}, "r": {"default": 0}});
    check(
        json!({
            "templates": {"t": {"params": params, "monitors": {"m": {"n": "${p}${q}${r}"}}}},
            "uses": {"u": {"for_each": ["a1", "a2", "b1"], "overrides": overrides}},
        }),
        json!({"monitors/u/a1/m": {"n": "325"}, "monitors/u/a2/m": {"n": "120"}, "monitors/u/b1/m": {"n": "325"}}),
    );
}

#[test]
fn a_former_name_of_a_use_is_a_template() {
    let project = |old: &str| {
        json!({
            "templates": {"t": {"monitors": {"m": {"n": 1}}}},
            "uses": {"u": {"for_each": ["k"], "moved_from": old}},
        })
    };
    let (resources, faults) = Project::new(&project("${env}-old")).expand();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(resources[0].directives.moved_from, [Address::new("monitors", "prod-old/k/m")]);
    check_faults(
        project("${upper env}"),
        &["bad-id @ main /uses/u/moved_from [1: u]: `$moved_from` must be an id, and is the text `PROD`"],
    );
}

#[test]
fn loops_cannot_eat_the_memory() {
    let long: Vec<usize> = (0..6000).collect();
    for yields in [json!("${x}"), json!("${json x}")] {
        check_faults(
            json!({"vars": {"x": long}, "monitors": {"m": {"list": [{"$for": "a in x", "$yield": yields}]}}}),
            &["too-large @ main /monitors/m/list/0/$for"],
        );
    }
}
