//! Rate limits: hardly ever met, and each change costs one request.

use std::fmt::Write;

use serde_json::json;

use crate::world::World;

const CREATES: u64 = 400;

#[test]
fn a_narrow_limit_is_kept_without_running_into_it() {
    let mut definitions = "monitors:\n".to_owned();
    for number in 0..CREATES {
        writeln!(
            definitions,
            "  m{number}: {{name: M{number}, type: metric alert, query: \"avg(last_5m):avg:x{{n:{number}}} > 1\"}}"
        )
        .unwrap();
    }
    let world = World::start(&[], &definitions);
    world.control(json!({"limits": "writes=50/1"}));
    let run = world.run(&["apply", "--yes", "--quiet"]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let requests = world.take_requests();
    let number = |pointer: &str| requests.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap();
    let (sent, limited) = (number("/routes/POST ~1api~1v1~1monitor"), number("/limited"));
    println!("{CREATES} creates at 50 a second: {sent} requests, {limited} of them a 429");
    assert_eq!(sent, CREATES + limited);
    // A window that turns a little earlier or later than announced costs one each time, no more.
    assert!(limited <= CREATES / 50, "{limited} times a 429");
}
