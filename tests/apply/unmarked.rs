//! Kinds without a mark, and kinds in use: whose word a change follows, and what is never touched.

use super::Project;

const CONFIG: &str =
    "project: shop\nkinds: [logs_metrics, retention_filters]\nenvironments:\n  sandbox: {api: sandbox}\n";

/// A project with these lines in its `musher.yaml`, that declares metrics: an id and a name each.
fn project(lines: &str) -> Project {
    let project = Project::sandbox();
    project.write("musher.yaml", &format!("{CONFIG}{lines}"));
    project
}

fn declare(project: &Project, metrics: &[(&str, &str)]) {
    let lines = metrics
        .iter()
        .map(|(id, rest)| format!("  {id}: {{compute: {{aggregation_type: count}}, {rest}}}\n"));
    project.write("monitors/shop.yaml", &format!("logs_metrics:\n{}", lines.collect::<String>()));
}

#[test]
fn a_kind_that_is_not_named_is_an_error_with_the_line_to_add() {
    let project = Project::sandbox();
    declare(&project, &[("a", "id: a.b"), ("c", "id: c.d")]);
    let said =
        ["unused-kind", "`logs_metrics/a`, and 1 more", "write `kinds: [logs_metrics]` in musher.yaml"];
    project.run(&["validate"]).check(1, &said);
    project.write("musher.yaml", CONFIG);
    project.run(&["validate"]).check(0, &[]);
}

