//! Live bodies seen before, by id and time of the last change: a file that is safe to lose.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The first line of a file; another version's file is not read.
const HEAD: &str = "musher cache 1";
/// A larger file is not read, and none is written.
const LARGEST_FILE: usize = 512 << 20;
/// A larger body is not kept.
const LARGEST_BODY: usize = 16 << 20;

/// What one environment's objects looked like when last seen.
///
/// The file holds a line for each body: checksum, section, id, time of change, JSON, between tabs. It is
/// read whole, and a body is parsed when it is asked for.
#[derive(Debug, Default)]
pub struct Cache {
    /// Absent: nothing is read or written.
    file: Option<PathBuf>,
    text: String,
    seen: BTreeMap<Key, Entry>,
    /// How many objects of a section the last list held.
    counts: BTreeMap<String, usize>,
    /// By section and the id in a mark: the live object that bore it when last seen.
    bearers: BTreeMap<Key, String>,
    /// By section and id: marks whose live object is gone, and not by our hand.
    gone: BTreeSet<Key>,
    /// The rate limits that writes of a section met last.
    limits: BTreeMap<String, Limit>,
    changed: bool,
    /// Tells bodies that may not lie in a file.
    unfit: Option<fn(&str) -> bool>,
}

/// A rate limit as it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Limits of one name are one limit.
    pub name: String,
    pub requests: u64,
    pub seconds: u64,
}

/// Stand in the place of the time of change in the line of a limit, and of a bearer.
const LIMIT: &str = "limit";
const BEARER: &str = "bearer";
const GONE: &str = "gone";

/// Section and id.
type Key = (String, String);

#[derive(Debug)]
struct Entry {
    modified: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// A line of the file, its checksum not looked at yet.
    Line(Range<usize>),
    Fresh(String),
}

impl Cache {
    /// The cache of one environment, in the user's cache folder. `scope` tells environments apart: the
    /// URL of the API and the owner; only its hash is stored. No cache folder: as [`Cache::none`].
    pub fn open(scope: &str) -> Self {
        use etcetera::BaseStrategy as _;
        match etcetera::choose_base_strategy() {
            Ok(strategy) => Self::open_in(&strategy.cache_dir().join("musher"), scope),
            Err(_) => Self::none(),
        }
    }

    /// The same, that keeps no body of which this is true.
    pub fn without(self, unfit: fn(&str) -> bool) -> Self {
        Self { unfit: Some(unfit), ..self }
    }

    /// `--no-cache`: knows nothing and keeps nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same in a folder of one's choice.
    pub fn open_in(folder: &Path, scope: &str) -> Self {
        let hash: String = Sha256::digest(scope).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let file = folder.join(format!("{hash}.cache"));
        let small =
            std::fs::metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST_FILE as u64);
        // Unreadable or not text: as if it weren't there.
        let text = if small { std::fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
        let mut cache = Self { file: Some(file), text, ..Self::default() };
        cache.index();
        cache
    }

    /// The body of an object as it was at this time of change.
    pub fn get(&self, section: &str, id: &str, modified: &str) -> Option<Value> {
        let entry = self.seen.get(&(section.to_owned(), id.to_owned()))?;
        if entry.modified != modified {
            return None;
        }
        match &entry.body {
            Body::Fresh(json) => serde_json::from_str(json).ok(),
            Body::Line(range) => {
                let (sum, rest) = self.text[range.clone()].split_once('\t')?;
                let json = rest.rsplit_once('\t')?.1;
                (sum == checksum(rest)).then(|| serde_json::from_str(json).ok())?
            }
        }
    }

    /// Keeps a body; one version of each object.
    pub fn put(&mut self, section: &str, id: &str, modified: &str, body: &Value) {
        let json = body.to_string();
        let plain = |text: &str| !text.is_empty() && text.len() < 256 && !text.contains(char::is_control);
        if self.file.is_none() || json.len() > LARGEST_BODY || !plain(id) || !plain(modified) {
            return;
        }
        if self.unfit.is_some_and(|unfit| unfit(&json)) {
            return;
        }
        let entry = Entry { modified: modified.to_owned(), body: Body::Fresh(json) };
        self.seen.insert((section.to_owned(), id.to_owned()), entry);
        self.changed = true;
    }

