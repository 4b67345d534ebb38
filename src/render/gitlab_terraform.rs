//! A plan -> the three numbers of GitLab's merge request widget (`artifacts: reports: terraform`).

use serde_json::{Value, json};

use crate::model::{Action, Plan};

/// `{"create", "update", "delete"}`; a replaced object is one created and one deleted, as Terraform counts it.
pub fn render(plan: &Plan) -> Value {
    let [mut create, mut update, mut delete] = [0; 3];
    for change in &plan.changes {
        match change.action {
            Action::Create => create += 1,
            Action::Update | Action::Move | Action::Adopt | Action::Forget => update += 1,
            Action::Replace => {
                create += 1;
                delete += 1;
            }
            Action::Delete => delete += 1,
        }
    }
    json!({"create": create, "update": update, "delete": delete})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn every_change_is_counted() {
        for (action, expected) in [
            (Action::Create, [1, 0, 0]),
            (Action::Forget, [0, 1, 0]),
            (Action::Replace, [1, 0, 1]),
            (Action::Delete, [0, 0, 1]),
        ] {
            let plan = samples::plan(vec![samples::change(action, "monitors/a")], 3);
            let [create, update, delete] = expected;
            assert_eq!(render(&plan), json!({"create": create, "update": update, "delete": delete}));
        }
    }
}
