//! A wire that paces another: within the announced rate limits, as many at once as the service likes, and again
//! after a fault where that is safe.

mod bucket;
mod level;
mod window;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::wire::{Method, Request, Response, Wire, WireError, count_attempt, is_too_late};
use bucket::{Bucket, Buckets};
use level::Level;
use window::{Announced, Permit, asked_wait};

/// Reads under way at once, where no number is fixed: all lists of a plan go out together. They cost the service little,
/// and a plan waits for them.
const READS: usize = 64;
/// The first writes, and the most.
const FIRST_WRITES: usize = 8;
const WRITES: usize = 32;
/// The first wait after a fault, and the longest one.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(60);
/// A wait that people are told of.
const TOLD: Duration = Duration::from_secs(1);

/// How a run sends its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Requests at once; absent: it finds its own level.
    pub concurrency: Option<usize>,
    /// How long one request is repeated, waits included; longer than a rate limit's window of 300 s. A
    /// single answer may take a sixth of it, 60 s at most.
    pub patience: Duration,
    /// The same, for connections that fail before the service has answered anything: a site that doesn't exist
    /// is reported soon.
    pub first_contact: Duration,
}

impl Pace {
    fn answer(&self) -> Duration {
        ANSWER.min(self.patience / 6)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { concurrency: None, patience: Duration::from_secs(360), first_contact: Duration::from_secs(6) }
    }
}

/// Hears of each request and of longer waits: for logs and progress. Nothing that it is given holds a key.
pub trait Observer: Send + Sync {
    fn attempt(&self, attempt: &Attempt<'_>);
    /// Everything of this bucket waits for the next window.
    fn waiting(&self, bucket: &str, wait: Duration);
}

/// One request and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub request: &'a Request,
    pub answer: Result<&'a Response, &'a WireError>,
    pub milliseconds: u64,
    /// The name that the service gave to the rate limit.
    pub bucket: Option<&'a str>,
    /// It is sent again after this time.
    pub again: Option<Duration>,
    /// How many attempts went before.
    pub resends: u32,
    /// How long it had to wait for its rate limit before it set out.
    pub waited: Duration,
}

impl Attempt<'_> {
    /// Of the answer, where there is one.
    pub fn status(&self) -> Option<u16> {
        match self.answer {
            Ok(response) => Some(response.status),
            Err(WireError::Cut(status, _)) => Some(*status),
            Err(_) => None,
        }
    }
}

/// What went over the wire so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub requests: u64,
    /// Repeats after a fault; those after a 429 are not among them.
    pub retries: u64,
    /// Answers that were a 429.
    pub limited: u64,
}

/// A paced wire; shared by everybody who talks to one API.
pub struct Paced {
    inner: Arc<dyn Wire>,
    pace: Pace,
    /// True: what was not sent yet is not sent any more.
    stop: watch::Receiver<bool>,
    observer: Option<Arc<dyn Observer>>,
    reads: Level,
    writes: Level,
    buckets: Buckets,
    /// The service has answered once.
    reached: AtomicBool,
    requests: AtomicU64,
    retries: AtomicU64,
    limited: AtomicU64,
}

