//! Arguments that are one of a few words: how a ranking is counted, a rollup, an algorithm.

use super::fault::Fault;
use super::known::{Findings, is_percentile};
use super::lexical::shown;
use super::tree::{Call, Expr, Head, Spanned};
use crate::diagnostic::known_words;

/// An argument that is one of these words.
struct Asked {
    of: &'static [&'static str],
    /// The one before is the first.
    at: usize,
    known: &'static [&'static str],
    /// It stands in quotes: 24 of 24 rankings and 41 of 41 algorithms of the recordings and exports do.
    quoted: bool,
    /// Percentiles are words of it, too.
    ranks: bool,
}

/// Datadog's function pages.
const RANKED: &[&str] = &["max", "mean", "min", "sum", "last", "area", "l2norm"];
/// Its page on rollups.
const ROLLED: &[&str] = &["avg", "sum", "min", "max", "count", "last", "median", "cardinality"];
const RANKINGS: &[&str] = &["top", "bottom", "top_offset", "bottom_offset"];

const fn asked(of: &'static [&'static str], at: usize, known: &'static [&'static str]) -> Asked {
    Asked { of, at, known, quoted: true, ranks: false }
}

const ASKED: &[Asked] = &[
    asked(RANKINGS, 2, RANKED),
    asked(RANKINGS, 3, &["asc", "desc"]),
    asked(&["anomalies"], 1, &["basic", "agile", "robust"]),
    asked(&["outliers"], 1, &["DBSCAN", "MAD", "scaledDBSCAN", "scaledMAD"]),
    asked(&["forecast"], 1, &["linear", "seasonal"]),
];
/// Of methods, whose query stands before the dot; quotes are free.
const ASKED_BEHIND: &[Asked] = &[
    Asked { ranks: true, quoted: false, ..asked(&["rollup"], 0, ROLLED) },
    Asked { quoted: false, ..asked(&["fill"], 0, &["null", "zero", "last", "linear"]) },
];

impl Findings {
    pub fn arguments(&mut self, call: &Call) {
        self.words(call, ASKED);
    }

    /// Those of a method: `.rollup(sum, 60)`.
    pub fn arguments_behind(&mut self, call: &Call) {
        self.words(call, ASKED_BEHIND);
    }

    fn words(&mut self, call: &Call, asked: &[Asked]) {
        for one in asked.iter().filter(|one| one.of.contains(&call.name.value.as_str())) {
            let plain = call.arguments.iter().filter(|argument| argument.name.is_none());
            let Some(argument) = plain.map(|argument| &argument.value).nth(one.at) else { continue };
            let Some((word, is_quoted)) = word(argument) else { continue };
            let is_rank = one.ranks && is_percentile(word);
            // A variable of the board, or a number.
            if word.contains('$') || word.starts_with(|c: char| c.is_ascii_digit()) || is_rank {
                continue;
            }
            let name = &call.name.value;
            if !one.known.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                let said = format!("expected a word that `{name}` takes there; found `{}`", shown(word));
                let fault = Fault::new("unknown-aggregation", argument.span.clone(), said);
                self.errors.push(fault.help(known_words(word, one.known.iter().copied())));
            } else if one.quoted && !is_quoted {
                let said = format!("`{}` is a word, and stands without quotes", shown(word));
                let fault = Fault::new("query-syntax", argument.span.clone(), said);
                self.errors.push(fault.help(format!("write `'{}'`", shown(word))));
            }
        }
    }
}

/// A word, and whether it stands in quotes.
fn word(argument: &Spanned<Expr>) -> Option<(&str, bool)> {
    let word = argument.value.word()?;
    let Expr::Term(term) = &argument.value else { return None };
    Some((word, matches!(term.head.value, Head::Text(_))))
}
