//! What a run has to tell of itself at its end, gathered while it goes on.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many of something, by two names that tell it apart.
pub type Counts = BTreeMap<(&'static str, &'static str), u64>;

#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub project: Option<String>,
    pub environment: Option<String>,
    /// By action and kind: planned, or done. Absent where nothing came to be planned.
    pub changes: Option<Counts>,
    /// Changes that failed or were not tried.
    pub failed: u64,
    /// Declared, by kind.
    pub resources: BTreeMap<&'static str, u64>,
    /// Attempts by the class of their status.
    pub requests: BTreeMap<&'static str, u64>,
    /// Spent waiting for rate limits, by all requests.
    pub waited: Duration,
    pub drift: Option<Drift>,
    /// Something was carried out.
    pub applied: bool,
}

/// Whether what is live is what is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    None,
    /// So many objects differ.
    Some(u64),
    /// It could not be found out.
    Unknown,
}

impl Drift {
    /// The status of a service check: OK, warning, critical.
    pub fn status(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Some(_) => 1,
            Self::Unknown => 2,
        }
    }

    pub fn words(self) -> String {
        match self {
            Self::None => "nothing drifted".to_owned(),
            Self::Some(count) => format!("{count} drifted"),
            Self::Unknown => "drift could not be told".to_owned(),
        }
    }
}

impl Facts {
    /// How many changes of an action there are, of all kinds.
    pub fn of_action(&self, action: &str) -> u64 {
        let counts = self.changes.iter().flatten();
        counts.filter(|((own, _), _)| *own == action).map(|(_, count)| count).sum()
    }

    /// Created, updated, deleted, and so on: each action that occurs, the names sorted.
    pub fn by_action(&self) -> BTreeMap<&'static str, u64> {
        let mut found = BTreeMap::new();
        for ((action, _), count) in self.changes.iter().flatten() {
            *found.entry(*action).or_default() += count;
        }
        found
    }
}

/// The class of a request's end.
pub fn class(status: Option<u16>) -> &'static str {
    match status {
        Some(100..=199) => "1xx",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(500..) => "5xx",
        _ => "none",
    }
}
