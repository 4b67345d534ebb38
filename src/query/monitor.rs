//! The query of a monitor: which grammar it follows, time windows, chains of methods, the comparison.

use super::composite::whole;
use super::fault::{Fault, MAX_FAULTS};
use super::known::Findings;
use super::lexical::{
    Input, Outcome, at, end, expected, name_length, peek, rest, shown, space, spanned, symbol, take, text,
};
use super::metric::{call, expr, formula_at, method};
use super::parsed::{Parsed, parse};
use super::tree::{
    Argument, Call, ChainAlert, ChainHead, Comparator, Comparison, Expr, Head, MetricAlert, Monitor, Number,
    Spanned, Term, Text, Threshold,
};
use super::types::{Grammar, MONITOR_TYPES, MonitorType, is_source, monitor_type};
use crate::diagnostic::did_you_mean;

/// Reads the query of a monitor of a type (`query alert`, `log alert`, …). What can't be read is an error where the
/// type's forms are documented in full; elsewhere the query is passed as [`Monitor::Opaque`], with a warning.
pub fn monitor(kind: &str, text: &str) -> Parsed<Monitor> {
    let known = monitor_type(kind);
    if let Some(fault) = quotes_around(text, known) {
        return Parsed { tree: None, warnings: Vec::new(), errors: vec![fault] };
    }
    let parsed = match known.map(|known| known.grammar) {
        Some(Grammar::Opaque) => return passed(Vec::new()),
        Some(Grammar::Composite) => parse(text, 0, |input| Ok(Monitor::Composite(whole(input)?))),
        grammar => parse(text, 0, |input| query(input, grammar)),
    };
    let parsed = parsed.with(|tree, findings| look_at(tree, known, findings));
    match known {
        Some(known) if known.certain => other_form(text, known, parsed),
        _ => uncertain(kind, known, parsed),
    }
}

/// A query in quotes of its own, as a text of several lines with quotes in it has them. A check's name alone stands in
/// quotes, too.
fn quotes_around(text: &str, known: Option<&MonitorType>) -> Option<Fault> {
    let inside = text.trim();
    let is_whole = ['"', '\'']
        .iter()
        .any(|quote| inside.len() > 1 && inside.starts_with(*quote) && inside.ends_with(*quote));
    let is_query = || inside.contains(['<', '>', '=', '&', '|']) || inside.contains("by_status()");
    if !is_whole || !is_query() || known.is_some_and(|known| known.grammar == Grammar::Opaque) {
        return None;
    }
    let start = text.len() - text.trim_start().len();
    let fault = Fault::new("query-syntax", start..start + 1, "the query stands in quotes of its own");
    Some(fault.help("take the quotes around it out"))
}

/// What can't be read by the type's grammar and can by another one is reported as that.
fn other_form(text: &str, known: &MonitorType, parsed: Parsed<Monitor>) -> Parsed<Monitor> {
    if parsed.errors.is_empty() {
        return parsed;
    }
    let reads = |grammar: Grammar| {
        let tree = match grammar {
            Grammar::Composite => parse(text, 0, |input| Ok(Monitor::Composite(whole(input)?))),
            grammar => parse(text, 0, |input| query(input, Some(grammar))),
        };
        match (tree.tree.filter(|_| tree.errors.is_empty()), grammar) {
            (Some(Monitor::Chain(chain)), Grammar::Check) => {
                matches!(chain.head.value, ChainHead::Check(_)) && !chain.methods.is_empty()
            }
            (Some(Monitor::Metric(_)), Grammar::Metric) => true,
            (Some(Monitor::Composite(_)), Grammar::Composite) => text.contains("&&") || text.contains("||"),
            _ => false,
        }
    };
    let forms = [
        (Grammar::Check, "service check"),
        (Grammar::Composite, "composite"),
        (Grammar::Metric, "query alert"),
    ];
    let other = forms.into_iter().find(|(grammar, _)| *grammar != known.grammar && reads(*grammar));
    let Some((_, name)) = other else { return parsed };
    let start = text.len() - text.trim_start().len();
    let said = format!("this is a query of type `{name}`, but the monitor's type is `{}`", known.name);
    let fault = Fault::new("unknown-source", start..text.trim_end().len(), said);
    Parsed { tree: None, warnings: Vec::new(), errors: vec![fault.help(format!("write `type: {name}`"))] }
}

