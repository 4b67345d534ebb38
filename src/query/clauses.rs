//! Searches as clauses: what an event must have to be found, and whether what one search finds another one finds too.

use std::collections::BTreeSet;

use super::lexical::{MARKER_OPEN, MAX_DEPTH};
use super::search::term_length;

/// Of a search with more clauses nothing is said.
const MOST: usize = 64;

/// Keys of which an event has one value: another one rules the first out.
const SINGLE: [&str; 5] = ["status", "service", "source", "host", "env"];

/// An event is found that has everything of one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clauses(Vec<BTreeSet<Literal>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Literal {
    /// `-` or `NOT` before it.
    negated: bool,
    /// Empty: free text.
    key: String,
    value: String,
}

impl Clauses {
    /// Absent where the search can't be read to its end, is too long, or holds what is not known yet.
    pub fn read(search: &str) -> Option<Self> {
        if search.contains(['$', MARKER_OPEN]) {
            return None;
        }
        let mut reader = Reader { rest: search.trim_start(), key: "", depth: 0 };
        let clauses = if reader.rest.is_empty() { everything() } else { reader.either(false)? };
        reader.rest.is_empty().then_some(Self(clauses))
    }

    /// Whether everything that this finds, if it can find anything, `other` finds as well.
    pub fn implies(&self, other: &Self) -> bool {
        let nothing = Self(everything());
        self.is_aimed_at(&nothing, other, false)
    }

    /// Whether everything that this finds among what `all` finds, `other` finds as well. What `other` leaves out may be
    /// missing (`"REPORT RequestId" -status:error`), where this asks for the rest and not for that.
    pub fn finds_within(&self, all: &Self, other: &Self) -> bool {
        self.is_aimed_at(all, other, true)
    }

    fn is_aimed_at(&self, all: &Self, other: &Self, excepted: bool) -> bool {
        let both = self.0.iter().flat_map(|own| all.0.iter().map(move |rest| (own, rest)));
        let whole = both.map(|(own, rest)| (own, own.union(rest).cloned().collect::<BTreeSet<_>>()));
        let mut possible = whole.filter(|(_, clause)| !contradicts(clause)).peekable();
        possible.peek().is_some()
            && possible.all(|(own, clause)| {
                other.0.iter().any(|wanted| {
                    let asks = |literal: &Literal| !literal.negated && holds(own, literal);
                    let may_miss = excepted && wanted.iter().any(asks);
                    wanted.iter().all(|literal| {
                        holds(&clause, literal) || may_miss && literal.negated && !denies(&clause, literal)
                    })
                })
            })
    }
}

fn everything() -> Vec<BTreeSet<Literal>> {
    vec![BTreeSet::new()]
}

fn joined(one: &[BTreeSet<Literal>], other: &[BTreeSet<Literal>]) -> Option<Vec<BTreeSet<Literal>>> {
    let all = one.iter().flat_map(|a| other.iter().map(move |b| a.union(b).cloned().collect()));
    (one.len() * other.len() <= MOST).then(|| all.collect())
}

/// Whether an event that has all of a clause has this, too.
fn holds(clause: &BTreeSet<Literal>, wanted: &Literal) -> bool {
    clause.iter().any(|own| match (own.negated, wanted.negated) {
        (false, false) => own.key == wanted.key && fits(&wanted.value, &own.value),
        (true, true) => own.key == wanted.key && fits(&own.value, &wanted.value),
        (false, true) => excludes(own, wanted),
        (true, false) => false,
    })
}

/// Whether two values of one key can't be an event's at the same time.
fn excludes(own: &Literal, other: &Literal) -> bool {
    let is_plain = |value: &str| !value.contains(['*', '?', '<', '>', '[', '{']);
    own.key == other.key
        && SINGLE.contains(&own.key.as_str())
        && is_plain(&own.value)
        && is_plain(&other.value)
        && own.value != other.value
}

fn contradicts(clause: &BTreeSet<Literal>) -> bool {
    let mut has = clause.iter().filter(|literal| !literal.negated);
    let is_excluded = |own: &Literal| clause.iter().any(|other| !other.negated && excludes(own, other));
    has.any(is_excluded) || clause.iter().any(|no| no.negated && denies(clause, no))
}

/// Whether an event that has all of a clause has what a literal rules out.
fn denies(clause: &BTreeSet<Literal>, no: &Literal) -> bool {
    clause.iter().any(|own| !own.negated && own.key == no.key && fits(&no.value, &own.value))
}

/// Whether a value is one that a pattern with `*` at its end finds.
fn fits(pattern: &str, value: &str) -> bool {
    pattern == value || pattern.strip_suffix('*').is_some_and(|start| value.starts_with(start))
}

struct Reader<'s> {
    rest: &'s str,
    /// Of the brackets around: `status:(debug OR info)`.
    key: &'s str,
    depth: usize,
}

