//! The account: the check of its keys, and its name.

use serde_json::json;

use crate::sandbox::call::{Answer, Call};
use crate::sandbox::resource::{Resource, Route};
use crate::sandbox::world::World;

/// No object, but two answers.
pub const ACCOUNT: Resource = Resource {
    name: "account",
    more: &[
        Route::code("GET", "/api/v1/validate", |_: &mut World, _: &Call, _: &str| {
            Ok(Answer::json(&json!({ "valid": true })))
        }),
        Route::code("GET", "/api/v1/org", org),
    ],
    ..Resource::V1
};

fn org(_: &mut World, _: &Call, _: &str) -> Result<Answer, Answer> {
    Ok(Answer::json(&json!({ "orgs": [{
        "public_id": "sandbox",
        "name": "Sandbox",
        "description": "",
        "created": "2020-01-01 00:00:00",
        "subscription": { "type": "trial" },
        "billing": { "type": "" },
        "settings": {},
    }] })))
}
