//! Comments that silence a rule: `# musher: allow CODE` at the end of a line, or on a line of its own before it.

use std::collections::BTreeSet;

use super::rules::all_codes;
use crate::diagnostic::{At, Diagnostic, FileId, Place, known_words};
use crate::source::short;

const MARK: &str = "musher: allow ";

/// One code of one comment.
pub struct Allowed {
    pub file: FileId,
    /// The line that it is about, from 1.
    pub line: u32,
    pub code: String,
    /// Bytes of the code.
    range: std::ops::Range<usize>,
}

/// The comments of a file's text.
pub fn read(file: FileId, text: &str) -> Vec<Allowed> {
    let (mut found, mut waiting, mut at) = (Vec::new(), Vec::new(), 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let own = of_line(file, number, at, line);
        let alone = line.trim_start().starts_with('#');
        match (alone, line.trim().is_empty()) {
            (true, _) => waiting.extend(own),
            (false, true) => {}
            (false, false) => {
                found.extend(waiting.drain(..).map(|own: Allowed| Allowed { line: number, ..own }));
                found.extend(own);
            }
        }
        at += line.len();
    }
    found.extend(waiting);
    found
}

fn of_line(file: FileId, line: u32, start: usize, text: &str) -> Vec<Allowed> {
    let Some(hash) = text.find("# ").filter(|_| text.contains(MARK)) else { return Vec::new() };
    let Some(mark) = text[hash..].find(MARK).map(|mark| hash + mark + MARK.len()) else { return Vec::new() };
    let (mut found, mut at) = (Vec::new(), mark);
    for word in text[mark..].split_inclusive([',', ' ', '\n', '\r']) {
        let code = word.trim_matches(|c: char| c == ',' || c.is_whitespace());
        if !code.is_empty() {
            let from = start + at + word.find(code).unwrap_or_default();
            found.push(Allowed { file, line, code: code.to_owned(), range: from..from + code.len() });
        } else if !word.trim().is_empty() {
            break;
        }
        at += word.len();
    }
    found
}

/// What is wrong with the comments themselves: codes that don't exist, and those that silence nothing. `used` are
/// positions.
pub fn report(allowed: &[Allowed], used: &BTreeSet<usize>, is_off: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
    let mut reported = Vec::new();
    for (index, own) in allowed.iter().enumerate() {
        let at = At { file: own.file, place: Place::Bytes(own.range.clone()) };
        if !all_codes().any(|code| code == own.code) {
            let text = format!("There is no rule `{}` about pipelines", short(&own.code));
            reported
                .push(Diagnostic::error("unknown-rule", text, at).help(known_words(&own.code, all_codes())));
        } else if !used.contains(&index) && !is_off(&own.code) {
            let text = format!("The comment silences `{}`, which finds nothing here", own.code);
            let help = "take it out: what it hid is fixed, and it would hide the next one";
            reported.push(Diagnostic::warning("unused-allow", text, at).help(help));
        }
    }
    reported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read() {
        let text = "a: b # musher: allow one, two\n# musher: allow three\n\nc: d\n'# e': 'musher: allow'\n";
        let read: Vec<(u32, String)> =
            read(FileId(0), text).into_iter().map(|own| (own.line, own.code)).collect();
        assert_eq!(read, [(1, "one".to_owned()), (1, "two".to_owned()), (4, "three".to_owned())]);
        assert_eq!(super::read(FileId(0), "# musher: allow é\r\nx: y")[0].code, "é");
    }
}
