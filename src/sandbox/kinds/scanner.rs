//! The sensitive data scanner: groups, rules, and the one configuration that holds and orders them.

use serde_json::{Value, json};

use super::bodies;
use crate::sandbox::call::{Answer, Call};
use crate::sandbox::effect::{fill, parsed};
use crate::sandbox::order;
use crate::sandbox::resource::{
    BY_ID, CREATE_ONLY, Does, Draft, Effect, Order, Refusal, Reply, Resource, Route, Shape, Test, WRITES,
    Words,
};
use crate::sandbox::world::World;

const ID: &str = "5a4db0c500000000000000000000000000000000000000000000000000000001";
const META: &str = r#"{"meta": {"version": "{version}"}}"#;
/// R 12 of 13.
const LIMITS: &str = r#"{"meta": {
    "version": "{version}",
    "count_limit": 500,
    "rule_count_limit": 500,
    "group_count_limit": 20,
    "is_pci_compliant": false,
    "has_highlight_enabled": true,
    "has_multi_pass_enabled": true,
    "has_cascading_enabled": false,
    "is_configuration_superseded": false,
    "is_float_sampling_rate_enabled": false,
    "min_sampling_rate": 10
}}"#;
/// R 18 of 20 creates, 2 of 3 updates, 17 of 20 deletes.
const ANSWERS: [Reply; 3] = [Reply::Object(201), Reply::Fixed(200, META), Reply::Fixed(200, META)];
const ROUTES: &[Route] = &[
    Route::new("POST", "", Does::Create),
    Route::new("PATCH", "/{id}", Does::Update),
    Route::new("DELETE", "/{id}", Does::Delete),
];

pub const GROUP: Resource = Resource {
    forms: bodies::SCANNER_GROUP,
    name: "scanner_group",
    path: "/api/v2/sensitive-data-scanner/config/groups",
    routes: ROUTES,
    shape: Shape::Data("sensitive_data_scanner_group"),
    answers: ANSWERS,
    beside: LIMITS,
    effects: &[
        Effect::Fill("/description", r#""""#), // R 12 of 12
        Effect::Fill("/samplings", "[]"),
        Effect::Always(
            "^/relationships",
            r#"{"configuration": {"data": {
                "id": "5a4db0c500000000000000000000000000000000000000000000000000000001",
                "type": "sensitive_data_scanner_configuration"
            }}, "rules": {"data": []}}"#,
        ),
    ],
    refuses: &[
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Missing,
            Words(400, r#"[{"title":"Generic Error","detail":"group name should not be blank"}]"#),
        ), // ?
        Refusal(
            CREATE_ONLY,
            "",
            Test::Code(|draft| draft.world.store("scanner_group").iter().count() >= 20),
            Words(400, r#"[{"title":"Generic Error","detail":"too many scanning groups"}]"#), // R the limit, not the words
        ),
    ],
    missing: &[(
        BY_ID,
        Words(
            404,
            r#"[{"status":"404","code":"Not Found","title":"Not Found","detail":"scanning group could not be found"}]"#,
        ), // R 1
    )],
    ..Resource::V2
};

