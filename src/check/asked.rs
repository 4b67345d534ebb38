//! The fields of a kind of which a rule asks something, sorted out once for all bodies.

use std::sync::LazyLock;

use crate::kind::{Field, Kind, OfEach};

/// Fields by what is asked of them, in the order of the row.
#[derive(Debug)]
pub struct Asked {
    pub required: Vec<&'static Field>,
    pub required_inside: Vec<&'static Field>,
    pub formed: Vec<&'static Field>,
    pub sized: Vec<&'static Field>,
    pub secret: Vec<&'static Field>,
}

/// What is asked of the fields of a kind.
pub fn asked(kind: &Kind) -> &'static Asked {
    static ALL: LazyLock<OfEach<Asked>> = LazyLock::new(|| OfEach::new(of));
    ALL.get(kind)
}

fn of(kind: &'static Kind) -> Asked {
    let those = |is_one: fn(&Field) -> bool| kind.fields.iter().filter(|field| is_one(field)).collect();
    Asked {
        required: those(|field| field.required || field.required_at_create),
        required_inside: those(|field| !field.required_in.is_empty()),
        formed: those(|field| field.form.is_some()),
        sized: those(|field| field.size.is_some()),
        secret: those(|field| field.secret.is_some()),
    }
}
