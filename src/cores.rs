//! Work split among all cores, its results in order.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

/// This many pieces for each core: their work differs, and a thread that is done early takes the next.
const PIECES: usize = 8;

/// Threads of ours at work. Work that is split may be split again, by each of its pieces: there are never more than two for
/// each core.
static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// How many cores there are, asked once: to find out takes the system longer than many a piece takes.
fn count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// How many of the threads that are wanted may begin, so that no more than `most` are at work.
fn claimed(wanted: usize, most: usize) -> usize {
    let may = |at_work: usize| wanted.min(most.saturating_sub(at_work));
    AT_WORK
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at_work| Some(at_work + may(at_work)))
        .map_or(0, may)
}

/// What the pieces of a list give, in the order of the list. A piece comes with the position of its first item
/// and holds `least` items or more, so that a short list is one piece and needs no thread.
pub fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    least: usize,
    work: &(dyn Fn(&[T], usize) -> R + Sync),
) -> Vec<R> {
    let cores = count();
    let size = items.len().div_ceil(cores * PIECES).max(least).max(1);
    let pieces = items.len().div_ceil(size);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            let Some(rest) = items.get(piece * size..).filter(|rest| !rest.is_empty()) else { return done };
            done.push((piece, work(&rest[..size.min(rest.len())], piece * size)));
        }
    };
    let mut done = thread::scope(|scope| {
        let helpers = claimed(cores.min(pieces).saturating_sub(1), 2 * cores);
        let helped = || {
            let done = run();
            AT_WORK.fetch_sub(1, Ordering::Relaxed);
            done
        };
        let others: Vec<_> = (0..helpers).map(|_| scope.spawn(helped)).collect();
        // This thread is one of them.
        let mut done = run();
        for other in others {
            done.extend(other.join().expect("bug: a worker panicked"));
        }
        done
    });
    done.sort_unstable_by_key(|(piece, _)| *piece);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The same of items that are used up: what becomes of each of them, in their order.
pub fn each_in_parallel<T: Send, R: Send>(
    items: Vec<T>,
    least: usize,
    work: &(dyn Fn(T) -> R + Sync),
) -> Vec<R> {
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let taken = |item: &Mutex<Option<T>>| item.lock().ok().and_then(|mut item| item.take());
    let parts = in_parallel(&items, least, &|items, _| -> Vec<R> {
        items.iter().filter_map(taken).map(work).collect()
    });
    parts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_in_order() {
        for length in [0, 1, 7, 100, 1_001] {
            for least in [0, 1, 64] {
                let items: Vec<usize> = (0..length).collect();
                let parts = in_parallel(&items, least, &|part, from| {
                    assert_eq!(part.first(), Some(&from));
                    part.to_vec()
                });
                assert_eq!(parts.concat(), items, "{length} items, pieces of {least}");
                assert!(parts.iter().rev().skip(1).all(|part| part.len() >= least), "{length} by {least}");
            }
        }
    }

    #[test]
    fn items_are_used_up_in_their_order() {
        let items: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
        assert_eq!(each_in_parallel(items.clone(), 8, &|item| item), items);
    }
}
