//! The schemas over real and wrong files: what loads passes, what an editor should underline does not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{File, Parameter, Template, keys, project, schema};
use crate::diagnostic::{Diagnostic, FileId, Format, Sources};
use crate::kind::{self, Envelope, KINDS, Kind};
use crate::load;
use crate::recordings::{recorded, sessions, shared};
use crate::source;

fn validator(file: File) -> &'static Validator {
    static MADE: LazyLock<[Validator; 3]> = LazyLock::new(|| {
        [File::Definitions, File::Template, File::Project]
            .map(|file| jsonschema::draft7::new(&schema(file, &[])).expect("a schema"))
    });
    &MADE[file as usize]
}

fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn read(text: &str) -> Value {
    let (value, reported) = source::value(text, Format::Yaml, FileId(0));
    value.unwrap_or_else(|| panic!("{reported:?}"))
}

/// The YAML files below a folder of this repository.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_schemas_are_ones_of_draft_7() {
    for file in [File::Definitions, File::Template, File::Project] {
        jsonschema::draft7::meta::validate(&schema(file, &[])).expect("valid by the meta schema");
    }
}

#[test]
fn the_example_estate_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sorts = [(File::Definitions, "monitors"), (File::Template, "templates")];
    let mut all = vec![(File::Project, root.join("musher.yaml"))];
    for (file, folder) in sorts {
        let own = files(&root.join(folder));
        assert!(own.len() >= 5, "{folder} is empty");
        all.extend(own.into_iter().map(|path| (file, path)));
    }
    all.push((File::Project, root.join("src/commands/init/musher.yaml")));
    all.push((File::Definitions, root.join("src/commands/init/definition.yaml")));
    for (file, path) in all {
        let mut value = read(&std::fs::read_to_string(&path).unwrap());
        if path.ends_with("init/musher.yaml") {
            value["project"] = json!("given-by-the-folder");
        }
        let reported = faults(validator(file), &value);
        assert!(reported.is_empty(), "{}: {reported:#?}", path.display());
    }
}

/// What the service took or answered is never wrong.
#[test]
fn recorded_bodies_are_valid() {
    let (mut taken, mut answered) = (0, 0);
    for kind in KINDS {
        let Some(name) = recorded(kind, "bodies against the schema") else { continue };
        let Some(sessions) = sessions(&[name], "bodies against the schema") else { return };
        for one in sessions.into_values().flatten().filter(|one| one.status < 300) {
            let alone = one
                .path
                .strip_prefix(kind.api.path)
                .is_some_and(|rest| !rest[1.min(rest.len())..].contains('/'));
            let written = alone && ["POST", "PUT", "PATCH"].contains(&one.method.as_str());
            taken += usize::from(written && is_valid(kind, &one.request, &one.source));
            let whole = one.response.pointer("/data/0").or(one.response.get("data")).unwrap_or(&one.response);
            answered += usize::from(alone && is_valid(kind, whole, &one.source));
        }
    }
    println!("valid by the schema: {taken} recorded bodies and {answered} answers");
    assert!(taken > 400 && answered > 400, "{taken} {answered}");
}

#[test]
fn real_exports_are_valid() {
    let Some(shared) = shared("exports against the schema") else { return };
    let mut count = 0;
    for kind in KINDS {
        let Ok(folder) = std::fs::read_dir(shared.join("exports").join(kind.section)) else { continue };
        for entry in folder {
            let path = entry.unwrap().path();
            let body = std::fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str(&text).ok());
            count += usize::from(body.is_some_and(|body| is_valid(kind, &body, &path.display().to_string())));
        }
    }
    println!("valid by the schema: {count} real exports");
    assert!(count > 50, "{count}");
}

/// Whether a value is a body of the kind at all; one that the schema refuses ends the test.
fn is_valid(kind: &Kind, body: &Value, source: &str) -> bool {
    let Some(map) = body.as_object() else { return false };
    let map = match kind.api.envelope {
        Envelope::Resource(name) => match map.get("data").unwrap_or(body) {
            Value::Object(data) if data.get("type") == Some(&json!(name)) => {
                kind::flatten(&kind.api, data.clone())
            }
            _ => return false,
        },
        _ if (kind.about.is_export)(map) => map.clone(),
        _ => return false,
    };
    let reported = faults(validator(File::Definitions), &json!({ kind.section: {"recorded": map} }));
    assert!(reported.is_empty(), "{source}: {reported:#?}");
    true
}

