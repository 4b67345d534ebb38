//! Wrong files, and what is said about them: `NAME.yaml` is one file of definitions, `NAME/` a whole
//! project; `NAME.txt` is the output. `UPDATE_GOLDEN=1` writes the outputs anew; `GOLDEN=NAME` runs one case.

use std::fs;
use std::path::{Path, PathBuf};

use camino::Utf8Path;

use crate::check::{self, check};
use crate::config;
use crate::coverage::functions;
use crate::diagnostic::{Diagnostic, Sources};
use crate::expand::{expand, listed, renderings};
use crate::load::load;
use crate::model::Resource;
use crate::render::diagnostics::text;

const BUILT_IN: &[(&str, &str)] = &[("lambda", "params: {function: {}}\nmonitors: {errors: {name: x}}\n")];
const MUSHER: &str = "project: shop\nenvironments: {staging: {}, prod: {}}\n";

/// Everything that is said about a project.
fn diagnose(root: &Path) -> (Vec<Diagnostic>, Sources) {
    let root = Utf8Path::from_path(root).expect("a UTF-8 path");
    let mut sources = Sources::default();
    let (config, mut reported) = config::read(root, &config::Hosts::default(), &mut sources);
    let Some(config) = config else { return (reported, sources) };
    let (definitions, mut sources, faults) = load(&config, BUILT_IN, sources);
    reported.extend(faults);
    let environment = config.environments.keys().next_back().map(String::as_str);
    let scope = config::scope(&config, environment).expect("one of its environments");
    let (resources, faults) = expand(&definitions, &config, &scope, &mut sources);
    reported.extend(faults);
    let (settings, faults) = check::Settings::read(&config.rules, &config.required_tags, config.file);
    reported.extend(faults);
    let resources: Vec<_> = resources.into_iter().filter(|resource| !resource.directives.forget).collect();
    let again = |wanted: &[&Resource]| renderings(&definitions, (&config, &scope), &sources, wanted);
    let functions = functions(listed(&definitions, &config, &scope, &mut sources.clone()));
    let functions: Vec<check::Tags> = functions.into_iter().map(|function| function.tags).collect();
    let (found, _) = check(&resources, &settings, &sources, &functions, (&again, &|_, _, _| None::<()>));
    let secrets = found.iter().filter(|found| found.code == check::LITERAL_SECRET);
    let places: Vec<_> = secrets.filter_map(|found| found.at.clone()).collect();
    reported.extend(found);
    config::blot(&mut sources, &places);
    (reported, sources)
}

/// The project of a case of one file. Cases about bodies are named `rule-…`; the others are about files,
/// and their bodies are no more than names.
fn project_of(case: &Path) -> String {
    let name = case.file_stem().expect("a name").to_string_lossy();
    if name.starts_with("rule-") {
        return MUSHER.to_owned();
    }
    let rules: Vec<String> = check::all_codes().map(|code| format!("{code}: off")).collect();
    format!("{MUSHER}rules: {{{}}}\n", rules.join(", "))
}

/// The same, for a project of these files.
fn diagnose_files(files: &[(&str, Vec<u8>)]) -> (Vec<Diagnostic>, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let musher = ("musher.yaml", MUSHER.as_bytes().to_vec());
    for (name, bytes) in [&musher].into_iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    diagnose(folder.path())
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "yaml"));
    cases.sort();
    cases
}

#[test]
fn wrong_files_are_told_as_expected() {
    let mut wrong = Vec::new();
    let mut cases = cases();
    assert!(cases.len() >= 30, "the cases are missing");
    if let Ok(name) = std::env::var("GOLDEN") {
        cases.retain(|case| case.file_stem().is_some_and(|stem| stem == &*name));
        assert_eq!(cases.len(), 1, "there is no case `{name}`");
    }
    for case in cases {
        let (reported, sources) = if case.is_dir() {
            diagnose(&case)
        } else {
            let musher = project_of(&case).into_bytes();
            diagnose_files(&[("musher.yaml", musher), ("monitors/case.yaml", fs::read(&case).unwrap())])
        };
        let output = text(&reported, &sources, false);
        let golden = case.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &output).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != output {
            wrong.push(format!("{}:\n{output}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

/// What resembles the faults of the rules and is none, in one file and in a project with the rules that are off by
/// default: a rule that cries wolf is worse than none.
#[test]
fn harmless_twins_are_passed_over() {
    let harmless = cases().into_iter().filter(|case| case.to_string_lossy().contains("rule-harmless"));
    let harmless: Vec<PathBuf> = harmless.collect();
    assert_eq!(harmless.len(), 2, "the cases are missing");
    for case in harmless {
        let golden = fs::read_to_string(case.with_extension("txt")).unwrap();
        assert_eq!(golden, "", "{}", case.display());
    }
}

#[test]
fn every_golden_file_has_its_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let is_case = path.with_extension("yaml").exists() || path.with_extension("").is_dir();
            assert!(is_case, "{} has no case", path.display());
        }
    }
}

fn codes(files: &[(&str, Vec<u8>)]) -> Vec<&'static str> {
    let musher = project_of(Path::new("hostile")).into_bytes();
    let files: Vec<_> = [("musher.yaml", musher)].into_iter().chain(files.iter().cloned()).collect();
    let (reported, sources) = diagnose_files(&files);
    // Whatever is reported can be shown, and is short.
    let shown = text(&reported, &sources, false);
    assert!(shown.len() < 30_000, "{} bytes are printed", shown.len());
    reported.into_iter().map(|reported| reported.code).collect()
}

/// A file of definitions, hostile in one way.
fn hostile(text: impl Into<Vec<u8>>) -> Vec<&'static str> {
    codes(&[("monitors/x.yaml", text.into())])
}

