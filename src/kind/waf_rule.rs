//! Rules of the firewall that a team writes itself: which requests are told of, or blocked.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Danger, Envelope, Identity, Kind, Quirks, Update};

/// Facts: 3 creates, 1 update and 1 list, and the OpenAPI document.
pub const WAF_RULE: Kind = Kind {
    name: "waf_rule",
    section: "waf_rules",
    always: false,
    api: Api {
        path: "/api/v2/remote_config/products/asm/waf/custom_rules",
        envelope: Envelope::Resource("custom_rule"),
        update: Update::Put,
        serial: true,
        emptied: true,
        read: &["appsec_protect_read"],
        write: &["appsec_protect_write"],
        ..Api::V2
    },
    // The document: any key with a text, 32 in all.
    identity: Identity::Members("/tags"),
    fields: &[
        undocumented("").open(),
        object("/action", "What becomes of a request that is blocked"),
        choice("/action/action", &["block_request", "redirect_request"], "What is done")
            .closed()
            .defaults(&[r#""block_request""#]),
        object("/action/parameters", "How it is done"),
        text("/action/parameters/location", "Where `redirect_request` leads"),
        count("/action/parameters/status_code", "The status of the answer").defaults(&["403"]),
        boolean("/blocking", "Whether requests are blocked; `false`: told of, and let pass").required(),
        list("/conditions", "What a request must meet, all of it").required(),
        choice(
            "/conditions/*/operator",
            &[
                "match_regex",
                "!match_regex",
                "phrase_match",
                "!phrase_match",
                "is_xss",
                "is_sqli",
                "exact_match",
                "!exact_match",
                "ip_match",
                "!ip_match",
                "capture_data",
                "exists",
                "!exists",
                "equals",
                "!equals",
            ],
            "How the inputs are judged",
        )
        .closed()
        .required(),
        object("/conditions/*/parameters", "What is judged, and by what").required(),
        text("/conditions/*/parameters/data", "A list of the service's own, in place of `list`"),
        list("/conditions/*/parameters/inputs", "Parts of a request: one that fits will do").required(),
        text("/conditions/*/parameters/inputs/*/address", "`server.request.query`, …").required(),
        texts("/conditions/*/parameters/inputs/*/key_path", "Only what is below these keys"),
        texts("/conditions/*/parameters/list", "Values, of `phrase_match` and `exact_match`"),
        // 4 of 4: an empty one where none was sent.
        object("/conditions/*/parameters/options", "How closely").implied(&[("", "{}")]),
        boolean("/conditions/*/parameters/options/case_sensitive", "Whether letters' size counts")
            .implied(&[("", "false")]),
        count("/conditions/*/parameters/options/min_length", "Shorter values don't count")
            .implied(&[("", "0")]),
        text("/conditions/*/parameters/regex", "The expression, of `match_regex`"),
        choice(
            "/conditions/*/parameters/type",
            &["boolean", "signed", "unsigned", "float", "string"],
            "The type of `value`, of `equals`",
        )
        .closed(),
        text("/conditions/*/parameters/value", "The tag that holds what is captured, of `capture_data`"),
        boolean("/enabled", "Whether it is at work").required(),
        read_only("/id"),
        read_only("/metadata"),
        // 4 of 4 writes of "test" came back as "test - 12": others had that name.
        text("/name", "Its name; the service puts a number behind one that others have")
            .required()
            .meaning(is_numbered),
        text("/path_glob", "Paths: `/api/*`"),
        list("/scope", "Services where it counts; all where it is left out"),
        text("/scope/*/env", "An environment").required(),
        text("/scope/*/service", "A service").required(),
        object("/tags", "`category` and `type` make the name of what is told; others are free").required(),
        choice(
            "/tags/category",
            &["attack_attempt", "business_logic", "security_response"],
            "What it is about",
        )
        .closed()
        .required(),
        text("/tags/type", "What it finds: `sql_injection`").required(),
    ],
    about: About {
        web: "/security/appsec/in-app-waf?config_by=custom-rules",
        created: Some("/metadata/added_at"),
        modified: Some("/metadata/modified_at"),
        terraform: &["datadog_appsec_waf_custom_rule"],
        ..About::NONE
    },
    quirks: Quirks {
        dangers: &[
            Danger { code: "detecting-less", judge: finds_less },
            Danger { code: "requests-blocked", judge: blocks_more },
        ],
        new_dangers: &[Danger { code: "requests-blocked", judge: blocks_more }],
        ..Quirks::NONE
    },
};

/// Whether one name is the other with the number that the service puts behind it.
fn is_numbered(one: &Value, other: &Value) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    let is = |plain: &str, numbered: &str| {
        let number = numbered.strip_prefix(plain).and_then(|rest| rest.strip_prefix(" - "));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    is(one, other) || is(other, one)
}

fn is_on(body: &Value) -> bool {
    body.get("enabled") == Some(&Value::Bool(true))
}

fn blocks(body: &Value) -> bool {
    is_on(body) && body.get("blocking") == Some(&Value::Bool(true))
}

fn finds_less(live: &Value, wanted: &Value) -> Option<String> {
    if is_on(live) && !is_on(wanted) {
        return Some("The rule is turned off: requests pass that it found".to_owned());
    }
    (blocks(live) && !blocks(wanted)).then(|| "Requests pass that were blocked".to_owned())
}

fn blocks_more(live: &Value, wanted: &Value) -> Option<String> {
    (blocks(wanted) && !blocks(live)).then(|| "Requests that it finds are blocked from now on".to_owned())
}
