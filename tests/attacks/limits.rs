//! Keys, hosts and limits: who is sent what, what is shown of it, and how long and how much anything may be.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::liar::{Answer, Liar, dashboard, definitions, monitor, slo};
use crate::project::Project;

const API: &str = "5f1e9c3a7b2d4e6f8091a2b3c4d5e6f7";
const APP: &str = "ddapp_Zx9KqaB3dE5gH7jK9mN1pQ3sT5vW7yZ";

/// A project with keys that are worth hiding.
fn keyed(liar: &Liar) -> Project {
    let mut project = liar.project();
    project.set("DD_API_KEY", API);
    project.set("DD_APP_KEY", APP);
    project
}

fn one(body: Value) -> String {
    definitions(json!({ "monitors": { "a": body } }))
}

#[test]
fn a_file_of_a_branch_sends_keys_to_nobody() {
    let liar = Liar::start();
    for environment in [
        json!({"site": "attacker.example"}),
        json!({"site": "datadog.eu"}),
        json!({"site": "datadoghq.eu.attacker.example"}),
        json!({"site": "datadoghq.com@attacker.example"}),
        json!({"api_url": "https://attacker.example"}),
        json!({"api_url": "https://api.datadoghq.eu@attacker.example"}),
        json!({"api_url": "https://attacker.example\\.api.datadoghq.eu"}),
        json!({"api_url": "https://api.datadoghq.eu.:443"}),
        json!({"api_url": "https://api.datadoghq.eu:8443"}),
        json!({"api_url": "http://127.1:80"}),
        json!({"api_url": "https://[::ffff:10.0.0.1]"}),
        json!({"site": "datadoghq.eu", "keys": {"api": "AWS_SECRET_ACCESS_KEY", "app": "GITHUB_TOKEN"}}),
        json!({"site": "datadoghq.eu", "keys": {"access_token": "ADD_TOKEN"}}),
    ] {
        let mut project = keyed(&liar);
        project.write(
            "musher.yaml",
            json!({"project": "bar", "environments": {"prod": environment}}).to_string(),
        );
        for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ADD_TOKEN"] {
            project.set(name, API);
        }
        project.set("DATADOG_HOST", "");
        // Whoever is not on this machine would be reached through the liar.
        project.set("HTTPS_PROXY", &liar.url());
        project.declare(&one(monitor("a", json!({}))));
        for command in [&["validate"][..], &["plan", "--timeout", "1"], &["apply", "--yes", "--timeout", "1"]]
        {
            let ran = project.exits(1, command);
            assert!(ran.err.contains("musher.yaml:1:"), "{environment}: {}", ran.shown());
        }
        assert!(liar.world(|world| world.log.is_empty()), "{environment}: somebody was asked");
    }
}

#[test]
fn the_process_may_name_what_the_file_names() {
    let liar = Liar::start();
    for (url, name, value) in [
        ("https://gate.example/datadog", "MUSHER_ALLOW_HOSTS", "other.example, gate.example"),
        ("https://gate.example:8443", "MUSHER_ALLOW_HOSTS", "gate.example:8443"),
        ("https://gate.example", "DATADOG_HOST", "https://gate.example/"),
        ("https://api.us5.datadoghq.com", "DATADOG_HOST", ""),
    ] {
        let mut project =
            Project::new(&format!("project: bar\nenvironments: {{prod: {{api_url: '{url}'}}}}\n"));
        project.declare(&one(monitor("a", json!({}))));
        project.set(name, value);
        project.fine(&["validate"]);
    }
    let mut project = liar.project_of(&format!(
        "project: bar\nenvironments: {{prod: {{api_url: '{}', keys: {{api: X_DD_API, app: X_DATADOG_APP}}}}}}\n",
        liar.url()
    ));
    project.set("DATADOG_HOST", "");
    project.set("X_DD_API", API);
    project.set("X_DATADOG_APP", APP);
    project.applies(&one(monitor("a", json!({}))), &["create monitors/a"]);
    let sent = liar.world(|world| world.log[0].headers.clone());
    assert_eq!((sent["dd-api-key"].as_str(), sent["dd-application-key"].as_str()), (API, APP));
}

#[test]
fn an_empty_variable_is_none() {
    let liar = Liar::start();
    let mut project = keyed(&liar);
    for name in ["MUSHER_ENVIRONMENT", "MUSHER_ALLOW_HOSTS", "DD_SITE", "DD_ACCESS_TOKEN", "DATADOG_API_KEY"]
    {
        project.set(name, "");
    }
    project.applies(&one(monitor("a", json!({}))), &["create monitors/a"]);
    // One that is written out is somebody's mistake.
    project.exits(1, &["plan", "-e", ""]);
}

