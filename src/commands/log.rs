//! `-v`: requests and waits on stderr, and waits to the progress.

use std::sync::Arc;

use crate::limit::{Attempt, Observer};
use crate::model::{Event, Watch};
use crate::render::progress::Progress;
use crate::render::request;

/// Hears of requests; tells people as much as they asked for.
pub struct Log {
    pub progress: Arc<Progress>,
    /// 1: requests, 2: their bodies too.
    pub verbose: u8,
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
        self.progress.say(&request::line(&line));
        if self.verbose > 1 {
            let bodies = [attempt.request.body.as_ref(), answer.as_ref().ok().map(|answer| &answer.body)];
            for body in bodies.into_iter().flatten().filter(|body| !body.is_empty()) {
                self.progress.say(&request::body(body));
            }
        }
    }

    fn waiting(&self, bucket: &str, wait: std::time::Duration) {
        self.progress.tell(Event::Waiting { bucket, seconds: wait.as_secs() });
    }
}
