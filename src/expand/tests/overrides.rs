//! Overrides of single items.

use serde_json::{Map, Value, json};

use super::{Project, check, check_faults, check_ids};

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