impl<'s> Reader<'s> {
    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?.trim_start();
        Some(())
    }

    fn word(&mut self, word: &str) -> bool {
        let after = self.rest.strip_prefix(word);
        let ends =
            |after: &&str| after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(');
        let Some(after) = after.filter(ends) else {
            return false;
        };
        self.rest = after.trim_start();
        true
    }

    /// `a OR b`; negated it is all of them.
    fn either(&mut self, negated: bool) -> Option<Vec<BTreeSet<Literal>>> {
        let mut clauses = self.all(negated)?;
        while self.word("OR") {
            clauses = sum(negated, clauses, self.all(negated)?)?;
        }
        Some(clauses)
    }

    /// `a b`, `a AND b`; negated it is one of them.
    fn all(&mut self, negated: bool) -> Option<Vec<BTreeSet<Literal>>> {
        let mut clauses = self.one(negated)?;
        loop {
            let joint = self.word("AND");
            let is_end = self.rest.is_empty() || self.rest.starts_with(')') || self.is_or();
            if is_end {
                return (!joint).then_some(clauses);
            }
            clauses = sum(!negated, clauses, self.one(negated)?)?;
        }
    }

    fn is_or(&self) -> bool {
        let after = self.rest.strip_prefix("OR");
        after.is_some_and(|after| {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c == '(')
        })
    }

    fn one(&mut self, negated: bool) -> Option<Vec<BTreeSet<Literal>>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let found = if self.word("NOT") {
            self.one(!negated)
        } else if self.rest.starts_with('-') {
            self.skip(1)?;
            self.one(!negated)
        } else if self.rest.starts_with('(') {
            self.skip(1)?;
            let inside = self.either(negated)?;
            self.rest.starts_with(')').then(|| self.skip(1))??;
            Some(inside)
        } else {
            self.term(negated)
        };
        self.depth -= 1;
        found
    }

    fn term(&mut self, negated: bool) -> Option<Vec<BTreeSet<Literal>>> {
        if self.rest.is_empty() || self.rest.starts_with(')') || self.is_or() {
            return None;
        }
        let (length, colon) = term_length(self.rest);
        let text = self.rest.get(..length)?;
        self.skip(length)?;
        let (key, value) = match colon {
            Some(colon) => (text.get(..colon)?, text.get(colon + 1..)?),
            None => (self.key, text),
        };
        let inside = value.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        if let Some(inside) = inside {
            let mut reader = Reader { rest: inside.trim_start(), key, depth: self.depth };
            let clauses = reader.either(negated)?;
            return reader.rest.is_empty().then_some(clauses);
        }
        if value.is_empty() {
            return None;
        }
        if key.is_empty() && value == "*" {
            return Some(if negated { Vec::new() } else { everything() });
        }
        let value = value.trim_matches('"').to_ascii_lowercase();
        Some(vec![BTreeSet::from([Literal { negated, key: key.to_owned(), value }])])
    }
}

/// Either of two, or both.
fn sum(
    both: bool,
    mut one: Vec<BTreeSet<Literal>>,
    other: Vec<BTreeSet<Literal>>,
) -> Option<Vec<BTreeSet<Literal>>> {
    if both {
        return joined(&one, &other);
    }
    one.extend(other);
    (one.len() <= MOST).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::Clauses;

    #[test]
    fn what_one_search_finds_another_may_find_too() {
        for (one, other, expected) in [
            ("service:a status:error", "service:a", true),
            ("service:a", "service:a status:error", false),
            ("service:a", "*", true),
            ("service:a", "", true),
            ("*", "service:a", false),
            ("service:a \"START RequestId\"", "\"START RequestId\" OR \"END RequestId\"", true),
            ("service:a (b OR c)", "b OR c", true),
            ("service:a (b OR c)", "service:a b", false),
            ("status:(debug OR trace)", "-status:error", true),
            ("status:(debug OR error)", "-status:error", false),
            ("status:debug", "-status:(error OR critical)", true),
            ("status:DEBUG", "status:debug", true),
            ("service:checkout-api", "service:checkout-*", true),
            ("service:checkout-*", "service:checkout-api", false),
            ("NOT (a OR b)", "-a", true),
            ("NOT (a AND b)", "-a", false),
            ("a -(b c)", "a", true),
            // An event of two tags of one key there may be.
            ("team:a", "-team:b", false),
            // What finds nothing implies nothing.
            ("status:debug -status:debug", "service:a", false),
            ("status:debug status:error", "status:debug", false),
        ] {
            let of = |text| Clauses::read(text).expect("a search");
            assert_eq!(of(one).implies(&of(other)), expected, "{one} implies {other}");
        }
    }

    #[test]
    fn what_is_not_read_is_absent() {
        let many = "(a OR b) ".repeat(7);
        let deep = "(".repeat(1_000);
        for text in ["(a", "a)", "a OR", "a AND", "-", "a OR OR b", "service:", "$env a", &many, &deep] {
            assert_eq!(Clauses::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_search_finds_within_others() {
        const LINES: &str = "(\"START RequestId\" OR \"REPORT RequestId\") -status:error";
        for (one, all, other, expected) in [
            ("\"REPORT RequestId\"", "source:lambda", LINES, true),
            ("\"REPORT RequestId\" status:info", "source:lambda", LINES, true),
            ("\"REPORT RequestId\" status:error", "source:lambda", LINES, false),
            ("service:a", "source:lambda", LINES, false),
            // Who asks for something else may well mean what is left out.
            ("@http.status_code:500", "*", "-status:error", false),
            ("service:a status:info", "*", "-status:error", true),
            ("service:a", "env:prod", "env:prod service:a", true),
            ("service:a env:staging", "env:prod", "service:a", false),
            ("a OR b", "*", "a", false),
            ("a", "b OR c", "a", true),
        ] {
            let of = |text| Clauses::read(text).expect("a search");
            assert_eq!(of(one).finds_within(&of(all), &of(other)), expected, "{one} in {all}: {other}");
        }
    }
}
