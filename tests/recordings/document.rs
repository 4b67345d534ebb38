//! The statements of the API's own document about monitors, SLOs and dashboards, each broken in a body of its own: what
//! the rules say to it. Counts them: refused at the line, warned of, left.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::rules::judged;
use super::shared;
use crate::diagnostic::{Format, Severity, Sources};
use crate::source;

/// A way into a body, and the bodies around.
#[derive(Clone)]
enum Step {
    Member(String),
    Item,
}

struct Document {
    schemas: Value,
}

/// One statement: in a schema, of a field; what it says, and the body that breaks it.
struct Statement {
    name: String,
    right: Value,
    wrong: Value,
}

const GROWS: &str = "a set that grows: a word that looks like none of it passes";
const QUERIES: &str =
    "the row leaves the queries of variables open: their sorts come and go, and few were recorded";
const SHOWN: &str = "shown by the service and never sent: the document doesn't mark it";
const LOOSE: &str = "recordings or exports are without, or beyond";
const TIMEFRAME: &str = "of `default_timeframe` the type alone is judged so far";
const UNSEEN: &str = "in no recorded body: whether the service judges it is not known";

/// What is left, by section, and by how the statement begins and ends, and why.
const LEFT: &[(&str, &str, &str, &str)] = &[
    ("monitors", "MonitorFormulaAndFunction", "", QUERIES),
    ("monitors", "MonitorAssetCategory", " enum", GROWS),
    ("monitors", "Monitor matching_downtimes", "", SHOWN),
    ("monitors", "MatchingDowntime", "", SHOWN),
    ("monitors", "MonitorOptions locked", "", "retired: taken out, whatever it holds"),
    ("monitors", "EventsAggregation", "", QUERIES),
    ("monitors", "QuerySortOrder", "", QUERIES),
    ("slos", "SLOThreshold ", "_display type", SHOWN),
    ("slos", "SLOTimeSliceQuery ", "Items", UNSEEN),
    ("slos", "SLO", " required", "the other type of specification may stand there"),
    ("slos", "FormulaAndFunctionMetric", "", QUERIES),
    ("slos", "CrossOrgUuids", "", QUERIES),
    ("dashboards", "", " enum", GROWS),
    ("dashboards", "EventsAggregationPercentile", " pattern", GROWS),
    ("dashboards", "DashboardLiveTimeframe", "", TIMEFRAME),
    ("dashboards", "DashboardFixedTimeframe", "", TIMEFRAME),
    ("dashboards", "WidgetLiveSpanUnit", "", TIMEFRAME),
    ("dashboards", "Dashboard is_read_only", "", "retired: taken out, or told where it says something"),
    ("dashboards", "Dashboard tabs", " maxItems", UNSEEN),
    ("dashboards", "DashboardTab ", "", UNSEEN),
    ("dashboards", "NumberFormatUnit", "", UNSEEN),
    ("dashboards", "", " required", LOOSE),
    ("dashboards", "ListStreamWidgetDefinition requests", " maxItems", LOOSE),
    ("dashboards", "WidgetLayout", " minimum", LOOSE),
];

/// Schemas hold each other; bodies are not deeper.
const DEEPEST: usize = 12;

