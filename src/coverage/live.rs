//! Names that the organisation knows -> alerts that look at nothing, functions that no list holds, and those that nobody
//! has seen. What is not told is not known, and never a finding.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::function::Function;
use super::selection::{FUNCTION, is_like};
use super::watch::{Look, Watch, watch};
use crate::diagnostic::{Position, did_you_mean};
use crate::model::{Address, Resource};
use crate::query::{Filter, Joint, Spanned, Tag};
use crate::signal::{CALLS, of_lambda};

/// Metrics whose tags are asked for, at most: one request each.
const MOST_ASKED: usize = 200;
/// Names that are compared to find the one that was meant.
const COMPARED: usize = 20_000;

/// What the organisation knows. All in lower case.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub metrics: BTreeSet<String>,
    /// By metric: `key:value`. One that is absent was not told.
    pub tags: BTreeMap<String, BTreeSet<String>>,
}

/// What is wrong with what is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    Metric {
        near: Option<String>,
    },
    /// A key by which it groups.
    Key {
        key: String,
    },
    /// A tag, or a pattern, without which its scope selects nothing.
    Tag {
        tag: String,
        near: Option<String>,
    },
}

/// An alert that looks at nothing.
#[derive(Clone, Debug)]
pub struct Blind {
    pub address: Address,
    pub position: Position,
    pub metric: String,
    pub unknown: Unknown,
}

/// What is live, held against what is declared.
#[derive(Clone, Debug, Default)]
pub struct Sighting {
    /// Each alert with each metric once, by address.
    pub blind: Vec<Blind>,
    /// Functions that send and that no list holds, by name.
    pub unlisted: Vec<String>,
    /// Functions of the inventory that sent nothing, by name.
    pub unseen: Vec<(String, Position)>,
    /// Metrics of alerts whose tags were not told.
    pub untold: usize,
}

/// The metrics whose tags decide: those of alerts, and the one that tells functions. `known`: all names.
pub fn to_ask(resources: &[Resource], known: &BTreeSet<String>) -> Vec<String> {
    let watches: Vec<Watch> = resources.iter().filter_map(watch).collect();
    let used: BTreeSet<&str> = watches.iter().flat_map(Watch::all).map(|look| look.metric.as_str()).collect();
    let mut asked: Vec<String> =
        CALLS.into_iter().filter(|name| known.contains(*name)).map(str::to_owned).collect();
    let rest = used.into_iter().filter(|name| known.contains(*name) && !CALLS.contains(name));
    asked.extend(rest.map(str::to_owned));
    asked.truncate(MOST_ASKED);
    asked
}

pub fn sighting(functions: &[Function], resources: &[Resource], names: &Names) -> Sighting {
    let watches: Vec<Watch> = resources.iter().filter_map(watch).collect();
    let places: HashMap<&Address, &Position> =
        resources.iter().map(|resource| (&resource.address, &resource.origin.position)).collect();
    let mut sighting = Sighting::default();
    let mut untold = BTreeSet::new();
    let mut nearest: HashMap<&str, Option<String>> = HashMap::new();
    for watch in watches.iter().filter(|watch| !watch.silent) {
        let mut seen = BTreeSet::new();
        for look in watch.all() {
            let unknown = match (names.metrics.contains(&look.metric), names.tags.get(&look.metric)) {
                (false, _) => {
                    let near = nearest.entry(&look.metric).or_insert_with(|| names.near(&look.metric));
                    Some(Unknown::Metric { near: near.clone() })
                }
                (true, None) => {
                    untold.insert(look.metric.as_str());
                    None
                }
                (true, Some(tags)) => lacking(look, tags),
            };
            let Some(unknown) = unknown.filter(|_| seen.insert(look.metric.as_str())) else { continue };
            let position = places.get(&watch.address).map(|position| (*position).clone()).unwrap_or_default();
            let (address, metric) = (watch.address.clone(), look.metric.clone());
            sighting.blind.push(Blind { address, position, metric, unknown });
        }
    }
    sighting.untold = untold.len();
    // Nothing is said of functions where the metric that tells them is not known.
    if let Some(live) = names.functions() {
        let listed: BTreeSet<String> = functions.iter().map(|own| own.name.to_lowercase()).collect();
        sighting.unlisted =
            live.iter().filter(|name| !listed.contains(**name)).map(|name| (*name).to_owned()).collect();
        let unseen = functions.iter().filter(|own| !live.contains(own.name.to_lowercase().as_str()));
        sighting.unseen = unseen.map(|own| (own.name.clone(), own.position.clone())).collect();
    }
    sighting
}