impl Paced {
    pub fn new(
        inner: Arc<dyn Wire>,
        pace: Pace,
        stop: watch::Receiver<bool>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        Self {
            inner,
            pace,
            stop,
            observer,
            reads: Level::new(pace.concurrency, READS, READS),
            writes: Level::new(pace.concurrency, FIRST_WRITES, WRITES),
            buckets: Buckets::default(),
            reached: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            limited: AtomicU64::new(0),
        }
    }

    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts { requests: read(&self.requests), retries: read(&self.retries), limited: read(&self.limited) }
    }

    /// The rate limit that the service has announced to requests like this one, and the name that it gave it.
    pub fn announced_to(&self, request: &Request) -> Option<(String, Announced)> {
        self.buckets.announced_to(request)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, WireError> {
        let began = Instant::now();
        let mut spent = Duration::ZERO;
        let (mut faults, mut resends) = (0, 0);
        loop {
            let queued = (Instant::now(), self.buckets.of(request).held());
            let pass = self.enter(request, began).await?;
            let sent = Instant::now();
            let waited = (pass.bucket.held().saturating_sub(queued.1)).min(sent - queued.0);
            self.requests.fetch_add(1, Ordering::Relaxed);
            count_attempt();
            let answer = self.answer(request).await;
            let took = sent.elapsed();
            let bucket = self.learn(&pass, &answer, sent);
            drop(pass);

            let limited = matches!(&answer, Ok(response) if response.status == 429);
            let again = if limited {
                let still = bucket.silent_for(began) <= self.pace.patience;
                still.then_some(Duration::ZERO)
            } else {
                let wait = backoff(faults);
                faults += 1;
                spent += took + wait;
                (may_repeat(request, &answer) && spent <= self.patience(&answer)).then_some(wait)
            };
            if let Some(observer) = &self.observer {
                observer.attempt(&Attempt {
                    request,
                    answer: answer.as_ref(),
                    milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    bucket: bucket.name(),
                    again,
                    resends,
                    waited,
                });
            }
            resends += 1;
            let Some(wait) = again else { return answer };
            if !limited {
                self.retries.fetch_add(1, Ordering::Relaxed);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopped() => return answer,
            }
        }
    }

    /// A whole answer, or none in time.
    async fn answer(&self, request: &Request) -> Result<Response, WireError> {
        let patience = self.pace.answer();
        match tokio::time::timeout(patience, self.inner.send(request)).await {
            Ok(answer) => answer.and_then(whole),
            Err(_) => Err(WireError::Lost(format!("no answer came within {:.1} s", patience.as_secs_f64()))),
        }
    }

    /// Waits for its turn: in its bucket, first come, first served, then for a place among those on their way.
    async fn enter(&self, request: &Request, began: Instant) -> Result<Pass<'_>, WireError> {
        let level = if is_read(request) { &self.reads } else { &self.writes };
        tokio::select! {
            biased;
            () = self.stopped() => Err(WireError::NotSent("it was stopped before".to_owned())),
            pass = self.queue(request, level, began) => match pass {
                Ok(_) if !is_read(request) && is_too_late(Instant::now()) => {
                    Err(WireError::Held("it waited for too long".to_owned()))
                }
                pass => pass,
            },
        }
    }

    async fn queue<'a>(
        &'a self,
        request: &Request,
        level: &'a Level,
        began: Instant,
    ) -> Result<Pass<'a>, WireError> {
        loop {
            let bucket = self.buckets.of(request);
            let _turn = bucket.turn.lock().await;
            // An answer may have said meanwhile that this route belongs to another bucket.
            if Arc::ptr_eq(&bucket, &self.buckets.of(request)) {
                self.wait(&bucket, level, began).await?;
                return Ok(Pass { bucket: Arc::clone(&bucket), level });
            }
        }
    }

    /// An error where the limit lets nothing through for longer than this run is patient.
    async fn wait(&self, bucket: &Bucket, level: &Level, began: Instant) -> Result<(), WireError> {
        let mut reported = None;
        loop {
            let (freed, changed) = (level.freed.notified(), bucket.changed.notified());
            tokio::pin!(freed, changed);
            // From here on no change is missed.
            freed.as_mut().enable();
            changed.as_mut().enable();
            let now = Instant::now();
            let until = {
                let mut window = bucket.window();
                let permit = match window.permit(now) {
                    Permit::Rather(until) if self.may_wait(bucket, until - now, began).is_err() => Permit::Go,
                    permit => permit,
                };
                match permit {
                    Permit::Go if level.take() => {
                        window.take(now);
                        return Ok(());
                    }
                    Permit::Go => None,
                    Permit::AnAnswer => {
                        level.is_waited_for();
                        None
                    }
                    Permit::Until(until) => {
                        self.may_wait(bucket, until - now, began)?;
                        Some(until)
                    }
                    Permit::Rather(until) => Some(until),
                }
            };
            if let (Some(until), Some(observer)) = (until, &self.observer)
                && until - now >= TOLD
                && reported.is_none_or(|reported| until > reported + TOLD)
            {
                reported = Some(until);
                observer.waiting(bucket.name().unwrap_or("unnamed"), until - now);
            }
            tokio::select! {
                () = freed => {}
                () = changed => {}
                () = tokio::time::sleep_until(until.unwrap_or(now)), if until.is_some() => {}
            }
            if until.is_some() {
                bucket.hold(now.elapsed());
            }
        }
    }

    /// Whether a wait ends before the patience does, which begins anew with each answer that the limit lets through.
    fn may_wait(&self, bucket: &Bucket, wait: Duration, began: Instant) -> Result<(), WireError> {
        if bucket.silent_for(began) + wait <= self.pace.patience {
            return Ok(());
        }
        let name = bucket.name().map(|name| format!(" `{name}`")).unwrap_or_default();
        Err(WireError::Held(format!(
            "the rate limit{name} lets nothing through for another {:.0} s, and a request may take {:.0} s with all its \
             waits (`--timeout`)",
            wait.as_secs_f64().ceil(),
            self.pace.patience.as_secs_f64(),
        )))
    }

    /// Takes from an answer what it says of limits and load. Gives the bucket that it belongs to.
    fn learn(&self, pass: &Pass<'_>, answer: &Result<Response, WireError>, sent: Instant) -> Arc<Bucket> {
        let now = Instant::now();
        let Ok(response) = answer else { return Arc::clone(&pass.bucket) };
        self.reached.store(true, Ordering::Relaxed);
        let bucket = self.buckets.named(&pass.bucket, response.header("x-ratelimit-name"));
        let mut window = bucket.window();
        if let Some(announced) = Announced::read(response).filter(|_| response.status != 429) {
            window.learn(announced, sent, now);
        }
        match response.status {
            429 => {
                self.limited.fetch_add(1, Ordering::Relaxed);
                window.pause(asked_wait(response), sent, now);
                pass.level.bad(sent, now);
            }
            500.. => pass.level.bad(sent, now),
            _ => pass.level.good(bucket.answered(now - sent, now)),
        }
        drop(window);
        bucket.changed.notify_waiters();
        bucket
    }

    fn patience(&self, answer: &Result<Response, WireError>) -> Duration {
        let never_reached = !self.reached.load(Ordering::Relaxed);
        match answer {
            Err(WireError::NotSent(_)) if never_reached => self.pace.first_contact.min(self.pace.patience),
            _ => self.pace.patience,
        }
    }

    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Whoever could stop it is gone.
            std::future::pending::<()>().await;
        }
    }
}

