//! Metric queries, formulas and their arithmetic: operators, functions, methods, metrics.

use super::lexical::{
    Input, Outcome, at, end, expect_symbol, expected, go_back, name, name_length, nested, number, owned,
    peek, place, rest, space, spanned, starts_name, symbol, take, text,
};
use super::parsed::{Parsed, parse};
use super::scope::{keys, scope};
use super::tree::{
    Aggregation, Argument, Call, Expr, Head, Metric, Metrics, Operator, Spanned, Suffix, Term,
};

/// Reads `q` of a widget, a metrics query of a widget or SLO, a numerator: queries and their arithmetic, several
/// separated by commas (as old widgets have it). An empty text has no items.
pub fn metric(text: &str) -> Parsed<Metrics> {
    let parsed = parse(text, 0, |input| {
        let mut items = Vec::new();
        while !rest(input).is_empty() {
            items.push(expr(input)?);
            if !symbol(input, ",") {
                break;
            }
        }
        end(input, "an operator (`+`, `-`, `*`, `/`), `,` or the end of the query")?;
        Ok(Metrics { items })
    });
    parsed.with(|tree, findings| {
        for item in &tree.items {
            findings.look_at(item);
        }
    })
}

/// Reads a formula over named queries: `default_zero(query1) / query2 * 100`.
pub fn formula(text: &str) -> Parsed<Spanned<Expr>> {
    formula_at(text, 0).with(|tree, findings| findings.look_at(tree))
}

/// A formula that begins at a byte of the user's string; its functions are not looked at.
pub fn formula_at(text: &str, base: usize) -> Parsed<Spanned<Expr>> {
    parse(text, base, |input| {
        let formula = expr(input)?;
        end(input, "an operator (`+`, `-`, `*`, `/`) or the end of the formula")?;
        Ok(formula)
    })
}

/// Sums of products of powers; takes the white space behind it.
pub fn expr(input: &mut Input<'_>) -> Outcome<Spanned<Expr>> {
    chain(input, 0)
}

/// Operators by rank, the loosest first. The service documents the four of arithmetic; the others are let pass.
const RANKS: [&[(&str, Operator)]; 3] = [
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
    &[("**", Operator::Power), ("^", Operator::Power)],
];

fn chain(input: &mut Input<'_>, rank: usize) -> Outcome<Spanned<Expr>> {
    let operand = |input: &mut Input<'_>| match rank + 1 < RANKS.len() {
        true => chain(input, rank + 1),
        false => signed(input),
    };
    let first = operand(input)?;
    let mut rest = Vec::new();
    while let Some(operator) = operator(input, rank) {
        rest.push((operator, operand(input)?));
    }
    let Some((_, last)) = rest.last() else { return Ok(first) };
    let span = first.span.start..last.span.end;
    Ok(Spanned { value: Expr::Chain { first: Box::new(first), rest }, span })
}

fn operator(input: &mut Input<'_>, rank: usize) -> Option<Spanned<Operator>> {
    let start = at(input);
    let (symbol, operator) = RANKS[rank].iter().find(|(symbol, _)| rest(input).starts_with(symbol))?;
    take(input, symbol.len());
    space(input);
    Some(Spanned { value: *operator, span: start..start + symbol.len() })
}

fn signed(input: &mut Input<'_>) -> Outcome<Spanned<Expr>> {
    let start = at(input);
    let Some(sign) = operator(input, 0) else { return term(input) };
    nested(input, |input| {
        let of = signed(input)?;
        let span = start..of.span.end;
        Ok(Spanned { value: Expr::Signed { sign, of: Box::new(of) }, span })
    })
}

fn term(input: &mut Input<'_>) -> Outcome<Spanned<Expr>> {
    let term = spanned(input, |input| {
        let head = spanned(input, head)?;
        let mut suffixes = Vec::new();
        // `5.rollup(…)` would read as a name, and means nothing.
        while !matches!(head.value, Head::Number(_))
            && let Some(suffix) = suffix(input)?
        {
            suffixes.push(suffix);
        }
        Ok(Term { head, suffixes })
    })?;
    space(input);
    // The span ends with the last part, not with the white space that was looked through.
    let end = term.value.suffixes.last().map_or(term.value.head.span.end, |suffix| suffix.span.end);
    Ok(Spanned { span: term.span.start..end, value: Expr::Term(Box::new(term.value)) })
}

const OPERAND: &str = "a metric query such as `avg:system.load.1{*}`, a function, a number or `(`";

fn head(input: &mut Input<'_>) -> Outcome<Head> {
    if let Some(number) = number(input) {
        return Ok(Head::Number(number.value));
    }
    match peek(input) {
        Some('(') => nested(input, |input| {
            symbol(input, "(");
            let inside = expr(input)?;
            close(input, ')', "an operator or `)`")?;
            Ok(Head::Brackets(inside))
        }),
        Some('"' | '\'') => Ok(Head::Text(text(input)?.value)),
        Some('{') => Ok(Head::Scope(scope(input)?.value)),
        Some(c) if starts_name(c) || c.is_ascii_digit() => named(input),
        _ => Err(expected(input, OPERAND)),
    }
}

