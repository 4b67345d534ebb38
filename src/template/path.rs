//! A bare path of an expression: `each.Environment.[a b].0`, `../name`, `@index`; read by us, never by Handlebars.

/// A path as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Starts with `@root`.
    pub root: bool,
    /// Starts with another `@`: `@index`.
    pub local: bool,
    /// Starts with `this` or `.`.
    pub this: bool,
    /// How many `../` it starts with.
    pub up: usize,
    pub steps: Vec<String>,
}

/// A path, or `None` where the text is something else. The syntax is that of Handlebars.
pub fn parse(text: &str) -> Option<Path> {
    let mut path = Path { root: false, local: false, this: false, up: 0, steps: Vec::new() };
    let mut rest = text.trim();
    if matches!(rest, "this" | ".") {
        path.this = true;
        return Some(path);
    }
    if let Some(after) = strip_word(rest, "this").or_else(|| rest.strip_prefix("./")) {
        (path.this, rest) = (true, after);
    }
    if let Some(after) = strip_word(rest, "@root") {
        (path.root, rest) = (true, after);
    }
    if let Some(after) = rest.strip_prefix('@') {
        (path.local, rest) = (true, after);
    }
    while let Some(after) =
        rest.strip_prefix("../").or_else(|| rest.strip_prefix("..").filter(|r| r.is_empty()))
    {
        path.up += 1;
        rest = after;
    }
    // `../this` and `../.` are the item around, as `..` is.
    if path.up > 0 && matches!(rest, "this" | ".") {
        return Some(path);
    }
    if let Some(after) = strip_word(rest, "this").filter(|_| path.up > 0) {
        rest = after;
    }
    if rest.is_empty() {
        return (path.up > 0 && !path.local).then_some(path);
    }
    loop {
        let (step, after) = step(rest)?;
        path.steps.push(step.to_owned());
        match after.as_bytes().first() {
            None => return Some(path),
            Some(b'.' | b'/') => rest = &after[1..],
            Some(_) => return None,
        }
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?.strip_prefix(['.', '/'])
}

/// The first step and what is behind it.
fn step(text: &str) -> Option<(&str, &str)> {
    if let Some(inside) = text.strip_prefix('[') {
        return inside.split_once(']');
    }
    let end = text.find(|c: char| !is_symbol(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

pub fn is_symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$' | ':') || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = parse(text).map_or("none".to_owned(), |path| {
            let flags = [(path.root, "root "), (path.local, "@"), (path.this, "this ")];
            let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
            format!("{flags}{}{}", "^".repeat(path.up), path.steps.join("|"))
        });
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn paths() {
        check("name", "name");
        check(" each.Environment.TIER ", "each|Environment|TIER");
        check("monitors.[a/b.c].id", "monitors|a/b.c|id");
        check("list.0", "list|0");
        check("list.[0]", "list|0");
        check("a/b", "a|b");
        check("this", "this ");
        check("this.x", "this x");
        check("./x", "this x");
        check("thisx", "thisx");
        check("../x", "^x");
        check("../../x", "^^x");
        check("@index", "@index");
        check("@../index", "@^index");
        check("@root.env", "root env");
        check("straße", "straße");
        for none in ["", "a b", "a.", ".a", "a..b", "#if x", "a(b)", "'a'", "[a", "@", "eq a", "else x", "a]"]
        {
            check(none, "none");
        }
    }
}
