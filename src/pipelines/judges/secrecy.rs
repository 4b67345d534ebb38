//! Keys and secrets that stand in files, images without a version, sites.

use crate::config::{Config, SITES, Target, site_help};
use crate::pipelines::collector::type_of;
use crate::pipelines::finding::{Findings, Spot};
use crate::pipelines::image::tag;
use crate::pipelines::rules;
use crate::pipelines::subjects::Subjects;
use crate::pipelines::view::{View, is_literal};
use crate::pipelines::workload::Platform;
use crate::source::short;

pub fn judge(subjects: &Subjects<'_>, config: &Config, environment: Option<&str>, found: &mut Findings) {
    for root in &subjects.roots {
        for (view, text) in root.texts() {
            // A text that is a document is looked at as one.
            let outer = text.contains('\n') && text.len() > 200;
            if !outer && holds_key(text) && !is_digest(view.name()) {
                let help = "take it out, make a new one, and read it from a secret: `${env:DD_API_KEY}`";
                found
                    .add(
                        &rules::API_KEY,
                        Spot::value(&view),
                        "This looks like a key of Datadog, readable by whoever reads the file",
                        help,
                    )
                    .hidden();
            }
        }
    }
    secrets(subjects, found);
    images(subjects, found);
    sites(subjects, config, environment, found);
}

/// Whether a text holds 32 hexadecimal digits, not all of them alike, as a word. Such a key is reported once, wherever
/// it stands.
pub fn holds_key(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let digits = word.bytes().collect::<std::collections::BTreeSet<_>>().len();
        word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits > 4
    })
}

/// Names of what is no key though it looks like one.
fn is_digest(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts = [
        "hash", "checksum", "digest", "md5", "etag", "revision", "sha", "uid", "uuid", "trace", "span",
        "codesha",
    ];
    parts.iter().any(|part| name.contains(part)) || matches!(name.as_str(), "id" | "arn" | "image")
}

/// Whether a variable holds something secret, by its name.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = [
        "API_KEY",
        "APP_KEY",
        "APPLICATION_KEY",
        "PASSWORD",
        "PASSWD",
        "_TOKEN",
        "_SECRET",
        "SECRET_KEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

fn secrets(subjects: &Subjects<'_>, found: &mut Findings) {
    for (workload, container) in subjects.containers() {
        let help = match workload.platform {
            Platform::Kubernetes => "write `valueFrom: {secretKeyRef: {name: …, key: …}}`",
            Platform::CloudRun => {
                "write `valueFrom: {secretKeyRef: {name: …, key: latest}}`, or `valueSource` in the API's JSON"
            }
            Platform::Ecs => "move it to `secrets`, with `valueFrom: arn:aws:secretsmanager:…`",
            Platform::Compose => "write `${NAME}`, and keep it in a file that is not in the repository",
        };
        // That of a sidecar has a rule of its own.
        let of_sidecar = |name: &str| workload.platform == Platform::CloudRun && name == "DD_API_KEY";
        for own in container.variables.iter().filter(|own| is_secret(own.name) && !of_sidecar(own.name)) {
            let written = own.literal().is_some_and(|text| !text.is_empty() && !holds_key(&text))
                || (own.value.is_none()
                    && !own.is_sourced
                    && own.view.text().is_some_and(|text| is_literal(text) && !holds_key(text)));
            if written {
                let text =
                    format!("`{}` is written here, readable by whoever reads the file", short(own.name));
                found
                    .add(&rules::SECRET, Spot::value(own.value.as_ref().unwrap_or(&own.view)), text, help)
                    .hidden();
            }
        }
    }
    const HELP: &str =
        "keep it in a Secret, hand it to the container by `secretKeyRef`, and write `${env:DD_API_KEY}`";
    for map in &subjects.config_maps {
        for (name, value) in map.get("data").iter().flat_map(View::entries) {
            if is_secret(&name.replace(['-', '.'], "_"))
                && value.literal().is_some_and(|text| !text.is_empty())
            {
                let text = format!("`{}` stands in a ConfigMap, which is not kept secret", short(name));
                found.add(&rules::SECRET, Spot::value(&value), text, HELP).hidden();
            }
        }
    }
    for collector in subjects.collectors.iter().filter(|collector| collector.is_deployed()) {
        for (id, view) in
            collector.components("exporters").into_iter().filter(|(id, _)| type_of(id) == "datadog")
        {
            let Some(key) = view.at("api/key") else { continue };
            if key.literal().is_some_and(|text| !text.is_empty() && !holds_key(text)) {
                let text =
                    format!("The key of `{}` is written here, readable by whoever reads the file", short(id));
                found.add(&rules::SECRET, Spot::value(&key), text, HELP).hidden();
            }
        }
    }
}

