//! Where a job runs, as its environment tells: which system, repository, pull request and commit.

use serde_json::Value;

/// A place where pull requests are discussed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Github,
    Gitlab,
}

impl System {
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
        }
    }

    /// The variable of its token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Github => "GITHUB_TOKEN",
            Self::Gitlab => "GITLAB_TOKEN",
        }
    }
}

/// What a job is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    pub system: System,
    /// The URL of its API.
    pub api: String,
    /// `owner/name`, or the number of a project.
    pub repository: String,
    pub about: About,
    /// The commit that is looked at.
    pub commit: Option<String>,
    /// Where a person sees the run.
    pub run: Option<String>,
}

/// Which pull request, as far as the job knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Number(u64),
    /// The open one whose head is this commit; its branch as `owner:name`, where the event tells.
    Head {
        commit: String,
        branch: Option<String>,
    },
    /// The one that was merged as this commit.
    Merged(String),
    /// None at all, such as in a merge queue.
    Nothing,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    #[error(
        "this is not a job of GitHub Actions or GitLab CI: name the system with `--github` or `--gitlab`"
    )]
    NoSystem,
    #[error("{0} is not set: it says where to write")]
    Missing(&'static str),
    #[error("{0} is not of the form that {1} gives it")]
    Malformed(&'static str, &'static str),
}

/// A variable of the process environment.
pub type Variable<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// Which system runs this job.
pub fn system(variable: &Variable<'_>) -> Option<System> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.eq_ignore_ascii_case("false"));
    match (is_set("GITHUB_ACTIONS"), is_set("GITLAB_CI")) {
        (true, _) => Some(System::Github),
        (_, true) => Some(System::Gitlab),
        _ => None,
    }
}

/// What the job is about. `event` is the event's file, where there is one.
pub fn read(
    system: System,
    number: Option<u64>,
    variable: &Variable<'_>,
    event: &Value,
) -> Result<Context, ContextError> {
    match system {
        System::Github => github(number, variable, event),
        System::Gitlab => gitlab(number, variable),
    }
}

fn github(number: Option<u64>, variable: &Variable<'_>, event: &Value) -> Result<Context, ContextError> {
    let needed = |name: &'static str| variable(name).ok_or(ContextError::Missing(name));
    let repository = needed("GITHUB_REPOSITORY")?;
    let is_plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    if !repository.split_once('/').is_some_and(|(owner, name)| is_plain(owner) && is_plain(name)) {
        return Err(ContextError::Malformed("GITHUB_REPOSITORY", "GitHub"));
    }
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let number_at = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64);
    let of_ref =
        || variable("GITHUB_REF")?.strip_prefix("refs/pull/")?.split('/').next()?.parse::<u64>().ok();
    let sha = variable("GITHUB_SHA").filter(|sha| is_commit(sha));
    let kind = variable("GITHUB_EVENT_NAME").unwrap_or_default();
    let head = text("/workflow_run/head_sha").filter(|sha| is_commit(sha));
    let about = match (number, kind.as_str()) {
        (Some(number), _) => About::Number(number),
        // Never from the event's own list: for a fork it is empty.
        (None, "workflow_run") => match &head {
            Some(commit) => {
                let owner = text("/workflow_run/head_repository/owner/login");
                let branch = text("/workflow_run/head_branch");
                let branch = owner.zip(branch).map(|(owner, branch)| format!("{owner}:{branch}"));
                About::Head { commit: commit.clone(), branch }
            }
            None => About::Nothing,
        },
        (None, "merge_group") => About::Nothing,
        (None, "push") => sha.clone().map_or(About::Nothing, About::Merged),
        (None, _) => {
            let own = number_at("/pull_request/number").or_else(|| number_at("/issue/number"));
            own.or_else(of_ref).map_or(About::Nothing, About::Number)
        }
    };
    let of_run = number_at("/workflow_run/id").map(|id| id.to_string());
    let run =
        of_run.or_else(|| variable("GITHUB_RUN_ID")).filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
    let server = variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    Ok(Context {
        system: System::Github,
        api: variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned()),
        run: run.map(|id| format!("{}/{repository}/actions/runs/{id}", server.trim_end_matches('/'))),
        commit: text("/pull_request/head/sha").filter(|sha| is_commit(sha)).or(head).or(sha),
        repository,
        about,
    })
}

