//! `-v`: requests and waits on stderr, and waits to the progress.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::args::{Common, LogFormat};
use crate::limit::{Attempt, Observer};
use crate::model::{Event, Watch};
use crate::render::log::{self, Severity, Trace};
use crate::render::progress::Progress;
use crate::render::request;
use crate::render::sanitize::clean;
use crate::telemetry::{Ids, Telemetry};

/// Hears of requests; shows people as much as they asked for.
pub struct Log {
    progress: Mutex<Arc<Progress>>,
    /// The wait that was reported last, and its end.
    waiting: Mutex<Option<(String, Instant)>>,
    /// 1: requests, 2: their bodies too.
    verbose: u8,
    format: LogFormat,
    telemetry: Arc<Telemetry>,
}

impl Log {
    pub fn new(progress: Arc<Progress>, common: &Common, telemetry: Arc<Telemetry>) -> Self {
        let (verbose, format) = (common.verbose, common.log_format);
        Self { progress: Mutex::new(progress), waiting: Mutex::new(None), verbose, format, telemetry }
    }

    /// What comes from now on belongs to another stretch of work. A wait that lasts into it is reported again: what
    /// was reported before may have been shown to nobody.
    pub fn go_on_with(&self, progress: Arc<Progress>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((bucket, end)) = waiting {
            let left = end.saturating_duration_since(Instant::now());
            if left >= Duration::from_secs(1) {
                self.progress().report(Event::Waiting { bucket: &bucket, seconds: left.as_secs() });
            }
        }
    }

    fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A line of a log, with the trace that it belongs to.
pub fn line(severity: Severity, text: &str, ids: Option<&Ids>, more: Map<String, Value>) -> String {
    fn trace(ids: &Ids) -> Trace<'_> {
        Trace {
            trace: &ids.trace,
            span: ids.span.as_deref(),
            sampled: ids.sampled,
            cloud: ids.cloud.as_deref(),
        }
    }
    log::record(severity, text, ids.map(trace), more)
}

fn severity(attempt: &Attempt<'_>) -> Severity {
    match attempt.status() {
        Some(..400) => Severity::Info,
        _ => Severity::Warning,
    }
}

impl Observer for Log {
    fn attempt(&self, attempt: &Attempt<'_>) {
        let ids = self.telemetry.attempt(attempt);
        if self.verbose == 0 {
            return;
        }
        let answer = attempt.answer.map_err(ToString::to_string);
        let line = request::Line {
            method: attempt.request.method.name(),
            path: &attempt.request.path,
            query: &attempt.request.query,
            status: answer.as_ref().map(|answer| answer.status).map_err(String::as_str),
            milliseconds: attempt.milliseconds,
            bucket: attempt.bucket,
            again: attempt.again,
        };
        let progress = self.progress();
        let (ids, text) = (ids.as_ref(), request::line(&line));
        match self.format {
            LogFormat::Text => progress.say(&text),
            LogFormat::Json => progress.say(&self::line(severity(attempt), &text, ids, log::request(&line))),
        }
        if self.verbose > 1 {
            let bodies = [attempt.request.body.as_ref(), answer.as_ref().ok().map(|answer| &answer.body)];
            for body in bodies.into_iter().flatten().filter(|body| !body.is_empty()) {
                match self.format {
                    LogFormat::Text => progress.say(&request::body(body)),
                    LogFormat::Json => {
                        progress.say(&self::line(Severity::Debug, &request::body(body), ids, Map::new()));
                    }
                }
            }
        }
    }

    fn waiting(&self, bucket: &str, wait: Duration) {
        let reported = Some((bucket.to_owned(), Instant::now() + wait));
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = reported;
        if self.format == LogFormat::Json && self.verbose > 0 {
            let text = format!("waiting {} s for the rate limit `{}`", wait.as_secs(), clean(bucket));
            self.progress().say(&line(Severity::Info, &text, self.telemetry.ids(), Map::new()));
        }
        self.progress().report(Event::Waiting { bucket, seconds: wait.as_secs() });
    }
}