    /// Forgets the objects of a section that are not among these.
    pub fn keep_only(&mut self, section: &str, ids: &dyn Fn(&str) -> bool) {
        let before = self.seen.len();
        self.seen.retain(|(own, id), _| own != section || ids(id));
        self.changed |= self.seen.len() != before;
    }

    /// How many objects the last list of a section held.
    pub fn count(&self, section: &str) -> Option<usize> {
        self.counts.get(section).copied()
    }

    pub fn set_count(&mut self, section: &str, count: usize) {
        self.changed |= self.counts.insert(section.to_owned(), count) != Some(count);
    }

    /// The live object that bore the mark of this id when last seen: a hint, since it may have gone meanwhile.
    pub fn seen_last(&self, section: &str, id: &str) -> Option<&str> {
        self.bearers.get(&(section.to_owned(), id.to_owned())).map(String::as_str)
    }

    pub fn set_seen_last(&mut self, section: &str, id: &str, live: &str) {
        let plain = |text: &str| {
            !text.is_empty() && text.len() < 256 && !text.contains(|c: char| c <= ' ' || c == '\u{7f}')
        };
        if plain(id) && plain(live) {
            let before = self.bearers.insert((section.to_owned(), id.to_owned()), live.to_owned());
            self.changed |= before.as_deref() != Some(live);
            self.changed |= self.gone.remove(&(section.to_owned(), id.to_owned()));
        }
    }

    /// Whether a live object ever bore the mark of this id, as far as that is remembered.
    pub fn was_seen(&self, section: &str, id: &str) -> bool {
        let key = (section.to_owned(), id.to_owned());
        self.bearers.contains_key(&key) || self.gone.contains(&key)
    }

    /// A live object was looked for and not found: what bore its mark is remembered as gone.
    pub fn lost(&mut self, section: &str, live: &str) {
        let of_it = self.bearers.iter().filter(|((own, _), bearer)| own == section && *bearer == live);
        self.gone.extend(of_it.map(|(key, _)| key.clone()).collect::<Vec<_>>());
        self.forget(section, live);
    }

    /// All live objects that are remembered so of a section.
    pub fn bearers(&self, section: &str) -> Vec<String> {
        self.bearers.iter().filter(|((own, _), _)| own == section).map(|(_, live)| live.clone()).collect()
    }

    /// Remembers these live objects of a section, each by itself, and no others.
    pub fn set_bearers(&mut self, section: &str, lives: &BTreeSet<String>) {
        let before = self.bearers.len();
        self.bearers.retain(|(own, live), _| own != section || lives.contains(live));
        self.changed |= self.bearers.len() != before;
        lives.iter().for_each(|live| self.set_seen_last(section, live, live));
    }

    /// A live object is gone.
    pub fn forget(&mut self, section: &str, live: &str) {
        let before = self.bearers.len();
        self.bearers.retain(|(own, _), bearer| own != section || bearer != live);
        self.changed |= self.bearers.len() != before;
    }

    /// The rate limit that writes of a section met last.
    pub fn limit(&self, section: &str) -> Option<&Limit> {
        self.limits.get(section)
    }

    pub fn set_limit(&mut self, section: &str, limit: Limit) {
        if !limit.name.contains(char::is_control) {
            self.changed |= self.limits.insert(section.to_owned(), limit.clone()) != Some(limit);
        }
    }

