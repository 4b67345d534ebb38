//! What rules ask of a tree: its metrics, keys, windows, ids, functions, each with its bytes.

use std::ops::Range;

use super::search::search;
use super::tree::{
    Call, ChainAlert, ChainHead, Comparison, Composite, Expr, Filter, Head, Joint, Metric, Metrics, Monitor,
    Scope, Search, Spanned, Suffix, Tag, Term, Text,
};
use super::window::{Window, WindowForm};

impl Expr {
    /// Every term, the outer before the inner ones.
    pub fn each_term<'a>(&'a self, visit: &mut dyn FnMut(&'a Term)) {
        match self {
            Self::Term(term) => {
                visit(term);
                match &term.head.value {
                    Head::Call(call) => call.each_term(visit),
                    Head::Brackets(inside) => inside.value.each_term(visit),
                    _ => {}
                }
                for suffix in &term.suffixes {
                    if let Suffix::Method(call) = &suffix.value {
                        call.each_term(visit);
                    }
                }
            }
            Self::Signed { of, .. } => of.value.each_term(visit),
            Self::Chain { first, rest } => {
                first.value.each_term(visit);
                for (_, operand) in rest {
                    operand.value.each_term(visit);
                }
            }
        }
    }

    fn terms(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        self.each_term(&mut |term| terms.push(term));
        terms
    }

    /// Metrics that name an aggregation or a scope. The span of one is its head's: from the aggregation to the scope.
    pub fn metrics(&self) -> Vec<Spanned<&Metric>> {
        let terms = self.terms().into_iter();
        terms
            .filter_map(|term| match &term.head.value {
                Head::Metric(value) => Some(Spanned { value, span: term.head.span.clone() }),
                _ => None,
            })
            .collect()
    }

    /// Functions that are called, and methods, by name.
    pub fn functions(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        for term in self.terms() {
            if let Head::Call(call) = &term.head.value {
                calls.push(call);
            }
            calls.extend(term.suffixes.iter().filter_map(|suffix| match &suffix.value {
                Suffix::Method(call) => Some(call),
                Suffix::By(_) => None,
            }));
        }
        calls
    }

    /// Every key of every `by {…}`, in the order of the text; a key may stand several times.
    pub fn group_keys(&self) -> Vec<&Spanned<String>> {
        let suffixes = self.terms().into_iter().flat_map(|term| &term.suffixes);
        suffixes
            .filter_map(|suffix| match &suffix.value {
                Suffix::By(keys) => Some(keys),
                Suffix::Method(_) => None,
            })
            .flatten()
            .collect()
    }

    /// The word of a name or a text: an argument such as `sum` or `'sum'`.
    pub fn word(&self) -> Option<&str> {
        let Self::Term(term) = self else { return None };
        match &term.head.value {
            Head::Name(name) if term.suffixes.is_empty() => Some(name),
            Head::Text(text) if term.suffixes.is_empty() => Some(&text.raw),
            _ => None,
        }
    }
}

impl Metrics {
    pub fn metrics(&self) -> Vec<Spanned<&Metric>> {
        self.items.iter().flat_map(|item| item.value.metrics()).collect()
    }

    pub fn group_keys(&self) -> Vec<&Spanned<String>> {
        self.items.iter().flat_map(|item| item.value.group_keys()).collect()
    }
}

impl Call {
    fn each_term<'a>(&'a self, visit: &mut dyn FnMut(&'a Term)) {
        for argument in &self.arguments {
            argument.value.value.each_term(visit);
        }
    }

    /// Unnamed arguments that are a word or a text: `"env:prod"` of `.over("env:prod")`, with their quotes' bytes.
    pub fn words(&self) -> Vec<Spanned<&str>> {
        let unnamed = self.arguments.iter().filter(|argument| argument.name.is_none());
        unnamed
            .filter_map(|argument| {
                Some(Spanned { value: argument.value.value.word()?, span: argument.value.span.clone() })
            })
            .collect()
    }
}

impl Scope {
    /// The tags, those in brackets and behind a negation too, each with whether it is wanted (not negated). The
    /// values of an `IN` are tags of its key.
    pub fn tags(&self) -> Vec<(Tag, bool)> {
        let mut tags = Vec::new();
        if let Some(filter) = &self.filter {
            filter.value.collect_tags(true, &mut tags);
        }
        tags
    }
}

