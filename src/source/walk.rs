//! The files below a folder of the project, in a stable order, never outside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use globset::GlobBuilder;

use super::stored::{Node, Stored};
use crate::diagnostic::Diagnostic;

/// The most files that one project may have.
const MAX_FILES: usize = 200_000;
/// How deep folders may nest.
const MAX_FOLDERS: usize = 64;

/// The project's folder, as it is named; and where its files are.
#[derive(Clone, Debug)]
pub struct Root {
    pub path: Utf8PathBuf,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// On the disk, as the system resolves the path.
    Disk(PathBuf),
    Stored(Arc<dyn Stored>),
}

impl Root {
    pub fn new(path: &Utf8Path) -> Self {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.as_std_path().to_owned());
        Self { path: path.to_owned(), place: Place::Disk(real) }
    }

    /// The same folder with the files that are stored elsewhere in place of those on the disk.
    pub fn with(path: &Utf8Path, stored: Arc<dyn Stored>) -> Self {
        Self { path: path.to_owned(), place: Place::Stored(stored) }
    }

    pub fn stored(&self) -> Option<&dyn Stored> {
        match &self.place {
            Place::Disk(_) => None,
            Place::Stored(stored) => Some(stored.as_ref()),
        }
    }

    pub fn join(&self, relative: &Utf8Path) -> Utf8PathBuf {
        self.path.join(relative)
    }

    pub fn is_dir(&self, relative: &Utf8Path) -> bool {
        match &self.place {
            Place::Disk(_) => self.join(relative).is_dir(),
            Place::Stored(stored) => matches!(stored.look(relative), Some(Node::Folder(_))),
        }
    }

    pub fn is_file(&self, relative: &Utf8Path) -> bool {
        match &self.place {
            Place::Disk(_) => self.join(relative).is_file(),
            Place::Stored(stored) => stored.look(relative) == Some(Node::File),
        }
    }

    pub fn exists(&self, relative: &Utf8Path) -> bool {
        match &self.place {
            Place::Disk(_) => self.join(relative).exists(),
            Place::Stored(stored) => stored.look(relative).is_some(),
        }
    }

    /// The bytes of a file of the project, if they are no more than these.
    pub fn bytes(&self, relative: &Utf8Path, most: u64) -> Option<Vec<u8>> {
        if let Some(stored) = self.stored() {
            return stored.read(relative, most).ok();
        }
        let path = self.join(relative);
        let fits = fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= most);
        if fits && !self.leaves(relative) { fs::read(&path).ok() } else { None }
    }

    /// What a path is in truth, where that lies below the root.
    fn below(&self, path: &Path) -> Option<PathBuf> {
        let Place::Disk(root) = &self.place else { return None };
        fs::canonicalize(path).ok().filter(|real| real.starts_with(root))
    }

    /// Whether a path leads out of the project, through a link. What is stored has no such links.
    pub fn leaves(&self, relative: &Utf8Path) -> bool {
        let path = self.join(relative);
        self.stored().is_none() && path.exists() && self.below(path.as_std_path()).is_none()
    }
}

/// A path as it stands in a file, from the folder of that file; `None` where it is absolute or leads
/// out of the project.
pub fn resolve(folder: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    if path.starts_with(['/', '\\']) || path.contains('\0') || Utf8Path::new(path).is_absolute() {
        return None;
    }
    let mut steps: Vec<&str> = folder.as_str().split('/').filter(|step| !step.is_empty()).collect();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/").into())
}

/// What stands below a folder.
pub struct Walked {
    pub files: Vec<Utf8PathBuf>,
    /// Hidden files and folders, which were skipped.
    pub hidden: Vec<Utf8PathBuf>,
    pub faults: Vec<Diagnostic>,
}

