//! What musher tells of its own runs: spans and metrics by OTLP, counts by DogStatsD. Off, it costs nothing; whatever goes
//! wrong here changes neither an answer nor an exit code, and holds nobody up for longer than two seconds.

// Without OTLP no span can be: what would become of one is never reached.
#![cfg_attr(not(feature = "otlp"), allow(unreachable_code, unused_variables, unused_mut, unused_assignments))]

mod attribute;
mod container;
mod facts;
mod job;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(not(feature = "otlp"))]
#[path = "absent.rs"]
mod otlp;
mod parent;
mod route;
mod secrecy;
mod settings;
mod statsd;
mod variable;

use std::collections::BTreeMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::runtime::Handle;

use attribute::{Attribute, Value, number, text};
pub use facts::Drift;
use facts::{Facts, class};
use otlp::{Meter, Open, Tracer, Under};
pub use secrecy::remember as keep_secret;
use statsd::Statsd;
pub use variable::Variable;

use crate::limit::Attempt;
use crate::model::{Outcome, Plan, Resource, Status};
use crate::wire::{Method, WireError};

/// How long a run that is over may be held up, with some room for what can't be cut short.
const PATIENCE: Duration = Duration::from_millis(1700);

/// What a run tells of itself, to whomever the environment names.
pub struct Telemetry {
    command: &'static str,
    since: (Instant, SystemTime),
    spans: Option<Spans>,
    meter: Option<Arc<Meter>>,
    statsd: Option<Statsd>,
    job: Vec<Attribute>,
    /// Of the trace that a run belongs to, also where no span is sent.
    trace: Option<Ids>,
    facts: Mutex<Facts>,
    warnings: Vec<String>,
}

/// Where a line of a log belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    pub trace: String,
    /// Absent where the run has no span of its own.
    pub span: Option<String>,
    pub sampled: bool,
    /// The project of Google Cloud that this runs in.
    pub cloud: Option<String>,
}

struct Spans {
    tracer: Arc<Tracer>,
    root: Mutex<Option<Open>>,
    under: Under,
    now: Mutex<Now>,
    cloud: Option<String>,
}

/// What requests belong to at this moment.
#[derive(Default)]
struct Now {
    /// By section, while lists are read: its span, how many requests, and the end of the last one.
    lists: Option<BTreeMap<&'static str, (Open, u64, SystemTime)>>,
    /// A stage that sends requests.
    stage: Option<Under>,
}

/// A stage that goes on; dropped, it is over.
pub struct Stage<'a> {
    spans: Option<&'a Spans>,
    open: Option<Open>,
}

/// What is said at the end, on stderr.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Farewell {
    pub warnings: Vec<String>,
    /// The id by which the run is found.
    pub trace: Option<String>,
}

impl Telemetry {
    /// Reads what the environment asks for. Opens no connection. To be called within the runtime.
    pub fn start(command: &'static str, variable: &Variable<'_>, runtime: &Handle) -> Self {
        let since = (Instant::now(), SystemTime::now());
        let mut settings = settings::read(variable);
        let mut warnings = std::mem::take(&mut settings.warnings);
        let parent = parent::read(variable, &settings.propagators);
        let cloud = variable("GOOGLE_CLOUD_PROJECT");
        let statsd = Statsd::read(variable, &mut warnings);
        let mut telemetry = Self {
            command,
            since,
            spans: None,
            meter: None,
            statsd,
            job: Vec::new(),
            trace: parent.as_ref().map(|parent| Ids {
                trace: format!("{:032x}", parent.trace),
                span: None,
                sampled: parent.sampled,
                cloud: cloud.clone(),
            }),
            facts: Mutex::default(),
            warnings,
        };
        if !settings.is_on() {
            // What is wrong with what nobody asked for is not worth a word.
            if telemetry.statsd.is_none() {
                telemetry.warnings.clear();
            }
            return telemetry;
        }
        let started = otlp::start(&settings, variable, runtime);
        telemetry.warnings.extend(started.warnings);
        telemetry.job = job::attributes(variable);
        telemetry.meter = started.meter.map(Arc::new);
        telemetry.spans = started.tracer.map(|tracer| {
            let root =
                tracer.open(format!("musher {command}"), false, &Under::remote(parent.as_ref()), since.1);
            let under = root.under();
            let (trace, span, sampled) = under.ids();
            telemetry.trace = Some(Ids { trace, span: Some(span), sampled, cloud: cloud.clone() });
            Spans {
                tracer: Arc::new(tracer),
                root: Mutex::new(Some(root)),
                under,
                now: Mutex::default(),
                cloud,
            }
        });
        telemetry
    }

    /// Of a command that has nothing to tell.
    pub fn off() -> Self {
        Self {
            command: "",
            since: (Instant::now(), SystemTime::now()),
            spans: None,
            meter: None,
            statsd: None,
            job: Vec::new(),
            trace: None,
            facts: Mutex::default(),
            warnings: Vec::new(),
        }
    }

    /// The trace that this run belongs to.
    pub fn ids(&self) -> Option<&Ids> {
        self.trace.as_ref()
    }

