//! How many requests are under way at once: more while answers come quickly, half when the service slows down or refuses.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// A level that moves, or one that is fixed.
#[derive(Debug)]
pub struct Level {
    /// Notified after each change: a waiting request looks again.
    pub freed: Notify,
    fixed: bool,
    most: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    level: f64,
    in_flight: usize,
    /// Somebody waits who would go if he could.
    waited_for: bool,
    /// No trouble yet: it rises with each answer, which multiplies it in a round trip.
    untroubled: bool,
    /// One wave of refusals counts once: those that were sent before it say nothing new.
    halved: Option<Instant>,
}

impl Level {
    /// A level fixed at `fixed`, or one that rises from `first` to `most`, by one with each good answer until the
    /// service slows down for the first time.
    pub fn new(fixed: Option<usize>, first: usize, most: usize) -> Self {
        let level = fixed.unwrap_or(first).max(1) as f64;
        Self {
            freed: Notify::new(),
            fixed: fixed.is_some(),
            most: most as f64,
            state: Mutex::new(State {
                level,
                in_flight: 0,
                waited_for: false,
                untroubled: true,
                halved: None,
            }),
        }
    }

    /// Takes a place where one is free; to be paired with [`Level::back`].
    pub fn take(&self) -> bool {
        let mut state = self.state();
        let free = (state.in_flight as f64) + 1.0 <= state.level;
        state.in_flight += usize::from(free);
        state.waited_for = !free;
        free
    }

    /// Somebody waits, for a place or for the first answer.
    pub fn is_waited_for(&self) {
        self.state().waited_for = true;
    }

    pub fn back(&self) {
        self.state().in_flight -= 1;
        self.freed.notify_waiters();
    }

    /// A good answer: rises where it came quickly, and where half of the places are needed at all, or somebody
    /// waits for one.
    pub fn good(&self, quick: bool) {
        let mut state = self.state();
        let needed = state.waited_for || state.in_flight as f64 * 2.0 >= state.level;
        if !self.fixed && quick && needed {
            let more = if state.untroubled { 1.0 } else { 1.0 / state.level };
            state.level = (state.level + more).min(self.most);
        }
    }

    /// A 429, 5xx or 512 to a request of this time: half.
    pub fn bad(&self, sent: Instant, now: Instant) {
        let mut state = self.state();
        if self.fixed || state.halved.is_some_and(|halved| sent <= halved) {
            return;
        }
        state.level = (state.level / 2.0).max(1.0);
        state.untroubled = false;
        state.halved = Some(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many places are free at the start of a round, in which more are asked for; each gets a good answer.
    fn round(level: &Level, quick: bool) -> usize {
        let taken = (0..1_000).take_while(|_| level.take()).count();
        for _ in 0..taken {
            level.good(quick);
            level.back();
        }
        taken
    }

    #[test]
    fn it_rises_from_8_and_halves() {
        let level = Level::new(None, 8, 32);
        assert_eq!(round(&level, true), 8);
        let later = round(&level, true);
        assert!(later > 8, "{later}");
        for _ in 0..100 {
            round(&level, true);
        }
        assert_eq!(round(&level, true), 32);
        let sent = Instant::now();
        let now = sent + Duration::from_millis(10);
        level.bad(sent, now);
        // The same wave.
        level.bad(sent, now);
        assert_eq!(round(&level, true), 16);
        let again = round(&level, true);
        assert!((16..=18).contains(&again), "{again}");
        for _ in 0..20 {
            level.bad(now + Duration::from_secs(1), now + Duration::from_secs(1));
            level.bad(now + Duration::from_secs(9), now + Duration::from_secs(8));
        }
        assert_eq!(round(&level, false), 1);
    }

    #[test]
    fn it_begins_where_it_is_told_to_and_halves_from_there() {
        let level = Level::new(None, 64, 64);
        assert_eq!(round(&level, true), 64);
        assert_eq!(round(&level, true), 64);
        let sent = Instant::now();
        level.bad(sent, sent);
        assert_eq!(round(&level, true), 32);
    }

    #[test]
    fn slow_answers_and_idle_places_do_not_raise_it() {
        let level = Level::new(None, 8, 32);
        for _ in 0..10 {
            round(&level, false);
        }
        assert_eq!(round(&level, false), 8);
        for _ in 0..100 {
            assert!(level.take());
            level.good(true);
            level.back();
        }
        assert_eq!(round(&level, false), 8);
    }

    #[test]
    fn a_fixed_one_stays() {
        let level = Level::new(Some(64), 8, 32);
        level.bad(Instant::now(), Instant::now());
        assert_eq!(round(&level, true), 64);
        assert_eq!(round(&Level::new(Some(0), 8, 32), true), 1);
    }
}