fn gitlab(number: Option<u64>, variable: &Variable<'_>) -> Result<Context, ContextError> {
    let needed = |name: &'static str| variable(name).ok_or(ContextError::Missing(name));
    let api = needed("CI_API_V4_URL")?;
    let repository = needed("CI_PROJECT_ID")?;
    if !repository.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ContextError::Malformed("CI_PROJECT_ID", "GitLab"));
    }
    let commit = variable("CI_COMMIT_SHA").filter(|sha| is_commit(sha));
    let own = variable("CI_MERGE_REQUEST_IID").map(|iid| iid.parse::<u64>());
    let about = match (number, own) {
        (Some(number), _) | (None, Some(Ok(number))) => About::Number(number),
        (None, Some(Err(_))) => return Err(ContextError::Malformed("CI_MERGE_REQUEST_IID", "GitLab")),
        (None, None) => commit.clone().map_or(About::Nothing, About::Merged),
    };
    let run = variable("CI_PIPELINE_URL").or_else(|| variable("CI_JOB_URL"));
    Ok(Context { system: System::Gitlab, api, repository, about, commit, run })
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn check(variables: &[(&str, &str)], event: Value, number: Option<u64>, expected: About) {
        let all = [("GITHUB_REPOSITORY", "o/r"), ("GITHUB_SHA", SHA), ("GITHUB_RUN_ID", "7")];
        let variable = |name: &str| {
            variables.iter().chain(&all).find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        };
        let context = read(System::Github, number, &variable, &event).expect("a context");
        assert_eq!(context.about, expected, "{event}");
    }

    #[test]
    fn the_pull_request_is_known_by_the_event() {
        let name = |name| ("GITHUB_EVENT_NAME", name);
        check(&[name("pull_request")], json!({"pull_request": {"number": 3}}), None, About::Number(3));
        check(
            &[name("pull_request"), ("GITHUB_REF", "refs/pull/4/merge")],
            json!({}),
            None,
            About::Number(4),
        );
        check(&[name("push")], json!({}), None, About::Merged(SHA.to_owned()));
        check(&[name("push")], json!({}), Some(9), About::Number(9));
        check(&[name("merge_group")], json!({"pull_request": {"number": 3}}), None, About::Nothing);
        check(&[name("schedule")], json!({}), None, About::Nothing);
        let run = json!({"workflow_run": {"head_sha": SHA, "head_branch": "b", "id": 12, "pull_requests": [{"number": 1}],
            "head_repository": {"owner": {"login": "fork"}}}});
        let head = About::Head { commit: SHA.to_owned(), branch: Some("fork:b".to_owned()) };
        check(&[name("workflow_run")], run, None, head);
        check(&[name("workflow_run")], json!({"workflow_run": {"head_sha": "../x"}}), None, About::Nothing);
    }

    #[test]
    fn what_would_lead_elsewhere_is_refused() {
        for repository in ["o", "o/r/x", "o/..", "../r", "o/r?x", "/r", ""] {
            let variable = |name: &str| (name == "GITHUB_REPOSITORY").then(|| repository.to_owned());
            assert!(read(System::Github, None, &variable, &Value::Null).is_err(), "{repository}");
        }
        let variable = |name: &str| match name {
            "CI_API_V4_URL" => Some("https://x/api/v4".to_owned()),
            "CI_PROJECT_ID" => Some("1/../2".to_owned()),
            _ => None,
        };
        assert!(read(System::Gitlab, None, &variable, &Value::Null).is_err());
    }
}