impl Spanned<Filter> {
    /// The filters that must all hold, those in brackets as one; `None` where one of several is enough.
    pub fn all(&self) -> Option<Vec<&Spanned<Filter>>> {
        let Filter::Chain { first, rest } = &self.value else { return Some(vec![self]) };
        let either = rest.iter().any(|(joint, _)| *joint == Joint::Or);
        (!either).then(|| [&**first].into_iter().chain(rest.iter().map(|(_, filter)| filter)).collect())
    }
}

impl Filter {
    fn collect_tags(&self, wanted: bool, tags: &mut Vec<(Tag, bool)>) {
        match self {
            Self::Tag(tag) => tags.push((tag.clone(), wanted)),
            Self::In { key, negated, values } => {
                let of_key = values.iter().map(|value| Tag { key: Some(key.clone()), value: value.clone() });
                tags.extend(of_key.map(|tag| (tag, wanted != *negated)));
            }
            Self::Not { filter, .. } => filter.value.collect_tags(!wanted, tags),
            Self::Brackets(inside) => inside.value.collect_tags(wanted, tags),
            Self::Chain { first, rest } => {
                first.value.collect_tags(wanted, tags);
                for (_, filter) in rest {
                    filter.value.collect_tags(wanted, tags);
                }
            }
            Self::Empty => {}
        }
    }
}

impl ChainAlert {
    /// The first method of a name: `last` of `.last("5m")`.
    pub fn method(&self, name: &str) -> Option<&Spanned<Call>> {
        self.methods.iter().find(|method| method.value.name.value == name)
    }

    /// The first word of a method: `5m` of `.last("5m")`, with its quotes' bytes.
    pub fn word(&self, method: &str) -> Option<Spanned<&str>> {
        self.method(method)?.value.words().into_iter().next()
    }

    /// The window of `.last(…)`, `.current(…)`, `.over(…)`, `.long_window(…)`.
    pub fn window(&self, method: &str) -> Option<Spanned<Window>> {
        let word = self.word(method)?;
        let mut window = Window::read(word.value)?;
        if method == "current" {
            window.form = WindowForm::Current;
        }
        Some(Spanned { value: window, span: word.span })
    }

    /// The search of `logs("…")` and its like, read; absent for service checks, formulas and SLOs.
    pub fn search(&self) -> Option<Search> {
        let ChainHead::Source(call) = &self.head.value else { return None };
        if self.slo_id().is_some() {
            return None;
        }
        let text = only_text(call)?;
        let (decoded, places) = text.value.decoded();
        let mut search = search(&decoded).tree?;
        let inside = text.span.start + text.value.quote.len_utf8();
        let move_span =
            |span: &mut Range<usize>| *span = inside + places[span.start]..inside + places[span.end];
        for term in &mut search.terms {
            move_span(&mut term.span);
            move_span(&mut term.value.value.span);
            term.value.key.iter_mut().for_each(|key| move_span(&mut key.span));
        }
        Some(search)
    }

    /// The same as it is written, without the backslashes that escape, and its bytes in the query.
    pub fn search_text(&self) -> Option<Spanned<String>> {
        let ChainHead::Source(call) = &self.head.value else { return None };
        let text = only_text(call).filter(|_| self.slo_id().is_none())?;
        Some(Spanned { value: text.value.decoded().0, span: text.span })
    }

    /// The id in `error_budget("…")` or `burn_rate("…")`, which may be a reference marker.
    pub fn slo_id(&self) -> Option<Spanned<&str>> {
        let ChainHead::Source(call) = &self.head.value else { return None };
        matches!(call.name.value.as_str(), "error_budget" | "burn_rate")
            .then(|| call.words().into_iter().next())?
    }
}

fn only_text(call: &Call) -> Option<Spanned<&Text>> {
    let [argument] = call.arguments.as_slice() else { return None };
    let Expr::Term(term) = &argument.value.value else { return None };
    match &term.head.value {
        Head::Text(text) => Some(Spanned { value: text, span: term.head.span.clone() }),
        _ => None,
    }
}

