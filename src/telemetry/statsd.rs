//! The counts of a run as DogStatsD lines for an agent beside it: the same bytes as those of Datadog's own clients.

use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use super::container;
use super::facts::Facts;
use super::secrecy::sent;
use super::variable::Variable;

const PORT: u16 = 8125;
/// An agent on this machine answers a socket at once.
const PATIENCE: Duration = Duration::from_millis(500);
/// The longest event that an agent takes.
const LONGEST: usize = 8 * 1024;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Udp(String, u16),
    /// A socket of datagrams or, `true`, a stream; absent: whatever is there.
    Unix(String, Option<bool>),
}

/// An agent beside this process.
#[derive(Clone, Debug)]
pub struct Statsd {
    target: Target,
    /// Of every line.
    tags: Vec<String>,
    container: Option<String>,
    external: Option<String>,
}

impl Statsd {
    /// The agent that the environment names. What can't be understood goes to `warnings`.
    pub fn read(variable: &Variable<'_>, warnings: &mut Vec<String>) -> Option<Self> {
        let disabled = variable("DD_DOGSTATSD_DISABLE");
        if disabled.is_some_and(|value| ["True", "true", "yes", "1"].contains(&value.as_str())) {
            return None;
        }
        let by_url = variable("DD_DOGSTATSD_URL").and_then(|url| {
            let target = by_url(&url);
            if target.is_none() {
                warnings
                    .push("DD_DOGSTATSD_URL is not of the form udp://HOST:PORT or unix:///PATH".to_owned());
            }
            target
        });
        let by_host = || {
            let port = match variable("DD_DOGSTATSD_PORT").map(|port| port.trim().parse()) {
                None => PORT,
                Some(Ok(port)) => port,
                Some(Err(_)) => {
                    warnings.push(format!("DD_DOGSTATSD_PORT is not a port: {PORT} is taken"));
                    PORT
                }
            };
            Some(Target::Udp(variable("DD_AGENT_HOST")?, port))
        };
        let target = by_url.or_else(by_host)?;
        let mut tags: Vec<String> = variable("DATADOG_TAGS")
            .map(|tags| tags.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default();
        let named = [
            ("DD_ENTITY_ID", "dd.internal.entity_id"),
            ("DD_ENV", "env"),
            ("DD_SERVICE", "service"),
            ("DD_VERSION", "version"),
        ];
        tags.extend(named.into_iter().filter_map(|(name, tag)| Some(format!("{tag}:{}", variable(name)?))));
        let is_sought = |value: Option<String>| {
            !value.is_some_and(|value| {
                ["no", "false", "0", "n", "off"].contains(&value.to_lowercase().as_str())
            })
        };
        Some(Self {
            target,
            tags,
            container: is_sought(variable("DD_ORIGIN_DETECTION_ENABLED")).then(container::id).flatten(),
            external: variable("DD_EXTERNAL_ENV"),
        })
    }

    /// The lines of a run; the metrics only where they go no other way.
    pub fn lines(&self, facts: &Facts, took: Duration, with_metrics: bool) -> Vec<String> {
        let mut own = Vec::new();
        let named = [("env", &facts.environment), ("project", &facts.project)];
        // What the environment of the process says of `env` is of the process; this is of what it looks after.
        own.extend(named.into_iter().filter_map(|(name, value)| Some(format!("{name}:{}", value.as_ref()?))));
        let with = |more: &[(&str, &str)]| {
            let more = more.iter().map(|(name, value)| format!("{name}:{value}"));
            more.chain(own.iter().cloned()).collect::<Vec<String>>()
        };
        let mut lines = Vec::new();
        if with_metrics {
            for ((action, kind), count) in facts.changes.iter().flatten() {
                let tags = with(&[("action", action), ("kind", kind)]);
                lines.push(self.metric("musher.changes", &count.to_string(), "c", &tags));
            }
            for (kind, count) in &facts.resources {
                lines.push(self.metric(
                    "musher.resources",
                    &count.to_string(),
                    "g",
                    &with(&[("kind", kind)]),
                ));
            }
            for (class, count) in &facts.requests {
                let tags = with(&[("status_class", class)]);
                lines.push(self.metric("musher.requests", &count.to_string(), "c", &tags));
            }
            if !facts.waited.is_zero() {
                lines.push(self.metric("musher.ratelimit.wait", &seconds(facts.waited), "d", &with(&[])));
            }
            lines.push(self.metric("musher.run.duration", &seconds(took), "d", &with(&[])));
            if let Some(drift) = facts.drift {
                lines.push(self.metric("musher.drift", &drift.status().to_string(), "g", &with(&[])));
            }
        }
        if let Some(drift) = facts.drift {
            lines.push(self.check("musher.drift", drift.status(), &drift.words(), &with(&[])));
        }
        if facts.applied {
            let done =
                facts.by_action().into_iter().map(|(action, count)| format!("{count} {}", past(action)));
            let failed = (facts.failed > 0).then(|| format!("{} failed", facts.failed));
            let text: Vec<String> = done.chain(failed).collect();
            let alert = if facts.failed > 0 { "error" } else { "info" };
            lines.push(self.event("musher applied", &text.join("\n"), alert, &with(&[])));
        }
        lines
    }

    fn metric(&self, name: &str, value: &str, kind: &str, tags: &[String]) -> String {
        let mut line = format!("{name}:{value}|{kind}");
        line += &self.tagged(tags);
        line += &self.origin(true);
        line
    }

    fn event(&self, title: &str, text: &str, alert: &str, tags: &[String]) -> String {
        let (title, text) = (title.replace('\n', "\\n"), text.replace('\n', "\\n"));
        let mut line = format!("_e{{{},{}}}:{title}|{text}|k:musher|t:{alert}", title.len(), text.len());
        line += &self.tagged(tags);
        line += &self.origin(false);
        line
    }

    fn check(&self, name: &str, status: u8, message: &str, tags: &[String]) -> String {
        let mut line = format!("_sc|{name}|{status}{}", self.tagged(tags));
        line += &format!("|m:{}", message.replace('\n', "\\n").replace("m:", "m\\:"));
        line += &self.origin(false);
        line
    }

    /// Own tags first, then those of every line.
    fn tagged(&self, own: &[String]) -> String {
        let tags: Vec<String> = own.iter().chain(&self.tags).map(|tag| normal(&sent(tag))).collect();
        if tags.is_empty() { String::new() } else { format!("|#{}", tags.join(",")) }
    }

    /// Where lines come from. The client tells the external environment of metrics alone.
    fn origin(&self, external: bool) -> String {
        let fields = [("c", self.container.as_ref()), ("e", self.external.as_ref().filter(|_| external))];
        fields.into_iter().filter_map(|(name, value)| Some(format!("|{name}:{}", sent(value?)))).collect()
    }

    /// Sends them, each by itself. Whether anybody hears is not known, and changes nothing; an error says that they
    /// could not set out.
    pub fn send(&self, lines: &[String]) -> Result<(), String> {
        let lines = lines.iter().filter(|line| line.len() <= LONGEST).map(|line| format!("{line}\n"));
        match &self.target {
            Target::Udp(host, port) => {
                let unknown = || "the agent of DD_AGENT_HOST can't be found".to_owned();
                let to: SocketAddr = (host.as_str(), *port)
                    .to_socket_addrs()
                    .ok()
                    .and_then(|mut found| found.next())
                    .ok_or_else(unknown)?;
                let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let sent = UdpSocket::bind(from).and_then(|socket| {
                    socket.set_nonblocking(true)?;
                    socket.connect(to)?;
                    // A line that is refused says that nobody heard the one before: the agent is not there.
                    let sent: Vec<std::io::Result<usize>> =
                        lines.map(|line| socket.send(line.as_bytes())).collect();
                    sent.into_iter().try_for_each(|sent| sent.map(drop))
                });
                sent.map_err(|error| format!("the agent takes no lines: {error}"))
            }
            Target::Unix(path, stream) => unix(path, *stream, lines),
        }
    }
}

#[cfg(unix)]
fn unix(path: &str, stream: Option<bool>, lines: impl Iterator<Item = String>) -> Result<(), String> {
    use std::io::Write as _;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    let lines: Vec<Vec<u8>> = lines.map(String::into_bytes).collect();
    let by_datagram = || {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(path)?;
        lines.iter().try_for_each(|line| socket.send(line).map(drop))
    };
    let by_stream = || {
        let mut socket = UnixStream::connect(path)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        lines.iter().try_for_each(|line| {
            let length = u32::try_from(line.len()).unwrap_or(u32::MAX);
            socket.write_all(&length.to_le_bytes())?;
            socket.write_all(line)
        })
    };
    let sent: std::io::Result<()> = match stream {
        Some(true) => by_stream(),
        Some(false) => by_datagram(),
        None => by_datagram().or_else(|_| by_stream()),
    };
    sent.map_err(|error| format!("the socket of DD_DOGSTATSD_URL takes no lines: {error}"))
}

#[cfg(not(unix))]
fn unix(_: &str, _: Option<bool>, _: impl Iterator<Item = String>) -> Result<(), String> {
    Err("DD_DOGSTATSD_URL names a socket, which this system has not".to_owned())
}

fn by_url(url: &str) -> Option<Target> {
    let (scheme, rest) = url.split_once("://")?;
    let whole = |stream| (!rest.is_empty()).then(|| Target::Unix(rest.to_owned(), stream));
    match scheme {
        "unix" => whole(None),
        "unixgram" => whole(Some(false)),
        "unixstream" => whole(Some(true)),
        "udp" => {
            let authority = rest.split(['/', '?', '#']).next()?;
            let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((host, port)) => (host, port.strip_prefix(':')),
                None => {
                    authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
                }
            };
            let port = port.map_or(Some(PORT), |port| port.parse().ok())?;
            (!host.is_empty()).then(|| Target::Udp(host.to_owned(), port))
        }
        _ => None,
    }
}

/// A tag as the client writes it.
fn normal(tag: &str) -> String {
    tag.chars().map(|c| if c.is_alphanumeric() || "_-:/.".contains(c) { c } else { '_' }).collect()
}

/// Seconds as Python writes them, to the millisecond.
fn seconds(duration: Duration) -> String {
    format!("{:?}", (duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

fn past(action: &str) -> &str {
    match action {
        "create" => "created",
        "update" => "updated",
        "replace" => "replaced",
        "move" => "moved",
        "adopt" => "adopted",
        "forget" => "forgotten",
        "delete" => "deleted",
        other => other,
    }
}