fn passed(warnings: Vec<Fault>) -> Parsed<Monitor> {
    Parsed { tree: Some(Monitor::Opaque), warnings, errors: Vec::new() }
}

/// Nothing is refused of a type whose queries are not known in full.
fn uncertain(kind: &str, known: Option<&MonitorType>, parsed: Parsed<Monitor>) -> Parsed<Monitor> {
    let mut warnings = parsed.warnings;
    if known.is_none() {
        let said = format!(
            "`{}` is not a type of monitor that musher knows; its query is passed as it is",
            shown(kind)
        );
        let meant = did_you_mean(kind, MONITOR_TYPES.iter().map(|known| known.name));
        warnings.insert(
            0,
            Fault {
                help: meant.map(|meant| format!("did you mean `{meant}`?")),
                ..Fault::new("unknown-monitor-type", 0..0, said)
            },
        );
    }
    warnings.extend(parsed.errors);
    warnings.truncate(MAX_FAULTS);
    Parsed { tree: parsed.tree.or(Some(Monitor::Opaque)), warnings, errors: Vec::new() }
}

/// A query that is not a composite, or of which the type doesn't tell.
fn query(input: &mut Input<'_>, grammar: Option<Grammar>) -> Outcome<Monitor> {
    match peek(input) {
        Some('"' | '\'') => check(input, grammar),
        _ if grammar.is_none() && rest(input).starts_with(|c: char| c.is_ascii_digit() || "!(".contains(c)) => {
            Ok(Monitor::Composite(whole(input)?))
        }
        _ if grammar == Some(Grammar::Check) => Err(expected(input, "the name of a service check in quotes")
            .help("write, for example, `\"datadog.agent.up\".over(\"*\").by(\"host\").last(2).count_by_status()`")),
        _ => called(input, grammar),
    }
}

/// A service check; one of another type is read too, and warned of later.
fn check(input: &mut Input<'_>, grammar: Option<Grammar>) -> Outcome<Monitor> {
    let head = text(input)?;
    let head = Spanned { value: ChainHead::Check(head.value), span: head.span };
    let methods = methods(input)?;
    let wanted = !matches!(grammar, None | Some(Grammar::Check));
    let comparison = if wanted || peek(input).is_some() { Some(comparison(input)?) } else { None };
    end(input, "`.` and a method, or the end of the query")?;
    Ok(Monitor::Chain(ChainAlert { head, methods, comparison }))
}

const WINDOW: &str = "a time aggregation and its window such as `avg(last_5m):`";

/// A query that begins with a word and a bracket: a time aggregation, or a source.
fn called(input: &mut Input<'_>, grammar: Option<Grammar>) -> Outcome<Monitor> {
    let what = match grammar {
        Some(Grammar::Metric) => WINDOW,
        _ => "a source with its search in brackets such as `logs(\"…\")`",
    };
    let start = at(input);
    let length = source_length(input);
    if length == 0 || !rest(input)[length..].trim_start().starts_with('(') {
        return Err(expected(input, what));
    }
    let name = spanned(input, |input| Ok(take(input, length).to_owned()))?;
    let head = spanned(input, |input| call(input, name))?;
    let head = Spanned { span: start..head.span.end, value: head.value };
    space(input);
    if symbol(input, ":") {
        return Ok(Monitor::Metric(metric_alert(input, head)?));
    }
    if grammar == Some(Grammar::Metric) && !is_source(&head.value.name.value) {
        let fault = Fault::new(
            "query-syntax",
            start..start,
            format!("expected {WINDOW}; found `{}`", shown(&head.value.name.value)),
        );
        return Err(fault.help("a metric monitor says over which time it aggregates before it says what"));
    }
    let head = chain_head(input, head);
    let methods = methods(input)?;
    let comparison = Some(comparison(input)?);
    end(input, "the end of the query")?;
    Ok(Monitor::Chain(ChainAlert { head, methods, comparison }))
}

/// The bytes of a source's name: as any name, and hyphens.
fn source_length(input: &Input<'_>) -> usize {
    let text = rest(input);
    let length = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(text.len());
    if text[length..].trim_start().starts_with('(') { length } else { name_length(input) }
}

