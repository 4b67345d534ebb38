//! Recorded sessions with the real service, put to the sandbox: status and body agree, or a rule says why not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::Sandbox;
use super::call::{Call, query_pairs};
use super::engine::{self, Found};
use super::kinds::RESOURCES;
use super::resource::Does;

/// One recorded request and its answer.
#[derive(Clone, Debug)]
struct Interaction {
    source: String,
    seq: u64,
    method: String,
    path: String,
    query: String,
    request: Value,
    status: u16,
    response: Value,
}

/// Where an answer of the sandbox isn't what was recorded; the absent side is none.
#[derive(Clone, Debug)]
struct Difference {
    pointer: String,
    recorded: Option<Value>,
    ours: Option<Value>,
}

/// What an exception may look at.
struct Case<'a> {
    interaction: &'a Interaction,
    found: &'a Found,
    /// The year and month of the session, `2026-04`; empty if no answer tells.
    month: &'a str,
    /// Whether the session made all the objects that the recorded answer shows.
    own_objects: bool,
    /// Whether it is about an object that the session did not make.
    foreign: bool,
    /// Whether the session called other APIs before.
    others: bool,
    difference: &'a Difference,
}

/// A difference that is known and explained.
struct Exception {
    reason: &'static str,
    covers: fn(&Case) -> bool,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        reason: "lists objects that the session did not make",
        covers: |case| !case.own_objects && case.interaction.method == "GET" && case.is_of_several(),
    },
    Exception {
        reason: "deletes answer 200 here and 204 there",
        covers: |case| {
            let status = |value: &Option<Value>| value.as_ref().and_then(Value::as_u64);
            let Difference { pointer, recorded, ours } = case.difference;
            let statuses = pointer == "status" && [status(recorded), status(ours)] == [Some(200), Some(204)];
            let bodies = pointer.is_empty() && ours.as_ref().is_some_and(Value::is_null);
            case.interaction.method == "DELETE" && case.interaction.status == 200 && (statuses || bodies)
        },
    },
    Exception {
        reason: "a search among suppressions",
        covers: |case| case.found.resource.name == "suppression" && case.interaction.query.contains("query="),
    },
    Exception {
        reason: "an entity as YAML text, which the sandbox doesn't read",
        covers: |case| case.found.resource.name == "entity" && case.interaction.request.is_string(),
    },
    Exception {
        reason: "an index whose delete was not recorded",
        covers: |case| {
            let Interaction { method, status, .. } = case.interaction;
            case.found.resource.name == "logs_index" && method == "GET" && *status == 404
        },
    },
    Exception { reason: "about an object that the session did not make", covers: |case| case.foreign },
    Exception {
        reason: "the state of a monitor moves with its data",
        covers: |case| matches!(case.field(), "overall_state" | "overall_state_modified"),
    },
    Exception {
        reason: "another API set roles (restriction policies) or mutes (downtimes), or made a monitor (synthetics)",
        covers: |case| {
            let silenced = case.difference.pointer.starts_with("/options/silenced/");
            let set = silenced || matches!(case.field(), "restricted_roles" | "matching_downtimes");
            let absent = case.interaction.status == 200 && !case.own_objects;
            case.others
                && case.found.resource.name == "monitor"
                && case.interaction.method == "GET"
                && (set || absent)
        },
    },
    Exception {
        reason: "dashboards before 2025-06 said is_read_only",
        covers: |case| case.only_recorded("is_read_only", &["false"]) && case.month < "2025-06",
    },
    Exception {
        reason: "restricted_roles that nobody sent: [] or absent, by the account",
        covers: |case| case.only_recorded("restricted_roles", &["[]"]),
    },
    Exception {
        reason: "metric SLOs before 2026-03 had the spelling that was sent, and its derived query only",
        covers: |case| case.only_ours("sli_specification") && case.month < "2026-03",
    },
    Exception {
        reason: "SLOs before 2023-02 had no timeframe and thresholds of their own",
        covers: |case| {
            ["timeframe", "target_threshold", "warning_threshold"].iter().any(|name| case.only_ours(name))
                && case.month < "2023-02"
        },
    },
    Exception {
        reason: "monitors before 2025-05 had no draft_status",
        covers: |case| case.only_ours("draft_status") && case.month < "2025-05",
    },
    Exception {
        reason: "monitors before 2025-11 had no assets",
        covers: |case| case.only_ours("assets") && case.month < "2025-11",
    },
    Exception {
        reason: "monitors of 2025 showed empty assets unasked",
        covers: |case| case.only_recorded("assets", &["[]"]) && case.month < "2026-01",
    },
    Exception {
        reason: "monitors before 2024-10 had no restriction_policy",
        covers: |case| case.only_ours("restriction_policy") && case.month < "2024-10",
    },
    Exception {
        reason: "log monitors of 2023 had no groupby_simple_monitor",
        covers: |case| case.only_ours("groupby_simple_monitor") && case.month < "2024",
    },
    Exception {
        reason: "ci-pipelines monitors of 2022 were unlocked and kept integers",
        covers: |case| {
            let integer = case.difference.pointer.starts_with("/options/thresholds/");
            case.month < "2023" && (case.only_recorded("locked", &["false"]) || integer)
        },
    },
    Exception {
        reason: "fields of some accounts only: run_as, restricted, avalanche_window, experience_type",
        covers: |case| {
            case.only_recorded("experience_type", &["\"default\""])
                || case.only_recorded("run_as", &["null"])
                || case.only_recorded("restricted", &["true", "false"])
                || case.only_recorded("avalanche_window", &["10", "20"])
        },
    },
];