/// Everything that a run said or left in files, its own definitions left out.
fn all_that_is_shown(project: &Project, arguments: &[&str]) -> String {
    let ran = project.run(arguments);
    assert!(matches!(ran.code, Some(0 | 1 | 4)), "{}", ran.shown());
    let mut text = ran.shown();
    let mut folders = vec![project.path(&project.cache()), project.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
            }
        }
    }
    text
}

#[test]
fn a_key_in_a_live_body_is_shown_nowhere_and_stays_where_it_is() {
    let liar = Liar::start();
    let project = keyed(&liar);
    std::fs::create_dir(project.path("out")).unwrap();
    let ignoring = |name: &str| one(monitor(name, json!({"$ignore": ["/message"]})));
    let board = |title: &str| dashboard(title, json!({}));
    project.applies(&ignoring("before"), &["create monitors/a"]);
    let message = format!("Call with {APP} and {}, @slack-a", API.to_uppercase());
    let id = liar.ids("monitors")[0].clone();
    liar.world(|world| world.get("monitors", &id).unwrap()["message"] = message.clone().into());
    liar.add(
        "dashboards",
        dashboard("theirs", json!({"description": format!("{API}\nmusher:bar.prod musher_id:d")})),
    );
    project.declare(&definitions(json!({
        "monitors": {"a": monitor("after", json!({"$ignore": ["/message"]}))},
        "dashboards": {"d": board("ours")},
    })));
    for arguments in [
        &["plan", "-vv"][..],
        &["plan", "--expand"],
        &["plan", "--format", "json", "-o", "out/plan.json"],
        &["plan", "--format", "markdown", "-o", "out/plan.md"],
        &["list", "--format", "json"],
        &["show", "monitors/a", "-vv"],
        &["export", "monitor", "--all", "-o", "out/export"],
        &["import", "monitor", &id],
        &["apply", "out/plan.json", "--yes", "-vv", "--report", "out/report.json"],
    ] {
        let shown = all_that_is_shown(&project, arguments).to_lowercase();
        for key in [API, APP] {
            assert!(!shown.contains(&key.to_lowercase()), "{arguments:?}: {shown}");
        }
    }
    let live = liar.get("monitors", &id);
    assert_eq!((live["name"].as_str(), live["message"].as_str()), (Some("after"), Some(message.as_str())));
}

#[test]
fn an_echo_is_hidden_in_every_spelling() {
    let escapes: String = APP.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let percent: String = APP.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let hex: String = APP.bytes().map(|byte| format!("{byte:02x}")).collect();
    let padded = format!("{}{APP}", "x".repeat(1_990));
    for echo in [APP.to_owned(), APP.to_lowercase(), escapes.clone(), percent.clone(), hex.clone(), padded] {
        let liar = Liar::start();
        let project = keyed(&liar);
        project.declare(&one(monitor("a", json!({}))));
        let reported = echo.clone();
        liar.before(move |request, _| {
            let refusal = Answer {
                headers: vec![("X-RateLimit-Name".into(), reported.clone())],
                ..Answer::new(400, json!({"errors": [format!("bad key {reported}")]}))
            };
            request.lists("monitors").then_some(refusal)
        });
        for arguments in [&["plan"][..], &["plan", "-vv"]] {
            let shown = project.exits(1, arguments).shown();
            assert!(shown.contains("bad key"), "{shown}");
            for form in [APP, &APP.to_lowercase(), &escapes, &percent, &hex, &APP[..20]] {
                assert!(!shown.contains(form), "{form} in {shown}");
            }
        }
    }
}

#[test]
fn words_that_serve_as_keys_tear_nothing_apart() {
    let liar = Liar::start();
    let mut project = liar.project();
    project.set("DD_API_KEY", "monitors");
    project.set("DD_APP_KEY", "any");
    project.declare(&one(monitor("any monitors", json!({}))));
    assert_eq!(project.actions(), ["create monitors/a"]);
}

#[test]
fn brakes_count_resources_from_the_first_on() {
    let liar = Liar::start();
    let project = liar.project();
    let many = |to: usize| {
        let body = |n: usize| (format!("m{n}"), monitor(&format!("m{n}"), json!({})));
        definitions(json!({"monitors": (0..to).map(body).collect::<serde_json::Map<_, _>>()}))
    };
    project.declare(&many(31));
    project.fine(&["apply", "--yes"]);
    for _ in 0..70 {
        liar.add("monitors", monitor("clone", json!({"tags": ["musher:bar.prod", "musher_id:m0"]})));
    }
    project.declare(&many(1));
    let held = project.exits(3, &["apply", "--yes"]);
    assert!(held.err.contains("30 of 31 live resources"), "{}", held.err);
    assert!(held.err.contains("`--release-brake delete`; `brakes: {delete: 97%}`"), "{}", held.err);
    let limited =
        |limit: &str| format!("project: bar\nenvironments: {{prod: {{brakes: {{delete: {limit}}}}}}}\n");
    project.write("musher.yaml", limited("0%"));
    project.declare(&many(30));
    let held = project.exits(3, &["apply", "--yes"]);
    assert!(held.err.contains("`brakes: {delete: 4%}`"), "{}", held.err);
    // What it offers does pass.
    project.write("musher.yaml", limited("4%"));
    project.fine(&["apply", "--yes"]);
    assert_eq!(liar.all("monitors").len(), 100);
}

