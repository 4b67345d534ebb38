//! One rate limit as the service announces it: what is left of its window, and when the next one begins.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::Response;

/// No window is longer: what announces one is a time of day, or a mistake.
const LONGEST: f64 = 24.0 * 3600.0;
/// The share of a window that is kept back and spread over its rest, so that other users of the
/// organisation meet no wall either.
const SPREAD: i64 = 5;
/// How many go before the first answer tells of a limit.
const UNHEARD: i64 = 8;
/// How much later than announced a window is taken to end, where that was too early before.
const STEP: Duration = Duration::from_millis(200);

/// `X-RateLimit-Limit`, `-Period`, `-Remaining`, `-Reset`, as Datadog's "Rate limits" page describes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Announced {
    /// Requests in a window.
    pub limit: i64,
    /// Length of a window.
    pub period: Duration,
    pub remaining: i64,
    /// Until the next window begins; whole seconds, rounded either way.
    pub reset: Duration,
}

impl Announced {
    /// What an answer says; `None` where it leaves a part out or says nonsense.
    pub fn read(response: &Response) -> Option<Self> {
        let number = |name: &str| response.header(name)?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let (limit, period) = (number("x-ratelimit-limit")?, number("x-ratelimit-period")?);
        let (remaining, reset) = (number("x-ratelimit-remaining")?, number("x-ratelimit-reset")?);
        let period = period.min(LONGEST);
        (limit >= 1.0 && period > 0.0).then(|| Self {
            limit: limit.min(1e12) as i64,
            period: Duration::from_secs_f64(period),
            remaining: remaining.clamp(0.0, 1e12) as i64,
            // A window ends within its own length.
            reset: Duration::from_secs_f64(reset.clamp(0.0, period)),
        })
    }
}

/// How long a 429 asks to wait: `X-RateLimit-Reset` (no longer than `X-RateLimit-Period`) or `Retry-After`, the longer
/// one. Resets count whole seconds, so none is taken for a second; so is nonsense, such as a time of day.
pub fn asked_wait(response: &Response) -> Duration {
    let number = |name: &str| {
        let number = response.header(name)?.trim().parse::<f64>().ok()?;
        (number > 0.0 && number <= LONGEST).then_some(number)
    };
    let period = number("x-ratelimit-period").unwrap_or(LONGEST);
    let asked = [number("x-ratelimit-reset").map(|reset| reset.min(period)), number("retry-after")];
    let longest = asked.into_iter().flatten().fold(0.0, f64::max);
    if longest > 0.0 { Duration::from_secs_f64(longest) } else { Duration::from_secs(1) }
}

/// Whether a request may go now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Permit {
    Go,
    /// Ask again then, or when an answer has come.
    Until(Instant),
    /// The same; it may go now, though it had better not.
    Rather(Instant),
    /// Ask again when an answer has come.
    AnAnswer,
}

/// What is known of a limit, and what is on its way under it.
#[derive(Debug, Default)]
pub struct Window {
    known: Option<Known>,
    in_flight: i64,
    /// A first request has come back.
    heard: bool,
    /// Nobody goes before: a 429 said so.
    paused: Option<Instant>,
    /// The window has turned, or a pause is over: one goes ahead to see.
    probing: bool,
    /// A pause is over: what is known is from before it, and the next answer knows better.
    stale: bool,
    last: Option<Instant>,
    /// Resets are rounded down, as a 429 after an announced reset shows.
    rounds_down: bool,
    margin: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    announced: Announced,
    remaining: i64,
    ends: Instant,
    /// Answers to requests from before belong to an earlier window.
    began: Option<Instant>,
    /// The window turned by our clock; no answer has confirmed it.
    guessed: bool,
}

