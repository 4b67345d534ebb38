//! A state of Terraform or OpenTofu, as its file or as `terraform show -json` -> the Datadog objects in it.
//!
//! A state is full of secrets of others: nothing is read of a resource but its address and its id.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::address::{segment, steps};
use super::{Found, LONGEST, Left, Owned, id_of};
use crate::kind;

/// The one version of state files that is written since 2019 (Terraform 0.12).
const VERSION: u64 = 4;
/// So deep may modules stand in modules.
const DEEPEST: usize = 60;

#[derive(Deserialize)]
struct State {
    version: Option<Value>,
    #[serde(default)]
    resources: Vec<Resource>,
    format_version: Option<Value>,
    values: Option<Values>,
    planned_values: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    module: String,
    mode: String,
    #[serde(rename = "type")]
    class: String,
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<Value>,
    deposed: Option<String>,
    attributes: Option<Attributes>,
    attributes_flat: Option<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    id: Option<Value>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    address: String,
    #[serde(default)]
    resources: Vec<Shown>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Shown {
    mode: String,
    #[serde(rename = "type")]
    class: String,
    name: String,
    index: Option<Value>,
    deposed_key: Option<String>,
    values: Option<Attributes>,
}

/// One instance of a resource, from either of the two forms.
struct One<'a> {
    module: &'a str,
    class: &'a str,
    name: &'a str,
    index: Option<&'a Value>,
    is_deposed: bool,
    id: Option<&'a Value>,
}

/// Reads a state. The error is a full sentence, without anything of the state's values.
pub fn read(text: &str) -> Result<Found, String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let state: State = serde_json::from_str(text).map_err(|error| {
        // Its own words may quote a value.
        format!(
            "it is not a state of Terraform that can be read: line {}, column {}",
            error.line(),
            error.column()
        )
    })?;
    let mut gathered = Gathered::default();
    if let Some(root) = state.values.as_ref().and_then(|values| values.root_module.as_ref()) {
        gathered.module(root, DEEPEST);
    } else if state.planned_values.is_some() {
        return Err("it is a plan: take the state, `terraform show -json` without a file".to_owned());
    } else if state.format_version.is_some() {
        // What `show -json` says of a state with nothing in it.
    } else if state.version.as_ref().and_then(Value::as_u64) == Some(VERSION) {
        state.resources.iter().for_each(|resource| gathered.resource(resource));
    } else {
        let version = state.version.and_then(|version| version.as_u64());
        return Err(version.map_or_else(
            || "it is neither a state file of Terraform nor the output of `terraform show -json`".to_owned(),
            |version| {
                format!(
                    "it is a state of version {version}, and version {VERSION} is read: any `terraform apply` of a \
                     later Terraform writes it"
                )
            },
        ));
    }
    Ok(gathered.found)
}

#[derive(Default)]
struct Gathered {
    found: Found,
    /// By section and id: the address that has it.
    seen: BTreeMap<(&'static str, String), String>,
}

impl Gathered {
    fn module(&mut self, module: &Module, depth: usize) {
        for shown in &module.resources {
            if shown.mode != "managed" {
                self.found.others += 1;
                continue;
            }
            self.one(&One {
                module: &module.address,
                class: &shown.class,
                name: &shown.name,
                index: shown.index.as_ref(),
                is_deposed: shown.deposed_key.is_some(),
                id: shown.values.as_ref().and_then(|values| values.id.as_ref()),
            });
        }
        if let Some(depth) = depth.checked_sub(1) {
            module.child_modules.iter().for_each(|child| self.module(child, depth));
        }
    }

    fn resource(&mut self, resource: &Resource) {
        if resource.mode != "managed" {
            self.found.others += resource.instances.len();
            return;
        }
        for instance in &resource.instances {
            let attributes = instance.attributes.as_ref().or(instance.attributes_flat.as_ref());
            self.one(&One {
                module: &resource.module,
                class: &resource.class,
                name: &resource.name,
                index: instance.index_key.as_ref().filter(|key| !key.is_null()),
                is_deposed: instance.deposed.as_ref().is_some_and(|key| !key.is_empty()),
                id: attributes.and_then(|attributes| attributes.id.as_ref()),
            });
        }
    }

    fn one(&mut self, one: &One<'_>) {
        if !one.class.starts_with("datadog_") {
            self.found.others += 1;
            return;
        }
        let from = one.address();
        match self.judged(one, &from) {
            Ok(owned) => {
                self.seen.insert((owned.kind.section, owned.datadog_id.clone()), from);
                self.found.owned.push(owned);
            }
            Err(why) => self.found.left.push(Left { from, why }),
        }
    }

