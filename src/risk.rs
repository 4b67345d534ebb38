//! What a change endangers.

use serde_json::Value;

use crate::kind::Kind;
use crate::model::{Action, Risk};

pub fn risks(_kind: &Kind, _action: Action, _live: Option<&Value>, _wanted: Option<&Value>) -> Vec<Risk> {
    Vec::new()
}
