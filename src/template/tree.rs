//! What strings are compiled to, and what renders: texts, expressions, places in data.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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

/// A reference that is not to a sibling: whether it exists is known when everything is expanded.
#[derive(Debug)]
pub struct Global {
    pub target: Address,
    /// Bytes of the string in which it stands.
    pub range: Range<usize>,
    /// The short id of a sibling that may be meant.
    pub sibling: Option<String>,
    /// Some render came to it. (What stands in a branch not taken may be switched off.)
    pub used: AtomicBool,
}
