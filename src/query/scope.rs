//! What stands in a metric's braces: the scope `{env:prod AND NOT host:a*}` and the keys of `by {host,env}`.

use super::fault::Fault;
use super::lexical::{
    Input, MARKER_OPEN, Outcome, at, expect_symbol, expected, nested, owned, peek, quoted_length, rest,
    run_length, space, spanned, symbol, take,
};
use super::tree::{Filter, Joint, Scope, Spanned, Tag};

/// `{…}`; the opening brace comes next.
pub fn scope(input: &mut Input<'_>) -> Outcome<Spanned<Scope>> {
    spanned(input, |input| {
        expect_closed(input)?;
        expect_symbol(input, "{", "`{` and a scope")?;
        let filter = if peek(input) == Some('}') { None } else { Some(filter(input, '}')?) };
        let end = if filter.is_some() { "`,`, `AND`, `OR` or `}` in the scope" } else { "`}`" };
        if peek(input) != Some('}') {
            return Err(expected(input, end));
        }
        take(input, 1);
        Ok(Scope { filter })
    })
}

/// Refuses a brace that nothing closes, before what stands behind it is read as a part of the scope.
fn expect_closed(input: &Input<'_>) -> Outcome<()> {
    if !rest(input).starts_with('{') || is_closed(rest(input)) {
        return Ok(());
    }
    let here = at(input);
    let fault = Fault::new("query-syntax", here..here + 1, "the brace `{` is not closed");
    Err(fault.help("write `}` where the tags end"))
}

/// Whether the brace that begins a text is closed, be it that quotes hold braces or that they are plain characters.
fn is_closed(text: &str) -> bool {
    let closed = |quotes: bool| {
        let (mut depth, mut before, mut at) = (0_usize, ' ', 0);
        while let Some(c) = text[at..].chars().next() {
            let begins =
                quotes && matches!(c, '"' | '\'') && (before.is_whitespace() || "{(,:".contains(before));
            let quoted = if begins { quoted_length(&text[at..]) } else { None };
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return true;
            }
            at += quoted.unwrap_or(c.len_utf8());
            before = c;
        }
        false
    };
    closed(false) || closed(true)
}