impl Document {
    fn resolved<'d>(&'d self, schema: &'d Value) -> (&'d Value, Option<&'d str>) {
        let (mut schema, mut name) = (schema, None);
        while let Some(to) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
            (schema, name) = (&self.schemas[to], Some(to));
        }
        (schema, name)
    }

    /// A value that a schema allows, as small as it can be.
    fn least(&self, schema: &Value, depth: usize) -> Value {
        let (schema, _) = self.resolved(schema);
        if let Some(first) = schema["oneOf"].get(0) {
            return self.least(first, depth);
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        match schema["type"].as_str() {
            Some("string") => {
                schema.get("example").filter(|it| it.is_string()).cloned().unwrap_or(json!("x"))
            }
            Some("integer" | "number") => {
                let least = schema["minimum"].as_i64().unwrap_or(1);
                let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
                json!(least.max(1).min(most))
            }
            Some("boolean") => json!(true),
            Some("array") => {
                let count = schema["minItems"].as_u64().unwrap_or(0);
                (0..count).map(|_| self.least(&schema["items"], depth + 1)).collect()
            }
            _ if depth > DEEPEST => json!({}),
            _ => {
                let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let members =
                    needed.map(|name| (name.to_owned(), self.least(&schema["properties"][name], depth + 1)));
                Value::Object(members.collect())
            }
        }
    }

    /// Every statement below a schema; each schema of a name is looked at once.
    fn walk(
        &self,
        (schema, owner): (&Value, &str),
        way: &mut Vec<Step>,
        body: &Value,
        seen: &mut BTreeSet<String>,
        found: &mut Vec<Statement>,
    ) {
        let (schema, name) = self.resolved(schema);
        let owner = name.unwrap_or(owner).to_owned();
        if schema["readOnly"] == true {
            return;
        }
        if name.is_some() && schema["type"] != "string" && !seen.insert(owner.clone()) {
            return;
        }
        if let Some(all) = schema["oneOf"].as_array() {
            for one in all {
                let mut body = body.clone();
                put(&mut body, way, self.least(one, 0));
                self.walk((one, &owner), way, &body, seen, found);
            }
            return;
        }
        let at = way.iter().rev().find_map(|step| match step {
            Step::Member(name) => Some(name.as_str()),
            Step::Item => None,
        });
        let label = |what: &str| format!("{owner} {} {what}", at.unwrap_or("-"));
        let mut add = |what: &str, wrong: Value| {
            let mut broken = body.clone();
            put(&mut broken, way, wrong);
            found.push(Statement { name: label(what), right: body.clone(), wrong: broken });
        };
        let number = |name: &str| schema[name].as_i64();
        let count = |name: &str| schema[name].as_u64().and_then(|count| usize::try_from(count).ok());
        let text = |count: usize| json!("x".repeat(count));
        let list = |count: usize| -> Value { (0..count).map(|_| self.least(&schema["items"], 0)).collect() };
        if schema["enum"].is_array() {
            add("enum", json!("no such word"));
        }
        number("minimum").into_iter().for_each(|least| add("minimum", json!(least - 1)));
        number("maximum").into_iter().for_each(|most| add("maximum", json!(most + 1)));
        count("minLength")
            .filter(|least| *least > 0)
            .into_iter()
            .for_each(|least| add("minLength", text(least - 1)));
        count("maxLength").into_iter().for_each(|most| add("maxLength", text(most + 1)));
        count("minItems")
            .filter(|least| *least > 0)
            .into_iter()
            .for_each(|least| add("minItems", list(least - 1)));
        count("maxItems").into_iter().for_each(|most| add("maxItems", list(most + 1)));
        if schema["pattern"].is_string() {
            add("pattern", json!("?!"));
        }
        match schema["type"].as_str() {
            Some("string") => add("type", json!(5)),
            Some("integer") => add("type", json!("x")),
            Some("number") => add("type", json!("x")),
            Some("boolean") => add("type", json!("x")),
            Some("array") => add("type", json!("x")),
            Some("object") if !way.is_empty() => add("type", json!("x")),
            _ => {}
        }
        if let Some(members) = schema["properties"].as_object() {
            self.members(schema, members, &owner, way, body, seen, found);
        }
        if schema["items"].is_object() {
            let mut body = body.clone();
            put(&mut body, way, json!([self.least(&schema["items"], 0)]));
            way.push(Step::Item);
            self.walk((&schema["items"], &owner), way, &body, seen, found);
            way.pop();
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn members(
        &self,
        schema: &Value,
        members: &Map<String, Value>,
        owner: &str,
        way: &mut Vec<Step>,
        body: &Value,
        seen: &mut BTreeSet<String>,
        found: &mut Vec<Statement>,
    ) {
        for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if self.resolved(&members[needed]).0["readOnly"] == true {
                continue;
            }
            let mut broken = body.clone();
            if let Some(Value::Object(here)) = get(&mut broken, way) {
                here.shift_remove(needed);
            }
            found.push(Statement {
                name: format!("{owner} {needed} required"),
                right: body.clone(),
                wrong: broken,
            });
        }
        for (name, member) in members {
            way.push(Step::Member(name.clone()));
            let mut right = body.clone();
            if get(&mut right, way).is_none() {
                put(&mut right, way, self.least(member, 0));
            }
            self.walk((member, owner), way, &right, seen, found);
            way.pop();
        }
    }
}

fn get<'v>(body: &'v mut Value, way: &[Step]) -> Option<&'v mut Value> {
    way.iter().try_fold(body, |here, step| match step {
        Step::Member(name) => here.get_mut(name),
        Step::Item => here.get_mut(0),
    })
}

