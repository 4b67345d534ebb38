//! What is done at GitHub and GitLab: one comment kept up to date, labels, a check, one issue.

use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::context::{About, Context, System};
use super::routes;
use super::send::{Ask, SendError, Sender};
use crate::wire::{Method, Wire};

/// Annotations in one request.
const ANNOTATIONS: usize = 50;
/// How often a comment is tried whose answer was lost.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; longer before the next ones.
const PAUSE: Duration = Duration::from_millis(500);
const HIDE: &str = "mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) \
                    { minimizedComment { isMinimized } } }";

/// What becomes of the comment of an earlier run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behavior {
    #[default]
    Update,
    New,
    HideAndNew,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    New,
    Changed,
    /// It says the same already.
    Same,
    /// There was nothing to say, and nothing to correct.
    Nothing,
    Closed,
}

/// A note at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub is_failure: bool,
    pub path: String,
    pub line: u32,
    pub title: String,
    pub text: String,
}

/// A check of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub conclusion: &'static str,
    pub title: String,
    pub summary: String,
    pub annotations: Vec<Annotation>,
}

/// The one issue of an environment.
pub struct Issue<'a> {
    pub marker: &'a str,
    pub title: &'a str,
    /// Absent: there is nothing to say any more.
    pub body: Option<&'a str>,
}

/// A comment or issue of ours.
struct Own {
    number: u64,
    node: Option<String>,
    body: String,
}

pub struct Forge {
    context: Context,
    sender: Sender,
}

impl Forge {
    pub fn new(context: Context, wire: Arc<dyn Wire>) -> Self {
        Self { context, sender: Sender::new(wire) }
    }

    pub fn context(&self) -> &Context {
        &self.context
    }

    /// What is to be done about a refusal.
    pub fn remedy(&self, error: &SendError, permission: &str) -> Option<String> {
        match error.status()? {
            401 => Some(format!("{} is not a valid token", self.context.system.token())),
            403 => Some(routes::permission(&self.context, permission)),
            404 => Some("it does not exist, or the token may not see it".to_owned()),
            _ => None,
        }
    }

    /// The pull request that the job is about.
    pub async fn pull_request(&self) -> Result<Option<u64>, SendError> {
        match &self.context.about {
            About::Number(number) => Ok(Some(*number)),
            About::Nothing => Ok(None),
            About::Merged(commit) => {
                let all = self.of_commit(commit).await?;
                let is_merged =
                    |one: &&Value| one["merged_at"].is_string() || one["state"].as_str() == Some("merged");
                let merged: Vec<&Value> = all.iter().filter(is_merged).collect();
                let exact = merged.iter().find(|one| one["merge_commit_sha"].as_str() == Some(commit));
                Ok(exact.or(merged.first()).and_then(|one| number(one)))
            }
            About::Head { commit, branch } => {
                let all = self.of_commit(commit).await?;
                if let Some(found) = open_at(&all, commit) {
                    return Ok(Some(found));
                }
                // The commits of a fork are not always known as this repository's.
                let Some(branch) = branch else { return Ok(None) };
                let query = [("state", "open".to_owned()), ("head", branch.clone())];
                let all = self.sender.all(&routes::pull_requests(&self.context), &query).await?;
                Ok(open_at(&all, commit))
            }
        }
    }

