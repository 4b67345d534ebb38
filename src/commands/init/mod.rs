//! `musher init`: a small project that works.

mod ci;

use camino::Utf8Path;
use serde_json::Value;

use super::{Invocation, new_file, replace_file, start};
use crate::args::{self, Exit};
use crate::config;
use crate::diagnostic::Sources;
use crate::model::slug;
use crate::schema::{File, schema};

const DEFINITION: &str = include_str!("definition.yaml");
/// The state of the sandbox belongs to nobody else.
const IGNORED: &str = ".musher/";
const GITIGNORE: &str = ".gitignore";

pub fn run(invocation: &Invocation<'_>, options: &args::Init) -> anyhow::Result<Exit> {
    let folder = start(invocation.common)?;
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize_utf8()?;
    let is_new = std::fs::symlink_metadata(folder.join(config::FILE)).is_err();
    let mut files = vec![(
        config::FILE,
        format!("project: {}\n{}", project(&folder), configuration(options.ci.is_some())),
    )];
    // Who has a project has definitions: an example among them would be applied.
    if is_new {
        files.push(("monitors/example.yaml", DEFINITION.to_owned()));
    }
    for (path, text) in files {
        let line = if options.editor { modeline(path) } else { String::new() };
        write(invocation, &folder, path, &format!("{line}{text}"))?;
    }
    ignore(invocation, &folder)?;
    if options.editor {
        editor(invocation, &folder)?;
    }
    if let Some(system) = options.ci {
        // The environments are those of the file that stands there now. What is wrong with it other commands report.
        let (config, _) = config::read(&folder, invocation.hosts, &mut Sources::default());
        for (path, text) in ci::files(system, config.as_ref()) {
            write(invocation, &folder, path, &text)?;
        }
        invocation.say("The keys of each environment go where the files say: those that read and those that write apart.")?;
    }
    if !options.editor {
        invocation
            .say("Editors complete and check these files by a schema: `musher init --editor` writes it.")?;
    }
    invocation.say("Next: `musher plan`, then `musher apply`. Nothing leaves this machine until an environment names a site.")?;
    Ok(Exit::Fine)
}

/// The rest of `musher.yaml`: with a pipeline, which works on Datadog, the environment is not a comment.
fn configuration(live: bool) -> String {
    let text = include_str!("musher.yaml");
    if !live {
        return text.to_owned();
    }
    text.lines().map(|line| line.replacen("  # ", "  ", usize::from(is_example(line))) + "\n").collect()
}

fn is_example(line: &str) -> bool {
    let bare = line.trim_start_matches("  # ").trim_start();
    line.starts_with("  # ") && ["prod:", "site:", "keys:"].iter().any(|key| bare.starts_with(key))
}

/// Adds the line to `.gitignore`: what the sandbox keeps is nobody else's.
fn ignore(invocation: &Invocation<'_>, folder: &Utf8Path) -> anyhow::Result<()> {
    let path = folder.join(GITIGNORE);
    if new_file(&path, format!("{IGNORED}\n").as_bytes())? {
        return invocation.say(&format!("wrote {GITIGNORE}"));
    }
    let by_hand = || {
        invocation.say(&format!(
            "{GITIGNORE} is not a plain text file: add the line `{IGNORED}` to what git ignores"
        ))
    };
    // A link may lead to a file that others share.
    let Some(text) = (!path.is_symlink()).then(|| std::fs::read_to_string(&path).ok()).flatten() else {
        return by_hand();
    };
    let ignores = |line: &str| {
        let line = line.trim_end().trim_start_matches('/').trim_end_matches("/**").trim_end_matches("/*");
        line.trim_end_matches('/') == IGNORED.trim_end_matches('/')
    };
    if text.lines().any(ignores) {
        return invocation.say(&format!("{GITIGNORE} names {IGNORED} already: left as it is"));
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    replace_file(&path, format!("{text}{gap}{IGNORED}{end}").as_bytes())?;
    invocation.say(&format!("added {IGNORED} to {GITIGNORE}"))
}

/// The line by which the language server of an editor finds the schema of a file.
fn modeline(path: &str) -> String {
    let form = if path == config::FILE { File::Project } else { File::Definitions };
    let up = "../".repeat(path.matches('/').count());
    format!("# yaml-language-server: $schema={up}{}\n", schema_path(form))
}

fn schema_path(form: File) -> &'static str {
    match form {
        File::Definitions => "schema/definitions.json",
        File::Template => "schema/template.json",
        File::Project => "schema/project.json",
    }
}

/// Writes the schemas, anew where they are ours, and says which line makes an editor use them.
fn editor(invocation: &Invocation<'_>, folder: &Utf8Path) -> anyhow::Result<()> {
    let templates = super::schema::own_templates(invocation);
    for form in [File::Definitions, File::Template, File::Project] {
        let (name, text) = (schema_path(form), format!("{:#}\n", schema(form, &templates)));
        let path = folder.join(name);
        let title = |text: &str| serde_json::from_str::<Value>(text).ok()?.get("title").cloned();
        let old = std::fs::read_to_string(&path).ok().filter(|_| !path.is_symlink());
        match old.filter(|old| title(old).is_some() && title(old) == title(&text)) {
            Some(old) if old == text => invocation.say(&format!("{name} is up to date"))?,
            Some(_) => {
                replace_file(&path, text.as_bytes())?;
                invocation.say(&format!("wrote {name} anew"))?;
            }
            None => write(invocation, folder, name, &text)?,
        }
    }
    let line = modeline("monitors/any.yaml");
    invocation.say(&format!(
        "Editors take the schema by the first line of a file of monitors/: {}",
        line.trim_end()
    ))
}

/// The folder's name, made to fit.
fn project(folder: &Utf8Path) -> String {
    let name = slug(folder.file_name().unwrap_or_default()).replace('.', "-");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    if name.is_empty() { "project".to_owned() } else { name.to_owned() }
}

/// Writes a file that is not there yet, whole or not at all.
fn write(invocation: &Invocation<'_>, folder: &Utf8Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let wrote = new_file(&path, text.as_bytes())?;
    invocation.say(&if wrote {
        format!("wrote {name}")
    } else {
        format!("{name} is there already: left as it is")
    })
}
