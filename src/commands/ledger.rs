//! What an export wrote into a folder, so that the next one reads only what has changed since, and an interrupted one goes
//! on where it was.
//!
//! One line of JSON for each object, written before its file, with the sum of its text: a line that is cut off counts as
//! none, and so does one whose file says something else. What a person changed in
//! a file, or took away, is read again.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::args::Format;
use crate::files;

/// Hidden, so that no one takes it for an export.
const NAME: &str = ".musher-export";
/// Its first line is not longer.
const HEAD: u64 = 4096;
/// A larger one is not read.
const LARGEST: u64 = 64 << 20;

pub struct Ledger {
    path: Utf8PathBuf,
    /// By section and id.
    lines: BTreeMap<(String, String), Line>,
    is_new: bool,
    head: Head,
}

/// Another version may write other files, another format does, and another site has other objects.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Head {
    musher: String,
    site: String,
    format: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    section: String,
    id: String,
    /// The time of the object's last change.
    modified: String,
    file: String,
    sum: String,
}

impl Ledger {
    pub fn open(folder: &Utf8Path, site: &str, format: Format) -> Self {
        let path = folder.join(NAME);
        let head = Head {
            musher: env!("CARGO_PKG_VERSION").to_owned(),
            site: site.to_owned(),
            format: format!("{format:?}").to_lowercase(),
        };
        // A pipe or a link to somewhere else is not read.
        let is_plain =
            std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= LARGEST);
        let text = if is_plain { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
        let mut rows = text.lines();
        let is_ours =
            rows.next().and_then(|row| serde_json::from_str(row).ok()).is_some_and(|own: Head| own == head);
        let known = rows.filter(|_| is_ours).filter_map(|row| serde_json::from_str::<Line>(row).ok());
        let lines = known.map(|line| ((line.section.clone(), line.id.clone()), line)).collect();
        Self { path, lines, is_new: !is_ours, head }
    }

    /// Whether what is there now, perhaps since another run began it, is of this version, site and format.
    fn is_begun(&self) -> bool {
        let mut first = String::new();
        // Looked at before it is opened: opening a pipe would wait for ever.
        let is_plain = std::fs::symlink_metadata(&self.path).is_ok_and(|about| about.is_file());
        let file = if is_plain { std::fs::File::open(&self.path).ok() } else { None };
        let read = file.and_then(|file| BufReader::new(file).take(HEAD).read_line(&mut first).ok());
        read.is_some() && serde_json::from_str::<Head>(&first).is_ok_and(|own| own == self.head)
    }

    /// The file of an object, where it still says what was written when the object was changed last.
    pub fn holds(&self, section: &str, id: &str, modified: &str, stem: &str) -> Option<Utf8PathBuf> {
        let line = self.lines.get(&(section.to_owned(), id.to_owned()))?;
        let is_named = line.file.rsplit_once('.').is_some_and(|(own, _)| own == stem);
        if line.modified != modified || modified.is_empty() || !is_named {
            return None;
        }
        let path = files::inside(self.path.parent()?, Utf8Path::new(&line.file)).ok()?;
        let text = std::fs::metadata(&path)
            .ok()
            .filter(std::fs::Metadata::is_file)
            .and_then(|_| std::fs::read(&path).ok())?;
        (sum(&text) == line.sum).then_some(path)
    }

    /// The files of objects of a section that are not among these, or have another name now.
    pub fn others(&self, section: &str, stems: &BTreeMap<String, String>) -> Vec<Utf8PathBuf> {
        let of_section = self.lines.iter().filter(|((own, _), _)| own == section);
        let stale = of_section.filter(|((_, id), line)| {
            let stem = line.file.rsplit_once('.').map_or(line.file.as_str(), |(stem, _)| stem);
            stems.get(id).is_none_or(|own| own != stem)
        });
        let folder = self.path.parent().unwrap_or(Utf8Path::new(""));
        let inside = |file: &str| files::inside(folder, Utf8Path::new(file)).ok();
        stale.filter_map(|(_, line)| inside(&line.file)).filter(|path| path.exists()).collect()
    }