    async fn of_commit(&self, commit: &str) -> Result<Vec<Value>, SendError> {
        match self.sender.all(&routes::of_commit(&self.context, commit), &[]).await {
            // A commit that isn't there belongs to nothing.
            Err(SendError::Refused { status: 404 | 422, .. }) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Keeps one comment that begins with a marker. `only_update`: no new one is made.
    pub async fn comment(
        &self,
        number: u64,
        (marker, body): (&str, &str),
        behavior: Behavior,
        only_update: bool,
    ) -> Result<Wrote, SendError> {
        let body = body.trim_end();
        let own = self.own_comments(number, marker).await?;
        let Some(first) = own.first() else {
            return if only_update {
                Ok(Wrote::Nothing)
            } else {
                self.post(number, marker, body, &own).await
            };
        };
        if behavior == Behavior::Update || only_update {
            if first.body.trim_end() == body {
                return Ok(Wrote::Same);
            }
            let path = routes::comment(&self.context, number, first.number);
            let value = json!({ "body": body });
            self.sender.ask(Ask::send(routes::change(&self.context), &path, &value)).await?;
            return Ok(Wrote::Changed);
        }
        let wrote = self.post(number, marker, body, &own).await?;
        if behavior == Behavior::HideAndNew && self.context.system == System::Github {
            for old in own.iter().filter_map(|own| own.node.as_ref()) {
                let value = json!({"query": HIDE, "variables": {"id": old}});
                let path = routes::graphql(&self.context);
                self.sender.ask(Ask { again: true, ..Ask::send(Method::Post, path, &value) }).await?;
            }
        }
        Ok(wrote)
    }

    /// Makes a new comment. Where the answer was lost, it is looked for before it is sent again.
    async fn post(&self, number: u64, marker: &str, body: &str, old: &[Own]) -> Result<Wrote, SendError> {
        let path = routes::comments(&self.context, number);
        let value = json!({ "body": body });
        let mut attempt = 0;
        loop {
            attempt += 1;
            let unsure = match self.sender.ask(Ask::send(Method::Post, &path, &value)).await {
                Ok(_) => return Ok(Wrote::New),
                Err(error @ SendError::Unsure { .. }) => error,
                Err(error) => return Err(error),
            };
            let now = self.own_comments(number, marker).await?;
            let is_new = |own: &&Own| !old.iter().any(|old| old.number == own.number);
            if now.iter().filter(is_new).any(|own| own.body.trim_end() == body) {
                return Ok(Wrote::New);
            }
            if attempt >= ATTEMPTS {
                return Err(unsure);
            }
            sleep(PAUSE * attempt).await;
        }
    }

    /// The comments that a bot wrote and that begin with the marker, the oldest first.
    async fn own_comments(&self, number: u64, marker: &str) -> Result<Vec<Own>, SendError> {
        let path = routes::comments(&self.context, number);
        let query: &[(&str, String)] = match self.context.system {
            System::Github => &[],
            System::Gitlab => &[("sort", "asc".to_owned()), ("order_by", "created_at".to_owned())],
        };
        let all = self.sender.all(&path, query).await?;
        let own = all.iter().filter_map(|one| {
            let body = one["body"].as_str().filter(|body| body.starts_with(marker))?;
            Some((
                one,
                Own { number: one["id"].as_u64()?, node: text(one, "node_id"), body: body.to_owned() },
            ))
        });
        let mut own: Vec<(&Value, Own)> = own.collect();
        let me = self.me(own.iter().map(|(one, _)| *one)).await;
        own.retain(|(one, _)| self.is_own(one, me));
        Ok(own.into_iter().map(|(_, own)| own).collect())
    }

    /// Whether a bot is the author; at GitLab, whose lists don't tell, also whether it is whom the token belongs to.
    fn is_own(&self, one: &Value, me: Option<u64>) -> bool {
        match self.context.system {
            System::Github => one["user"]["type"].as_str() == Some("Bot"),
            System::Gitlab => {
                let author = &one["author"];
                one["system"].as_bool() != Some(true)
                    && (is_gitlab_bot(author) || (me.is_some() && author["id"].as_u64() == me))
            }
        }
    }

    /// Whom the token belongs to, where the names of authors leave it open.
    async fn me<'v>(&self, mut all: impl Iterator<Item = &'v Value>) -> Option<u64> {
        if self.context.system == System::Github || all.all(|one| is_gitlab_bot(&one["author"])) {
            return None;
        }
        self.sender.ask(Ask::get("/user")).await.ok()?["id"].as_u64()
    }

    /// Sets those of our labels that hold, and takes the others away.
    pub async fn label(&self, number: u64, all: &[&str], holding: &[&str]) -> Result<(), SendError> {
        let path = routes::labels(&self.context, number);
        if self.context.system == System::Gitlab {
            let gone: Vec<&str> = all.iter().filter(|label| !holding.contains(label)).copied().collect();
            let value = json!({"add_labels": holding.join(","), "remove_labels": gone.join(",")});
            self.sender.ask(Ask::send(Method::Put, &path, &value)).await?;
            return Ok(());
        }
        let present = self.sender.all(&path, &[]).await?;
        let is_present = |label: &str| present.iter().any(|one| one["name"].as_str() == Some(label));
        for label in all.iter().filter(|label| !holding.contains(label) && is_present(label)) {
            let path = format!("{path}/{}", utf8_percent_encode(label, NON_ALPHANUMERIC));
            match self.sender.ask(Ask { method: Method::Delete, ..Ask::get(&path) }).await {
                Err(SendError::Refused { status: 404, .. }) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        let new: Vec<&&str> = holding.iter().filter(|label| !is_present(label)).collect();
        if !new.is_empty() {
            let value = json!({ "labels": new });
            self.sender.ask(Ask { again: true, ..Ask::send(Method::Post, &path, &value) }).await?;
        }
        Ok(())
    }

    /// Makes a check of a commit, its annotations in as many requests as they need.
    pub async fn check(&self, commit: &str, check: &Check) -> Result<(), SendError> {
        let path = format!("/repos/{}/check-runs", self.context.repository);
        let mut parts = check.annotations.chunks(ANNOTATIONS);
        let output = |part: &[Annotation]| {
            let annotations: Vec<Value> = part.iter().map(annotation).collect();
            json!({"title": check.title, "summary": check.summary, "annotations": annotations})
        };
        let value = json!({
            "name": check.name, "head_sha": commit, "status": "completed", "conclusion": check.conclusion,
            "output": output(parts.next().unwrap_or_default()),
        });
        let made = self.sender.ask(Ask::send(Method::Post, &path, &value)).await?;
        let id = made["id"].as_u64().ok_or_else(|| SendError::Odd { request: format!("POST {path}") })?;
        for part in parts {
            let (path, value) = (format!("{path}/{id}"), json!({ "output": output(part) }));
            // Annotations add up: twice would be double.
            self.sender.ask(Ask { again: false, ..Ask::send(Method::Patch, &path, &value) }).await?;
        }
        Ok(())
    }

    /// Keeps one open issue that begins with a marker, or closes it.
    pub async fn issue(&self, issue: &Issue<'_>) -> Result<Wrote, SendError> {
        let path = routes::issues(&self.context);
        let own = self.own_issues(issue.marker).await?;
        let Some(body) = issue.body.map(str::trim_end) else {
            for own in &own {
                let path = format!("{path}/{}", own.number);
                let value = routes::closing(&self.context);
                self.sender.ask(Ask::send(routes::change(&self.context), &path, &value)).await?;
            }
            return Ok(if own.is_empty() { Wrote::Nothing } else { Wrote::Closed });
        };
        let value = routes::issue_body(&self.context, issue.title, body);
        if let Some(first) = own.first() {
            if first.body.trim_end() == body {
                return Ok(Wrote::Same);
            }
            let path = format!("{path}/{}", first.number);
            self.sender.ask(Ask::send(routes::change(&self.context), &path, &value)).await?;
            return Ok(Wrote::Changed);
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.sender.ask(Ask::send(Method::Post, &path, &value)).await {
                Ok(_) => return Ok(Wrote::New),
                Err(error @ SendError::Unsure { .. }) => {
                    if !self.own_issues(issue.marker).await?.is_empty() {
                        return Ok(Wrote::New);
                    }
                    if attempt >= ATTEMPTS {
                        return Err(error);
                    }
                    sleep(PAUSE * attempt).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn own_issues(&self, marker: &str) -> Result<Vec<Own>, SendError> {
        let (path, query) = (routes::issues(&self.context), routes::open_issues(&self.context));
        let all = self.sender.all(&path, &query).await?;
        let (body, number) = match self.context.system {
            System::Github => ("body", "number"),
            System::Gitlab => ("description", "iid"),
        };
        let own: Vec<&Value> = all
            .iter()
            .filter(|one| one.get("pull_request").is_none())
            .filter(|one| one[body].as_str().is_some_and(|body| body.starts_with(marker)))
            .collect();
        let me = self.me(own.iter().copied()).await;
        let own = own.into_iter().filter(|one| self.is_own(one, me));
        let mut own: Vec<Own> = own
            .filter_map(|one| Some(Own { number: one[number].as_u64()?, node: None, body: text(one, body)? }))
            .collect();
        own.sort_by_key(|own| own.number);
        Ok(own)
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn number(pull_request: &Value) -> Option<u64> {
    pull_request.get("iid").or_else(|| pull_request.get("number")).and_then(Value::as_u64)
}

/// The open pull request whose head is this commit.
fn open_at(all: &[Value], commit: &str) -> Option<u64> {
    let fits = |one: &&Value| {
        let head = one.pointer("/head/sha").or_else(|| one.get("sha")).and_then(Value::as_str);
        head == Some(commit) && matches!(one["state"].as_str(), Some("open" | "opened"))
    };
    all.iter().find(fits).and_then(number)
}

/// Access tokens of projects and groups have users of their own: `project_7_bot_0a1b`.
fn is_gitlab_bot(author: &Value) -> bool {
    let name = author["username"].as_str().unwrap_or_default();
    let of = |prefix: &str| {
        let rest = name.strip_prefix(prefix)?;
        let (number, rest) = rest.split_once('_')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        Some(is_number && (rest == "bot" || rest.starts_with("bot_")))
    };
    author["bot"].as_bool() == Some(true)
        || ["project_", "group_"].into_iter().any(|of_| of(of_) == Some(true))
}

fn annotation(note: &Annotation) -> Value {
    let level = if note.is_failure { "failure" } else { "warning" };
    json!({
        "path": note.path, "start_line": note.line, "end_line": note.line, "annotation_level": level,
        "title": note.title, "message": note.text,
    })
}
