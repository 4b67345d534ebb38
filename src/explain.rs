//! A diagnostic's code -> what `docs/diagnostics.md` says of it.

use crate::diagnostic::known_words;

/// The one source: what people read in the documentation is what is printed.
const PAGE: &str = include_str!("../docs/diagnostics.md");

/// What is said of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    pub code: &'static str,
    /// Markdown.
    pub text: &'static str,
}

impl Explained {
    /// Its first sentence, on one line.
    pub fn first(&self) -> String {
        let paragraph = self.text.split("\n\n").next().unwrap_or_default();
        let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.find(". ").map_or(line.len(), |at| at + 1);
        line[..end].to_owned()
    }
}

/// All codes by the headings of the page that they stand under.
pub fn chapters() -> Vec<(&'static str, Vec<Explained>)> {
    let chapters = PAGE.split("\n## ").skip(1);
    let reported = chapters.map(|chapter| {
        let title = chapter.lines().next().unwrap_or_default();
        let codes = chapter.split("\n### ").skip(1).map(|section| {
            let (code, text) = section.split_once('\n').unwrap_or((section, ""));
            Explained { code: code.trim(), text: text.trim() }
        });
        (title, codes.collect::<Vec<_>>())
    });
    reported.filter(|(_, codes)| !codes.is_empty()).collect()
}

/// What is said of a code; else what may be meant.
pub fn explain(code: &str) -> Result<Explained, String> {
    let all: Vec<Explained> = chapters().into_iter().flat_map(|(_, codes)| codes).collect();
    // As it is copied from a diagnostic: `error[tab]`, `[tab]`, `` `tab` ``.
    let bare =
        code.split_once('[').map_or(code, |(_, rest)| rest).trim_matches(|c| matches!(c, ']' | '`' | ':'));
    match all.iter().find(|one| one.code == bare) {
        Some(one) => Ok(*one),
        None => Err(known_words(bare, all.iter().map(|one| one.code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_page_is_explained() {
        let all: Vec<Explained> = chapters().into_iter().flat_map(|(_, codes)| codes).collect();
        assert!(all.len() > 90, "{}", all.len());
        for one in &all {
            assert_eq!(explain(one.code), Ok(*one));
            assert!(one.text.contains("*Why:*") && one.text.contains("*Instead:*"), "{}", one.code);
            assert!(one.first().len() > 10 && !one.first().contains('\n'), "{}: {}", one.code, one.first());
        }
        for rule in crate::check::all_codes() {
            assert!(explain(rule).is_ok(), "{rule}");
        }
    }

    #[test]
    fn a_code_is_taken_as_it_is_copied_and_a_misspelled_one_is_told() {
        for copied in ["tab", "error[tab]", "[tab]", "`tab`", "error[tab]:"] {
            assert_eq!(explain(copied).map(|one| one.code), Ok("tab"), "{copied}");
        }
        assert!(
            explain("treshold-mismatch")
                .is_err_and(|help| help.contains("did you mean `threshold-mismatch`?"))
        );
        assert!(explain("é[").is_err());
    }
}
