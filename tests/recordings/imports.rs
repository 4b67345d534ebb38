//! What the service showed, taken as a definition: it plans empty against the very object.

use serde_json::Value;

use super::kinds;
use super::pairs::{pairs, plan_one};
use crate::kind::Kind;
use crate::load;
use crate::write::{escape, tidy, yaml};

fn check(kind: &'static Kind) {
    let section = kind.section;
    let Some(pairs) = pairs(kind) else { return };
    let (mut wrong, mut shorter) = (Vec::new(), 0);
    for pair in &pairs {
        let live = pair.live.as_object().expect("an object");
        let exported = Value::Object(load::clean(kind, live.clone()));
        let imported = tidy::definition(kind, live.clone(), None);
        shorter += usize::from(imported != exported);
        for (what, definition) in [("exported", &exported), ("imported", &imported)] {
            let plan = plan_one(kind, definition, &pair.live);
            wrong.extend(
                plan.changes.iter().map(|change| format!("{what} {}: {:?}", pair.source, change.diff)),
            );
        }
        let mut text = exported.clone();
        let troubles = escape::escape(&mut text);
        let is_yaml = escape::foreign_key(&text).is_some() || yaml::file(section, "x", &text).is_some();
        if !troubles.is_empty() || !is_yaml {
            wrong.push(format!("{}: {troubles:?} {is_yaml}", pair.source));
        }
    }
    println!("{section}: {} objects exported and imported, {shorter} of them shorter", pairs.len());
    assert!(pairs.len() >= if kind.always { 50 } else { 4 }, "the recordings hold more");
    assert!(wrong.is_empty(), "{} false changes\n{}", wrong.len(), wrong.join("\n"));
    // Not every object has something that goes without saying.
    assert!(!kind.always || shorter * 3 > pairs.len(), "{shorter} of {}", pairs.len());
}

#[test]
fn what_was_recorded_comes_back() {
    for kind in kinds() {
        check(kind);
    }
}
