//! Rules of the sensitive data scanner: what is found, and what becomes of it.

use serde_json::Value;

use super::field::*;
use super::scanner_group::{CONFIGURATION, off};
use super::{About, Api, Danger, Envelope, Identity, Kind, Mention, Mentioned, Named, Quirks, Wrong, danger};

/// Facts: 5 creates, 1 update and 6 rules in lists, `recorded/SEMANTICS.md` §5, and the OpenAPI document.
pub const SCANNER_RULE: Kind = Kind {
    name: "scanner_rule",
    section: "scanner_rules",
    always: false,
    api: Api {
        path: "/api/v2/sensitive-data-scanner/config/rules",
        envelope: Envelope::Resource("sensitive_data_scanner_rule"),
        related: true,
        named: Some(Named {
            at: "/relationships/standard_pattern/data",
            list: "/api/v2/sensitive-data-scanner/config/standard-patterns",
            name: "/attributes/name",
            what: "standard pattern",
        }),
        ..CONFIGURATION
    },
    identity: Identity::LastLine("/description"),
    fields: &[
        undocumented("").open(),
        text("/description", "For people").defaults(&[r#""""#]),
        texts("/excluded_namespaces", "Attributes that are not looked at").set().defaults(&["[]"]),
        read_only("/id"),
        // A standard pattern brings its own, so what is live says nothing where it is left out.
        object("/included_keyword_configuration", "Words that must stand near what is found").filled(),
        bounded("/included_keyword_configuration/character_count", 1, 50, "How near, in characters")
            .required()
            .strict(),
        texts("/included_keyword_configuration/keywords", "30 at most").required().set(),
        boolean("/included_keyword_configuration/use_recommended_keywords", "Those of the standard pattern")
            .defaults(&["false"]),
        boolean("/is_enabled", "Whether it is at work").defaults(&["false"]),
        read_only("/labels"),
        text("/name", "The title").required(),
        texts("/namespaces", "Attributes that are looked at; all where it is left out")
            .set()
            .defaults(&["[]"]),
        text("/pattern", "A regular expression; or a standard pattern under `relationships`"),
        bounded("/priority", 1, 5, "From 1 (high) to 5").strict().defaults(&["5"]),
        // Another group and another pattern are another rule (terraform-provider-datadog).
        object(
            "/relationships",
            "`group: {data: {type, id}}`, and perhaps `standard_pattern: {data: {type, name}}`",
        )
        .required()
        .immutable()
        .meaning(same_relations),
        object("/suppressions", "What is left as it is"),
        texts("/suppressions/ends_with", "Ends of what is left").set(),
        texts("/suppressions/exact_match", "What is left").set(),
        texts("/suppressions/starts_with", "Beginnings of what is left").set(),
        texts("/tags", "Tags that are put on what matches").set().defaults(&["[]"]),
        object("/text_replacement", "What becomes of what is found").defaults(&[r#"{"type":"none"}"#]),
        count("/text_replacement/number_of_chars", "How many characters, of a partial replacement"),
        text("/text_replacement/replacement_string", "What is put in its place"),
        boolean("/text_replacement/should_save_match", "Whether some people may still see it")
            .defaults(&["false"]),
        choice(
            "/text_replacement/type",
            &[
                "none",
                "hash",
                "replacement_string",
                "partial_replacement_from_beginning",
                "partial_replacement_from_end",
            ],
            "How it is replaced",
        )
        .required()
        .closed(),
    ],
    about: About {
        sync_cli: &["sensitive_data_scanner_rules"],
        terraform: &["datadog_sensitive_data_scanner_rule"],
        web: "/sensitive-data-scanner/configuration/telemetry",
        ..About::NONE
    },
    quirks: Quirks {
        precious: true,
        mentions: &[Mention {
            at: Mentioned::Path("/relationships/group/data/id"),
            when: None,
            section: "scanner_groups",
        }],
        dangers: &[
            Danger { code: "scanning-less", judge: off },
            Danger { code: "scanning-less", judge: no_longer_replaced },
            Danger { code: "scanning-less", judge: other_pattern },
            Danger { code: "scanning-less", judge: fewer_attributes },
            Danger { code: "scanning-less", judge: more_left },
        ],
        wrongs: &[
            Wrong { at: "/relationships", judge: no_group },
            Wrong { at: "/pattern", judge: one_pattern },
            Wrong { at: "/text_replacement", judge: replacement },
        ],
        ..Quirks::NONE
    },
};

fn related<'a>(value: &'a Value, to: &str, member: &str) -> Option<&'a str> {
    value.pointer(&format!("/{to}/data/{member}"))?.as_str()
}

/// Whether two hold the same group and the same pattern; that of one by its id, of the other perhaps by its name.
fn same_relations(one: &Value, other: &Value) -> bool {
    let pattern = |value: &Value| value.pointer("/standard_pattern/data").is_some_and(Value::is_object);
    let same = |member: &str| {
        let both = related(one, "standard_pattern", member).zip(related(other, "standard_pattern", member));
        both.map(|(one, other)| one == other)
    };
    let same_pattern = match (pattern(one), pattern(other)) {
        (true, true) => same("id").or_else(|| same("name")).unwrap_or(false),
        (one, other) => one == other,
    };
    let group = related(one, "group", "id");
    group.is_some() && group == related(other, "group", "id") && same_pattern
}

/// What is found is replaced by nothing: the type `none`, or no replacement at all.
fn replaces(body: &Value) -> bool {
    let class = body.pointer("/text_replacement/type").and_then(Value::as_str);
    class.is_some_and(|class| class != "none")
}

fn no_longer_replaced(live: &Value, wanted: &Value) -> Option<String> {
    let saved =
        |body: &Value| body.pointer("/text_replacement/should_save_match") == Some(&Value::Bool(true));
    if replaces(live) && !replaces(wanted) {
        return Some("What it finds is no longer replaced".to_owned());
    }
    (!saved(live) && saved(wanted)).then(|| "What it finds is kept, and some people may see it".to_owned())
}

fn other_pattern(live: &Value, wanted: &Value) -> Option<String> {
    let of = |body: &'_ Value| body.get("pattern").and_then(Value::as_str).map(str::to_owned);
    let (before, after) = (of(live)?, of(wanted)?);
    // One more alternative finds what was found, and more.
    let is_wider = after.starts_with(&format!("{before}|")) || after.ends_with(&format!("|{before}"));
    (before != after && !is_wider).then(|| "Another pattern: it may miss what was found".to_owned())
}

fn fewer_attributes(live: &Value, wanted: &Value) -> Option<String> {
    let of = |body, at| danger::texts(body, at, None);
    let (before, after) = (of(live, "/namespaces"), of(wanted, "/namespaces"));
    let narrowed = match (before.is_empty(), after.is_empty()) {
        (_, true) => false,
        (true, false) => true,
        (false, false) => before.difference(&after).next().is_some(),
    };
    let (left, more) = (of(live, "/excluded_namespaces"), of(wanted, "/excluded_namespaces"));
    (narrowed || more.difference(&left).next().is_some()).then(|| "It looks at fewer attributes".to_owned())
}

fn more_left(live: &Value, wanted: &Value) -> Option<String> {
    let more = ["ends_with", "exact_match", "starts_with"].iter().any(|list| {
        let at = format!("/suppressions/{list}");
        let (before, after) = (danger::texts(live, &at, None), danger::texts(wanted, &at, None));
        after.difference(&before).next().is_some()
    });
    more.then(|| "It leaves more of what it finds as it is".to_owned())
}

fn no_group(body: &Value) -> Option<(String, &'static str)> {
    const HELP: &str = "write `relationships: {group: {data: {type: sensitive_data_scanner_group, id: \"${scanner_groups.ID.id}\"}}}`";
    let relationships = body.get("relationships").filter(|value| !value.is_null())?;
    related(relationships, "group", "id").is_none().then(|| ("A rule belongs to a group".to_owned(), HELP))
}

/// A pattern, or a standard one.
fn one_pattern(body: &Value) -> Option<(String, &'static str)> {
    let own = body.get("pattern").is_some_and(|pattern| !pattern.is_null());
    let standard = body.pointer("/relationships/standard_pattern/data").is_some_and(Value::is_object);
    match (own, standard) {
        (true, true) => Some((
            "A rule has a pattern, or names a standard one".to_owned(),
            "take `pattern` out, or `relationships.standard_pattern`",
        )),
        (false, false) => Some((
            "A rule has no pattern".to_owned(),
            "write `pattern:`, or `relationships.standard_pattern: {data: {type: sensitive_data_scanner_standard_pattern, \
             name: …}}`",
        )),
        _ => None,
    }
}

/// What belongs to a type of replacement, by the document.
fn replacement(body: &Value) -> Option<(String, &'static str)> {
    let own = body.get("text_replacement")?.as_object()?;
    let class = own.get("type").and_then(Value::as_str).unwrap_or("none");
    let has = |field: &str| own.get(field).is_some_and(|value| !value.is_null());
    let saves = own.get("should_save_match") == Some(&Value::Bool(true));
    match class {
        "replacement_string" if !has("replacement_string") => Some((
            "A replacement by a text has no `replacement_string`".to_owned(),
            "write the text that is put in its place",
        )),
        class
            if class.starts_with("partial_")
                && own.get("number_of_chars").and_then(Value::as_u64) == Some(0)
                || class.starts_with("partial_") && !has("number_of_chars") =>
        {
            Some((
                "A partial replacement needs `number_of_chars`, above 0".to_owned(),
                "write how many characters are replaced",
            ))
        }
        class if saves && class != "replacement_string" => Some((
            format!("`should_save_match` is of `replacement_string`, and the type is `{class}`"),
            "take it out, or replace by a text",
        )),
        _ => None,
    }
}
