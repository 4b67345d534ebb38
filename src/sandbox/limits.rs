//! Rate limits as the service announces them: a count for each bucket in windows aligned to the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::Call;
use super::engine;
use super::kinds::RESOURCES;
use super::resource::Limit;

/// Never met by accident.
const DEFAULT: Limit = Limit { requests: 1_000_000, period: 60 };

/// Limits by name: a bucket (`monitor_write`), or `reads`, `writes`, `all`, each of which is one bucket for
/// everything of its side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<String, Limit>);

const SIDES: [&str; 3] = ["reads", "writes", "all"];
/// The bucket of what belongs to no resource.
const OTHERS: &str = "api";

/// The names of buckets, without `_read` and `_write`.
fn names() -> impl Iterator<Item = &'static str> {
    RESOURCES
        .iter()
        .filter(|resource| !resource.path.is_empty())
        .map(|resource| resource.name)
        .chain([OTHERS])
}

impl Limits {
    /// Reads `writes=50/10,monitor_read=1000/60`: requests, then seconds.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut limits = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, limit) = part.split_once('=').unwrap_or((part, ""));
            let is_bucket = name.strip_suffix("_read").or(name.strip_suffix("_write"));
            if !SIDES.contains(&name) && !is_bucket.is_some_and(|route| names().any(|name| name == route)) {
                let names = names().collect::<Vec<_>>().join(", ");
                return Err(format!(
                    "\"{name}\" is not a rate limit. Use all, reads, writes, or one of {names} with _read or _write."
                ));
            }
            let numbers = limit.split_once('/').and_then(|(requests, period)| {
                Some(Limit { requests: requests.parse().ok()?, period: period.parse().ok()? })
            });
            match numbers.filter(|limit| limit.period > 0 && limit.requests > 0) {
                Some(limit) => limits.insert(name.to_owned(), limit),
                None => {
                    return Err(format!(
                        "\"{part}\" is not a limit. Write requests/seconds, as in {name}=50/10."
                    ));
                }
            };
        }
        Ok(Self(limits))
    }

    /// The text that [`Limits::parse`] reads.
    pub fn text(&self) -> String {
        let parts = self.0.iter().map(|(name, limit)| format!("{name}={}/{}", limit.requests, limit.period));
        parts.collect::<Vec<_>>().join(",")
    }

    /// The bucket of a call: the narrowest that has a limit, else its own with the default.
    fn bucket(&self, call: &Call) -> (String, Limit) {
        let resource = engine::owner(&call.path);
        let route = resource.map_or(OTHERS, |resource| resource.name);
        let own = format!("{route}_{}", if call.writes() { "write" } else { "read" });
        let side = if call.writes() { "writes" } else { "reads" };
        let quota = resource.and_then(|resource| resource.quota).filter(|_| call.writes());
        if let (Some(quota), None) = (quota, self.0.get(&own)) {
            return (own, quota);
        }
        let names = [own.as_str(), side, "all"];
        let found = names.iter().find_map(|name| Some((*name, *self.0.get(*name)?)));
        match found {
            Some((name, limit)) => (name.to_owned(), limit),
            None => (own, DEFAULT),
        }
    }
}

/// How much of each window is used.
#[derive(Debug, Default)]
pub struct Usage(BTreeMap<String, (u64, u64)>);

/// What the headers of an answer say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub allowed: bool,
    pub name: String,
    pub limit: Limit,
    pub remaining: u64,
    /// Seconds until the next window, at least 1.
    pub reset: u64,
}

impl Usage {
    /// Counts a call made at a time since 1970; what is refused doesn't count.
    pub fn take(&mut self, limits: &Limits, call: &Call, now: Duration) -> Verdict {
        let (name, limit) = limits.bucket(call);
        let window = now.as_secs() / limit.period;
        let used = self.0.entry(name.clone()).or_insert((window, 0));
        if used.0 != window {
            *used = (window, 0);
        }
        let allowed = used.1 < limit.requests;
        used.1 += u64::from(allowed);
        let remaining = limit.requests - used.1;
        let end = Duration::from_secs((window + 1).saturating_mul(limit.period));
        let left = end.saturating_sub(now);
        let reset = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Verdict { allowed, name, limit, remaining, reset: reset.max(1) }
    }
}

impl Verdict {
    pub fn headers(&self) -> Vec<(String, String)> {
        [
            ("x-ratelimit-limit", self.limit.requests.to_string()),
            ("x-ratelimit-period", self.limit.period.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
            ("x-ratelimit-name", self.name.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> Call {
        Call { method: method.to_owned(), path: path.to_owned(), ..Call::default() }
    }

    #[test]
    fn a_window_runs_out_and_the_next_one_opens() {
        let limits = Limits::parse("writes=2/10").unwrap();
        let mut usage = Usage::default();
        let mut take = |method: &str, path: &str, millis: u64| {
            let verdict = usage.take(&limits, &call(method, path), Duration::from_millis(millis));
            (verdict.allowed, verdict.name, verdict.remaining, verdict.reset)
        };
        let name = "writes".to_owned();
        assert_eq!(take("POST", "/api/v1/monitor", 3_500), (true, name.clone(), 1, 7));
        assert_eq!(take("PUT", "/api/v1/slo/x", 9_900), (true, name.clone(), 0, 1));
        assert_eq!(take("DELETE", "/api/v1/dashboard/x", 9_950), (false, name.clone(), 0, 1));
        assert_eq!(take("POST", "/api/v1/monitor/validate", 9_950).1, "monitor_read");
        assert_eq!(take("DELETE", "/api/v1/dashboard/x", 10_000), (true, name, 1, 10));
    }

    #[test]
    fn limits_are_read_and_refused() {
        let text = "monitor_write=5/1,writes=50/10";
        assert_eq!(Limits::parse(text).unwrap().text(), text);
        for text in ["monitor=1/1", "writes", "writes=1", "writes=0/1", "writes=1/0", "x_write=1/1"] {
            assert!(Limits::parse(text).is_err(), "{text}");
        }
    }
}
