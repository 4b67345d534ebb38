//! Marks: written by others, copied, damaged, lost; and who is whose after it.

use serde_json::json;

use crate::liar::{Liar, dashboard, definitions, monitor, slo};

#[test]
fn an_honest_service_ends_with_one_of_each() {
    let liar = Liar::start();
    let project = liar.project();
    let all = json!({
        "monitors": {"a": monitor("a", json!({}))},
        "slos": {"s": slo("s", json!({}))},
        "dashboards": {"d": dashboard("d", json!({}))},
    });
    let created = ["create dashboards/d", "create monitors/a", "create slos/s"];
    project.applies(&definitions(all), &created);
    assert_eq!(liar.take_writes().len(), 3);
    project.applies(
        &definitions(json!({"monitors": {"a": monitor("new", json!({}))}})),
        &["delete dashboards/d", "update monitors/a", "delete slos/s"],
    );
    assert_eq!(liar.take_writes().len(), 3);
    assert_eq!(liar.all("monitors")[0]["tags"], json!(["musher:bar.prod", "musher_id:a"]));
    assert_eq!(liar.get("monitors", &liar.ids("monitors")[0])["name"], "new");
    assert!(liar.all("slos").is_empty() && liar.all("dashboards").is_empty());
}
