//! Live objects whose mark of ours can't be read, or not for sure: told, never changed, and nothing is made that they
//! may be.

use super::likeness::must_replace;
use super::{BRAKE, Pair, title};
use crate::diagnostic::Diagnostic;
use crate::mark::Damage;
use crate::model::{Address, Live, Question};

/// What to do about several ids.
pub const SEVERAL: &str = "one live object belongs to one resource: take all `musher_id:` tags, or mark lines, but the right one off it";

/// The creates that a damaged object may be.
pub fn held<'p>(live: &Live, damage: &Damage, creates: &[&'p Pair<'_>]) -> Vec<&'p Address> {
    let may_be = |pair: &&&Pair<'_>| {
        pair.kind.section == live.section && !must_replace(pair.kind, pair.resource, &live.body)
    };
    let named = |pair: &&&Pair<'_>| {
        let called = title(&live.body);
        called.is_some() && title(&pair.resource.body.value()) == called
    };
    let of = |pairs: Vec<&&'p Pair<'_>>| pairs.into_iter().map(|pair| &pair.resource.address).collect();
    if let Damage::SeveralIds(ids) = damage {
        let is_one = |pair: &&&Pair<'_>| ids.iter().any(|id| id == pair.resource.address.id());
        return of(creates.iter().filter(|pair| pair.kind.section == live.section).filter(is_one).collect());
    }
    let all: Vec<&&'p Pair<'_>> = creates.iter().filter(may_be).collect();
    let alike: Vec<&&'p Pair<'_>> = all.iter().copied().filter(named).collect();
    // One of the same name is the one that is meant; where there is none, it may have been renamed.
    if alike.is_empty() && !matches!(damage, Damage::Line { owned: false, .. }) { of(all) } else { of(alike) }
}

pub fn told(live: &Live, damage: &Damage) -> Diagnostic {
    let text = format!("The mark of {} can't be read: {damage}; the object is left alone", live.url);
    let help = match damage {
        Damage::SeveralIds(_) => SEVERAL.to_owned(),
        _ => format!(
            "write `$id: {}` into the definition that it belongs to, or take what is left of the mark off it",
            live.id
        ),
    };
    Diagnostic::warning("damaged-mark", text, None).help(help)
}

/// What a person has to say before something is made that may be there already.
pub fn question(live: &Live, held: &[&Address]) -> Option<Question> {
    let first = held.first()?;
    let others = match held.len() {
        1 => String::new(),
        more => format!(" or one of {} more", more - 1),
    };
    let text = format!(
        "`{first}`{others} would be made anew, and may be {}, whose mark can't be read: repair its mark first",
        live.url
    );
    Some(Question { brake: BRAKE, text })
}

/// Whether an object that nobody declares bears what may be the id of a new resource, rewritten or cut short.
pub fn is_kin(live: &Live, own: &Address, create: &Pair<'_>) -> bool {
    let (one, other) = (own.id(), create.resource.address.id());
    if own.section() != create.resource.address.section() {
        return false;
    }
    let is_cut = one.starts_with(other) || other.starts_with(one);
    folded(one) == folded(other)
        || (is_cut
            && title(&live.body).is_some()
            && title(&create.resource.body.value()) == title(&live.body))
}

pub fn kin(live: &Live, own: &Address, create: &Address) -> Question {
    let text = format!(
        "`{create}` would be made anew, and may be {}, whose mark says `{}`: neither is touched. Where it was renamed, \
         write `$moved_from: {}`; where the service or somebody changed the mark, repair that",
        live.url,
        own.id(),
        own.id()
    );
    Question { brake: BRAKE, text }
}

/// An id as the service might have rewritten it, or a person who took its end for that of a sentence.
fn folded(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for segment in id.split('/') {
        let start = out.len();
        for c in segment.chars() {
            if !(c == '_' && out.ends_with('_')) {
                out.push(c);
            }
        }
        let end = out[start..].trim_end_matches(['_', '-', '.']).len();
        out.truncate(start + end);
        out.push('/');
    }
    out
}
