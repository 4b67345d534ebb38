//! Where things stand at GitHub and at GitLab, and what they are called there.

use serde_json::{Value, json};

use super::context::{Context, System};
use crate::wire::Method;

/// How a text is changed in place.
pub fn change(context: &Context) -> Method {
    match context.system {
        System::Github => Method::Patch,
        System::Gitlab => Method::Put,
    }
}

pub fn comments(context: &Context, number: u64) -> String {
    match context.system {
        System::Github => format!("/repos/{}/issues/{number}/comments", context.repository),
        System::Gitlab => format!("/projects/{}/merge_requests/{number}/notes", context.repository),
    }
}

pub fn comment(context: &Context, number: u64, id: u64) -> String {
    match context.system {
        System::Github => format!("/repos/{}/issues/comments/{id}", context.repository),
        System::Gitlab => format!("{}/{id}", comments(context, number)),
    }
}

/// The pull requests that a commit belongs to.
pub fn of_commit(context: &Context, commit: &str) -> String {
    match context.system {
        System::Github => format!("/repos/{}/commits/{commit}/pulls", context.repository),
        System::Gitlab => {
            format!("/projects/{}/repository/commits/{commit}/merge_requests", context.repository)
        }
    }
}

pub fn pull_requests(context: &Context) -> String {
    format!("/repos/{}/pulls", context.repository)
}

pub fn issues(context: &Context) -> String {
    match context.system {
        System::Github => format!("/repos/{}/issues", context.repository),
        System::Gitlab => format!("/projects/{}/issues", context.repository),
    }
}

/// Which issues may be ours.
pub fn open_issues(context: &Context) -> Vec<(&'static str, String)> {
    match context.system {
        System::Github => vec![("state", "open".to_owned())],
        System::Gitlab => vec![("state", "opened".to_owned())],
    }
}

pub fn issue_body(context: &Context, title: &str, body: &str) -> Value {
    match context.system {
        System::Github => json!({"title": title, "body": body}),
        System::Gitlab => json!({"title": title, "description": body}),
    }
}

pub fn closing(context: &Context) -> Value {
    match context.system {
        System::Github => json!({"state": "closed", "state_reason": "completed"}),
        System::Gitlab => json!({"state_event": "close"}),
    }
}

pub fn labels(context: &Context, number: u64) -> String {
    match context.system {
        System::Github => format!("/repos/{}/issues/{number}/labels", context.repository),
        System::Gitlab => format!("/projects/{}/merge_requests/{number}", context.repository),
    }
}

/// The GraphQL of GitHub as seen from its REST API: `/graphql`, or `/api/graphql` beside `/api/v3`.
pub fn graphql(context: &Context) -> &'static str {
    if context.api.trim_end_matches('/').ends_with("/v3") { "/../graphql" } else { "/graphql" }
}

/// What a token lacks that is refused.
pub fn permission(context: &Context, what: &str) -> String {
    match context.system {
        System::Github => format!("give the job `permissions: {{{what}: write}}`"),
        System::Gitlab => {
            "GITLAB_TOKEN must be a project or group access token with the scope `api`; CI_JOB_TOKEN can't write notes"
                .to_owned()
        }
    }
}
