//! Strings rendered, defaults merged under them, directives.

use serde_json::{Map, Value, json};

use super::{Project, check, check_faults};

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
