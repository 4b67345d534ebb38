//! The size of an answer, watched while it is unpacked: a small one can unpack to more than memory holds.

use bytes::{Bytes, BytesMut};

/// A page of a thousand monitors of 50 KB each is below it.
const LARGEST: usize = 64 << 20;
/// Values of JSON in one answer: each costs far more memory than its bytes. Of monitors a thousand have some 60,000, of
/// the largest dashboards one has 250,000.
const MOST_VALUES: usize = 1_000_000;

/// An answer as far as it has come.
#[derive(Default)]
pub struct Growing {
    body: BytesMut,
    /// Values that have begun, as brackets and commas tell.
    values: usize,
    in_text: bool,
    /// The last byte was a backslash in a text.
    escaped: bool,
}

impl Growing {
    /// Takes the next part; an error where there is too much of it.
    pub fn take(&mut self, part: &[u8]) -> Result<(), String> {
        if self.body.len() + part.len() > LARGEST {
            return Err(format!("the answer is larger than {} MB", LARGEST >> 20));
        }
        self.count(part);
        if self.values > MOST_VALUES {
            return Err(format!("the answer holds more than {MOST_VALUES} values"));
        }
        self.body.extend_from_slice(part);
        Ok(())
    }

    pub fn end(self) -> Bytes {
        self.body.freeze()
    }

    fn count(&mut self, mut part: &[u8]) {
        if self.escaped && !part.is_empty() {
            self.escaped = false;
            part = &part[1..];
        }
        loop {
            if self.in_text {
                // Most bytes are in texts: many are looked at together.
                match memchr::memchr2(b'"', b'\\', part) {
                    Some(at) if part[at] == b'"' => {
                        self.in_text = false;
                        part = &part[at + 1..];
                    }
                    Some(at) => {
                        self.escaped = at + 1 == part.len();
                        part = part.get(at + 2..).unwrap_or_default();
                        continue;
                    }
                    None => return,
                }
            }
            let text = part.iter().position(|byte| *byte == b'"');
            let plain = &part[..text.unwrap_or(part.len())];
            self.values += plain.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
            let Some(text) = text else { return };
            self.in_text = true;
            part = &part[text + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many parts are taken before it is too much, and why.
    fn check(part: &str, expected: (usize, &str)) {
        let mut growing = Growing::default();
        let (taken, why) = (0..100_000)
            .find_map(|at| Some((at, growing.take(part.as_bytes()).err()?)))
            .unwrap_or((100_000, String::new()));
        assert_eq!((taken, why.as_str()), expected, "{}", &part[..20.min(part.len())]);
    }

    #[test]
    fn an_answer_ends_where_memory_would() {
        check(&" ".repeat(1 << 20), (64, "the answer is larger than 64 MB"));
        check(&"[],".repeat(1_000), (500, "the answer holds more than 1000000 values"));
        check(&r#"{"a":1},"#.repeat(1_000), (500, "the answer holds more than 1000000 values"));
        // What stands in texts is not a value.
        let text = format!(r#"["\\\",{}"],"#, "[,{".repeat(10_000));
        check(&text, ((64 << 20) / text.len(), "the answer is larger than 64 MB"));
    }

    #[test]
    fn it_counts_alike_wherever_it_is_cut() {
        let text = r#"[{"a\\":"b,\"[{","c":[1,{"d":"\\\""}]},"",[]]"#;
        for first in 0..text.len() {
            for second in first..text.len() {
                let mut growing = Growing::default();
                for part in [&text[..first], &text[first..second], &text[second..]] {
                    assert_eq!(growing.take(part.as_bytes()), Ok(()));
                }
                assert_eq!(growing.values, 9, "cut at {first} and {second}");
                assert!(!growing.in_text && !growing.escaped);
            }
        }
    }

    #[test]
    fn large_pages_pass() {
        let monitor = |n: usize| {
            let options =
                r#"{"thresholds":{"critical":1.5,"warning":0.5},"silenced":{},"locked":false}"#.to_owned();
            let text = "A message, with [brackets], {{#is_alert}} and \\\"quotes\\\". ".repeat(950);
            format!(r#"{{"id":{n},"options":{options},"tags":["a:b","c:d"],"message":"{text}"}},"#)
        };
        let mut growing = Growing::default();
        let mut size = 0;
        for n in 0..1_000 {
            let part = monitor(n);
            size += part.len();
            assert_eq!(growing.take(part.as_bytes()), Ok(()), "{n}");
        }
        assert!(size > 50_000_000, "{size}");
        assert_eq!(growing.end().len(), size);
    }
}