/// Every file below a folder that `wanted` takes, relative to the root, sorted. Hidden files and
/// folders are skipped; links that leave the project are refused.
pub fn files(root: &Root, folder: &Utf8Path, wanted: &dyn Fn(&Utf8Path) -> bool) -> Walked {
    if let Some(stored) = root.stored() {
        return stored_files(stored, folder, wanted);
    }
    let mut walk = Walk { root, wanted, found: Vec::new(), hidden: Vec::new(), faults: Vec::new() };
    let start = root.join(folder);
    let mut open: Vec<(Utf8PathBuf, Vec<PathBuf>)> = Vec::new();
    match root.below(start.as_std_path()) {
        Some(real) => open.push((folder.to_owned(), vec![real])),
        None if start.exists() => walk.refuse(folder),
        None => {}
    }
    while let Some((folder, around)) = open.pop() {
        walk.folder(&folder, &around, &mut open);
        if walk.found.len() > MAX_FILES {
            walk.faults.push(too_many());
            walk.found.clear();
            break;
        }
    }
    // By their steps, as paths are compared; to take each apart at every comparison costs more than all the rest.
    walk.found.sort_by_cached_key(|path| path.as_str().replace('/', "\0"));
    Walked { files: walk.found, hidden: walk.hidden, faults: walk.faults }
}

/// Folders that hold what others wrote.
const FOREIGN: [&str; 2] = ["node_modules", "target"];

/// The files that a path or glob names, as it stands in `musher.yaml`; as [`files`].
pub fn matching(root: &Root, pattern: &str) -> Walked {
    let path = Utf8Path::new(pattern);
    let mut walked = Walked { files: Vec::new(), hidden: Vec::new(), faults: Vec::new() };
    if !pattern.contains(['*', '?', '[', '{']) || root.is_file(path) {
        walked.files.extend(root.is_file(path).then(|| path.to_owned()));
        return walked;
    }
    let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return walked };
    let glob = glob.compile_matcher();
    let fixed: Vec<&str> =
        pattern.split('/').take_while(|step| !step.contains(['*', '?', '[', '{'])).collect();
    let wanted = |path: &Utf8Path| {
        let foreign = path.file_name().is_some_and(|name| FOREIGN.contains(&name));
        glob.is_match(path) || (!foreign && root.is_dir(path))
    };
    files(root, Utf8Path::new(&fixed.join("/")), &wanted)
}

fn too_many() -> Diagnostic {
    Diagnostic::error("too-large", format!("The project has more than {MAX_FILES} files"), None)
        .help("set `definitions:` in `musher.yaml` to the folder of the definitions")
}

/// The same of files that are not on the disk.
fn stored_files(stored: &dyn Stored, folder: &Utf8Path, wanted: &dyn Fn(&Utf8Path) -> bool) -> Walked {
    let mut walked = Walked { files: Vec::new(), hidden: Vec::new(), faults: Vec::new() };
    let mut open = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let Some(Node::Folder(names)) = stored.look(&folder) else { continue };
        for name in names {
            let path = folder.join(&name);
            if name.starts_with('.') {
                walked.hidden.push(path);
                continue;
            }
            match stored.look(&path) {
                Some(Node::Folder(_)) if depth < MAX_FOLDERS && wanted(&path) => open.push((path, depth + 1)),
                Some(Node::File) if wanted(&path) => walked.files.push(path),
                _ => {}
            }
        }
        if walked.files.len() > MAX_FILES {
            walked.faults.push(too_many());
            walked.files.clear();
            break;
        }
    }
    walked.files.sort();
    walked
}

struct Walk<'a> {
    root: &'a Root,
    wanted: &'a dyn Fn(&Utf8Path) -> bool,
    found: Vec<Utf8PathBuf>,
    hidden: Vec<Utf8PathBuf>,
    faults: Vec<Diagnostic>,
}

