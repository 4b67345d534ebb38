//! How far a long piece of work is: a bar on a terminal, plain lines elsewhere, nothing when it is quick.

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use anstream::ColorChoice;

use super::Stream;
use super::value::{count, cut, plural};
use crate::model::{Event, Outcome, Status, Watch};

/// Work that ends earlier shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// A plain line comes after this long: a log is read later, and by others.
const SILENCE: Duration = Duration::from_secs(10);

/// Shows progress on stderr from its making to its end (or drop).
pub struct Progress {
    form: Form,
    started: Instant,
    state: Arc<Mutex<State>>,
}

enum Form {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    tally: Tally,
}

/// What has been reported so far; knows no clock.
#[derive(Debug, Default)]
struct Tally {
    /// 0: nothing is applied yet, objects are being listed.
    total: usize,
    /// Done or failed; what was not tried is neither.
    done: usize,
    failed: usize,
    not_tried: usize,
    /// The address of the change that began last.
    latest: String,
    /// The last line: when, and about which wait.
    told_at: Duration,
    waiting: String,
    /// What is waited for at this moment.
    wait: Option<String>,
}

impl Progress {
    /// A bar where stderr is a terminal, lines where it isn't, nothing where `quiet`.
    pub fn start(quiet: bool) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let form = match quiet {
            true => Form::Nothing,
            false if io::stderr().is_terminal() => Form::Bar(late_bar(&state)),
            false => Form::Lines,
        };
        Self { form, started: Instant::now(), state }
    }

    /// Prints a line of text beside the bar. It must be clean.
    pub fn say(&self, text: &str) {
        match &self.form {
            Form::Bar(bar) => bar.suspend(|| write_line(text)),
            Form::Lines | Form::Nothing => write_line(text),
        }
    }

    /// Takes the bar away. Later events show nothing.
    pub fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl Watch for Progress {
    fn report(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.ended || matches!(self.form, Form::Nothing) {
            return;
        }
        state.tally.take(event);
        match &self.form {
            Form::Bar(bar) => show(bar, &state.tally),
            Form::Lines => {
                if let Some(line) = state.tally.line(event, self.started.elapsed()) {
                    write_line(&line);
                }
            }
            Form::Nothing => {}
        }
    }
}

impl Tally {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Total { changes } => {
                *self = Self { total: changes, told_at: self.told_at, ..Self::default() }
            }
            Event::Done { outcome: Outcome { status, .. } } => {
                match status {
                    Status::NotTried { .. } => self.not_tried += 1,
                    Status::Failed { .. } => (self.done, self.failed) = (self.done + 1, self.failed + 1),
                    Status::Done => self.done += 1,
                }
                self.waiting.clear();
                self.wait = None;
            }
            Event::Waiting { bucket, seconds } => self.wait = Some(waiting(bucket, seconds)),
            Event::Started { change } => change.address.as_str().clone_into(&mut self.latest),
        }
    }

    /// The line that is due at this event, so long after the start.
    fn line(&mut self, event: Event<'_>, elapsed: Duration) -> Option<String> {
        // A wait is reported at once: what waits is not quick.
        if elapsed < PATIENCE && !matches!(event, Event::Waiting { .. }) {
            return None;
        }
        let silent = elapsed.saturating_sub(self.told_at) >= SILENCE;
        let text = match event {
            Event::Waiting { bucket, seconds } if silent || self.waiting != bucket => {
                bucket.clone_into(&mut self.waiting);
                waiting(bucket, seconds)
            }
            Event::Waiting { .. } => return None,
            Event::Total { .. } | Event::Started { .. } => return None,
            // At the end of a run that was stopped all that is left comes at once, and is reported by the summary.
            Event::Done { outcome } if silent && !matches!(outcome.status, Status::NotTried { .. }) => {
                self.applied(elapsed)
            }
            Event::Done { .. } => return None,
        };
        self.told_at = elapsed;
        Some(text)
    }

    /// `300 of 2,500 changes (12 a second, 1 failed), about 3 min left`
    fn applied(&self, elapsed: Duration) -> String {
        let rate = self.done as f64 / elapsed.as_secs_f64().max(0.001);
        let failed = if self.failed > 0 { format!(", {} failed", count(self.failed)) } else { String::new() };
        let left = self.total.saturating_sub(self.done + self.not_tried);
        let left = match left as f64 / rate.max(0.001) {
            _ if left == 0 => String::new(),
            seconds if seconds < 90.0 => format!(", about {seconds:.0} s left"),
            seconds => format!(", about {:.0} min left", seconds / 60.0),
        };
        let (done, total) = (count(self.done), plural(self.total, "change"));
        format!("{done} of {total} ({rate:.1} a second{failed}){left}")
    }
}

