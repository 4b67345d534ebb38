//! Pipelines of logs: what is read out of them before they are indexed.

use serde_json::{Map, Value};

use super::danger::{is_turned_off, narrowed};
use super::field::*;
use super::{About, Api, Danger, Identity, Kind, Order, Quirks, Shown, Update};

/// Facts: 19 creates and 5 reads, `recorded/SEMANTICS.md` §5, and the OpenAPI document, which has the defaults of
/// processors that no recording leaves out.
pub const LOGS_PIPELINE: Kind = Kind {
    name: "logs_pipeline",
    section: "logs_pipelines",
    always: false,
    api: Api {
        path: "/api/v1/logs/config/pipelines",
        order: Some(Order {
            path: "/api/v1/logs/config/pipeline-order",
            update: Update::Put,
            shown: Shown::Alone("/pipeline_ids"),
            body: r#"{"pipeline_ids":"{ids}"}"#,
            member: None,
        }),
        // OpenAPI; datadog-sync-cli's tests, 3 of 3.
        emptied: true,
        serial: true,
        // 2 of 2.
        gone: Some("Non existing pipeline"),
        // Integration pipelines: others than Datadog only put them in order.
        foreign: |body| body.get("is_read_only") == Some(&Value::Bool(true)),
        read: &["logs_read_config"],
        write: &["logs_write_pipelines"],
        ..Api::V1
    },
    // They come back sorted (8 of 8).
    identity: Identity::Tags("/tags"),
    fields: &[
        undocumented("").open(),
        text("/description", "For people"),
        object("/filter", "Which logs it takes"),
        text("/filter/query", "A search, as in the explorer"),
        read_only("/id"),
        boolean("/is_enabled", "Whether it is on; off where it is left out").defaults(&["false"]),
        read_only("/is_read_only"),
        text("/name", "The title").required(),
        list("/processors", "What is done with them, one after another").defaults(&["[]"]),
        text("/processors/*/attribute_to_exclude", "Of `exclude-attribute`")
            .required_in(&["exclude-attribute"]),
        choice("/processors/*/binary_to_text_encoding", &["base64", "base16"], "Of `decoder-processor`")
            .closed()
            .required_in(&["decoder-processor"]),
        list("/processors/*/categories", "Of `category-processor`: the first that matches")
            .required_in(&["category-processor"]),
        object("/processors/*/categories/*/filter", "Which events"),
        text("/processors/*/categories/*/filter/query", "A search"),
        text("/processors/*/categories/*/name", "The value of the target"),
        text("/processors/*/default_lookup", "Of `lookup-processor`: where nothing is found"),
        text("/processors/*/description", "Of a nested pipeline").implied(&[("", r#""""#)]),
        text("/processors/*/expression", "Of `arithmetic-processor`").required_in(&["arithmetic-processor"]),
        object("/processors/*/filter", "Of a nested pipeline: which logs"),
        text("/processors/*/filter/query", "A search"),
        object("/processors/*/grok", "Of `grok-parser`").required_in(&["grok-parser"]),
        text("/processors/*/grok/match_rules", "A line for each: `name pattern`")
            .required_in(&[""])
            .usually(is_grok, "lines of the form `name pattern`, with every `%{` closed"),
        text("/processors/*/grok/support_rules", "Rules that the others name")
            .implied(&[("", r#""""#)])
            .usually(is_grok, "lines of the form `name pattern`, with every `%{` closed"),
        choice("/processors/*/input_representation", &["utf_8", "integer"], "Of `decoder-processor`")
            .closed()
            .required_in(&["decoder-processor"]),
        text("/processors/*/ip_processing_behavior", "Of `geo-ip-parser`")
            .implied(&[("geo-ip-parser", r#""do-nothing""#)]),
        boolean("/processors/*/is_enabled", "Whether it is on; off where it is left out")
            .implied(&[("", "false")]),
        boolean("/processors/*/is_encoded", "Of `user-agent-parser`: the source is URL-encoded")
            .implied(&[("user-agent-parser", "false")]),
        boolean("/processors/*/is_replace_missing", "A missing attribute counts as 0, or as an empty text")
            .implied(&[("arithmetic-processor", "false"), ("string-builder-processor", "false")]),
        text("/processors/*/lookup_enrichment_table", "Of `lookup-processor`: a reference table"),
        texts("/processors/*/lookup_table", "Of `lookup-processor`: `key,value`")
            .usually(are_lookups, "texts of the form `key,value`"),
        list("/processors/*/mappers", "Of `schema-processor`").required_in(&["schema-processor"]),
        list("/processors/*/mappers/*/categories", "Of `schema-category-mapper`")
            .required_in(&["schema-category-mapper"]),
        object("/processors/*/mappers/*/fallback", "Of `schema-category-mapper`")
            .implied(&[("schema-category-mapper", "{}")]),
        object("/processors/*/mappers/*/fallback/sources", "Where it takes the values from")
            .implied(&[("", "{}")]),
        object("/processors/*/mappers/*/fallback/values", "The values").implied(&[("", "{}")]),
        text("/processors/*/mappers/*/name", "Its name").required_in(&[""]),
        boolean("/processors/*/mappers/*/override_on_conflict", "Of `schema-remapper`")
            .implied(&[("schema-remapper", "false")]),
        boolean("/processors/*/mappers/*/preserve_source", "Of `schema-remapper`")
            .implied(&[("schema-remapper", "false")]),
        texts("/processors/*/mappers/*/sources", "Of `schema-remapper`").required_in(&["schema-remapper"]),
        text("/processors/*/mappers/*/target", "Of `schema-remapper`").required_in(&["schema-remapper"]),
        object("/processors/*/mappers/*/targets", "Of `schema-category-mapper`")
            .required_in(&["schema-category-mapper"]),
        choice("/processors/*/mappers/*/type", &["schema-remapper", "schema-category-mapper"], "Which one")
            .required()
            .closed(),
        text("/processors/*/name", "Its name").implied(&[("", r#""""#)]).required_in(&["schema-processor"]),
        boolean("/processors/*/normalize_ending_slashes", "Of `url-parser`")
            .implied(&[("url-parser", "false")]),
        object("/processors/*/operation", "Of `array-processor`").required_in(&["array-processor"]),
        text("/processors/*/operation/filter", "Of `select`").required_in(&["select"]),
        text("/processors/*/operation/key_to_extract", "Of `key-value`"),
        boolean("/processors/*/operation/override_on_conflict", "Of `key-value`")
            .implied(&[("key-value", "false")]),
        boolean("/processors/*/operation/preserve_source", "Of `append`").implied(&[("append", "true")]),
        text("/processors/*/operation/source", "The attribute").required_in(&[
            "append",
            "length",
            "select",
            "key-value",
        ]),
        text("/processors/*/operation/target", "The attribute that it makes")
            .required_in(&["append", "length", "select"]),
        choice("/processors/*/operation/type", &["append", "length", "select", "key-value"], "Which one")
            .required()
            .closed(),
        text("/processors/*/operation/value_to_extract", "Of `select` and `key-value`")
            .required_in(&["select"]),
        boolean("/processors/*/override_on_conflict", "Whether a target that is set is written over")
            .implied(&[("attribute-remapper", "false")]),
        boolean("/processors/*/preserve_source", "Whether the source stays")
            .implied(&[("attribute-remapper", "false"), ("array-map-processor", "true")]),
        of(
            "/processors/*/processors",
            Type::Same("/processors"),
            "Of a nested pipeline, one level deep, and of `array-map-processor`",
        )
        .implied(&[("", "[]")])
        .required_in(&["array-map-processor"]),
        undocumented("/processors/*/processors/*/attribute_to_exclude").required_in(&["exclude-attribute"]),
        undocumented("/processors/*/processors/*/binary_to_text_encoding")
            .required_in(&["decoder-processor"]),
        undocumented("/processors/*/processors/*/categories").required_in(&["category-processor"]),
        undocumented("/processors/*/processors/*/description").implied(&[("", r#""""#)]),
        undocumented("/processors/*/processors/*/expression").required_in(&["arithmetic-processor"]),
        undocumented("/processors/*/processors/*/grok").required_in(&["grok-parser"]),
        undocumented("/processors/*/processors/*/grok/match_rules")
            .required_in(&[""])
            .usually(is_grok, "lines of the form `name pattern`, with every `%{` closed"),
        undocumented("/processors/*/processors/*/grok/support_rules")
            .implied(&[("", r#""""#)])
            .usually(is_grok, "lines of the form `name pattern`, with every `%{` closed"),
        undocumented("/processors/*/processors/*/input_representation").required_in(&["decoder-processor"]),
        undocumented("/processors/*/processors/*/ip_processing_behavior")
            .implied(&[("geo-ip-parser", r#""do-nothing""#)]),
        undocumented("/processors/*/processors/*/is_enabled").implied(&[("", "false")]),
        undocumented("/processors/*/processors/*/is_encoded").implied(&[("user-agent-parser", "false")]),
        undocumented("/processors/*/processors/*/is_replace_missing")
            .implied(&[("arithmetic-processor", "false"), ("string-builder-processor", "false")]),
        undocumented("/processors/*/processors/*/lookup_table")
            .usually(are_lookups, "texts of the form `key,value`"),
        undocumented("/processors/*/processors/*/mappers").required_in(&["schema-processor"]),
        undocumented("/processors/*/processors/*/mappers/*/categories")
            .required_in(&["schema-category-mapper"]),
        undocumented("/processors/*/processors/*/mappers/*/fallback")
            .implied(&[("schema-category-mapper", "{}")]),
        undocumented("/processors/*/processors/*/mappers/*/fallback/sources").implied(&[("", "{}")]),
        undocumented("/processors/*/processors/*/mappers/*/fallback/values").implied(&[("", "{}")]),
        undocumented("/processors/*/processors/*/mappers/*/name").required_in(&[""]),
        undocumented("/processors/*/processors/*/mappers/*/override_on_conflict")
            .implied(&[("schema-remapper", "false")]),
        undocumented("/processors/*/processors/*/mappers/*/preserve_source")
            .implied(&[("schema-remapper", "false")]),
        undocumented("/processors/*/processors/*/mappers/*/sources").required_in(&["schema-remapper"]),
        undocumented("/processors/*/processors/*/mappers/*/target").required_in(&["schema-remapper"]),
        undocumented("/processors/*/processors/*/mappers/*/targets").required_in(&["schema-category-mapper"]),
        undocumented("/processors/*/processors/*/name")
            .implied(&[("", r#""""#)])
            .required_in(&["schema-processor"]),
        undocumented("/processors/*/processors/*/normalize_ending_slashes")
            .implied(&[("url-parser", "false")]),
        undocumented("/processors/*/processors/*/operation").required_in(&["array-processor"]),
        undocumented("/processors/*/processors/*/operation/override_on_conflict")
            .implied(&[("key-value", "false")]),
        undocumented("/processors/*/processors/*/operation/preserve_source").implied(&[("append", "true")]),
        undocumented("/processors/*/processors/*/override_on_conflict")
            .implied(&[("attribute-remapper", "false")]),
        undocumented("/processors/*/processors/*/preserve_source")
            .implied(&[("attribute-remapper", "false"), ("array-map-processor", "true")]),
        undocumented("/processors/*/processors/*/processors").implied(&[("", "[]")]),
        undocumented("/processors/*/processors/*/samples")
            .implied(&[("grok-parser", "[]")])
            .form(are_few, "five samples at most"),
        undocumented("/processors/*/processors/*/schema").required_in(&["schema-processor"]),
        undocumented("/processors/*/processors/*/schema/class_name").required_in(&[""]),
        undocumented("/processors/*/processors/*/schema/class_uid").required_in(&[""]),
        undocumented("/processors/*/processors/*/schema/extensions").implied(&[("", "[]")]),
        undocumented("/processors/*/processors/*/schema/profiles").implied(&[("", "[]")]),
        undocumented("/processors/*/processors/*/schema/schema_type").required_in(&[""]),
        undocumented("/processors/*/processors/*/schema/version").required_in(&[""]),
        undocumented("/processors/*/processors/*/source").required_in(&[
            "grok-parser",
            "lookup-processor",
            "decoder-processor",
            "array-map-processor",
        ]),
        undocumented("/processors/*/processors/*/source_type")
            .implied(&[("attribute-remapper", r#""attribute""#)]),
        undocumented("/processors/*/processors/*/sources").required_in(&[
            "date-remapper",
            "status-remapper",
            "service-remapper",
            "message-remapper",
            "attribute-remapper",
            "url-parser",
            "user-agent-parser",
            "geo-ip-parser",
        ]),
        undocumented("/processors/*/processors/*/tags")
            .set()
            .implied(&[("", "[]")])
            .form(are_lower, "tags in lower case"),
        undocumented("/processors/*/processors/*/target").required_in(&[
            "attribute-remapper",
            "url-parser",
            "user-agent-parser",
            "category-processor",
            "arithmetic-processor",
            "string-builder-processor",
            "geo-ip-parser",
            "lookup-processor",
            "decoder-processor",
            "array-map-processor",
        ]),
        undocumented("/processors/*/processors/*/target_type")
            .implied(&[("attribute-remapper", r#""attribute""#)]),
        of(
            "/processors/*/processors/*/target_format",
            Type::Text(&["auto", "string", "integer", "double"]),
            "",
        )
        .closed(),
        undocumented("/processors/*/processors/*/template").required_in(&["string-builder-processor"]),
        undocumented("/processors/*/processors/*/type")
            .required_in(&[""])
            .form(is_no_pipeline, "another type than `pipeline`: pipelines nest one level deep"),
        texts("/processors/*/samples", "Of `grok-parser`: five at most, shown beside it")
            .implied(&[("grok-parser", "[]")])
            .form(are_few, "five samples at most"),
        object("/processors/*/schema", "Of `schema-processor`").required_in(&["schema-processor"]),
        text("/processors/*/schema/class_name", "The class").required_in(&[""]),
        count("/processors/*/schema/class_uid", "Its number").required_in(&[""]),
        texts("/processors/*/schema/extensions", "Further ones").implied(&[("", "[]")]),
        texts("/processors/*/schema/profiles", "Profiles of the class").implied(&[("", "[]")]),
        text("/processors/*/schema/schema_type", "Such as `ocsf`").required_in(&[""]),
        text("/processors/*/schema/version", "Of the schema").required_in(&[""]),
        text("/processors/*/source", "The attribute").required_in(&[
            "grok-parser",
            "lookup-processor",
            "decoder-processor",
            "array-map-processor",
        ]),
        choice("/processors/*/source_type", &["attribute", "tag"], "Of `attribute-remapper`")
            .closed()
            .implied(&[("attribute-remapper", r#""attribute""#)]),
        texts("/processors/*/sources", "The attributes, the first that is there").required_in(&[
            "date-remapper",
            "status-remapper",
            "service-remapper",
            "message-remapper",
            "attribute-remapper",
            "url-parser",
            "user-agent-parser",
            "geo-ip-parser",
        ]),
        texts("/processors/*/tags", "Of a nested pipeline")
            .set()
            .implied(&[("", "[]")])
            .form(are_lower, "tags in lower case"),
        text("/processors/*/target", "The attribute that it makes").required_in(&[
            "attribute-remapper",
            "url-parser",
            "user-agent-parser",
            "category-processor",
            "arithmetic-processor",
            "string-builder-processor",
            "geo-ip-parser",
            "lookup-processor",
            "decoder-processor",
            "array-map-processor",
        ]),
        choice(
            "/processors/*/target_format",
            &["auto", "string", "integer", "double"],
            "Of `attribute-remapper`",
        )
        .closed(),
        choice("/processors/*/target_type", &["attribute", "tag"], "Of `attribute-remapper`")
            .closed()
            .implied(&[("attribute-remapper", r#""attribute""#)]),
        text("/processors/*/template", "Of `string-builder-processor`: `%{attribute}` and text")
            .required_in(&["string-builder-processor"]),
        choice("/processors/*/type", PROCESSORS, "Which one; a `pipeline` is one level deep")
            .required_in(&[""]),
        texts("/tags", "In lower case").set().defaults(&["[]"]).form(are_lower, "tags in lower case"),
        read_only("/type"),
    ],
    about: About {
        sync_cli: &["logs_pipelines", "logs_custom_pipelines"],
        terraform: &["datadog_logs_custom_pipeline"],
        web: "/logs/pipelines",
        is_export,
        export_needs: "`name`, `processors` and `filter`",
        ..About::NONE
    },
    quirks: Quirks {
        dangers: &[
            Danger { code: "turned-off", judge: turned_off },
            Danger { code: "search-narrowed", judge: takes_fewer },
        ],
        ..Quirks::NONE
    },
};

/// A `lookup-processor` has a table of its own, or names a reference table.
const PROCESSORS: &[&str] = &[
    "array-map-processor",
    "array-processor",
    "arithmetic-processor",
    "attribute-remapper",
    "category-processor",
    "date-remapper",
    "decoder-processor",
    "exclude-attribute",
    "geo-ip-parser",
    "grok-parser",
    "lookup-processor",
    "message-remapper",
    "pipeline",
    "schema-processor",
    "service-remapper",
    "span-id-remapper",
    "status-remapper",
    "string-builder-processor",
    "trace-id-remapper",
    "url-parser",
    "user-agent-parser",
];

fn turned_off(live: &Value, wanted: &Value) -> Option<String> {
    if is_turned_off(live, wanted, "/is_enabled", false) {
        return Some("The pipeline is turned off: its logs are no longer read".to_owned());
    }
    let of = |body: &Value| -> Vec<Value> {
        body.get("processors").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let same = |one: &Value, other: &Value| {
        (one.get("type"), one.get("name")) == (other.get("type"), other.get("name"))
    };
    let before = of(live);
    let off: Vec<String> = of(wanted)
        .iter()
        .filter(|now| {
            before.iter().any(|old| same(old, now) && is_turned_off(old, now, "/is_enabled", false))
        })
        .filter_map(|now| Some(format!("`{}`", now.get("name").or(now.get("type"))?.as_str()?)))
        .collect();
    (!off.is_empty()).then(|| format!("Processors are turned off: {}", off.join(", ")))
}

fn takes_fewer(live: &Value, wanted: &Value) -> Option<String> {
    let more = narrowed(live, wanted, "/filter/query")?;
    Some(format!("The pipeline takes fewer logs: it asks for {more}, too"))
}

fn is_export(body: &Map<String, Value>) -> bool {
    let is_list = body.get("processors").is_some_and(Value::is_array);
    is_list && body.contains_key("name") && body.get("filter").is_some_and(Value::is_object)
}

fn are_few(value: &Value) -> bool {
    value.as_array().is_some_and(|samples| samples.len() <= 5)
}

/// terraform-provider-datadog, issue 2879.
fn are_lower(value: &Value) -> bool {
    let is_lower = |tag: &Value| tag.as_str().is_some_and(|tag| !tag.contains(char::is_uppercase));
    value.as_array().is_some_and(|tags| tags.iter().all(is_lower))
}

fn are_lookups(value: &Value) -> bool {
    let is_pair = |entry: &Value| entry.as_str().is_some_and(|entry| entry.contains(','));
    value.as_array().is_some_and(|entries| entries.iter().all(is_pair))
}

fn is_no_pipeline(value: &Value) -> bool {
    value != "pipeline"
}

/// Lines of a name and a pattern.
fn is_grok(value: &Value) -> bool {
    let is_rule = |line: &str| {
        let (name, pattern) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        is_name && !pattern.trim().is_empty() && is_closed(pattern)
    };
    let lines = value.as_str().unwrap_or_default().lines().map(str::trim);
    value.is_string() && lines.filter(|line| !line.is_empty()).all(is_rule)
}

/// Whether each `%{` has its `}`; a brace in quotes is none.
fn is_closed(pattern: &str) -> bool {
    let (mut inside, mut quoted, mut rest) = (false, false, pattern.chars().peekable());
    while let Some(c) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '"' if inside => quoted = !quoted,
            '%' if !inside && rest.peek() == Some(&'{') => inside = true,
            '}' if inside && !quoted => inside = false,
            _ => {}
        }
    }
    !inside
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_turned_off_is_told() {
        let told = |live: Value, wanted: Value| {
            let dangers = LOGS_PIPELINE.quirks.dangers.iter();
            dangers.filter(|danger| (danger.judge)(&live, &wanted).is_some()).count()
        };
        let grok = |on: bool, name: &str| json!({"processors": [{"type": "grok-parser", "name": name, "is_enabled": on}]});
        assert_eq!(told(json!({"is_enabled": true}), json!({})), 1);
        assert_eq!(told(json!({}), json!({"is_enabled": true})), 0);
        assert_eq!(told(grok(true, "a"), grok(false, "a")), 1);
        assert_eq!(told(grok(true, "a"), grok(false, "b")), 0);
        assert_eq!(told(grok(false, "a"), grok(true, "a")), 0);
        let query = |query: &str| json!({"filter": {"query": query}});
        assert_eq!(told(query("source:a"), query("source:a env:b")), 1);
        assert_eq!(told(query("source:a env:b"), query("source:a")), 0);
    }

    #[test]
    fn rules_of_grok() {
        for (rules, expected) in [
            ("rule %{date(\"yyyy-MM-dd HH:mm:ss,SSS\"):timestamp}", true),
            ("a %{word:x} %{number:y}\n\n  b (%{ip:z})?", true),
            ("a %{regex(\"[a-z]{2}}\"):x} \\%{ y", true),
            ("a 100% {x", true),
            ("", true),
            ("a", false),
            ("a %{word:x", false),
            ("a %{word:x}\n%{word:y}", false),
        ] {
            assert_eq!(is_grok(&rules.into()), expected, "{rules}");
        }
        assert!(!is_grok(&5.into()));
    }
}