fn put(body: &mut Value, way: &[Step], value: Value) {
    let Some((last, around)) = way.split_last() else {
        *body = value;
        return;
    };
    match (last, get(body, around)) {
        (Step::Member(name), Some(Value::Object(here))) => drop(here.insert(name.clone(), value)),
        (Step::Item, Some(Value::Array(here))) => match here.first_mut() {
            Some(first) => *first = value,
            None => here.push(value),
        },
        _ => {}
    }
}

/// What is said of a body: errors, and warnings.
fn said(section: &str, body: &Value) -> BTreeMap<String, bool> {
    let found = judged(section, body, None, false).into_iter();
    found.map(|one| (format!("{}: {}", one.code, one.text), one.severity == Severity::Error)).collect()
}

#[test]
fn statements_of_the_document_are_judged() {
    let Some(folder) = shared("statements of the document") else { return };
    let text = std::fs::read_to_string(folder.join("openapi/v1.yaml")).expect("a document");
    let file = Sources::default().add("v1.yaml", "", Format::Yaml);
    let (document, faults) = source::value(&text, Format::Yaml, file);
    assert!(faults.is_empty());
    let mut document = document.expect("a document");
    let document = Document { schemas: document["components"]["schemas"].take() };
    let metric = json!({
        "name": "n", "type": "metric", "thresholds": [{"timeframe": "7d", "target": 99}],
        "query": {"numerator": "sum:a.b{*}.as_count()", "denominator": "sum:a.c{*}.as_count()"},
    });
    let query = json!({"data_source": "metrics", "name": "q", "query": "avg:a.b{*}"});
    let slices = json!({
        "name": "n", "type": "time_slice", "thresholds": [{"timeframe": "7d", "target": 99}],
        "sli_specification": {"time_slice": {
            "comparator": ">", "threshold": 1, "query": {"formulas": [{"formula": "q"}], "queries": [query]},
        }},
    });
    let monitor = json!({
        "name": "n", "type": "query alert", "query": "avg(last_5m):avg:a.b{*} > 1", "message": "@x@example.com",
        "options": {},
    });
    let note = json!([{"definition": {"type": "note", "content": "x"}}]);
    let board = json!({"title": "t", "layout_type": "ordered", "widgets": note});
    let roots = [
        ("monitors", "Monitor", vec![monitor], (229, 113)),
        ("slos", "ServiceLevelObjectiveRequest", vec![metric, slices], (82, 69)),
        ("dashboards", "Dashboard", vec![board], (1893, 1780)),
    ];
    let mut apart = Vec::new();
    for (section, root, bodies, expected) in roots {
        let mut all: BTreeMap<String, Vec<Option<bool>>> = BTreeMap::new();
        for body in bodies {
            let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
            let schema = json!({"$ref": format!("#/{root}")});
            document.walk((&schema, root), &mut Vec::new(), &body, &mut seen, &mut found);
            let mut counted: BTreeMap<String, usize> = BTreeMap::new();
            for one in found {
                let before = said(section, &one.right);
                let new =
                    said(section, &one.wrong).into_iter().filter(|(text, _)| !before.contains_key(text));
                let new = new.map(|(_, is_error)| is_error).max();
                // A schema may hold two of a name, in its alternatives.
                let nth = counted.entry(one.name.clone()).or_default();
                let known = all.entry(one.name).or_default();
                match known.get_mut(*nth) {
                    Some(known) => *known = (*known).max(new),
                    None => known.push(new),
                }
                *nth += 1;
            }
        }
        let count = |what: Option<bool>| all.values().flatten().filter(|one| **one == what).count();
        let statements = all.values().flatten().count();
        let left = all.iter().filter(|(_, ways)| ways.contains(&None)).map(|(name, _)| name);
        println!(
            "{section}: {statements} statements, {} refused, {} warned of, {} left",
            count(Some(true)),
            count(Some(false)),
            count(None),
        );
        for name in left {
            let why = LEFT.iter().find(|(of, begins, ends, _)| {
                *of == section && name.starts_with(begins) && name.ends_with(ends)
            });
            println!("    {name}: {}", why.map_or("?", |(.., why)| *why));
            if why.is_none() {
                apart.push(name.clone());
            }
        }
        let judged = count(Some(true)) + count(Some(false));
        if (statements, judged) != expected {
            apart.push(format!("{section}: {judged} of {statements} judged, not {expected:?}"));
        }
    }
    assert!(apart.is_empty(), "{apart:#?}");
}
