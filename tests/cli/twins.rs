//! Each rule that warns is told of what is wrong, and silent on its harmless twin.

use std::collections::BTreeSet;

use crate::project::Project;

/// They ask what a whole estate or inventory holds: the unit tests of `crowd.rs`, and `tests/diagnostics/rule-optional`.
const ELSEWHERE: [&str; 3] = ["log-monitors", "log-groups", "not-in-inventory"];

/// The codes of the rules about definitions that the documentation calls warnings, or off at first.
fn documented() -> BTreeSet<String> {
    let docs = include_str!("../../docs/diagnostics.md");
    let (rules, _) = docs.split_once("\n## Pipelines").expect("rules about definitions");
    let sections = rules.split("\n### ").skip(1);
    let mild = sections.filter(|text| text.contains("*Level:* warn.") || text.contains("*Level:* off."));
    mild.filter_map(|text| text.lines().next()).map(str::to_owned).collect()
}

fn says(code: &str, settings: &str, definitions: &str) -> bool {
    let settings = settings.trim_start_matches('{').trim_end_matches('}');
    let project = Project::new(&format!(
        "project: twins\nenvironments: {{sandbox: {{}}}}\nrules: {{{code}: warn}}\n{settings}\n"
    ));
    project.write("monitors/case.yaml", definitions);
    let ran = project.run(&["validate"]);
    ran.err.contains(&format!("[{code}]"))
}

#[test]
fn each_warning_is_silent_on_its_harmless_twin() {
    let mut told: BTreeSet<String> = ELSEWHERE.map(str::to_owned).into();
    let mut faults = Vec::new();
    for case in include_str!("twins.txt").split("\n=== ").skip(1) {
        let (head, body) = case.split_once('\n').expect("definitions");
        let (code, settings) = head.split_once(' ').unwrap_or((head, ""));
        let (wrong, harmless) = body.split_once("\n---\n").expect("a twin");
        if !says(code, settings, wrong) {
            faults.push(format!("{code} is not told"));
        }
        if says(code, settings, harmless) {
            faults.push(format!("{code} is told of its harmless twin"));
        }
        told.insert(code.to_owned());
    }
    let documented = documented();
    faults.extend(documented.difference(&told).map(|code| format!("{code} has no harmless twin")));
    faults.extend(told.difference(&documented).map(|code| format!("{code} is no warning")));
    assert!(faults.is_empty(), "{faults:#?}");
}
