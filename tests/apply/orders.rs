//! Orders: declared like objects, neither made nor deleted, and never blind to what others do.

use super::Project;

const CONFIG: &str = "project: shop\nkinds: [retention_filters]\nenvironments:\n  sandbox: {api: sandbox}\n";

fn project(definitions: &str) -> Project {
    let project = Project::sandbox();
    project.write("musher.yaml", CONFIG);
    project.write("monitors/shop.yaml", definitions);
    project
}

fn filters(ids: &[&str]) -> String {
    let line = |id: &&str| {
        format!(
            "  {id}: {{name: {id}, enabled: true, filter_type: spans-sampling-processor, rate: 1, filter: {{query: \"service:{id}\"}}}}\n"
        )
    };
    format!("retention_filters:\n{}", ids.iter().map(line).collect::<String>())
}

#[test]
fn wrong_orders_are_told() {
    for (order, code, said) in [
        ("retention_filters: 5", "bad-order", "a list of its members, not"),
        ("retention_filters: [5]", "bad-order", "an id, not"),
        ("retention_filters: [$rest, $rest]", "bad-order", "stands in this order 2 times"),
        ("retention_filters: {first: [a]}", "bad-order", "no list of `members`"),
        ("retention_filter: [a]", "bad-order", "There is no order of `retention_filter`"),
        ("monitors: [a]", "bad-order", "There is no order of `monitors`"),
        ("retention_filters: {members: [$rest], $absent: true}", "bad-directive", "is for objects"),
        ("retention_filters: {members: [$rest], $protect: true}", "bad-directive", "is for objects"),
    ] {
        project(&format!("orders:\n  {order}\n")).run(&["validate"]).check(1, &[code, said]);
    }
    let order = "orders:\n  retention_filters: [\"${retention_filters.a.id}\", nowhere, default-errors-0000001, default-errors-0000001]\n";
    let said = ["`nowhere`, which is not there", "names `default-errors-0000001` twice"];
    project(&format!("{}{order}", filters(&["a"]))).run(&["plan"]).check(1, &said);
    // The kind, not its order, is what a project uses; and one environment has the word.
    let unused = project("orders:\n  retention_filters: [$rest]\n");
    unused.write("musher.yaml", &CONFIG.replace("kinds: [retention_filters]\n", ""));
    unused.run(&["validate"]).check(1, &["unused-kind", "write `kinds: [retention_filters]`"]);
    let two = format!("{CONFIG}  staging: {{api: sandbox}}\ndefault_environment: sandbox\n");
    unused.write("musher.yaml", &two);
    unused.run(&["validate"]).check(1, &["shared-order", "the environment `staging`"]);
    let only = "orders:\n  retention_filters: {members: [$rest], $when: \"${eq environment 'sandbox'}\"}\n";
    unused.write("monitors/shop.yaml", only);
    unused.run(&["validate"]).check(0, &[]);
}

/// What is declared stands in it by reference, everybody else's by one word; and it plans empty where it is put.
#[test]
fn an_order_is_exported_and_imported() {
    let order = "orders:\n  retention_filters: [\"${retention_filters.b.id}\", $rest, \"${retention_filters.a.id}\"]\n";
    let project = project(&format!("{}{order}", filters(&["a", "b"])));
    project.run(&["apply", "--yes"]).check(0, &["2 created"]);
    project.run(&["export", "order", "retention_filters", "-o", "out"]).check(0, &["1 written"]);
    let text = "orders:\n  retention_filters:\n  - ${retention_filters.b.id}\n  - $rest\n  - ${retention_filters.a.id}\n";
    assert_eq!(project.read("out/order-retention_filters.yaml"), text);
    project.run(&["export", "order", "--all", "-o", "out"]).check(0, &["1 unchanged"]);
    project.run(&["export", "order", "monitors"]).check(1, &["there is no order of `monitors`"]);
    project.run(&["export", "order", "--all", "--format", "json"]).check(1, &["is exported as YAML"]);
    project.run(&["import", "order", "retention_filters"]).check(1, &["is declared here already"]);
    project.write("monitors/shop.yaml", &filters(&["a", "b"]));
    project.run(&["import", "order", "retention_filters"]).check(0, &["orders/retention_filters"]);
    assert_eq!(project.read("monitors/order-retention_filters.yaml"), text);
    project.run(&["plan"]).check(0, &["No changes."]);
    std::fs::remove_file(project.path("monitors/order-retention_filters.yaml")).unwrap();
    project.run(&["import", "order", "retention_filters", "--into", "monitors/shop.yaml"]).check(0, &[]);
    project.run(&["plan"]).check(0, &["No changes."]);
}

