//! The keys: read from the process environment by name, sent in headers, shown nowhere.

use std::fmt;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::config::KeyNames;
use crate::hidden::Hidden;

const API: [&str; 2] = ["DD_API_KEY", "DATADOG_API_KEY"];
const APP: [&str; 2] = ["DD_APP_KEY", "DATADOG_APP_KEY"];
const TOKEN: [&str; 1] = ["DD_ACCESS_TOKEN"];

/// What a request is signed with. Its `Debug` shows the names of the variables only.
#[derive(Clone)]
pub struct Keys {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The bare values, to keep them out of what the service echoes.
    pub hidden: Hidden,
    /// The variables that they came from.
    pub variables: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Says the names of the variables and the site, never a value.
    #[error("No keys for {site}: {missing} {}. {remedy}", if *.several { "are not set" } else { "is not set" })]
    Missing { site: String, missing: String, several: bool, remedy: String },
    #[error(
        "The value of {variable}, for {site}, holds a character that can't be part of a key (a space, a line \
         break or a control character). Copy the key again"
    )]
    Malformed { variable: String, site: String },
}

impl Keys {
    /// Reads the pair of API and application key, or the access token, by the names that the environment
    /// of the project gives, else by the usual ones. `site` is for the error.
    pub fn read(
        names: &KeyNames,
        site: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, KeyError> {
        let api = candidates(names.api.as_ref(), &API);
        let app = candidates(names.app.as_ref(), &APP);
        let token = candidates(names.access_token.as_ref(), &TOKEN);
        let find = |names: &[String]| {
            let set = |name: &String| environment(name).filter(|value| !value.trim().is_empty());
            names.iter().find_map(|name| set(name).map(|value| (name.clone(), value)))
        };
        let pair_named = names.api.is_some() || names.app.is_some();
        let (found_api, found_app) = (find(&api), find(&app));
        let found_token = if pair_named && names.access_token.is_none() { None } else { find(&token) };
        let token_first = names.access_token.is_some() && !pair_named;
        match (found_api, found_app, found_token) {
            (Some(api), Some(app), _) if !token_first => Self::pair(api, app, site),
            (_, _, Some(token)) => Self::token(token, site),
            (found_api, found_app, None) => {
                let mut missing = Vec::new();
                if token_first {
                    missing.push(token.join(" or "));
                } else {
                    missing.extend(found_api.is_none().then(|| api.join(" or ")));
                    missing.extend(found_app.is_none().then(|| app.join(" or ")));
                }
                let remedy = if pair_named || token_first {
                    "The environment's `keys:` in musher.yaml names the variables".to_owned()
                } else {
                    format!("Export an API key and an application key, or an access token as {}", TOKEN[0])
                };
                let several = missing.len() > 1;
                Err(KeyError::Missing {
                    site: site.to_owned(),
                    missing: missing.join(" and "),
                    several,
                    remedy,
                })
            }
        }
    }

    fn pair(api: (String, String), app: (String, String), site: &str) -> Result<Self, KeyError> {
        Ok(Self {
            headers: vec![
                (HeaderName::from_static("dd-api-key"), header(&api.0, &api.1, site)?),
                (HeaderName::from_static("dd-application-key"), header(&app.0, &app.1, site)?),
            ],
            variables: vec![api.0, app.0],
            hidden: Hidden::new([api.1.as_str(), &app.1]),
        })
    }

    fn token((name, value): (String, String), site: &str) -> Result<Self, KeyError> {
        // Checked bare: `Bearer a b` would be a header too.
        header(&name, &value, site)?;
        Ok(Self {
            headers: vec![(AUTHORIZATION, header(&name, &format!("Bearer {value}"), site)?)],
            variables: vec![name],
            hidden: Hidden::new([value.as_str()]),
        })
    }

    /// A token of another service than Datadog, in a header of that service.
    pub fn of_header(name: &'static str, variable: &str, value: &str) -> Result<Self, KeyError> {
        let site = "the comment";
        let text = if name == "authorization" { format!("Bearer {value}") } else { value.to_owned() };
        header(variable, value, site)?;
        Ok(Self {
            headers: vec![(HeaderName::from_static(name), header(variable, &text, site)?)],
            variables: vec![variable.to_owned()],
            hidden: Hidden::new([value]),
        })
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.headers.iter().cloned().collect()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("variables", &self.variables).finish_non_exhaustive()
    }
}

/// The variables to look at: the one that is named, and no other; else the usual ones.
fn candidates(named: Option<&String>, usual: &[&str]) -> Vec<String> {
    named.map_or_else(|| usual.iter().map(|name| (*name).to_owned()).collect(), |name| vec![name.clone()])
}

fn header(variable: &str, value: &str, site: &str) -> Result<HeaderValue, KeyError> {
    let malformed = || KeyError::Malformed { variable: variable.to_owned(), site: site.to_owned() };
    let bare = value.strip_prefix("Bearer ").unwrap_or(value);
    if !bare.chars().all(|c| c.is_ascii_graphic()) {
        return Err(malformed());
    }
    let mut header = HeaderValue::from_str(value).map_err(|_| malformed())?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn names(api: Option<&str>, app: Option<&str>, token: Option<&str>) -> KeyNames {
        let own = |name: Option<&str>| name.map(str::to_owned);
        KeyNames { api: own(api), app: own(app), access_token: own(token) }
    }

    /// The variables that were read, or the error's text.
    fn check(names: &KeyNames, set: &[(&str, &str)], expected: Result<&[&str], &str>) {
        let environment =
            |name: &str| set.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let read = Keys::read(names, "datadoghq.eu", &environment);
        match (&read, expected) {
            (Ok(keys), Ok(variables)) => assert_eq!(keys.variables, variables),
            (Err(error), Err(text)) => assert_eq!(error.to_string(), text),
            _ => panic!("{read:?} is not {expected:?}"),
        }
        let shown = format!("{read:?} {}", read.as_ref().map_or_else(ToString::to_string, |_| String::new()));
        for (_, value) in set.iter().filter(|(_, value)| value.len() > 3) {
            assert!(!shown.contains(value), "a key is shown: {shown}");
        }
    }

    #[test]
    fn keys_come_from_the_variables_that_are_named() {
        let usual = names(None, None, None);
        check(&usual, &[("DD_API_KEY", KEY), ("DD_APP_KEY", KEY)], Ok(&["DD_API_KEY", "DD_APP_KEY"]));
        check(
            &usual,
            &[("DATADOG_API_KEY", KEY), ("DD_APP_KEY", KEY)],
            Ok(&["DATADOG_API_KEY", "DD_APP_KEY"]),
        );
        check(&usual, &[("DD_ACCESS_TOKEN", KEY)], Ok(&["DD_ACCESS_TOKEN"]));
        // An agent's key alone is not a pair.
        check(&usual, &[("DD_API_KEY", KEY), ("DD_ACCESS_TOKEN", KEY)], Ok(&["DD_ACCESS_TOKEN"]));
        check(
            &usual,
            &[("DD_API_KEY", KEY), ("DD_APP_KEY", KEY), ("DD_ACCESS_TOKEN", KEY)],
            Ok(&["DD_API_KEY", "DD_APP_KEY"]),
        );
        let own = names(Some("PROD_API"), Some("PROD_APP"), None);
        check(
            &own,
            &[("PROD_API", KEY), ("PROD_APP", KEY), ("DD_API_KEY", KEY)],
            Ok(&["PROD_API", "PROD_APP"]),
        );
        let token = names(None, None, Some("PROD_TOKEN"));
        check(&token, &[("PROD_TOKEN", KEY), ("DD_API_KEY", KEY), ("DD_APP_KEY", KEY)], Ok(&["PROD_TOKEN"]));
    }

    #[test]
    fn what_is_missing_is_named() {
        check(
            &names(None, None, None),
            &[("DD_API_KEY", KEY), ("DD_APP_KEY", " ")],
            Err(
                "No keys for datadoghq.eu: DD_APP_KEY or DATADOG_APP_KEY is not set. Export an API key and an \
                 application key, or an access token as DD_ACCESS_TOKEN",
            ),
        );
        // Keys of another environment are never taken instead.
        check(
            &names(Some("PROD_API"), Some("PROD_APP"), None),
            &[("DD_API_KEY", KEY), ("DD_APP_KEY", KEY), ("DD_ACCESS_TOKEN", KEY)],
            Err("No keys for datadoghq.eu: PROD_API and PROD_APP are not set. The environment's `keys:` in \
                 musher.yaml names the variables"),
        );
        check(
            &names(None, None, Some("PROD_TOKEN")),
            &[("DD_API_KEY", KEY), ("DD_APP_KEY", KEY)],
            Err("No keys for datadoghq.eu: PROD_TOKEN is not set. The environment's `keys:` in musher.yaml \
                 names the variables"),
        );
    }

    #[test]
    fn a_malformed_key_is_never_shown() {
        for bad in ["secret\nvalue", "secret value", "sécret", "secret\u{0}", "secretvalue\n", "sec\u{7f}ret"]
        {
            let text = "The value of DD_API_KEY, for datadoghq.eu, holds a character that can't be part of a key \
                        (a space, a line break or a control character). Copy the key again";
            check(&names(None, None, None), &[("DD_API_KEY", bad), ("DD_APP_KEY", KEY)], Err(text));
        }
    }
}