    /// The trace of this run, where it tells a collector of it.
    pub fn trace(&self) -> Option<&str> {
        self.spans.as_ref().and(self.trace.as_ref()).map(|ids| ids.trace.as_str())
    }

    /// A stage begins.
    pub fn stage(&self, name: &'static str) -> Stage<'_> {
        let open = |spans: &Spans| spans.tracer.open(name.to_owned(), false, &spans.under, SystemTime::now());
        Stage { spans: None, open: self.spans.as_ref().map(open) }
    }

    /// The same, of a stage that requests belong to.
    pub fn stage_of_requests(&self, name: &'static str) -> Stage<'_> {
        let mut stage = self.stage(name);
        if let Some((spans, open)) = self.spans.as_ref().zip(stage.open.as_ref()) {
            lock(&spans.now).stage = Some(open.under());
            stage.spans = Some(spans);
        }
        stage
    }

    /// From now on reads belong to the lists of their sections.
    pub fn lists_begin(&self) {
        if let Some(spans) = &self.spans {
            lock(&spans.now).lists.get_or_insert_default();
        }
    }

    /// All lists are read.
    pub fn lists_end(&self) {
        let Some(spans) = &self.spans else { return };
        for (mut open, requests, end) in
            lock(&spans.now).lists.take().into_iter().flat_map(BTreeMap::into_values)
        {
            open.set([number("musher.requests", requests)]);
            open.end_at(end);
        }
    }

    /// Whose run it is.
    pub fn project(&self, project: &str, environment: Option<&str>) {
        let mut facts = lock(&self.facts);
        facts.project = Some(project.to_owned());
        facts.environment = environment.map(str::to_owned);
    }

    pub fn resources(&self, resources: &[Resource]) {
        if !self.counts() {
            return;
        }
        let mut facts = lock(&self.facts);
        facts.resources.clear();
        for resource in resources {
            if let Some(kind) = crate::kind::of_section(resource.address.section()) {
                *facts.resources.entry(kind.name).or_default() += 1;
            }
        }
    }

    /// What is planned.
    pub fn planned(&self, plan: &Plan) {
        let mut facts = lock(&self.facts);
        let counts = facts.changes.insert(BTreeMap::new());
        for change in &plan.changes {
            *counts.entry((change.action.name(), change.kind)).or_default() += 1;
        }
    }

    /// What was done, in place of what was planned.
    pub fn applied(&self, outcomes: &[Outcome]) {
        let mut facts = lock(&self.facts);
        let counts = facts.changes.insert(BTreeMap::new());
        let done = outcomes.iter().filter(|outcome| outcome.status == Status::Done);
        for outcome in done.clone() {
            *counts.entry((outcome.action.name(), outcome.kind)).or_default() += 1;
        }
        let done = done.count();
        facts.failed = u64::try_from(outcomes.len() - done).unwrap_or(u64::MAX);
        facts.applied = true;
    }

    /// Nothing was carried out of what was planned.
    pub fn held(&self) {
        lock(&self.facts).changes = Some(BTreeMap::new());
    }

    pub fn drift(&self, drift: Drift) {
        lock(&self.facts).drift = Some(drift);
    }

    fn counts(&self) -> bool {
        self.meter.is_some() || self.statsd.is_some()
    }

    /// A request and how it ended; its ids.
    pub fn attempt(&self, attempt: &Attempt<'_>) -> Option<Ids> {
        let class = class(attempt.status());
        if self.counts() {
            let mut facts = lock(&self.facts);
            *facts.requests.entry(class).or_default() += 1;
            facts.waited += attempt.waited;
            if let Some(meter) = &self.meter {
                meter.request(class, attempt.waited, &facts);
            }
        }
        match &self.spans {
            Some(spans) => Some(spans.attempt(attempt)),
            None => self.trace.clone(),
        }
    }

    /// Sends what is left, and says what could not be sent.
    pub fn end(&self, code: u8, fails: bool) -> Farewell {
        let facts = lock(&self.facts).clone();
        let took = self.since.0.elapsed();
        self.lists_end();
        if let Some(mut root) = self.spans.as_ref().and_then(|spans| lock(&spans.root).take()) {
            root.set(self.told(&facts, code));
            if fails {
                root.fail();
            }
            root.end_at(SystemTime::now());
        }
        let deadline = Instant::now() + PATIENCE;
        let mut warnings = self.warnings.clone();
        let (done, ended) = mpsc::channel();
        let mut waiting = 0;
        let mut run = |work: Box<dyn FnOnce() -> Option<String> + Send>| {
            let done = done.clone();
            waiting += 1;
            // Left alone where it takes too long: the process ends.
            std::thread::spawn(move || done.send(work()));
        };
        if let Some(tracer) = self.spans.as_ref().map(|spans| Arc::clone(&spans.tracer)) {
            run(Box::new(move || {
                tracer.end(PATIENCE);
                None
            }));
        }
        if let Some(meter) = self.meter.clone() {
            meter.sum_up(self.command, &facts, took);
            run(Box::new(move || {
                meter.end();
                None
            }));
        }
        if let Some(statsd) = self.statsd.clone() {
            let lines = statsd.lines(&facts, took, self.meter.is_none());
            run(Box::new(move || statsd.send(&lines).err()));
        }
        let mut late = false;
        for _ in 0..waiting {
            match ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(wrong) => warnings.extend(wrong),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    late = true;
                    break;
                }
            }
        }
        warnings.extend(self.lost(late));
        Farewell { warnings, trace: self.trace().map(str::to_owned) }
    }

