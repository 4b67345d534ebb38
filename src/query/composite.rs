//! Composites: ids of monitors joined by `&&`, `||`, `!` and brackets.

use super::lexical::{
    Input, MARKER_OPEN, Outcome, end, expect_symbol, expected, nested, peek, rest, run_length, space,
    spanned, symbol, take,
};
use super::tree::{Composite, Junction, Spanned};

/// A composite up to the end of the text. An id is digits or a reference marker.
pub fn whole(input: &mut Input<'_>) -> Outcome<Spanned<Composite>> {
    let composite = either(input)?;
    end(input, "`&&`, `||` or the end of the query").map_err(|fault| {
        fault.help("a composite joins monitor ids by `&&`, `||` and `!`, with brackets where both are used")
    })?;
    Ok(composite)
}

fn either(input: &mut Input<'_>) -> Outcome<Spanned<Composite>> {
    joined(input, "||", Junction::Or, |input| joined(input, "&&", Junction::And, operand))
}

fn joined(
    input: &mut Input<'_>,
    sign: &'static str,
    junction: Junction,
    operand: impl Fn(&mut Input<'_>) -> Outcome<Spanned<Composite>>,
) -> Outcome<Spanned<Composite>> {
    let first = operand(input)?;
    let start = first.span.start;
    let mut operands = vec![first];
    while symbol(input, sign) {
        operands.push(operand(input)?);
    }
    let end = operands.last().map_or(start, |last| last.span.end);
    Ok(match operands.pop() {
        Some(only) if operands.is_empty() => only,
        last => {
            operands.extend(last);
            Spanned { value: Composite::Chain { junction, operands }, span: start..end }
        }
    })
}

fn operand(input: &mut Input<'_>) -> Outcome<Spanned<Composite>> {
    let operand = spanned(input, |input| match peek(input) {
        Some('!') => nested(input, |input| {
            symbol(input, "!");
            Ok(Composite::Not(Box::new(operand(input)?)))
        }),
        Some('(') => nested(input, |input| {
            expect_symbol(input, "(", "`(`")?;
            let inside = either(input)?;
            if peek(input) != Some(')') {
                return Err(expected(input, "`&&`, `||` or `)`"));
            }
            take(input, 1);
            Ok(Composite::Brackets(Box::new(inside)))
        }),
        _ => id(input),
    })?;
    let span = match &operand.value {
        // The operand of a negation took the white space behind it.
        Composite::Not(inside) => operand.span.start..inside.span.end,
        _ => operand.span,
    };
    space(input);
    Ok(Spanned { value: operand.value, span })
}

fn id(input: &mut Input<'_>) -> Outcome<Composite> {
    let text = rest(input);
    let length = match peek(input) {
        Some(MARKER_OPEN) => run_length(text, |_| false),
        _ => text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()),
    };
    let ends = !text[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == MARKER_OPEN);
    if length == 0 || !ends {
        return Err(expected(input, "the id of a monitor")
            .help("write the number of a monitor, or a reference such as `${monitors.checkout-errors.id}`"));
    }
    Ok(Composite::Id(take(input, length).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::reported;
    use crate::query::monitor;

    fn check(text: &str, expect: &str) {
        assert_eq!(reported(&monitor("composite", text)), expect, "{text}");
    }

    #[test]
    fn composites() {
        let help = "write the number of a monitor, or a reference such as `${monitors.checkout-errors.id}`";
        for (text, expect) in [
            ("1 && !(2 || 3)", "1 && !(2 || 3)".to_owned()),
            (" !1||2&&3 ", "!1 || 2 && 3".to_owned()),
            ("\u{FDD0}id monitors/a\u{FDD1}&&2", "\u{FDD0}id monitors/a\u{FDD1} && 2".to_owned()),
            ("", format!("error 0..0: expected the id of a monitor; the query ends here ({help})")),
            ("1 && a", format!("error 5..6: expected the id of a monitor; found `a` ({help})")),
            ("1x", format!("error 0..2: expected the id of a monitor; found `1x` ({help})")),
            ("(1 && 2", "error 7..7: expected `&&`, `||` or `)`; the query ends here".to_owned()),
            (
                "1 & 2",
                "error 2..3: expected `&&`, `||` or the end of the query; found `&` (a composite joins monitor ids by `&&`, `||` and `!`, with brackets where both are used)".to_owned(),
            ),
        ] {
            check(text, &expect);
        }
    }
}