impl Walk<'_> {
    /// `around`: the real folders on the way down, the last one this folder itself.
    fn folder(&mut self, folder: &Utf8Path, around: &[PathBuf], open: &mut Vec<(Utf8PathBuf, Vec<PathBuf>)>) {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(folder, &error),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.unreadable(folder, &error),
            };
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                self.hidden.extend(name.to_str().map(|name| folder.join(name)));
                continue;
            }
            let Some(name) = name.to_str() else {
                self.faults.push(
                    Diagnostic::error(
                        "not-utf8",
                        format!("The name of the file `{folder}/{}` is not UTF-8", name.to_string_lossy()),
                        None,
                    )
                    .help("rename the file"),
                );
                continue;
            };
            let path = folder.join(name);
            // What is not a link is where it seems to be; only of a link the system is asked where it leads.
            let plain = entry.file_type().ok().filter(|what| what.is_file() || what.is_dir());
            let seen = match (plain, around.last()) {
                (Some(what), Some(folder)) => Some((folder.join(name), what.is_dir())),
                _ => self.root.below(&entry.path()).map(|real| (real.clone(), real.is_dir())),
            };
            let Some((real, is_dir)) = seen else {
                self.refuse(&path);
                continue;
            };
            if !is_dir {
                if (self.wanted)(&path) {
                    self.found.push(path);
                }
            } else if around.contains(&real) || around.len() >= MAX_FOLDERS {
                self.faults.push(
                    Diagnostic::error(
                        "link-loop",
                        format!("The folder `{path}` leads back into itself"),
                        None,
                    )
                    .help("remove the link"),
                );
            } else if (self.wanted)(&path) {
                open.push((path, around.iter().cloned().chain([real]).collect()));
            }
        }
    }

    fn refuse(&mut self, path: &Utf8Path) {
        let dangling = !self.root.join(path).exists();
        let what = if dangling { "leads nowhere" } else { "leads out of the project" };
        self.faults.push(
            Diagnostic::error("outside-root", format!("The link `{path}` {what}"), None)
                .help("remove the link, or put what it names below the folder of `musher.yaml`"),
        );
    }

    fn unreadable(&mut self, folder: &Utf8Path, error: &std::io::Error) {
        let text = format!("The folder `{folder}` can't be read: {error}");
        self.faults.push(Diagnostic::error("unreadable", text, None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        for (folder, path, expected) in [
            ("monitors/a", "x.json", Some("monitors/a/x.json")),
            ("monitors", "../inventory/./x.json", Some("inventory/x.json")),
            ("monitors", "../../x", None),
            ("", "../x", None),
            ("monitors", "/etc/passwd", None),
            ("monitors", "a/../../..", None),
        ] {
            let resolved = resolve(Utf8Path::new(folder), path);
            assert_eq!(resolved.as_deref().map(Utf8Path::as_str), expected, "{folder} {path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_only() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["p/m/b", "p/m/.hidden", "p/shared", "out"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in
            ["p/m/z.yaml", "p/m/b/a.yaml", "p/m/.hidden/x.yaml", "p/shared/s.yaml", "out/o.yaml", "p/m/x.md"]
        {
            fs::write(at(name), "").unwrap();
        }
        symlink(at("p/shared"), at("p/m/link")).unwrap();
        symlink(at("out"), at("p/m/out")).unwrap();
        symlink(at("p/m"), at("p/m/b/loop")).unwrap();
        symlink("nowhere", at("p/m/gone.yaml")).unwrap();
        let root = Root::new(Utf8Path::from_path(&at("p")).unwrap());
        let Walked { files, hidden, faults } =
            files(&root, Utf8Path::new("m"), &|path| path.extension() != Some("md"));
        assert_eq!(hidden, ["m/.hidden"]);
        assert_eq!(files, ["m/b/a.yaml", "m/link/s.yaml", "m/z.yaml"]);
        let mut codes: Vec<_> = faults.into_iter().map(|fault| (fault.code, fault.text)).collect();
        codes.sort();
        assert_eq!(
            codes,
            [
                ("link-loop", "The folder `m/b/loop` leads back into itself".to_owned()),
                ("outside-root", "The link `m/gone.yaml` leads nowhere".to_owned()),
                ("outside-root", "The link `m/out` leads out of the project".to_owned()),
            ]
        );
    }
}
