//! What rules look at: a resource, its query read, and all the others around it.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::asked::{Asked, asked};
use super::estate::Estate;
use super::message::Message;
use super::places::Places;
use crate::kind::{self, Family, Kind};
use crate::model::Resource;
use crate::pointer::{find, member, objects};
use crate::query::{self, Metrics, MonitorType, Parsed};

/// Where the body of an alert holds what rules ask for.
pub const QUERY: &str = "/query";
pub const MESSAGE: &str = "/message";
pub const ESCALATION: &str = "/options/escalation_message";
pub const VARIABLES: &str = "/options/variables";

/// One resource with all that rules may know.
pub struct Subject<'a> {
    pub resource: &'a Resource,
    /// Its position in the estate.
    pub at: usize,
    pub body: &'a Value,
    /// What the row says of its values.
    pub places: Places<'a>,
    options: Option<&'a Map<String, Value>>,
    pub kind: &'static Kind,
    /// What its row asks of fields.
    pub asked: &'static Asked,
    /// Where it is one, and has a query.
    pub alert: Option<Alert<'a>>,
    /// The metric queries of an objective, whichever form it has, by their pointers.
    pub counts: IndexMap<String, Count<'a>>,
    /// What an alert sends to people.
    pub messages: Vec<Message<'a>>,
    pub estate: &'a Estate<'a>,
}

/// An alert's query and what belongs to it.
pub struct Alert<'a> {
    pub class: Option<&'static MonitorType>,
    pub query: &'a str,
    pub parsed: Parsed<query::Monitor>,
    /// Metric queries among `options.variables`.
    pub variables: Vec<Variable>,
}

/// A metric query that a formula refers to.
pub struct Variable {
    pub pointer: String,
    pub parsed: Parsed<Metrics>,
}

/// A metric query of an objective.
pub struct Count<'a> {
    pub text: &'a str,
    pub parsed: Parsed<Metrics>,
}

impl<'a> Subject<'a> {
    /// Of the resource at a position of the estate. Absent where the section is none of a kind, and where there is no
    /// body, which is reported elsewhere.
    ///
    /// `body` is that of the resource.
    pub fn new(at: usize, body: &'a Value, estate: &'a Estate<'a>) -> Option<Self> {
        let resource = &estate.resources[at];
        let kind = kind::of_section(resource.address.section())?;
        body.as_object().filter(|body| !body.is_empty() && !resource.directives.absent)?;
        let is_alert = kind.quirks.family == Some(Family::Alert);
        let alert = if is_alert { read(body) } else { None };
        let is_objective = kind.quirks.family == Some(Family::Objective);
        let counts = if is_objective { counts(body) } else { IndexMap::new() };
        let message = |pointer| Some(Message::read(pointer, find(body, pointer)?.as_str()?));
        let messages = [MESSAGE, ESCALATION].into_iter().filter(|_| is_alert).filter_map(message).collect();
        let options = find(body, "/options").and_then(Value::as_object);
        let places = Places::of(kind, body);
        let asked = asked(kind);
        Some(Self { resource, at, body, places, options, kind, asked, alert, counts, messages, estate })
    }

    /// The tree of the alert's query, where it could be read.
    pub fn tree(&self) -> Option<&query::Monitor> {
        self.alert.as_ref()?.parsed.tree.as_ref()
    }

    /// What an alert sends first.
    pub fn message(&self) -> Option<&Message<'a>> {
        self.messages.iter().find(|message| message.pointer == MESSAGE)
    }

    pub fn options(&self) -> Option<&'a Map<String, Value>> {
        self.options
    }

    /// What stands at a pointer of a rule.
    pub fn find(&self, pointer: &str) -> Option<&'a Value> {
        match pointer.strip_prefix("/options/") {
            // Most of what rules ask for.
            Some(rest) => find(member(self.options?, &rest[..rest.find('/').unwrap_or(rest.len())])?, rest),
            None => find(self.body, pointer),
        }
    }

    pub fn text(&self, pointer: &str) -> Option<&'a str> {
        self.find(pointer)?.as_str()
    }

    /// A number; texts are none.
    pub fn number(&self, pointer: &str) -> Option<f64> {
        self.find(pointer)?.as_f64()
    }

    pub fn is(&self, family: Family) -> bool {
        self.kind.quirks.family == Some(family)
    }

    /// A list's items with their pointers.
    pub fn items(&self, pointer: &str) -> impl Iterator<Item = (String, &'a Value)> + use<'a> {
        let pointer = pointer.to_owned();
        let items = self.find(&pointer).and_then(Value::as_array).into_iter().flatten();
        items.enumerate().map(move |(index, item)| (format!("{pointer}/{index}"), item))
    }
}

fn read(body: &Value) -> Option<Alert<'_>> {
    let query = find(body, QUERY)?.as_str()?;
    // Without a type the service refuses it, which is reported; the query can be read all the same.
    let class = find(body, "/type").and_then(Value::as_str).unwrap_or("query alert");
    let mut variables = Vec::new();
    if let Some(list) = find(body, VARIABLES) {
        objects(list, VARIABLES, &mut |pointer, map| {
            if let Some(query) = map.get("query").and_then(Value::as_str).filter(|_| holds_metric_query(map))
            {
                variables
                    .push(Variable { pointer: format!("{pointer}/query"), parsed: query::metric(query) });
            }
            true
        });
    }
    Some(Alert { class: query::monitor_type(class), query, parsed: query::monitor(class, query), variables })
}

fn counts(body: &Value) -> IndexMap<String, Count<'_>> {
    let mut found: Vec<(String, &str)> = ["/query/numerator", "/query/denominator"]
        .into_iter()
        .filter_map(|at| Some((at.to_owned(), find(body, at)?.as_str()?)))
        .collect();
    for list in ["/sli_specification/count/queries", "/sli_specification/time_slice/query/queries"] {
        let items = find(body, list).and_then(Value::as_array).into_iter().flatten().enumerate();
        found.extend(items.filter_map(|(at, query)| {
            let of_metrics = query.get("data_source").and_then(Value::as_str) == Some("metrics");
            Some((format!("{list}/{at}/query"), query.get("query")?.as_str().filter(|_| of_metrics)?))
        }));
    }
    let read = |(pointer, text)| (pointer, Count { text, parsed: query::metric(text) });
    found.into_iter().map(read).collect()
}

/// Sources whose `query` is a metric query.
const METRIC_SOURCES: [&str; 2] = ["metrics", "cloud_cost"];

/// Whether an object's `query` is a metric query.
pub fn holds_metric_query(map: &Map<String, Value>) -> bool {
    map.get("data_source").and_then(Value::as_str).is_some_and(|source| METRIC_SOURCES.contains(&source))
}
