//! What is reported, where and how often.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{MAIN, Project, check_faults, place};
use crate::diagnostic::{At, Format};
use crate::model::Reference;

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
            "unknown-name @ musher.yaml /defaults/monitors/options/x 2..6 [3: monitors/a]: Unknown name `nope`",
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
            "unknown-name @ template /params/q/default 2..6 [3: u/a]: Unknown name `nope`",
            "unknown-name @ template /monitors/m/n 2..5 [3: monitors/u/a/m]: Unknown name `nam`",
            "bad-for @ template /monitors/m/x/0/$for [3: monitors/u/a/m]: `$for` takes a name and a list",
        ],
    );
    let project = json!({
        "templates": {"t": {"monitors": {"m": {"n": "${monitors.mm.id}"}, "other": {"n": 1}}}},
        "uses": {"u": {"for_each": ["a", "b"]}, "v": {}},
    });
    let help = "(did you mean `${monitors.m.id}`?)";
    let reported =
        "unknown-reference @ template /monitors/m/n 2..16 [3: monitors/u/a/m]: There is no `monitors/mm` ";
    check_faults(project.clone(), &[&format!("{reported}{help}")]);
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
