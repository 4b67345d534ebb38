//! The small estate: what stands before, what is declared then, and the end of an apply that nobody disturbs.

use std::sync::OnceLock;

use serde_json::json;

use crate::world::{State, World, difference};

pub const BEFORE: &str = include_str!("before.yaml");
pub const AFTER: &str = include_str!("after.yaml");

/// What every disturbed apply starts from and has to come to.
pub struct Estate {
    /// The sandbox's state at the start.
    pub journal: Vec<u8>,
    pub after: String,
    pub end: State,
    /// Requests that the undisturbed apply needs.
    pub requests: u64,
    /// Those of them before its first write.
    pub listing: u64,
}

/// Made once for all tests.
pub fn estate() -> &'static Estate {
    static ESTATE: OnceLock<Estate> = OnceLock::new();
    ESTATE.get_or_init(make)
}

fn make() -> Estate {
    let world = World::start(&[], BEFORE);
    let unmanaged = json!({"name": "Made by hand", "type": "metric alert", "message": "",
        "query": "avg(last_5m):avg:system.load.5{*} > 5", "tags": ["by:hand"]});
    let (status, made) = world.send("POST", "/api/v1/monitor", &unmanaged.to_string());
    assert_eq!(status, 200, "{made}");
    let other = json!({"name": "Somebody else's", "type": "metric alert", "message": "",
        "query": "avg(last_5m):avg:system.load.15{*} > 5", "tags": ["musher:other", "musher_id:stays"]});
    assert_eq!(world.send("POST", "/api/v1/monitor", &other.to_string()).0, 200);
    let applied = world.run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.text);

    let journal = world.journal();
    let after = AFTER.replace("ADOPTED", &made["id"].to_string());
    drop(world);
    let world = World::start(&journal, &after);
    let planned = world.run(&["plan", "--no-cache"]);
    assert_eq!(planned.code, Some(0), "{}", planned.text);
    let listing = world.take_requests()["total"].as_u64().unwrap();
    let applied = world.run(&["apply", "--yes"]);
    assert_eq!(applied.code, Some(0), "{}", applied.text);
    let requests = world.take_requests()["total"].as_u64().unwrap();
    let again = world.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "{}", again.text);
    Estate { journal, after, end: world.state(), requests, listing }
}

impl Estate {
    /// A world before the apply.
    pub fn world(&self) -> World {
        World::start(&self.journal, &self.after)
    }

    /// Whether a world came to the end that it should, and plans nothing more.
    pub fn check(&self, world: &World) -> Result<(), String> {
        let differs = difference(&self.end, &world.state());
        if !differs.is_empty() {
            return Err(differs);
        }
        let plan = world.run(&["plan", "--detailed-exitcode"]);
        if plan.code == Some(0) { Ok(()) } else { Err(format!("the plan isn't empty: {}", plan.text)) }
    }
}
