//! Files are written: plain ones whole or not at all, devices and pipes into, and none outside of its folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The longest name that every file system takes, in bytes.
const LONGEST: usize = 255;
/// At most this many links are followed one to the other.
const LINKS: usize = 40;
/// Names of devices, which Windows opens in every folder, whatever stands behind a `.`.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A stream of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardStream {
    Stdout,
    Stderr,
}

/// How a path is written to.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// This plain file, there or not, is replaced in one step.
    Replace(Utf8PathBuf),
    /// What is there is opened and written into: a device, a pipe.
    Into,
    /// The same, behind what is in it already: a file that this process or its parent has open.
    Append,
}

fn way(path: &Utf8Path) -> io::Result<Way> {
    let mut at = path.to_owned();
    for _ in 0..LINKS {
        let form = match fs::symlink_metadata(&at) {
            Ok(about) => about.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Way::Replace(at)),
            Err(error) => return Err(error),
        };
        // `/dev/fd/5` is not a name but what is open, which may have no name.
        if is_descriptor(&at) {
            return Ok(if fs::metadata(&at)?.is_file() { Way::Append } else { Way::Into });
        }
        if form.is_dir() {
            return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
        }
        if form.is_file() {
            return Ok(Way::Replace(at));
        }
        if !form.is_symlink() {
            return Ok(Way::Into);
        }
        let target = at.read_link_utf8()?;
        at = at.parent().unwrap_or(Utf8Path::new("")).join(target);
    }
    Err(io::Error::other("its links lead nowhere"))
}

