//! Variables of webhooks: words that stand in their URLs, payloads and headers.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Id, Identity, Kind, List, Paging, Quirks, Wrong};

/// Facts: 5 creates, 3 updates and 10 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const WEBHOOK_VARIABLE: Kind = Kind {
    name: "webhook_variable",
    section: "webhook_variables",
    always: false,
    api: Api {
        path: "/api/v1/integration/webhooks/configuration/custom-variables",
        id: Id { at: "name", chosen: true, in_update: true, ..Api::V1.id },
        list: List { paging: Paging::ByKey, ..Api::V1.list },
        serial: true,
        read: &["integrations_read"],
        write: &["manage_integrations"],
        ..Api::V1
    },
    identity: Identity::Key("/name"),
    fields: &[
        undocumented("").open(),
        boolean("/is_secret", "Whether nobody is shown the value").required(),
        text("/name", "`$NAME` in webhooks; upper case").required(),
        // No answer has it where the variable is secret (3 of 3).
        text("/value", "What stands for it; `${secret.NAME}` where it is secret")
            .required()
            .unseen()
            .secret(is_secret),
    ],
    about: About {
        terraform: &["datadog_webhook_custom_variable"],
        web: "/integrations/webhooks",
        known_by: &["/name"],
        is_export: |body| {
            body.contains_key("is_secret") && body.contains_key("name") && !body.contains_key("query")
        },
        export_needs: "`name` and `is_secret`",
        ..About::NONE
    },
    quirks: Quirks { wrongs: &[Wrong { at: "/name", judge: lower_case }], ..Quirks::NONE },
};

fn is_secret(body: &Value) -> bool {
    body.get("is_secret") == Some(&Value::Bool(true))
}

/// Every recorded name is in upper case (15 of 15), and so says the page of the UI.
fn lower_case(body: &Value) -> Option<(String, &'static str)> {
    let name = body.get("name")?.as_str()?;
    let is_fine = |c: char| !c.is_ascii_lowercase() && !c.is_whitespace();
    (!name.chars().all(is_fine)).then(|| {
        (format!("`{name}` is no name of a variable of webhooks"), "write it in upper case, with `_`")
    })
}
