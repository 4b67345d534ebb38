//! Services: the objectives that speak for them, and the alerts on the pace at which their budgets go.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::watch::{Watch, texts};
use crate::kind::{self, Family};
use crate::model::{Address, Reference, Resource};
use crate::query::{self, Metrics};

/// Up to this long window, in seconds, a burn rate is a fast one: Datadog's advice is 1 hour, and 6 for the slow one.
const FAST: u64 = 2 * 3_600;

/// An objective with the alerts that watch it.
#[derive(Clone, Debug)]
pub struct Objective {
    pub address: Address,
    /// Services that it speaks for, in lower case.
    pub services: BTreeSet<String>,
    /// Alerts on its burn rate over a short and over a long time.
    pub fast: Vec<Address>,
    pub slow: Vec<Address>,
}

/// All objectives, by address.
pub fn objectives(resources: &[Resource], watches: &[Watch]) -> Vec<Objective> {
    let by_address: BTreeMap<&Address, &Watch> =
        watches.iter().map(|watch| (&watch.address, watch)).collect();
    let of_one = |resource: &Resource| {
        let family = kind::of_section(resource.address.section())?.quirks.family;
        if family != Some(Family::Objective) || resource.directives.absent {
            return None;
        }
        let body = resource.body.value();
        let mut services = services_of(texts(body.get("tags")).iter());
        if services.is_empty() {
            services = by_queries(&body);
        }
        if services.is_empty() {
            let members = body.get("monitor_ids").and_then(Value::as_array).into_iter().flatten();
            let members = members.filter_map(|id| Reference::in_text(id.as_str()?).into_iter().next());
            let watches = members.filter_map(|(_, reference)| by_address.get(&reference.target));
            services = services_of(watches.flat_map(|watch| &watch.tags));
        }
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        let ids = [Some(resource.address.to_string()), resource.directives.adopt.clone()];
        for watch in watches.iter().filter(|watch| !watch.silent) {
            let Some((id, Some(window))) = &watch.objective else { continue };
            if ids.iter().flatten().any(|own| own == id) {
                let pace = if *window <= FAST { &mut fast } else { &mut slow };
                pace.push(watch.address.clone());
            }
        }
        Some(Objective { address: resource.address.clone(), services, fast, slow })
    };
    resources.iter().filter_map(of_one).collect()
}

fn services_of<'t>(tags: impl Iterator<Item = &'t String>) -> BTreeSet<String> {
    tags.filter_map(|tag| tag.strip_prefix("service:")).map(str::to_lowercase).collect()
}

/// The services that an objective's metrics are about.
fn by_queries(body: &Value) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    let mut open = vec![body];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                let texts =
                    ["numerator", "denominator", "query"].iter().filter_map(|key| map.get(*key)?.as_str());
                texts.filter_map(|text| query::metric(text).tree).for_each(|tree| add(&tree, &mut services));
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    services
}

fn add(tree: &Metrics, services: &mut BTreeSet<String>) {
    for metric in tree.metrics() {
        let tags = metric.value.scope.as_ref().map(|scope| scope.value.tags()).unwrap_or_default();
        let own = tags.into_iter().filter(|(_, wanted)| *wanted).filter_map(|(tag, _)| {
            let is_service = tag.key?.value.eq_ignore_ascii_case("service");
            is_service.then(|| tag.value.value.trim_matches('"').to_lowercase())
        });
        services.extend(own.filter(|name| !name.contains(['*', '$', '('])));
    }
}