/// A list that is answered by 429 with these headers, so many times.
fn limited(liar: &Liar, times: usize, headers: &[(&str, &str)]) {
    let headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let mut left = times;
    liar.before(move |request, _| {
        if !request.lists("monitors") || left == 0 {
            return None;
        }
        left -= 1;
        Some(Answer { headers: headers.clone(), ..Answer::new(429, json!({"errors": ["slow down"]})) })
    });
}

#[test]
fn a_wait_is_told_and_ends() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&one(monitor("a", json!({}))));
    limited(&liar, 1, &[("Retry-After", "2")]);
    let ran = project.exits(0, &["plan", "--timeout", "60"]);
    assert!(ran.err.contains("waiting") && ran.err.contains("rate limit"), "{}", ran.shown());
    for (name, times) in [("Retry-After", 1), ("X-RateLimit-Reset", usize::MAX)] {
        limited(&liar, times, &[(name, "3600")]);
        let ran = project.exits(1, &["plan", "--timeout", "2"]);
        assert!(ran.err.contains("rate limit") && ran.err.contains("`--timeout`"), "{}", ran.shown());
    }
    limited(&liar, usize::MAX, &[]);
    project.exits(1, &["plan", "--timeout", "2"]);
    // What can't be a wait is none.
    for nonsense in ["1000000000", "1795000000", "-5", "NaN", "Fri, 27 Nov 2026 22:00:00 GMT"] {
        limited(&liar, 1, &[("Retry-After", nonsense), ("X-RateLimit-Reset", nonsense)]);
        project.exits(0, &["plan", "--timeout", "60"]);
    }
    // A window that is used up by its first request, and whose end is a time of day.
    liar.before(|_, _| None);
    liar.after(|_, answer, _| {
        for (name, value) in [("Limit", "10"), ("Period", "1"), ("Remaining", "0"), ("Reset", "1795000000")] {
            answer.headers.push((format!("X-RateLimit-{name}"), value.to_owned()));
        }
    });
    project.exits(0, &["apply", "--yes", "--timeout", "60"]);
}

#[test]
fn an_organisation_is_waited_for_where_it_is_named_alone() {
    let liar = Liar::start();
    let project = liar.project();
    project.declare(&one(monitor("a", json!({}))));
    liar.before(|request, _| {
        (request.path == "/api/v1/org").then(|| Answer::new(500, json!({"errors": ["no"]})))
    });
    project.fine(&["plan", "--timeout", "600"]);
    project.write("musher.yaml", "project: bar\nenvironments: {prod: {org: Liars}}\n");
    let ran = project.exits(1, &["plan", "--timeout", "2"]);
    assert!(ran.err.contains("`Liars`") && ran.err.contains("/api/v1/org"), "{}", ran.shown());
    liar.honest();
    project.fine(&["apply", "--yes"]);
}

#[test]
fn warnings_of_what_is_live_are_denied() {
    let liar = Liar::start();
    let project = liar.project();
    let marked = || monitor("a", json!({"tags": ["musher:bar.prod", "musher_id:a"]}));
    liar.add("monitors", marked());
    project.declare(&one(monitor("a", json!({}))));
    project.fine(&["plan", "--deny", "warnings"]);
    liar.add("monitors", marked());
    project.fine(&["plan"]);
    let denied = project.exits(1, &["plan", "--deny", "warnings"]);
    // The plan is shown all the same.
    assert!(
        denied.err.contains("error[duplicate-mark]") && denied.out.contains("No changes."),
        "{}",
        denied.shown()
    );
    // An object to adopt that is gone.
    project.declare(&one(monitor("b", json!({"$id": 77}))));
    project.fine(&["plan"]);
    project.exits(1, &["plan", "--deny", "warnings"]);
}

