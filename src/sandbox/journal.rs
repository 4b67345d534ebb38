//! The state on disk: a file that only grows by whole lines, shared by every process that opens the folder.
//!
//! The first line names a generation, each further line is one change. A process that holds the lock reads
//! what others wrote since, does its work and adds its own lines with one write. Killed between, it leaves
//! at worst a last line without an end, which readers leave out and the next writer cuts off. A file that is
//! written anew (compacted, emptied) has another generation, so that everybody reads it from its start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::world::World;

const JOURNAL: &str = "sandbox.journal";
const LOCK: &str = "sandbox.lock";
const MAGIC: &str = "musher-sandbox 1 ";
/// The first line has exactly this length, its line feed included.
const HEADER: usize = MAGIC.len() + 16 + 1 + 16 + 1;
/// Bytes of a journal below which compacting isn't worth it.
const COMPACT_FROM: u64 = 4 << 20;

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("The sandbox can't use {path}: {source}. Check that the folder can be written to.")]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "The sandbox's state in {path} is damaged at line {line}. `musher sandbox reset` empties the sandbox."
    )]
    Damaged { path: PathBuf, line: usize },
}

/// Where this process stands in the journal of a folder.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    generation: String,
    /// Bytes and lines read so far.
    offset: u64,
    line: usize,
}

impl Journal {
    pub fn new(folder: &Path) -> Result<Self, SandboxError> {
        fs::create_dir_all(folder).map_err(|source| io_error(folder, source))?;
        Ok(Self { folder: folder.to_owned(), generation: String::new(), offset: 0, line: 0 })
    }

    /// Keeps all other processes out until the file is dropped.
    pub fn lock(&self) -> Result<File, SandboxError> {
        lock(&self.folder)
    }

    /// Brings what was written since the last time into the world. Needs the lock.
    pub fn catch_up(&mut self, world: &mut World) -> Result<(), SandboxError> {
        let path = self.folder.join(JOURNAL);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.write_anew("", 0)?;
                *world = world.emptied();
                return Ok(());
            }
            Err(source) => return Err(io_error(&path, source)),
        };
        let length = file.metadata().map_err(|source| io_error(&path, source))?.len();
        let mut header = [0; HEADER];
        if let Err(source) = file.read_exact(&mut header) {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                return Err(SandboxError::Damaged { path, line: 1 });
            }
            return Err(io_error(&path, source));
        }
        let Some((generation, serial)) = read_header(&header) else {
            return Err(SandboxError::Damaged { path, line: 1 });
        };
        if generation != self.generation || length < self.offset {
            *world = world.emptied();
            world.continue_after(serial);
            self.generation = generation;
            self.offset = HEADER as u64;
            self.line = 1;
        }
        if length > self.offset {
            self.read_tail(&mut file, world).map_err(|error| match error {
                Tail::Io(source) => io_error(&path, source),
                Tail::Damaged => SandboxError::Damaged { path, line: self.line },
            })?;
        }
        Ok(())
    }

    fn read_tail(&mut self, file: &mut File, world: &mut World) -> Result<(), Tail> {
        file.seek(SeekFrom::Start(self.offset)).map_err(Tail::Io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Tail::Io)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let Some(text) = bytes[..whole].utf8_chunks().next() else { return Ok(()) };
        for line in text.valid().split_inclusive('\n') {
            self.line += 1;
            let item = line.strip_suffix('\n').ok_or(Tail::Damaged)?;
            world.replay(item).ok_or(Tail::Damaged)?;
            self.offset += line.len() as u64;
        }
        if text.invalid().is_empty() {
            return Ok(());
        }
        // It may be the first byte of a line that is damaged.
        self.line += usize::from(text.valid().is_empty() || text.valid().ends_with('\n'));
        Err(Tail::Damaged)
    }

    /// Adds whole lines, after cutting off what a killed writer left. Needs the lock, and to have caught up.
    pub fn append(&mut self, lines: &str) -> Result<(), SandboxError> {
        let path = self.folder.join(JOURNAL);
        let mut file =
            OpenOptions::new().write(true).open(&path).map_err(|source| io_error(&path, source))?;
        let written = file
            .set_len(self.offset)
            .and_then(|()| file.seek(SeekFrom::Start(self.offset)))
            .and_then(|_| file.write_all(lines.as_bytes()));
        if let Err(source) = written {
            // A half line would be cut off by the next writer too; this only tidies up.
            let _ = file.set_len(self.offset);
            return Err(io_error(&path, source));
        }
        self.offset += lines.len() as u64;
        self.line += lines.matches('\n').count();
        Ok(())
    }

    /// Writes the journal anew if most of it is history. Needs the lock, and to have caught up.
    pub fn compact(&mut self, world: &World) -> Result<(), SandboxError> {
        // The lines are longer than what they hold.
        if self.offset < COMPACT_FROM || self.offset <= 2 * world.size() {
            return Ok(());
        }
        let lines = world.lines();
        if self.offset > 2 * lines.len() as u64 {
            self.write_anew(&lines, world.last_serial())?;
        }
        Ok(())
    }

    /// Takes everything away, as [`reset`].
    pub fn empty(&mut self) -> Result<(), SandboxError> {
        reset(&self.folder)
    }

    /// Makes the next catching up read the file from its start.
    pub fn forget(&mut self) {
        self.generation.clear();
    }

    fn write_anew(&mut self, lines: &str, serial: u64) -> Result<(), SandboxError> {
        let path = self.folder.join(JOURNAL);
        let generation = new_generation();
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(format!("{MAGIC}{generation} {serial:016x}\n").as_bytes())?;
            file.write_all(lines.as_bytes())?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map_err(|source| io_error(&path, source))?;
        self.generation = generation;
        self.offset = (HEADER + lines.len()) as u64;
        self.line = 1 + lines.matches('\n').count();
        Ok(())
    }
}