fn metric_alert(input: &mut Input<'_>, time: Spanned<Call>) -> Outcome<MetricAlert> {
    let expr = expr(input)?;
    let comparison = comparison(input)?;
    end(input, "the end of the query")?;
    Ok(MetricAlert { time, expr, comparison })
}

/// Reads what stands in the quotes of a formula. Its faults are reported, but don't keep the rest from being read.
fn chain_head(input: &mut Input<'_>, head: Spanned<Call>) -> Spanned<ChainHead> {
    let span = head.span;
    let value = match formula_text(&head.value) {
        Some(text) => {
            let parsed = formula_at(
                &unescaped_in_place(&text.value.raw),
                text.span.start + text.value.quote.len_utf8(),
            );
            input.warnings.extend(parsed.warnings);
            input.errors.extend(parsed.errors);
            ChainHead::Formula { text, expr: parsed.tree }
        }
        None => ChainHead::Source(head.value),
    };
    Spanned { value, span }
}

/// A formula without its backslashes, blanks beside its quotes instead: every byte stays where it stands.
fn unescaped_in_place(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut open = None;
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let (escaped, c) = match c {
            '\\' => (true, chars.next().unwrap_or(' ')),
            c => (false, c),
        };
        let closes = open == Some(c);
        match (escaped, closes) {
            (true, true) => out.extend([c, ' ']),
            (true, false) => out.extend([' ', c]),
            (false, _) => out.push(c),
        }
        if closes {
            open = None;
        } else if open.is_none() && matches!(c, '"' | '\'') {
            open = Some(c);
        }
    }
    out
}

/// The only argument of `formula("…")`.
fn formula_text(call: &Call) -> Option<Spanned<Text>> {
    let [Argument { name: None, value: Spanned { value: Expr::Term(term), span } }] =
        call.arguments.as_slice()
    else {
        return None;
    };
    match term.as_ref() {
        Term { head: Spanned { value: Head::Text(text), .. }, suffixes }
            if suffixes.is_empty() && call.name.value == "formula" =>
        {
            Some(Spanned { value: text.clone(), span: span.clone() })
        }
        _ => None,
    }
}

fn methods(input: &mut Input<'_>) -> Outcome<Vec<Spanned<Call>>> {
    let mut methods = Vec::new();
    space(input);
    while symbol(input, ".") {
        methods.push(spanned(input, method)?);
        space(input);
    }
    Ok(methods)
}

/// Comparators, the longer ones first.
const COMPARATORS: [(&str, Comparator); 6] = [
    (">=", Comparator::AtLeast),
    ("<=", Comparator::AtMost),
    ("==", Comparator::Equal),
    ("!=", Comparator::NotEqual),
    (">", Comparator::Above),
    ("<", Comparator::Below),
];

impl Comparator {
    pub fn symbol(self) -> &'static str {
        COMPARATORS.iter().find(|(_, comparator)| *comparator == self).map_or("", |(symbol, _)| symbol)
    }
}

/// `> 5`. A query without one is refused by the service ("invalid operator specified", in the recordings).
fn comparison(input: &mut Input<'_>) -> Outcome<Comparison> {
    let start = at(input);
    let found = COMPARATORS.iter().find(|(symbol, _)| rest(input).starts_with(symbol));
    let Some((sign, operator)) = found else {
        let help = match peek(input) {
            Some('=') => "write `==` for equal",
            _ => "a monitor's query ends with its critical threshold, such as `> 5`",
        };
        return Err(expected(input, "a comparison: `>`, `>=`, `<`, `<=`, `==` or `!=`").help(help));
    };
    symbol(input, sign);
    let operator = Spanned { value: *operator, span: start..start + sign.len() };
    let threshold = spanned(input, threshold)?;
    space(input);
    Ok(Comparison { operator, threshold })
}

fn threshold(input: &mut Input<'_>) -> Outcome<Threshold> {
    if rest(input).get(..name_length(input)) == Some("threshold") {
        take(input, "threshold".len());
        return Ok(Threshold::Dynamic);
    }
    let negative = rest(input).starts_with('-');
    let sign = rest(input).get(..1).filter(|sign| matches!(*sign, "-" | "+"));
    if let Some(sign) = sign {
        take(input, sign.len());
        space(input);
    }
    let Some(Spanned { value: Number { value, text }, .. }) = super::lexical::number(input) else {
        return Err(expected(input, "a number"));
    };
    Ok(Threshold::Number(match negative {
        true => Number { value: -value, text: format!("-{text}") },
        false => Number { value, text },
    }))
}

