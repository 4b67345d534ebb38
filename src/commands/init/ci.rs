//! The pipelines of `init --ci`: they plan pull requests and post the plan, apply on merge and look for drift each night, for
//! the environments of `musher.yaml`. Each piece is a file beside this one; names of environments and variables are of
//! forms that can't be anything else in it.

use crate::args::Ci;
use crate::config::{Config, KeyNames, Target};

/// Actions are pinned by the commit of a release, which nobody can move.
const CHECKOUT: &str = "actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0";
const UPLOAD: &str = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0";
/// Where no environment names an API yet: the one that `init` writes beside the sandbox.
pub const EXAMPLE: &str = "prod";

/// An environment that applies to Datadog.
struct Live<'c> {
    name: &'c str,
    /// The variables that hold its keys, in the pipeline as well.
    keys: Vec<String>,
}

/// The files of a pipeline: path and text.
pub fn files(ci: Ci, config: Option<&Config>) -> Vec<(&'static str, String)> {
    let declared = config.map(|config| &config.environments);
    let live =
        declared.into_iter().flatten().filter(|(_, environment)| environment.target != Target::Sandbox);
    let mut live: Vec<Live> =
        live.map(|(name, environment)| Live { name, keys: variables(&environment.keys) }).collect();
    if live.is_empty() {
        live.push(Live { name: EXAMPLE, keys: variables(&KeyNames::default()) });
    }
    match ci {
        Ci::Github => github(&live),
        Ci::Gitlab => gitlab(&live),
    }
}

fn github(live: &[Live]) -> Vec<(&'static str, String)> {
    let whole = |text: &str, more: &[(&str, String)]| {
        let mut text = text.to_owned();
        for (slot, value) in more {
            text = text.replace(&format!("{slot}\n"), value);
        }
        let text = text
            .replace("@CHECKOUT@\n", include_str!("github/checkout.yml"))
            .replace("@INSTALL@\n", include_str!("github/install.yml"));
        released(&text.replace("@CHECKOUT_ACTION@", CHECKOUT).replace("@UPLOAD@", UPLOAD))
    };
    let plans = each(live, include_str!("github/plan.yml"));
    let offline = each(live, include_str!("github/offline.yml"));
    let applies = each(live, include_str!("github/apply_environment.yml"));
    let drifts = each(live, include_str!("github/drift_environment.yml"));
    vec![
        (
            ".github/workflows/musher.yml",
            whole(include_str!("github/pull_request.yml"), &[("@PLAN@", plans), ("@OFFLINE@", offline)]),
        ),
        (".github/workflows/musher-comment.yml", whole(include_str!("github/comment.yml"), &[])),
        (
            ".github/workflows/musher-apply.yml",
            whole(include_str!("github/apply.yml"), &[("@APPLY@", applies)]),
        ),
        (
            ".github/workflows/musher-drift.yml",
            whole(include_str!("github/drift.yml"), &[("@DRIFT@", drifts)]),
        ),
    ]
}

fn gitlab(live: &[Live]) -> Vec<(&'static str, String)> {
    let jobs = each(live, include_str!("gitlab/environment.yml"));
    let text = include_str!("gitlab/musher.yml").replace("@JOBS@\n", &jobs).replace("@FIRST@", live[0].name);
    vec![
        (".gitlab/musher.yml", released(&text)),
        (".gitlab-ci.yml", "include:\n  - local: .gitlab/musher.yml\n".to_owned()),
    ]
}

/// A piece for each environment, in the order in which they are applied.
fn each(live: &[Live], piece: &str) -> String {
    let mut text = String::new();
    let mut before = None;
    for Live { name, keys } in live {
        let is_github = piece.contains("runs-on");
        let needs = match before {
            Some(before) if is_github => format!("    needs: [apply-{before}]\n"),
            Some(before) => format!("  needs: [\"musher apply {before}\"]\n"),
            None => String::new(),
        };
        let env: Vec<String> =
            keys.iter().map(|key| format!("          {key}: \"${{{{ secrets.{key} }}}}\"\n")).collect();
        text += &piece
            .replace("@NEEDS@", &needs)
            .replace("@KEYS@\n", &env.concat())
            .replace("@SECRETS@", &keys.join(" and "))
            .replace("@PROBE@", &keys[0])
            .replace("@NAME@", name);
        before = Some(name);
    }
    text
}

/// The release that the pipeline runs: the one of this very program.
fn released(text: &str) -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let slug = repository.trim_start_matches("https://github.com/");
    text.replace("@REPOSITORY@", repository)
        .replace("@SLUG@", slug)
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