impl Text {
    /// The text without the backslashes that escape, and for each byte border of it the byte of `raw`.
    pub fn decoded(&self) -> (String, Vec<usize>) {
        let (mut decoded, mut places) = (String::with_capacity(self.raw.len()), Vec::new());
        let mut escaped = false;
        for (at, c) in self.raw.char_indices() {
            escaped = c == '\\' && !escaped;
            if !escaped {
                decoded.push(c);
                places.extend(at..at + c.len_utf8());
            }
        }
        places.push(self.raw.len());
        (decoded, places)
    }
}

impl Monitor {
    pub fn comparison(&self) -> Option<&Comparison> {
        match self {
            Self::Metric(alert) => Some(&alert.comparison),
            Self::Chain(alert) => alert.comparison.as_ref(),
            Self::Composite(_) | Self::Opaque => None,
        }
    }

    /// The metric query or the formula.
    pub fn expr(&self) -> Option<&Spanned<Expr>> {
        match self {
            Self::Metric(alert) => Some(&alert.expr),
            Self::Chain(ChainAlert {
                head: Spanned { value: ChainHead::Formula { expr, .. }, .. }, ..
            }) => expr.as_ref(),
            _ => None,
        }
    }

    /// What the monitor evaluates over: of `change(avg(last_5m),last_1h)` the five minutes.
    pub fn window(&self) -> Option<Spanned<Window>> {
        match self {
            Self::Metric(alert) => time_window(&alert.time.value),
            Self::Chain(alert) => alert.window("last").or_else(|| alert.window("current")),
            Self::Composite(_) | Self::Opaque => None,
        }
    }

    /// The keys that the monitor alerts by: of `by {…}`, and of `.by("a,b")`, each once, in the order of the text.
    pub fn group_keys(&self) -> Vec<Spanned<String>> {
        let mut keys: Vec<Spanned<String>> = match self {
            Self::Metric(alert) => alert.expr.value.group_keys().into_iter().cloned().collect(),
            Self::Chain(alert) => alert.method("by").map(|by| listed_keys(&by.value)).unwrap_or_default(),
            Self::Composite(_) | Self::Opaque => Vec::new(),
        };
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|key| seen.insert(key.value.clone()));
        keys
    }

    /// The ids of a composite's members, as written: digits or reference markers. One may stand several times.
    pub fn members(&self) -> Vec<Spanned<&str>> {
        let mut members = Vec::new();
        if let Self::Composite(composite) = self {
            collect_members(composite, &mut members);
        }
        members
    }
}

/// The first window among the arguments, inner calls looked through.
fn time_window(call: &Call) -> Option<Spanned<Window>> {
    let first = &call.arguments.first()?.value;
    if let Some(window) = first.value.word().and_then(Window::read) {
        return Some(Spanned { value: window, span: first.span.clone() });
    }
    let Expr::Term(term) = &first.value else { return None };
    match &term.head.value {
        Head::Call(inner) => time_window(inner),
        _ => None,
    }
}

/// The keys in `.by("a,b", "c")`, each with its own bytes.
fn listed_keys(by: &Call) -> Vec<Spanned<String>> {
    let mut keys = Vec::new();
    for argument in &by.arguments {
        let Some(words) = argument.value.value.word() else { continue };
        let quotes = argument.value.span.len().saturating_sub(words.len()) / 2;
        let mut from = argument.value.span.start + quotes;
        for key in words.split(',') {
            let trimmed = key.trim();
            let start = from + (key.len() - key.trim_start().len());
            if !trimmed.is_empty() && trimmed != "*" {
                keys.push(Spanned { value: trimmed.to_owned(), span: start..start + trimmed.len() });
            }
            from += key.len() + 1;
        }
    }
    keys
}

