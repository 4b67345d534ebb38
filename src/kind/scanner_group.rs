//! Groups of the sensitive data scanner: which events their rules look at.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field::*;
use super::{
    About, Api, Danger, Envelope, Id, Identity, Kind, List, Order, Quirks, ReadFrom, Shown, Update, danger,
};

/// What both kinds of the one configuration have in common.
pub const CONFIGURATION: Api = Api {
    meta: true,
    id: Id { in_update: true, ..Api::V2.id },
    list: List {
        path: Some("/api/v2/sensitive-data-scanner/config"),
        items: Some("/included"),
        mixed: true,
        ..Api::V2.list
    },
    read_from: ReadFrom::List,
    // `{"meta": {"version"}}` alone (3 of 3).
    silent: true,
    serial: true,
    read: &["data_scanner_read"],
    write: &["data_scanner_write"],
    ..Api::V2
};

/// OpenAPI, `SensitiveDataScannerProduct`.
const PRODUCTS: &[&str] = &["apm", "events", "logs", "rum"];

/// Facts: 15 creates, 1 update and 20 lists, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SCANNER_GROUP: Kind = Kind {
    name: "scanner_group",
    section: "scanner_groups",
    always: false,
    api: Api {
        path: "/api/v2/sensitive-data-scanner/config/groups",
        envelope: Envelope::Resource("sensitive_data_scanner_group"),
        // All groups or a 400 (1 of 2).
        order: Some(Order {
            path: "/api/v2/sensitive-data-scanner/config",
            update: Update::Patch,
            shown: Shown::Alone("/data/relationships/groups/data"),
            body: r#"{"data":{"id":"{id}","type":"sensitive_data_scanner_configuration","relationships":{"groups":{"data":"{ids}"}}},"meta":{}}"#,
            member: Some("sensitive_data_scanner_group"),
        }),
        ..CONFIGURATION
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        text("/description", "For people").defaults(&[r#""""#]),
        object("/filter", "Which events are looked at").required(),
        text("/filter/query", "A search; all events where it is left out")
            .defaults(&[r#""*""#])
            .synonyms(&[r#""*""#, r#""""#]),
        read_only("/id"),
        boolean("/is_enabled", "Whether its rules are at work").defaults(&["false"]),
        text("/name", "The title").required(),
        of("/product_list", Type::Texts(PRODUCTS), "What is looked at").closed().required().set(),
        // In another order in 1 of 15 answers.
        list("/samplings", "The share that is looked at, by product; all of it where one is left out")
            .set()
            .defaults(&["[]"])
            .meaning(same_shares),
        choice("/samplings/*/product", PRODUCTS, "One of `product_list`").closed().required(),
        percent("/samplings/*/rate", "Per cent").required(),
    ],
    about: About {
        sync_cli: &["sensitive_data_scanner_groups"],
        terraform: &["datadog_sensitive_data_scanner_group"],
        web: "/sensitive-data-scanner/configuration/telemetry",
        ..About::NONE
    },
    quirks: Quirks {
        precious: true,
        dangers: &[
            Danger { code: "scanning-less", judge: off },
            Danger { code: "scanning-less", judge: fewer_events },
            Danger { code: "scanning-less", judge: fewer_products },
            Danger { code: "scanning-less", judge: smaller_share },
        ],
        ..Quirks::NONE
    },
};

/// The share of each product that isn't looked at whole. What is no share counts as one of its own.
fn shares(value: &Value) -> BTreeMap<&str, f64> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| {
            let product = item.get("product").and_then(Value::as_str);
            let rate = item.get("rate").and_then(Value::as_f64).filter(|_| product.is_some());
            (product.unwrap_or_default(), rate.unwrap_or(-1.0))
        })
        .filter(|(_, rate)| (*rate - 100.0).abs() > f64::EPSILON)
        .collect()
}

fn same_shares(one: &Value, other: &Value) -> bool {
    one.is_array() && other.is_array() && shares(one) == shares(other)
}

/// On before, and off now.
pub fn off(live: &Value, wanted: &Value) -> Option<String> {
    let is_on = |body: &Value| body.get("is_enabled") == Some(&Value::Bool(true));
    (is_on(live) && !is_on(wanted)).then(|| "It is switched off: what it hid is seen from now on".to_owned())
}

fn fewer_events(live: &Value, wanted: &Value) -> Option<String> {
    let lost = danger::narrowed(live, wanted, "/filter/query")?;
    Some(format!("It looks at fewer events: they must have {lost}, too"))
}

fn fewer_products(live: &Value, wanted: &Value) -> Option<String> {
    let products = |body| danger::texts(body, "/product_list", None);
    let (before, after) = (products(live), products(wanted));
    let lost: Vec<&str> = before.difference(&after).copied().collect();
    (!lost.is_empty()).then(|| format!("It no longer looks at {}", danger::listed(&lost)))
}

fn smaller_share(live: &Value, wanted: &Value) -> Option<String> {
    let none = Value::Null;
    let (before, after) = (live.get("samplings").unwrap_or(&none), wanted.get("samplings").unwrap_or(&none));
    let (before, after) = (shares(before), shares(after));
    let less = after.iter().find(|(product, rate)| before.get(*product).is_none_or(|old| old > *rate))?;
    Some(format!("It looks at a smaller share of `{}`: {} %", less.0, less.1))
}
