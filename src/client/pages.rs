//! The pages of one list, to their end: several asked for at once, each object once.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::answer;
use super::call::{call, live_of};
use super::refusal::Refusal;
use super::shared::First;
use crate::kind::{Kind, Paging};
use crate::model::Live;
use crate::wire::{Method, Request, Wire};

/// Pages asked for at once, at most.
const PAGES_AT_ONCE: usize = 64;
/// A list of more pages than that has no end: half a million objects, which memory must hold.
const MOST_PAGES: usize = 500;

/// Where a list ends.
pub enum Until<'a> {
    /// At a page that is shorter than asked for, unless what should be there is missing: fewer of `ours` than are
    /// declared, or nothing at all where the last run saw something.
    Short { last: usize, declared: usize, ours: &'a (dyn Fn(&Live) -> bool + Sync) },
    /// At a page without anything new, whatever its size; where the service tells how many there are, with those.
    NothingNew,
    /// As soon as so many are kept, behind so many pages, or at the end.
    Found { count: usize, most: usize },
}

/// What is kept of a page; the rest is forgotten as soon as it is read.
pub type Keep = Arc<dyn Fn(&Live) -> bool + Send + Sync>;

/// The pages of one list.
pub struct Pages {
    pub kind: &'static Kind,
    /// What the list is filtered by, where the API can.
    tag: Option<String>,
    wire: Arc<dyn Wire>,
    web: String,
    keep: Option<Keep>,
    /// How many items a page is asked for.
    size: usize,
    asked: usize,
    /// Where the next page begins, in a list that is read by cursor.
    cursor: Option<String>,
    /// By position of the page.
    tasks: JoinSet<(usize, Result<Page, Refusal>)>,
}

struct Page {
    /// Where the next one begins, in a list that is read by cursor.
    cursor: Option<String>,
    /// Of all items.
    ids: Vec<String>,
    kept: Vec<Live>,
    total: Option<usize>,
}

/// What was read so far.
#[derive(Default)]
struct Read {
    items: Vec<Live>,
    seen: HashSet<String>,
    /// How many items the first page showed, and the last one.
    first: usize,
    last: usize,
    total: Option<usize>,
    /// A second reading has begun, since the first one was too small.
    again: bool,
}

impl Pages {
    pub fn new(kind: &'static Kind, tag: Option<String>, wire: Arc<dyn Wire>, web: String) -> Self {
        let size = kind.api.list.page_size;
        Self { kind, tag, wire, web, keep: None, size, asked: 0, cursor: None, tasks: JoinSet::new() }
    }

    /// Keeps some objects only.
    pub fn keeping(self, keep: Keep) -> Self {
        Self { keep: Some(keep), ..self }
    }

    /// The request of the first page.
    pub fn first_request(&self) -> Request {
        page_request(self.kind, self.tag.as_deref(), (0, self.size), None)
    }

    /// Takes the first answer of another list, where it is that of the same request.
    pub fn sharing(self, first: &First) -> Self {
        Self { wire: first.on(Arc::clone(&self.wire)), ..self }
    }

    /// Asks for the pages that this many items fill, and for the one behind them.
    pub fn ask_for(&mut self, items: usize) {
        if matches!(self.kind.api.list.paging, Paging::Whole | Paging::Cursor { .. }) {
            return self.ask(1);
        }
        self.ask((items / self.size + 1).min(PAGES_AT_ONCE));
    }

