//! Secrets: never in a definition, and never where their value would be shown as a name.

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::kind::Identity;
use crate::model::Secret;

/// What a row says is a secret stands in the file.
pub fn literal(subject: &Subject<'_>, found: &mut Findings) {
    let places = subject.asked.secret.iter().flat_map(|field| field.secrets(subject.body));
    for at in places.collect::<Vec<_>>() {
        let written = subject.text(&at).is_some_and(|text| !Secret::is_in(text) && !text.is_empty());
        if written {
            let name = at.trim_start_matches('/').replace('/', ".");
            let text = format!("`{name}` is a secret, and it stands in the file");
            let help = "write `${secret.NAME}`, and in musher.yaml `secrets: {NAME: MUSHER_SECRET_NAME}`; a secret that was \
                        committed must be revoked";
            found.add(&at, text, help);
        }
    }
}

/// The key of an object without a mark, and what people call it, are shown.
pub fn in_name(subject: &Subject<'_>, found: &mut Findings) {
    let key = match subject.kind.identity {
        Identity::Key(at) => Some(at),
        _ => None,
    };
    for at in
        key.into_iter().chain([subject.kind.about.title].into_iter().filter(|title| Some(*title) != key))
    {
        if subject.text(at).is_some_and(Secret::is_in) {
            let name = at.trim_start_matches('/');
            let text = format!("A secret stands in `{name}`, by which the {} is shown", subject.kind.name);
            found.add(at, text, "take it out: names are no place for secrets");
        }
    }
}
