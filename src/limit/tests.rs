//! Pacing against a service of a few lines, by a clock that the tests turn.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use futures_util::future::join_all;

use super::*;
use crate::wire::no_later_than;

/// How a scripted limit turns its windows and tells about them.
#[derive(Clone, Copy)]
struct Limit {
    limit: u64,
    period: Duration,
    /// A window begins with its first request, not by the clock.
    sliding: bool,
    /// Rounds what is left of a window down instead of up.
    down: bool,
}

/// A service that answers after 50 ms, within a limit, by a script first.
struct Service {
    limit: Option<Limit>,
    state: Mutex<State>,
}

struct State {
    script: VecDeque<Result<(u16, &'static str), WireError>>,
    start: Instant,
    begun: Instant,
    used: u64,
    at_once: usize,
    most_at_once: usize,
    done: u64,
    seen: Vec<String>,
}

impl Service {
    fn new(limit: Option<Limit>, script: Vec<Result<(u16, &'static str), WireError>>) -> Arc<Self> {
        let now = Instant::now();
        // Windows by the clock don't begin when a run does.
        let begun = now - Duration::from_millis(3_700);
        let state = State {
            script: script.into(),
            start: now,
            begun,
            used: 0,
            at_once: 0,
            most_at_once: 0,
            done: 0,
            seen: Vec::new(),
        };
        Arc::new(Self { limit, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }

    fn answer(&self, request: &Request) -> Result<Response, WireError> {
        let mut state = self.state();
        state.seen.push(format!("{} {}", request.method.name(), request.path));
        if let Some(scripted) = state.script.pop_front() {
            return scripted.map(|(status, body)| Response {
                status,
                headers: Vec::new(),
                body: body.into(),
                read: None,
            });
        }
        let (mut status, mut headers) = (200, Vec::new());
        if let Some(limit) = self.limit {
            let now = Instant::now();
            if now >= state.begun + limit.period {
                let turned = (now - state.begun).as_nanos() / limit.period.as_nanos();
                let turned = u32::try_from(turned).expect("a few windows");
                state.begun = if limit.sliding { now } else { state.begun + limit.period * turned };
                state.used = 0;
            }
            if state.used < limit.limit {
                state.used += 1;
            } else {
                status = 429;
            }
            let left = (state.begun + limit.period - now).as_secs_f64();
            let reset = if limit.down { left.floor() } else { left.ceil() };
            for (name, value) in [
                ("x-ratelimit-name", "writes".to_owned()),
                ("x-ratelimit-limit", limit.limit.to_string()),
                ("x-ratelimit-period", limit.period.as_secs().to_string()),
                ("x-ratelimit-remaining", (limit.limit - state.used).to_string()),
                ("x-ratelimit-reset", reset.to_string()),
            ] {
                headers.push((name.to_owned(), value));
            }
        }
        state.done += u64::from(status == 200);
        Ok(Response { status, headers, body: "{}".into(), read: None })
    }
}

impl Wire for Service {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, WireError>> {
        async move {
            {
                let mut state = self.state();
                state.at_once += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
            let answer = self.answer(request);
            tokio::time::sleep(Duration::from_millis(25)).await;
            self.state().at_once -= 1;
            answer
        }
        .boxed()
    }
}

fn paced(service: &Arc<Service>, concurrency: Option<usize>) -> (Paced, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    let pace = Pace { concurrency, ..Pace::default() };
    let wire: Arc<dyn Wire> = Arc::<Service>::clone(service);
    (Paced::new(wire, pace, stopped, None), stop)
}

fn request(method: Method, path: &str) -> Request {
    Request { method, path: path.into(), query: Vec::new(), body: None }
}

/// 2,500 creates at 50 in 10 s.
async fn check_limit(sliding: bool, down: bool, concurrency: Option<usize>) {
    let limit = Limit { limit: 50, period: Duration::from_secs(10), sliding, down };
    let service = Service::new(Some(limit), Vec::new());
    let (wire, _stop) = paced(&service, concurrency);
    let create = request(Method::Post, "/api/v1/monitor");
    let answers = join_all((0..2_500).map(|_| wire.send(&create))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|response| response.status == 200)));
    let state = service.state();
    assert_eq!(state.done, 2_500);
    let took = state.start.elapsed().as_secs_f64();
    // The limit alone: 49 full windows before the last one begins.
    let (counts, floor) = (wire.counts(), 490.0);

    assert!(took < floor * 1.15, "{took} s");
    assert!(counts.limited <= 8, "{} 429s", counts.limited);
    assert_eq!((counts.requests, counts.retries), (2_500 + counts.limited, 0));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_used_up_and_hardly_ever_hit() {
    for concurrency in [None, Some(1), Some(64)] {
        for (sliding, down) in [(false, false), (false, true), (true, false), (true, true)] {
            check_limit(sliding, down, concurrency).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_level_rises_while_answers_are_quick() {
    let service = Service::new(None, Vec::new());
    let (wire, _stop) = paced(&service, None);
    let read = request(Method::Get, "/api/v1/dashboard/a-b");
    join_all((0..1_000).map(|_| wire.send(&read))).await;
    assert_eq!(service.state().most_at_once, READS);
    let create = request(Method::Post, "/api/v1/dashboard");
    service.state().most_at_once = 0;
    join_all((0..1_000).map(|_| wire.send(&create))).await;
    assert_eq!(service.state().most_at_once, WRITES);
}

/// The status or error in the end, how many requests went out, and how many of them as retries.
async fn check_faults(
    request: &Request,
    script: Vec<Result<(u16, &'static str), WireError>>,
    expected: (Result<u16, &str>, u64, u64),
) {
    let reported = format!("{request:?} {script:?}");
    let service = Service::new(None, script);
    let (wire, _stop) = paced(&service, None);
    let answer = wire.send(request).await;
    let counts = wire.counts();
    let ended = answer.as_ref().map(|response| response.status).map_err(|error| match error {
        WireError::NotSent(_) => "not sent",
        WireError::Lost(_) | WireError::Cut(..) => "lost",
        WireError::Held(_) => "held",
        WireError::TooLarge(_) => "too large",
    });
    assert_eq!((ended, counts.requests, counts.retries), expected, "{reported}");
}

fn lost() -> Result<(u16, &'static str), WireError> {
    Err(WireError::Lost("reset".into()))
}

fn not_sent() -> Result<(u16, &'static str), WireError> {
    Err(WireError::NotSent("refused".into()))
}

#[tokio::test(start_paused = true)]
async fn faults_are_repeated_where_that_is_safe() {
    let path = "/api/v1/monitor";
    let [get, put, delete, create] =
        [Method::Get, Method::Put, Method::Delete, Method::Post].map(|method| request(method, path));
    let dry = request(Method::Post, "/api/v1/monitor/validate");
    for safe in [&get, &put, &delete, &dry] {
        let script =
            vec![lost(), Ok((503, "")), Ok((512, "")), Ok((200, "{\"cut")), not_sent(), Ok((429, ""))];
        check_faults(safe, script, (Ok(200), 7, 5)).await;
    }
    // A create that may be done is the caller's to look up.
    check_faults(&create, vec![not_sent(), Ok((429, "")), not_sent()], (Ok(200), 4, 2)).await;
    check_faults(&create, vec![lost()], (Err("lost"), 1, 0)).await;
    check_faults(&create, vec![Ok((502, ""))], (Ok(502), 1, 0)).await;
    check_faults(&create, vec![Ok((200, "{\"id\": 1"))], (Err("lost"), 1, 0)).await;
    // Refusals are answers.
    for status in [400, 401, 403, 404, 409, 422, 501] {
        check_faults(&get, vec![Ok((status, "no"))], (Ok(status), 1, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let get = request(Method::Get, "/api/v1/monitor");
    for (script, least, most) in [
        // Once reached, longer than any window; never reached, not for long.
        (vec![Ok((200, "{}"))], 300.0, 420.0),
        // It gives up where the next wait would be too long, so up to four seconds before its six are over.
        (Vec::new(), 2.0, 6.5),
    ] {
        let reached = !script.is_empty();
        let script = script.into_iter().chain((0..500).map(|_| not_sent())).collect();
        let service = Service::new(None, script);
        let (wire, _stop) = paced(&service, None);
        if reached {
            wire.send(&get).await.expect("reached");
        }
        assert!(matches!(wire.send(&get).await, Err(WireError::NotSent(_))));
        let took = service.state().start.elapsed().as_secs_f64();
        assert!((least..most).contains(&took), "{took} s");
    }
    // A 429 is waited out, but not for ever.
    let service = Service::new(None, (0..2_000).map(|_| Ok((429, ""))).collect());
    let (wire, _stop) = paced(&service, None);
    assert!(matches!(wire.send(&get).await, Err(WireError::Held(_))));
    let took = service.state().start.elapsed();
    assert!(took > Pace::default().patience - Duration::from_secs(2) && took <= Pace::default().patience);
}

#[tokio::test(start_paused = true)]
async fn no_wait_is_longer_than_the_patience() {
    let short = Limit { limit: 1, period: Duration::from_secs(300), sliding: true, down: false };
    let long = Limit { period: Duration::from_secs(3_600), ..short };
    for (limit, fine) in [(short, true), (long, false)] {
        let service = Service::new(Some(limit), Vec::new());
        let (wire, _stop) = paced(&service, None);
        let create = request(Method::Post, "/api/v1/monitor");
        wire.send(&create).await.expect("the first one");
        let answers = join_all((0..3).map(|_| wire.send(&create))).await;
        let held = answers.iter().filter(|answer| {
            matches!(answer, Err(WireError::Held(text)) if text.contains("`writes`") && text.contains("360 s"))
        });
        assert_eq!(held.count(), if fine { 0 } else { 3 }, "{answers:?}");
        // Nothing is sent into a closed window.
        assert_eq!(service.state().seen.len(), if fine { 4 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_keeps_back_what_was_not_sent() {
    let limit = Limit { limit: 5, period: Duration::from_secs(60), sliding: true, down: false };
    let service = Service::new(Some(limit), Vec::new());
    let (wire, stop) = paced(&service, Some(4));
    let create = request(Method::Post, "/api/v1/monitor");
    let all = join_all((0..20).map(|_| wire.send(&create)));
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(80)).await;
        stop.send_replace(true);
    };
    let (answers, ()) = tokio::join!(all, stopping);
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    // The fifth would have been spread over the rest of the window.
    assert_eq!((done, service.state().seen.len()), (4, 4));
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(WireError::NotSent(_)))).count(), 16);
    assert!(service.state().start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn requests_of_a_bucket_go_in_the_order_they_came() {
    let limit = Limit { limit: 3, period: Duration::from_secs(10), sliding: false, down: false };
    let service = Service::new(Some(limit), Vec::new());
    let (wire, _stop) = paced(&service, Some(1));
    let requests: Vec<_> = (0..12).map(|at| request(Method::Put, &format!("/api/v1/monitor/{at}"))).collect();
    join_all(requests.iter().map(|request| wire.send(request))).await;
    let asked: Vec<_> = requests.iter().map(|request| format!("PUT {}", request.path)).collect();
    assert_eq!(service.state().seen, asked);
}

/// Keeps what it hears.
#[derive(Default)]
struct Ears(Mutex<Vec<String>>);

impl Observer for Ears {
    fn attempt(&self, attempt: &Attempt<'_>) {
        let status = attempt.answer.map_or_else(ToString::to_string, |response| response.status.to_string());
        let again = if attempt.again.is_some() { " again" } else { "" };
        let bucket = attempt.bucket.unwrap_or("-");
        let line = format!("{status} {} ms {bucket}{again}", attempt.milliseconds);
        self.0.lock().expect("ears").push(line);
    }

    fn waiting(&self, bucket: &str, wait: Duration) {
        self.0.lock().expect("ears").push(format!("wait {bucket} {} s", wait.as_secs()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_hears_each_attempt_and_each_wait() {
    let limit = Limit { limit: 1, period: Duration::from_secs(10), sliding: true, down: false };
    let service = Service::new(Some(limit), vec![lost()]);
    let ears = Arc::new(Ears::default());
    let observer: Arc<dyn Observer> = Arc::<Ears>::clone(&ears);
    let (_stop, stopped) = watch::channel(false);
    let wire = Paced::new(Arc::<Service>::clone(&service), Pace::default(), stopped, Some(observer));
    let put = request(Method::Put, "/api/v1/monitor/1");
    let (_, attempts) = crate::wire::counted(wire.send(&put)).await;
    wire.send(&put).await.expect("an answer");
    assert_eq!(attempts, 2);
    let mut heard = ears.0.lock().expect("ears").clone();
    // Chance decides how much of the window the first wait took.
    assert!(["wait writes 6 s", "wait writes 7 s"].contains(&heard.remove(2).as_str()));
    assert_eq!(heard, ["reset 50 ms - again", "200 50 ms writes", "200 50 ms writes"]);
    let (name, announced) = wire.announced_to(&put).expect("it was announced");
    assert_eq!((name.as_str(), announced.limit), ("writes", 1));
    assert_eq!(wire.announced_to(&request(Method::Post, "/api/v1/monitor")), None);
}

/// What is decided by what was seen earlier doesn't set out when its turn comes too late; a repeat is the same write.
#[tokio::test(start_paused = true)]
async fn a_write_that_waited_for_too_long_is_not_sent() {
    let service = Service::new(None, vec![Ok((503, "{}"))]);
    let (wire, _stop) = paced(&service, Some(1));
    let put = request(Method::Put, "/api/v1/monitor/1");
    let latest = Instant::now() + Duration::from_millis(10);
    let repeated = no_later_than(latest, wire.send(&put)).await.expect("it set out in time");
    assert_eq!(repeated.expect("an answer").status, 200);
    service.state().seen.clear();

    let latest = Instant::now() + Duration::from_secs(1);
    let answers = join_all((0..40).map(|_| no_later_than(latest, wire.send(&put)))).await;
    let sent = answers.iter().flatten().count();
    assert!(sent > 0 && sent < 40 && answers.iter().flatten().all(Result::is_ok), "{sent}");
    assert_eq!(service.state().seen.len(), sent);
    // Who looked again may send it.
    let latest = Instant::now() + Duration::from_secs(1);
    assert!(no_later_than(latest, wire.send(&put)).await.is_some_and(|answer| answer.is_ok()));
}

/// Hears of waits.
#[derive(Default)]
struct Told(Mutex<Vec<Duration>>);

impl Observer for Told {
    fn attempt(&self, _: &Attempt<'_>) {}

    fn waiting(&self, _: &str, wait: Duration) {
        self.0.lock().expect("waits").push(wait);
    }
}

/// 10 writes in 300 s, as of indexes of logs: whoever has more waits for the next window, is told, and none fails.
#[tokio::test(start_paused = true)]
async fn a_narrow_limit_of_writes_is_waited_out_and_told() {
    let limit = Limit { limit: 10, period: Duration::from_secs(300), sliding: false, down: false };
    let service = Service::new(Some(limit), Vec::new());
    let (_stop, stopped) = watch::channel(false);
    let told = Arc::new(Told::default());
    let inner: Arc<dyn Wire> = Arc::<Service>::clone(&service);
    let observer: Arc<dyn Observer> = Arc::<Told>::clone(&told);
    let wire = Paced::new(inner, Pace::default(), stopped, Some(observer));
    for number in 0..35 {
        let path = "/api/v1/logs/config/indexes";
        let write = match number % 3 {
            0 => request(Method::Post, path),
            1 => request(Method::Put, &format!("{path}/index-{number}")),
            _ => request(Method::Delete, &format!("{path}/index-{number}")),
        };
        let answer = wire.send(&write).await;
        assert_eq!(answer.map(|response| response.status), Ok(200), "write {number}");
    }
    let state = service.state();
    assert_eq!(state.done, 35);
    assert_eq!(
        state.start.elapsed().as_secs() / 300,
        2,
        "three full windows before the last one, less what was over"
    );
    let told = told.0.lock().expect("waits");
    assert!(told.len() >= 3 && told.iter().all(|wait| wait.as_secs() <= 301), "{told:?}");
}
