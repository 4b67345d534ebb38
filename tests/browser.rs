//! The page of a plan in a browser: it renders, filters, loads nothing, and hostile text does nothing. Chromium comes with the
//! machine, the driver from the npm registry into `target/`; where one of them is missing a line says so.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const HOSTILE: &str = "</script><script>alert(1)</script><img src=https://example.com/x onerror=alert(1)>";

fn musher(folder: &Path, words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_musher"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn monitor(critical: u32, name: &str, team: &str) -> Value {
    json!({
        "type": "query alert", "name": name, "query": format!("avg(last_5m):avg:system.load.1{{*}} > {critical}"),
        "message": "@slack-shop", "tags": [format!("team:{team}")], "options": {"thresholds": {"critical": critical}}
    })
}

fn widget(title: &str, metric: &str) -> Value {
    json!({"definition": {"type": "timeseries", "title": title, "requests": [{"q": format!("avg:{metric}{{*}}")}]}})
}

/// The page of a plan with a bit of everything.
fn page(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder.join("monitors")).unwrap();
    std::fs::write(folder.join("musher.yaml"), "project: shop\nenvironments: {sandbox: {api: sandbox}}\n")
        .unwrap();
    let declare = |body: Value| std::fs::write(folder.join("monitors/shop.yaml"), body.to_string()).unwrap();
    let board = |widgets: Value| json!({"title": HOSTILE, "layout_type": "ordered", "widgets": widgets});
    declare(json!({
        "monitors": {"loose": monitor(5, "Loose", "payments"), "gone": monitor(6, HOSTILE, "shop")},
        "dashboards": {"board": board(json!([widget("p95", "a.b"), widget("errors", "c.d"), widget("old", "e.f")]))}
    }));
    musher(folder, &["apply", "--yes", "-q"]);
    let group = json!({"definition": {"type": "group", "title": HOSTILE, "layout_type": "ordered", "widgets": [widget("new", "g.h")]}});
    declare(json!({
        "monitors": {
            "loose": monitor(9, "Loose", "payments"),
            "errors-of-payments": monitor(7, "New", "payments"),
            "other": monitor(8, HOSTILE, "data")
        },
        "dashboards": {"board": board(json!([widget("errors", "c.changed"), widget("p95", "a.b"), group]))}
    }));
    musher(folder, &["plan", "--format", "html", "-o", "plan.html"]);
    folder.join("plan.html")
}

fn chromium() -> Option<PathBuf> {
    let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    places.into_iter().map(PathBuf::from).find(|path| path.exists())
}

fn playwright() -> Option<PathBuf> {
    let folder = Path::new(ROOT).join("target/judges/playwright_1");
    if !folder.exists() {
        let fresh = folder.with_extension("new");
        let _ = std::fs::remove_dir_all(&fresh);
        std::fs::create_dir_all(&fresh).unwrap();
        let npm = ["install", "--silent", "--no-audit", "playwright-core@1"];
        let installed = Command::new("npm").args(npm).current_dir(&fresh).output();
        if !installed.is_ok_and(|output| output.status.success()) || std::fs::rename(&fresh, &folder).is_err()
        {
            return None;
        }
    }
    Some(folder.join("node_modules/playwright-core"))
}

#[test]
fn the_page_of_a_plan_works_and_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path());
    let (Some(chromium), Some(playwright)) = (chromium(), playwright()) else {
        eprintln!("Chromium or its driver is missing here: the page is not looked at in a browser");
        return;
    };
    let shots = Path::new(ROOT).join("target/judges/pages");
    std::fs::create_dir_all(&shots).unwrap();
    let output = Command::new("node")
        .arg(Path::new(ROOT).join("tests/browser/check.mjs"))
        .args([&playwright, &chromium, &page, &shots])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(seen["dialogs"], 0);
    // The page itself, and nothing beside it.
    assert_eq!(seen["requests"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["overflow"], json!([0, 0]), "wider than the window");
    assert_eq!(seen["all"], 5);
    let filtered = json!({"risk": 1, "create": 2, "delete": 1, "dashboard": 1, "monitor": 4, "payments": 2});
    assert_eq!(seen["filtered"], filtered);
    assert_eq!((&seen["both"], &seen["searched"], &seen["cleared"]), (&json!(0), &json!(1), &json!(5)));
    assert_eq!(seen["status"], "1 of 5 entries shown (1 change)");
    assert_eq!(seen["open"], 5);
    let drawings = seen["drawings"].as_array().unwrap();
    for label in ["Before: 3 widgets", "After: 4 widgets", "critical: before 5, after 9"] {
        assert!(drawings.contains(&json!(label)), "{label}: {drawings:?}");
    }
    let widgets = seen["widgets"].as_array().unwrap();
    for widget in [json!(["w removed", "old"]), json!(["w changed", "errors"]), json!(["w added", "new"])] {
        assert!(widgets.contains(&widget), "{widget}: {widgets:?}");
    }
    assert!(widgets.contains(&json!(["g added", HOSTILE])), "{widgets:?}");
}

#[test]
fn the_heat_map_works_and_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir_all(root.join("monitors")).unwrap();
    std::fs::create_dir_all(root.join("templates")).unwrap();
    std::fs::write(root.join("musher.yaml"), "project: shop\nenvironments: {sandbox: {api: sandbox}}\n")
        .unwrap();
    let template = json!({"params": {"function": {}}, "monitors": {"errors": {
        "type": "query alert", "name": "Errors of ${function}", "message": "@slack-shop",
        "query": "sum(last_5m):sum:aws.lambda.errors{functionname:${lower function}}.as_count() > 5",
        "options": {"thresholds": {"critical": 5}, "evaluation_delay": 900}}}});
    std::fs::write(root.join("templates/errors.yaml"), template.to_string()).unwrap();
    let functions: Vec<Value> = (0..40)
        .map(|n| {
            json!({"FunctionName": format!("f-{n}"), "Environment": {"Variables": {
            "DD_SERVICE": if n == 7 { HOSTILE.to_owned() } else { format!("s-{}", n % 3) },
            "TIER": if n % 2 == 0 { "critical" } else { "batch" }}}})
        })
        .collect();
    let uses = json!({"uses": {"lambda": {"template": "errors", "for_each": functions, "key": "${each.FunctionName}",
        "where": "${ne each.FunctionName 'f-3'}", "with": {"function": "${each.FunctionName}"}}}});
    std::fs::write(root.join("monitors/shop.yaml"), uses.to_string()).unwrap();
    musher(root, &["coverage", "--format", "html", "-o", "coverage.html"]);
    let (Some(chromium), Some(playwright)) = (chromium(), playwright()) else {
        eprintln!("Chromium or its driver is missing here: the heat map is not looked at in a browser");
        return;
    };
    let shots = Path::new(ROOT).join("target/judges/pages");
    std::fs::create_dir_all(&shots).unwrap();
    let output = Command::new("node")
        .arg(Path::new(ROOT).join("tests/browser/heat.mjs"))
        .args([&playwright, &chromium, &root.join("coverage.html"), &shots])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&seen["errors"], &seen["dialogs"]), (&json!([]), &json!(0)), "{seen}");
    assert_eq!(seen["requests"], 1, "{seen}");
    assert_eq!(seen["overflow"], json!([0, 0]), "wider than the window");
    assert_eq!(
        (&seen["all"], &seen["tier"], &seen["searched"]),
        (&json!(40), &json!(20), &json!(1)),
        "{seen}"
    );
    assert_eq!(seen["errors_column"], json!({"green": 39, "red": 1}));
    assert_eq!(seen["proof"], "f-0: monitors/lambda/f-0/errors");
}