fn collect_members<'a>(composite: &'a Spanned<Composite>, members: &mut Vec<Spanned<&'a str>>) {
    match &composite.value {
        Composite::Id(id) => members.push(Spanned { value: id, span: composite.span.clone() }),
        Composite::Not(inside) | Composite::Brackets(inside) => collect_members(inside, members),
        Composite::Chain { operands, .. } => {
            for operand in operands {
                collect_members(operand, members);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{metric, monitor};
    use super::*;

    /// What the rules see of a monitor, one fact a line; what has a span is cut from the text by it.
    fn facts(kind: &str, text: &str) -> String {
        let tree = monitor(kind, text).tree.expect("the query is read");
        let mut facts = Vec::new();
        let mut fact =
            |name: &str, span: &std::ops::Range<usize>| facts.push(format!("{name} {}", &text[span.clone()]));
        if let Some(comparison) = tree.comparison() {
            fact("operator", &comparison.operator.span);
            fact("threshold", &comparison.threshold.span);
        }
        tree.window()
            .iter()
            .for_each(|window| fact(&format!("window {}s", window.value.seconds), &window.span));
        tree.group_keys().iter().for_each(|key| fact("by", &key.span));
        tree.members().iter().for_each(|member| fact("member", &member.span));
        if let Some(expr) = tree.expr() {
            expr.value
                .metrics()
                .iter()
                .for_each(|metric| fact(&format!("metric {} in", metric.value.name.value), &metric.span));
            expr.value.functions().iter().for_each(|call| fact("calls", &call.name.span));
        }
        if let Monitor::Chain(chain) = &tree {
            chain.slo_id().iter().for_each(|id| fact("slo", &id.span));
            for method in ["over", "long_window", "short_window"] {
                chain
                    .window(method)
                    .iter()
                    .for_each(|window| fact(&format!("{method} {}s", window.value.seconds), &window.span));
            }
            for term in chain.search().iter().flat_map(|search| &search.terms) {
                fact("term", &term.span);
            }
        }
        facts.join("\n")
    }

    fn check(kind: &str, text: &str, expect: &[&str]) {
        assert_eq!(facts(kind, text), expect.join("\n"), "{text}");
    }

    #[test]
    fn facts_stand_at_their_bytes() {
        check(
            "query alert",
            "change(avg(last_5m),1h_ago):default_zero(sum:é.a{x:y} by {host, env}.as_rate()) / b > 4.5",
            &[
                "operator >",
                "threshold 4.5",
                "window 300s last_5m",
                "by host",
                "by env",
                "metric é.a in sum:é.a{x:y}",
                "calls default_zero",
                "calls as_rate",
            ],
        );
        check(
            "log alert",
            "logs(\"a:b \\\"c d\\\"\").by(\"@x, y\").last(\"1d\") >= -5",
            &[
                "operator >=",
                "threshold -5",
                "window 86400s \"1d\"",
                "by @x",
                "by y",
                "term a:b",
                "term \"c d\\\"",
            ],
        );
    }

    #[test]
    fn facts_of_the_other_sorts() {
        check(
            "slo alert",
            "burn_rate(\"abc\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4",
            &[
                "operator >",
                "threshold 14.4",
                "slo \"abc\"",
                "over 2592000s \"30d\"",
                "long_window 3600s \"1h\"",
                "short_window 300s \"5m\"",
            ],
        );
        check("composite", "1 && !( 23 || 1 )", &["member 1", "member 23", "member 1"]);
        check(
            "data-jobs alert",
            "formula(\"f(q)\").by(job_name,x).last(10d) > 0",
            &["operator >", "threshold 0", "window 864000s 10d", "by job_name", "by x", "calls f"],
        );
        check("service check", "\"a.b\".over(\"*\").by(\"*\").last(2).count_by_status()", &[]);
    }

    #[test]
    fn texts_inside_a_formula_lose_their_escapes() {
        let text = r#"formula("top(query1, 5, \"mean\", 'desc') + \"").last("5m") > 1"#;
        assert!(monitor("log alert", text).tree.expect("the rest is read").expr().is_none());
        let text = r#"formula("top(query1, 5, \"mean\", 'desc')").last("5m") > 1"#;
        let tree = monitor("log alert", text).tree.expect("a query");
        let calls = tree.expr().expect("a formula").value.functions();
        let words: Vec<(&str, &str)> =
            calls[0].words().iter().map(|word| (word.value, &text[word.span.clone()])).collect();
        assert_eq!(words, [("query1", "query1"), ("mean", r#""mean\"#), ("desc", "'desc'")]);
    }

    #[test]
    fn tags_know_whether_they_are_wanted() {
        let tree = metric("avg:a{b:c, !d:e, NOT (f:g OR NOT h), i NOT IN (j,k)}").tree.expect("a query");
        let metrics = tree.metrics();
        let tags = metrics[0].value.scope.as_ref().expect("a scope").value.tags();
        let reported: Vec<String> = tags.iter().map(|(tag, wanted)| format!("{tag} {wanted}")).collect();
        assert_eq!(reported, ["b:c true", "d:e false", "f:g false", "h true", "i:j false", "i:k false"]);
    }
}
