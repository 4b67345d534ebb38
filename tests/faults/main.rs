//! What goes wrong on the way: faults, kills, signals, rate limits, two at once. The end has to be that of an
//! apply that nobody disturbed. The real binary talks to the sandbox over HTTP.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod estate;
mod every;
mod exports;
mod faults;
mod guests;
mod kills;
mod limits;
mod signals;
mod together;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cases side by side: most of their time they wait.
const AT_ONCE: usize = 8;

/// Runs all cases side by side and tells those that fail, by their place.
fn each<T: Sync>(
    cases: &[T],
    name: impl Fn(&T) -> String + Sync,
    run: impl Fn(&T) -> Result<(), String> + Sync,
) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = run(case) {
                        failed.lock().unwrap().push(format!("{}: {why}", name(case)));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    assert!(failed.is_empty(), "{} of {} failed\n{}", failed.len(), cases.len(), failed.join("\n\n"));
}