    /// Writes what changed. A cache that can't be written is as good as none: the error is for a log at most.
    pub fn save(&mut self) -> std::io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.changed) else { return Ok(()) };
        let text = self.to_text();
        if text.len() > LARGEST_FILE {
            return Ok(());
        }
        let folder = file.parent().expect("bug: the cache's file is in a folder");
        make_private(folder)?;
        // Made with mode 0600, and renamed: nobody reads half a file.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.persist(file).map_err(|error| error.error)?;
        self.changed = false;
        Ok(())
    }

    fn to_text(&self) -> String {
        let mut out = format!("{HEAD}\n");
        let mut line = |rest: &str| {
            out.push_str(&checksum(rest));
            out.push('\t');
            out.push_str(rest);
            out.push('\n');
        };
        for (section, count) in &self.counts {
            line(&format!("{section}\t\t\t{count}"));
        }
        for (section, limit) in &self.limits {
            line(&format!("{section}\t\t{LIMIT}\t{} {} {}", limit.requests, limit.seconds, limit.name));
        }
        for ((section, id), live) in &self.bearers {
            line(&format!("{section}\t\t{BEARER}\t{id} {live}"));
        }
        for (section, id) in &self.gone {
            line(&format!("{section}\t\t{GONE}\t{id}"));
        }
        for ((section, id), entry) in &self.seen {
            match &entry.body {
                Body::Fresh(json) => line(&format!("{section}\t{id}\t{}\t{json}", entry.modified)),
                Body::Line(range) => {
                    if let Some((_, rest)) = self.text[range.clone()].split_once('\t') {
                        line(rest);
                    }
                }
            }
        }
        out
    }

    fn index(&mut self) {
        let Some(lines) = self.text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')) else {
            return;
        };
        let mut at = self.text.len() - lines.len();
        for line in lines.split('\n') {
            let range = at..at + line.len();
            at = range.end + 1;
            let mut parts = line.splitn(5, '\t');
            let (Some(sum), Some(section), Some(id), Some(modified), Some(body)) =
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if id.is_empty() {
                let whole = line.get(sum.len() + 1..).is_some_and(|rest| checksum(rest) == sum);
                if whole && modified == LIMIT {
                    self.limits.extend(limit_of(body).map(|limit| (section.to_owned(), limit)));
                } else if whole && modified == BEARER {
                    let bearer = body.split_once(' ');
                    self.bearers.extend(
                        bearer.map(|(id, live)| ((section.to_owned(), id.to_owned()), live.to_owned())),
                    );
                } else if whole && modified == GONE {
                    self.gone.insert((section.to_owned(), body.to_owned()));
                } else if let Some(count) = body.parse().ok().filter(|_| whole) {
                    self.counts.insert(section.to_owned(), count);
                }
                continue;
            }
            let entry = Entry { modified: modified.to_owned(), body: Body::Line(range) };
            self.seen.insert((section.to_owned(), id.to_owned()), entry);
        }
    }
}

/// `300 60 monitor_write`.
fn limit_of(text: &str) -> Option<Limit> {
    let mut parts = text.splitn(3, ' ');
    let (requests, seconds, name) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    Some(Limit { name: name.to_owned(), requests, seconds })
}

/// Against half-written and damaged files, not against forgery: only the user can write here.
fn checksum(text: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(text.as_bytes());
    format!("{:08x}", crc.sum())
}