    /// Notes a file that is about to be written: one that is there is known, however the run ends. That it can't be noted
    /// costs a request next time, nothing more.
    pub fn note(&mut self, (section, id): (&str, &str), modified: &str, path: &Utf8Path, text: &[u8]) {
        let Some(file) = path.file_name() else { return };
        let line = Line {
            section: section.to_owned(),
            id: id.to_owned(),
            modified: modified.to_owned(),
            file: file.to_owned(),
            sum: sum(text),
        };
        let mut rows = String::new();
        if std::mem::take(&mut self.is_new) && !self.is_begun() {
            // What is there belongs to another version, or is none of ours.
            let _ = std::fs::remove_file(&self.path);
            rows.extend(serde_json::to_string(&self.head).ok().map(|row| row + "\n"));
        } else {
            // A line that was cut off ends here.
            rows.push('\n');
        }
        rows.extend(serde_json::to_string(&line).ok().map(|row| row + "\n"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path);
        let _ = file.and_then(|mut file| file.write_all(rows.as_bytes()));
        self.lines.insert((section.to_owned(), id.to_owned()), line);
    }
}

fn sum(text: &[u8]) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_its_place_is_replaced_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a path");
        let made = std::process::Command::new("mkfifo").arg(folder.join(NAME)).status().expect("mkfifo");
        assert!(made.success());
        let mut ledger = Ledger::open(folder, "datadoghq.eu", Format::Json);
        ledger.note(("dashboards", "1"), "T", &folder.join("a-1.json"), b"{}");
        let about = std::fs::symlink_metadata(folder.join(NAME)).expect("a ledger");
        assert!(about.is_file());
    }

    #[test]
    fn what_was_written_is_known_until_it_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a path");
        let file = folder.join("a-1.json");
        std::fs::write(&file, "{}").expect("written");
        let mut ledger = Ledger::open(folder, "datadoghq.eu", Format::Json);
        assert_eq!(ledger.holds("dashboards", "1", "T", "a-1"), None);
        ledger.note(("dashboards", "2"), "T", &folder.join("absent.json"), b"{}");
        // Another run that began at the same time takes nothing away from this one.
        let mut other = Ledger { is_new: true, ..Ledger::open(folder, "datadoghq.eu", Format::Json) };
        other.note(("dashboards", "3"), "T", &folder.join("absent.json"), b"{}");
        assert!(Ledger::open(folder, "datadoghq.eu", Format::Json).lines.len() == 2);
        ledger.note(("dashboards", "1"), "T", &file, b"{}");
        let again = || Ledger::open(folder, "datadoghq.eu", Format::Json);
        assert!(again().holds("dashboards", "1", "T", "a-1").is_some());
        for (section, id, modified, stem) in [
            ("slos", "1", "T", "a-1"),
            ("dashboards", "1", "U", "a-1"),
            ("dashboards", "1", "T", "b-1"),
            ("dashboards", "2", "T", "a-1"),
        ] {
            assert_eq!(again().holds(section, id, modified, stem), None, "{section} {id} {modified} {stem}");
        }
        for (site, format) in [("datadoghq.com", Format::Json), ("datadoghq.eu", Format::Yaml)] {
            assert_eq!(Ledger::open(folder, site, format).holds("dashboards", "1", "T", "a-1"), None);
        }
        assert_eq!(again().others("dashboards", &BTreeMap::new()), std::slice::from_ref(&file));
        assert!(
            again().others("dashboards", &BTreeMap::from([("1".to_owned(), "a-1".to_owned())])).is_empty()
        );
        // Cut at any byte, it knows the file or it doesn't.
        let whole = std::fs::read(folder.join(NAME)).expect("a ledger");
        for cut in 0..whole.len() {
            std::fs::write(folder.join(NAME), &whole[..cut]).expect("written");
            let mut ledger = again();
            assert!(ledger.holds("dashboards", "1", "T", "a-1").is_none() || cut + 1 >= whole.len(), "{cut}");
            ledger.note(("dashboards", "1"), "T", &file, b"{}");
            assert!(again().holds("dashboards", "1", "T", "a-1").is_some(), "{cut}");
        }
        std::fs::write(&file, "{ }").expect("written");
        assert_eq!(again().holds("dashboards", "1", "T", "a-1"), None);
        for hostile in [
            r#"{"section":"dashboards","id":"1","modified":"T","file":"../../etc/passwd.json","sum":""}"#,
            "null",
            "{",
        ] {
            std::fs::write(
                folder.join(NAME),
                format!(
                    "{}\n{hostile}\n",
                    String::from_utf8_lossy(&whole).lines().next().unwrap_or_default()
                ),
            )
            .expect("written");
            assert_eq!(again().holds("dashboards", "1", "T", "passwd"), None);
            assert!(again().others("dashboards", &BTreeMap::new()).is_empty());
        }
    }
}