/// Empties the sandbox of a folder; processes that serve it go on with nothing. Other files stay.
pub fn reset(folder: &Path) -> Result<(), SandboxError> {
    if !folder.exists() {
        return Ok(());
    }
    let _held = lock(folder)?;
    let path = folder.join(JOURNAL);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(&path, source)),
        _ => Ok(()),
    }
}

enum Tail {
    Io(io::Error),
    Damaged,
}

fn lock(folder: &Path) -> Result<File, SandboxError> {
    let path = folder.join(LOCK);
    let open = || {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().map_err(|source| io_error(&path, source))
}

fn read_header(bytes: &[u8]) -> Option<(String, u64)> {
    let text = std::str::from_utf8(bytes).ok()?.strip_prefix(MAGIC)?.strip_suffix('\n')?;
    let (generation, serial) = text.split_once(' ')?;
    Some((generation.to_owned(), u64::from_str_radix(serial, 16).ok()?))
}

/// Sixteen digits that no other writing of the file has.
fn new_generation() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{:016x}", super::ids::mixed(time as u64 ^ u64::from(std::process::id()).rotate_left(40)))
}

fn io_error(path: &Path, source: io::Error) -> SandboxError {
    SandboxError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(folder: &Path) -> (Journal, World) {
        let (mut journal, mut world) = (Journal::new(folder).unwrap(), crate::sandbox::kinds::world());
        let _held = journal.lock().unwrap();
        journal.catch_up(&mut world).unwrap();
        (journal, world)
    }

    fn put(journal: &mut Journal, world: &mut World, id: &str, text: &str) {
        let _held = journal.lock().unwrap();
        journal.catch_up(world).unwrap();
        let serial = world.next_serial();
        world.put("slo", (serial, id), text.to_owned(), None);
        journal.append(&std::mem::take(&mut world.pending)).unwrap();
    }

    fn ids(world: &World) -> Vec<&str> {
        world.store("slo").iter().map(|item| item.id.as_str()).collect()
    }

    #[test]
    fn a_kill_at_any_byte_loses_at_most_the_last_change() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut world) = opened(folder.path());
        put(&mut journal, &mut world, "a", r#"{"name":"äöü"}"#);
        let sure = journal.offset;
        put(&mut journal, &mut world, "b", r#"{"name":"late"}"#);
        let bytes = fs::read(folder.path().join(JOURNAL)).unwrap();
        for length in sure as usize..bytes.len() {
            fs::write(folder.path().join(JOURNAL), &bytes[..length]).unwrap();
            let (mut journal, mut world) = opened(folder.path());
            assert_eq!(ids(&world), ["a"], "cut at {length}");
            put(&mut journal, &mut world, "c", "{}");
            assert_eq!(ids(&opened(folder.path()).1), ["a", "c"], "cut at {length}");
        }
    }

    #[test]
    fn two_of_one_folder_see_each_other_through_a_reset() {
        let folder = tempfile::tempdir().unwrap();
        let (mut one, mut here) = opened(folder.path());
        let (mut two, mut there) = opened(folder.path());
        put(&mut one, &mut here, "a", "{}");
        put(&mut two, &mut there, "b", "{}");
        one.catch_up(&mut here).unwrap();
        assert_eq!((ids(&here), ids(&there)), (vec!["a", "b"], vec!["a", "b"]));
        reset(folder.path()).unwrap();
        put(&mut two, &mut there, "c", "{}");
        one.catch_up(&mut here).unwrap();
        assert_eq!((ids(&here), ids(&there)), (vec!["c"], vec!["c"]));
    }

    #[test]
    fn compacting_keeps_objects_and_serials() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut world) = opened(folder.path());
        let big = format!(r#"{{"name":"{}"}}"#, "x".repeat(1 << 20));
        for _ in 0..10 {
            put(&mut journal, &mut world, "a", &big);
        }
        let before = journal.offset;
        journal.compact(&world).unwrap();
        assert!(journal.offset < before / 5);
        let (_, again) = opened(folder.path());
        assert_eq!((ids(&again), again.last_serial()), (vec!["a"], world.last_serial()));
    }

    #[test]
    fn damage_is_told_with_its_line_and_the_way_out() {
        let damages = ["", "nonsense", "musher-sandbox 1 0123456789abcdef 0000000000000000\nnonsense\n+\n"];
        for (text, line) in damages.into_iter().zip([1, 1, 2]) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(JOURNAL), text).unwrap();
            let mut journal = Journal::new(folder.path()).unwrap();
            let error = journal.catch_up(&mut crate::sandbox::kinds::world()).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}.")) && error.contains("sandbox reset"), "{error}");
            reset(folder.path()).unwrap();
            journal.catch_up(&mut crate::sandbox::kinds::world()).unwrap();
        }
    }

    #[test]
    fn a_reset_takes_only_what_is_the_sandboxs() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        drop(opened(folder.path()));
        reset(folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join("notes.txt")).unwrap(), b"mine");
        assert!(!folder.path().join(JOURNAL).exists());
        reset(&folder.path().join("absent")).unwrap();
    }
}