    fn judged(&self, one: &One<'_>, from: &str) -> Result<Owned, String> {
        let kind = kind::of_terraform(one.class).ok_or_else(|| unknown(one.class))?;
        if one.is_deposed {
            return Err("is deposed: Terraform was about to destroy it".to_owned());
        }
        let datadog_id = match one.id {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err("has no id in the state".to_owned()),
        };
        id_of(kind, &datadog_id)?;
        if let Some(other) = self.seen.get(&(kind.section, datadog_id.clone())) {
            return Err(format!("is the same object as {other}"));
        }
        let steps = steps(one.module).ok_or("stands in a module whose address can't be read")?;
        let key = one.index.map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned));
        let folders: Vec<String> = steps.iter().map(|step| segment(step, "module")).collect();
        let mut parts = folders.clone();
        parts.push(segment(one.name, kind.name));
        parts.extend(key.as_ref().map(|key| segment(key, "key")));
        let id = parts.join("/");
        if id.len() > LONGEST {
            return Err(format!(
                "has an address too long for an id: `musher import {} {datadog_id} --id …`",
                kind.name
            ));
        }
        let series = key.is_some().then(|| from.rsplit_once('[').map_or(from, |(name, _)| name).to_owned());
        Ok(Owned { kind, datadog_id, id, from: from.to_owned(), folder: folders.join("/"), series })
    }
}

impl One<'_> {
    fn address(&self) -> String {
        let dot = if self.module.is_empty() { "" } else { "." };
        let key = self.index.map(|key| format!("[{key}]")).unwrap_or_default();
        format!("{}{dot}{}.{}{key}", self.module, self.class, self.name)
    }
}

/// Types of an older API, whose ids say nothing to the one that musher writes.
const OLDER: [(&str, &str); 1] =
    [("datadog_downtime", "has an id of an API that is gone: make it anew, or wait for its end")];