#[test]
fn a_create_that_is_redirected_is_sent_once() {
    for status in [301, 302, 307, 308] {
        let liar = Liar::start();
        let project = liar.project();
        project.declare(&one(monitor("a", json!({}))));
        liar.before(move |request, _| {
            let elsewhere = vec![("Location".to_owned(), "https://elsewhere.example/".to_owned())];
            request.writes().then(|| Answer { headers: elsewhere, ..Answer::new(status, json!({})) })
        });
        let ran = project.exits(4, &["apply", "--yes", "--timeout", "20"]);
        assert!(ran.shown().contains("redirect"), "{}", ran.shown());
        assert_eq!(liar.take_writes(), ["POST /api/v1/monitor"]);
    }
}

#[test]
fn a_field_of_tomorrow_stays_in_an_slo() {
    let liar = Liar::start();
    let project = liar.project();
    // A PUT that replaces the whole.
    liar.before(|request, world| {
        let id = request.path.strip_prefix("/api/v1/slo/").filter(|_| request.method == "PUT")?.to_owned();
        let body = world.get("slos", &id)?;
        body.as_object_mut()
            .unwrap()
            .retain(|key, _| ["id", "created_at", "modified_at"].contains(&key.as_str()));
        None
    });
    let tags = json!(["musher:bar.prod", "musher_id:s"]);
    let id =
        liar.add("slos", slo("old", json!({"tags": tags, "description": "gone", "tomorrows": {"a": 1}})));
    project.declare(&definitions(json!({"slos": {"s": slo("new", json!({}))}})));
    project.fine(&["apply", "--yes"]);
    let live = liar.get("slos", &id);
    assert_eq!((live["name"].as_str(), &live["tomorrows"]), (Some("new"), &json!({"a": 1})));
    assert!(live["description"].as_str().is_none_or(str::is_empty), "{live}");
}

#[test]
fn a_dashboard_whose_time_stands_still_is_looked_at_where_its_summary_differs() {
    let liar = Liar::start();
    let project = liar.project();
    project.applies(
        &definitions(json!({"dashboards": {"d": dashboard("ours", json!({}))}})),
        &["create dashboards/d"],
    );
    let id = liar.ids("dashboards")[0].clone();
    assert_eq!(project.actions(), [""; 0]);
    liar.world(|world| world.get("dashboards", &id).unwrap()["title"] = "theirs".into());
    assert_eq!(project.actions(), ["update dashboards/d"]);
}

#[test]
fn numbers_beyond_64_bits_are_errors_wherever_they_are_read() {
    let project = Project::sandbox();
    let large = "99999999999999999999999999";
    let template = "params: {n: {type: number}}\nmonitors:\n  a: {name: a, type: query alert, query: 'avg(last_5m):avg:a.b{*} > 1', \
                    message: '@slack-a', options: {evaluation_delay: '${n}'}}\n";
    project.write("templates/t.yaml", template);
    let uses = |with: &str| format!("uses: {{u: {{template: t, {with}}}}}\n");
    let each =
        |file: &str| uses(&format!("for_each: ../{file}, key: '${{each.k}}', with: {{n: '${{each.n}}'}}"));
    project.write("list.json", format!("[{{\"k\": \"a\", \"n\": {large}}}]"));
    project.write("list.csv", format!("k,n\na,{large}\n"));
    project.write("list.yaml", format!("[{{k: a, n: {large}}}]\n"));
    let mut reported = BTreeSet::new();
    for (definitions, place) in [
        (uses(&format!("with: {{n: {large}}}")), "case.yaml"),
        (uses(&format!("with: {{n: '${{{large}}}'}}")), "case.yaml"),
        (each("list.json"), "list.json"),
        (each("list.yaml"), "list.yaml"),
        (each("list.csv"), "case.yaml"),
    ] {
        project.declare(&definitions);
        let ran = project.exits(1, &["validate"]);
        assert!(ran.err.contains(large) && ran.err.contains(place), "{definitions}: {}", ran.shown());
        reported.insert(place);
    }
    assert_eq!(reported.len(), 3);
    project.declare("");
    let body =
        monitor("a", json!({})).to_string().replace("\"critical\":1", &format!("\"critical\":{large}"));
    assert!(body.contains(large));
    project.write("monitors/m.json", &body);
    project.exits(1, &["validate"]);
    project.write("monitors/m.json", body.replace(large, "18446744073709551615"));
    project.run(&["validate"]);
}

#[cfg(unix)]
#[test]
fn a_link_leads_the_sandbox_nowhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    for (link, arguments) in [
        (".musher", &["apply", "--yes"][..]),
        (".musher/sandbox", &["plan"]),
        (".musher", &["sandbox", "reset"]),
    ] {
        let project = Project::sandbox();
        project.declare(&one(monitor("a", json!({}))));
        std::fs::create_dir_all(project.path(link).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), project.path(link)).unwrap();
        let ran = project.exits(1, arguments);
        assert!(ran.err.contains("leads out of the project"), "{}", ran.shown());
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
