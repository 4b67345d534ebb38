//! Synthetic tests: requests, browsers and phones that try a service out.

use serde_json::Value;

use super::field::*;
use super::{
    About, Api, Delete, Id, Identity, Kind, List, Mention, Mentioned, Paging, Quirks, Summary, Tags,
};

/// Facts: 61 creates, 15 updates and 208 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SYNTHETICS_TEST: Kind = Kind {
    name: "synthetics_test",
    section: "synthetics_tests",
    always: false,
    api: Api {
        path: "/api/v1/synthetics/tests",
        id: Id { at: "public_id", ..Api::V1.id },
        typed: Some("type"),
        delete: Delete::Post { path: "/delete", body: r#"{"public_ids": ["{id}"]}"# },
        list: List {
            items: Some("/tests"),
            paging: Paging::Number { page: "page_number", size: "page_size" },
            page_size: 100,
            // 66 of 66: neither the list nor a read without the type shows the steps of a browser or a phone.
            summary: Some(Summary {
                modified: "modified_at",
                shown: &["message", "name", "status"],
                lacks: |body| {
                    body.get("type").is_some_and(|class| class != "api") && body.get("steps").is_none()
                },
            }),
            ..Api::V1.list
        },
        emptied: true,
        read: &["synthetics_read"],
        write: &["synthetics_write"],
        ..Api::V1
    },
    identity: Identity::Tags("/tags"),
    fields: FIELDS,
    about: About {
        web: "/synthetics/details/{id}",
        created: Some("/created_at"),
        modified: Some("/modified_at"),
        author: Some("/creator/handle"),
        terraform: &["datadog_synthetics_test"],
        sync_cli: &["synthetics_tests"],
        is_export: |body| {
            let class = body.get("type").and_then(Value::as_str);
            class.is_some_and(|class| TYPES.contains(&class))
                && body.contains_key("config")
                && body.contains_key("options")
        },
        export_needs: "`config`, `options` and a `type` of api, browser or mobile",
        ..About::NONE
    },
    quirks: Quirks {
        tags: Tags { keys: &[], most: None, rewritten: false },
        mentions: &[
            Mention {
                at: Mentioned::Path("/config/steps/*/subtestPublicId"),
                when: None,
                section: "synthetics_tests",
            },
            Mention {
                at: Mentioned::Path("/steps/*/params/subtestPublicId"),
                when: None,
                section: "synthetics_tests",
            },
            Mention {
                at: Mentioned::Path("/config/configVariables/*/id"),
                when: None,
                section: "synthetics_variables",
            },
            Mention {
                at: Mentioned::Path("/config/variables/*/id"),
                when: None,
                section: "synthetics_variables",
            },
        ],
        dangers: &[super::Danger { code: "turned-off", judge: paused }],
        ..Quirks::NONE
    },
};

const TYPES: &[&str] = &["api", "browser", "mobile"];

