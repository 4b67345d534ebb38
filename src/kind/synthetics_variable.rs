//! Global variables of synthetic tests.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Id, Identity, Kind, List, Mention, Mentioned, Quirks};

/// Facts: 17 creates, 3 updates and 35 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SYNTHETICS_VARIABLE: Kind = Kind {
    name: "synthetics_variable",
    section: "synthetics_variables",
    always: false,
    api: Api {
        path: "/api/v1/synthetics/variables",
        id: Id { at: "id", ..Api::V1.id },
        list: List { items: Some("/variables"), ..Api::V1.list },
        emptied: true,
        foreign: |body| body.get("type").is_some_and(|class| class != "variable"),
        read: &["synthetics_global_variable_read"],
        write: &["synthetics_global_variable_write"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        object("/attributes", "Who may use it"),
        texts("/attributes/restricted_roles", "Ids of roles").set(),
        read_only("/created_at"),
        read_only("/creator"),
        text("/description", "For people").required(),
        read_only("/editor"),
        read_only("/id"),
        // 13 of 13, 16 of 16: false is left out of answers.
        boolean("/is_fido", "Whether it is a FIDO key").implied(&[("", "false")]),
        boolean("/is_totp", "Whether it is a one-time password").implied(&[("", "false")]),
        read_only("/last_error"),
        read_only("/modified_at"),
        text("/name", "`{{ NAME }}` in tests; upper case").required(),
        read_only("/parse_test_extracted_at"),
        read_only("/parse_test_name"),
        object("/parse_test_options", "How the value is taken out of a test"),
        text("/parse_test_options/field", "The header, of `http_header`"),
        text("/parse_test_options/localVariableName", "The test's own variable, of `local_variable`"),
        object("/parse_test_options/parser", "What is taken of it"),
        choice("/parse_test_options/parser/type", &["raw", "json_path", "regex", "x_path"], "How it is read")
            .closed()
            .required(),
        text("/parse_test_options/parser/value", "The expression"),
        choice(
            "/parse_test_options/type",
            &["http_body", "http_header", "http_status_code", "local_variable"],
            "Where the value stands",
        )
        .closed()
        .required(),
        text("/parse_test_public_id", "A test whose answer gives the value: `${synthetics_tests.ID.id}`"),
        texts("/tags", "Tags; the mark is one of them").set(),
        read_only("/type"),
        // A FIDO key brings its own (1).
        object("/value", "The value, and whether it is secret").filled(),
        object("/value/options", "Of a one-time password"),
        object("/value/options/totp_parameters", "How it is made"),
        bounded("/value/options/totp_parameters/digits", 4, 10, "How many digits").strict(),
        bounded("/value/options/totp_parameters/refresh_interval", 0, 999, "How long one counts, in seconds")
            .strict(),
        boolean("/value/secure", "Whether nobody is shown the value").defaults(&["false"]),
        // 3 of 3: no answer has it where it is secure.
        text("/value/value", "What it stands for; `${secret.NAME}` where it is secure")
            .unseen()
            .secret(is_secure),
    ],
    about: About {
        web: "/synthetics/settings/variables",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/creator/handle"),
        is_export: |body| {
            body.contains_key("parse_test_public_id")
                || body.contains_key("parse_test_options")
                || body.contains_key("value") && body.contains_key("description") && body.contains_key("tags")
        },
        export_needs: "`value`, `description` and `tags`",
        terraform: &["datadog_synthetics_global_variable"],
        sync_cli: &["synthetics_global_variables"],
        ..About::NONE
    },
    quirks: Quirks {
        mentions: &[Mention {
            at: Mentioned::Path("/parse_test_public_id"),
            when: None,
            section: "synthetics_tests",
        }],
        ..Quirks::NONE
    },
};

fn is_secure(body: &Value) -> bool {
    body.pointer("/value/secure") == Some(&Value::Bool(true))
}