/// What the finished tree shows: sources and functions that are not known, a query of another type's form.
fn look_at(tree: &Monitor, known: Option<&MonitorType>, findings: &mut Findings) {
    match tree {
        Monitor::Metric(alert) => {
            findings.time(&alert.time.value);
            findings.look_at(&alert.expr);
            if let Some(known) = known.filter(|known| known.grammar != Grammar::Metric) {
                findings.form(&alert.time.span, known, "a metric query");
            }
        }
        Monitor::Chain(alert) => match &alert.head.value {
            ChainHead::Formula { expr: Some(expr), .. } => findings.look_at(expr),
            ChainHead::Formula { .. } => {}
            ChainHead::Source(call) => findings.source(&call.name, known),
            ChainHead::Check(_) => {
                if let Some(known) = known.filter(|known| known.grammar != Grammar::Check) {
                    findings.form(&alert.head.span, known, "a service check");
                }
            }
        },
        Monitor::Composite(_) | Monitor::Opaque => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::reported;
    use super::monitor;

    fn check(kind: &str, text: &str, expect: &str) {
        assert_eq!(reported(&monitor(kind, text)), expect, "{kind}: {text}");
    }

    /// Forms of the OpenAPI document and of Datadog's documentation: they print as they stand.
    #[test]
    fn documented_forms_are_read() {
        for (kind, text) in [
            ("metric alert", "avg(last_5m):sum:a{env:prod} by {host}.as_rate() >= -0.5"),
            ("query alert", "change(avg(last_5m), 1h_ago):avg:a{*} < 1e3"),
            ("query alert", "max(next_1w):forecast(avg:a{*}, 'linear', 1) >= 95"),
            ("query alert", "avg(last_1h):avg:a{*} > threshold"),
            ("query alert", "formula(\"query1 / query2\").rollup(\"sum\").last(\"5m\") > 100"),
            (
                "log alert",
                "logs(\"service:a \\\"b c\\\"\").index(\"*\").rollup(\"count\").by(\"host\").last(\"5m\") > 5",
            ),
            ("rum alert", "rum(\"@type:error\").rollup(\"count\").last(\"5m\") > 5"),
            ("event alert", "events('priority:all status:error').rollup('count').last('1h') > 2"),
            ("audit alert", "audits(\"a\").rollup(\"cardinality\", \"@usr.id\").last(\"1h\") > 2"),
            (
                "trace-analytics alert",
                "trace-analytics(\"env:a\").rollup(\"pc99\", \"@duration\").last(\"5m\") > 1",
            ),
            (
                "error-tracking alert",
                "error-tracking(\"a\").source(\"all\").new().rollup(\"count\").by(\"@issue.id\").last(\"1d\") > 0",
            ),
            ("process alert", "processes('java').over('env:a').rollup('count').last('10m') < 1"),
            (
                "service check",
                "\"http.can_connect\".over(\"a:b\", \"c:d\").exclude(\"e:f\").by(\"url\").last(4).count_by_status()",
            ),
            ("composite", "1 && (2 || !3)"),
            ("slo alert", "error_budget(\"abc\").over(\"7d\") > 75"),
            (
                "slo alert",
                "burn_rate(\"\u{FDD0}id slos/x\u{FDD1}\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4",
            ),
            (
                "cost alert",
                "formula(\"query1\").last(\"7d\").anomaly(direction=\"above\", threshold=10) >= 5",
            ),
            (
                "data-jobs alert",
                "formula(\"failed_runs(run_query)\").by(job_name, workspace_name).last(10d) > 0",
            ),
            (
                "network-path alert",
                "network-path(\"*\").index(\"netpath-path\").rollup(\"avg\", \"@x\").last(\"5m\") > 5",
            ),
            ("database-monitoring alert", "database-monitoring(\"*\").rollup(\"count\").last(\"5m\") > 5"),
        ] {
            check(kind, text, text);
        }
    }

    #[test]
    fn faults_of_monitors() {
        let ends = "a monitor's query ends with its critical threshold, such as `> 5`";
        for (kind, text, expect) in [
            ("query alert", "avg(last_5m):avg:a{*}", format!("error 21..21: expected a comparison: `>`, `>=`, `<`, `<=`, `==` or `!=`; the query ends here ({ends})")),
            ("query alert", "avg(last_5m):avg:a{*} = 5", "error 22..23: expected a comparison: `>`, `>=`, `<`, `<=`, `==` or `!=`; found `=` (write `==` for equal)".to_owned()),
            ("query alert", "avg(last_5m):avg:a{*} > five", "error 24..28: expected a number; found `five`".to_owned()),
            ("query alert", "avg(last_5m):avg:a{*} > 5 6", "error 26..27: expected the end of the query; found `6`".to_owned()),
            ("query alert", "avg:a{*} > 5", "error 0..3: expected a time aggregation and its window such as `avg(last_5m):`; found `avg`".to_owned()),
            (
                "query alert",
                "agv(last_5m):avg:a{*} > 5",
                "agv(last_5m):avg:a{*} > 5\nerror 0..3: expected a time aggregation: avg, sum, min, max, …; found `agv` (did you mean `avg`?)".to_owned(),
            ),
            (
                "query alert",
                "change(summ(last_5m), 5m_ago):avg:a{*} > 5",
                "change(summ(last_5m), 5m_ago):avg:a{*} > 5\nerror 7..11: expected a time aggregation: avg, sum, min, max, …; found `summ` (did you mean `sum`?)".to_owned(),
            ),
            ("log alert", "query", "error 0..5: expected a source with its search in brackets such as `logs(\"…\")`; found `query`".to_owned()),
            (
                "log alert",
                "log(\"*\").last(\"5m\") > 5",
                "log(\"*\").last(\"5m\") > 5\nwarning 0..3: `log` is not a source of a monitor of type `log alert` (did you mean `logs`?)".to_owned(),
            ),
            (
                "log alert",
                "avg(last_5m):avg:a{*} > 5",
                "error 0..25: this is a query of type `query alert`, but the monitor's type is `log alert` (write `type: query alert`)".to_owned(),
            ),
            (
                "rum alert",
                "formula(\"query1 +\").last(\"5m\") > 5",
                "formula(\"query1 +\").last(\"5m\") > 5\nerror 17..17: expected a metric query such as `avg:system.load.1{*}`, a function, a number or `(`; the query ends here".to_owned(),
            ),
            (
                "rum alert",
                "formula(\"top(a, \\\"x\\\", 1) * cumsumm(b)\").last(\"5m\") > 5",
                "formula(\"top(a, \\\"x\\\", 1) * cumsumm(b)\").last(\"5m\") > 5\nwarning 28..35: `cumsumm` is not a function that musher knows (did you mean `cumsum`?)".to_owned(),
            ),
            (
                "data-quality alert",
                "what is this?",
                "\nwarning 0..4: expected a source with its search in brackets such as `logs(\"…\")`; found `what`".to_owned(),
            ),
            (
                "querry alert",
                "avg(last_5m):avg:a{*} > 5",
                "avg(last_5m):avg:a{*} > 5\nwarning 0..0: `querry alert` is not a type of monitor that musher knows; its query is passed as it is (did you mean `query alert`?)".to_owned(),
            ),
            ("synthetics alert", "no_query", String::new()),
            (
                "query alert",
                " \"avg(last_5m):avg:a{*}\\n< 1\" ",
                "error 1..2: the query stands in quotes of its own (take the quotes around it out)".to_owned(),
            ),
            (
                "metric alert",
                "\"process.up\".over(\"*\").by(\"host\").last(2).count_by_status()",
                "error 0..59: this is a query of type `service check`, but the monitor's type is `metric alert` (write `type: service check`)".to_owned(),
            ),
            (
                "composite",
                "avg(last_5m):avg:a{*} > 5",
                "error 0..25: this is a query of type `query alert`, but the monitor's type is `composite` (write `type: query alert`)".to_owned(),
            ),
            (
                "query alert",
                "12345 && !67890",
                "error 0..15: this is a query of type `composite`, but the monitor's type is `query alert` (write `type: composite`)".to_owned(),
            ),
        ] {
            check(kind, text, &expect);
        }
    }
}