/// Why a resource of Datadog's provider is not taken.
fn unknown(class: &str) -> String {
    if class.ends_with("_order") {
        return "is an order: `musher import order SECTION` takes it as it stands".to_owned();
    }
    let older = OLDER.iter().find(|(own, _)| *own == class);
    older.map_or("is of a type that musher does not manage", |(_, why)| why).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(found: &Found) -> Vec<String> {
        let owned = found.owned.iter();
        let owned = owned
            .map(|one| format!("{}/{} = {} in `{}`", one.kind.section, one.id, one.datadog_id, one.folder));
        owned.chain(found.left.iter().map(|left| format!("{} {}", left.from, left.why))).collect()
    }

    fn state(resources: &Value) -> String {
        json!({"version": 4, "terraform_version": "1.9.8", "serial": 12, "lineage": "x", "outputs": {}, "resources": resources})
            .to_string()
    }

    #[test]
    fn a_state_file() {
        let text = state(&json!([
            {"module": "module.app[\"eu\"].module.inner", "mode": "managed", "type": "datadog_monitor", "name": "counted",
             "instances": [{"index_key": 0, "attributes": {"id": "12", "query": "x"}}, {"index_key": 1, "attributes": {"id": "13"}},
                           {"index_key": 1, "deposed": "a1b2", "attributes": {"id": "14"}}]},
            {"mode": "managed", "type": "datadog_dashboard_json", "name": "Main_Board", "instances": [{"attributes": {"id": "abc-def-ghi"}}]},
            {"mode": "managed", "type": "datadog_dashboard", "name": "by", "instances":
             [{"index_key": "Eu West/1", "attributes": {"id": "abc-def-ghj"}}, {"index_key": "x", "attributes": {"id": "abc-def-ghi"}}]},
            {"mode": "data", "type": "datadog_role", "name": "r", "instances": [{"attributes": {"id": "x"}}]},
            {"mode": "managed", "type": "aws_iam_role", "name": "r", "instances": [{"attributes": {"id": "x"}}, {"attributes": {"id": "y"}}]},
            {"mode": "managed", "type": "datadog_user", "name": "t", "instances": [{"attributes": {"id": "a-b-c"}}]},
            {"mode": "managed", "type": "datadog_downtime", "name": "d", "instances": [{"attributes": {"id": "7"}}]},
            {"mode": "managed", "type": "datadog_logs_index_order", "name": "o", "instances": [{"attributes": {"id": "o"}}]},
            {"mode": "managed", "type": "datadog_logs_pipeline_order", "name": "p", "instances": [{"attributes": {"id": "o"}}]},
            {"mode": "managed", "type": "datadog_monitor", "name": "bad", "instances":
             [{"attributes": {"id": "../../v1/org"}}, {"attributes": {"id": {"deep": []}}}, {"attributes": null}, {}]},
        ]));
        let found = read(&text).expect("a state");
        assert_eq!(
            shown(&found),
            [
                "monitors/app/eu/inner/counted/0 = 12 in `app/eu/inner`",
                "monitors/app/eu/inner/counted/1 = 13 in `app/eu/inner`",
                "dashboards/main_board = abc-def-ghi in ``",
                "dashboards/by/eu-west-1 = abc-def-ghj in ``",
                "module.app[\"eu\"].module.inner.datadog_monitor.counted[1] is deposed: Terraform was about to destroy it",
                "datadog_dashboard.by[\"x\"] is the same object as datadog_dashboard_json.Main_Board",
                "datadog_user.t is of a type that musher does not manage",
                "datadog_downtime.d has an id of an API that is gone: make it anew, or wait for its end",
                "datadog_logs_index_order.o is an order: `musher import order SECTION` takes it as it stands",
                "datadog_logs_pipeline_order.p is an order: `musher import order SECTION` takes it as it stands",
                "datadog_monitor.bad has the id `../../v1/org`, and a monitor has a number",
                "datadog_monitor.bad has no id in the state",
                "datadog_monitor.bad has no id in the state",
                "datadog_monitor.bad has no id in the state",
            ]
        );
        assert_eq!(found.others, 3);
        assert_eq!(
            found.owned[0].series.as_deref(),
            Some("module.app[\"eu\"].module.inner.datadog_monitor.counted")
        );
    }

    #[test]
    fn what_show_says() {
        let text = json!({"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {
            "resources": [{"address": "datadog_monitor.a", "mode": "managed", "type": "datadog_monitor", "name": "a", "values": {"id": "1"}}],
            "child_modules": [{"address": "module.m[0]", "resources": [
                {"address": "x", "mode": "managed", "type": "datadog_service_level_objective", "name": "s", "index": "k", "values": {"id": "0a1b"}},
                {"address": "x", "mode": "data", "type": "datadog_monitor", "name": "d", "values": {"id": "5"}}],
              "child_modules": [{"address": "module.m[0].module.n", "resources": [
                {"address": "x", "mode": "managed", "type": "datadog_logs_index", "name": "i", "values": {"id": "main/index"}}]}]}]}}});
        let found = read(&text.to_string()).expect("a state");
        assert_eq!(
            shown(&found),
            [
                "monitors/a = 1 in ``",
                "slos/m/0/s/k = 0a1b in `m/0`",
                "module.m[0].module.n.datadog_logs_index.i has the id `main/index`, which is not one of a logs_index",
            ]
        );
        assert_eq!(read(r#"{"format_version": "1.0"}"#).expect("an empty state").owned.len(), 0);
    }

    #[test]
    fn what_is_not_a_state_is_refused_without_its_values() {
        for (text, expected) in [
            ("", "not a state of Terraform that can be read: line 1"),
            ("[]", "not a state of Terraform that can be read"),
            ("{}", "neither a state file"),
            (r#"{"version": 3, "modules": []}"#, "a state of version 3"),
            (r#"{"version": 4, "resources": "s3cret"}"#, "that can be read: line 1"),
            (r#"{"format_version": "1.2", "planned_values": {"root_module": {}}}"#, "it is a plan"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(expected) && !error.contains("s3cret"), "{text}: {error}");
        }
        let deep = format!(r#"{{"version": 4, "resources": [], "x": {}"#, "[".repeat(1_000_000));
        assert!(read(&deep).is_err());
        let nested = r#"{"address": "module.a", "child_modules": ["#.repeat(200);
        assert!(read(&format!(r#"{{"values": {{"root_module": {nested}"#)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*", name in any::<String>(), key in any::<String>(), module in any::<String>(), id in any::<String>()) {
            let _ = read(&text);
            let text = state(&json!([{"module": module, "mode": "managed", "type": "datadog_logs_index", "name": name,
                "instances": [{"index_key": key, "attributes": {"id": id}}]}]));
            let found = read(&text).expect("a state");
            prop_assert_eq!(found.owned.len() + found.left.len(), 1);
            for one in found.owned {
                prop_assert!(crate::model::is_id(&one.id), "{}", one.id);
            }
        }
    }
}