fn check(file: File, yaml: &str, expected: &[&str]) {
    let reported: BTreeSet<String> =
        validator(file).iter_errors(&read(yaml)).map(|error| error.instance_path().to_string()).collect();
    assert_eq!(reported.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{yaml}");
}

#[test]
fn wrong_definitions_are_told_at_their_place() {
    let check = |yaml: &str, expected: &[&str]| check(File::Definitions, yaml, expected);
    check("monitor: {}", &[""]);
    check("monitors: [a]", &["/monitors"]);
    check("monitors: {Checkout Errors: {name: x}}", &["/monitors"]);
    check("monitors: {a: }", &["/monitors/a"]);
    check("monitors: {a: {}}", &["/monitors/a"]);
    check("monitors: {a: {$protected: true}}", &["/monitors/a"]);
    check("monitors: {a: {name: x, $protect: yes}}", &["/monitors/a/$protect"]);
    check("monitors: {a: {name: x, $ignore: options}}", &["/monitors/a/$ignore"]);
    check("monitors: {a: {name: x, $ignore: [options]}}", &["/monitors/a/$ignore/0"]);
    check("monitors: {a: {$file: a.txt}}", &["/monitors/a/$file"]);
    check("monitors: {a: {name: x, $id: 1.5}}", &["/monitors/a/$id"]);
    check("monitors: {a: {tags: team:x}}", &["/monitors/a/tags"]);
    check("monitors: {a: {tags: [1]}}", &["/monitors/a/tags/0"]);
    check("monitors: {a: {priority: 6}}", &["/monitors/a/priority"]);
    check("monitors: {a: {priority: high}}", &["/monitors/a/priority"]);
    check("monitors: {a: {options: {timeout_h: 25}}}", &["/monitors/a/options/timeout_h"]);
    check("monitors: {a: {options: {notify_no_data: no}}}", &["/monitors/a/options/notify_no_data"]);
    check(
        "monitors: {a: {options: {thresholds: {critical: '5'}}}}",
        &["/monitors/a/options/thresholds/critical"],
    );
    check("slos: {a: {thresholds: [{target: 101}]}}", &["/slos/a/thresholds/0/target"]);
    check("slos: {a: {thresholds: {30d: 99}}}", &["/slos/a/thresholds"]);
    check("slos: {a: {monitor_ids: [abc]}}", &["/slos/a/monitor_ids/0"]);
    check("slos: {a: {type: metrc}}", &["/slos/a/type"]);
    check("slos: {a: {thresholds: [{timeframe: 31d}]}}", &["/slos/a/thresholds/0/timeframe"]);
    check("monitors: {a: {options: {on_missing_data: show_ok}}}", &["/monitors/a/options/on_missing_data"]);
    check(
        "monitors: {a: {options: {renotify_statuses: [alert, nodata]}}}",
        &["/monitors/a/options/renotify_statuses/1"],
    );
    check("dashboards: {a: {layout_type: order}}", &["/dashboards/a/layout_type"]);
    check("dashboards: {a: {widgets: {}}}", &["/dashboards/a/widgets"]);
    let nested = "dashboards: {a: {widgets: [{definition: {widgets: [{definition: {title: []}}]}}]}}";
    check(nested, &["/dashboards/a/widgets/0/definition/widgets/0/definition/title"]);
    check("uses: {a: {with: {}}}", &["/uses/a"]);
    check("uses: {a: {template: t, for: x}}", &["/uses/a"]);
    check("uses: {a: {template: t, overrides: {x: 1}}}", &["/uses/a/overrides/x"]);
    check("params: {}", &[""]);
}

#[test]
fn right_definitions_are_not() {
    let check = |yaml: &str| check(File::Definitions, yaml, &[]);
    check("");
    check("monitors:");
    check("monitors: {a: {unknown_field: {x: [1]}, options: {unknown: 1}, type: quantum alert}}");
    check("monitors: {a: {priority: '${p}', tags: '${tags}', options: '${json x}', name: null}}");
    check("monitors: {a: {options: {notify_no_data: '${x}', thresholds: {critical: '${mul t 900}'}}}}");
    check("monitors: {a: {tags: [a, {$for: t in teams, $yield: 'team:${t}'}]}}");
    check("monitors: {a: {options: {renotify_statuses: [alert, '${x}', {$for: s in all, $yield: '${s}'}]}}}");
    check("slos: {a: {type: '${x}', timeframe: null, thresholds: [{timeframe: '${n}d'}]}}");
    check(
        "monitors: {a/b.c: {$id: {prod: 1, staging: '2'}, $when: '${x}', $allow: [a-b], $moved_from: [a, b]}}",
    );
    check("slos: {a: {monitor_ids: ['${monitors.a.id}', 12]}}");
    check("dashboards: {a: {$file: a.json}}");
    check("dashboards: {a: {widgets: [{$for: f in fs, $yield: {definition: {type: note, content: x}}}]}}");
    check("uses: {a: {template: t, for_each: [1], where: '${x}', key: k, with: {a: 1}, overrides: x.csv}}");
}

#[test]
fn templates_and_projects_are_judged_too() {
    let template = |yaml: &str, expected: &[&str]| check(File::Template, yaml, expected);
    template("{description: x, params: {a: {}, b: {type: number, min: 0, default: 1}, c: }}", &[]);
    template("params: {a: {type: text}}", &["/params/a/type"]);
    template("params: {a-b: {}}", &["/params"]);
    template("params: {a: {required: true}}", &["/params/a"]);
    template("uses: {}", &[""]);
    let project = |yaml: &str, expected: &[&str]| check(File::Project, yaml, expected);
    project(
        "{project: a, environments: {prod: {site: datadoghq.eu, brakes: {delete: 10%, org: off}}, x: }}",
        &[],
    );
    project(
        "{project: a, defaults: {monitors: {tags: [a], options: {include_tags: true}}}, required_tags: [team], rules: {required-tags: warn}}",
        &[],
    );
    project("{}", &[""]);
    project("project: A B", &["/project"]);
    project("{project: a, site: x}", &[""]);
    project("{project: a, environments: {prod: {sites: x}}}", &["/environments/prod"]);
    project(
        "{project: a, environments: {prod: {brakes: {delete: lots}}}}",
        &["/environments/prod/brakes/delete"],
    );
    project("{project: a, environments: {prod: {keys: {api: secret}}}}", &["/environments/prod/keys/api"]);
    project("{project: a, defaults: {monitors: {$protect: true}}}", &["/defaults/monitors"]);
    project("{project: a, rules: {required-tags: loud}}", &["/rules/required-tags"]);
    project("{project: a, rules: {no-such-rule: off}}", &["/rules"]);
}

/// The help for an unknown key lists all known ones; the names in that help.
fn known_to_reader(path: &str, yaml: &str) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("musher.yaml", "project: x\n"), (path, yaml)] {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let root = camino::Utf8Path::from_path(folder.path()).unwrap();
    let (config, mut reported) =
        crate::config::read(root, &crate::config::Hosts::default(), &mut Sources::default());
    if let Some(config) = config {
        let (_, _, faults) = load::load(&config, &[], Sources::default());
        reported.extend(faults);
    }
    let reported: Vec<Diagnostic> =
        reported.into_iter().filter(|reported| reported.code.starts_with("unknown-")).collect();
    let [fault] = reported.as_slice() else { panic!("{reported:#?}") };
    let help = fault.help.as_deref().unwrap();
    let names = help.strip_prefix("known: ").unwrap_or_else(|| panic!("{help}"));
    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// What is offered is what the reader knows, no more and no less.
#[test]
fn the_keys_are_those_of_the_reader() {
    fn names(schema: &Value, pointer: &str) -> BTreeSet<String> {
        let properties = schema.pointer(&format!("{pointer}/properties")).and_then(Value::as_object);
        properties.unwrap_or_else(|| panic!("{pointer}")).keys().cloned().collect()
    }
    let entry = "/additionalProperties";
    for (path, yaml, expected) in [
        (
            "monitors/a.yaml",
            "monitors: {a: {name: x, $zzzzzzzzzzzzzzzz: 1}}",
            keys::names().into_iter().collect(),
        ),
        ("monitors/a.yaml", "uses: {a: {template: 1, zzzzzzzzzzzzzzzz: 1}}", names(&keys::uses(&[]), entry)),
        ("monitors/a.yaml", "zzzzzzzzzzzzzzzz: 1", names(&schema(File::Definitions, &[]), "")),
        ("templates/a.yaml", "params: {a: {zzzzzzzzzzzzzzzz: 1}}", names(&keys::params(), entry)),
        ("templates/a.yaml", "zzzzzzzzzzzzzzzz: 1", names(&schema(File::Template, &[]), "")),
        ("musher.yaml", "{project: a, zzzzzzzzzzzzzzzz: 1}", project::properties().keys().cloned().collect()),
        (
            "musher.yaml",
            "{project: a, environments: {a: {zzzzzzzzzzzzzzzz: 1}}}",
            names(&project::properties()["environments"], entry),
        ),
        (
            "musher.yaml",
            "{project: a, environments: {a: {brakes: {zzzzzzzzzzzzzzzz: 1}}}}",
            names(&project::properties()["environments"], &format!("{entry}/properties/brakes")),
        ),
    ] {
        assert_eq!(known_to_reader(path, yaml), expected, "{yaml}");
    }
}

#[test]
fn parameters_of_built_in_templates_are_explained() {
    let uses = keys::uses(&[]);
    let rules = uses.pointer("/additionalProperties/allOf").and_then(Value::as_array).unwrap();
    assert_eq!(rules.len(), crate::template::BUILT_IN.len());
    for rule in rules {
        let with = rule.pointer("/then/properties/with/properties").and_then(Value::as_object).unwrap();
        assert!(with.len() > 1, "{rule}");
    }
}

#[test]
fn every_field_can_be_found_in_the_schema() {
    let schema = schema(File::Definitions, &[]);
    let at = |kind: &Kind, path: &str| {
        let steps = path.split('/').skip(1).map(|step| match step {
            "*" => "/items".to_owned(),
            step => format!("/properties/{step}"),
        });
        format!("/definitions/{}{}", kind.name, steps.collect::<String>())
    };
    for kind in kind::KINDS {
        for field in kind.fields.iter().filter(|field| !field.doc.is_empty()) {
            let place = at(kind, field.at);
            let found = schema.pointer(&place).unwrap_or_else(|| panic!("{place}"));
            assert_eq!(found["description"], field.doc, "{place}");
        }
    }
}

#[test]
fn the_teams_own_templates_are_completed() {
    let parameter = |name: &str, ty, required| Parameter {
        name: name.to_owned(),
        description: format!("What {name} is."),
        ty,
        required,
    };
    let own = |name: &str| Template {
        name: name.to_owned(),
        parameters: vec![parameter("limit", Some("number"), true), parameter("who", Some("string"), false)],
    };
    // The second one stands in the place of the built-in one of that name.
    let schema = schema(File::Definitions, &[own("mine"), own("aws-lambda")]);
    jsonschema::draft7::meta::validate(&schema).expect("valid by the meta schema");
    let conditions = schema["properties"]["uses"]["additionalProperties"]["allOf"].as_array().unwrap();
    for name in ["mine", "aws-lambda"] {
        let of: Vec<&Value> =
            conditions.iter().filter(|one| one["if"]["properties"]["template"]["const"] == name).collect();
        assert_eq!(of.len(), 1, "{name}");
        let with = &of[0]["then"]["properties"]["with"]["properties"];
        assert_eq!(with["limit"]["description"], "What limit is. (required)");
        assert_eq!(with.as_object().unwrap().len(), 2);
    }
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let used =
        |limit: &str| read(&format!("uses: {{a: {{template: mine, with: {{limit: {limit}, new: 1}}}}}}"));
    assert_eq!(faults(&validator, &used("5")), Vec::<String>::new());
    assert_eq!(faults(&validator, &used("'${each.Timeout}'")), Vec::<String>::new());
    assert_eq!(faults(&validator, &used("high")).len(), 1);
}
