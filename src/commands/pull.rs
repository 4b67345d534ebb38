//! `musher pull`: what was edited in the UI goes into the definitions that made it.

use std::collections::BTreeMap;

use super::bring::{Brought, Told, bring};
use super::undo::{File, Rewritten, rewrite};
use super::{Invocation, start};
use crate::args::{self, Common, Exit, Format};
use crate::config;
use crate::git::{Branch, Committed};
use crate::model::{Address, count};
use crate::render::{self, Stream};

/// Names of what is declared and not live.
const ABSENT: usize = 5;

pub async fn run(invocation: &Invocation<'_>, options: &args::Pull) -> anyhow::Result<Exit> {
    invocation.format(&[Format::Text])?;
    anyhow::ensure!(
        invocation.common.only.is_empty(),
        "the addresses say themselves what is pulled: leave `--only` out"
    );
    let common = Common { only: options.globs.clone(), ..invocation.common.clone() };
    let invocation = &Invocation { common: &common, ..*invocation };
    // Before the service is asked for anything.
    let branch = options.branch.as_ref().map(|name| branch(invocation, name)).transpose()?;
    let brought = bring(invocation, options).await?;
    let mut ending = String::new();
    match &branch {
        Some(branch) => ending = commit(branch, &brought)?,
        None if options.dry_run => {
            let patch: String = brought.rewritten.iter().map(Rewritten::patch).collect();
            invocation.answer(|out, _| out.write_all(patch.as_bytes()))?;
        }
        None => rewrite(&brought.root, &brought.rewritten)?,
    }
    tell(invocation, options, &brought.told, &ending)
}

fn branch(invocation: &Invocation<'_>, name: &str) -> anyhow::Result<Branch> {
    let root = config::find(&start(invocation.common)?)?;
    // The whole name of a branch is its name, too.
    Ok(Branch::new(&root, name.strip_prefix("refs/heads/").unwrap_or(name))?)
}

/// Commits what was pulled to the branch, and says how it becomes a pull request.
fn commit(branch: &Branch, brought: &Brought) -> anyhow::Result<String> {
    let Brought { root, rewritten, read, told } = brought;
    let name = branch.name();
    if rewritten.is_empty() {
        return Ok(format!("Nothing was pulled, and no branch `{name}` made.\n"));
    }
    let mut files = Vec::new();
    for own in rewritten {
        let File { before, text, .. } = own.file(root)?;
        let (before, after) = (before.unwrap_or_default(), text.into_bytes());
        files.push(Committed { path: own.path.clone(), before, after });
    }
    let pulled: Vec<String> = told
        .iter()
        .filter(|(_, told)| matches!(told, Told::Pulled { .. }))
        .map(|(address, _)| render::sanitize::clean(address.as_str()).into_owned())
        .collect();
    let subject = match &pulled[..] {
        [only] => format!("Bring back the UI edit of {only}"),
        more => format!("Bring back UI edits of {} objects", count(more.len())),
    };
    let list: String = pulled.iter().map(|address| format!("- {address}\n")).collect();
    let commit = branch.commit(&files, &format!("{subject}\n\n{list}"))?;
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    let mut said = format!(
        "Committed as {} to the branch `{name}`, on top of {}; your branch, files and index are as they were.\n",
        short(&commit),
        short(&branch.head)
    );
    let beside: Vec<String> = branch.uncommitted()?.into_iter().filter(|path| read.contains(path)).collect();
    if !beside.is_empty() {
        said.push_str(&format!(
            "It was proved beside what is not committed yet, which it does not hold: {}\n",
            beside.join(", ")
        ));
    }
    // A name that a shell would take for more than a word is left to its bearer.
    if let Some(word) = render::shell::word(name) {
        said.push_str(&format!(
            "To open a pull request:\n  git push -u origin {word}\n  gh pr create --head {word} --fill   (GitLab: glab mr \
             create --source-branch {word} --fill)\n"
        ));
    }
    Ok(said)
}

/// Names every resource that was edited, and what became of the edit.
fn tell(
    invocation: &Invocation<'_>,
    options: &args::Pull,
    told: &BTreeMap<Address, Told>,
    ending: &str,
) -> anyhow::Result<Exit> {
    let is_absent = |told: &Told| matches!(told, Told::Absent);
    let named = || told.iter().filter(|(_, told)| !is_absent(told));
    let width = named().map(|(address, _)| address.as_str().len()).max().unwrap_or_default();
    let mut lines = String::new();
    // The same edit of all instances of a template is told once.
    let mut said: BTreeMap<(&String, &String), &Address> = BTreeMap::new();
    let environment = invocation.common.environment.as_deref();
    for (address, told) in named() {
        match told {
            Told::Absent => {}
            Told::Gone { place } => {
                let undo = render::choices::undo(address, environment);
                let undo = undo.map_or("an apply".to_owned(), |command| format!("`{command}`"));
                lines.push_str(&format!(
                    "{address:width$}  gone: somebody deleted it. {undo} makes it again; to let it go, take its definition \
                     out ({}:{})\n",
                    place.file, place.line
                ));
            }
            Told::Pulled { files, notes } => {
                let done = match (options.dry_run, &options.branch) {
                    (true, _) => "would be pulled into",
                    (false, Some(_)) => "committed in",
                    (false, None) => "pulled into",
                };
                lines.push_str(&format!("{address:width$}  {done} {}\n", files.join(", ")));
                notes.iter().for_each(|note| lines.push_str(&format!("{:width$}  {note}\n", "")));
            }
            Told::Refused { why, patch } => {
                let first = said.entry((why, patch)).or_insert(address);
                if *first != address && !patch.is_empty() {
                    lines.push_str(&format!("{address:width$}  refused: as {first}\n"));
                    continue;
                }
                lines.push_str(&format!("{address:width$}  refused: {why}\n"));
                patch.lines().for_each(|line| lines.push_str(&format!("    {line}\n")));
            }
        }
    }
    if named().next().is_none() {
        lines.push_str("Nothing that is managed was edited in the UI.\n");
    }
    let absent = told.iter().filter(|(_, told)| is_absent(told)).map(|(address, _)| address.as_str());
    lines.push_str(&absent_line(&absent.collect::<Vec<_>>()));
    lines.push_str(ending);
    let stream = if options.dry_run { Stream::Err } else { Stream::Out };
    let text = render::sanitize::clean_lines(&lines).into_owned();
    let refused = told.values().any(|told| matches!(told, Told::Refused { .. } | Told::Gone { .. }));
    if !(options.dry_run && invocation.common.quiet && !refused) {
        render::print(stream, invocation.common.colors(), |out, _| out.write_all(text.as_bytes()))?;
    }
    Ok(if refused { Exit::Incomplete } else { Exit::Fine })
}

/// What is declared and not live.
fn absent_line(absent: &[&str]) -> String {
    if absent.is_empty() {
        return String::new();
    }
    let more = absent.len().saturating_sub(ABSENT);
    let more = if more > 0 { format!(" and {} more", count(more)) } else { String::new() };
    let (are, them) = if absent.len() == 1 { ("is", "it") } else { ("are", "them") };
    format!(
        "{}{more} {are} declared and not live, never applied or deleted in the UI: `musher apply` makes {them}; to let \
         {them} go, take {them} out of the definitions.\n",
        absent.iter().take(ABSENT).copied().collect::<Vec<_>>().join(", ")
    )
}