/// Takes a closing character, but not the white space behind it.
fn close(input: &mut Input<'_>, character: char, what: &str) -> Outcome<()> {
    if peek(input) != Some(character) {
        return Err(expected(input, what));
    }
    take(input, character.len_utf8());
    Ok(())
}

/// What begins with a name: a function, an aggregation with its metric, a metric, a name alone.
fn named(input: &mut Input<'_>) -> Outcome<Head> {
    let word = name_before_method(input)?;
    match follows(input) {
        Some('(') if condition_follows(input) => {
            let condition = condition(input)?;
            metric_of(input, Aggregation { name: owned(&word), condition: Some(condition) })
        }
        Some('(') => Ok(Head::Call(call(input, owned(&word))?)),
        Some(':') => metric_of(input, Aggregation { name: owned(&word), condition: None }),
        Some('{') => {
            space(input);
            let scope = Some(scope(input)?);
            Ok(Head::Metric(Metric { aggregation: None, name: owned(&word), scope }))
        }
        _ => Ok(Head::Name(word.value.to_owned())),
    }
}

/// A name; where a bracket follows, without the method at its end: of `a.b.rollup(sum)` the `a.b`.
fn name_before_method<'s>(input: &mut Input<'s>) -> Outcome<Spanned<&'s str>> {
    let length = name_length(input);
    let (name_text, behind) = rest(input).split_at(length);
    if let Some(dot) = name_text.rfind('.').filter(|dot| *dot > 0)
        && behind.trim_start().starts_with('(')
    {
        return spanned(input, |input| Ok(take(input, dot)));
    }
    name(input, OPERAND)
}

/// The character behind the white space that comes next.
fn follows(input: &Input<'_>) -> Option<char> {
    rest(input).trim_start().chars().next()
}

/// The metric behind `avg:`.
fn metric_of(input: &mut Input<'_>, aggregation: Aggregation) -> Outcome<Head> {
    space(input);
    expect_symbol(input, ":", "`:` and the name of a metric")?;
    if !peek(input).is_some_and(|c| starts_name(c) || c.is_ascii_digit()) {
        return Err(expected(input, "the name of a metric"));
    }
    let name = owned(&name_before_method(input)?);
    let scope = match follows(input) {
        Some('{') => {
            space(input);
            Some(scope(input)?)
        }
        _ => None,
    };
    Ok(Head::Metric(Metric { aggregation: Some(aggregation), name, scope }))
}

/// Whether the bracket that comes next holds the condition of a distribution's count: `(v: v<=0.5)`.
fn condition_follows(input: &Input<'_>) -> bool {
    let Some(inside) = rest(input).trim_start().strip_prefix('(') else { return false };
    let word = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let inside = inside.trim_start();
    let variable = &inside[..word(inside)];
    let behind = inside[variable.len()..].trim_start();
    let Some(behind) = behind.strip_prefix(':') else { return false };
    let behind = behind.trim_start();
    !variable.is_empty()
        && behind.starts_with(variable)
        && behind[variable.len()..].trim_start().starts_with(['<', '>', '=', '!'])
}

fn condition(input: &mut Input<'_>) -> Outcome<Spanned<String>> {
    space(input);
    symbol(input, "(");
    let start = at(input);
    let length = rest(input).find(')').unwrap_or(rest(input).len());
    let condition = take(input, length).trim_end();
    close(input, ')', "`)`")?;
    Ok(Spanned { value: condition.to_owned(), span: start..start + condition.len() })
}

fn suffix(input: &mut Input<'_>) -> Outcome<Option<Spanned<Suffix>>> {
    let before = place(input);
    space(input);
    if peek(input) == Some('.') {
        return spanned(input, |input| {
            symbol(input, ".");
            Ok(Suffix::Method(method(input)?))
        })
        .map(Some);
    }
    let by = rest(input).get(..2).is_some_and(|by| by.eq_ignore_ascii_case("by"))
        && rest(input)[2..].trim_start().starts_with('{');
    if by {
        return spanned(input, |input| {
            take(input, 2);
            space(input);
            Ok(Suffix::By(keys(input)?))
        })
        .map(Some);
    }
    go_back(input, before);
    Ok(None)
}

/// `rollup(sum, 60)` behind its dot.
pub fn method(input: &mut Input<'_>) -> Outcome<Call> {
    let name = spanned(input, |input| {
        match rest(input).find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest(input).len()) {
            0 => Err(expected(input, "the name of a method such as `rollup`")),
            length => Ok(take(input, length).to_owned()),
        }
    })?;
    if follows(input) != Some('(') {
        space(input);
        return Err(expected(input, "`(` behind the method"));
    }
    call(input, name)
}