impl Window {
    /// Looks at the clock and at what is left. Does not take anything.
    pub fn permit(&mut self, now: Instant) -> Permit {
        if let Some(until) = self.paused {
            if now < until {
                return Permit::Until(until);
            }
            self.paused = None;
            (self.probing, self.stale) = (true, true);
            if let Some(known) = &mut self.known {
                known.began = Some(now);
            }
        }
        self.turn(now);
        if self.probing {
            return if self.in_flight > 0 { Permit::AnAnswer } else { Permit::Go };
        }
        let Some(known) = self.known else {
            return if self.heard || self.in_flight < UNHEARD { Permit::Go } else { Permit::AnAnswer };
        };
        let left = known.remaining - self.in_flight;
        let end = known.ends + self.margin;
        if left <= 0 {
            return Permit::Until(end);
        }
        if left > known.announced.limit / SPREAD {
            return Permit::Go;
        }
        let step = end.saturating_duration_since(now) / u32::try_from(left + 1).unwrap_or(u32::MAX);
        match self.last.map(|last| last + step) {
            Some(next) if now < next => Permit::Rather(next),
            _ => Permit::Go,
        }
    }

    /// A request goes. To be called after [`Permit::Go`], and to be paired with [`Window::back`].
    pub fn take(&mut self, now: Instant) {
        self.in_flight += 1;
        self.last = Some(now);
    }

    /// An answer came, or never will.
    pub fn back(&mut self) {
        self.in_flight -= 1;
        self.heard = true;
    }

    /// What an answer says of the window that its request met.
    pub fn learn(&mut self, announced: Announced, sent: Instant, now: Instant) {
        let ends = now + announced.reset;
        let fresh = Known { announced, remaining: announced.remaining, ends, began: None, guessed: false };
        let Some(known) = &mut self.known else {
            self.known = Some(fresh);
            return;
        };
        if known.began.is_some_and(|began| sent < began) {
            return;
        }
        self.probing = false;
        if std::mem::take(&mut self.stale) || known.guessed || ends > known.ends + announced.period / 2 {
            *known = Known { began: known.began, ..fresh };
            return;
        }
        // The same window: answers overtake each other, so the least that one saw counts. Rounded up, the
        // earliest end is the nearest to the truth, rounded down the latest.
        known.announced = announced;
        known.remaining = known.remaining.min(announced.remaining);
        known.ends = if self.rounds_down { known.ends.max(ends) } else { known.ends.min(ends) };
    }

    /// The service refused: everybody waits.
    pub fn pause(&mut self, wait: Duration, sent: Instant, now: Instant) {
        if self.probing && self.in_flight <= 1 && self.known.is_some_and(|known| known.guessed) {
            // The one that went ahead was early: its window had not turned yet.
            if self.rounds_down {
                self.margin += STEP;
            }
            self.rounds_down = true;
        }
        if let Some(known) = &mut self.known
            && known.began.is_none_or(|began| sent >= began)
        {
            known.remaining = 0;
        }
        let until = now + wait + self.margin;
        self.paused = Some(self.paused.map_or(until, |paused| paused.max(until)));
    }

    pub fn announced(&self) -> Option<Announced> {
        self.known.map(|known| known.announced)
    }