#[test]
fn an_order_is_shown_and_outlives_its_definition() {
    let order = "orders:\n  retention_filters: [\"${retention_filters.b.id}\", $rest]\n";
    let project = project(&format!("{}{order}", filters(&["a", "b"])));
    project.run(&["apply", "--yes"]).check(0, &["1 changed", "2 created"]);
    project.run(&["plan"]).check(0, &["No changes."]);
    project.run(&["list"]).check(0, &["orders/retention_filters"]);
    project.run(&["show", "orders/retention_filters"]).check(0, &["$rest", "default-errors-0000001"]);
    project.run(&["plan", "--only", "orders/*"]).check(0, &["No changes."]);
    // Another one, which no definition holds any more, is not a change.
    project.write("monitors/shop.yaml", &format!("{}{order}", filters(&["a", "b", "z"])));
    project.run(&["apply", "--yes"]).check(0, &["1 created"]);
    project.write("monitors/shop.yaml", &format!("{}{order}", filters(&["a", "b"])));
    project.run(&["plan"]).check(0, &["No changes."]);
    // Taken out it stays.
    project.write("monitors/shop.yaml", &filters(&["a", "b"]));
    project.run(&["plan"]).check(0, &["No changes."]);
    project.write("monitors/shop.yaml", &format!("{}{order}", filters(&["a", "b"])));
    project.run(&["plan"]).check(0, &["No changes."]);
}

/// Integration pipelines are Datadog's: they are seen in an order alone.
#[test]
fn an_integration_pipeline_is_only_put_in_order() {
    let project = project("logs_pipelines:\n  shop: {name: Shop, filter: {query: \"service:shop\"}}\n");
    project.write("musher.yaml", &CONFIG.replace("[retention_filters]", "[logs_pipelines]"));
    project.run(&["apply", "--yes"]).check(0, &["1 created"]);
    project
        .run(&["import", "logs_pipeline", "integration-pipeline-1"])
        .check(1, &["is not for people to manage"]);
    project.run(&["export", "order", "logs_pipelines", "-o", "monitors"]).check(0, &["1 written"]);
    let text = "orders:\n  logs_pipelines:\n  - $rest\n  - ${logs_pipelines.shop.id}\n";
    assert_eq!(project.read("monitors/order-logs_pipelines.yaml"), text);
    project.run(&["plan"]).check(0, &["No changes."]);
    project.write(
        "monitors/order-logs_pipelines.yaml",
        "orders: {logs_pipelines: [\"${logs_pipelines.shop.id}\", integration-pipeline-1]}\n",
    );
    project.run(&["apply", "--yes"]).check(0, &["1 changed"]);
    project.run(&["plan"]).check(0, &["No changes."]);
}

/// An order that stands by itself costs one request more, and no round trip.
#[test]
fn an_order_is_asked_for_beside_the_list() {
    let order = "orders:\n  logs_indexes: [\"${logs_indexes.a.id}\", $rest]\n";
    let index = "logs_indexes:\n  a: {name: shop-a, filter: {query: \"service:a\"}}\n";
    let project = project(&format!("{index}{order}"));
    project.write("musher.yaml", &CONFIG.replace("[retention_filters]", "[logs_indexes]"));
    project.run(&["apply", "--yes"]).check(0, &["1 changed", "1 created"]);
    let plan = project.run(&["plan", "-v"]);
    // Monitors, SLOs, dashboards, indexes, their order, and whose the keys are.
    plan.check(0, &["No changes.", "6 requests"]);
}
