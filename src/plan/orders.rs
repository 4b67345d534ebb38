//! An order that is declared beside the one that is live.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Compared, Pair};
use crate::diagnostic::Diagnostic;
use crate::diff::diff;
use crate::fill::{answer, fill};
use crate::kind::{REST, arranged, members};
use crate::model::{Action, Address, Body, Change, Claim, Known, Live, Reference};

/// Fills in what is to be done, and what is wrong. The change holds the order as it is declared: what comes first is
/// seen again when it is written.
pub fn compare(pair: &Pair, live: &Live, known: &BTreeMap<Address, Known>, compared: &mut Compared) {
    let resource = pair.resource;
    let declared = resource.body.value();
    let filled = members(&fill(pair.kind, &declared, &|reference| answer(known, reference)));
    let before = members(&live.body);
    let at = || resource.origin.layers.first().cloned();
    for (place, id) in filled.iter().enumerate() {
        let fault = if filled[..place].contains(id) {
            Some((format!("`{}` names `{id}` twice", resource.address), "take one out"))
        } else if id != REST && !before.contains(id) && Reference::in_text(id).is_empty() {
            let text = format!("`{}` names `{id}`, which is not there", resource.address);
            Some((text, "name what is declared by a reference, and what is not by its id"))
        } else {
            None
        };
        compared
            .faults
            .extend(fault.map(|(text, help)| Diagnostic::error("bad-order", text, at()).help(help)));
    }
    let after = arranged(&filled, &before);
    if before == after {
        return;
    }
    let mut change = Change::new(pair.kind.name, resource.address.clone(), Action::Update);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.diff = diff(&json!({ "members": before }), &json!({ "members": after }));
    change.claim = Claim::Name;
    change.body = Body::of(&declared);
    change.origin = Some(resource.origin.clone());
    change.instance.clone_from(&resource.instance);
    change.live = Some(live.body.clone());
    compared.change = Some(change);
}
