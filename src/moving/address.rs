//! Addresses of Terraform -> ids of ours.

use crate::model::slug;

/// The longest part of an id.
const LONGEST: usize = 80;

/// The steps of a module's address: `module.app["eu"].module.inner` is app, eu, inner. None where it is not one.
pub fn steps(module: &str) -> Option<Vec<String>> {
    let (mut steps, mut rest) = (Vec::new(), module);
    while !rest.is_empty() {
        rest = rest.strip_prefix("module.")?;
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        steps.push(Some(name).filter(|name| !name.is_empty() && name.chars().all(fits))?.to_owned());
        rest = match behind.strip_prefix('[') {
            Some(inside) => {
                let (key, behind) = key(inside)?;
                steps.push(key);
                behind
            }
            None => behind,
        };
        rest = match rest.strip_prefix('.') {
            Some("") => return None,
            Some(next) => next,
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    Some(steps)
}

/// The key behind a `[`, and what stands behind its `]`.
fn key(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (number, behind) = text.split_once(']')?;
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        return is_number.then(|| (number.to_owned(), behind));
    };
    let (mut key, mut chars) = (String::new(), quoted.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((key, quoted.get(at + 1..)?.strip_prefix(']')?)),
            '\\' => key.push(chars.next()?.1),
            c => key.push(c),
        }
    }
    None
}

/// One part of an id: the slug of a name or key; `fallback` where nothing of it fits.
pub fn segment(text: &str, fallback: &str) -> String {
    let start: String = text.chars().take(4 * LONGEST).collect();
    let slug = slug(&start);
    let cut: String = slug.trim_start_matches(['.', '_', '-']).chars().take(LONGEST).collect();
    match cut.trim_end_matches(['.', '_', '-']) {
        "" => fallback.to_owned(),
        segment => segment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::is_id;

    #[test]
    fn modules_have_steps() {
        for (module, expected) in [
            ("", Some(&[][..])),
            ("module.app", Some(&["app"])),
            ("module.app[\"eu\"].module.inner", Some(&["app", "eu", "inner"])),
            ("module.app[12]", Some(&["app", "12"])),
            (r#"module.a["x.y]\"z"].module.b"#, Some(&["a", "x.y]\"z", "b"])),
            ("app", None),
            ("module.", None),
            ("module.app.", None),
            ("module.app[", None),
            ("module.app[\"x", None),
            ("module.app[\"x\\", None),
            ("module.app[\"x\"", None),
            ("module.app[x]", None),
            ("module.app]x", None),
        ] {
            let found = steps(module);
            let found: Option<Vec<&str>> =
                found.as_ref().map(|steps| steps.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{module}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_part_of_an_id(text in any::<String>()) {
            let _ = steps(&text);
            let segment = segment(&text, "x");
            prop_assert!(is_id(&segment) && !segment.contains('/') && segment.len() <= LONGEST, "{}", segment);
        }
    }
}
