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

    /// Each of some texts in the longest of its forms that there is room for, the shortest of all being seen to first, then
    /// the second of all. Those of which even the shortest has no room are counted.
    pub fn fitted(self, forms: &[Vec<String>]) -> (Vec<Option<String>>, usize) {
        let mut left = self.left;
        let mut shown: Vec<Option<&String>> = vec![None; forms.len()];
        for form in 0..forms.iter().map(Vec::len).max().unwrap_or_default() {
            for (forms, shown) in forms.iter().zip(&mut shown) {
                let Some(text) = forms.get(form).filter(|_| form == 0 || shown.is_some()) else { continue };
                let free = left + shown.map_or(0, |shown| self.of(shown));
                if let Some(rest) = free.checked_sub(self.of(text)) {
                    (left, *shown) = (rest, Some(text));
                }
            }
        }
        let hidden = shown.iter().filter(|shown| shown.is_none()).count();
        (shown.into_iter().map(Option::<&String>::cloned).collect(), hidden)
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

    #[test]
    fn all_are_told_briefly_before_one_is_told_at_length() {
        let forms: Vec<Vec<String>> =
            ["a", "b", "c"].map(|name| vec![name.to_owned(), name.repeat(3), name.repeat(9)]).into();
        let fitted = |left: usize| {
            let (shown, hidden) = Room::bytes(left).fitted(&forms);
            (shown.into_iter().flatten().collect::<Vec<_>>().join(" "), hidden)
        };
        for (left, text, hidden) in [
            (0, "", 3),
            (2, "a b", 1),
            (5, "aaa b c", 0),
            (9, "aaa bbb ccc", 0),
            (16, "aaaaaaaaa bbb ccc", 0),
            (99, "aaaaaaaaa bbbbbbbbb ccccccccc", 0),
        ] {
            assert_eq!(fitted(left), (text.to_owned(), hidden), "{left}");
        }
    }
}
