//! Google's ID tokens, for a collector that only callers with one may reach: asked for at the metadata server, kept in
//! memory until shortly before they expire, and shown to nobody.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use tokio::runtime::Handle;

const PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";
/// A token is renewed so long before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// What tells no end is kept for so long: tokens of the server live for an hour.
const UNTOLD: Duration = Duration::from_secs(300);
/// Where there is a metadata server it is near.
const PATIENCE: Duration = Duration::from_secs(1);
/// After a failure nobody asks again for so long: each export would wait for the same.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST: usize = 16 * 1024;

/// The token of one audience.
pub struct Token {
    client: reqwest::Client,
    url: reqwest::Url,
    runtime: Handle,
    /// Held while somebody asks: the others wait for the same answer.
    asking: tokio::sync::Mutex<Option<(String, SystemTime)>>,
    held: Mutex<Option<(HeaderValue, SystemTime)>>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Opens no connection yet. `host` is that of the metadata server, where it is not the usual one.
    pub fn new(audience: &str, host: Option<String>, runtime: Handle) -> Option<Self> {
        let host = host.unwrap_or_else(|| "metadata.google.internal".to_owned());
        let client = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok()?;
        let url = reqwest::Url::parse_with_params(&format!("http://{host}{PATH}"), [("audience", audience)])
            .ok()?;
        Some(Self { client, url, runtime, asking: tokio::sync::Mutex::default(), held: Mutex::default() })
    }

    /// `Bearer …`, where a token is held.
    pub fn header(&self) -> Option<HeaderValue> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(header, _)| header.clone())
    }

    /// Makes sure that a token is held, or says why there is none.
    pub async fn refresh(&self) -> Result<(), String> {
        let mut failed = self.asking.lock().await;
        let now = SystemTime::now();
        let end = self.held.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, end)| *end);
        if end.is_some_and(|end| end > now + MARGIN) {
            return Ok(());
        }
        if let Some((reason, at)) = failed.as_ref()
            && now.duration_since(*at).is_ok_and(|since| since < PAUSE)
        {
            return Err(reason.clone());
        }
        match self.ask().await {
            Ok(fresh) => {
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh);
                *failed = None;
                Ok(())
            }
            // The old one serves to its end.
            Err(_) if end.is_some_and(|end| end > now) => Ok(()),
            Err(reason) => {
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
                *failed = Some((reason.clone(), now));
                Err(reason)
            }
        }
    }

    async fn ask(&self) -> Result<(HeaderValue, SystemTime), String> {
        // All of it on the runtime: the threads that export have none, and clocks need one.
        let asked = self.client.get(self.url.clone()).header("Metadata-Flavor", "Google");
        let answer = async move {
            let unreachable =
                |_: reqwest::Error| "the metadata server can't be reached for an ID token".to_owned();
            let mut answer = asked.send().await.map_err(unreachable)?;
            let status = answer.status();
            if !status.is_success() {
                return Err(format!(
                    "the metadata server answers {} instead of an ID token",
                    status.as_u16()
                ));
            }
            let mut body = Vec::new();
            while let Some(part) = answer.chunk().await.map_err(unreachable)? {
                body.extend_from_slice(&part);
                if body.len() > LONGEST {
                    break;
                }
            }
            Ok(body)
        };
        let dropped = |_| "musher ended before the metadata server had given an ID token".to_owned();
        let body = self.runtime.spawn(answer).await.map_err(dropped)??;
        read(&body, SystemTime::now())
            .ok_or_else(|| "what the metadata server gives is not an ID token that is valid now".to_owned())
    }
}

/// A token and its end.
fn read(body: &[u8], now: SystemTime) -> Option<(HeaderValue, SystemTime)> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_=.".contains(c);
    let [_, payload, _] = text.split('.').collect::<Vec<_>>()[..] else { return None };
    if text.len() > LONGEST || payload.is_empty() || !text.chars().all(is_token) {
        return None;
    }
    let end = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .and_then(|claims| claims.get("exp")?.as_f64())
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?));
    let end = end.unwrap_or(now + UNTOLD);
    let mut header = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
    header.set_sensitive(true);
    (end > now).then_some((header, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_looks_like_one_and_has_not_ended() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let token = |claims: &str| format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
        let end = |text: &str| read(text.as_bytes(), now).map(|(_, end)| end);
        assert_eq!(end(&token(r#"{"exp": 1500}"#)), Some(UNIX_EPOCH + Duration::from_secs(1500)));
        assert_eq!(end(&token(r#"{"exp": 999}"#)), None);
        assert_eq!(end(&token("{}")), Some(now + UNTOLD));
        assert_eq!(end(&token(r#"{"exp": 1e300}"#)), Some(now + UNTOLD));
        for wrong in ["", "a.b", "..", "<html>a.b.c</html>", "a.b.c\r\nx: y", "a.b.c.d"] {
            assert_eq!(end(wrong), None, "{wrong}");
        }
    }
}
