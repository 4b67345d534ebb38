//! The last look at what is printed: no line acts on a terminal, or is a command to the program that runs the job.

use std::borrow::Cow;
use std::io::{self, Write};

use super::sanitize::is_hostile;

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// For people.
    Text,
    /// For programs: stays the same value.
    Json,
    /// Annotations of a GitHub workflow, which are commands on purpose.
    Commands,
}

/// Whether the program that runs this job looks for commands in what is printed.
fn is_obeyed() -> bool {
    ["GITHUB_ACTIONS", "TF_BUILD"]
        .iter()
        .filter_map(std::env::var_os)
        .any(|value| !value.is_empty() && !value.eq_ignore_ascii_case("false"))
}

/// Lets lines through, changed where they could do something.
pub struct Guard<W: Write> {
    inner: W,
    speech: Speech,
    /// Colours are on: their codes pass.
    color: bool,
    obeyed: bool,
    /// What has come since the last line feed.
    line: Vec<u8>,
}

impl<W: Write> Guard<W> {
    pub fn new(inner: W, speech: Speech, color: bool) -> Self {
        Self { inner, speech, color, obeyed: is_obeyed(), line: Vec::new() }
    }

    fn pass(&mut self, lines: &[u8]) -> io::Result<()> {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            let seen = self.visible(&text);
            let harmless = if self.obeyed { self.broken(&seen) } else { Cow::Borrowed(&*seen) };
            self.inner.write_all(harmless.as_bytes())?;
        }
        Ok(())
    }

    /// The line without anything that acts on a terminal, but for colours of our own.
    fn visible<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let acts = |c: char| is_hostile(c) && c != '\n' && c != '\t';
        if !line.chars().any(acts) {
            return Cow::Borrowed(line);
        }
        let mut out = String::with_capacity(line.len() + 16);
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let code = if self.color { color_code(rest) } else { 0 };
            let length = code.max(c.len_utf8());
            let (head, tail) = rest.split_at(length);
            match self.speech {
                _ if code > 0 || !acts(c) => out.push_str(head),
                Speech::Json => {
                    let units = c.encode_utf16(&mut [0; 2]).to_vec();
                    out.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
                }
                Speech::Text | Speech::Commands => out.push_str(&super::sanitize::clean(head)),
            }
            rest = tail;
        }
        Cow::Owned(out)
    }

    /// The line with every command in it broken, so that it can be seen.
    fn broken<'t>(&self, line: &'t str) -> Cow<'t, str> {
        // Two marks open a command: `##` anywhere in a line.
        let mut out = self.without_hashes(line);
        // And `::` at its start, whatever space comes before.
        if self.speech == Speech::Text {
            let at = blank(&out);
            if out[at..].starts_with("::") {
                out.to_mut().insert(at + 1, ' ');
            }
        }
        out
    }

    fn without_hashes<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let second = if self.speech == Speech::Json { "\\u0023" } else { " #" };
        let (mut out, mut copied, mut from) = (String::new(), 0, 0);
        while let Some(at) = line[from..].find("##").map(|at| from + at) {
            let behind = line[at..].trim_start_matches('#');
            from = line.len() - behind.len();
            if behind.trim_start_matches(|c: char| c.is_alphanumeric()).starts_with('[') {
                out.push_str(&line[copied..=at]);
                out.push_str(&second.repeat(from - at - 1));
                copied = from;
            }
        }
        if copied == 0 {
            return Cow::Borrowed(line);
        }
        out.push_str(&line[copied..]);
        Cow::Owned(out)
    }
}

/// The bytes of a code for colour that a text begins with; 0 where it begins with none.
fn color_code(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return 0 };
    let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == ':');
    if number.starts_with('m') { text.len() - number.len() + 1 } else { 0 }
}

/// The bytes at the start of a line that a reader may pass over: more than any of them does.
fn blank(line: &str) -> usize {
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        match color_code(&line[at..]) {
            0 if c.is_whitespace() || c.is_control() || is_hostile(c) => at += c.len_utf8(),
            0 => break,
            code => at += code,
        }
    }
    at
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        let mut whole = std::mem::take(&mut self.line);
        whole.extend_from_slice(&bytes[..=end]);
        self.line.extend_from_slice(&bytes[end + 1..]);
        self.pass(&whole)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.line);
        self.pass(&rest)?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guarded(text: &str, speech: Speech, color: bool, obeyed: bool) -> String {
        let mut out = Vec::new();
        let mut guard = Guard { inner: &mut out, speech, color, obeyed, line: Vec::new() };
        for piece in text.as_bytes().chunks(7) {
            guard.write_all(piece).expect("a vector takes all");
        }
        guard.flush().expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn commands_are_broken_where_they_are_obeyed() {
        for (text, expected) in [
            ("::error::x\n", ": :error::x\n"),
            ("a\n \t\u{3000}::error::x\n", "a\n \t\u{3000}: :error::x\n"),
            ("a ::error::x\nstd::vec\n", "a ::error::x\nstd::vec\n"),
            ("a ##[set-env name=x]y", "a # #[set-env name=x]y"),
            ("###[x] ##vso[x] ####[", "# # #[x] # #vso[x] # # # #["),
            ("## Heading [link](x)\n### [link](x)\n", "## Heading [link](x)\n### [link](x)\n"),
        ] {
            assert_eq!(guarded(text, Speech::Text, false, true), expected, "{text}");
            assert_eq!(guarded(text, Speech::Text, false, false), text);
        }
        // A long line costs no more than its length.
        for long in ["#".repeat(1 << 21), "##[".repeat(1 << 19)] {
            let out = guarded(&long, Speech::Text, false, true);
            assert_eq!(out.contains(" #"), long.contains('['));
        }
        let command = "::error title=x::y ##[error]z\n";
        assert_eq!(guarded(command, Speech::Commands, false, true), "::error title=x::y # #[error]z\n");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = serde_json::json!({"a": ["##[x]", "\u{202e}\u{9b}\u{e0041}é"], "::b": "a ###[y] \\##["});
        let text = guarded(&format!("{value:#}\n"), Speech::Json, false, true);
        assert!(!text.contains("##[") && !text.chars().any(|c| is_hostile(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn colours_pass_and_nothing_else_does() {
        let text = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07 \x1b[2J a\r\u{202e}b\tc\n";
        assert_eq!(
            guarded(text, Speech::Text, true, false),
            "\x1b[1;31mred\x1b[0m ␛]0;title␇ ␛[2J a␍\\u{202e}b\tc\n"
        );
        assert!(!guarded(text, Speech::Text, false, false).contains('\x1b'));
        assert_eq!(guarded("\x1b[1m ::x\n", Speech::Text, true, true), "\x1b[1m : :x\n");
    }

    proptest! {
        #[test]
        fn no_line_is_a_command(parts in prop::collection::vec("[#:\\[\\]a \u{a0}\r\n\t\u{feff}\u{1b}]|::|##\\[", 0..40)) {
            let out = guarded(&parts.concat(), Speech::Text, false, true);
            prop_assert!(!out.contains("##["), "{:?}", out);
            prop_assert!(!out.lines().any(|line| line.trim().starts_with("::")), "{:?}", out);
        }
    }
}