fn waiting(bucket: &str, seconds: u64) -> String {
    format!(
        "waiting {} s for the rate limit `{}`",
        count(usize::try_from(seconds).unwrap_or(usize::MAX)),
        cut(bucket, 60)
    )
}

/// A bar that appears when the work takes longer than [`PATIENCE`].
fn late_bar(state: &Arc<Mutex<State>>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    bar.set_style(style(LISTING));
    let (late, state) = (bar.clone(), Arc::clone(state));
    thread::spawn(move || {
        thread::sleep(PATIENCE);
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.ended {
            late.set_draw_target(ProgressDrawTarget::stderr());
            late.enable_steady_tick(Duration::from_millis(100));
        }
    });
    bar
}

const LISTING: &str = "{spinner} {msg}";
const APPLYING: &str = "{bar:20} {human_pos} of {human_len} ({rate}, {eta} left){wide_msg}";

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // A bar that can't be drawn is not a reason to stop.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    };
    ProgressStyle::with_template(template)
        .expect("bug: the template of the bar is wrong")
        .with_key("rate", rate)
}

fn show(bar: &ProgressBar, tally: &Tally) {
    if tally.total == 0 {
        bar.set_message(tally.wait.clone().unwrap_or_else(|| "listing what is live".to_owned()));
        return;
    }
    if bar.length().is_none() {
        bar.set_style(style(APPLYING));
        bar.set_length(tally.total as u64);
        bar.reset_elapsed();
        bar.reset_eta();
    }
    bar.set_position(tally.done as u64);
    let reported = |number: usize, word: &str| match number {
        0 => String::new(),
        number => format!(", {} {word}", count(number)),
    };
    let failed = reported(tally.failed, "failed") + &reported(tally.not_tried, "not tried");
    let now = tally.wait.clone().unwrap_or_else(|| cut(&tally.latest, 60));
    bar.set_message(format!("{failed}, {now}"));
}

/// Progress is a courtesy: where stderr is gone, the work goes on.
fn write_line(text: &str) {
    let _ = super::print(Stream::Err, ColorChoice::Auto, |out, _| writeln!(out, "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Address};

    fn outcome(status: Status) -> Outcome {
        Outcome {
            address: Address::new("monitors", "a"),
            action: Action::Create,
            kind: "monitor",
            status,
            datadog_id: None,
            url: None,
            alert: None,
            attempts: 1,
            milliseconds: 1,
            origin: None,
            field: None,
            not_kept: Vec::new(),
            note: None,
            both_stand: false,
        }
    }

    /// Lines of 1,000 changes that take `milliseconds` each, of which the first fails.
    fn check(milliseconds: u64, first: &[&str], lines: usize) {
        let mut tally = Tally::default();
        tally.take(Event::Total { changes: 1_000 });
        let mut reported = Vec::new();
        for n in 1..=1_000 {
            let status = match n {
                1 => Status::Failed { text: String::new(), pointer: None },
                _ => Status::Done,
            };
            let outcome = outcome(status);
            let event = Event::Done { outcome: &outcome };
            tally.take(event);
            reported.extend(tally.line(event, Duration::from_millis(milliseconds * n)));
        }
        assert_eq!(reported.len(), lines, "{reported:?}");
        assert_eq!(reported.iter().take(first.len()).collect::<Vec<_>>(), first);
    }

    #[test]
    fn a_line_comes_every_ten_seconds() {
        check(0, &[], 0);
        check(1, &[], 0);
        check(20, &["500 of 1,000 changes (50.0 a second, 1 failed), about 10 s left"], 2);
        check(1_000, &["10 of 1,000 changes (1.0 a second, 1 failed), about 16 min left"], 100);
    }

    #[test]
    fn what_was_not_tried_is_not_made() {
        let mut tally = Tally::default();
        tally.take(Event::Total { changes: 1_000 });
        let mut reported = Vec::new();
        for n in 1..=1_000_u64 {
            let stopped = || Status::NotTried { because: "apply was stopped before".to_owned() };
            let outcome = outcome(if n <= 400 { Status::Done } else { stopped() });
            let event = Event::Done { outcome: &outcome };
            tally.take(event);
            reported.extend(tally.line(event, Duration::from_millis(100 * n)));
        }
        assert_eq!(
            reported.last().map(String::as_str),
            Some("400 of 1,000 changes (10.0 a second), about 60 s left")
        );
        assert_eq!((tally.done, tally.not_tried), (400, 600));
    }

    #[test]
    fn a_wait_is_told_once() {
        let mut tally = Tally::default();
        let wait = Event::Waiting { bucket: "monitor\u{1b}", seconds: 42 };
        let at = |seconds| Duration::from_secs(seconds);
        assert_eq!(tally.line(wait, at(0)).as_deref(), Some("waiting 42 s for the rate limit `monitor␛`"));
        assert_eq!(tally.line(wait, at(3)), None);
        assert!(tally.line(wait, at(13)).is_some());
    }
}
