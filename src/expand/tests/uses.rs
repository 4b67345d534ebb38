//! Templates run over lists: keys, parameters, renames.

use serde_json::{Value, json};

use super::{Project, check, check_faults, check_ids};
use crate::model::Address;

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
            "bad-glob @ main /uses/e/overrides/[ key: `[` is not a glob",
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
            "unknown-name @ template /monitors/m/n 2..8: Unknown name `each` (`each` is known in `where`, `key`, `with`",
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
fn a_reference_may_be_put_together_from_values() {
    let project = |link: &str| {
        json!({
            "monitors": {"payments": {"name": "p"}, "tools": {"$when": "${eq env 'dev'}", "name": "t"}},
            "templates": {"t": {"params": {"link": {}}, "monitors": {"m": {"message": "See ${link}"}}}},
            "uses": {"all": {
                "for_each": [{"key": "a", "team": "payments"}, {"key": "b", "team": "tools"}],
                "key": "${each.key}",
                "where": "${ne each.key 'b'}",
                "with": {"link": link},
            }},
        })
    };
    check(
        project("${reference 'monitors' 'url' each.team}"),
        json!({
            "monitors/all/a/m": {"message": "See <url monitors/payments>"},
            "monitors/payments": {"name": "p"},
        }),
    );
    let told = |link: &str, expected: &[&str]| check_faults(project(link), expected);
    let at = "@ main /uses/all/with/link";
    let told = |link: &str, expected: &str| told(link, &[expected]);
    told(
        "${reference 'monitors' 'id' each.team 's'}",
        &format!(
            "unknown-reference {at} 2..41: There is no `monitors/paymentss` (did you mean `${{monitors.payments.id}}`?)"
        ),
    );
    told(
        "${reference 'monitors' 'id' 'tools'}",
        &format!("switched-off-reference {at} 2..35: `monitors/tools` is switched off"),
    );
    for (expression, words) in [
        (
            "reference 'monitor' 'id' each.team",
            "There is no section `monitor` to refer to (did you mean `monitors`?",
        ),
        ("reference 'monitors' 'ids' each.team", "A reference has no `ids` (did you mean `id`?)"),
        ("reference each.team 'id' each.team", "`reference` takes a section, `id` or `url`"),
    ] {
        told(&format!("${{{expression}}}"), &format!("unknown-reference {at} 2..11: {words}"));
    }
    for (part, words) in [("each", "not of a mapping"), ("null", "not of null")] {
        let whole = 2 + format!("reference 'monitors' 'id' {part}").len();
        told(
            &format!("${{reference 'monitors' 'id' {part}}}"),
            &format!(
                "unknown-reference {at} 2..{whole} [1: all/a]: An id is made of texts and numbers, {words}"
            ),
        );
    }
}

/// That the project does not use the kind is said once, of what stands in its section.
#[test]
fn a_reference_into_a_kind_that_is_not_used_is_a_reference() {
    check(
        json!({"teams": {"shop": {"name": "Shop"}}, "monitors": {"m": {"message": "${teams.shop.url}"}}}),
        json!({"monitors/m": {"message": "<url teams/shop>"}, "teams/shop": {"name": "Shop"}}),
    );
    check_faults(
        json!({"monitors": {"m": {"message": "${teams} ${teams.shop.url}"}}}),
        &["unknown-name @ main /monitors/m/message 2..7: Unknown name `teams`"],
    );
}
