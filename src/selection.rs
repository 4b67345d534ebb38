//! `--only`: the globs of addresses, what they select, and what was meant by one that selects nothing.

use std::collections::BTreeSet;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::kind::KINDS;
use crate::model::Address;

/// A "did you mean" compares with many addresses: no more globs get one.
const SUGGESTIONS: usize = 8;
/// At most this many suggestions are named.
const NAMED: usize = 4;

/// What `--only` lets through; nothing given lets all through.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    texts: Vec<String>,
    set: GlobSet,
}

impl Selection {
    /// `*` stands for anything, `/` included: `monitors/lambda/*` is all below it.
    pub fn read(texts: &[String]) -> anyhow::Result<Self> {
        let mut set = GlobSetBuilder::new();
        for text in texts {
            set.add(Glob::new(text).map_err(|error| anyhow::anyhow!("{text}: {}", error.kind()))?);
        }
        Ok(Self { texts: texts.to_vec(), set: set.build()? })
    }

    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    pub fn selects(&self, address: &Address) -> bool {
        self.texts.is_empty() || self.set.is_match(address.as_str())
    }

    /// What is wrong with the globs that select none of these: what is declared, and what is live and ours.
    pub fn idle<'a>(&self, known: impl Iterator<Item = &'a Address>) -> Vec<Diagnostic> {
        if self.texts.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<&str> = known.map(Address::as_str).collect();
        let mut hit = vec![false; self.texts.len()];
        for address in &known {
            for glob in self.set.matches(address) {
                hit[glob] = true;
            }
        }
        let idle = self.texts.iter().zip(hit).filter(|(_, hit)| !hit).map(|(text, _)| text);
        idle.enumerate().map(|(count, text)| reported(text, &known, count < SUGGESTIONS)).collect()
    }
}

fn reported(text: &str, known: &BTreeSet<&str>, suggest: bool) -> Diagnostic {
    let words = format!("`{text}` matches nothing that is declared or live");
    let meant = if suggest { meant(text, known) } else { Vec::new() };
    let shown = |meant: &[String]| {
        let named = meant.iter().take(NAMED).map(|text| format!("`{text}`"));
        named.collect::<Vec<_>>().join(", ")
    };
    Diagnostic::error("idle-only", words, None).help(match &meant[..] {
        [] => {
            let sections: Vec<&str> = KINDS.iter().map(|kind| kind.section).collect();
            format!(
                "an address begins with its section ({}): `musher list` shows them all; a `*` stands for anything",
                sections.join(", ")
            )
        }
        meant => format!("did you mean {}?", shown(meant)),
    })
}

/// A remedy for an address that there is not: what was meant, its section perhaps forgotten; else where all stand.
pub fn likely<'a>(address: &str, known: impl Iterator<Item = &'a Address>) -> String {
    let known: BTreeSet<&str> = known.map(Address::as_str).collect();
    match meant(&globset::escape(address), &known).first() {
        Some(meant) => format!("did you mean `{}`?", meant.replace(['[', ']'], "")),
        None => "`musher list` shows all addresses".to_owned(),
    }
}

/// What may be meant: the same below a section, else the nearest of what the addresses make of its fixed parts.
fn meant(text: &str, known: &BTreeSet<&str>) -> Vec<String> {
    let below: Vec<String> = KINDS.iter().map(|kind| format!("{}/", kind.section)).collect();
    let whole = below.iter().map(|section| format!("{section}{text}"));
    let whole: Vec<String> = whole.filter(|glob| matches_any(glob, known)).collect();
    if !whole.is_empty() {
        return whole;
    }
    let near = |section: &str| {
        let candidates = candidates(&format!("{section}{text}"), known);
        // Much longer or shorter ones can't be meant: comparing is what costs.
        let rests = candidates.iter().filter_map(|candidate| candidate.strip_prefix(section));
        let rests = rests.filter(|rest| rest.len().abs_diff(text.len()) <= 1 + text.len() / 4);
        let meant = format!("{section}{}", did_you_mean(text, rests)?);
        matches_any(&meant, known).then_some(meant)
    };
    near("").map_or_else(|| below.iter().filter_map(|section| near(section)).collect(), |meant| vec![meant])
}

