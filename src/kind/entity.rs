//! Entities of the software catalogue: services, datastores, queues, APIs and systems, with who owns them.

use serde_json::Value;

use super::field::*;
use super::{About, Api, Envelope, Identity, Kind, List, Paging, Quirks, ReadFrom, Update};

/// Facts: 5 writes and 18 reads, and the OpenAPI document.
pub const ENTITY: Kind = Kind {
    name: "entity",
    section: "entities",
    always: false,
    api: Api {
        path: "/api/v2/catalog/entity",
        envelope: Envelope::Document,
        composed: Some(reference),
        list: List {
            paging: Paging::Offset { offset: "page[offset]", limit: "page[limit]" },
            page_size: 100,
            query: &[("include", "schema")],
            ..Api::V2.list
        },
        read_from: ReadFrom::Filtered("filter[ref]"),
        // A POST makes one or takes the place of the one that is there; there is no PUT.
        update: Update::Upsert,
        emptied: true,
        // Written by another pipeline (`github`, …), or not shown as a document.
        foreign: |body| {
            body.get("metadata").is_none()
                || body.pointer("/meta/ingestionSource").is_some_and(|source| source != "api")
        },
        read: &["apm_service_catalog_read"],
        write: &["apm_service_catalog_write"],
        ..Api::V2
    },
    identity: Identity::Tags("/metadata/tags"),
    fields: FIELDS,
    about: About {
        terraform: &["datadog_software_catalog"],
        web: "/software",
        title: "/metadata/name",
        created: Some("/meta/createdAt"),
        modified: Some("/meta/modifiedAt"),
        // By its id alone, which no other has.
        known_by: &[],
        is_export: |body| {
            let form = body.get("apiVersion").and_then(Value::as_str);
            form.is_some_and(|form| FORMS.contains(&form))
                && body.contains_key("kind")
                && body.contains_key("metadata")
        },
        export_needs: "an `apiVersion` of v3, `kind` and `metadata`",
        ..About::NONE
    },
    quirks: Quirks::NONE,
};

const FORMS: &[&str] = &["v3", "v2.2", "v2.1", "v2"];