    /// Past its end a window is taken to be a new, full one. Where the old one was nearly used up, one
    /// request goes ahead, since an announced end is up to a second off.
    fn turn(&mut self, now: Instant) {
        let Some(known) = &mut self.known else { return };
        if now < known.ends + self.margin {
            return;
        }
        if known.remaining - self.in_flight <= known.announced.limit / SPREAD {
            self.probing = true;
        }
        known.remaining = known.announced.limit;
        known.ends = now + known.announced.period;
        known.began = Some(now);
        known.guessed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(limit: i64, remaining: i64, reset: u64) -> Announced {
        let (period, reset) = (Duration::from_secs(10), Duration::from_secs(reset));
        Announced { limit, period, remaining, reset }
    }

    fn response(headers: &[(&str, &str)]) -> Response {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Response { status: 429, headers: headers.iter().map(own).collect(), body: "".into(), read: None }
    }

    #[test]
    fn headers_are_read_and_nonsense_is_not() {
        let read = |limit, period, remaining, reset| {
            Announced::read(&response(&[
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-period", period),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", reset),
            ]))
        };
        assert_eq!(read("50", "10", "49", "3"), Some(announced(50, 49, 3)));
        assert_eq!(read("0", "10", "0", "3"), None);
        assert_eq!(read("50", "0", "0", "3"), None);
        assert_eq!(read("many", "10", "0", "3"), None);
        assert_eq!(read("NaN", "inf", "0", "3"), None);
        let far = read("50", "10", "-5", "1e300").expect("clamped");
        assert_eq!((far.remaining, far.reset), (0, Duration::from_secs(10)));
        // A time of day.
        let reset = |text| read("50", "10", "0", text).map(|announced| announced.reset.as_secs());
        assert_eq!([reset("1795000000"), reset("3600"), reset("-7")], [Some(10), Some(10), Some(0)]);
        for (headers, expected) in [
            (&[("x-ratelimit-reset", "7"), ("retry-after", "9")][..], 9),
            (&[("x-ratelimit-reset", "7")], 7),
            (&[("x-ratelimit-reset", "0")], 1),
            (&[("x-ratelimit-reset", "3600"), ("x-ratelimit-period", "10")], 10),
            (&[("x-ratelimit-reset", "1795000000")], 1),
            (&[("x-ratelimit-reset", "1795000000"), ("x-ratelimit-period", "10"), ("retry-after", "3")], 3),
            (&[("retry-after", "1000000000")], 1),
            (&[("retry-after", "3600")], 3600),
            (&[("retry-after", "-5")], 1),
            (&[("retry-after", "NaN"), ("x-ratelimit-reset", "inf")], 1),
            (&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], 1),
            (&[], 1),
        ] {
            assert_eq!(asked_wait(&response(headers)), Duration::from_secs(expected), "{headers:?}");
        }
    }

    #[test]
    fn the_rest_of_a_window_is_spread() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut window = Window::default();
        assert_eq!(window.permit(start), Permit::Go);
        window.take(start);
        window.back();
        window.learn(announced(50, 11, 10), start, start);
        assert_eq!(window.permit(start), Permit::Go);
        window.take(start);
        // 10 are left for 10 s: one in 10/11 of a second.
        let Permit::Rather(next) = window.permit(start) else { panic!("it goes at once") };
        assert_eq!((next - start).as_millis(), 909);
        assert_eq!(window.permit(next), Permit::Go);
        window.back();
        window.learn(announced(50, 0, 9), at(0), at(1000));
        assert_eq!(window.permit(at(1000)), Permit::Until(at(10_000)));
        // One goes ahead into the next window, the others after its answer.
        assert_eq!(window.permit(at(10_000)), Permit::Go);
        window.take(at(10_000));
        assert_eq!(window.permit(at(10_000)), Permit::AnAnswer);
        // A late answer from the old window says nothing of the new one.
        window.learn(announced(50, 0, 1), at(9_000), at(10_010));
        assert_eq!(window.permit(at(10_010)), Permit::AnAnswer);
        window.back();
        window.learn(announced(50, 49, 10), at(10_000), at(10_050));
        assert_eq!(window.permit(at(10_050)), Permit::Go);
    }

    #[test]
    fn a_429_holds_everybody() {
        let start = Instant::now();
        let mut window = Window::default();
        window.take(start);
        window.take(start);
        window.pause(Duration::from_secs(3), start, start);
        window.back();
        window.pause(Duration::from_secs(2), start, start);
        window.back();
        let until = start + Duration::from_secs(3);
        assert_eq!(window.permit(start), Permit::Until(until));
        assert_eq!(window.permit(until), Permit::Go);
        window.take(until);
        assert_eq!(window.permit(until), Permit::AnAnswer);
    }

    #[test]
    fn a_429_in_the_midst_of_a_window_holds_no_longer_than_it_asks() {
        let start = Instant::now();
        let mut window = Window::default();
        window.take(start);
        window.learn(announced(50, 49, 10), start, start);
        window.pause(Duration::from_secs(1), start, start);
        window.back();
        let later = start + Duration::from_secs(1);
        assert_eq!(window.permit(later), Permit::Go);
        window.take(later);
        // From before the pause: says nothing.
        window.learn(announced(50, 0, 10), start, later);
        window.learn(announced(50, 47, 9), later, later);
        window.back();
        assert_eq!(window.permit(later), Permit::Go);
    }
}
