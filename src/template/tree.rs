//! What strings are compiled to, and what renders: texts, expressions, places in data.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::Fault;
use super::helper::Helper;
use crate::model::{Address, Attribute};

/// A string, compiled.
#[derive(Clone, Debug)]
pub enum Text {
    /// The same at every render; the type may be any.
    Constant(Value),
    /// One expression and nothing else: its value's type is kept.
    Typed(Expr, Range<usize>),
    /// A text with expressions in it.
    Mixed(Vec<Piece>),
}

#[derive(Clone, Debug)]
pub enum Piece {
    /// Literal text, and where it begins in the string.
    Text(String, usize),
    Value(Expr, Range<usize>),
    If {
        condition: Expr,
        range: Range<usize>,
        then: Vec<Piece>,
        otherwise: Vec<Piece>,
    },
    Each {
        list: Expr,
        range: Range<usize>,
        body: Vec<Piece>,
        otherwise: Vec<Piece>,
    },
    With {
        value: Expr,
        range: Range<usize>,
        body: Vec<Piece>,
        otherwise: Vec<Piece>,
    },
}

#[derive(Clone, Debug)]
pub enum Expr {
    Constant(Value),
    Place(Box<Place>),
    /// `@index` and its like, of the loop that many levels out.
    Loop {
        up: usize,
        word: LoopWord,
    },
    Sibling {
        index: usize,
        attribute: Attribute,
        range: Range<usize>,
    },
    Global(Arc<Global>, Value),
    /// `reference 'notebooks' 'url' 'stories/' team`
    Computed(Box<Computed>),
    Call(Box<Call>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopWord {
    Index,
    Key,
    First,
    Last,
}

/// A value that a path leads to.
#[derive(Clone, Debug)]
pub struct Place {
    pub root: Root,
    pub steps: Vec<Step>,
    /// As written, for messages.
    pub raw: String,
    pub range: Range<usize>,
    /// Inside `#each`: what the path means where the item has no such member.
    pub otherwise: Option<Result<Expr, Box<Fault>>>,
}

#[derive(Clone, Debug)]
pub enum Root {
    Constant(Value),
    Slot(usize),
    /// The item of the frame at this depth, counted from the outermost.
    Frame(usize),
    /// Its key or index.
    FrameKey(usize),
}

#[derive(Clone, Debug)]
pub struct Step {
    pub name: String,
    /// The same as a position in a list.
    pub index: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub helper: &'static Helper,
    pub arguments: Vec<Expr>,
    /// Of `matches`, where the pattern is constant.
    pub regex: Option<regex::Regex>,
    pub include_zero: bool,
    pub range: Range<usize>,
}

/// A reference whose id is put together from values.
#[derive(Clone, Debug)]
pub struct Computed {
    pub global: Arc<Global>,
    pub section: String,
    pub attribute: Attribute,
    /// What the id is made of.
    pub parts: Vec<Expr>,
}

/// A reference that is not to a sibling: whether it exists is known when everything is expanded.
#[derive(Debug)]
pub struct Global {
    pub target: Target,
    /// Bytes of the string in which it stands.
    pub range: Range<usize>,
    /// The short id of a sibling that may be meant.
    pub sibling: Option<String>,
}

/// What a reference leads to, and whether some render came to it. (What stands in a branch not taken may be switched off.)
#[derive(Debug)]
pub enum Target {
    Named(Address, AtomicBool),
    Computed(Mutex<BTreeSet<Address>>),
}

impl Target {
    /// Those that a render came to, sorted.
    pub fn met(&self) -> Vec<Address> {
        match self {
            Self::Named(address, met) if met.load(Ordering::Relaxed) => vec![address.clone()],
            Self::Named(..) => Vec::new(),
            Self::Computed(met) => {
                met.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
            }
        }
    }
}