/// The arguments of a function; white space and the opening bracket come next.
pub fn call(input: &mut Input<'_>, name: Spanned<String>) -> Outcome<Call> {
    space(input);
    nested(input, |input| {
        symbol(input, "(");
        let mut arguments = Vec::new();
        while peek(input) != Some(')') {
            arguments.push(argument(input)?);
            if !symbol(input, ",") {
                break;
            }
        }
        close(input, ')', "`,` or `)`")?;
        Ok(Call { name, arguments })
    })
}

fn argument(input: &mut Input<'_>) -> Outcome<Argument> {
    let before = place(input);
    if peek(input).is_some_and(starts_name) {
        let word = name(input, "an argument")?;
        space(input);
        if rest(input).starts_with('=') && !rest(input).starts_with("==") {
            symbol(input, "=");
            return Ok(Argument { name: Some(owned(&word)), value: expr(input)? });
        }
        go_back(input, before);
    }
    Ok(Argument { name: None, value: expr(input)? })
}

#[cfg(test)]
mod tests {
    use super::super::tests::reported;
    use super::metric;

    fn check(text: &str, expect: &str) {
        assert_eq!(reported(&metric(text)), expect, "{text}");
    }

    #[test]
    fn queries_are_read_and_printed() {
        for (text, expect) in [
            ("", ""),
            ("avg:a.b{*}", "avg:a.b{*}"),
            ("system.load.1", "system.load.1"),
            ("p99.9:a{*}by{ host , $g }.as_count()", "p99.9:a{*} by {host,$g}.as_count()"),
            ("sum:a{*}.as_count() by {x} .rollup( sum,60 )", "sum:a{*}.as_count() by {x}.rollup(sum, 60)"),
            ("avg:a.b.rollup(max, 3600)", "avg:a.b.rollup(max, 3600)"),
            ("(1-avg:a{*})*100", "(1 - avg:a{*}) * 100"),
            ("-a{*} + .5e3/2 - -1", "-a{*} + .5e3 / 2 - -1"),
            ("count(v: v<=0.25):t{*}.as_count()", "count(v: v<=0.25):t{*}.as_count()"),
            ("sum:a{*} by {h}, sum:b{*} by {h}", "sum:a{*} by {h}, sum:b{*} by {h}"),
            ("percentile(query1, 'p90', { * })", "percentile(query1, 'p90', {*})"),
            (
                "anomalies(avg:a{*}, 'agile', 2, direction = 'above')",
                "anomalies(avg:a{*}, 'agile', 2, direction='above')",
            ),
            ("top5_mean(ewma_20(avg:$m{$s}))", "top5_mean(ewma_20(avg:$m{$s}))"),
            ("timeshift(avg:x{*}, -3600)", "timeshift(avg:x{*}, -3600)"),
            ("avg:5xx.rate{*}", "avg:5xx.rate{*}"),
            ("avg: a {*}\n  by {b}", "avg:a{*} by {b}"),
        ] {
            check(text, expect);
        }
    }

    #[test]
    fn faults_say_what_to_write() {
        for (text, expect) in [
            (
                "avgg:a{*}",
                "avgg:a{*}\nerror 0..4: expected an aggregation: avg, sum, min, max, …; found `avgg` (did you mean `avg`?)",
            ),
            (
                "quux:a{*}",
                "quux:a{*}\nwarning 0..4: expected an aggregation: avg, sum, min, max, …; found `quux` (musher does not know it; it is passed as it is)",
            ),
            (
                "default_zer(avg:a{*})",
                "default_zer(avg:a{*})\nwarning 0..11: `default_zer` is not a function that musher knows (did you mean `default_zero`?)",
            ),
            (
                "avg:a{*}.as_cont()",
                "avg:a{*}.as_cont()\nwarning 9..16: `as_cont` is not a method that musher knows (did you mean `as_count`?)",
            ),
            (
                "frobnicate(a)",
                "frobnicate(a)\nwarning 0..10: `frobnicate` is not a function that musher knows (it is passed as it is)",
            ),
            ("avg:", "error 4..4: expected the name of a metric; the query ends here"),
            (
                "avg:a{*} +",
                "error 10..10: expected a metric query such as `avg:system.load.1{*}`, a function, a number or `(`; the query ends here",
            ),
            (
                "avg:a{*} avg:b{*}",
                "error 9..12: expected an operator (`+`, `-`, `*`, `/`), `,` or the end of the query; found `avg`",
            ),
            ("(avg:a{*}", "error 9..9: expected an operator or `)`; the query ends here"),
            ("top(avg:a{*}, 10 'sum')", "error 17..18: expected `,` or `)`; found `'`"),
            ("top(a, 'sum)", "error 7..8: the text that begins with `'` has no end (close it with `'`)"),
            (
                "top(a, “sum”)",
                "error 7..10: expected a metric query such as `avg:system.load.1{*}`, a function, a number or `(`; found `“` (write straight quotes: `\"`)",
            ),
            ("avg:a{*}.rollup", "error 15..15: expected `(` behind the method; the query ends here"),
            (
                "avg:a{*} by host",
                "error 9..11: expected an operator (`+`, `-`, `*`, `/`), `,` or the end of the query; found `by`",
            ),
        ] {
            check(text, expect);
        }
    }
}
