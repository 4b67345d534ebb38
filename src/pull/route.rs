//! Edits of a body -> edits of the files that its parts stand in.

use serde_json::Value;

use crate::diagnostic::FileId;
use crate::edit::step::Edit;

/// A file that holds a part of a body, the one that wins first.
pub struct Layer {
    pub file: FileId,
    /// Where the body stands in the file.
    pub base: String,
    /// The part that stands there.
    pub value: Value,
}

/// Each edit with its file; none where one has no place. The layers are left as they are afterwards.
pub fn route(edits: Vec<Edit>, layers: &mut [Layer]) -> Option<Vec<(FileId, Edit)>> {
    let mut routed = Vec::new();
    for edit in edits {
        let at = edit.pointer().to_owned();
        let holding: Vec<usize> =
            (0..layers.len()).filter(|layer| layers[*layer].value.pointer(&at).is_some()).collect();
        let places: Vec<usize> = match &edit {
            // What one layer says no more must not come from the next one.
            Edit::Remove { .. } => holding,
            // The body stands in its file; what is beside the file's name is laid over it.
            Edit::Add { .. } => {
                let last = holding
                    .iter()
                    .rev()
                    .find(|layer| layers[**layer].value.pointer(&at).is_some_and(Value::is_object));
                last.copied().into_iter().collect()
            }
            Edit::Replace { .. } | Edit::Insert { .. } | Edit::Move { .. } => {
                holding.into_iter().take(1).collect()
            }
        };
        if places.is_empty() {
            return None;
        }
        for place in places {
            let layer = &mut layers[place];
            edit.carry_out(&mut layer.value)?;
            routed.push((layer.file, edit.clone().below(&layer.base)));
        }
    }
    Some(routed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_edit_goes_where_the_part_stands() {
        let layer = |file, base: &str, value| Layer { file: FileId(file), base: base.to_owned(), value };
        let mut layers = [
            layer(1, "/dashboards/x", json!({"$file": "x.json", "title": "a"})),
            layer(2, "/data", json!({"title": "b", "widgets": [1], "tags": []})),
        ];
        let edits = vec![
            Edit::Replace { at: "/title".into(), value: json!("c") },
            Edit::Insert { at: "/widgets".into(), index: 1, value: json!(2) },
            Edit::Add { at: String::new(), key: "description".into(), value: json!("d") },
            Edit::Remove { at: "/title".into() },
        ];
        let routed = route(edits, &mut layers).expect("places");
        let places: Vec<(u32, &str)> = routed.iter().map(|(file, edit)| (file.0, edit.pointer())).collect();
        assert_eq!(
            places,
            [
                (1, "/dashboards/x/title"),
                (2, "/data/widgets"),
                (2, "/data"),
                (1, "/dashboards/x/title"),
                (2, "/data/title")
            ]
        );
        assert!(route(vec![Edit::Remove { at: "/none".into() }], &mut layers).is_none());
    }
}
