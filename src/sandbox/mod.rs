//! A Datadog of our own, behind the wire; it knows nothing of the rest.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use serde_json::json;

use crate::wire::{Request, Response, Wire, WireError};

mod call;
mod world;
mod ids;
mod journal;

mod monitor;
mod monitor_body;
mod slo;
mod slo_body;
mod formula;
mod dashboard;
mod dashboard_body;
mod search;

mod limits;
mod faults;
mod control;
mod serve;

#[cfg(test)]
#[path = "../../tests/recordings/sandbox.rs"]
mod recorded;

#[cfg(test)]
mod tests;

pub use control::Behaviour;
pub use faults::Faults;
pub use journal::{SandboxError, reset};
pub use limits::Limits;
pub use serve::{Keys, Serving, serve};

use call::{Answer, Call};
use control::Conduct;
use faults::Fault;
use journal::Journal;
use world::World;

/// The user who makes everything.
const USER: &str = "sandbox@example.com";
/// How a slow answer is spread: so many pieces, so long apart.
const DRIPS: (u32, Duration) = (20, Duration::from_millis(50));

/// An emulated organisation, its state in a folder that other processes may share.
#[derive(Debug)]
pub struct Sandbox {
    state: Mutex<State>,
    conduct: Mutex<Conduct>,
}

#[derive(Debug)]
struct State {
    journal: Journal,
    world: World,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    answer: Answer,
    headers: Vec<(String, String)>,
    /// What is to be done to the answer on its way.
    fault: Option<Fault>,
}

impl Sandbox {
    /// Opens the sandbox of a folder, or starts an empty one there.
    pub fn open(folder: &Path) -> Result<Self, SandboxError> {
        let mut state = State { journal: Journal::new(folder)?, world: World::default() };
        {
            let _held = state.journal.lock()?;
            state.journal.catch_up(&mut state.world)?;
            state.journal.compact(&state.world)?;
        }
        Ok(Self { state: Mutex::new(state), conduct: Mutex::default() })
    }

    /// Sets how it behaves; the counters start anew.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.conduct() = Conduct::new(behaviour);
    }

    /// Answers a call, faults and limits and latency included.
    async fn receive(&self, call: &Call) -> Outcome {
        let latency = self.conduct().behaviour.latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (fault, verdict) = self.conduct().receive(call, now);
        let headers = verdict.headers();
        if !verdict.allowed {
            let answer = Answer::refusal(429, "Too many requests");
            return Outcome { answer, headers, fault: None };
        }
        let mut answer = match fault {
            Some(fault) if !fault.does_the_work() => Answer::empty(),
            _ => self.perform(call),
        };
        if let Some((status, words)) = fault.and_then(Fault::status) {
            answer = Answer::refusal(status, words);
        }
        Outcome { answer, headers, fault: fault.filter(|fault| fault.status().is_none()) }
    }

    /// Carries a call out: all of it or, if it is refused or the state can't be written, nothing.
    fn perform(&self, call: &Call) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.perform(call) {
            Ok(answer) => answer,
            // Not one of those that a client sends again: a disk that is full stays so.
            Err(error) => Answer::refusal(400, &error.to_string()),
        }
    }

    /// Empties the organisation.
    fn empty(&self) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.journal.empty() {
            Ok(()) => Answer::text("{}".to_owned()),
            Err(error) => Answer::refusal(500, &error.to_string()),
        }
    }

    fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn perform(&mut self, call: &Call) -> Result<Answer, SandboxError> {
        let _held = self.journal.lock()?;
        self.journal.catch_up(&mut self.world)?;
        let answer = route(&mut self.world, call).unwrap_or_else(|refusal| refusal);
        let lines = std::mem::take(&mut self.world.pending);
        if !lines.is_empty()
            && let Err(error) = self.journal.append(&lines)
        {
            // The file doesn't have it, so nobody may see it: the next call reads the file anew.
            self.journal.forget();
            return Err(error);
        }
        Ok(answer)
    }
}

/// Answers by path. An `Err` is a refusal; it has changed nothing.
fn route(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let segments = call.segments().ok_or_else(Answer::unknown_route)?;
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (path.first().copied().unwrap_or_default(), call.method.as_str()) {
        ("monitor", _) => monitor::answer(world, call, &path[1..]),
        ("slo", _) => slo::answer(world, call, &path[1..]),
        ("dashboard", _) => dashboard::answer(world, call, &path[1..]),
        ("validate", "GET") if path.len() == 1 => Ok(Answer::json(&json!({ "valid": true }))),
        ("org", "GET") if path.len() == 1 => Ok(Answer::json(&json!({ "orgs": [{
            "public_id": "sandbox",
            "name": "Sandbox",
            "description": "",
            "created": "2020-01-01 00:00:00",
            "subscription": { "type": "trial" },
            "billing": { "type": "" },
            "settings": {},
        }] }))),
        _ => Err(Answer::unknown_route()),
    }
}

impl Wire for Sandbox {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        Box::pin(async move {
            let call = Call {
                method: request.method.name().to_owned(),
                path: request.path.clone(),
                query: request.query.clone(),
                body: request.body.as_ref().map(|body| body.to_vec()),
            };
            let Outcome { answer, headers, fault } = self.receive(&call).await;
            match fault {
                Some(Fault::Hang { .. }) => std::future::pending::<()>().await,
                Some(Fault::Drip) => tokio::time::sleep(DRIPS.0 * DRIPS.1).await,
                Some(fault) => {
                    let words = format!("The sandbox broke the connection on purpose ({})", fault.name());
                    return Err(WireError::Lost(words));
                }
                None => {}
            }
            Ok(Response { status: answer.status, headers, body: answer.body.into() })
        })
    }
}
