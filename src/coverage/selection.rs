//! Whether the scope of a metric selects a function, by what is known of the function: yes, no, or nobody knows.

use std::collections::BTreeSet;

use super::function::Tags;
use crate::query::{Filter, Joint, Scope, Spanned, Tag};

/// The tag that names a function.
pub const FUNCTION: &str = "functionname";

/// Tags that split what one function sends: a scope with one sees a part of it.
const PARTS: [&str; 4] = ["cold_start", "executedversion", "version", "alias"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selects {
    No,
    /// The scope asks for a tag that the inventory says nothing of.
    Unknown,
    Yes,
}

impl Selects {
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    fn of(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

pub fn selects(scope: Option<&Scope>, tags: &Tags) -> Selects {
    scope.and_then(|scope| scope.filter.as_ref()).map_or(Selects::Yes, |filter| judge(&filter.value, tags))
}

fn judge(filter: &Filter, tags: &Tags) -> Selects {
    match filter {
        Filter::Tag(tag) => of_tag(tag, tags),
        Filter::In { key, negated, values } => {
            let any = values.iter().map(|value| of_value(&key.value, &value.value, tags)).max();
            let any = any.unwrap_or(Selects::No);
            if *negated { any.not() } else { any }
        }
        Filter::Not { filter, .. } => judge(&filter.value, tags).not(),
        Filter::Brackets(inside) => judge(&inside.value, tags),
        Filter::Chain { first, rest } => chain(first, rest, tags),
        Filter::Empty => Selects::Yes,
    }
}

/// `OR` binds loosest: the least of each run of the others, and the most of those.
fn chain(first: &Spanned<Filter>, rest: &[(Joint, Spanned<Filter>)], tags: &Tags) -> Selects {
    let (mut most, mut run) = (Selects::No, judge(&first.value, tags));
    for (joint, filter) in rest {
        let next = judge(&filter.value, tags);
        if *joint == Joint::Or {
            most = most.max(run);
            run = next;
        } else {
            run = run.min(next);
        }
    }
    most.max(run)
}

fn of_tag(tag: &Tag, tags: &Tags) -> Selects {
    let value = &tag.value.value;
    match &tag.key {
        Some(key) => of_value(&key.value, value, tags),
        // A template variable stands for any value; a bare word is a tag without a key.
        None if value == "*" || value.starts_with('$') => Selects::Yes,
        None => Selects::Unknown,
    }
}

fn of_value(key: &str, value: &str, tags: &Tags) -> Selects {
    let key = key.trim().to_lowercase();
    let wanted = value.trim_matches(['"', '\'']).to_lowercase();
    if wanted == "*" || wanted.starts_with('$') {
        return Selects::Yes;
    }
    // `env:(prod OR staging)`
    if let Some(list) = wanted.strip_prefix('(').and_then(|list| list.strip_suffix(')')) {
        let any = list.split(" or ").map(|one| of_value(&key, one.trim(), tags)).max();
        return any.unwrap_or(Selects::Unknown);
    }
    if key == "resource" {
        // The name of the function, or of a version of it: `checkout:live`.
        let name = wanted.split(':').next().unwrap_or_default();
        return tags
            .get(FUNCTION)
            .map_or(Selects::Unknown, |own| Selects::of(own.iter().any(|own| is_like(name, own))));
    }
    match tags.get(&key) {
        _ if PARTS.contains(&key.as_str()) => Selects::No,
        Some(values) => Selects::of(values.iter().any(|own| is_like(&wanted, own))),
        None => Selects::Unknown,
    }
}

/// Whether a text is what a pattern with `*` describes.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The functions that a scope can select: their names in lower case. `None` where it names none, or names them by a
/// pattern.
pub fn named(scope: &Scope) -> Option<BTreeSet<String>> {
    let filter = scope.filter.as_ref()?;
    let needed = match &filter.value {
        Filter::Chain { .. } => filter.all()?,
        _ => vec![filter],
    };
    needed.into_iter().find_map(|filter| names(&filter.value))
}

fn names(filter: &Filter) -> Option<BTreeSet<String>> {
    let plain = |text: &str| {
        let text = text.trim_matches(['"', '\'']).to_lowercase();
        (!text.contains(['*', '$', '('])).then_some(text)
    };
    match filter {
        Filter::Tag(Tag { key: Some(key), value }) if key.value.trim().eq_ignore_ascii_case(FUNCTION) => {
            plain(&value.value).map(|name| BTreeSet::from([name]))
        }
        Filter::In { key, negated: false, values } if key.value.trim().eq_ignore_ascii_case(FUNCTION) => {
            values.iter().map(|value| plain(&value.value)).collect()
        }
        Filter::Brackets(inside) => match &inside.value {
            Filter::Chain { .. } => inside.all()?.into_iter().find_map(|filter| names(&filter.value)),
            inside => names(inside),
        },
        _ => None,
    }
}

/// Whether a scope asks for a value of a key.
pub fn speaks_of(scope: &Scope, key: &str) -> bool {
    let is_own = |tag: &Tag| tag.key.as_ref().is_some_and(|own| own.value.eq_ignore_ascii_case(key));
    scope.tags().iter().any(|(tag, wanted)| *wanted && is_own(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query;

    fn tags(tags: &[(&str, &str)]) -> Tags {
        tags.iter().map(|(key, value)| ((*key).to_owned(), BTreeSet::from([(*value).to_owned()]))).collect()
    }

    fn scope(text: &str) -> Scope {
        let tree = query::metric(&format!("sum:m{{{text}}}")).tree.expect("a query");
        tree.metrics()[0].value.scope.as_ref().expect("a scope").value.clone()
    }

    #[test]
    fn scopes_select_by_what_is_known() {
        let own = tags(&[("functionname", "checkout-api"), ("env", "prod"), ("service", "checkout")]);
        for (text, expected) in [
            ("*", Selects::Yes),
            ("functionname:checkout-api", Selects::Yes),
            ("functionname:Checkout-API,env:prod", Selects::Yes),
            ("functionname:checkout-api,env:staging", Selects::No),
            ("functionname:checkout-api,team:shop", Selects::Unknown),
            ("functionname:checkout", Selects::No),
            ("functionname:checkout*", Selects::Yes),
            ("functionname:*-api", Selects::Yes),
            ("functionname:c*t-*i", Selects::Yes),
            ("functionname:c*x*i", Selects::No),
            ("!functionname:checkout-api", Selects::No),
            ("!functionname:other,env:prod", Selects::Yes),
            ("NOT functionname:check*", Selects::No),
            ("functionname IN (a, checkout-api)", Selects::Yes),
            ("functionname NOT IN (a, checkout-api)", Selects::No),
            ("functionname:a OR functionname:checkout-api", Selects::Yes),
            ("(functionname:a OR service:checkout) AND env:prod", Selects::Yes),
            ("(functionname:a OR service:checkout) AND env:dev", Selects::No),
            ("env:(dev OR prod)", Selects::Yes),
            ("$scope,service:checkout", Selects::Yes),
            ("functionname:checkout-api,cold_start:true", Selects::No),
            ("resource:checkout-api:live", Selects::Yes),
            ("team:shop,env:dev", Selects::No),
            ("!team:shop", Selects::Unknown),
            ("service:checkout OR team:x", Selects::Yes),
        ] {
            assert_eq!(selects(Some(&scope(text)), &own), expected, "{text}");
        }
        assert_eq!(selects(None, &own), Selects::Yes);
    }

    #[test]
    fn names_that_a_scope_asks_for() {
        for (text, expected) in [
            ("functionname:A,env:prod", Some(vec!["a"])),
            ("functionname IN (a, b)", Some(vec!["a", "b"])),
            ("(functionname:a AND env:prod)", Some(vec!["a"])),
            ("functionname:a OR functionname:b", None),
            ("functionname:a*", None),
            ("!functionname:a", None),
            ("service:x", None),
        ] {
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(named(&scope(text)), expected, "{text}");
        }
    }
}
