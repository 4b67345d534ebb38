//! The two spellings of a metric SLO: queries in one text, and named queries with formulas over their names.

use serde_json::{Value, json};

/// Brackets and functions deeper than this are left alone.
const DEEPEST: usize = 50;

/// The specification that the service derives from a numerator and a denominator: each metric query, in the
/// order of the texts, becomes `query1`, `query2` …, the same text once. None for what can't be read.
pub fn specification(numerator: &str, denominator: &str) -> Option<Value> {
    let mut queries: Vec<String> = Vec::new();
    let good = formula(numerator, &mut queries)?;
    let total = formula(denominator, &mut queries)?;
    let named = queries.iter().enumerate().map(
        |(at, query)| json!({ "data_source": "metrics", "name": format!("query{}", at + 1), "query": query }),
    );
    Some(json!({ "count": {
        "queries": named.collect::<Vec<_>>(),
        "good_events_formula": { "formula": good },
        "total_events_formula": { "formula": total },
    } }))
}

/// The query that the service derives from a count specification; bad events make the total with the good.
pub fn query(specification: &Value) -> Option<Value> {
    let count = specification.get("count")?;
    let text = |name: &str| count.get(name)?.get("formula")?.as_str();
    let queries: Vec<(&str, &str)> = count
        .get("queries")?
        .as_array()?
        .iter()
        .filter_map(|query| Some((query.get("name")?.as_str()?, query.get("query")?.as_str()?)))
        .collect();
    let good = filled_in(text("good_events_formula")?, &queries);
    let total = match text("total_events_formula") {
        Some(total) => filled_in(total, &queries),
        None => format!("({good}) + ({})", filled_in(text("bad_events_formula")?, &queries)),
    };
    Some(json!({ "numerator": good, "denominator": total }))
}

/// The formula with each name of a query replaced by its text.
fn filled_in(formula: &str, queries: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = formula;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(word);
        out.push_str(queries.iter().find(|(own, _)| *own == name).map_or(name, |(_, text)| text));
        let other = after.find(is_word).unwrap_or(after.len());
        out.push_str(&after[..other]);
        rest = &after[other..];
    }
    out
}

/// A name in a formula that no query bears. Functions stand before a bracket, their words in quotes.
pub fn unknown_name<'a>(formula: &'a str, names: &[&str]) -> Option<&'a str> {
    let mut quoted = false;
    let mut from = 0;
    for (at, letter) in formula.char_indices().chain([(formula.len(), ' ')]) {
        if !is_word(letter) && letter != '.' {
            let word = formula.get(from..at).unwrap_or_default();
            let is_name = word.starts_with(|c: char| c.is_alphabetic() || c == '_');
            let called = formula[at..].trim_start().starts_with('(');
            if is_name && !quoted && !called && !names.contains(&word) {
                return Some(word);
            }
            from = at + letter.len_utf8();
            quoted ^= letter == '\'';
        }
    }
    None
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The text with its metric queries named, written as the service does: each operation in brackets.
fn formula(text: &str, queries: &mut Vec<String>) -> Option<String> {
    let mut reader = Reader { rest: text.trim(), queries };
    let formula = reader.sum(0)?;
    reader.rest.is_empty().then_some(formula)
}

struct Reader<'a, 'q> {
    /// Without white space at its start.
    rest: &'a str,
    queries: &'q mut Vec<String>,
}

impl Reader<'_, '_> {
    fn take(&mut self, options: &[char]) -> Option<char> {
        let next = self.rest.chars().next().filter(|letter| options.contains(letter))?;
        self.skip(next.len_utf8());
        Some(next)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest[bytes..].trim_start();
    }

    fn sum(&mut self, depth: usize) -> Option<String> {
        let mut left = self.product(depth)?;
        while let Some(sign) = self.take(&['+', '-']) {
            left = format!("({left} {sign} {})", self.product(depth)?);
        }
        Some(left)
    }