/// The variables of an environment's keys.
fn variables(keys: &KeyNames) -> Vec<String> {
    let named = |name: &Option<String>, usual: &str| name.clone().unwrap_or_else(|| usual.to_owned());
    match (&keys.access_token, &keys.api, &keys.app) {
        (Some(token), None, None) => vec![token.clone()],
        _ => vec![named(&keys.api, "DD_API_KEY"), named(&keys.app, "DD_APP_KEY")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Hosts};
    use crate::diagnostic::{FileId, Format, Sources};
    use serde_json::Value;

    /// The files for a `musher.yaml`: path, text and the YAML that it is.
    fn written(ci: Ci, environments: &str) -> Vec<(&'static str, String, Value)> {
        let folder = tempfile::tempdir().unwrap();
        let root = camino::Utf8Path::from_path(folder.path()).unwrap();
        std::fs::write(root.join(config::FILE), format!("project: on\n{environments}")).unwrap();
        let (config, faults) = config::read(root, &Hosts::default(), &mut Sources::default());
        assert_eq!(faults, []);
        let files = files(ci, config.as_ref()).into_iter().map(|(path, text)| {
            let (value, faults) = crate::source::value(&text, Format::Yaml, FileId(0));
            assert_eq!(faults, [], "{text}");
            let value = value.unwrap_or_else(|| panic!("not YAML: {text}"));
            (path, text, value)
        });
        files.collect()
    }

    /// Every text in a value, with the keys on the way to it.
    fn texts(value: &Value, way: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    way.push(key.clone());
                    texts(value, way, found);
                    way.pop();
                }
            }
            Value::Array(items) => items.iter().for_each(|item| texts(item, way, found)),
            Value::String(text) => found.push((way.clone(), text.clone())),
            _ => {}
        }
    }

    const ODD: &str = "environments:\n  sandbox: {api: sandbox}\n  'on': {site: datadoghq.eu}\n  'null': {site: datadoghq.com, \
                       keys: {api: X_DD_API, app: X_DD_APP}}\n  a-_-: {site: datadoghq.eu, keys: {access_token: DD_TOKEN}}\n";

    #[test]
    fn no_slot_is_left_and_every_environment_has_its_jobs() {
        let is_slot =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        for (environments, names) in [("", &["prod"][..]), (ODD, &["on", "null", "a-_-"])] {
            for ci in [Ci::Github, Ci::Gitlab] {
                for (path, text, _) in written(ci, environments) {
                    assert!(!text.split('@').any(is_slot), "{path}: {text}");
                }
            }
            let jobs = |file: usize| {
                let files = written(Ci::Github, environments);
                files[file].2["jobs"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
            };
            let each = |verb: &str| names.iter().map(|name| format!("{verb}-{name}")).collect::<Vec<_>>();
            assert_eq!(jobs(0), [each("plan"), vec!["plan-without-keys".to_owned()]].concat());
            assert_eq!(jobs(1), ["comment"]);
            assert_eq!(jobs(2), each("apply"));
            assert_eq!(jobs(3), each("drift"));
        }
    }

    #[test]
    fn keys_reach_only_the_steps_that_need_them_and_never_a_fork() {
        for (path, text, workflow) in written(Ci::Github, ODD) {
            assert_eq!(workflow["permissions"], serde_json::json!({}), "{path}");
            for (name, job) in workflow["jobs"].as_object().unwrap() {
                let mut found = Vec::new();
                texts(job, &mut Vec::new(), &mut found);
                let named = |text: &str| found.iter().any(|(_, found)| found.contains(text));
                let environment = job["environment"].as_str();
                // What may be a stranger's has no keys, and what has keys runs nothing of a stranger's.
                assert_eq!(named("secrets."), environment.is_some(), "{path} {name}");
                if name.starts_with("plan-") && environment.is_some() {
                    let own = "github.event.pull_request.head.repo.full_name == github.repository";
                    assert!(job["if"].as_str().unwrap().contains(own), "{name}");
                }
                // Keys that write are in environments that no pull request names.
                let writes = environment.is_some_and(|name| name.starts_with("datadog-write-"));
                assert_eq!(writes, name.starts_with("apply-"), "{name}");
                if path.ends_with("musher-comment.yml") {
                    assert!(!named("actions/checkout"), "a fork's code beside a token that writes");
                }
                for (way, text) in &found {
                    let last = way.last().unwrap().as_str();
                    if text.contains("secrets.") {
                        assert!(way.contains(&"steps".to_owned()) && way[way.len() - 2] == "env", "{way:?}");
                    }
                    if last == "uses" {
                        let (_, commit) = text.split_once('@').unwrap();
                        assert!(
                            commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                            "{text}"
                        );
                    }
                    // Nothing is put into a script by GitHub, where it could be more than a word.
                    assert!(last != "run" || !text.contains("${{"), "{text}");
                }
            }
            assert!(!text.contains("pull_request_target"));
        }
    }
}
