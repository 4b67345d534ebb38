//! What an alert looks at: metrics of Lambda, each with its scope and what it tells apart; and whom it reaches.

use serde_json::Value;

use crate::handle;
use crate::kind::{self, Family};
use crate::model::{Address, Reference, Resource};
use crate::pointer::{find, objects};
use crate::query::{self, Expr, Head, Monitor, Scope, Suffix};
use crate::signal::of_lambda;

/// Where an alert holds the queries that its formula names.
const VARIABLES: &str = "/options/variables";

/// How metrics of DynamoDB begin.
const TABLES: &str = "aws.dynamodb.";

/// An alert, as coverage sees it.
#[derive(Clone, Debug)]
pub struct Watch {
    pub address: Address,
    /// Its metrics of Lambda.
    pub looks: Vec<Look>,
    /// Its metrics of DynamoDB.
    pub tables: Vec<Look>,
    /// Its other metrics.
    pub others: Vec<Look>,
    /// It is muted for good, or a draft: nobody is told.
    pub silent: bool,
    /// Its message names somebody.
    pub tells: bool,
    /// Tags of the alert itself.
    pub tags: Vec<String>,
    /// Alerts that it is made of.
    pub members: Vec<Address>,
    /// The objective that it watches, with the long window of a burn rate in seconds.
    pub objective: Option<(String, Option<u64>)>,
}

/// A metric, where it is looked at.
#[derive(Clone, Debug)]
pub struct Look {
    /// `aws.lambda.errors`
    pub metric: String,
    pub scope: Option<Scope>,
    /// What it tells apart, in lower case.
    pub groups: Vec<String>,
}

impl Watch {
    /// All its metrics.
    pub fn all(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().chain(&self.tables).chain(&self.others)
    }
}

/// Reads an alert; `None` of everything else.
pub fn watch(resource: &Resource) -> Option<Watch> {
    let kind = kind::of_section(resource.address.section())?;
    if kind.quirks.family != Some(Family::Alert) || resource.directives.absent {
        return None;
    }
    let body = resource.body.value();
    let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
    let class = body.get("type").and_then(Value::as_str).unwrap_or("query alert");
    let tree = query::monitor(class, query).tree;
    let mut looks: Vec<Look> = Vec::new();
    if let Some(expr) = tree.as_ref().and_then(Monitor::expr) {
        collect(&expr.value, &mut looks);
    }
    if let Some(list) = find(&body, VARIABLES) {
        objects(list, VARIABLES, &mut |_, map| {
            let parsed = map.get("query").and_then(Value::as_str).map(query::metric);
            let items = parsed.and_then(|parsed| parsed.tree).into_iter().flat_map(|tree| tree.items);
            items.for_each(|item| collect(&item.value, &mut looks));
            true
        });
    }
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
    let (looks, rest): (Vec<Look>, Vec<Look>) =
        looks.into_iter().partition(|look| of_lambda(&look.metric).is_some());
    let (tables, others) = rest.into_iter().partition(|look| look.metric.starts_with(TABLES));
    Some(Watch {
        address: resource.address.clone(),
        looks,
        tables,
        others,
        silent: is_silent(&body),
        tells: handle::named(message).next().is_some(),
        tags: texts(body.get("tags")),
        members: tree.as_ref().map(members).unwrap_or_default(),
        objective: tree.as_ref().and_then(objective),
    })
}

/// The texts of a list.
pub fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn collect(expr: &Expr, looks: &mut Vec<Look>) {
    expr.each_term(&mut |term| {
        let Head::Metric(metric) = &term.head.value else { return };
        let name = metric.name.value.to_lowercase();
        let groups = term.suffixes.iter().filter_map(|suffix| match &suffix.value {
            Suffix::By(keys) => Some(keys),
            Suffix::Method(_) => None,
        });
        let groups = groups.flatten().map(|key| key.value.to_lowercase()).collect();
        let scope = metric.scope.as_ref().map(|scope| scope.value.clone());
        looks.push(Look { metric: name, scope, groups });
    });
}

fn is_silent(body: &Value) -> bool {
    let muted = body.pointer("/options/silenced/*").is_some_and(Value::is_null);
    muted || body.get("draft_status").and_then(Value::as_str) == Some("draft")
}

fn members(tree: &Monitor) -> Vec<Address> {
    let members = tree.members().into_iter().filter_map(|member| target(member.value));
    members.collect()
}

/// The address that a marker names.
fn target(text: &str) -> Option<Address> {
    Reference::in_text(text).into_iter().next().map(|(_, reference)| reference.target)
}

fn objective(tree: &Monitor) -> Option<(String, Option<u64>)> {
    let Monitor::Chain(chain) = tree else { return None };
    let id = chain.slo_id()?.value;
    let id = target(id).map_or_else(|| id.to_owned(), |address| address.to_string());
    let is_rate = chain.method("long_window").is_some();
    Some((id, chain.window("long_window").filter(|_| is_rate).map(|window| window.value.seconds)))
}
