//! Bytes of a rendered string -> bytes of the string that the user wrote.

use std::ops::Range;

use crate::template::{Sort, scan};

/// A stretch of both strings. Literal text stands in both; elsewhere a `${…}` stands in the source.
#[derive(Debug)]
struct Stretch {
    rendered: Range<usize>,
    source: Range<usize>,
    literal: bool,
}

/// Where a part of the rendered string stands in the source: exactly where that is literal text, else
/// the `${…}` that it comes from. `None` where the two strings don't fit.
pub fn source_range(source: &str, rendered: &str, range: &Range<usize>) -> Option<Range<usize>> {
    if source == rendered {
        return Some(range.clone());
    }
    let stretches = stretches(source, rendered)?;
    let first = stretches.iter().find(|s| range.start < s.rendered.end).or(stretches.last())?;
    let start = match first.literal {
        true => first.source.start + range.start.saturating_sub(first.rendered.start),
        false => first.source.start,
    };
    if range.is_empty() && first.literal {
        return Some(start..start);
    }
    let last = stretches.iter().find(|s| range.end <= s.rendered.end && range.end > s.rendered.start);
    let last = last.unwrap_or(first);
    let end = match last.literal {
        true => last.source.start + range.end.saturating_sub(last.rendered.start),
        false => last.source.end,
    };
    (start <= end && end <= source.len()).then_some(start..end)
}

/// Literal pieces are searched in the rendered string from the left, and from the right. Those that
/// both find at one place stand there; what is between them comes from expressions.
fn stretches(source: &str, rendered: &str) -> Option<Vec<Stretch>> {
    let literals = literals(source)?;
    let mut from_left = Vec::with_capacity(literals.len());
    let mut at = 0;
    for (range, text) in &literals {
        let found = if range.start == 0 {
            rendered.starts_with(text).then_some(0)?
        } else {
            at + rendered[at..].find(text)?
        };
        at = found + text.len();
        from_left.push(found);
    }
    let mut from_right = vec![0; literals.len()];
    let mut end = rendered.len();
    for (index, (range, text)) in literals.iter().enumerate().rev() {
        let found = if range.end == source.len() {
            rendered[..end].ends_with(text).then(|| end - text.len())?
        } else {
            rendered[..end].rfind(text)?
        };
        end = found;
        from_right[index] = found;
    }
    let mut stretches = Vec::new();
    let (mut rendered_to, mut source_to) = (0, 0);
    let gap = |stretches: &mut Vec<Stretch>, rendered: Range<usize>, source: Range<usize>| {
        if !source.is_empty() {
            stretches.push(Stretch { rendered, source, literal: false });
        }
    };
    for (index, (range, text)) in literals.iter().enumerate() {
        let found = from_left[index];
        if found != from_right[index] || found < rendered_to {
            continue;
        }
        gap(&mut stretches, rendered_to..found, source_to..range.start);
        let end = found + text.len();
        stretches.push(Stretch { rendered: found..end, source: range.clone(), literal: true });
        (rendered_to, source_to) = (end, range.end);
    }
    gap(&mut stretches, rendered_to..rendered.len(), source_to..source.len());
    Some(stretches)
}

/// The pieces of literal text with their bytes. What stands between blocks (`${#if}…${/if}`) may be
/// absent or repeated, and is none.
fn literals(source: &str) -> Option<Vec<(Range<usize>, &str)>> {
    let parts = scan(source).ok()?;
    let is_block = |sort: &Sort<'_>| match sort {
        Sort::Expression(inside) => {
            let inside = inside.trim_start_matches('~').trim_start();
            inside.starts_with(['#', '/', '^']) || inside.starts_with("else")
        }
        Sort::Text(_) | Sort::Escape => false,
    };
    let first = parts.iter().position(|part| is_block(&part.sort)).unwrap_or(usize::MAX);
    let last = parts.iter().rposition(|part| is_block(&part.sort)).unwrap_or(0);
    let outside = |index: usize| index < first || index > last;
    let literals = parts.into_iter().enumerate().filter_map(|(index, part)| match part.sort {
        Sort::Text(text) if outside(index) => Some((part.range, text)),
        // Of `$${` only the `${` is rendered.
        Sort::Escape if outside(index) => Some((part.range.start + 1..part.range.end, "${")),
        _ => None,
    });
    Some(literals.collect())
}

#[cfg(test)]
mod tests {
    use super::source_range;

    /// Looks for `«…»` in both texts: what is marked in the rendered one must be what is marked in the source.
    fn check(source: &str, rendered: &str) {
        let cut = |text: &str| {
            let (start, end) = (text.find('«').unwrap(), text.find('»').unwrap());
            (text.replace(['«', '»'], ""), start..end - '«'.len_utf8())
        };
        let ((source, expected), (rendered, range)) = (cut(source), cut(rendered));
        assert_eq!(source_range(&source, &rendered, &range), Some(expected), "{source} / {rendered}");
    }

    #[test]
    fn ranges_are_mapped_back() {
        check("avg(«last_5m»)", "avg(«last_5m»)");
        check("avg(${window}):«foo»(a)", "avg(last_5m):«foo»(a)");
        check("a ${x} «b» ${y} c", "a 1 «b» 2 c");
        check("a «${x}» c", "a «12345» c");
        check("a «${x}» c", "a 12«3»45 c");
        check("a«b ${x}» c", "a«b 12»345 c");
        // A piece that might stand in several places belongs to what is around it.
        check("x«${a},${b}»y", "x1«,»2,3y");
        check("${a}:«foo» $${b}", "1:«foo» ${b}");
        check("z «${#if a}b${/if}» c", "z «b» c");
        check("«${a}»", "«b»");
        check("a «c» ${d}", "a «c» ");
    }

    #[test]
    fn strings_that_do_not_fit_have_no_place() {
        assert_eq!(source_range("a ${x} c", "entirely different", &(0..3)), None);
        assert_eq!(source_range("${", "x", &(0..1)), None);
    }
}
