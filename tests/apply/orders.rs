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

#[test]
fn an_order_is_shown_and_outlives_its_definition() {
    let order = "orders:\n  retention_filters: [\"${retention_filters.b.id}\", $rest]\n";
    let project = project(&format!("{}{order}", filters(&["a", "b"])));
    project.run(&["apply", "--yes"]).check(0, &["1 changed", "2 created"]);
    project.run(&["plan"]).check(0, &["No changes."]);
    project.run(&["list"]).check(0, &["orders/retention_filters"]);
    project.run(&["show", "orders/retention_filters"]).check(0, &["$rest", "default-errors-0000001"]);
    project.run(&["export", "order", "--all"]).check(1, &["there is no kind `order`"]);
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
