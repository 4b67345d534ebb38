//! Live objects whose mark of ours can't be read, or not for sure: reported and never changed, and nothing that they
//! may be is made.

use super::likeness::must_replace;
use super::pair::{BRAKE, Pair};
use crate::diagnostic::Diagnostic;
use crate::kind;
use crate::mark::Damage;
use crate::model::{Address, Live, Question};

/// What to do about several ids.
pub const SEVERAL: &str = "one live object belongs to one resource: take all `musher_id:` tags, or mark lines, but the right one off it";

/// A resource that would be made.
pub struct Create<'p, 'a> {
    pair: &'p Pair<'a>,
    /// What people would call it.
    title: Option<String>,
    /// Its id, [`folded`].
    folded: String,
}

impl<'p, 'a> Create<'p, 'a> {
    pub fn of(pair: &'p Pair<'a>) -> Self {
        let title = pair.kind.title(&pair.resource.body.value()).map(str::to_owned);
        Self { pair, title, folded: folded(pair.resource.address.id()) }
    }

    pub fn address(&self) -> &'a Address {
        &self.pair.resource.address
    }

    fn is_called_as(&self, live: &Live) -> bool {
        self.title.is_some()
            && self.title.as_deref() == kind::of_section(live.section).and_then(|kind| kind.title(&live.body))
    }

    fn may_be(&self, live: &Live) -> bool {
        self.pair.kind.section == live.section
            && !must_replace(self.pair.kind, self.pair.resource, &live.body, None)
    }
}

/// The creates that a damaged object may be.
pub fn held<'a>(live: &Live, damage: &Damage, creates: &[Create<'_, 'a>]) -> Vec<&'a Address> {
    let of = |held: &dyn Fn(&Create<'_, 'a>) -> bool| {
        creates.iter().filter(|create| held(create)).map(Create::address).collect::<Vec<_>>()
    };
    if let Damage::SeveralIds(ids) = damage {
        let is_one = |address: &Address| ids.iter().any(|id| id == address.id());
        return of(&|create| create.pair.kind.section == live.section && is_one(create.address()));
    }
    // One of the same name is the one that is meant; where there is none, it may have been renamed.
    let alike = of(&|create| create.is_called_as(live) && create.may_be(live));
    let is_vague = matches!(damage, Damage::Line { owned: false, .. });
    if alike.is_empty() && !is_vague { of(&|create| create.may_be(live)) } else { alike }
}

pub fn reported(live: &Live, damage: &Damage) -> Diagnostic {
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

/// The new resource whose id, rewritten or cut short, an object may bear that nobody declares.
pub fn kin_of<'c, 'p, 'a>(
    live: &Live,
    own: &Address,
    creates: &'c [Create<'p, 'a>],
) -> Option<&'c Create<'p, 'a>> {
    let (one, folded) = (own.id(), folded(own.id()));
    let is_kin = |create: &&Create<'_, '_>| {
        let other = create.address().id();
        let is_cut = one.starts_with(other) || other.starts_with(one);
        (is_cut && create.is_called_as(live)) || folded == create.folded
    };
    creates.iter().filter(|create| own.section() == create.address().section()).find(is_kin)
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
