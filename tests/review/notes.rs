//! `comment` on GitLab.

use serde_json::json;

use super::stand_in::{Fault, How, StandIn};
use super::{Project, TOKEN};

const POST: &str = "POST /projects/5/merge_requests/7/notes";
const MARKER: &str = "<!-- musher:plan shop.sandbox -->";

#[test]
fn one_note_is_made_kept_and_changed() {
    let service = StandIn::start();
    let project = Project::bare().on_gitlab(&service);
    project.declare(&[("a", 1)]);
    project.plan();
    project.run(&["comment", "plan.json", "--label"]).check(0, &["a new comment on 7"]);
    project.run(&["comment", "plan.json"]).check(0, &["says the same already"]);
    assert_eq!(service.state().writes(), [POST, "PUT /projects/5/merge_requests/7"]);
    project.declare(&[("a", 1), ("b", 1)]);
    project.plan();
    project.run(&["comment", "plan.json"]).check(0, &["was updated"]);
    assert_eq!(service.state().writes()[2], "PUT /projects/5/merge_requests/7/notes/1001");
    project.run(&["comment", "plan.json", "--behavior", "hide-and-new"]).check(1, &["GitLab hides no notes"]);
    let seen = service.state().seen.clone();
    assert!(seen.iter().all(|seen| seen.headers.to_lowercase().contains("private-token: ")), "{seen:?}");
    assert!(!seen.iter().any(|seen| seen.body.to_string().contains(TOKEN)));
}

#[test]
fn notes_of_others_are_left_alone_and_lost_answers_looked_for() {
    let service = StandIn::start();
    let project = Project::bare().on_gitlab(&service);
    project.declare(&[("a", 1)]);
    project.plan();
    let note = |id: u64, author: u64, system: bool| json!({"id": id, "author": {"id": author, "username": "ann"}, "system": system, "body": format!("{MARKER}\nold")});
    service.state().comments = vec![note(1, 3, false), note(2, 77, true)];
    service.state().faults.push(Fault { of: POST, how: How::DoneAnd502, times: 1 });
    project.run(&["comment", "plan.json"]).check(0, &["a new comment"]);
    assert_eq!(service.state().writes(), [POST]);
    assert_eq!(service.state().comments.len(), 3);
    // The note of whom the token belongs to is ours, bot or not.
    service.state().comments = vec![note(1, 3, false), note(2, 77, false)];
    project.run(&["comment", "plan.json"]).check(0, &["was updated"]);
    service.calm();
    service.state().faults.push(Fault { of: "PUT", how: How::Status(403, &[]), times: 9 });
    project.declare(&[("a", 2)]);
    project.plan();
    let ran = project.run(&["comment", "plan.json"]);
    ran.check(0, &["project or group access token"]);
    assert!(!ran.err.contains(TOKEN));
}
