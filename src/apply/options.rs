//! How an apply is carried out, as its caller says.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::kind::Kind;
use crate::model::FieldChange;

/// Compares what was sent with what was answered: the fields that the service did not keep.
pub type Compare = dyn Fn(&Kind, &Value, &Value) -> Vec<FieldChange> + Sync;

/// How an apply is carried out.
pub struct Options<'a> {
    /// Delete also what others use.
    pub force: bool,
    /// How long a create is repeated whose answers are lost.
    pub patience: Duration,
    /// When what is live was listed.
    pub listed: Instant,
    /// Whether an object was there before, by section and id.
    pub was_there: &'a (dyn Fn(&str, &str) -> bool + Sync),
    /// True: what is on its way is finished, the rest is not tried. Set here too, when the keys are refused.
    /// The limiter is to watch the same.
    pub stop: &'a watch::Sender<bool>,
    pub compare: &'a Compare,
    /// Changes that are not to be tried, by their place in the plan, with the reason: they count as failed.
    pub refused: &'a BTreeMap<usize, String>,
    /// What to do where the service doesn't take the keys.
    pub keys_refused: &'a str,
    /// The secret of a name, where it has a value. It goes into a body for the moment at which that is sent.
    pub secret: &'a (dyn Fn(&str) -> Option<String> + Sync),
}
