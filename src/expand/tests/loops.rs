//! `$for` in lists.

use serde_json::json;

use super::{check, check_faults};

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
            "unknown-name @ main /dashboards/d/widgets/0/$for 5..9: Unknown name `nope`",
            "bad-for @ main /dashboards/d/widgets/1/$for: `$for` takes a name and a list",
            "bad-for @ main /dashboards/d/widgets/2: `$for` and `$yield` belong together",
            "unknown-name @ main /dashboards/d/widgets/3/$yield 2..3: Unknown name `y`",
            "wrong-value @ main /dashboards/d/widgets/3/$for: A list or mapping is needed here, not a number",
        ],
    );
    check_faults(
        json!({"vars": {"n": 5}, "dashboards": {"d": {"widgets": [{"$for": "x in n", "$yield": 1}]}}}),
        &["wrong-value @ main /dashboards/d/widgets/0/$for: A list or mapping is needed here, not a number"],
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
