//! `musher init`: a small project that works.

mod workflow;

use camino::Utf8Path;

use super::{Desk, new_file, start};
use crate::args::{self, Ci, Exit};
use crate::config;
use crate::diagnostic::Sources;
use crate::model::slug;

const DEFINITION: &str = include_str!("definition.yaml");
/// The state of the sandbox is nobody else's.
const IGNORED: &str = ".musher/\n";

pub fn run(desk: &Desk<'_>, options: &args::Init) -> anyhow::Result<Exit> {
    let folder = start(desk.common)?;
    std::fs::create_dir_all(&folder)?;
    let folder = folder.canonicalize_utf8()?;
    let files = vec![
        (config::FILE, format!("project: {}\n{}", project(&folder), include_str!("musher.yaml"))),
        ("monitors/example.yaml", DEFINITION.to_owned()),
        (".gitignore", IGNORED.to_owned()),
    ];
    for (path, text) in files {
        write(desk, &folder, path, &text)?;
    }
    if let Some(Ci::Github) = options.ci {
        // The environments are those of the file that stands there now. What is wrong with it other commands tell.
        let (config, _) = config::read(&folder, desk.hosts, &mut Sources::default());
        write(desk, &folder, ".github/workflows/musher.yml", &workflow::text(config.as_ref()))?;
        desk.say(
            "The workflow needs: the variables MUSHER_GIT and MUSHER_COMMIT, an environment of musher.yaml with a site, and \
             its keys as secrets. It says which.",
        )?;
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

/// Writes a file that is not there yet, whole or not at all.
fn write(desk: &Desk<'_>, folder: &Utf8Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let wrote = new_file(&path, text.as_bytes())?;
    desk.say(&if wrote { format!("wrote {name}") } else { format!("{name} is there already: left as it is") })
}