    /// Asks for all pages up to this one, without those that were asked for already.
    fn ask(&mut self, until: usize) {
        while self.asked < until {
            let (kind, page, web, keep) = (self.kind, self.asked, self.web.clone(), self.keep.clone());
            let total = kind.api.list.total.filter(|_| self.tag.is_none());
            let wire = Arc::clone(&self.wire);
            let request = page_request(kind, self.tag.as_deref(), (page, self.size), self.cursor.as_deref());
            self.tasks.spawn(async move {
                let read = |answer: serde_json::Value| {
                    let cursor = match kind.api.list.paging {
                        Paging::Cursor { next, .. } => answer.pointer(next).and_then(|next| next.as_str()),
                        _ => None,
                    };
                    let cursor = cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned);
                    let total = total.and_then(|at| answer.pointer(at)?.as_u64());
                    let items = answer::items(kind, &request, answer)?;
                    let ids = items.iter().map(|(id, _)| id.clone()).collect();
                    let lives = items.into_iter().map(|(id, body)| live_of(kind, &web, id, body));
                    let kept = lives.filter(|live| keep.as_ref().is_none_or(|keep| keep(live))).collect();
                    Ok(Page { cursor, ids, kept, total: total.and_then(|total| usize::try_from(total).ok()) })
                };
                (page, call(wire.as_ref(), &request).await.and_then(read))
            });
            self.asked += 1;
        }
    }

    /// Every item of the list, each id once: an object that is made meanwhile shifts others to the next page.
    /// At least one page must have been asked for.
    pub async fn all(self, until: &Until<'_>) -> Result<Vec<Live>, Refusal> {
        Ok(self.counted(until).await?.0)
    }

    /// The same, and how many there are with those that are not kept.
    pub async fn counted(mut self, until: &Until<'_>) -> Result<(Vec<Live>, usize), Refusal> {
        let mut read = Read::default();
        loop {
            let before = read.seen.len();
            self.absorb(&mut read).await?;
            let Some(next) = self.next(&mut read, before, until) else {
                return Ok((read.items, read.seen.len()));
            };
            if self.asked >= MOST_PAGES {
                let request = page_request(self.kind, self.tag.as_deref(), (self.asked, self.size), None);
                return Err(Refusal::odd(&request, "the list has no end"));
            }
            self.ask(next);
        }
    }

    /// Takes in the pages that are on their way.
    async fn absorb(&mut self, read: &mut Read) -> Result<(), Refusal> {
        let mut pages = Vec::new();
        while let Some(page) = self.tasks.join_next().await {
            pages.push(page.expect("bug: reading a page panicked"));
        }
        pages.sort_unstable_by_key(|(page, _)| *page);
        for (at, page) in pages {
            let Page { cursor, ids, kept, total } = page?;
            self.cursor = cursor;
            read.last = ids.len();
            if at == 0 {
                read.first = ids.len();
            }
            read.total = total.or(read.total);
            let new: HashSet<String> = ids.into_iter().filter(|id| read.seen.insert(id.clone())).collect();
            read.items.extend(kept.into_iter().filter(|live| new.contains(&live.id)));
        }
        Ok(())
    }

    /// Up to which page is to be asked for next; `None` at the end. `before`: how many were known before the last
    /// pages came.
    fn next(&mut self, read: &mut Read, before: usize, until: &Until<'_>) -> Option<usize> {
        if let Until::Found { count, most } = until
            && (read.items.len() >= *count || self.asked >= *most)
        {
            return None;
        }
        // Page behind page, also behind one of which nothing is of the kind.
        if matches!(self.kind.api.list.paging, Paging::Cursor { .. }) {
            return self.cursor.is_some().then_some(self.asked + 1);
        }
        let is_enough = |read: &Read| match until {
            Until::Short { declared, ours, .. } => {
                read.items.iter().filter(|live| ours(live)).count() >= *declared
            }
            Until::NothingNew | Until::Found { .. } => {
                read.total.is_some_and(|total| read.seen.len() >= total)
            }
        };
        // Not every list has pages: one with nothing new is the end in any case.
        if read.seen.len() == before {
            let is_known_of = match until {
                Until::Short { last, .. } => read.seen.is_empty() && *last > 0,
                Until::NothingNew => read.total.is_some_and(|total| read.seen.len() < total),
                Until::Found { .. } => false,
            };
            if read.again || !is_known_of {
                return None;
            }
            read.again = true;
            self.asked = 0;
            self.size = self.kind.api.list.page_size;
            return Some(read.seen.len() / self.size + 1);
        }
        if self.kind.api.list.paging == Paging::Whole {
            return None;
        }
        if read.last >= self.size {
            let all = read.total.map_or(0, |total| total.div_ceil(self.size)).min(self.asked + PAGES_AT_ONCE);
            let next = all.max(self.asked + self.asked.min(PAGES_AT_ONCE));
            return Some(if let Until::Found { most, .. } = until { next.min(*most) } else { next });
        }
        if is_enough(read) || read.last == 0 && read.first >= self.size {
            return None;
        }
        // The service gives less than it is asked for, or hides some of it: in steps of its size nothing is
        // passed over.
        if read.first > 0 && read.first < self.size && self.size == self.kind.api.list.page_size {
            self.size = read.first;
            self.asked = 1;
        } else if read.last == 0 {
            return None;
        }
        Some(self.asked + 1)
    }
}

fn page_request(kind: &Kind, tag: Option<&str>, (page, size): (usize, usize), from: Option<&str>) -> Request {
    let listing = &kind.api.list;
    let mut query: Vec<(String, String)> =
        listing.query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let position = match listing.paging {
        Paging::Whole | Paging::ByKey => None,
        Paging::Cursor { cursor, size: limit, .. } => {
            query.push((limit.to_owned(), size.to_string()));
            query.extend(from.map(|from| (cursor.to_owned(), from.to_owned())));
            None
        }
        Paging::Number { page: name, size } => Some((name, page, size)),
        Paging::Offset { offset, limit } => Some((offset, page * size, limit)),
    };
    if let Some((position, at, limit)) = position {
        query.push((position.to_owned(), at.to_string()));
        query.push((limit.to_owned(), size.to_string()));
    }
    if let (Some(name), Some(tag)) = (listing.tag_filter, tag) {
        query.push((name.to_owned(), tag.to_owned()));
    }
    Request { method: Method::Get, path: listing.path.unwrap_or(kind.api.path).to_owned(), query, body: None }
}
