//! Rate limits by name: guessed by method and route until an answer names the bucket.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::window::{Announced, Window};
use crate::wire::Request;

/// Requests that share a limit.
#[derive(Debug)]
pub struct Bucket {
    /// First come, first served: the holder is the next to go.
    pub turn: tokio::sync::Mutex<()>,
    /// Notified after each answer: the next in line looks again.
    pub changed: Notify,
    route: (&'static str, String),
    name: OnceLock<String>,
    window: Mutex<Window>,
    pulse: Mutex<Pulse>,
    /// For how long the limit has held whoever was next, all in all, in microseconds.
    held: AtomicU64,
}

#[derive(Debug)]
struct Pulse {
    /// The quickest answers, slowly forgotten.
    quickest: Option<Duration>,
    /// When the last answer came that was not a 429.
    answered: Option<Instant>,
}

impl Bucket {
    fn new(route: (&'static str, String)) -> Self {
        Self {
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            route,
            name: OnceLock::new(),
            window: Mutex::default(),
            pulse: Mutex::new(Pulse { quickest: None, answered: None }),
            held: AtomicU64::new(0),
        }
    }

    pub fn name(&self) -> Option<&str> {
        self.name.get().map(String::as_str)
    }

    /// For how long the limit has held whoever was next, all in all.
    pub fn held(&self) -> Duration {
        Duration::from_micros(self.held.load(Ordering::Relaxed))
    }

    pub fn hold(&self, time: Duration) {
        self.held.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A good answer came after this time: whether that is as quick as the service can.
    pub fn answered(&self, took: Duration, now: Instant) -> bool {
        let mut pulse = self.pulse();
        pulse.answered = Some(now);
        let quickest = pulse.quickest.map_or(took, |quickest| took.min(quickest + quickest / 50));
        pulse.quickest = Some(quickest);
        took <= quickest * 2 + Duration::from_millis(50)
    }

    /// How long nothing but 429s has come, for a request that has waited since `began`.
    pub fn silent_for(&self, began: Instant) -> Duration {
        self.pulse().answered.map_or(began, |answered| answered.max(began)).elapsed()
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All buckets, by route and by name.
#[derive(Debug, Default)]
pub struct Buckets {
    maps: Mutex<Maps>,
}

#[derive(Debug, Default)]
struct Maps {
    by_route: BTreeMap<(&'static str, String), Arc<Bucket>>,
    by_name: BTreeMap<String, Arc<Bucket>>,
}

impl Buckets {
    /// The bucket that a request is taken to belong to.
    pub fn of(&self, request: &Request) -> Arc<Bucket> {
        let route = (request.method.name(), pattern(&request.path));
        let mut maps = self.maps();
        if let Some(bucket) = maps.by_route.get(&route) {
            return Arc::clone(bucket);
        }
        let bucket = Arc::new(Bucket::new(route.clone()));
        maps.by_route.insert(route, Arc::clone(&bucket));
        bucket
    }

    /// The bucket that an answer names; requests of the same route follow. Without a name the guess stays.
    pub fn named(&self, guess: &Arc<Bucket>, name: Option<&str>) -> Arc<Bucket> {
        let Some(name) = name.filter(|name| guess.name() != Some(*name)) else { return Arc::clone(guess) };
        let mut maps = self.maps();
        let bucket = match maps.by_name.get(name) {
            Some(bucket) => Arc::clone(bucket),
            // The first of its name: the guess is it, with all who wait there.
            None if guess.name.set(name.to_owned()).is_ok() => Arc::clone(guess),
            None => {
                let bucket = Arc::new(Bucket::new(guess.route.clone()));
                bucket.name.set(name.to_owned()).expect("bug: a new bucket has a name");
                bucket
            }
        };
        maps.by_name.insert(name.to_owned(), Arc::clone(&bucket));
        maps.by_route.insert(guess.route.clone(), Arc::clone(&bucket));
        bucket
    }

    /// What was announced to requests of a route.
    pub fn announced_to(&self, request: &Request) -> Option<(String, Announced)> {
        let route = (request.method.name(), pattern(&request.path));
        let bucket = self.maps().by_route.get(&route).cloned()?;
        let announced = bucket.window().announced()?;
        Some((bucket.name()?.to_owned(), announced))
    }

    fn maps(&self) -> MutexGuard<'_, Maps> {
        self.maps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path with its ids taken out: `/api/v1/monitor/*`.
fn pattern(path: &str) -> String {
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    };
    let is_id = |segment: &str| segment.contains(|c: char| c.is_ascii_digit() || "-%".contains(c));
    let general = |segment| if is_id(segment) && !is_version(segment) { "*" } else { segment };
    path.split('/').map(general).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    #[test]
    fn routes_have_no_ids() {
        for (path, expected) in [
            ("/api/v1/monitor", "/api/v1/monitor"),
            ("/api/v1/monitor/123", "/api/v1/monitor/*"),
            ("/api/v1/monitor/can_delete", "/api/v1/monitor/can_delete"),
            ("/api/v1/dashboard/abc-def-ghi", "/api/v1/dashboard/*"),
            ("/api/v1/slo/e3126692af715377b8b6e83eab5fca7e", "/api/v1/slo/*"),
            ("/api/v2/team/a%2Fb/links", "/api/v2/team/*/links"),
        ] {
            assert_eq!(pattern(path), expected);
        }
    }

    #[test]
    fn an_answer_names_the_bucket() {
        let buckets = Buckets::default();
        let of = |path: &str| {
            buckets.of(&Request { method: Method::Get, path: path.into(), query: Vec::new(), body: None })
        };
        let (one, two) = (of("/api/v1/monitor/1"), of("/api/v1/slo/2"));
        assert!(!Arc::ptr_eq(&one, &two));
        assert!(Arc::ptr_eq(&one, &buckets.named(&one, None)));
        assert!(Arc::ptr_eq(&one, &buckets.named(&one, Some("shared"))));
        assert!(Arc::ptr_eq(&one, &buckets.named(&two, Some("shared"))));
        assert!(Arc::ptr_eq(&one, &of("/api/v1/slo/3")));
        // The service thought better of it.
        let other = buckets.named(&one, Some("other"));
        assert_eq!(other.name(), Some("other"));
        assert!(Arc::ptr_eq(&other, &of("/api/v1/monitor/1")));
        assert!(Arc::ptr_eq(&one, &of("/api/v1/slo/3")));
    }
}