/// Whether a path is one of those by which the system names what a process has open.
fn is_descriptor(path: &Utf8Path) -> bool {
    let folder = fs::canonicalize(folder_of(path.as_std_path()));
    folder.is_ok_and(|folder| {
        (folder.starts_with("/proc") && folder.ends_with("fd")) || folder == Path::new("/dev/fd")
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The stream of this process that a path names, as `/dev/stdout` does: to open it anew would begin at its start.
pub fn standard_stream(path: &Utf8Path) -> Option<StandardStream> {
    if matches!(way(path), Err(_) | Ok(Way::Replace(_))) {
        return None;
    }
    let about = fs::metadata(path).ok()?;
    [StandardStream::Stdout, StandardStream::Stderr].into_iter().find(|own| is_same(&about, *own))
}

#[cfg(unix)]
fn is_same(about: &fs::Metadata, own: StandardStream) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;

    let open = match own {
        StandardStream::Stdout => io::stdout().as_fd().try_clone_to_owned(),
        StandardStream::Stderr => io::stderr().as_fd().try_clone_to_owned(),
    };
    let open = open.map(File::from).and_then(|file| file.metadata());
    open.is_ok_and(|open| (open.dev(), open.ino()) == (about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: StandardStream) -> bool {
    false
}

/// Whether something stands there that is neither a folder nor a file with a name of its own: a device, a pipe.
pub fn is_special(path: &Utf8Path) -> bool {
    matches!(way(path), Ok(Way::Into | Way::Append))
}

/// Writes a text. A plain file is replaced in one step, so that a reader never sees half of it, and who may read
/// it stays as it was; so is the file that a link names. Devices and pipes are written into.
pub fn put(path: &Utf8Path, text: &[u8]) -> io::Result<()> {
    match way(path)? {
        Way::Replace(file) => replace(&file, text),
        Way::Into => OpenOptions::new().write(true).open(path)?.write_all(text),
        Way::Append => OpenOptions::new().append(true).open(path)?.write_all(text),
    }
}

fn replace(path: &Utf8Path, text: &[u8]) -> io::Result<()> {
    let old = fs::metadata(path);
    let written = beside(path.as_std_path()).and_then(|mut file| {
        file.as_file_mut().write_all(text)?;
        if let Ok(old) = &old {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.persist(path).map_err(|error| error.error)
    });
    match written {
        Err(error) if old.is_ok() && is_fixed(&error) => {
            OpenOptions::new().write(true).truncate(true).open(path)?.write_all(text)
        }
        written => written.map(drop),
    }
}

/// Whether a file can't be replaced where it stands, but perhaps be written: its folder is closed, or it is a mount.
fn is_fixed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy
    )
}

/// Whether a path can be written to, as far as that can be known before: nothing there is changed by this. What is
/// not a plain file is held open until the handle is dropped: a pipe whose only writer goes is at its end.
pub fn probe(path: &Utf8Path) -> io::Result<Option<File>> {
    if standard_stream(path).is_some() {
        return Ok(None);
    }
    match way(path)? {
        Way::Replace(file) => match beside(file.as_std_path()) {
            Err(error) if is_fixed(&error) && file.exists() => {
                OpenOptions::new().append(true).open(&file).map(drop)
            }
            made => made.map(drop),
        }
        .map(|()| None),
        Way::Into => OpenOptions::new().write(true).open(path).map(Some),
        Way::Append => OpenOptions::new().append(true).open(path).map(Some),
    }
}

/// Writes a whole file where nothing is; false where there is something, be it a link that leads nowhere.
pub fn create(path: &Path, text: &[u8]) -> io::Result<bool> {
    let mut file = beside(path)?;
    file.as_file_mut().write_all(text)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// What the name of a temporary file begins and ends with.
const TEMPORARY: (&str, &str) = (".musher-", ".tmp");
/// A file that another run takes for left behind is made anew so often.
const TRIES: usize = 8;

/// An empty temporary file in the folder of a path. It is locked for as long as it is written, so that one which a killed
/// run left behind can be told by [`sweep`].
pub fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    // As for any other new file, the umask decides.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder_of(path))?;
    for _ in 0..TRIES {
        // Where a volume knows no locks, nothing is swept either.
        let _ = file.as_file().lock();
        // Whoever swept between the making and the lock has taken it away.
        if file.path().exists() {
            break;
        }
        file = builder.tempfile_in(folder_of(path))?;
    }
    Ok(file)
}

/// Takes away the temporary files that killed runs left in a folder: those that nobody holds.
pub fn sweep(folder: &Utf8Path) {
    let folder = if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours =
            name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
        // Neither a pipe, which would wait for ever, nor what a link names.
        if !is_ours || !entry.file_type().is_ok_and(|form| form.is_file()) {
            continue;
        }
        let held = OpenOptions::new().read(true).write(true).open(entry.path());
        if let Ok(file) = held
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The place of a file whose name was made of words from outside: an id, a title, a mark. Every such path comes from
/// here. The error ends a sentence that begins with the path.
pub fn inside(root: &Utf8Path, relative: &Utf8Path) -> Result<Utf8PathBuf, &'static str> {
    if relative.as_str().is_empty() {
        return Err("is empty");
    }
    // Split by hand: what a platform takes for a part of a path differs.
    if relative.as_str().split('/').any(|name| !is_plain(name)) {
        return Err("is not a name that a file can have everywhere");
    }
    let path = root.join(relative);
    // A link that leads nowhere is there all the same, and what is written to it lands where it points to.
    if fs::symlink_metadata(&path).is_ok_and(|about| about.is_symlink()) && !path.exists() {
        return Err("is a link that leads nowhere");
    }
    within(root, &path).map(|_| path).ok_or("leads out of its folder, through a link")
}

/// Whether a name is one file on every system, and neither hidden nor a device.
fn is_plain(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let bare = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_device = DEVICES.contains(&bare)
        && if matches!(bare, "com" | "lpt") { stem.len() == bare.len() + 1 } else { stem == bare };
    let fits = |c: char| !c.is_control() && !matches!(c, '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*');
    !name.is_empty()
        && name.len() <= LONGEST
        && !is_device
        && !name.starts_with('.')
        && !name.ends_with(['.', ' '])
        && name.chars().all(fits)
}

/// What a path is in truth, where that is the root or below it.
pub fn within(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let (root, real) = (real(root)?, real(path)?);
    real.starts_with(&root).then_some(real)
}

/// What a path is in truth; of folders that are not there yet only the names are known.
fn real(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let current = || Utf8Path::new(".").canonicalize_utf8().ok();
    let (real, at) = path
        .ancestors()
        .filter(|at| !at.as_str().is_empty())
        .find_map(|at| Some((at.canonicalize_utf8().ok()?, at)))
        .or_else(|| Some((current()?, Utf8Path::new(""))))?;
    let rest = path.strip_prefix(at).ok()?;
    let is_name = |part: Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    rest.components()
        .all(is_name)
        .then(|| if rest.as_str().is_empty() { real.clone() } else { real.join(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn names_from_outside_stay_in_their_folder() {
        let (_held, root) = folder();
        for name in ["a.json", "a/b/c.yaml", "a..b.json", "console.json", "com10.json", "é.json"] {
            assert_eq!(inside(&root, Utf8Path::new(name)), Ok(root.join(name)), "{name}");
        }
        let long = "x".repeat(256);
        for name in [
            "",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            "a/.b",
            "a\0b",
            "a\nb",
            "c:a",
            "a\\b",
            "\\\\host\\share",
            "nul",
            "CON.json",
            "a/lpt1.yaml",
            "a.",
            "a ",
            &long,
        ] {
            assert!(inside(&root, Utf8Path::new(name)).is_err(), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nobody_out() {
        use std::os::unix::fs::symlink;
        let (_held, home) = folder();
        let root = home.join("root");
        fs::create_dir_all(root.join("own")).unwrap();
        fs::create_dir(home.join("out")).unwrap();
        symlink(home.join("out"), root.join("away")).unwrap();
        symlink("own", root.join("near")).unwrap();
        symlink(home.join("out/new"), root.join("dangling")).unwrap();
        symlink("own/new", root.join("dangling-near")).unwrap();
        assert!(inside(&root, Utf8Path::new("near/a")).is_ok());
        for name in ["away/a", "away", "dangling", "dangling-near"] {
            assert!(inside(&root, Utf8Path::new(name)).is_err(), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_plain_files_are_replaced() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let (_held, home) = folder();
        let (plain, link, chain, dangling) =
            (home.join("plain"), home.join("link"), home.join("chain"), home.join("dangling"));
        fs::write(&plain, "old").unwrap();
        symlink("plain", &link).unwrap();
        symlink(&link, &chain).unwrap();
        symlink("new", &dangling).unwrap();
        for (path, file) in [(&plain, "plain"), (&link, "plain"), (&chain, "plain"), (&dangling, "new")] {
            assert!(probe(path).unwrap().is_none());
            put(path, path.as_str().as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(home.join(file)).unwrap(), path.as_str());
        }
        assert!([&link, &chain, &dangling].iter().all(|path| path.is_symlink()));
        assert_eq!(put(&home, b"x").unwrap_err().kind(), ErrorKind::IsADirectory);
        assert!(probe(&home.join("none/x")).is_err() && put(&home.join("none/x"), b"").is_err());

        let held =
            OpenOptions::new().write(true).create(true).truncate(false).open(home.join("open")).unwrap();
        let path = Utf8PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held)));
        if path.exists() {
            let before = held.metadata().unwrap().ino();
            put(&path, b"one ").unwrap();
            put(&path, b"two").unwrap();
            assert_eq!(fs::read_to_string(home.join("open")).unwrap(), "one two");
            assert_eq!(fs::metadata(home.join("open")).unwrap().ino(), before);
            assert!(is_special(&path) && standard_stream(&path).is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_hits_nothing() {
        let (_held, home) = folder();
        assert!(create(home.join("a").as_std_path(), b"1").unwrap());
        assert!(!create(home.join("a").as_std_path(), b"2").unwrap());
        std::os::unix::fs::symlink("nowhere", home.join("link")).unwrap();
        assert!(!create(home.join("link").as_std_path(), b"2").unwrap());
        assert_eq!(fs::read(home.join("a")).unwrap(), b"1");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 2);
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_being_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let home = Utf8Path::from_path(folder.path()).unwrap();
        let held = beside(home.join("a").as_std_path()).unwrap();
        for name in [".musher-left.tmp", ".other.tmp", "b"] {
            fs::write(home.join(name), "ha").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("b", home.join(".musher-link.tmp")).unwrap();
        sweep(home);
        assert!(held.path().exists() && home.join("b").exists() && home.join(".other.tmp").exists());
        assert!(!home.join(".musher-left.tmp").exists());
        assert_eq!(fs::symlink_metadata(home.join(".musher-link.tmp")).is_ok(), cfg!(unix));
        // As a killed run leaves it: there, and nobody's.
        let (file, left) = held.keep().unwrap();
        sweep(home);
        assert!(left.exists());
        drop(file);
        sweep(home);
        assert!(!left.exists());
        assert!(create(home.join("a").as_std_path(), b"1").unwrap());
    }
}