fn images(subjects: &Subjects<'_>, found: &mut Findings) {
    let of_containers = subjects.containers().filter_map(|(_, container)| {
        let image = container.image.as_ref()?;
        Some((Spot::value(image), image.literal()?.to_owned()))
    });
    let of_bases = subjects.bases.iter().filter(|(_, image)| is_literal(image)).cloned();
    for (spot, image) in of_containers.chain(of_bases) {
        let words = match tag(&image) {
            Some("") => "has no tag, which means `latest`",
            Some("latest") => "is whatever is newest when it is pulled",
            _ => continue,
        };
        let text = format!("`{}` {words}: what runs is not what was reviewed", short(&image));
        found.add(&rules::LATEST, spot, text, "name a version, or a digest");
    }
}

/// The sites that the environments name, and that of the one at hand.
fn sites(subjects: &Subjects<'_>, config: &Config, environment: Option<&str>, found: &mut Findings) {
    for collector in &subjects.collectors {
        for (id, view) in collector.exporters("datadog") {
            let elsewhere = ["metrics/endpoint", "traces/endpoint", "logs/endpoint"]
                .iter()
                .any(|way| view.at(way).is_some());
            match view.at("api/site") {
                Some(site) => site_of(&site, site.literal(), config, environment, found),
                None if elsewhere || view.get("api").is_some_and(|api| !api.is_map()) => {}
                None => {
                    let spot = view.get("api").map_or_else(|| Spot::key(&view), |api| Spot::key(&api));
                    absent(id, spot, "set `api.site` to", config, environment, found);
                }
            }
        }
    }
    for (_, container) in subjects.containers() {
        if let Some((own, value)) =
            container.variable("DD_SITE").and_then(|own| Some((own, own.value.as_ref()?)))
        {
            site_of(value, own.literal().as_deref(), config, environment, found);
        }
    }
    for function in &subjects.functions {
        match function.variable("DD_SITE") {
            Some(value) => site_of(&value, value.literal(), config, environment, found),
            None if !function.has_extension() => {}
            None => {
                let all = function.variables.as_ref().unwrap_or(&function.view);
                absent(function.name, Spot::key(all), "set `DD_SITE` to", config, environment, found);
            }
        }
    }
}

/// What names no site, and so sends to the first of them.
fn absent(
    whose: &str,
    spot: Spot,
    remedy: &str,
    config: &Config,
    environment: Option<&str>,
    found: &mut Findings,
) {
    let Some(expected) = expected(config, environment).filter(|expected| !expected.contains(&DEFAULT)) else {
        return;
    };
    let text = format!(
        "`{}` names no site: telemetry goes to {DEFAULT}, and not to {}",
        short(whose),
        expected.join(" or ")
    );
    let help = format!("{remedy} `{}`", expected.first().unwrap_or(&DEFAULT));
    found.add(&rules::SITE, spot, text, help);
}

const DEFAULT: &str = "datadoghq.com";

/// Sites that telemetry may go to: those of all environments that name one. Empty lists are none.
fn expected<'c>(config: &'c Config, environment: Option<&str>) -> Option<Vec<&'c str>> {
    let site = |target: &'c Target| match target {
        Target::Site(site) => Some(site.as_str()),
        Target::Unnamed | Target::Url(_) | Target::Sandbox => None,
    };
    let mut sites: Vec<&str> = config.environments.values().filter_map(|own| site(&own.target)).collect();
    let is_open =
        config.environments.values().any(|own| matches!(own.target, Target::Unnamed | Target::Url(_)));
    sites.sort_unstable();
    sites.dedup();
    // The one at hand comes first: it is what a remedy names.
    let own = environment.and_then(|name| config.environments.get(name)).and_then(|own| site(&own.target));
    sites.sort_by_key(|site| Some(*site) != own);
    (!sites.is_empty() && !is_open).then_some(sites)
}

fn site_of(
    view: &View<'_>,
    literal: Option<&str>,
    config: &Config,
    environment: Option<&str>,
    found: &mut Findings,
) {
    let Some(site) = literal.map(str::trim).filter(|site| !site.is_empty()) else { return };
    if !SITES.contains(&site) {
        let text = format!("`{}` is not a site of Datadog: nothing arrives there", short(site));
        found.add(&rules::SITE, Spot::value(view), text, site_help(site));
        return;
    }
    let Some(expected) = expected(config, environment) else { return };
    if !expected.contains(&site) {
        let text = format!(
            "Telemetry goes to {site}, and the project's environments are at {}",
            expected.join(" and ")
        );
        let help = format!("write `{}`", expected.first().unwrap_or(&site));
        found.add(&rules::SITE, Spot::value(view), text, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_secrets_are_told_from_others() {
        assert!(holds_key("0123456789abcdef0123456789abcdef"));
        assert!(holds_key("key=0123456789abcdef0123456789abcdef,x"));
        assert!(!holds_key(&"a".repeat(32)));
        assert!(!holds_key(&"0123456789abcdef".repeat(4)));
        assert!(!holds_key("${env:DD_API_KEY}"));
        assert!(is_secret("DD_API_KEY") && is_secret("GITHUB_TOKEN"));
        assert!(
            !is_secret("DD_API_KEY_SECRET_ARN") && !is_secret("DD_KMS_API_KEY_ID") && !is_secret("TOKEN_URL")
        );
    }
}
