//! What coverage knows of what is live: lists of findings, or why there are none.

use serde::Serialize;

use super::plan_json::Source;
use super::sanitize::clean;
use super::telling::clean_address;
use super::value::{count, cut};
use crate::coverage::{Blind, Live, Sighting, Unknown};
use crate::diagnostic::Position;

/// One finding: what it is about, what is said of it, where it stands.
pub struct Finding<'a> {
    pub name: String,
    pub said: String,
    pub position: Option<&'a Position>,
}

/// Lists with their titles.
pub fn lists(live: &Live) -> Vec<(&'static str, Vec<Finding<'_>>)> {
    let Live::Told(sighting) = live else { return Vec::new() };
    let bare = |name: &str| clean(&cut(name, 80)).into_owned();
    let blind = sighting.blind.iter().map(|own| Finding {
        name: clean_address(own.address.as_str()),
        said: said(own),
        position: Some(&own.position),
    });
    let unlisted = sighting.unlisted.iter();
    let unlisted = unlisted.map(|name| Finding { name: bare(name), said: String::new(), position: None });
    let unseen = sighting.unseen.iter().map(|(name, position)| Finding {
        name: bare(name),
        said: String::new(),
        position: Some(position),
    });
    vec![
        ("Monitors that look at nothing live", blind.collect()),
        ("Functions that are live and in no list", unlisted.collect()),
        ("Functions that sent nothing in 30 days", unseen.collect()),
    ]
}

/// `the organisation knows no metric m: did you mean n?`
fn said(blind: &Blind) -> String {
    let metric = cut(&blind.metric, 120);
    let meant = |near: &Option<String>| {
        near.as_ref().map(|near| format!(", did you mean {}?", cut(near, 120))).unwrap_or_default()
    };
    let text = match &blind.unknown {
        Unknown::Metric { near } => format!("the organisation knows no metric {metric}{}", meant(near)),
        Unknown::Key { key } => format!("{metric} has no tag {} to group by", cut(key, 80)),
        Unknown::Tag { tag, near } => format!("{metric} has no tag {}{}", cut(tag, 120), meant(near)),
    };
    clean(&text).into_owned()
}

/// What is not known, as a sentence.
pub fn unknown(live: &Live) -> Option<String> {
    match live {
        Live::Unasked(why) => Some(format!(
            "Whether metrics and tags exist, and which functions are live, is not known: {why}."
        )),
        Live::Told(Sighting { untold: 0, .. }) => None,
        Live::Told(Sighting { untold: 1, .. }) => Some("The tags of 1 metric are not known.".to_owned()),
        Live::Told(sighting) => {
            Some(format!("The tags of {} metrics are not known.", count(sighting.untold)))
        }
    }
}

#[derive(Serialize)]
struct BlindEntry<'a> {
    address: &'a str,
    source: Source<'a>,
    metric: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<&'a str>,
}

#[derive(Serialize)]
struct Unseen<'a> {
    name: &'a str,
    source: Source<'a>,
}

#[derive(Serialize)]
pub struct LiveEntry<'a> {
    blind: Vec<BlindEntry<'a>>,
    unlisted: Vec<&'a str>,
    unseen: Vec<Unseen<'a>>,
    untold: usize,
}

/// `None`: not known.
pub fn entry(live: &Live) -> Option<LiveEntry<'_>> {
    let Live::Told(sighting) = live else { return None };
    Some(LiveEntry {
        blind: sighting.blind.iter().map(blind_entry).collect(),
        unlisted: sighting.unlisted.iter().map(String::as_str).collect(),
        unseen: sighting
            .unseen
            .iter()
            .map(|(name, position)| Unseen { name, source: Source::from(position) })
            .collect(),
        untold: sighting.untold,
    })
}

fn blind_entry(own: &Blind) -> BlindEntry<'_> {
    let (tag, group, near) = match &own.unknown {
        Unknown::Metric { near } => (None, None, near.as_deref()),
        Unknown::Key { key } => (None, Some(key.as_str()), None),
        Unknown::Tag { tag, near } => (Some(tag.as_str()), None, near.as_deref()),
    };
    let source = Source::from(&own.position);
    BlindEntry { address: own.address.as_str(), source, metric: &own.metric, tag, group, near }
}
