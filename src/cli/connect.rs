//! The way to an environment's API: HTTPS with keys, or the sandbox in this process.

use std::sync::Arc;

use anyhow::Context as _;

use crate::cache::Cache;
use crate::commands::{Connection, Reach, Secrets, sandbox};
use crate::config::{Config, Environment, Hosts, Scope, Target};
use crate::forge::System;
use crate::hidden;
use crate::http::{Endpoint, Https, KeyError, Keys};
use crate::sandbox::Sandbox;
use crate::wire::Wire;

/// The web application of the sandbox, which has none: a link of this name leads nowhere (RFC 2606), and never to an
/// object of the real service that happens to have the id.
const NOWHERE: &str = "https://sandbox.invalid";

/// Opens no connection yet.
pub fn connect(config: &Config, scope: &Scope, no_cache: bool) -> anyhow::Result<Connection> {
    let environment = scope.environment.as_ref().and_then(|name| config.environments.get(name));
    let unnamed = Environment::default();
    let environment = environment.unwrap_or(&unnamed);
    let secrets = Secrets::read(scope, &environment.target, &variable);
    if environment.target == Target::Sandbox {
        let folder = sandbox(&config.root)?;
        let wire: Arc<dyn Wire> = Arc::new(Sandbox::open(folder.as_std_path())?);
        // A cache would save nothing, and outlive a reset.
        return Ok(Connection {
            wire,
            site: "sandbox".to_owned(),
            web: NOWHERE.to_owned(),
            cache: Cache::none(),
            variables: Vec::new(),
            secrets,
        });
    }
    let endpoint = endpoint(&environment.target, &hosts())?;
    let keys = Keys::read(&environment.keys, &endpoint.shown, &variable)?;
    let variables = keys.variables.clone();
    hidden::remember(&keys.hidden.and(secrets.values()));
    let wire: Arc<dyn Wire> = Arc::new(Https::new(&endpoint, keys)?);
    let cache = if no_cache {
        Cache::none()
    } else {
        Cache::open(&format!("{} {}", endpoint.url, scope.owner)).without(hidden::holds)
    };
    Ok(Connection { wire, site: endpoint.shown, web: endpoint.web, cache, variables, secrets })
}

/// Where the API of an environment is, and whether its keys are set.
pub fn reach(config: &Config, scope: &Scope) -> anyhow::Result<Reach> {
    let environment = scope.environment.as_ref().and_then(|name| config.environments.get(name));
    let unnamed = Environment::default();
    let environment = environment.unwrap_or(&unnamed);
    if environment.target == Target::Sandbox {
        return Ok(Reach { keys: true, site: "sandbox".to_owned() });
    }
    let endpoint = endpoint(&environment.target, &hosts())?;
    let keys = match Keys::read(&environment.keys, &endpoint.shown, &variable) {
        Err(KeyError::Missing { .. }) => false,
        Ok(_) => true,
        Err(wrong) => return Err(wrong.into()),
    };
    Ok(Reach { keys, site: endpoint.shown })
}

/// A way to the system where pull requests are discussed; none where its token is not set.
pub fn forge(system: System, api: &str) -> anyhow::Result<Option<Arc<dyn Wire>>> {
    let Some(token) = variable(system.token()) else { return Ok(None) };
    let header = match system {
        System::Github => "authorization",
        System::Gitlab => "private-token",
    };
    let keys = Keys::of_header(header, system.token(), &token)?;
    hidden::remember_token(&keys.hidden);
    let endpoint = Endpoint::url(api).with_context(|| format!("{} has no API to write to", system.name()))?;
    Ok(Some(Arc::new(Https::new(&endpoint, keys)?)))
}

/// Where keys may go besides Datadog, by the process environment.
pub fn hosts() -> Hosts {
    Hosts::read(&variable)
}

fn endpoint(target: &Target, hosts: &Hosts) -> anyhow::Result<Endpoint> {
    Ok(match target {
        Target::Site(site) => Endpoint::site(site, hosts)?,
        Target::Url(url) => Endpoint::url(url)?,
        Target::Sandbox | Target::Unnamed => match (variable("DATADOG_HOST"), variable("DD_SITE")) {
            (Some(url), _) => Endpoint::url(&url).context("DATADOG_HOST names no API")?,
            (None, Some(site)) => Endpoint::site(&site, hosts).context("DD_SITE names no site")?,
            (None, None) => Endpoint::site("datadoghq.com", hosts)?,
        },
    })
}

/// An empty variable is none: so CI sets those that have no value.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