fn matches_any(glob: &str, known: &BTreeSet<&str>) -> bool {
    let Ok(glob) = Glob::new(glob) else { return false };
    let glob = glob.compile_matcher();
    known.iter().any(|address| glob.is_match(address))
}

/// The glob with its fixed parts as the addresses have them.
fn candidates(glob: &str, known: &BTreeSet<&str>) -> BTreeSet<String> {
    let parts: Vec<&str> = glob.split('/').collect();
    let mut found = BTreeSet::new();
    for address in known {
        let segments: Vec<&str> = address.split('/').collect();
        // A `*` at the end of a glob stands for any number of segments.
        if segments.len() < parts.len() || (segments.len() > parts.len() && !glob.ends_with('*')) {
            continue;
        }
        for longer in [-1, 0, 1] {
            let own = parts.iter().zip(&segments).map(|(part, segment)| like(part, segment, longer));
            if let Some(own) = own.collect::<Option<Vec<String>>>() {
                found.insert(own.join("/"));
            }
        }
    }
    found
}

/// A part of a glob with what stands before its first sign taken from a segment, so much longer or shorter.
fn like(part: &str, segment: &str, longer: isize) -> Option<String> {
    let Some(sign) = part.find(['*', '?', '[', '{', '\\']) else { return Some(segment.to_owned()) };
    // So little before the sign can be anything.
    if sign < 3 {
        return Some(part.to_owned());
    }
    let length = sign.checked_add_signed(longer)?;
    Some(format!("{}{}", segment.get(..length)?, &part[sign..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, expected: Option<&str>) {
        let known = [
            "monitors/lambda/pay/errors",
            "monitors/lambda/checkout-get/errors",
            "monitors/broken",
            "slos/pay",
        ];
        let known: Vec<Address> = known.iter().filter_map(|text| Address::parse(text)).collect();
        let selection = Selection::read(&[glob.to_owned()]).expect("a glob");
        let reported = selection.idle(known.iter());
        let help = reported.first().map(|reported| reported.help.clone().unwrap_or_default());
        match expected {
            None => assert_eq!(help, None, "{glob}"),
            Some(expected) => {
                assert!(help.as_ref().is_some_and(|help| help.contains(expected)), "{glob}: {help:?}")
            }
        }
    }

    #[test]
    fn a_glob_that_selects_nothing_is_told_with_what_was_meant() {
        for glob in
            ["monitors/lambda/*", "*", "slos/pay", "monitors/lambda/*/errors", "*/pay*", "monitors/b?oken"]
        {
            check(glob, None);
        }
        check("monitor/lambda/*", Some("did you mean `monitors/lambda/*`?"));
        check("lambda/*", Some("did you mean `monitors/lambda/*`?"));
        check("monitors/lamda/*", Some("did you mean `monitors/lambda/*`?"));
        check("lamda/*", Some("did you mean `monitors/lambda/*`?"));
        check("monitors/lambda/*/error", Some("did you mean `monitors/lambda/*/errors`?"));
        check("monitors/lambda/chekout*", Some("did you mean `monitors/lambda/checkout*`?"));
        check("pay", Some("did you mean `slos/pay`?"));
        check("monitors/brokn", Some("did you mean `monitors/broken`?"));
        check("dashboards/*", Some("an address begins with its section"));
        check("zzz", Some("`musher list`"));
        check("é*", Some("`musher list`"));
    }

    #[test]
    fn nothing_given_selects_all_and_is_never_idle() {
        let selection = Selection::default();
        assert!(selection.selects(&Address::new("monitors", "a")));
        assert!(selection.idle(std::iter::empty()).is_empty());
        let one = Selection::read(&["monitors/a".to_owned()]).expect("a glob");
        assert!(one.selects(&Address::new("monitors", "a")) && !one.selects(&Address::new("monitors", "b")));
        assert!(Selection::read(&["[".to_owned()]).is_err());
    }
}
