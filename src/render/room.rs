//! How long a text may be where it is posted: GitHub counts the characters of a comment, and the bytes of a job's summary.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Those of UTF-16: never fewer than code points, so that it fits however they are counted.
    Characters,
    Bytes,
}

/// So much room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    unit: Unit,
    pub left: usize,
}

impl Room {
    pub const fn characters(left: usize) -> Self {
        Self { unit: Unit::Characters, left }
    }

    pub const fn bytes(left: usize) -> Self {
        Self { unit: Unit::Bytes, left }
    }

    /// How much of it a text takes.
    pub fn of(self, text: &str) -> usize {
        match self.unit {
            Unit::Characters => text.encode_utf16().count(),
            Unit::Bytes => text.len(),
        }
    }

    pub fn holds(self, text: &str) -> bool {
        self.of(text) <= self.left
    }

    /// What is left of it beside so much.
    pub fn beside(self, taken: usize) -> Self {
        Self { left: self.left.saturating_sub(taken), ..self }
    }

    /// An equal part of it.
    pub fn part(self, of: usize) -> Self {
        Self { left: self.left / of.max(1), ..self }
    }

    /// What is left of it beside a text.
    pub fn after(self, text: &str) -> Self {
        self.beside(self.of(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted() {
        for (text, characters, bytes) in [("abc", 3, 3), ("é→", 2, 5), ("🎉", 2, 4), ("", 0, 0)] {
            assert_eq!(Room::characters(9).of(text), characters, "{text}");
            assert_eq!(Room::bytes(9).of(text), bytes, "{text}");
        }
        assert!(Room::characters(2).holds("🎉") && !Room::bytes(2).holds("🎉"));
        assert_eq!(Room::characters(5).after("🎉").left, 3);
        assert_eq!(Room::bytes(3).after("🎉").left, 0);
    }
}
