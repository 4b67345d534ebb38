//! Alert policies of OpenSLO -> alerts about the burn rate of an SLO.

use serde_json::{Value, json};

use super::made::tags;
use super::object::{Object, Objects, short};
use crate::diagnostic::Diagnostic;
use crate::model::{Address, Attribute, Reference, slug};

/// An alert for each policy: its id and body; else all that is wrong with them. `of` is the SLO: its section, its id, its
/// window.
pub fn alerts(
    slo: &Object<'_>,
    spec: &Object<'_>,
    objects: &Objects<'_>,
    of: (&str, &str, &str),
    title: &str,
) -> Result<Vec<(String, Value)>, Vec<Diagnostic>> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for own in spec.items("alertPolicies") {
        let policy = match own.text() {
            Some(name) => Err(own.fault(
                "An alert policy of another document is named by `alertPolicyRef`",
                format!("write `- alertPolicyRef: {}`", short(&name)),
            )),
            None if own.is("alertPolicyRef") => objects.named(&own, "alertPolicyRef", "AlertPolicy"),
            None => Ok(own),
        };
        let made = policy.and_then(|policy| alert(slo, spec, objects, &policy, of, title));
        match made {
            Ok(made) => found.push(made),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

fn alert(
    slo: &Object<'_>,
    spec: &Object<'_>,
    objects: &Objects<'_>,
    policy: &Object<'_>,
    (section, of, timeframe): (&str, &str, &str),
    title: &str,
) -> Result<(String, Value), Diagnostic> {
    let is_on =
        |key: &str| policy.find(&format!("spec/{key}")).is_some_and(|own| own.value == &Value::Bool(true));
    if !is_on("alertWhenBreaching") {
        let text = "An alert of Datadog is one of a breach";
        return Err(policy.fault_at("spec/alertWhenBreaching", text, "write `alertWhenBreaching: true`"));
    }
    if is_on("alertWhenNoData") {
        let text = "An alert about a burn rate says nothing where there is no data";
        return Err(policy.fault_at(
            "spec/alertWhenNoData",
            text,
            "write `false`, and a monitor that notices",
        ));
    }
    let inner = policy.get("spec").unwrap_or_else(|| policy.clone());
    let conditions = inner.items("conditions");
    let [condition] = &conditions[..] else {
        return Err(inner.fault_at(
            "conditions",
            "A policy has exactly one condition",
            "write a policy for each",
        ));
    };
    let condition = match condition.is("conditionRef") {
        true => objects.named(condition, "conditionRef", "AlertCondition")?,
        false => condition.clone(),
    };
    let (threshold, [long, short_window]) = burn_rate(&condition)?;
    let mut handles = Vec::new();
    for target in inner.items("notificationTargets") {
        handles.push(handle(&target, objects)?);
    }
    let mark = Reference { target: Address::new(section, of), attribute: Attribute::Id }.marker();
    let query = format!(
        "burn_rate(\"{mark}\").over(\"{timeframe}\").long_window(\"{long}\").short_window(\"{short_window}\") > {threshold}"
    );
    let says = condition.text_of("spec/description").or_else(|| policy.text_of("spec/description"));
    let handles = handles.join(" ");
    let mut message = says.unwrap_or_else(|| format!("{title} burns its error budget."));
    if !handles.is_empty() {
        message = match is_on("alertWhenResolved") {
            true => format!("{message}\n{handles}"),
            false => format!("{message}\n{{{{#is_alert}}}}{handles}{{{{/is_alert}}}}"),
        };
    }
    let mut tags = tags(slo, spec);
    tags.extend(condition.text_of("spec/severity").map(|own| format!("severity:{}", slug(&own))));
    let id = format!("{of}-{}", slug(&policy.name()).replace('.', "-"));
    let body = json!({
        "name": format!("{title}: {}", policy.title()),
        "type": "slo alert",
        "query": query,
        "message": message,
        "tags": tags,
        "options": {"thresholds": {"critical": threshold}},
    });
    Ok((id.trim_end_matches('-').to_owned(), body))
}

/// The threshold, and both windows. A condition must hold over its `lookbackWindow`, and still do so over the time of
/// `alertAfter`; without one Datadog's own twelfth.
fn burn_rate(condition: &Object<'_>) -> Result<(Value, [String; 2]), Diagnostic> {
    let own = condition.find("spec/condition").unwrap_or_else(|| condition.clone());
    let kind = own.text_of("kind").unwrap_or_else(|| "burnrate".to_owned());
    if kind != "burnrate" {
        let text = format!("There is no condition of the kind `{}`", short(&kind));
        return Err(own.fault_at("kind", text, "write `burnrate`"));
    }
    let op = own.text_of("op").unwrap_or_default();
    if op != "gt" {
        let text = format!(
            "An alert about a burn rate fires above its threshold: `{}` can't be expressed",
            short(&op)
        );
        return Err(own.fault_at("op", text, "write `op: gt`"));
    }
    let threshold = own.get("threshold").filter(|own| own.value.as_f64().is_some_and(|value| value > 0.0));
    let Some(threshold) = threshold else {
        return Err(own.fault_at(
            "threshold",
            "A burn rate needs a threshold above 0",
            "write `threshold: 14.4`",
        ));
    };
    let minutes = |key: &str| {
        let text = own.text_of(key)?;
        let (number, unit) = text
            .trim_start_matches('-')
            .split_at_checked(text.trim_start_matches('-').len().checked_sub(1)?)?;
        let number: u32 = number.parse().ok()?;
        number.checked_mul(match unit {
            "m" => 1,
            "h" => 60,
            "d" => 24 * 60,
            _ => return None,
        })
    };
    let long = minutes("lookbackWindow").filter(|long| (60..=48 * 60).contains(long) && long % 60 == 0);
    let Some(long) = long else {
        let text = "The window of a burn rate has from 1 to 48 whole hours";
        return Err(own.fault_at("lookbackWindow", text, "write `lookbackWindow: 1h`"));
    };
    let after = match own.is("alertAfter") {
        true => minutes("alertAfter").ok_or_else(|| {
            own.fault_at("alertAfter", "This is no length of time", "write `alertAfter: 5m`")
        })?,
        false => 0,
    };
    let short_window = if after == 0 { long / 12 } else { after };
    if short_window >= long {
        let text = "`alertAfter` becomes the short window, which is shorter than `lookbackWindow`";
        return Err(own.fault_at("alertAfter", text, "write a twelfth of it"));
    }
    Ok((threshold.value.clone(), [format!("{}h", long / 60), format!("{short_window}m")]))
}

/// Who is told: `@slack-checkout`.
fn handle<'d>(own: &Object<'d>, objects: &Objects<'d>) -> Result<String, Diagnostic> {
    let target = match own.is("targetRef") {
        true => objects.named(own, "targetRef", "AlertNotificationTarget")?,
        false => own.clone(),
    };
    let named = target.text_of("spec/target").unwrap_or_default();
    let is_handle = named.starts_with('@') && named.len() > 1 && !named.contains(char::is_whitespace);
    if !is_handle {
        let text = format!("`{}` is nobody whom Datadog can tell", short(&named));
        return Err(target.fault_at("spec/target", text, "write a handle: `target: \"@slack-checkout\"`"));
    }
    Ok(named)
}