pub const RULE: Resource = Resource {
    forms: bodies::SCANNER_RULE,
    name: "scanner_rule",
    path: "/api/v2/sensitive-data-scanner/config/rules",
    routes: ROUTES,
    shape: Shape::Related("sensitive_data_scanner_rule"),
    answers: ANSWERS,
    beside: META,
    effects: &[
        Effect::Fill("/labels", "[]"),              // R 5 of 5
        Effect::Fill("/namespaces", "[]"),          // R 1 of 1
        Effect::Fill("/excluded_namespaces", "[]"), // R 4 of 4
    ],
    refuses: &[
        Refusal(
            WRITES,
            "",
            Test::OtherType,
            problem!(
                400,
                "Bad Request",
                r#"got type \"{value}\" expected one of \"sensitive_data_scanner_rule\""#
            ), // R 1
        ),
        Refusal(
            CREATE_ONLY,
            "/name",
            Test::Missing,
            Words(400, r#"[{"title":"Generic Error","detail":"rule name should not be blank"}]"#),
        ), // R 1
        // O: a pattern, or a standard one; the words are ours.
        Refusal(
            CREATE_ONLY,
            "",
            Test::Code(|draft: &Draft| {
                let standard = draft.relationships.pointer("/standard_pattern/data");
                draft.sent["pattern"].is_null() && standard.is_none_or(Value::is_null)
            }),
            Words(400, r#"[{"title":"Generic Error","detail":"rule has no pattern"}]"#),
        ),
        Refusal(
            CREATE_ONLY,
            "",
            Test::Code(|draft: &Draft| {
                let group = draft.relationships.pointer("/group/data/id").and_then(Value::as_str);
                group.is_none_or(|id| draft.world.store("scanner_group").get(id).is_none())
            }),
            Words(
                404,
                r#"[{"status":"404","code":"Not Found","title":"Not Found","detail":"scanning group could not be found"}]"#,
            ), // ?
        ),
    ],
    missing: &[(
        BY_ID,
        Words(
            404,
            r#"[{"status":"404","code":"Not Found","title":"Not Found","detail":"scanning rule could not be found"}]"#,
        ), // R 1
    )],
    ..Resource::V2
};

/// R 1 for another number of groups.
const UNEVEN: Words = Words(
    400,
    r#"[{"status":"400","title":"Invalid input","detail":"The number of groups in the request should be the same as the number of groups in the configuration"}]"#,
);

pub const CONFIGURATION: Resource = Resource {
    name: "scanner_group_order",
    path: "/api/v2/sensitive-data-scanner/config",
    routes: &[
        Route::code("GET", "", configuration),
        Route::new("PATCH", "", Does::Reorder),
        Route::code("GET", "/standard-patterns", standard_patterns),
    ],
    order: Some(Order {
        of: "scanner_group",
        ids: ("/data/relationships/groups/data", "id"),
        shown: "{}",
        changed: Some(r#"{"meta":{"count_limit":100,"group_count_limit":20}}"#), // R 2 of 2
        forgotten: Some(UNEVEN),
        stranger: UNEVEN,
        place: None,
    }),
    ..Resource::V1
};

/// Patterns that the service brings: three invented ones of the document's form (O), ids of this world alone.
fn standard_patterns(_: &mut World, _: &Call, _: &str) -> Result<Answer, Answer> {
    let named = [
        ("a1b2c3d4-0000-4000-8000-000000000001", "Standard Email Address Scanner", "email"),
        ("a1b2c3d4-0000-4000-8000-000000000002", "Visa Card Scanner (4x4 digits)", "card"),
        ("a1b2c3d4-0000-4000-8000-000000000003", "AWS Secret Access Key Scanner", "secret"),
    ];
    let patterns = named.map(|(id, name, keyword)| {
        json!({ "id": id, "type": "sensitive_data_scanner_standard_pattern", "attributes": {
            "name": name, "description": name, "included_keywords": [keyword], "priority": 1, "tags": [],
        } })
    });
    Ok(Answer::json(&json!({ "data": patterns })))
}

/// Groups in their order, each before its rules.
fn configuration(world: &mut World, _: &Call, _: &str) -> Result<Answer, Answer> {
    let rules: Vec<Value> = world.store("scanner_rule").iter().map(|item| item.value()).collect();
    let (mut groups, mut included) = (Vec::new(), Vec::new());
    for id in order::members(world, &CONFIGURATION) {
        let Some(item) = world.store("scanner_group").get(&id) else { continue };
        let mut group = item.value();
        let own = |rule: &&Value| rule.pointer("/relationships/group/data/id") == Some(&json!(id));
        let named: Vec<Value> =
            rules.iter().filter(own).map(|rule| json!({ "id": rule["id"], "type": rule["type"] })).collect();
        group["relationships"]["rules"]["data"] = json!(named);
        groups.push(json!({ "id": id, "type": group["type"] }));
        included.push(group);
        included.extend(rules.iter().filter(own).cloned().map(read_rule));
    }
    let mut meta = parsed(LIMITS, "");
    fill(&mut meta, &[("{version}", json!(world.last_serial()))]);
    let mut body = json!({
        "data": {
            "id": ID,
            "attributes": {},
            "type": "sensitive_data_scanner_configuration",
            "relationships": { "groups": { "data": groups } },
        },
        "meta": meta["meta"],
    });
    // R 1: no member at all without groups.
    if !included.is_empty() {
        body["included"] = json!(included);
    }
    Ok(Answer::json(&body))
}

/// Reads show defaults that the answer to a write doesn't (KINDS.md §4).
fn read_rule(mut rule: Value) -> Value {
    if let Value::Object(attributes) = &mut rule["attributes"] {
        let keywords = json!({ "keywords": [], "use_recommended_keywords": false, "character_count": 30 });
        for (name, value) in
            [("description", json!("")), ("priority", json!(5)), ("included_keyword_configuration", keywords)]
        {
            attributes.entry(name).or_insert(value);
        }
    }
    rule
}