/// Differences of one resource: its fields, the sessions before a month (empty for all), and why.
struct Known(&'static str, &'static [&'static str], &'static str, &'static str);

const KNOWN: &[Known] = &[
    Known(
        "downtime",
        &["schedule/start", "recurrences/0/start", "current_downtime/start", "current_downtime/end"],
        "",
        "a downtime that begins now, and how long a recurring one lasts",
    ),
    Known("metric_tag", &["space", "time"], "2026", "gauges of 2022 were averaged"),
    Known(
        "restriction_policy",
        &["bindings/0/(order)", "data/(order)"],
        "",
        "members in another order since 2026",
    ),
    Known("metric_tag", &["meta"], "", "a list of metrics, filtered by their tags"),
    Known("webhook", &["auth_method_id"], "2025", "webhooks of 2022 had no auth_method_id"),
    Known("slo_correction", &["data", "total_count"], "2023", "a page that counts objects of others"),
    Known("scanner_group", &["configuration/data/id", "/meta"], "", "the account's limits and version"),
    Known("scanner_group_order", &["/meta", "/data/attributes"], "", "the account's limits and version"),
    Known(
        "scanner_group",
        &["status", "rate", "product", "targeted_obfuscations", "data"],
        "",
        "some answers to one client: 200, rates as floats, samplings in another order, data null",
    ),
    Known("dashboard_list_items", &["tags"], "2023", "dashboards of 2022 had no tags"),
    Known("dashboard_list_items", &["/deleted_dashboards_from_list"], "", "two deletes at once"),
    Known("scanner_rule", &["version"], "", "the account's, whose version counts all writes"),
    Known(
        "security_rule",
        &["complexRule", "detectIpTransition"],
        "2025",
        "options that rules of 2024 told otherwise",
    ),
    Known("security_rule", &["/errors", "/error"], "2025", "refusals of 2024 were texts"),
    Known("security_rule", &["/error/details"], "", "the first fault alone"),
    Known("entity", &["links/self"], "", "the address of a list, with its parameters"),
    Known("security_rule", &["isPartner"], "", "told by some answers to updates only"),
    Known(
        "security_rule",
        &[
            "dataSource",
            "blocking",
            "metadata",
            "creator",
            "updater",
            "isBeta",
            "updatedAt",
            "isDeprecated",
            "creationAuthorId",
        ],
        "2026",
        "rules of earlier years told less",
    ),
    Known("security_rule", &["tags/(order)"], "", "the tags of a rule come in any order"),
    Known(
        "security_rule",
        &["index", "indexes", "/dependencies", "/queries/0/metrics"],
        "",
        "what the service reads in a query",
    ),
    Known("synthetics_suite", &["version_uuid"], "", "made anew by each write"),
    Known("notebook", &["tags", "deleted"], "2025", "notebooks of 2022 had no tags"),
    Known("suppression", &["tags"], "2024", "suppressions of the beginning had no tags"),
    Known("waf_exclusion", &["status", "title", "code"], "", "a body that is judged before its id"),
    Known("synthetics_test", &["creation_source"], "", "a mark that one client's tests bear"),
    Known(
        "synthetics_test",
        &["created_by", "modified_by"],
        "2024",
        "tests of 2022 did not tell who made them",
    ),
    Known("synthetics_test", &["bits_ai_auto_investigate", "nested_steps"], "", "some tests of 2026 have it"),
    Known("synthetics_test", &["stepCount/assertions", "stepCount/total"], "", "a count without some steps"),
    Known("synthetics_test", &["steps"], "2025", "mobile tests of 2024 without steps had no list of them"),
    Known("synthetics_test", &["deleted_at"], "", "told by one of fifteen updates"),
    Known("synthetics_test", &["context"], "", "steps of some mobile tests have it"),
    Known("synthetics_test", &["subtest"], "", "a step shows the test that it plays"),
    Known("synthetics_test", &["encoding"], "", "kept in one of three answers"),
    Known("synthetics_test", &["configVariables"], "", "a global variable of the account"),
    Known(
        "synthetics_test",
        &["notify_no_data", "on_missing_data", "locked"],
        "2024",
        "options of monitors in 2022",
    ),
    Known(
        "synthetics_variable",
        &[
            "parse_test_name",
            "parse_test_extracted_at",
            "parse_test_public_id",
            "parse_test_options",
            "is_totp",
            "is_fido",
        ],
        "",
        "null or absent, by the client",
    ),
    Known("signal_notification_rule", &["rule_types/(order)"], "", "types in another order, once"),
    Known("synthetics_test", &["bucketKey"], "", "the key of a file holds a time"),
    Known("synthetics_test", &["overall_state", "overall_state_modified"], "", "the state of a test moves"),
    Known("suppression", &["tags/(order)"], "", "the tags of a suppression come in any order"),
    Known("waf_rule", &["name"], "", "rules of one name get a number, of which the recordings tell no more"),
    Known("waf_exclusion", &["search_query"], "", "a search that the service derives"),
    Known("downtime", &["notify_end_states/(order)"], "", "the states of a downtime come in any order"),
    Known("metric_tag", &["tags/(order)"], "", "the tags of a metric come in any order"),
    Known("retention_filter", &["trace_rate"], "2025", "filters of 2023 had no trace_rate"),
    Known("team", &["banner"], "", "the banner is a random number"),
    Known("team", &["user_count", "link_count"], "", "members and links come by routes of their own"),
    Known("team", &["provisioned_by"], "", "a mark that one client's teams bear"),
    Known(
        "team_membership",
        &["/data/id", "/data/0/id", "/data/1/id"],
        "",
        "the id of a membership ends with a number of the service's",
    ),
    Known("team_membership", &["/links/"], "", "a blank in the address of a list is a plus"),
    Known("team_membership", &["provisioned_by_id"], "", "the user of the keys"),
    Known(
        "team_membership",
        &["provisioned_by"],
        "2023-06",
        "members of 2023 didn't tell who put them there",
    ),
    Known("team_membership", &["(order)"], "2026", "other clients' answers had another order"),
    Known(
        "team",
        &["avatar", "visible_modules", "hidden_modules", "is_managed", "data"],
        "2026-06",
        "teams before 2026 were without is_managed and with empty modules",
    ),
];

impl Known {
    fn covers(&self, case: &Case) -> bool {
        let Self(resource, fields, before, _) = self;
        let below = |field: &str| {
            case.found.resource.name == *resource
                && field.starts_with('/')
                && case.difference.pointer.starts_with(field)
        };
        fields.iter().any(|field| case.is_at(resource, field) || below(field))
            && (before.is_empty() || case.month < *before)
    }
}

impl Case<'_> {
    /// Why it differs, if that is known.
    fn reason(&self) -> Option<&'static str> {
        let general = EXCEPTIONS.iter().find(|exception| (exception.covers)(self));
        let own = || KNOWN.iter().find(|known| known.covers(self)).map(|known| known.3);
        general.map(|exception| exception.reason).or_else(own)
    }

    /// The last name of the pointer.
    fn field(&self) -> &str {
        self.difference.pointer.rsplit('/').next().unwrap_or_default()
    }

    fn only_ours(&self, name: &str) -> bool {
        self.field() == name && self.difference.recorded.is_none()
    }

    fn only_recorded(&self, name: &str, values: &[&str]) -> bool {
        let recorded = self.difference.recorded.as_ref().map(Value::to_string).unwrap_or_default();
        self.field() == name && self.difference.ours.is_none() && values.contains(&recorded.as_str())
    }

    /// Whether the route answers with several objects.
    fn is_of_several(&self) -> bool {
        self.interaction.path == self.found.resource.path || self.interaction.path.ends_with("/search")
    }

    /// Whether a field of a resource is meant, or the `(order)` of a list.
    fn is_at(&self, resource: &str, field: &str) -> bool {
        let at = &self.difference.pointer;
        self.found.resource.name == resource && (at.ends_with(&format!("/{field}")) || at == field)
    }
}

