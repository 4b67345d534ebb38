//! How the emulator is told to behave while it runs, and what it counts. For tests and benchmarks.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::engine;
use super::faults::{Fault, Faults};
use super::limits::{Limits, Usage, Verdict};

/// The parts that a user sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Behaviour {
    /// Waited before each answer.
    pub latency: Duration,
    pub faults: Faults,
    pub limits: Limits,
    /// Picks the requests that the faults hit.
    pub seed: u64,
    /// From the request of this number on no answer ever comes; 0 for never.
    pub hold_from: u64,
    /// Requests that are held are carried out all the same.
    pub hold_done: bool,
}

impl Behaviour {
    fn json(&self) -> Value {
        json!({
            "latency_ms": self.latency.as_millis() as u64,
            "faults": self.faults.text(),
            "limits": self.limits.text(),
            "seed": self.seed,
            "hold_from": self.hold_from,
            "hold_done": self.hold_done,
        })
    }

    /// The behaviour with the fields of a body changed; others stay.
    fn changed(&self, body: &Map<String, Value>) -> Result<Self, String> {
        let mut new = self.clone();
        for (name, value) in body {
            match (name.as_str(), value) {
                ("latency_ms", Value::Number(number)) => {
                    let millis = number.as_u64().ok_or("\"latency_ms\" must be a whole number.")?;
                    new.latency = Duration::from_millis(millis);
                }
                ("seed", Value::Number(number)) => {
                    new.seed = number.as_u64().ok_or("\"seed\" must be a whole number.")?;
                }
                ("hold_from", Value::Number(number)) => {
                    new.hold_from = number.as_u64().ok_or("\"hold_from\" must be a whole number.")?;
                }
                ("hold_done", Value::Bool(done)) => new.hold_done = *done,
                ("faults", Value::String(text)) => new.faults = Faults::parse(text)?,
                ("limits", Value::String(text)) => new.limits = Limits::parse(text)?,
                _ => {
                    return Err(format!(
                        "\"{name}\" can't be set so. There are latency_ms, seed and hold_from (numbers), faults and \
                         limits (texts), hold_done (true or false)."
                    ));
                }
            }
        }
        Ok(new)
    }
}

/// The behaviour, and what has happened under it.
#[derive(Debug, Default)]
pub struct Conduct {
    pub behaviour: Behaviour,
    usage: Usage,
    /// Requests since the behaviour was set: the place in the sequence of faults.
    drawn: u64,
    total: u64,
    routes: BTreeMap<String, u64>,
    limited: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Conduct {
    pub fn new(behaviour: Behaviour) -> Self {
        Self { behaviour, ..Self::default() }
    }

    /// Counts a call and says what befalls it. `now` is the time since 1970.
    pub fn receive(&mut self, call: &Call, now: Duration) -> (Option<Fault>, Verdict) {
        self.total += 1;
        *self.routes.entry(route(call)).or_default() += 1;
        let mut verdict = self.usage.take(&self.behaviour.limits, call, now);
        if !verdict.allowed {
            self.limited += 1;
            return (None, verdict);
        }
        let drawn = self.behaviour.faults.draw(self.behaviour.seed, self.drawn);
        self.drawn += 1;
        let held = self.behaviour.hold_from > 0 && self.drawn >= self.behaviour.hold_from;
        let fault = if held { Some(Fault::Hang { done: self.behaviour.hold_done }) } else { drawn };
        if let Some(fault) = fault {
            *self.faults.entry(fault.name()).or_default() += 1;
        }
        if fault == Some(Fault::TooMany) {
            // A real 429 says that nothing remains, and when to come back.
            (verdict.remaining, verdict.reset) = (0, 1);
        }
        (fault, verdict)
    }

    fn requests(&self) -> Value {
        json!({ "total": self.total, "routes": self.routes, "limited": self.limited, "faults": self.faults })
    }

    /// `/sandbox/control` and `/sandbox/requests`; None for any other path.
    pub fn answer(&mut self, call: &Call) -> Option<Answer> {
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", "/sandbox/control") => Some(Answer::json(&self.behaviour.json())),
            ("PUT", "/sandbox/control") => Some(self.set(call)),
            ("GET", "/sandbox/requests") => Some(Answer::json(&self.requests())),
            ("DELETE", "/sandbox/requests") => {
                let before = self.requests();
                (self.total, self.limited) = (0, 0);
                self.routes.clear();
                self.faults.clear();
                Some(Answer::json(&before))
            }
            _ => None,
        }
    }

    fn set(&mut self, call: &Call) -> Answer {
        let changed = match call.object() {
            Ok(body) => self.behaviour.changed(&body),
            Err(answer) => return answer,
        };
        match changed {
            Ok(behaviour) => {
                self.behaviour = behaviour;
                (self.usage, self.drawn) = (Usage::default(), 0);
                Answer::json(&self.behaviour.json())
            }
            Err(words) => Answer::refusal(400, &words),
        }
    }
}

/// Method and path, ids left out: `GET /api/v1/monitor/{id}`.
fn route(call: &Call) -> String {
    if let Some(found) = engine::find(call) {
        return format!("{} {}", call.method, found.pattern);
    }
    // Not a route: what stands below a resource's path may be an id.
    let known = engine::owner(&call.path).map_or(3, |resource| resource.path.split('/').count());
    let parts = call.path.split('/').enumerate();
    let parts = parts.map(|(at, part)| if at < known || part.is_empty() { part } else { "{id}" });
    format!("{} {}", call.method, parts.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str, body: &str) -> Call {
        let body = Some(body.as_bytes().to_vec());
        Call { method: method.to_owned(), path: path.to_owned(), body, ..Call::default() }
    }

    #[test]
    fn behaviour_is_set_in_parts_and_shown() {
        let mut conduct = Conduct::default();
        let mut set = |body: &str| conduct.answer(&call("PUT", "/sandbox/control", body)).unwrap();
        assert_eq!(set(r#"{"faults":"429=1","seed":7}"#).status, 200);
        let shown =
            r#"{"latency_ms":5,"faults":"429=1","limits":"","seed":7,"hold_from":0,"hold_done":false}"#;
        assert_eq!(set(r#"{"latency_ms":5}"#).body, shown);
        for body in ["", "[]", r#"{"speed":1}"#, r#"{"seed":-1}"#, r#"{"limits":"x"}"#, r#"{"faults":1}"#] {
            assert_eq!(set(body).status, 400, "{body}");
        }
        let (fault, verdict) = conduct.receive(&call("GET", "/api/v1/slo/abc", ""), Duration::ZERO);
        assert_eq!((fault, verdict.remaining), (Some(Fault::TooMany), 0));
        let counted = r#"{"total":3,"routes":{"GET /api/v1/slo":2,"GET /api/v1/slo/{id}":1},"limited":0,"faults":{"429":1,"hang":1}}"#;
        conduct
            .answer(&call("PUT", "/sandbox/control", r#"{"hold_from":2,"hold_done":true,"faults":""}"#))
            .unwrap();
        let mut receive = || conduct.receive(&call("GET", "/api/v1/slo", ""), Duration::ZERO).0;
        assert_eq!((receive(), receive()), (None, Some(Fault::Hang { done: true })));
        let requests = |conduct: &mut Conduct, method: &str| {
            conduct.answer(&call(method, "/sandbox/requests", "")).unwrap().body
        };
        assert_eq!(requests(&mut conduct, "DELETE"), counted);
        assert_eq!(requests(&mut conduct, "GET"), r#"{"total":0,"routes":{},"limited":0,"faults":{}}"#);
        assert!(conduct.answer(&call("GET", "/sandbox/x", "")).is_none());
    }
}