#[test]
fn the_name_is_the_mark() {
    let project = project("");
    declare(&project, &[("a", "id: lambda.a"), ("b", "id: lambda.b")]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    // Another id of ours is the same object; a change is reported as one by name.
    declare(&project, &[("other", "id: lambda.a, filter: {query: x}"), ("b", "id: lambda.b")]);
    project.run(&["plan"]).check(0, &["~ logs_metrics/other (by name)", "1 to change, 1 unchanged"]);
    project.run(&["plan", "--format", "json"]).check(0, &["\"claim\": \"name\""]);
    // What is no longer declared stays: nobody said that the name is ours.
    declare(&project, &[("b", "id: lambda.b")]);
    project.run(&["plan"]).check(0, &["No changes."]);
    // It goes where a definition says so, once.
    declare(&project, &[("a", "id: lambda.a, $absent: true"), ("b", "id: lambda.b")]);
    project.run(&["plan"]).check(0, &["- logs_metrics/a (absent)", "1 to delete"]);
    project.run(&["plan", "--format", "json"]).check(0, &["\"claim\": \"absent\""]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.run(&["plan"]).check(0, &["No changes."]);
    assert_eq!(project.live(), [("logs_metrics/b".to_owned(), "lambda.b".to_owned())]);
}

#[test]
fn a_namespace_is_the_owners() {
    let project = project("");
    declare(&project, &[("a", "id: lambda.a"), ("b", "id: lambda.b"), ("c", "id: shop.c")]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    let own = |pattern: &str| {
        project.write("musher.yaml", &format!("{CONFIG}owns: {{logs_metrics: ['{pattern}']}}\n"))
    };
    own("lambda.*");
    declare(&project, &[("a", "id: lambda.a")]);
    let said =
        ["- logs_metrics/lambda.b (in the namespace logs_metrics: lambda.*)", "1 to delete, 1 unchanged"];
    project.run(&["plan"]).check(0, &said);
    project.run(&["plan", "--format", "json"]).check(0, &["\"claim\": \"namespace\""]);
    project.run(&["plan", "--format", "markdown"]).check(0, &["in the namespace"]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    // The first look of a namespace in which nothing that is declared lives is held.
    own("shop.*");
    declare(&project, &[("new", "id: shop.new")]);
    project.run(&["apply", "--yes"]).check(3, &["the brake `namespace`", "1 object in the namespace"]);
    project.run(&["apply", "--yes", "--release-brake", "namespace"]).check(0, &[]);
    // A pattern beside one that is in use begins by itself.
    project.write("musher.yaml", &format!("{CONFIG}owns: {{logs_metrics: ['shop.*', 'lambda.*']}}\n"));
    project.run(&["apply", "--yes"]).check(3, &["the brake `namespace`", "logs_metrics: lambda.*"]);
    own("shop.*");
    // A destroy empties the namespace, and nothing beside it.
    project.run(&["apply", "--destroy", "--yes"]).check(0, &["shop.new"]);
    own("*");
    project.run(&["list"]).check(0, &["lambda.a"]);
}

#[test]
fn wrong_namespaces_are_told() {
    let project = project("owns: {monitors: ['*'], logs_metrics: x, retention_filters: ['[']}\n");
    let said = ["`monitors` has no namespaces", "A namespace is a list of patterns", "`[` is not a pattern"];
    project.run(&["validate"]).check(1, &said);
}

#[test]
fn a_marked_object_is_not_absent_by_name() {
    let project = project("");
    project.write("monitors/shop.yaml", "monitors:\n  m: {name: m, $absent: true}\n");
    project.run(&["validate"]).check(1, &["`$absent` is for kinds whose objects bear no mark"]);
}

#[test]
fn two_definitions_of_one_name_are_an_error() {
    let project = project("");
    declare(&project, &[("a", "id: lambda.a"), ("b", "id: lambda.a")]);
    project.run(&["plan"]).check(1, &["key-declared-twice", "`logs_metrics/b` and `logs_metrics/a`"]);
}

#[test]
fn two_environments_of_one_organisation_need_two_names() {
    let project = project("");
    let environments = |other: &str| {
        let lines = format!("  sandbox: {{api: sandbox}}\n  {other}\n");
        let config =
            format!("{CONFIG}default_environment: sandbox\n").replace("  sandbox: {api: sandbox}\n", &lines);
        project.write("musher.yaml", &config);
    };
    environments("staging: {api: sandbox}");
    declare(&project, &[("a", "id: lambda.a")]);
    project.run(&["validate"]).check(0, &["shared-key", "so does the environment `staging`"]);
    // Harmless: another organisation, another name, another environment's definition.
    let silent = |project: &Project| {
        let ran = project.run(&["validate"]);
        assert!(!ran.check(0, &[]).all().contains("shared-key"), "{ran:?}");
    };
    environments("staging: {site: datadoghq.eu}");
    silent(&project);
    environments("staging: {api: sandbox}");
    declare(&project, &[("a", "id: '${env}.lambda.a'")]);
    silent(&project);
    declare(&project, &[("a", "id: lambda.a, $when: \"${eq environment 'sandbox'}\"")]);
    silent(&project);
}

#[test]
fn exports_of_the_second_api_come_back() {
    let project = project("");
    declare(&project, &[("a", "id: lambda.a, filter: {query: x}")]);
    project.run(&["apply", "--yes"]).check(0, &[]);
    project.run(&["export", "logs_metric", "lambda.a", "-o", "out"]).check(0, &[]);
    let files = std::fs::read_dir(project.path("out")).unwrap();
    let path = files.map(|entry| entry.unwrap().path()).next().expect("one file");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"type\": \"logs_metrics\"") && text.contains("\"attributes\""), "{text}");
    // As a file of its own, and as the body of a definition.
    project.write("monitors/lambda-a.json", &text);
    project.write("monitors/shop.yaml", "");
    project.run(&["plan"]).check(0, &["No changes."]);
    std::fs::remove_file(project.path("monitors/lambda-a.json")).unwrap();
    project.write("bodies/a.json", &text);
    project.write("monitors/shop.yaml", "logs_metrics:\n  b: {$file: ../bodies/a.json}\n");
    project.run(&["plan"]).check(0, &["No changes."]);
    project.write("monitors/shop.yaml", "retention_filters:\n  b: {$file: ../bodies/a.json}\n");
    project.run(&["validate"]).check(1, &["wrong-kind"]);
    // What is live becomes a definition by its name.
    project.write("monitors/shop.yaml", "");
    project.run(&["import", "logs_metric", "lambda.a"]).check(0, &["logs_metrics/"]);
    project.run(&["plan"]).check(0, &["No changes."]);
    project.run(&["import", "logs_metric", "lambda.a"]).check(1, &["declared here already"]);
}