const FIELDS: &[Field] = &[
    undocumented("").open(),
    object("/config", "What is asked, and what is expected of the answer").required().open(),
    list("/config/assertions", "What must hold of the answer of an API test"),
    text("/config/assertions/*/code", "JavaScript, of `javascript`"),
    text("/config/assertions/*/operator", "`is`, `contains`, `lessThan`, `validatesJSONPath`, …"),
    text("/config/assertions/*/property", "The header that is meant"),
    any("/config/assertions/*/target", "What it is held against"),
    text("/config/assertions/*/timingsScope", "`withoutDNS`: without the time of the look-up"),
    text("/config/assertions/*/type", "`statusCode`, `responseTime`, `body`, `header`, …").required(),
    // 1: the service puts in the global ones that a field names.
    list("/config/configVariables", "Variables of an API test; global ones by their `id`").filled(),
    text("/config/configVariables/*/example", "An example of its value").unseen().secret(is_secure),
    text("/config/configVariables/*/id", "A global variable: `${synthetics_variables.ID.id}`"),
    text("/config/configVariables/*/name", "`{{ NAME }}` in the test").required(),
    text("/config/configVariables/*/pattern", "The value: `{{ numeric(4) }}`").unseen().secret(is_secure),
    boolean("/config/configVariables/*/secure", "Whether nobody is shown the value"),
    choice("/config/configVariables/*/type", &["global", "text", "email"], "Whose it is").required(),
    object("/config/initialApplicationArguments", "What the application is started with"),
    object("/config/request", "The request").open(),
    object("/config/request/basicAuth", "How it says who asks"),
    text("/config/request/basicAuth/accessKey", "Of `sigv4`"),
    text("/config/request/basicAuth/clientSecret", "Of `oauth-…`: `${secret.NAME}`")
        .secret(has_client_secret),
    text("/config/request/basicAuth/password", "`${secret.NAME}`").secret(has_password),
    text("/config/request/basicAuth/secretKey", "Of `sigv4`: `${secret.NAME}`").secret(has_secret_key),
    choice("/config/request/basicAuth/type", AUTHS, "In which way"),
    text("/config/request/basicAuth/username", "Of `web`, `digest`, `ntlm`, `oauth-rop`"),
    text("/config/request/body", "What is sent"),
    text("/config/request/bodyType", "`application/json`, …"),
    object("/config/request/certificate", "The client's certificate"),
    object("/config/request/certificate/cert", "The certificate"),
    // 14 of 14: no answer has it.
    text("/config/request/certificate/cert/content", "In PEM").unseen(),
    text("/config/request/certificate/cert/filename", "A name for people"),
    read_only("/config/request/certificate/cert/updatedAt"),
    object("/config/request/certificate/key", "The key"),
    text("/config/request/certificate/key/content", "In PEM: `${secret.NAME}`").unseen().secret(has_key),
    text("/config/request/certificate/key/filename", "A name for people"),
    read_only("/config/request/certificate/key/updatedAt"),
    texts("/config/request/certificateDomains", "Where the certificate is shown"),
    list("/config/request/files", "Files that are sent"),
    // 6 of 6: a key of the service's own in its place.
    read_only("/config/request/files/*/bucketKey"),
    text("/config/request/files/*/content", "What is in it").unseen(),
    text("/config/request/files/*/encoding", "`base64`").unseen(),
    text("/config/request/files/*/name", "The field of the form"),
    text("/config/request/files/*/originalFileName", "Its name"),
    count("/config/request/files/*/size", "Its bytes"),
    text("/config/request/files/*/type", "`text/plain`, …"),
    object("/config/request/headers", "Its headers; secrets as `${secret.NAME}`"),
    text("/config/request/host", "Who is asked, without a URL"),
    text("/config/request/method", "`GET`, …"),
    any("/config/request/port", "The port"),
    object("/config/request/proxy", "The proxy, with `url` and `headers`"),
    any("/config/request/query", "Parameters of the URL"),
    number("/config/request/timeout", "Seconds until it is given up"),
    text("/config/request/url", "The URL"),
    text("/config/setCookie", "Cookies of a browser test"),
    list("/config/steps", "Steps of an API test of the subtype `multi`"),
    boolean("/config/steps/*/allowFailure", "Whether the others go on where it fails"),
    list("/config/steps/*/assertions", "What must hold of its answer"),
    boolean("/config/steps/*/exitIfSucceed", "Whether the test ends where it succeeds"),
    list("/config/steps/*/extractedValues", "Variables that are taken out of its answer"),
    text("/config/steps/*/extractedValuesFromScript", "The same by JavaScript").implied(&[("", r#""""#)]),
    // 65 of 65: sent back or not.
    read_only("/config/steps/*/id"),
    boolean("/config/steps/*/isCritical", "Whether the test fails with it"),
    text("/config/steps/*/name", "What it is called").required(),
    object("/config/steps/*/request", "Its request, as that of a test"),
    object("/config/steps/*/request/basicAuth", "How it says who asks"),
    text("/config/steps/*/request/basicAuth/accessKey", "Of `sigv4`"),
    text("/config/steps/*/request/basicAuth/clientSecret", "Of `oauth-…`: `${secret.NAME}`")
        .secret(holds_client_secret),
    text("/config/steps/*/request/basicAuth/password", "`${secret.NAME}`").secret(holds_password),
    text("/config/steps/*/request/basicAuth/secretKey", "Of `sigv4`: `${secret.NAME}`")
        .secret(holds_secret_key),
    object("/config/steps/*/request/certificate", "The client's certificate"),
    object("/config/steps/*/request/certificate/cert", "The certificate"),
    text("/config/steps/*/request/certificate/cert/content", "In PEM").unseen(),
    object("/config/steps/*/request/certificate/key", "The key"),
    text("/config/steps/*/request/certificate/key/content", "In PEM: `${secret.NAME}`")
        .unseen()
        .secret(|_| true),
    list("/config/steps/*/request/files", "Files that are sent"),
    read_only("/config/steps/*/request/files/*/bucketKey"),
    text("/config/steps/*/request/files/*/content", "What is in it").unseen(),
    text("/config/steps/*/request/files/*/encoding", "`base64`").unseen(),
    count("/config/steps/*/request/files/*/size", "Its bytes"),
    object("/config/steps/*/retry", "How often it is tried again").open(),
    read_only("/config/steps/*/subtest"),
    text("/config/steps/*/subtestPublicId", "The test that is run here: `${synthetics_tests.ID.id}`"),
    text("/config/steps/*/subtype", "`http`, `grpc`, `wait`, …").required(),
    number("/config/steps/*/value", "How long, of `wait`"),
    list("/config/variables", "Variables of a browser or mobile test"),
    text("/config/variables/*/example", "An example of its value").unseen().secret(is_secure),
    text("/config/variables/*/id", "A global variable: `${synthetics_variables.ID.id}`"),
    text("/config/variables/*/name", "`{{ NAME }}` in the test").required(),
    text("/config/variables/*/pattern", "The value: `{{ numeric(4) }}`").unseen().secret(is_secure),
    boolean("/config/variables/*/secure", "Whether nobody is shown the value"),
    text("/config/variables/*/type", "`text`, `email`, `global`").required(),
    text("/config/variablesFromScript", "Variables by JavaScript"),
    read_only("/created_at"),
    read_only("/created_by"),
    read_only("/creation_source"),
    read_only("/creator"),
    read_only("/deleted_at"),
    // 7 of 7 of mobile tests come back with one.
    texts("/locations", "Where it runs: `aws:eu-central-1`, `pl:…`").set().filled(),
    text("/message", "Who is told when it fails; Markdown").recipients().required().trimmed(),
    read_only("/modified_at"),
    read_only("/modified_by"),
    read_only("/monitor_id"),
    text("/name", "What it is called").required(),
    object("/options", "How often, how strictly, and the monitor").required().open(),
    read_only("/options/bits_ai_auto_investigate"),
    texts("/options/device_ids", "Devices of a browser or mobile test").set(),
    count("/options/min_failure_duration", "Seconds that it must fail before somebody is told"),
    count("/options/min_location_failed", "At how many places it must fail"),
    text("/options/monitor_name", "The title of its monitor"),
    object("/options/monitor_options", "Of its monitor").open(),
    read_only("/options/monitor_options/locked"),
    // 15 of 15: the four are filled in where the object was sent.
    boolean("/options/monitor_options/include_tags", "Whether the title shows tags").defaults(&["true"]),
    count("/options/monitor_options/new_host_delay", "Seconds").defaults(&["300"]),
    boolean("/options/monitor_options/notify_audit", "Whether changes are told").defaults(&["false"]),
    text("/options/monitor_options/on_missing_data", "`show_no_data`, …").defaults(&[r#""show_no_data""#]),
    count("/options/monitor_options/renotify_interval", "Minutes after which it is told again"),
    text("/options/monitor_options/notification_preset_name", "What the notification shows"),
    boolean("/options/monitor_options/notify_no_data", "Whether silence is told").defaults(&["false"]),
    count("/options/monitor_options/renotify_occurrences", "How often it is told again at most"),
    bounded("/options/monitor_priority", 1, 5, "From 1, the most urgent, to 5"),
    object("/options/retry", "How often it is tried again before it fails").open(),
    count("/options/retry/count", "How often"),
    number("/options/retry/interval", "Milliseconds in between"),
    object("/options/scheduling", "When it runs, in `timeframes` of a `timezone`"),
    bounded("/options/tick_every", 30, 604_800, "Seconds from one run to the next").required_at_create(),
    read_only("/org_id"),
    read_only("/overall_state"),
    read_only("/overall_state_modified"),
    read_only("/public_id"),
    choice("/status", &["live", "paused"], "`paused`: it doesn't run; left to the UI unless declared")
        .closed()
        .kept(),
    read_only("/stepCount"),
    list("/steps", "Steps of a browser or a mobile test"),
    boolean("/steps/*/allowFailure", "Whether the others go on where it fails"),
    read_only("/steps/*/context"),
    // 6 of 6: answers leave out false.
    boolean("/steps/*/hasNewStepElement", "").implied(&[("", "false")]),
    text("/steps/*/name", "What it is called"),
    object("/steps/*/params", "What it does"),
    list("/steps/*/params/files", "Files that are uploaded"),
    read_only("/steps/*/params/files/*/bucketKey"),
    text("/steps/*/params/files/*/content", "What is in it").unseen(),
    count("/steps/*/params/files/*/size", "Its bytes"),
    text("/steps/*/params/subtestPublicId", "The test that is run here: `${synthetics_tests.ID.id}`"),
    read_only("/steps/*/public_id"),
    number("/steps/*/timeout", "Seconds until it is given up"),
    text("/steps/*/type", "`click`, `typeText`, `assertCurrentUrl`, …").required(),
    choice(
        "/subtype",
        &["http", "ssl", "tcp", "dns", "multi", "icmp", "udp", "websocket", "grpc"],
        "The protocol of an API test",
    )
    .immutable(),
    texts("/tags", "Tags; its monitor and its metrics have them too").set(),
    choice("/type", TYPES, "What tries it out").closed().required().immutable(),
];

const AUTHS: &[&str] = &["web", "digest", "ntlm", "sigv4", "oauth-client", "oauth-rop", "jwt"];

fn is_secure(variable: &Value) -> bool {
    variable.get("secure") == Some(&Value::Bool(true))
}

fn has(body: &Value, at: &str) -> bool {
    body.pointer(at).is_some_and(Value::is_string)
}

fn has_client_secret(body: &Value) -> bool {
    has(body, "/config/request/basicAuth/clientSecret")
}

fn has_password(body: &Value) -> bool {
    has(body, "/config/request/basicAuth/password")
}

fn has_secret_key(body: &Value) -> bool {
    has(body, "/config/request/basicAuth/secretKey")
}

fn has_key(body: &Value) -> bool {
    body.pointer("/config/request/certificate/key").is_some_and(Value::is_object)
}

fn holds_client_secret(auth: &Value) -> bool {
    has(auth, "/clientSecret")
}

fn holds_password(auth: &Value) -> bool {
    has(auth, "/password")
}

fn holds_secret_key(auth: &Value) -> bool {
    has(auth, "/secretKey")
}

fn paused(live: &Value, wanted: &Value) -> Option<String> {
    let runs = |body: &Value| body.get("status").is_some_and(|status| status == "live");
    let ends = wanted.get("status").is_some_and(|status| status == "paused");
    (runs(live) && ends).then(|| "The test runs no more".to_owned())
}