impl Names {
    /// The functions that were called.
    fn functions(&self) -> Option<BTreeSet<&str>> {
        let own: Vec<_> = CALLS.into_iter().filter_map(|metric| self.tags.get(metric)).collect();
        let values = own.iter().flat_map(|tags| tags.iter());
        let names: BTreeSet<&str> = values
            .filter_map(|tag| tag.split_once(':').filter(|(key, _)| *key == FUNCTION).map(|(_, value)| value))
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// The metric that was probably meant: one of the same beginning, else the same under the other prefix.
    fn near(&self, metric: &str) -> Option<String> {
        let head = metric.split('.').next().unwrap_or_default();
        let alike = self.metrics.iter().filter(|name| name.split('.').next() == Some(head));
        let own = of_lambda(metric);
        let same = alike.clone().find(|name| own.is_some() && of_lambda(name) == own);
        let near = || did_you_mean(metric, alike.take(COMPARED).map(String::as_str)).map(str::to_owned);
        same.cloned().or_else(near)
    }
}

/// What a look asks for that no point of its metric bears.
fn lacking(look: &Look, tags: &BTreeSet<String>) -> Option<Unknown> {
    let scope = look.scope.as_ref();
    if let Some(filter) = scope.and_then(|scope| scope.filter.as_ref())
        && let Err(tag) = finds(&filter.value, tags)
    {
        let (key, value) = tag.split_once(':').unwrap_or((&tag, ""));
        let own = tags.range(format!("{key}:")..).take_while(|own| own.starts_with(&format!("{key}:")));
        let values = own.filter_map(|own| own.split_once(':')).map(|(_, value)| value);
        let near = did_you_mean(value, values.take(COMPARED)).map(|near| format!("{key}:{near}"));
        return Some(Unknown::Tag { near, tag });
    }
    let unknown = look.groups.iter().find(|key| !has_key(key, tags))?;
    Some(Unknown::Key { key: unknown.clone() })
}

fn has_key(key: &str, tags: &BTreeSet<String>) -> bool {
    let start = format!("{key}:");
    tags.range(start.clone()..).next().is_some_and(|tag| tag.starts_with(&start))
}

/// Whether points may fit, each tag judged by itself; else the tag that keeps them from it.
fn finds(filter: &Filter, tags: &BTreeSet<String>) -> Result<(), String> {
    match filter {
        Filter::Tag(Tag { key: Some(key), value }) => has(&key.value, &value.value, tags),
        Filter::In { key, negated: false, values } => {
            let mut found = values.iter().map(|value| has(&key.value, &value.value, tags));
            let first = found.next().unwrap_or(Ok(()));
            found.fold(first, Result::or)
        }
        Filter::Brackets(inside) => finds(&inside.value, tags),
        Filter::Chain { first, rest } => chain(first, rest, tags),
        // What is left out need not be there; a word without a key says too little.
        Filter::Tag(_) | Filter::In { .. } | Filter::Not { .. } | Filter::Empty => Ok(()),
    }
}

/// `OR` binds loosest.
fn chain(
    first: &Spanned<Filter>,
    rest: &[(Joint, Spanned<Filter>)],
    tags: &BTreeSet<String>,
) -> Result<(), String> {
    let mut runs = vec![finds(&first.value, tags)];
    for (joint, filter) in rest {
        let next = finds(&filter.value, tags);
        match (joint, runs.last_mut()) {
            (Joint::Or, _) | (_, None) => runs.push(next),
            (_, Some(run)) => *run = std::mem::replace(run, Ok(())).and(next),
        }
    }
    runs.into_iter().reduce(Result::or).unwrap_or(Ok(()))
}

fn has(key: &str, value: &str, tags: &BTreeSet<String>) -> Result<(), String> {
    let key = key.trim().to_lowercase();
    let value = value.trim_matches(['"', '\'']).to_lowercase();
    // `env:(prod OR staging)`
    if let Some(list) = value.strip_prefix('(').and_then(|list| list.strip_suffix(')')) {
        let mut found = list.split(" or ").map(|one| has(&key, one.trim(), tags));
        let first = found.next().unwrap_or(Ok(()));
        return found.fold(first, Result::or);
    }
    if value.contains('$') {
        return Ok(());
    }
    let wanted = format!("{key}:{value}");
    let is_there = match value.as_str() {
        "*" => has_key(&key, tags),
        pattern if pattern.contains('*') => tags.iter().any(|tag| is_like(&wanted, tag)),
        _ => tags.contains(&wanted),
    };
    if is_there { Ok(()) } else { Err(wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query;

    fn look(text: &str) -> Look {
        let tree = query::metric(text).tree.expect("a query");
        let metric = tree.metrics()[0].value;
        let groups = tree.group_keys().into_iter().map(|key| key.value.clone()).collect();
        let scope = metric.scope.as_ref().map(|scope| scope.value.clone());
        Look { metric: metric.name.value.clone(), scope, groups }
    }

    /// What is told of a query, where its metric has these tags.
    fn check(query: &str, expected: &str) {
        let tags = ["env:prod", "functionname:checkout-api", "functionname:mail", "service:shop"];
        let tags: BTreeSet<String> = tags.into_iter().map(str::to_owned).collect();
        let told = match lacking(&look(query), &tags) {
            None => String::new(),
            Some(Unknown::Tag { tag, near }) => format!("{tag} {}", near.unwrap_or_default()),
            Some(Unknown::Key { key }) => key,
            Some(Unknown::Metric { .. }) => unreachable!("the metric is there"),
        };
        assert_eq!(told.trim(), expected, "{query}");
    }

    #[test]
    fn what_no_point_bears() {
        for (query, expected) in [
            ("sum:m{*}", ""),
            ("sum:m{env:prod,service:shop}", ""),
            ("sum:m{env:Prod}", ""),
            ("sum:m{env:prud}", "env:prud env:prod"),
            (
                "sum:m{env:prod,functionname:chekout-api}",
                "functionname:chekout-api functionname:checkout-api",
            ),
            ("sum:m{team:x}", "team:x"),
            ("sum:m{team:*}", "team:*"),
            ("sum:m{env:*}", ""),
            ("sum:m{functionname:check*}", ""),
            ("sum:m{functionname:chick*}", "functionname:chick*"),
            // One of several is enough, and what is left out need not be there.
            ("sum:m{env:dev OR env:prod}", ""),
            ("sum:m{env:dev OR env:test}", "env:test"),
            ("sum:m{env IN (dev, prod)}", ""),
            ("sum:m{env IN (dev, test)}", "env:test"),
            ("sum:m{!env:dev}", ""),
            ("sum:m{NOT team:x}", ""),
            ("sum:m{env NOT IN (dev)}", ""),
            ("sum:m{(env:prod AND team:x) OR service:shop}", ""),
            ("sum:m{(env:prod OR team:x) AND team:y}", "team:y"),
            ("sum:m{$scope,env:$env}", ""),
            ("sum:m{*} by {functionname,env}", ""),
            ("sum:m{*} by {functionname,team}", "team"),
        ] {
            check(query, expected);
        }
    }

    #[test]
    fn the_metric_that_was_meant() {
        let metrics = ["aws.lambda.errors", "aws.lambda.duration", "app.booking.failure_count", "errors"];
        let names =
            Names { metrics: metrics.into_iter().map(str::to_owned).collect(), tags: BTreeMap::new() };
        for (metric, expected) in [
            ("aws.lambda.enhanced.errors", Some("aws.lambda.errors")),
            ("aws.lambda.eror", Some("aws.lambda.errors")),
            ("app.booking.failures_count", Some("app.booking.failure_count")),
            ("app.nothing_like_it", None),
            ("error", None),
        ] {
            assert_eq!(names.near(metric).as_deref(), expected, "{metric}");
        }
    }
}