/// Filters joined by commas, AND, OR or only white space, up to the bracket that closes them.
fn filter(input: &mut Input<'_>, close: char) -> Outcome<Spanned<Filter>> {
    let start = at(input);
    let first = operand(input, close)?;
    let mut rest = Vec::new();
    while let Some(joint) = joint(input, close) {
        rest.push((joint, operand(input, close)?));
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let end = rest.last().map_or(first.span.end, |(_, last)| last.span.end);
    Ok(Spanned { value: Filter::Chain { first: Box::new(first), rest }, span: start..end })
}

/// What joins the next filter; `None` at the closing bracket, at the end, and where nothing can follow.
fn joint(input: &mut Input<'_>, close: char) -> Option<Joint> {
    match peek(input)? {
        c if c == close => None,
        '}' | ')' => None,
        ',' => {
            symbol(input, ",");
            Some(Joint::Comma)
        }
        '&' | '|' => Some(sign(input)),
        _ if keyword(input, "AND") => Some(Joint::And),
        _ if keyword(input, "OR") => Some(Joint::Or),
        _ => Some(side_by_side(input)),
    }
}

/// Takes `&&` or `||`, which composites have and scopes have not; any other sign joins nothing.
fn sign(input: &mut Input<'_>) -> Joint {
    let here = at(input);
    let signs = [("&&", "AND", Joint::And), ("||", "OR", Joint::Or)];
    let Some((sign, word, joint)) = signs.into_iter().find(|(sign, ..)| rest(input).starts_with(sign)) else {
        return side_by_side(input);
    };
    symbol(input, sign);
    let said = format!("`{sign}` joins nothing in a scope");
    let fault = Fault::new("query-syntax", here..here + sign.len(), said).help(format!("write `{word}`"));
    input.warnings.push(fault);
    joint
}

fn side_by_side(input: &mut Input<'_>) -> Joint {
    let here = at(input);
    input.warnings.push(
        Fault::new("query-syntax", here..here, "two filters of a scope stand side by side")
            .help("join them by `,`, `AND` or `OR`"),
    );
    Joint::None
}

/// Takes `AND`, `OR`, `NOT` or `IN`, in any case, where it stands as a word before something else.
fn keyword(input: &mut Input<'_>, word: &str) -> bool {
    let text = rest(input);
    let found = text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && text[word.len()..].starts_with(|c: char| c.is_whitespace() || c == '(')
        && !matches!(text[word.len()..].trim_start().chars().next(), None | Some(',' | '}' | ')'));
    if found {
        take(input, word.len());
        space(input);
    }
    found
}

fn operand(input: &mut Input<'_>, close: char) -> Outcome<Spanned<Filter>> {
    let start = at(input);
    match peek(input) {
        None => Err(expected(input, &format!("a filter such as `env:prod`, or `{close}`"))),
        Some(',' | '}' | ')') => Ok(empty(input)),
        Some('(') => nested(input, |input| {
            symbol(input, "(");
            let inside = filter(input, ')')?;
            expect_close(input, start)?;
            Ok(upto(input, start, Filter::Brackets(Box::new(inside))))
        }),
        Some('!') => nested(input, |input| {
            symbol(input, "!");
            let filter = Box::new(operand(input, close)?);
            let span = start..filter.span.end;
            Ok(Spanned { value: Filter::Not { symbol: true, filter }, span })
        }),
        Some(_) if keyword(input, "NOT") => nested(input, |input| {
            let filter = Box::new(operand(input, close)?);
            let span = start..filter.span.end;
            Ok(Spanned { value: Filter::Not { symbol: false, filter }, span })
        }),
        Some(_) => tag_or_list(input),
    }
}

fn empty(input: &mut Input<'_>) -> Spanned<Filter> {
    let here = at(input);
    input.warnings.push(
        Fault::new("query-syntax", here..here, "a filter of the scope is empty")
            .help("remove the spare comma"),
    );
    Spanned { value: Filter::Empty, span: here..here }
}

/// Takes the closing bracket and the white space behind it.
fn expect_close(input: &mut Input<'_>, open: usize) -> Outcome<()> {
    if peek(input) != Some(')') {
        let fault = expected(input, "`)`");
        return Err(fault.help(format!("the bracket was opened at byte {open}")));
    }
    take(input, 1);
    Ok(())
}

fn upto<T>(input: &mut Input<'_>, start: usize, value: T) -> Spanned<T> {
    let end = at(input);
    space(input);
    Spanned { value, span: start..end }
}

fn tag_or_list(input: &mut Input<'_>) -> Outcome<Spanned<Filter>> {
    let start = at(input);
    let tag = tag(input)?;
    if tag.key.is_some() {
        let span = start..tag.value.span.end;
        return Ok(Spanned { value: Filter::Tag(tag), span });
    }
    let Some(negated) = list_follows(input) else {
        let span = tag.value.span.clone();
        return Ok(Spanned { value: Filter::Tag(tag), span });
    };
    let open = at(input);
    symbol(input, "(");
    let values = list(input)?;
    expect_close(input, open)?;
    Ok(upto(input, start, Filter::In { key: tag.value, negated, values }))
}

/// Takes `IN` or `NOT IN` where a bracket follows; whether it is negated.
fn list_follows(input: &mut Input<'_>) -> Option<bool> {
    let text = rest(input);
    let word = |text: &str, word: &str| {
        text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)).then_some(word.len())
    };
    let mut length = 0;
    let negated = match word(text, "NOT") {
        Some(not) => {
            let spaces = text[not..].len() - text[not..].trim_start().len();
            length = not + spaces;
            spaces > 0
        }
        None => false,
    };
    length += word(&text[length..], "IN")?;
    if !text[length..].trim_start().starts_with('(') {
        return None;
    }
    take(input, length);
    space(input);
    Some(negated)
}

/// The values of `IN (a, "b c")`, up to the closing bracket; empty ones are left out.
fn list(input: &mut Input<'_>) -> Outcome<Vec<Spanned<String>>> {
    let mut values = Vec::new();
    loop {
        match peek(input) {
            Some(',') => {
                symbol(input, ",");
            }
            _ if word_length(rest(input)) == 0 => return Ok(values),
            _ => values.push(word(input)?),
        }
    }
}

fn tag(input: &mut Input<'_>) -> Outcome<Tag> {
    let word = word(input)?;
    let Some(colon) = word.value.find(':').filter(|_| !word.value.starts_with(['"', '\''])) else {
        return Ok(Tag { key: None, value: word });
    };
    let start = word.span.start;
    let key = Spanned { value: word.value[..colon].to_owned(), span: start..start + colon };
    let value = Spanned { value: word.value[colon + 1..].to_owned(), span: start + colon + 1..word.span.end };
    // `pod_name: web-*`: the documentation writes a blank behind the colon.
    let value = match peek(input) {
        Some(',' | '}' | ')') | None => value,
        Some(_) if value.value.is_empty() && !before_keyword(input) => self::word(input)?,
        Some(_) => value,
    };
    Ok(Tag { key: Some(key), value })
}

fn before_keyword(input: &Input<'_>) -> bool {
    ["AND", "OR", "NOT"].iter().any(|word| {
        rest(input).get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && rest(input)[word.len()..].starts_with(char::is_whitespace)
    })
}

/// A word of a scope: anything up to white space, a comma or a bracket that closes what the word did not open.
fn word(input: &mut Input<'_>) -> Outcome<Spanned<String>> {
    let word = spanned(input, |input| match word_length(rest(input)) {
        0 => Err(expected(input, "a tag or its value")),
        length => Ok(take(input, length)),
    })?;
    space(input);
    Ok(owned(&word))
}