/// The folder, readable by the user alone: bodies hold what a dashboard says.
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const M: &str = "2026-01-01T00:00:00.000001+00:00";

    fn filled(folder: &Path) -> Cache {
        let mut cache = Cache::open_in(folder, "https://api.datadoghq.eu shop.prod");
        for id in ["a", "b", "c"] {
            cache.put("dashboards", id, M, &json!({"id": id, "title": "two\tlines\n", "n": 1.0}));
        }
        cache.set_count("monitors", 2600);
        cache.set_limit("monitors", Limit { name: "monitor write".into(), requests: 300, seconds: 60 });
        cache.set_seen_last("slos", "a/b", "abc123");
        cache.set_seen_last("monitors", "a/b", "12");
        cache.forget("monitors", "12");
        cache.set_seen_last("slos", "deleted", "77");
        cache.lost("slos", "77");
        cache.set_seen_last("monitors", "hostile", "1\n2");
        cache.set_limit("slos", Limit { name: "a\nb".into(), requests: 300, seconds: 60 });
        cache.save().expect("saved");
        cache
    }

    fn reopened(folder: &Path) -> Cache {
        Cache::open_in(folder, "https://api.datadoghq.eu shop.prod")
    }

    fn the_file(folder: &Path) -> PathBuf {
        let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().collect();
        assert_eq!(files.len(), 1, "no temporary file is left");
        files.remove(0).path()
    }

    #[test]
    fn what_was_put_is_there_at_its_time_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = &folder.path().join("musher");
        let mut first = filled(folder);
        for cache in [&first, &reopened(folder)] {
            let body = json!({"id": "a", "title": "two\tlines\n", "n": 1.0});
            assert_eq!(cache.get("dashboards", "a", M), Some(body));
            assert_eq!(cache.get("dashboards", "a", "2026-01-02"), None);
            assert_eq!(cache.get("monitors", "a", M), None);
            assert_eq!((cache.count("monitors"), cache.count("slos")), (Some(2600), None));
            let limit = Limit { name: "monitor write".into(), requests: 300, seconds: 60 };
            assert_eq!((cache.limit("monitors"), cache.limit("slos")), (Some(&limit), None));
            assert_eq!(cache.seen_last("slos", "a/b"), Some("abc123"));
            // What somebody else deleted is remembered, what we did is not.
            assert_eq!(cache.seen_last("slos", "deleted"), None);
            assert!(cache.was_seen("slos", "deleted") && cache.was_seen("slos", "a/b"));
            assert!(!cache.was_seen("monitors", "a/b") && !cache.was_seen("monitors", "deleted"));
            assert_eq!(
                [cache.seen_last("monitors", "a/b"), cache.seen_last("monitors", "hostile")],
                [None; 2]
            );
        }
        // Bodies that nobody asked for are carried on, those of gone objects are not.
        first = reopened(folder);
        first.put("dashboards", "a", "later", &json!({"id": "a"}));
        first.keep_only("dashboards", &|id| id != "c");
        first.save().expect("saved");
        let again = reopened(folder);
        assert_eq!(again.get("dashboards", "a", "later"), Some(json!({"id": "a"})));
        assert_eq!(again.get("dashboards", "a", M), None);
        assert!(again.get("dashboards", "b", M).is_some());
        assert_eq!(again.get("dashboards", "c", M), None);
        assert_eq!(Cache::open_in(folder, "another").get("dashboards", "b", M), None);
    }

    #[test]
    fn damage_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        filled(folder);
        let file = the_file(folder);
        let good = std::fs::read(&file).expect("read");
        let text = String::from_utf8(good.clone()).expect("text");
        let mut tried = 0;
        for cut in 0..good.len() {
            std::fs::write(&file, &good[..cut]).expect("written");
            let cache = reopened(folder);
            let whole = ["a", "b", "c"].iter().filter(|id| cache.get("dashboards", id, M).is_some()).count();
            assert!(whole <= text[..cut.min(text.len())].matches("\"n\":1.0}").count(), "cut at {cut}");
            tried += 1;
        }
        assert_eq!(tried, good.len());
        for (from, to) in [("\"n\":1.0", "\"n\":2.0"), ("cache 1", "cache 2"), ("\t2600", "\t9999999")] {
            std::fs::write(&file, text.replace(from, to)).expect("written");
            let cache = reopened(folder);
            assert_eq!(
                (cache.get("dashboards", "a", M).is_none(), cache.count("monitors")),
                (from != "\t2600", (from == "\"n\":1.0").then_some(2600)),
                "{from}"
            );
        }
        for bytes in [&b"\xff\xfe"[..], b"", b"musher cache 1\n\t\t\t\t\t\n\n\t\n"] {
            std::fs::write(&file, bytes).expect("written");
            assert_eq!(reopened(folder).get("dashboards", "a", M), None);
        }
    }

    #[test]
    fn hostile_ids_and_times_are_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut cache = filled(folder.path());
        for (id, modified) in [("", M), ("x\ty", M), ("x\n", M), ("x", "a\nb"), ("x", "")] {
            cache.put("dashboards", id, modified, &json!({}));
            assert_eq!(cache.get("dashboards", id, modified), None);
        }
        let mut none = Cache::none();
        none.put("dashboards", "a", M, &json!({}));
        assert_eq!(none.get("dashboards", "a", M), None);
        none.save().expect("nothing to save");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("musher");
        filled(&folder);
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&the_file(&folder))), (0o700, 0o600));
    }
}
