//! The workflow of `init --ci github`: plans pull requests, applies on merge, for the environments of `musher.yaml`.

use crate::config::{Config, KeyNames, Target};

const WORKFLOW: &str = include_str!("workflow.yml");
const INSTALL: &str = include_str!("install.yml");
const ENVIRONMENT: &str = include_str!("environment.yml");
/// Where no environment names an API yet: the one that `init` writes as an example. Until it is declared the workflow
/// fails and says so, instead of planning in a sandbox that nobody sees.
const EXAMPLE: &str = "prod";

/// The text of the workflow. Names of environments and variables are of forms that can't be anything else in it.
pub fn text(config: Option<&Config>) -> String {
    let declared = config.map(|config| &config.environments);
    let live =
        declared.into_iter().flatten().filter(|(_, environment)| environment.target != Target::Sandbox);
    let mut environments: Vec<(&str, KeyNames)> =
        live.map(|(name, environment)| (name.as_str(), environment.keys.clone())).collect();
    if environments.is_empty() {
        environments.push((EXAMPLE, KeyNames::default()));
    }
    let mut text = WORKFLOW.replace("@FIRST@", environments[0].0);
    let mut before = None;
    for (name, keys) in &environments {
        let needs = before.map(|before| format!("    needs: [apply-{before}]\n")).unwrap_or_default();
        let read = secrets(keys).into_iter().map(|(_, read)| format!("`{read}`")).collect::<Vec<_>>();
        text += &ENVIRONMENT
            .replace("@NAME@", name)
            .replace("@NEEDS@", &needs)
            .replace("@READ@", &read.join(" and "))
            .replace("@READING@", &variables(secrets(keys)))
            .replace(
                "@WRITING@",
                &variables(secrets(keys).into_iter().map(|(name, _)| (name.clone(), name))),
            );
        before = Some(name);
    }
    text.replace("@INSTALL@", INSTALL.trim_end())
}

/// The variables of an environment's keys, and the secrets that hold keys which read.
fn secrets(keys: &KeyNames) -> Vec<(String, String)> {
    let named = |name: &Option<String>, usual: &str| name.clone().unwrap_or_else(|| usual.to_owned());
    let names = match (&keys.access_token, &keys.api, &keys.app) {
        (Some(token), None, None) => vec![token.clone()],
        _ => vec![named(&keys.api, "DD_API_KEY"), named(&keys.app, "DD_APP_KEY")],
    };
    names.into_iter().map(|name| (name.clone(), format!("{name}_READ"))).collect()
}

/// Lines of a step's `env`.
fn variables(secrets: impl IntoIterator<Item = (String, String)>) -> String {
    let line =
        |(variable, secret): (String, String)| format!("          {variable}: ${{{{ secrets.{secret} }}}}");
    secrets.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Hosts};
    use crate::diagnostic::{FileId, Format, Sources};
    use serde_json::Value;

    /// The workflow of a `musher.yaml`, as text and as YAML.
    fn workflow(environments: &str) -> (String, Value) {
        let folder = tempfile::tempdir().unwrap();
        let root = camino::Utf8Path::from_path(folder.path()).unwrap();
        std::fs::write(root.join(config::FILE), format!("project: on\n{environments}")).unwrap();
        let (config, faults) = config::read(root, &Hosts::default(), &mut Sources::default());
        assert_eq!(faults, []);
        let text = text(config.as_ref());
        let (value, faults) = crate::source::value(&text, Format::Yaml, FileId(0));
        assert_eq!(faults, [], "{text}");
        (text.clone(), value.unwrap_or_else(|| panic!("no YAML: {text}")))
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
    fn it_is_valid_and_harmless() {
        for (environments, names) in [("", &["prod"][..]), (ODD, &["on", "null", "a-_-"])] {
            let (text, workflow) = workflow(environments);
            let jobs = workflow["jobs"].as_object().unwrap();
            let mut expected = vec!["validate".to_owned()];
            expected.extend(names.iter().flat_map(|name| [format!("plan-{name}"), format!("apply-{name}")]));
            assert_eq!(jobs.keys().cloned().collect::<Vec<_>>(), expected);
            assert_eq!(workflow["permissions"], serde_json::json!({}));
            for (name, job) in jobs {
                assert_eq!(job["permissions"], serde_json::json!({"contents": "read"}), "{name}");
                assert!(job["if"].is_string() && job["timeout-minutes"].is_u64(), "{name}");
            }
            for name in names {
                let fork = "github.event.pull_request.head.repo.full_name == github.repository";
                assert!(jobs[&format!("plan-{name}")]["if"].as_str().unwrap().contains(fork));
                assert_eq!(jobs[&format!("apply-{name}")]["if"], "github.event_name == 'push'");
                assert_eq!(jobs[&format!("apply-{name}")]["environment"], *name);
            }
            let mut found = Vec::new();
            texts(&workflow, &mut Vec::new(), &mut found);
            for (way, text) in &found {
                let last = way.last().unwrap().as_str();
                if text.contains("secrets.") {
                    assert!(way.contains(&"steps".to_owned()) && way[way.len() - 2] == "env", "{way:?}");
                    // Keys that write are for applies alone.
                    assert_eq!(way[1].starts_with("plan-"), text.contains("_READ }}"), "{way:?}");
                }
                if last == "uses" {
                    let (_, commit) = text.split_once('@').unwrap();
                    assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{text}");
                }
                if last == "run" {
                    // Nothing is put into a script by GitHub, where it could be more than a word.
                    assert!(!text.contains("${{"), "{text}");
                    assert!(
                        !text.contains("cargo install") || text.contains("--git") && text.contains("--rev")
                    );
                    let musher = text.lines().filter(|line| line.starts_with("musher "));
                    assert!(
                        musher
                            .clone()
                            .all(|line| names.iter().any(|name| line.contains(&format!(" -e {name} "))))
                    );
                }
            }
            let is_slot = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase());
            assert!(!text.split('@').any(is_slot), "{text}");
            assert!(!text.contains("pull_request_target"));
        }
    }
}