const FIELDS: &[Field] = &[
    undocumented("").open(),
    choice("/apiVersion", FORMS, "The form of this document: `v3`").closed().required(),
    object("/datadog", "What of Datadog's products belongs to it"),
    list("/datadog/codeLocations", "Where its source code is").defaults(NONE),
    texts("/datadog/codeLocations/*/paths", "Files: `services/cart/**`").implied(&[("", "[]")]),
    text("/datadog/codeLocations/*/repositoryURL", "The repository"),
    list("/datadog/events", "Searches for its events").defaults(NONE),
    // 1 of 1, here and of logs: empty texts where none were sent.
    text("/datadog/events/*/name", "The name of the search").implied(EMPTY),
    text("/datadog/events/*/query", "The search").implied(EMPTY),
    list("/datadog/logs", "Searches for its logs").defaults(NONE),
    text("/datadog/logs/*/name", "The name of the search").implied(EMPTY),
    text("/datadog/logs/*/query", "The search").implied(EMPTY),
    object("/datadog/performanceData", "Its traces"),
    texts("/datadog/performanceData/tags", "Tags of the traces that are its own: `service:cart`")
        .defaults(NONE),
    object("/datadog/pipelines", "Its CI pipelines"),
    texts("/datadog/pipelines/fingerprints", "Fingerprints of those pipelines").defaults(NONE),
    object("/extensions", "Anything of your own: `{acme.com/cost: {center: 42}}`"),
    read_only("/id"),
    object("/integrations", "Who is on call, by the tools that know"),
    object("/integrations/opsgenie", "A service of Opsgenie"),
    text("/integrations/opsgenie/region", "`US`, `EU`").sized(1, None),
    text("/integrations/opsgenie/serviceURL", "Its page").required().sized(1, None),
    object("/integrations/pagerduty", "A service of PagerDuty"),
    text("/integrations/pagerduty/serviceURL", "Its page").required().sized(1, None),
    choice(
        "/kind",
        &["service", "datastore", "queue", "system", "api"],
        "What it is; another one makes it another entity",
    )
    .required()
    .immutable()
    .sized(1, None),
    read_only("/meta"),
    object("/metadata", "Its name, its owner, and where people find more").required(),
    list("/metadata/additionalOwners", "Further teams").defaults(NONE),
    text("/metadata/additionalOwners/*/name", "The team").required(),
    text("/metadata/additionalOwners/*/type", "Its part: `operator`"),
    list("/metadata/contacts", "Where people are reached").defaults(NONE),
    text("/metadata/contacts/*/contact", "An address").required(),
    text("/metadata/contacts/*/name", "What it is called").sized(2, None),
    text("/metadata/contacts/*/type", "`email`, `slack`, `microsoft-teams`").required(),
    text("/metadata/description", "For people"),
    text("/metadata/displayName", "What people call it"),
    // "User supplied values are ignored" (the document); 1 of 1.
    read_only("/metadata/id"),
    text("/metadata/inheritFrom", "Another entity whose metadata counts here: `application:default/shop`"),
    list("/metadata/links", "Pages about it").defaults(NONE),
    text("/metadata/links/*/name", "What it is called").required(),
    text("/metadata/links/*/provider", "Where it is kept: `github`, `gdoc`, `wiki`"),
    text("/metadata/links/*/type", "`runbook`, `doc`, `repo`, `dashboard`, `other`").required(),
    text("/metadata/links/*/url", "The address").required(),
    read_only("/metadata/managed"),
    text("/metadata/name", "Unique below kind and namespace; another one makes it another entity")
        .required()
        .immutable()
        .sized(1, None)
        .usually(is_part, "without `/`, `:` and blanks: others name it as `kind:namespace/name`"),
    // 5 of 5.
    text("/metadata/namespace", "`default` where it is left out; another one makes it another entity")
        .immutable()
        .sized(1, None)
        .defaults(&[r#""default""#])
        .usually(is_part, "without `/`, `:` and blanks: others name it as `kind:namespace/name`"),
    text("/metadata/owner", "The handle of the team that owns it"),
    // "A set" (the document); kept in order, 5 of 5.
    texts("/metadata/tags", "`key:value`").set().defaults(NONE),
    object("/spec", "What is known of its kind"),
    texts("/spec/componentOf", "Systems that it is a part of: `system:shop`").defaults(NONE),
    texts("/spec/components", "Of a system: its parts").defaults(NONE),
    texts("/spec/dependsOn", "Of a service: what it needs, `service:cart`, `datastore:orders`")
        .defaults(NONE),
    texts("/spec/implementedBy", "Of an API: the services that answer it").defaults(NONE),
    object("/spec/interface", "Of an API: its definition"),
    object("/spec/interface/definition", "The definition itself"),
    text("/spec/interface/fileRef", "A file that holds it"),
    texts("/spec/languages", "Of a service: `go`, `python`").defaults(NONE),
    text("/spec/lifecycle", "`production`, `experimental`, `deprecated`").sized(1, None),
    text("/spec/tier", "How important it is: `\"1\"`").sized(1, None),
    text("/spec/type", "`web`, `postgres`, `kafka`"),
];

/// 1 of 1 each: an empty list is left out, by most fields.
const NONE: &[&str] = &["[]"];
const EMPTY: &[(&str, &str)] = &[("", r#""""#)];

/// `kind:namespace/name`.
fn reference(body: &Value) -> Option<String> {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
    let namespace = text("/metadata/namespace").unwrap_or("default");
    Some(format!("{}:{namespace}/{}", text("/kind")?, text("/metadata/name")?))
}

fn is_part(value: &Value) -> bool {
    value.as_str().is_none_or(|part| !part.contains(|c: char| c.is_whitespace() || "/:".contains(c)))
}
