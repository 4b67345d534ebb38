//! Which commit, pull request and CI run a run of ours belongs to, as the environment of GitHub Actions or GitLab CI tells.

use super::attribute::{Attribute, text};
use super::variable::Variable;

/// The attributes of the span of a whole run.
pub fn attributes(variable: &Variable<'_>) -> Vec<Attribute> {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.eq_ignore_ascii_case("false"));
    let found = match (is_set("GITHUB_ACTIONS"), is_set("GITLAB_CI")) {
        (true, _) => github(variable),
        (_, true) => gitlab(variable),
        _ => [const { None }; 5],
    };
    const NAMES: [&str; 5] = [
        "vcs.ref.head.name",
        "vcs.ref.head.revision",
        "vcs.change.id",
        "cicd.pipeline.run.id",
        "cicd.pipeline.run.url.full",
    ];
    NAMES.into_iter().zip(found).filter_map(|(name, value)| Some(text(name, &value?))).collect()
}

/// In the order of their names.
fn github(variable: &Variable<'_>) -> [Option<String>; 5] {
    let change = variable("GITHUB_REF").and_then(|name| {
        let number = name.strip_prefix("refs/pull/")?.split('/').next()?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.to_owned())
    });
    let run = variable("GITHUB_RUN_ID");
    let server = variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let url = variable("GITHUB_REPOSITORY")
        .zip(run.as_ref())
        .map(|(repository, run)| format!("{}/{repository}/actions/runs/{run}", server.trim_end_matches('/')));
    [
        // The first names the branch of a pull request; of others, where it is empty, the second names the ref.
        variable("GITHUB_HEAD_REF").or_else(|| variable("GITHUB_REF_NAME")),
        variable("GITHUB_SHA"),
        change,
        run,
        url,
    ]
}

fn gitlab(variable: &Variable<'_>) -> [Option<String>; 5] {
    [
        variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").or_else(|| variable("CI_COMMIT_REF_NAME")),
        variable("CI_COMMIT_SHA"),
        variable("CI_MERGE_REQUEST_IID"),
        variable("CI_PIPELINE_ID"),
        variable("CI_PIPELINE_URL"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::attribute::Value;

    fn of(variables: &[(&str, &str)]) -> String {
        let variable =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let told = attributes(&variable).into_iter().map(|(name, value)| match value {
            Value::Text(value) => format!("{name}={value}"),
            other => panic!("{other:?}"),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn jobs_are_told_by_their_own_variables() {
        assert_eq!(of(&[("GITHUB_SHA", "abc")]), "");
        let pull = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_HEAD_REF", "add-slo"),
            ("GITHUB_SHA", "abc"),
            ("GITHUB_REF", "refs/pull/17/merge"),
            ("GITHUB_RUN_ID", "99"),
            ("GITHUB_REPOSITORY", "o/r"),
        ];
        assert_eq!(
            of(&pull),
            "vcs.ref.head.name=add-slo vcs.ref.head.revision=abc vcs.change.id=17 cicd.pipeline.run.id=99 \
             cicd.pipeline.run.url.full=https://github.com/o/r/actions/runs/99"
        );
        let push =
            [("GITHUB_ACTIONS", "true"), ("GITHUB_REF_NAME", "main"), ("GITHUB_REF", "refs/heads/main")];
        assert_eq!(of(&push), "vcs.ref.head.name=main");
        let merge = [
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_REF_NAME", "refs/merge-requests/4/head"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix"),
            ("CI_MERGE_REQUEST_IID", "4"),
            ("CI_PIPELINE_ID", "7"),
        ];
        assert_eq!(of(&merge), "vcs.ref.head.name=fix vcs.change.id=4 cicd.pipeline.run.id=7");
    }
}
