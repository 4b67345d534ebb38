//! What GitHub's own description of its API says of requests. It is fetched from the npm registry once, and kept below
//! `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::stand_in::Seen;

const PACKAGE: &str = "@octokit/openapi@23.0.2";
const INSIDE: &str = "package/generated/api.github.com.json";

/// The description; none where it can't be had.
fn document() -> Option<&'static Value> {
    static DOCUMENT: OnceLock<Option<Value>> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| fetched().and_then(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()))
        .as_ref()
}

fn fetched() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("openapi");
    let (file, archive) = (folder.join(INSIDE), folder.join("octokit-openapi-23.0.2.tgz"));
    if file.is_file() {
        return Some(file);
    }
    std::fs::create_dir_all(&folder).ok()?;
    let ran =
        |command: &mut Command| command.current_dir(&folder).output().is_ok_and(|out| out.status.success());
    let packed = archive.is_file() || ran(Command::new("npm").args(["pack", PACKAGE, "--silent"]));
    (packed && ran(Command::new("tar").arg("-xzf").arg(&archive).arg(INSIDE))).then_some(file)
}

/// Fails for the first request that GitHub would not take by its description.
pub fn check(seen: &[Seen]) {
    let Some(document) = document() else {
        println!("requests to GitHub were not held against its OpenAPI document: npm can't fetch {PACKAGE}");
        return;
    };
    // GraphQL has a description of its own.
    for seen in seen.iter().filter(|seen| seen.path != "/graphql") {
        let (route, operation) =
            operation(document, seen).unwrap_or_else(|| panic!("no route: {}", seen.name()));
        let known: Vec<&str> = [&operation["parameters"], &route["parameters"]]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|one| resolved(document, one))
            .filter(|one| one["in"] == "query")
            .filter_map(|one| one["name"].as_str())
            .collect();
        for (name, _) in &seen.query {
            assert!(known.contains(&name.as_str()), "{} takes no `{name}`: {known:?}", seen.name());
        }
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert!(seen.body.is_null(), "{} takes no body", seen.name());
            continue;
        }
        let schema = inlined(document, schema, 0);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator.iter_errors(&seen.body).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{}: {faults:?}\n{:#}", seen.name(), seen.body);
        let properties = schema["properties"].as_object();
        for name in seen.body.as_object().into_iter().flat_map(Map::keys) {
            let is_known = properties.is_none_or(|known| known.contains_key(name));
            assert!(is_known, "{} has no `{name}`", seen.name());
        }
    }
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|target| document.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

/// The route that fits best, and what it says of the method.
fn operation<'d>(document: &'d Value, seen: &Seen) -> Option<(&'d Value, &'d Value)> {
    let asked: Vec<&str> = seen.path.split('/').collect();
    let routes = document["paths"].as_object()?.iter().filter(|(path, route)| {
        let steps: Vec<&str> = path.split('/').collect();
        let fits = |(own, asked): (&&str, &&str)| own.starts_with('{') || own == asked;
        steps.len() == asked.len()
            && steps.iter().zip(&asked).all(fits)
            && route.get(seen.method.to_lowercase()).is_some()
    });
    let (_, route) = routes.min_by_key(|(path, _)| path.matches('{').count())?;
    Some((route, &route[seen.method.to_lowercase()]))
}

/// A schema with what it refers to in its place.
fn inlined(document: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 12 {
        return json!({});
    }
    match resolved(document, schema) {
        Value::Object(members) => {
            let mut out: Map<String, Value> = members
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "example" | "examples" | "nullable"))
                .map(|(key, value)| (key.clone(), inlined(document, value, depth + 1)))
                .collect();
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(Value::String(own)) = members.get("type")
            {
                out.insert("type".to_owned(), json!([own, "null"]));
            }
            Value::Object(out)
        }
        Value::Array(items) => items.iter().map(|item| inlined(document, item, depth + 1)).collect(),
        other => other.clone(),
    }
}