    /// What did not arrive, as one sentence.
    fn lost(&self, late: bool) -> Option<String> {
        let spans = self.spans.as_ref().map(|spans| spans.tracer.tally());
        let (lost, made) = spans.map_or((0, 0), |tally| tally.lost());
        let metrics = self.meter.as_ref().map(|meter| meter.tally());
        let no_metrics = metrics.is_some_and(|tally| {
            tally.has_failed() || tally.lost().0 > 0 || (late && tally.lost() == (0, 0))
        });
        let mut parts = Vec::new();
        if lost > 0 {
            parts.push(format!("{lost} of {made} spans"));
        }
        if no_metrics {
            parts.push("metrics".to_owned());
        }
        if parts.is_empty() {
            return None;
        }
        let reason = spans
            .into_iter()
            .filter(|_| lost > 0)
            .chain(metrics.filter(|_| no_metrics))
            .find_map(|tally| tally.reason());
        let fallback = if late { "the collector does not answer in time" } else { "the queue was full" };
        Some(format!(
            "telemetry: {} did not arrive: {}",
            parts.join(" and "),
            reason.as_deref().unwrap_or(fallback)
        ))
    }

    /// What the span of the whole run tells.
    fn told(&self, facts: &Facts, code: u8) -> Vec<Attribute> {
        let mut told = self.job.clone();
        let named = [("musher.project", &facts.project), ("deployment.environment.name", &facts.environment)];
        told.extend(named.into_iter().filter_map(|(name, value)| Some(text(name, value.as_deref()?))));
        if facts.changes.is_some() {
            told.extend([
                number("musher.changes.create", facts.of_action("create")),
                number("musher.changes.update", facts.of_action("update")),
                number("musher.changes.delete", facts.of_action("delete")),
            ]);
            let all: u64 = facts.by_action().values().sum();
            told.push(number("musher.changes.total", all));
        }
        if facts.applied {
            told.push(number("musher.changes.failed", facts.failed));
        }
        told.push(number("process.exit.code", u64::from(code)));
        told
    }
}

impl Spans {
    /// One attempt as a span that is over already.
    fn attempt(&self, attempt: &Attempt<'_>) -> Ids {
        let end = SystemTime::now();
        let since = end.checked_sub(Duration::from_millis(attempt.milliseconds)).unwrap_or(end);
        let method = attempt.request.method;
        let path = &attempt.request.path;
        let mut now = lock(&self.now);
        let under = match (&mut now.lists, route::section(path)) {
            (Some(lists), Some(section)) if method == Method::Get => {
                let fresh =
                    || (self.tracer.open(format!("list {section}"), false, &self.under, since), 0, end);
                let (open, requests, last) = lists.entry(section).or_insert_with(fresh);
                (*requests, *last) = (*requests + 1, end);
                open.under()
            }
            _ => now.stage.clone().unwrap_or_else(|| self.under.clone()),
        };
        drop(now);
        let template = route::template(path);
        let mut open = self.tracer.open(format!("{} {template}", method.name()), true, &under, since);
        open.set([text("http.request.method", method.name()), text("url.template", &template)]);
        if attempt.resends > 0 {
            open.set([number("http.request.resend_count", u64::from(attempt.resends))]);
        }
        match attempt.answer {
            Ok(response) => {
                open.set([number("http.response.status_code", u64::from(response.status))]);
                let remaining = response.header("x-ratelimit-remaining").and_then(|text| text.parse().ok());
                open.set(remaining.map(|remaining| number("musher.ratelimit.remaining", remaining)));
                if response.status >= 400 {
                    open.fail();
                }
            }
            Err(error) => {
                open.set([text("error.type", error_type(error))]);
                open.fail();
            }
        }
        open.set(
            attempt.bucket.filter(|name| is_name(name)).map(|name| text("musher.ratelimit.bucket", name)),
        );
        open.set([("musher.ratelimit.wait", Value::Seconds(attempt.waited.as_secs_f64()))]);
        let (trace, span, sampled) = open.under().ids();
        open.end_at(end);
        Ids { trace, span: Some(span), sampled, cloud: self.cloud.clone() }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if let Some(spans) = self.spans {
            lock(&spans.now).stage = None;
        }
        if let Some(open) = self.open.take() {
            open.end_at(SystemTime::now());
        }
    }
}

/// What the service calls a limit, as long as that is a name.
fn is_name(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

fn error_type(error: &WireError) -> &'static str {
    match error {
        WireError::NotSent(_) => "not_sent",
        WireError::Lost(_) => "lost",
        WireError::Cut(..) => "cut",
        WireError::Held(_) => "held",
        WireError::TooLarge(_) => "too_large",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