/// The bytes of a word. Quotes count at its beginning and behind a colon; what stands in brackets is taken whole.
fn word_length(text: &str) -> usize {
    let mut length = 0;
    let mut quotes = true;
    while let Some(c) = text[length..].chars().next() {
        match c {
            '"' | '\'' if quotes => match quoted_length(&text[length..]) {
                Some(quoted) => length += quoted,
                None => length += 1,
            },
            '(' | '{' if length > 0 => match bracketed_length(&text[length..]) {
                Some(bracketed) => length += bracketed,
                None => break,
            },
            MARKER_OPEN => match run_length(&text[length..], |_| false) {
                0 => break,
                marker => length += marker,
            },
            ',' | '(' | ')' | '{' | '}' => break,
            c if c.is_whitespace() => break,
            c => length += c.len_utf8(),
        }
        quotes = c == ':';
    }
    length
}

/// The bytes from a bracket to the one that closes it, both included.
fn bracketed_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// `{host,env}` behind `by`.
pub fn keys(input: &mut Input<'_>) -> Outcome<Vec<Spanned<String>>> {
    expect_closed(input)?;
    expect_symbol(input, "{", "`{` and the keys to group by")?;
    let mut keys = Vec::new();
    loop {
        let start = at(input);
        let key = rest(input);
        let key = key[..run_length(key, |c| !matches!(c, ',' | '{' | '}'))].trim_end();
        if !key.is_empty() {
            take(input, key.len());
            keys.push(Spanned { value: key.to_owned(), span: start..start + key.len() });
            space(input);
        }
        if peek(input) == Some('}') {
            take(input, 1);
            return Ok(keys);
        }
        expect_symbol(input, ",", "`,` or `}` behind a key to group by")?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::metric;
    use super::super::tests::reported;

    /// Reads `m{SCOPE}`; expects the scope as it is printed, and the faults.
    fn check(scope: &str, expect: &str) {
        let reported = reported(&metric(&format!("m{{{scope}}}")));
        assert_eq!(
            reported.replacen("m{", "", 1).replacen('}', "", usize::from(reported.starts_with("m{"))),
            expect,
            "{scope}"
        );
    }

    #[test]
    fn scopes_of_all_spellings() {
        for (scope, expect) in [
            ("", ""),
            (" * ", "*"),
            ("env:prod, host:a", "env:prod,host:a"),
            ("$env,$host.value , host:$host.value", "$env,$host.value,host:$host.value"),
            ("!env:dev,! $scope", "!env:dev,!$scope"),
            ("env:prod and not host:a*", "env:prod AND NOT host:a*"),
            ("(a:1 OR a:2) AND b:3", "(a:1 OR a:2) AND b:3"),
            ("a IN (x, \"y z\" ,$v)", "a IN (x,\"y z\",$v)"),
            ("$A AND space not in (system,shared)", "$A AND space NOT IN (system,shared)"),
            ("pod: web-*,group:", "pod:web-*,group:"),
            ("url:https://x/y?a=b,field:apps:octoprint", "url:https://x/y?a=b,field:apps:octoprint"),
            ("name:o'neil,and,not,in,or:x", "name:o'neil,and,not,in,or:x"),
            ("threadname:cli_session.*", "threadname:cli_session.*"),
            ("env:(prod OR staging)", "env:(prod OR staging)"),
            ("id:\u{FDD0}id monitors/x y\u{FDD1},b", "id:\u{FDD0}id monitors/x y\u{FDD1},b"),
        ] {
            check(scope, expect);
        }
        // Braces and quotes hold what would end the scope.
        for scope in ["r:\"get_/users/{id}, x\"", "r:get_/users/{id}"] {
            assert_eq!(reported(&metric(&format!("m{{{scope}}}"))), format!("m{{{scope}}}"));
        }
    }

    #[test]
    fn faults_of_scopes() {
        for (scope, expect) in [
            ("a,,b", "a,,b\nwarning 4..4: a filter of the scope is empty (remove the spare comma)"),
            (
                "a:b c:d",
                "a:b c:d\nwarning 6..6: two filters of a scope stand side by side (join them by `,`, `AND` or `OR`)",
            ),
            ("a:b && c:d", "a:b AND c:d\nwarning 6..8: `&&` joins nothing in a scope (write `AND`)"),
            ("(a:b", "error 6..7: expected `)`; found `}` (the bracket was opened at byte 2)"),
            ("a)", "error 3..4: expected `,`, `AND`, `OR` or `}` in the scope; found `)`"),
            ("a IN (b", "error 9..10: expected `)`; found `}` (the bracket was opened at byte 7)"),
        ] {
            check(scope, expect);
        }
        for open in
            ["avg:a{env:prod", "avg:a{env:prod by {host} > 5", "avg:a{*} by {host > 5", "avg:a{b:\"{}"]
        {
            let reported = reported(&metric(open));
            let at = open.rfind("{host >").or(open.find('{')).expect("a brace");
            let expect = format!(
                "error {at}..{}: the brace `{{` is not closed (write `}}` where the tags end)",
                at + 1
            );
            assert_eq!(reported, expect, "{open}");
        }
    }
}
