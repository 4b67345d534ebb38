//! A Datadog of our own, behind the wire; it knows nothing of the rest.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::wire::{Request, Response, Wire, WireError};
use futures_util::future::BoxFuture;

mod call;
mod index;
mod world;
mod ids;
mod journal;

mod resource;
mod engine;
mod effect;
mod refusal;
mod order;
mod kinds;

mod monitor;
mod monitor_body;
mod monitor_options;
mod slo;
mod slo_body;
mod forms;
mod formula;
mod dashboard;
mod dashboard_body;
mod widget;
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
use resource::Words;
use world::World;

/// How a slow answer is spread: the number of pieces, and the time between them.
const DRIPS: (u32, Duration) = (20, Duration::from_millis(50));

/// An emulated organisation, its state in a folder that other processes may share.
#[derive(Debug)]
pub struct Sandbox {
    state: Mutex<State>,
    conduct: Mutex<Conduct>,
    /// The resources of writes that are under way, of those that take one at a time.
    writing: Mutex<Vec<&'static str>>,
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
        let mut state = State { journal: Journal::new(folder)?, world: kinds::world() };
        {
            let _held = state.journal.lock()?;
            state.journal.catch_up(&mut state.world)?;
            state.journal.compact(&state.world)?;
        }
        Ok(Self { state: Mutex::new(state), conduct: Mutex::default(), writing: Mutex::default() })
    }

    /// Sets how it behaves; the counters start anew.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.conduct() = Conduct::new(behaviour);
    }

    /// Answers a call, faults and limits and latency included.
    async fn receive(&self, call: &Call) -> Outcome {
        let (_writing, outrun) = Writing::begin(self, call);
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
        if let Some(words) = outrun.filter(|_| answer.status < 300) {
            answer = words.answer("", "");
        }
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

/// A write under way, of a resource that takes one at a time.
struct Writing<'a> {
    sandbox: &'a Sandbox,
    name: &'static str,
}

impl<'a> Writing<'a> {
    /// Begins a call; with the words that it gets if another write of its resource is under way.
    fn begin(sandbox: &'a Sandbox, call: &Call) -> (Option<Self>, Option<Words>) {
        let serial = engine::find(call).filter(|_| call.writes());
        let serial = serial.and_then(|found| Some((found.resource.name, found.resource.serial?)));
        let Some((name, words)) = serial else {
            return (None, None);
        };
        let mut writing = sandbox.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let others = writing.contains(&name);
        writing.push(name);
        (Some(Self { sandbox, name }), Some(words).filter(|_| others))
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut writing = self.sandbox.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = writing.iter().position(|own| *own == self.name) {
            writing.swap_remove(at);
        }
    }
}

impl State {
    fn perform(&mut self, call: &Call) -> Result<Answer, SandboxError> {
        let _held = self.journal.lock()?;
        self.journal.catch_up(&mut self.world)?;
        let answer = engine::answer(&mut self.world, call).unwrap_or_else(|refusal| refusal);
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
            Ok(Response { status: answer.status, headers, body: answer.body.into(), read: None })
        })
    }
}
