//! Rules over whole projects: `tests/pipelines/good/` is one that nothing is wrong with; `cases.yaml` breaks it, once for
//! each rule, and changes it harmlessly. `UPDATE_GOLDEN=1` writes what is said anew.

mod hostile;
mod mutations;

use std::fs;
use std::path::{Path, PathBuf};

use camino::Utf8Path;
use serde_json::Value;

use crate::config;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::expand::expand;
use crate::load::load;
use crate::model::Resource;
use crate::pipelines::Watch;
use crate::query;
use crate::render::diagnostics::text;

/// Where the cases are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines")
}

/// Files of a project by their paths.
type Files = Vec<(String, String)>;

fn files_below(root: &Path, folder: &Path, found: &mut Files) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_below(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The project that nothing is wrong with.
fn good() -> Files {
    let (root, mut found) = (folder().join("good"), Files::new());
    files_below(&root, &root, &mut found);
    assert!(found.len() >= 10, "the project is missing");
    found
}

/// Everything that is said of a project's pipelines.
fn judge(files: &Files) -> (Vec<Diagnostic>, Sources) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let root = Utf8Path::from_path(folder.path()).unwrap();
    let mut sources = Sources::default();
    let (config, faults) = config::read(root, &config::Hosts::default(), &mut sources);
    assert_eq!(faults, []);
    let config = config.unwrap();
    let scope = config::scope(&config, None).unwrap();
    let (definitions, mut sources, _) = load(&config, &[], sources);
    let (resources, _) = expand(&definitions, &config, &scope, &mut sources);
    let watches: Vec<Watch> = resources.iter().filter_map(watch).collect();
    let found = super::check(&config, scope.environment.as_deref(), &watches, &mut sources);
    (found, sources)
}

fn watch(resource: &Resource) -> Option<Watch> {
    let body = resource.body.value();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let query = text("query").map(|query| query::monitor(text("type").unwrap_or("query alert"), query));
    Watch::of(resource, &body, query.and_then(|query| query.tree).as_ref())
}

/// The same with a text of one file replaced.
fn changed(file: &str, replaced: &[(&str, &str)]) -> Files {
    let mut files = good();
    let (_, text) =
        files.iter_mut().find(|(name, _)| name == file).unwrap_or_else(|| panic!("no file {file}"));
    for (from, to) in replaced {
        assert!(text.contains(from), "{file} holds no {from:?}");
        *text = text.replacen(from, to, 1);
    }
    files
}

#[test]
fn nothing_is_said_of_what_is_good() {
    let (found, sources) = judge(&good());
    let codes: Vec<&str> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["legacy-batch"], "{}", text(&found, &sources, false));
}

#[test]
fn each_rule_finds_what_it_is_for_and_passes_over_what_is_harmless() {
    let cases: Value = {
        let text = fs::read_to_string(folder().join("cases.yaml")).unwrap();
        crate::source::value(&text, crate::diagnostic::Format::Yaml, crate::diagnostic::FileId(0)).0.unwrap()
    };
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for case in cases.as_array().unwrap() {
        let said = |key: &str| case.get(key).and_then(Value::as_str);
        let (rule, file, from) = (said("rule").unwrap(), said("file").unwrap(), said("from").unwrap());
        let name = said("word").map_or(rule.to_owned(), |word| format!("{rule}-{word}"));
        seen.push(rule.to_owned());
        let pairs = |key: &str| {
            let pairs = case.get(key).and_then(Value::as_object).into_iter().flatten();
            pairs.map(|(from, to)| (from.as_str(), to.as_str().unwrap())).collect::<Vec<_>>()
        };
        let run = |to: &str, more: &str| {
            let mut replaced = vec![(from, to)];
            replaced.extend(pairs("also"));
            replaced.extend(pairs(more));
            judge(&changed(file, &replaced))
        };
        let (mut found, sources) = run(said("faulty").unwrap(), "");
        found.retain(|found| found.code == rule);
        let output = text(&found, &sources, false);
        let golden = folder().join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &output).unwrap();
        }
        if output.is_empty() || fs::read_to_string(&golden).unwrap_or_default() != output {
            wrong.push(format!("{name}:\n{output}"));
        }
        let (mut found, sources) = run(said("harmless").unwrap(), "harmless_also");
        found.retain(|found| {
            found.code == rule && !(rule == "legacy-batch" && found.text.contains("`batch`"))
        });
        if !found.is_empty() {
            wrong.push(format!("{name}, harmless:\n{}", text(&found, &sources, false)));
        }
    }
    let missing: Vec<&str> =
        super::all_codes().filter(|code| !seen.iter().any(|seen| seen == code)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_docs_say_what_the_table_says() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics.md")).unwrap();
    for rule in super::rules::RULES {
        let level = match rule.level {
            Severity::Error => "error",
            Severity::Warning => "warn",
            Severity::Advice => "advice",
        };
        for part in [
            format!("| [`{0}`](#{0}) | {level} | {1} |", rule.code, rule.about),
            format!("*Level:* {level}. *Source:* {}.", rule.source),
        ] {
            assert!(docs.contains(&part), "{part}");
        }
        assert!(crate::explain::explain(rule.code).is_ok(), "{}", rule.code);
    }
}

#[test]
fn a_comment_silences_a_rule_at_its_line_alone() {
    let silenced = |line: &str| {
        let files = changed("deploy/collector.yaml", &[("          site: datadoghq.eu\n", line)]);
        judge(&files)
            .0
            .into_iter()
            .map(|found| found.code)
            .filter(|code| *code != "legacy-batch")
            .collect::<Vec<_>>()
    };
    assert_eq!(silenced("          site: us5.datadoghq.com\n"), ["pipeline-site"]);
    assert_eq!(silenced("          site: us5.datadoghq.com # musher: allow pipeline-site\n"), [""; 0]);
    assert_eq!(
        silenced("          # musher: allow pipeline-site\n          site: us5.datadoghq.com\n"),
        [""; 0]
    );
    assert_eq!(
        silenced("          site: us5.datadoghq.com # musher: allow plain-api-key\n"),
        ["pipeline-site", "unused-allow"]
    );
    assert_eq!(silenced("          site: datadoghq.eu # musher: allow pipelinesite\n"), ["unknown-rule"]);
}

#[test]
fn musher_yaml_sets_the_level_of_a_rule() {
    let levels = |level: &str| {
        let mut files =
            changed("deploy/collector.yaml", &[("site: datadoghq.eu", "site: us5.datadoghq.com")]);
        files[1].1 += "";
        let musher = files.iter_mut().find(|(name, _)| name == "musher.yaml").unwrap();
        musher.1 += &format!("rules: {{pipeline-site: {level}, legacy-batch: off}}\n");
        judge(&files).0.into_iter().map(|found| found.severity).collect::<Vec<_>>()
    };
    assert_eq!(levels("error"), [Severity::Error]);
    assert_eq!(levels("warn"), [Severity::Warning]);
    assert_eq!(levels("off"), []);
}
