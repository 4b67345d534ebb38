//! How far the matching has come.

use std::collections::{BTreeMap, HashMap};

use super::keyed::Keyed;
use super::pair::Wanted;
use crate::diagnostic::Diagnostic;
use crate::mark::Damage;
use crate::model::{Address, Known, Live, Resource};

/// Live objects by what their mark says, the oldest first.
pub type Marked<'a> = BTreeMap<Address, Vec<&'a Live>>;

pub struct Matching<'w, 'a> {
    pub wanted: &'w Wanted<'a>,
    pub declared: HashMap<&'a Address, &'a Resource>,
    pub marked: Marked<'a>,
    pub former: Marked<'a>,
    pub damaged: Vec<(&'a Live, Damage)>,
    pub keyed: Keyed<'a>,
    /// What `$id` names, by section and id.
    pub adoptable: HashMap<(&'a str, &'a str), &'a Live>,
    pub absent: Vec<(&'a Live, &'a Resource)>,
    /// Live ids of what is beyond doubt.
    pub sure: BTreeMap<Address, Known>,
    pub leftover: Vec<&'a Live>,
    pub diagnostics: Vec<Diagnostic>,
}