impl Wire for Paced {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        self.exchange(request).boxed()
    }
}

/// A place in a bucket and among those on their way; given back when dropped, also by a run that is cut off.
struct Pass<'a> {
    bucket: Arc<Bucket>,
    level: &'a Level,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.bucket.window().back();
        self.bucket.changed.notify_waiters();
        self.level.back();
    }
}

/// A good answer that isn't JSON was cut or mangled on its way.
fn whole(mut response: Response) -> Result<Response, WireError> {
    let good = (200..300).contains(&response.status);
    if good && !response.body.is_empty() {
        response.read = Some(serde_json::from_slice(&response.body).map_err(|error| {
            let words = format!("the answer with status {} is not JSON: {error}", response.status);
            WireError::Cut(response.status, words)
        })?);
    }
    Ok(response)
}

/// Whether a fault may be answered by sending the same again: everything that does the same twice, and
/// everything that was not sent at all. A create that may be done is for the caller to look up.
fn may_repeat(request: &Request, answer: &Result<Response, WireError>) -> bool {
    let repeatable = request.method != Method::Post || is_read(request) || is_delete(request);
    match answer {
        Err(WireError::NotSent(_)) => true,
        Err(WireError::Lost(_) | WireError::Cut(..)) => repeatable,
        Err(WireError::Held(_) | WireError::TooLarge(_)) => false,
        // 501 and 505 say that it will never work.
        Ok(response) => repeatable && matches!(response.status, 408 | 500 | 502..=504 | 506..),
    }
}

/// Changes nothing: a GET, or a dry run.
fn is_read(request: &Request) -> bool {
    request.method == Method::Get
        || (request.method == Method::Post
            && ["/validate", "/validation"].iter().any(|end| request.path.ends_with(end)))
}

/// A delete by a list of ids.
fn is_delete(request: &Request) -> bool {
    let last = request.path.rsplit('/').next().unwrap_or_default();
    request.method == Method::Post && matches!(last, "delete" | "bulk-delete")
}

/// Twice as long each time, with the second half by chance, so that many don't come back at once.
fn backoff(faults: u32) -> Duration {
    let full = LONGEST.min(SHORTEST * 2_u32.pow(faults.min(10)));
    let chance = RandomState::new().hash_one(faults) as f64 / u64::MAX as f64;
    full.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests;