/// Values that differ from run to run, with only their JSON type compared.
const TIMES: [&str; 11] = [
    "modifiedAt",
    "createdAt",
    "updatedAt",
    "created",
    "created_at",
    "modified",
    "modified_at",
    "deleted_at",
    "creation_date",
    "update_date",
    "added_at",
];
/// Blocks about people, of which only the presence is compared.
const PEOPLE: [&str; 19] = [
    "creationAuthorId",
    "updateAuthorId",
    "added_by",
    "added_by_name",
    "modified_by_name",
    "creator_uuid",
    "creation_author_id",
    "update_author_id",
    "editor",
    "included",
    "creator",
    "author_handle",
    "author_name",
    "author_info",
    "author",
    "created_by",
    "modified_by",
    "modifier",
    "updater",
];

#[test]
fn recorded_sessions_agree() {
    let Some(sessions) = sessions() else {
        println!("recorded sessions: not run, there is no folder `recorded` (set MUSHER_SHARED)");
        return;
    };
    let mut tally: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for session in sessions.values() {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::open(folder.path()).unwrap();
        let month = month(session);
        let mut names = Names::default();
        let mut next = 0;
        let mut called = BTreeSet::new();
        for interaction in session {
            if interaction.seq > next {
                called.insert("");
            }
            next = interaction.seq + 1;
            let Some(found) = engine::find(&Call {
                method: interaction.method.clone(),
                path: interaction.path.clone(),
                ..Call::default()
            }) else {
                called.insert("");
                continue;
            };
            let kind = found.resource.name;
            called.insert(kind);
            let others = called.len() > 1;
            let counts = tally.entry(kind).or_default();
            counts[0] += 1;
            let foreign = names.is_foreign(&found, interaction);
            let (differences, own_objects) = replay(&sandbox, interaction, &found, &month, &mut names);
            let mut reported: Vec<&str> = Vec::new();
            let mut open = Vec::new();
            for difference in &differences {
                let case = Case {
                    interaction,
                    found: &found,
                    month: &month,
                    own_objects,
                    foreign,
                    others,
                    difference,
                };
                match case.reason() {
                    Some(reason) => reported.push(reason),
                    None => open.push(difference),
                }
            }
            if differences.is_empty() {
                counts[1] += 1;
            } else if open.is_empty() {
                reported.sort_unstable();
                reported.dedup();
                for reason in reported {
                    *reasons.entry((kind, reason)).or_default() += 1;
                }
            } else {
                failures.push(describe(kind, interaction, &month, &open));
            }
        }
    }
    for (kind, [all, agree]) in &tally {
        let excepted =
            all - agree - failures.iter().filter(|text| text.starts_with(&format!("{kind} "))).count();
        println!("{kind}: {all} interactions, {agree} agree, {excepted} excepted");
        for ((_, reason), count) in reasons.iter().filter(|((own, _), _)| own == kind) {
            println!("    {count:4} {reason}");
        }
    }
    for resource in RESOURCES.iter().filter(|resource| !tally.contains_key(resource.name)) {
        println!("{}: no recordings", resource.name);
    }
    assert!(failures.is_empty(), "{} interactions differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn real_exports_are_taken_as_they_are() {
    let folder = shared().join("exports");
    if !folder.exists() {
        println!("real exports: not run, there is no folder `exports` (set MUSHER_SHARED)");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(state.path()).unwrap();
    let (mut taken, mut retired) = (0, 0);
    for (kind, own) in [("dashboard", None), ("monitor", Some("definition"))] {
        for file in std::fs::read_dir(folder.join(format!("{kind}s"))).unwrap() {
            let path = file.unwrap().path();
            let export: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let mut body = own.map_or(&export, |name| &export[name]).clone();
            // The service refuses it by now, as every third export holds it.
            retired += usize::from(body.as_object_mut().unwrap().remove("is_read_only").is_some());
            let call = Call {
                method: "POST".to_owned(),
                path: format!("/api/v1/{kind}"),
                body: Some(body.to_string().into_bytes()),
                ..Call::default()
            };
            let answer = sandbox.perform(&call);
            assert_eq!(answer.status, 200, "{}: {}", path.display(), answer.body);
            taken += 1;
        }
    }
    println!("real exports: {taken} taken, {retired} of them without what the service refuses by now");
    assert!(taken > 0);
}

fn describe(kind: &str, interaction: &Interaction, month: &str, open: &[&Difference]) -> String {
    let Interaction { source, seq, method, path, query, .. } = interaction;
    let source = source.rsplit('/').next().unwrap_or_default();
    let mut text = format!("{kind} {month} {source} {seq}: {method} {path}?{query}");
    for Difference { pointer, recorded, ours } in open.iter().take(8) {
        let shown = |value: &Option<Value>| {
            let text = value.as_ref().map_or("(absent)".to_owned(), Value::to_string);
            text.chars().take(300).collect::<String>()
        };
        text.push_str(&format!("\n    {pointer}: recorded {}, ours {}", shown(recorded), shown(ours)));
    }
    text
}

/// Sends one interaction; what differs, and whether its objects are the session's own.
fn replay(
    sandbox: &Sandbox,
    interaction: &Interaction,
    found: &Found,
    month: &str,
    names: &mut Names,
) -> (Vec<Difference>, bool) {
    let body = (!interaction.request.is_null()).then(|| names.translated(&interaction.request).to_string());
    let call = Call {
        method: interaction.method.clone(),
        path: names.in_text(&interaction.path),
        query: query_pairs(&interaction.query)
            .into_iter()
            .map(|(name, value)| (name, names.in_text(&value)))
            .collect(),
        body: body.map(String::into_bytes),
    };
    let answer = sandbox.perform(&call);
    let ours: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    let created = interaction.method == "POST" && !interaction.path.ends_with("/validate");
    if created && interaction.status < 300 {
        names.make(&interaction.response);
    }
    names.learn(
        &interaction.response,
        &ours,
        &interaction.request,
        created || interaction.method.starts_with('P'),
    );
    let own_objects = names.all_known(&interaction.response);
    let mut differences = Vec::new();
    let mut differ = |pointer: &str, recorded: Option<&Value>, ours: Option<&Value>| {
        differences.push(Difference {
            pointer: pointer.to_owned(),
            recorded: recorded.cloned(),
            ours: ours.cloned(),
        });
    };
    if answer.status != interaction.status {
        differ("status", Some(&interaction.status.into()), Some(&answer.status.into()));
    }
    let recorded = names.translated(&interaction.response);
    // The order of an SLO's tags is arbitrary; keys were in another order before 2025-11, and stand in none
    // in searches, nor in JSON:API.
    let in_code = matches!(found.does, Does::Code(_));
    let keys = in_code && month >= "2025-11" && !interaction.path.ends_with("/search");
    let strict = Strict { tags: found.resource.name != "slo", keys };
    if found.lists() && answer.status == interaction.status {
        let all = both(found, &recorded, &ours);
        if all.0.len() < items(found, &recorded).len() {
            compare("", &all.0.into(), &all.1.into(), strict, &mut differ);
            return (differences, true);
        }
    }
    compare("", &recorded, &ours, strict, &mut differ);
    (differences, own_objects)
}

impl Found {
    fn lists(&self) -> bool {
        matches!(self.does, Does::List)
    }
}

fn items(found: &Found, answer: &Value) -> Vec<Value> {
    let at = found.resource.list.items;
    let list = if at.is_empty() { answer } else { &answer[at] };
    list.as_array().cloned().unwrap_or_default()
}

/// Two lists without the objects that only one of them has: the session made the others, in the same order.
/// Places among all objects say nothing then.
fn both(found: &Found, recorded: &Value, ours: &Value) -> (Vec<Value>, Vec<Value>) {
    let resource = found.resource;
    let common = |of: &Value, other: &Value| {
        let others = items(found, other);
        let ids: BTreeSet<String> = others.iter().filter_map(|item| resource.id_of(item)).collect();
        let mut list = items(found, of);
        list.retain(|item| resource.id_of(item).is_some_and(|id| ids.contains(&id)));
        for item in &mut list {
            if let Some(place) = super::order::field(resource)
                && let Some(map) = resource.attributes_mut(item).as_object_mut()
            {
                map.shift_remove(place);
            }
        }
        list.sort_by_key(|item| resource.id_of(item));
        list
    };
    (common(recorded, ours), common(ours, recorded))
}

/// Takes a pointer, what was recorded there, and what we have.
type Differ<'a> = dyn FnMut(&str, Option<&Value>, Option<&Value>) + 'a;

/// Where order counts.
#[derive(Clone, Copy)]
struct Strict {
    tags: bool,
    keys: bool,
}

fn compare(pointer: &str, recorded: &Value, ours: &Value, strict: Strict, differ: &mut Differ) {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let form = |value: &Value| std::mem::discriminant(value);
    match (recorded, ours) {
        (_, _) if PEOPLE.contains(&name) => {}
        (_, _) if TIMES.contains(&name) && form(recorded) == form(ours) => {}
        // The number of the account.
        (Value::Number(_), Value::Number(_)) if name == "org_id" => {}
        (Value::Object(one), Value::Object(two)) => {
            for (name, value) in one {
                let pointer = format!("{pointer}/{name}");
                match two.get(name) {
                    Some(other) => compare(&pointer, value, other, strict, differ),
                    None => differ(&pointer, Some(value), None),
                }
            }
            let order = |map: &Map<String, Value>, other: &Map<String, Value>| -> Vec<Value> {
                map.keys()
                    .filter(|name| other.contains_key(*name))
                    .map(|name| Value::from(name.as_str()))
                    .collect()
            };
            if strict.keys && order(one, two) != order(two, one) {
                let order = |map, other| Value::Array(order(map, other));
                differ(&format!("{pointer}/(order)"), Some(&order(one, two)), Some(&order(two, one)));
            }
            for (name, value) in two.iter().filter(|(name, _)| !one.contains_key(*name)) {
                differ(&format!("{pointer}/{name}"), None, Some(value));
            }
        }
        (Value::Array(one), Value::Array(two)) if !strict.tags && (name == "tags" || name == "all_tags") => {
            let set = |tags: &[Value]| {
                let mut tags: Vec<String> = tags.iter().map(Value::to_string).collect();
                tags.sort();
                tags
            };
            if set(one) != set(two) {
                differ(pointer, Some(recorded), Some(ours));
            }
        }
        (Value::Array(one), Value::Array(two))
            if one != two && texts_of(one).is_some_and(|texts| Some(texts) == texts_of(two)) =>
        {
            differ(&format!("{pointer}/(order)"), Some(recorded), Some(ours));
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (at, (one, two)) in one.iter().zip(two).enumerate() {
                compare(&format!("{pointer}/{at}"), one, two, strict, differ);
            }
        }
        (one, two) if one == two => {}
        (one, two) => differ(pointer, Some(one), Some(two)),
    }
}

/// The items of a list of texts, sorted; none for other lists.
fn texts_of(list: &[Value]) -> Option<Vec<&str>> {
    let mut texts = list.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    texts.sort_unstable();
    Some(texts)
}

/// Recorded ids and those that the sandbox gave instead, and all ids that the session made.
#[derive(Default)]
struct Names(HashMap<String, Value>, BTreeSet<String>);

/// Keys whose values are ids.
const IDS: [&str; 4] = ["id", "monitor_id", "widget_ids", "public_id"];

impl Names {
    /// Reads new ids out of two answers. Ids that the client sent are nobody's to choose.
    fn learn(&mut self, recorded: &Value, ours: &Value, sent: &Value, may_be_new: bool) {
        match (recorded, ours) {
            (Value::Object(one), Value::Object(two)) => {
                for (name, value) in one {
                    let Some(other) = two.get(name) else { continue };
                    if IDS.contains(&name.as_str()) && may_be_new {
                        self.pair(value, other, sent);
                    }
                    self.learn(value, other, sent, may_be_new);
                }
            }
            (Value::Array(one), Value::Array(two)) => {
                one.iter().zip(two).for_each(|(one, two)| self.learn(one, two, sent, may_be_new));
            }
            _ => {}
        }
    }

    /// Notes the ids that an answer to a create holds.
    fn make(&mut self, recorded: &Value) {
        match recorded {
            Value::Object(map) => {
                let ids = map.iter().filter(|(name, _)| IDS.contains(&name.as_str()) || *name == "name");
                self.1.extend(ids.map(|(_, value)| plain(value)));
                map.values().for_each(|member| self.make(member));
            }
            Value::Array(list) => list.iter().for_each(|item| self.make(item)),
            _ => {}
        }
    }

    /// Whether the session made all objects that an order names.
    fn all_made(&self, order: &Value) -> bool {
        match order {
            Value::Object(map) => map
                .iter()
                .all(|(name, value)| ["type", "name"].contains(&name.as_str()) || self.all_made(value)),
            Value::Array(list) => !list.is_empty() && list.iter().all(|item| self.all_made(item)),
            Value::String(id) => self.1.contains(id),
            _ => true,
        }
    }

    /// Whether a call that was answered well is about an object that the session did not make.
    fn is_foreign(&self, found: &Found, interaction: &Interaction) -> bool {
        let by_id = !found.id.is_empty() && interaction.method != "POST" && !self.1.contains(&found.id);
        match found.does {
            Does::ReadOrder => !self.all_made(&interaction.response),
            Does::Reorder => !self.all_made(&interaction.request),
            _ => interaction.status < 300 && by_id,
        }
    }

    fn pair(&mut self, recorded: &Value, ours: &Value, sent: &Value) {
        if (recorded.is_string() || recorded.is_number()) && !mentions(sent, recorded) {
            self.0.entry(plain(recorded)).or_insert_with(|| ours.clone());
        }
    }

    /// Whether each object of an answer was made before in the session.
    fn all_known(&self, recorded: &Value) -> bool {
        match recorded {
            Value::Object(map) => map.iter().all(|(name, value)| {
                let is_object_id = name == "id"
                    && (map.contains_key("created_at") || map.contains_key("type"))
                    || name == "monitor_id" && map.contains_key("monitor_name");
                (!is_object_id || self.0.contains_key(&plain(value))) && self.all_known(value)
            }),
            Value::Array(list) => list.iter().all(|item| self.all_known(item)),
            _ => true,
        }
    }

    fn translated(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => map
                .iter()
                .map(|(name, value)| (name.clone(), self.translated(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(list) => list.iter().map(|item| self.translated(item)).collect(),
            Value::Number(number) => {
                self.0.get(&number.to_string()).cloned().unwrap_or_else(|| value.clone())
            }
            Value::String(text) => Value::String(self.in_text(text)),
            other => other.clone(),
        }
    }

    /// The text with each recorded id that stands in it as a word replaced.
    fn in_text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (recorded, ours) in &self.0 {
            let mut from = 0;
            while let Some(at) = out[from..].find(recorded.as_str()).map(|at| at + from) {
                let end = at + recorded.len();
                let word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
                let ours = plain(ours);
                if word(out[..at].chars().next_back()) || word(out[end..].chars().next()) {
                    from = end;
                } else {
                    out.replace_range(at..end, &ours);
                    from = at + ours.len();
                }
            }
        }
        out
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value stands anywhere in a body.
fn mentions(body: &Value, wanted: &Value) -> bool {
    match body {
        Value::Object(map) => map.values().any(|value| mentions(value, wanted)),
        Value::Array(list) => list.iter().any(|value| mentions(value, wanted)),
        other => other == wanted,
    }
}

fn month(session: &[Interaction]) -> String {
    fn find(value: &Value) -> Option<String> {
        match value {
            Value::Object(map) => {
                let iso = map.get("created").or(map.get("created_at")).and_then(Value::as_str);
                let seconds = map
                    .get("created_at")
                    .or(map.get("createdAt"))
                    .and_then(Value::as_i64)
                    .filter(|time| *time > 1_000_000_000);
                let seconds = seconds.map(|time| if time > 1_000_000_000_000 { time / 1000 } else { time });
                let seconds = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
                iso.filter(|text| text.len() > 7)
                    .map(|text| text[..7].to_owned())
                    .or(seconds.map(|time| time.to_string()[..7].to_owned()))
                    .or_else(|| map.values().find_map(find))
            }
            Value::Array(list) => list.iter().find_map(find),
            _ => None,
        }
    }
    session.iter().find_map(|interaction| find(&interaction.response)).unwrap_or_default()
}

/// Where other people's data lies.
fn shared() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");
    std::env::var("MUSHER_SHARED").map_or_else(|_| PathBuf::from(beside), PathBuf::from)
}

/// The sessions by source, each in order; none without the recordings.
fn sessions() -> Option<BTreeMap<String, Vec<Interaction>>> {
    let mut sessions: BTreeMap<String, Vec<Interaction>> = BTreeMap::new();
    let files = std::fs::read_dir(shared().join("recorded")).ok()?.map(|file| file.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let interaction = Interaction {
                source: text("source"),
                seq: line["seq"].as_u64().unwrap(),
                method: text("method"),
                path: text("path"),
                query: text("query"),
                request: line["request"].clone(),
                status: line["status"].as_u64().unwrap().try_into().unwrap(),
                response: line["response"].clone(),
            };
            sessions.entry(interaction.source.clone()).or_default().push(interaction);
        }
    }
    sessions.values_mut().for_each(|session| session.sort_by_key(|interaction| interaction.seq));
    Some(sessions)
}
