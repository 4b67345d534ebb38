//! Objects that no list shows: each is asked for by its key.

use std::collections::BTreeSet;

use super::call::Client;
use super::refusal::{Fault, Refusal};
use crate::kind::Kind;
use crate::mark::KnownBy;
use crate::model::Live;

/// What is there under some keys.
#[derive(Default)]
pub struct Keyed {
    pub live: Vec<Live>,
    /// What is there and can't be read, by its key.
    pub unread: Vec<(String, Refusal)>,
}

impl Client {
    /// The objects under these keys, asked for side by side. Where there is none, none is shown.
    pub async fn by_keys(&self, kind: &'static Kind, keys: &BTreeSet<String>) -> Result<Keyed, Refusal> {
        let mut found = Keyed::default();
        for (key, read) in self.get_all(kind, keys.iter().cloned().collect()).await? {
            match read {
                Ok(live) => found.live.push(live),
                Err(refusal) if refusal.fault == Fault::NotFound => {}
                Err(refusal) => found.unread.push((key, refusal)),
            }
        }
        Ok(found)
    }

    /// The object that is known as this one, if it is there.
    pub(super) async fn of_own(&self, kind: &'static Kind, own: &KnownBy) -> Result<Vec<Live>, Refusal> {
        let found = self.by_keys(kind, &BTreeSet::from([own.name().to_owned()])).await?;
        match found.unread.into_iter().next() {
            Some((_, refusal)) => Err(refusal),
            None => Ok(found.live),
        }
    }
}
