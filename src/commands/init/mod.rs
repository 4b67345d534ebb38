//! `musher init`: a small project that works.

use camino::Utf8Path;

use super::{Desk, new_file, start};
use crate::args::{self, Ci, Exit};
use crate::config;
use crate::model::slug;

const DEFINITION: &str = include_str!("definition.yaml");
const WORKFLOW: &str = include_str!("workflow.yml");
/// The state of the sandbox is nobody else's.
const IGNORED: &str = ".musher/\n";

pub fn run(desk: &Desk<'_>, options: &args::Init) -> anyhow::Result<Exit> {
    let folder = start(desk.common)?;
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize_utf8()?;
    let mut files = vec![
        (config::FILE, format!("project: {}\n{}", project(&folder), include_str!("musher.yaml"))),
        ("monitors/example.yaml", DEFINITION.to_owned()),
        (".gitignore", IGNORED.to_owned()),
    ];
    if let Some(Ci::Github) = options.ci {
        files.push((".github/workflows/musher.yml", WORKFLOW.to_owned()));
    }
    for (path, text) in files {
        let wrote = write_new(&folder.join(path), &text)?;
        desk.say(&if wrote {
            format!("wrote {path}")
        } else {
            format!("{path} is there already: left as it is")
        })?;
    }
    desk.say("Next: `musher plan`, then `musher apply`. Nothing leaves this machine until an environment names a site.")?;
    Ok(Exit::Fine)
}

/// The folder's name, made to fit.
fn project(folder: &Utf8Path) -> String {
    let name = slug(folder.file_name().unwrap_or_default()).replace('.', "-");
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    if name.is_empty() { "project".to_owned() } else { name.to_owned() }
}

/// Writes a whole file that is not there yet; whether it did.
fn write_new(path: &Utf8Path, text: &str) -> anyhow::Result<bool> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    new_file(path, text.as_bytes())
}