#[test]
fn alias_bombs_end_in_an_error() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_eq!(hostile(laughs), ["too-large"]);
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 10_000].join(", "));
    assert_eq!(hostile(text), ["too-large"]);
    let mut merges = "m0: &m0 {a: 1}\n".to_owned();
    for level in 1..1000 {
        merges.push_str(&format!("m{level}: &m{level} {{<<: *m{}, k{level}: 1}}\n", level - 1));
    }
    assert_eq!(hostile(merges), ["too-deep"]);
}

#[test]
fn deep_nesting_ends_in_an_error() {
    const DEEP: usize = 100_000;
    let lines = |line: &dyn Fn(usize) -> String| (0..500).map(line).collect::<String>();
    for text in [
        "[".repeat(DEEP),
        "{".repeat(DEEP),
        "{a: ".repeat(DEEP),
        "- ".repeat(DEEP),
        "? ".repeat(DEEP),
        "a: [".to_owned() + &"[".repeat(DEEP) + &"]".repeat(DEEP) + "]",
        lines(&|depth| format!("{}a:\n", " ".repeat(depth))),
        lines(&|depth| format!("{}-\n", " ".repeat(depth))),
    ] {
        assert_eq!(hostile(text.clone()), ["too-deep"], "{text:.40}");
    }
    for text in ["[".repeat(DEEP), "{\"a\":".repeat(DEEP)] {
        assert_eq!(codes(&[("monitors/x.json", text.into_bytes())]), ["too-deep"]);
    }
}

#[test]
fn huge_files_end_in_an_error() {
    for name in ["monitors/x.yaml", "monitors/x.json"] {
        assert_eq!(codes(&[(name, vec![b'a'; 100 << 20])]), ["too-large"]);
    }
    let many = "- 1\n".repeat(2_100_000);
    assert_eq!(hostile(many), ["too-large"]);
    // Of twenty thousand faults, a hundred are reported.
    for line in ["a: 1\n", "- *a\n", "- !a b\n", "- .inf\n", "1: a\n"] {
        let reported = hostile(line.repeat(20_000)).len();
        assert!((100..=101).contains(&reported), "{line}: {reported}");
    }
}

#[test]
fn bytes_that_are_no_text_end_in_an_error() {
    assert_eq!(hostile(b"monitors:\n  a: {name: \xff\xfe}\n".to_vec()), ["not-utf8"]);
    assert_eq!(hostile(b"\xff\xfem\0o\0".to_vec()), ["not-utf8"]);
    assert_eq!(hostile(b"monitors:\n  a: {name: \"\0\"}\n".to_vec()), ["foreign-bytes"]);
    assert_eq!(hostile("\u{feff}monitors:\r\n  a: {name: x}\r\n"), [""; 0]);
}

/// Bodies that are wrong in thousands of places, or hold texts without end.
#[test]
fn hostile_bodies_end_in_few_words() {
    let rules = |body: String| {
        let musher = ("musher.yaml", MUSHER.as_bytes().to_vec());
        let (reported, sources) = diagnose_files(&[musher, ("monitors/x.json", body.into_bytes())]);
        let shown = text(&reported, &sources, false);
        assert!(
            reported.len() <= 101 && shown.len() < 200_000,
            "{} of {} bytes",
            reported.len(),
            shown.len()
        );
        reported.into_iter().map(|reported| reported.code).collect::<std::collections::BTreeSet<_>>()
    };
    let widgets = vec![r#"{"definition": {"type": "x", "requests": [{"q": "avg:a{"}]}}"#; 20_000].join(",");
    let board = format!(r#"{{"title": "x", "layout_type": "ordered", "widgets": [{widgets}]}}"#);
    assert_eq!(rules(board), ["query-syntax"].into());
    let monitor = |query: &str, message: &str| {
        format!(r#"{{"name": "x", "type": "query alert", "query": "{query}", "message": "{message}"}}"#)
    };
    let long = format!("avg(last_5m):avg:a{{{}}} > 5", "a:b,".repeat(100_000));
    assert_eq!(rules(monitor(&long, "@a")), ["query-too-long"].into());
    for piece in ["{{", "{{a.name}} ", "@slack_a ", "above 7 ", "@", "1.", " "] {
        let codes = rules(monitor("avg(last_5m):avg:a{*} > 5", &piece.repeat(200_000)));
        assert!(codes.len() <= 3, "{piece}: {codes:?}");
    }
}

/// One fault of a file must not hide those of another, nor print what a key file holds.
#[test]
fn keys_in_the_file_are_never_printed() {
    let key = "0123456789abcdef0123456789abcdef";
    let text = format!(
        "project: shop\n# {key}\nenvironments:\n  prod: {{site: x, keys: {{api: {key}, ap: {key}, app: hunter2-hunter2}}}}\n  \
         other: {{keys: hunter2, api_url: \"https://me:hunter2@host\"}}\n  third: {{keys: [hunter2]}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("musher.yaml"), &text).unwrap();
    let (reported, sources) = diagnose(folder.path());
    let shown = text_of(&reported, &sources) + &format!("{sources:?}");
    assert!(!shown.contains(key) && !shown.contains("hunter2"), "{shown}");
    let codes: Vec<_> = reported.iter().map(|reported| reported.code).collect();
    let count = |code| codes.iter().filter(|own| **own == code).count();
    assert_eq!((count("key-in-file"), count("unknown-key"), count("bad-config")), (2, 1, 4), "{codes:?}");
}

fn text_of(reported: &[Diagnostic], sources: &Sources) -> String {
    let json = crate::render::diagnostics::json(reported, sources).to_string();
    text(reported, sources, true) + &json + &crate::render::diagnostics::github(reported, sources, "")
}
