//! `-v`: requests and waits on stderr, and waits to the progress.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limit::{Attempt, Observer};
use crate::model::{Event, Watch};
use crate::render::progress::Progress;
use crate::render::request;

/// Hears of requests; shows people as much as they asked for.
pub struct Log {
    progress: Mutex<Arc<Progress>>,
    /// The wait that was reported last, and its end.
    waiting: Mutex<Option<(String, Instant)>>,
    /// 1: requests, 2: their bodies too.
    pub verbose: u8,
}

impl Log {
    pub fn new(progress: Arc<Progress>, verbose: u8) -> Self {
        Self { progress: Mutex::new(progress), waiting: Mutex::new(None), verbose }
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

impl Observer for Log {
    fn attempt(&self, attempt: &Attempt<'_>) {
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
        progress.say(&request::line(&line));
        if self.verbose > 1 {
            let bodies = [attempt.request.body.as_ref(), answer.as_ref().ok().map(|answer| &answer.body)];
            for body in bodies.into_iter().flatten().filter(|body| !body.is_empty()) {
                progress.say(&request::body(body));
            }
        }
    }

    fn waiting(&self, bucket: &str, wait: Duration) {
        let reported = Some((bucket.to_owned(), Instant::now() + wait));
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = reported;
        self.progress().report(Event::Waiting { bucket, seconds: wait.as_secs() });
    }
}
