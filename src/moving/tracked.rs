//! Live objects that bear the traces of another tool: the line of kennel, the tags of the Serverless Framework's plugin.

use serde_json::Value;

use super::address::segment;

/// What a trace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// As the tool names the object.
    pub name: String,
    pub id: String,
    /// What is written into one file.
    pub folder: String,
}

/// kennel writes its line at the end of a message or description.
const KENNEL: &str = "-- Managed by kennel ";
const PLUGIN: &str = "created_by:dd_sls_plugin";

/// `-- Managed by kennel project:id in file, do not modify manually`.
pub fn kennel(body: &Value) -> Option<Trace> {
    let texts = ["/message", "/description"].into_iter().filter_map(|at| body.pointer(at)?.as_str());
    let named = texts
        .filter_map(|text| Some(text.split_once(KENNEL)?.1.split_whitespace().next()?.to_owned()))
        .next()?;
    let (project, own) =
        named.split_once(':').filter(|(project, own)| !project.is_empty() && !own.is_empty())?;
    let folder = segment(project, "kennel");
    let id = format!("{folder}/{}", segment(own, "part"));
    Some(Trace { id, folder, name: named })
}

/// The tags that the plugin gives its monitors: who made it, of which service and stage, and under which name.
pub fn serverless(body: &Value) -> Option<Trace> {
    let tags: Vec<&str> = body.get("tags")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let value = |key: &str| tags.iter().find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'));
    let own = value("serverless_monitor_id").or_else(|| value("serverless_id"))?;
    if !tags.contains(&PLUGIN) {
        return None;
    }
    let service = value("service").unwrap_or("serverless");
    let steps = [Some(service), value("env")];
    let folder: Vec<String> = steps.into_iter().flatten().map(|step| segment(step, "serverless")).collect();
    let folder = folder.join("/");
    Some(Trace { id: format!("{folder}/{}", segment(own, "part")), folder, name: format!("{service} {own}") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_of_kennel() {
        let id = |body: &Value| kennel(body).map(|trace| trace.id);
        let line = "-- Managed by kennel shop:Check_Out in projects/shop.rb, do not modify manually";
        assert_eq!(id(&json!({"message": format!("@slack-a\n{line}")})).as_deref(), Some("shop/check_out"));
        assert_eq!(id(&json!({"message": "", "description": line})).as_deref(), Some("shop/check_out"));
        assert_eq!(
            id(&json!({"description": "x\n-- Managed by kennel ../..:🔥 in x"})).as_deref(),
            Some("kennel/part")
        );
        for other in [
            "",
            "Managed by kennel a:b",
            "-- Managed by kennel ",
            "-- Managed by kennel ab in x",
            "-- Managed by kennel :b",
        ] {
            assert_eq!(id(&json!({"message": other})), None, "{other}");
        }
        assert_eq!(id(&json!([1])), None);
    }

    #[test]
    fn the_tags_of_the_plugin() {
        let id = |tags: &Value| serverless(&json!({"tags": tags})).map(|trace| trace.id);
        let all = json!([
            "serverless_monitor_type:single_function",
            "serverless_monitor_id:high_error_rate",
            "aws_cloudformation_stack-id:arn:x",
            "created_by:dd_sls_plugin",
            "env:Dev",
            "service:checkout"
        ]);
        assert_eq!(id(&all).as_deref(), Some("checkout/dev/high_error_rate"));
        assert_eq!(
            id(&json!(["serverless_id:a", "created_by:dd_sls_plugin"])).as_deref(),
            Some("serverless/a")
        );
        assert_eq!(id(&json!(["serverless_monitor_id:a"])), None);
        assert_eq!(id(&json!(["created_by:dd_sls_plugin", 5])), None);
    }
}
