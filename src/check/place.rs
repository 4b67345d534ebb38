//! Bytes of a rendered string -> bytes of the string that the user wrote.

use std::ops::Range;

use crate::template::{Rendering, Stretch};

/// Where a part of a rendered string stands in its source: exactly where that is literal text, else the `${…}` that it
/// comes from. `None` where the string was not rendered from this source.
pub fn source_range(source: &str, rendering: &Rendering, range: &Range<usize>) -> Option<Range<usize>> {
    if !fits(source, rendering) {
        return None;
    }
    let stretches = &rendering.stretches;
    let first = stretches.iter().find(|s| range.start < s.rendered.end).or(stretches.last())?;
    let start = if first.literal { moved(first, range.start) } else { first.source.start };
    if range.is_empty() {
        return Some(start..if first.literal { start } else { first.source.end });
    }
    let last = stretches.iter().find(|s| range.end <= s.rendered.end && range.end > s.rendered.start);
    let last = last.unwrap_or(first);
    let end = if last.literal { moved(last, range.end) } else { last.source.end };
    (start <= end && end <= source.len()).then_some(start..end)
}

/// A byte of literal text in the source.
fn moved(stretch: &Stretch, at: usize) -> usize {
    stretch.source.start + at.saturating_sub(stretch.rendered.start)
}

/// Whether a string may have been rendered from this source: its literal text stands there, and expressions stand where
/// the rest comes from.
fn fits(source: &str, rendering: &Rendering) -> bool {
    rendering.stretches.iter().all(|stretch| match source.get(stretch.source.clone()) {
        Some(text) if stretch.literal => rendering.text.get(stretch.rendered.clone()) == Some(text),
        Some(text) => text.starts_with("${") && text.ends_with('}'),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};

    use super::source_range;
    use crate::model::Address;
    use crate::template::{Compiler, Names, Rendering, Run, Trace};

    fn rendering(source: &str, values: &Value) -> Rendering {
        let address = Address::new("monitors", "a");
        let trace = Trace::of(BTreeSet::from([address.clone()]));
        let constants: Map<String, Value> = Map::from_iter([("env".to_owned(), json!("prod"))]);
        let values = values.as_object().expect("values by name");
        let slots: Vec<Cow<'_, Value>> = values.values().map(Cow::Borrowed).collect();
        let names = Names {
            constants: Some(&constants),
            slots: values.keys().cloned().collect(),
            traced: true,
            ..Names::default()
        };
        let text = Compiler::new(names).text(source).expect("a sound text");
        let run = Run::new(&slots, None, "").traced(Some(&trace));
        run.begin(&address);
        text.render(&run, None).expect("values for all of it");
        trace.into_renderings().remove(&address).and_then(|mut all| all.pop()).expect("a rendered string")
    }

    /// Looks for `«…»` in both texts: what is marked in the rendered one must be what is marked in the source.
    fn check(source: &str, values: &Value, rendered: &str) {
        let cut = |text: &str| {
            let (start, end) = (text.find('«').unwrap(), text.find('»').unwrap());
            (text.replace(['«', '»'], ""), start..end - '«'.len_utf8())
        };
        let ((source, expected), (rendered, range)) = (cut(source), cut(rendered));
        let found = rendering(&source, values);
        assert_eq!(found.text, rendered, "{source}");
        assert_eq!(source_range(&source, &found, &range), Some(expected), "{source} / {rendered}");
    }

    #[test]
    fn ranges_are_mapped_back() {
        check("avg(${w}):«foo»(a)", &json!({"w": "last_5m"}), "avg(last_5m):«foo»(a)");
        check("a ${x} «b» ${y} c", &json!({"x": 1, "y": 2}), "a 1 «b» 2 c");
        check("a «${x}» c", &json!({"x": 12345}), "a «12345» c");
        check("a «${x}» c", &json!({"x": 12345}), "a 12«3»45 c");
        check("a«b ${x}» c", &json!({"x": 12345}), "a«b 12»345 c");
        check("${a}:«foo» $${b}", &json!({"a": 1}), "1:«foo» ${b}");
        check("a $«${b}»", &json!({}), "a «${b}»");
        check("«${a}»", &json!({"a": "b"}), "«b»");
        check("a «c» ${d}", &json!({"d": ""}), "a «c» ");
        check("é«ü»${x}", &json!({"x": "ü"}), "é«ü»ü");
        // What is known when the string is compiled is told apart, too.
        check("«${env}» x ${a}", &json!({"a": "prod"}), "«prod» x prod");
        check("prod ${env} «prod»", &json!({}), "prod prod «prod»");
    }

    /// Searching for what is literal would take the one for the other.
    #[test]
    fn a_text_that_stands_in_an_expression_too_is_told_apart() {
        check("x${a}«,»${b}y", &json!({"a": 1, "b": "2,3"}), "x1«,»2,3y");
        check("x${a},«${b}»y", &json!({"a": 1, "b": "2,3"}), "x1,2«,»3y");
        check("x«${a}»,${b}y", &json!({"a": "1,2", "b": 3}), "x1«,»2,3y");
        let query = json!({"scope": "a} by {b", "more": ""});
        check("m{${scope}} «by» {c}${more}", &query, "m{a} by {b} «by» {c}");
        check("m{«${scope}»} by {c}${more}", &query, "m{a} «by» {b} by {c}");
        check("foo ${x} «foo»", &json!({"x": "foo foo"}), "foo foo foo «foo»");
        check("foo «${x}» foo", &json!({"x": "foo foo"}), "foo foo «foo» foo");
        check("«foo» ${x} foo", &json!({"x": ""}), "«foo»  foo");
    }

    #[test]
    fn blocks_are_seen_through() {
        check("z ${#if a}«b»${/if} c", &json!({"a": true}), "z «b» c");
        check("${#if a}b${else}«b»${/if}", &json!({"a": false}), "«b»");
        check("${#each l}«x»,${/each}x", &json!({"l": [1, 2]}), "x,«x»,x");
        check("${#each l}x,${/each}«x»", &json!({"l": [1, 2]}), "x,x,«x»");
        check("${#if a}\n  b\n${/if}\n«b»", &json!({"a": true}), "  b\n«b»");
        check("a ${~x~} «a»", &json!({"x": " a "}), "a a «a»");
    }

    #[test]
    fn strings_of_another_source_have_no_place() {
        let found = rendering("a ${x} c", &json!({"x": "b"}));
        assert_eq!(source_range("a ${x} d", &found, &(0..3)), None);
        assert_eq!(source_range("a", &found, &(0..1)), None);
        assert_eq!(source_range("a [x] c!!", &found, &(0..1)), None);
    }
}