    fn product(&mut self, depth: usize) -> Option<String> {
        let mut left = self.part(depth)?;
        while let Some(sign) = self.take(&['*', '/']) {
            left = format!("({left} {sign} {})", self.part(depth)?);
        }
        Some(left)
    }

    fn part(&mut self, depth: usize) -> Option<String> {
        if depth > DEEPEST {
            return None;
        }
        if self.take(&['(']).is_some() {
            let inside = self.sum(depth + 1)?;
            return self.take(&[')']).map(|_| inside);
        }
        let word = self.rest.find(|c: char| !is_word(c) && c != '.').unwrap_or(self.rest.len());
        let (name, after) = self.rest.split_at(word);
        if name.is_empty() {
            return None;
        }
        if after.starts_with('(') {
            self.skip(word + 1);
            return self.arguments(name.to_owned(), depth);
        }
        if name.parse::<f64>().is_ok() && !after.starts_with(':') {
            self.skip(word);
            return Some(name.to_owned());
        }
        let (query, length) = metric_query(self.rest)?;
        self.skip(length);
        let at = self.queries.iter().position(|own| own == query).unwrap_or_else(|| {
            self.queries.push(query.to_owned());
            self.queries.len() - 1
        });
        Some(format!("query{}", at + 1))
    }

    fn arguments(&mut self, name: String, depth: usize) -> Option<String> {
        let mut arguments = vec![self.sum(depth + 1)?];
        while self.take(&[',']).is_some() {
            arguments.push(self.sum(depth + 1)?);
        }
        self.take(&[')']).map(|_| format!("{name}({})", arguments.join(", ")))
    }
}

/// A metric query at the start of the text, and its length: up to an operator, comma or bracket outside of
/// its own braces and calls.
fn metric_query(text: &str) -> Option<(&str, usize)> {
    let (mut braces, mut calls) = (0_usize, 0_usize);
    let mut end = text.len();
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => braces += 1,
            '}' => braces = braces.checked_sub(1)?,
            _ if braces > 0 => {}
            '(' => calls += 1,
            ')' if calls > 0 => calls -= 1,
            ')' | ',' | '+' | '-' | '*' | '/' if calls == 0 => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let query = text[..end].trim_end();
    (braces == 0 && calls == 0 && query.contains('{')).then_some((query, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_formulas() {
        let check = |text: &str, expect: Option<(&str, &[&str])>| {
            let mut queries = Vec::new();
            let formula = formula(text, &mut queries);
            let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
            assert_eq!(formula.as_deref().map(|formula| (formula, &queries[..])), expect, "{text}");
        };
        check("sum:a.b{*}.as_count()", Some(("query1", &["sum:a.b{*}.as_count()"])));
        check("(sum:a{x:y-z} + sum:b{*}) ", Some(("(query1 + query2)", &["sum:a{x:y-z}", "sum:b{*}"])));
        check("a{*} - b{*} - a{*}", Some(("((query1 - query2) - query1)", &["a{*}", "b{*}"])));
        check(
            "1.5*default_zero(a{*} by {c}.rollup(sum, 60))",
            Some(("(1.5 * default_zero(query1))", &["a{*} by {c}.rollup(sum, 60)"])),
        );
        check("a{*} +", None);
        check("a{*", None);
        check("not a query", None);
        check(&"(".repeat(10_000), None);
    }

    #[test]
    fn names_become_texts() {
        let specification = json!({ "count": {
            "good_events_formula": { "formula": "q1 - q10" },
            "bad_events_formula": { "formula": "q10" },
            "queries": [{ "name": "q1", "query": "a{*}" }, { "name": "q10", "query": "b{*}" }],
        } });
        let expect = json!({ "numerator": "a{*} - b{*}", "denominator": "(a{*} - b{*}) + (b{*})" });
        assert_eq!(query(&specification), Some(expect));
        assert_eq!(query(&json!({ "count": {} })), None);
    }
}
