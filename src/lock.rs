//! One apply at a time, for teams that share a volume: a lock file that says who holds it and until when.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::model::Owner;

/// How long a lock holds that nobody refreshes: a run that was killed keeps others waiting no longer.
const EXPIRY: Duration = Duration::from_secs(120);
const REFRESH: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_secs(1);
/// A larger file is none of ours.
const LARGEST: u64 = 64 << 10;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `PROJECT.ENVIRONMENT`.
    pub owner: String,
    pub host: String,
    pub pid: u32,
    /// Tells two holders of one host and process id apart.
    pub nonce: String,
    /// Seconds since 1970.
    pub expires: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "{path} is held by {owner} (host {host}, process {pid}), for {seconds} s more unless it goes on. Wait \
         longer with --lock-timeout, or delete the file if that run is dead",
        owner = .holder.owner, host = .holder.host, pid = .holder.pid
    )]
    Held { path: String, holder: Holder, seconds: u64 },
    #[error(
        "{path} can't be used as a lock file: {cause}. The environment's `lock:` in musher.yaml names it"
    )]
    Unusable { path: String, cause: std::io::Error },
}

/// A lock that is held, and refreshed, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    nonce: String,
    refresher: JoinHandle<()>,
    /// Whose expired lock was taken over: to be told.
    pub stale: Option<Holder>,
}

/// Takes the lock, waiting for it up to `timeout`.
pub async fn acquire(path: &Path, owner: &Owner, timeout: Duration) -> Result<Lock, LockError> {
    let unusable = |cause| LockError::Unusable { path: path.display().to_string(), cause };
    let began = Instant::now();
    let mut own = Holder {
        owner: owner.to_string(),
        host: host(),
        pid: std::process::id(),
        nonce: nonce(),
        expires: 0,
    };
    let mut stale = None;
    loop {
        own.expires = now() + EXPIRY.as_secs();
        if put_new(path, &own).map_err(unusable)? {
            let refresher = tokio::spawn(refresh(path.to_owned(), own.clone()));
            return Ok(Lock { path: path.to_owned(), nonce: own.nonce, refresher, stale });
        }
        // Gone meanwhile: try again.
        let Some(holder) = read(path).map_err(unusable)? else { continue };
        let seconds = holder.expires.saturating_sub(now());
        if seconds == 0 {
            if take_away(path, &holder, &own.nonce).map_err(unusable)? {
                stale = Some(holder);
            }
            continue;
        }
        if began.elapsed() >= timeout {
            return Err(LockError::Held { path: path.display().to_string(), holder, seconds });
        }
        tokio::time::sleep(POLL.min(timeout)).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.refresher.abort();
        if matches!(read(&self.path), Ok(Some(holder)) if holder.nonce == self.nonce) {
            // One that stays expires.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Moves the end on, as long as the lock is ours.
async fn refresh(path: PathBuf, mut own: Holder) {
    loop {
        tokio::time::sleep(REFRESH).await;
        if !matches!(read(&path), Ok(Some(holder)) if holder.nonce == own.nonce) {
            return;
        }
        own.expires = now() + EXPIRY.as_secs();
        // A volume that is away for a moment: the next round tries again, before the end.
        if let Ok(temporary) = written(&path, &own) {
            let _ = temporary.persist(&path);
        }
    }
}

/// Puts the file there with its content in one step, unless there is one.
fn put_new(path: &Path, own: &Holder) -> std::io::Result<bool> {
    match written(path, own)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

fn written(path: &Path, own: &Holder) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(serde_json::to_string_pretty(own)?.as_bytes())?;
    Ok(temporary)
}

/// Who holds it; `None` where there is no file. A file of another form is held by nobody known, and expires
/// like others after its last change.
fn read(path: &Path) -> std::io::Result<Option<Holder>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::new(ErrorKind::InvalidInput, "it is no file"));
    }
    let changed = meta.modified().unwrap_or(UNIX_EPOCH);
    let mut text = String::new();
    let known =
        file.take(LARGEST).read_to_string(&mut text).ok().and_then(|_| serde_json::from_str(&text).ok());
    Ok(Some(known.unwrap_or_else(|| Holder {
        owner: "nobody known".to_owned(),
        host: "unknown".to_owned(),
        pid: 0,
        nonce: String::new(),
        expires: seconds(changed) + EXPIRY.as_secs(),
    })))
}

/// Removes an expired lock. Two that try at once: the second finds another holder's file in its hands, and
/// puts it back.
fn take_away(path: &Path, expired: &Holder, nonce: &str) -> std::io::Result<bool> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".{nonce}"));
    let aside = PathBuf::from(aside);
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    }
    let same = read(&aside)?.is_some_and(|holder| holder.nonce == expired.nonce);
    if !same {
        // Whoever came in between keeps it, unless a third is there already.
        let _ = std::fs::hard_link(&aside, path);
    }
    std::fs::remove_file(&aside)?;
    Ok(same)
}

fn now() -> u64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new();
    format!("{:016x}{:016x}", random.hash_one(1), random.hash_one(2))
}

/// The machine's name, as far as it is known without asking the network.
fn host() -> String {
    let file = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let name = file.ok().or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Owner {
        Owner(name.into())
    }

    fn holder(expires: u64) -> Holder {
        Holder { owner: "shop.prod".into(), host: "ci-7".into(), pid: 42, nonce: "n".into(), expires }
    }

    #[tokio::test(start_paused = true)]
    async fn one_holds_it_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        let first = acquire(&path, &owner("shop.prod"), Duration::ZERO).await.expect("free");
        assert_eq!(first.stale, None);
        let error = acquire(&path, &owner("shop.prod"), Duration::from_secs(5)).await.expect_err("held");
        let text = error.to_string();
        assert!(text.contains("is held by shop.prod (host "), "{text}");
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        drop(first);
        assert!(!path.exists());
        let again = acquire(&path, &owner("shop.prod"), Duration::ZERO).await.expect("free again");
        drop(again);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        let first = acquire(&path, &owner("a"), Duration::ZERO).await.expect("free");
        let later = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            drop(first);
        };
        let owner = owner("b");
        let (second, ()) = tokio::join!(acquire(&path, &owner, Duration::from_secs(60)), later);
        assert!(second.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_one_is_taken_over_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        std::fs::write(&path, serde_json::to_string(&holder(1)).expect("JSON")).expect("written");
        let lock = acquire(&path, &owner("shop.prod"), Duration::ZERO).await.expect("taken over");
        assert_eq!(lock.stale, Some(holder(1)));
        // A run that came in between is not thrown out by one that saw the expired lock too.
        assert!(!take_away(&path, &holder(1), "other").expect("looked at"));
        assert!(matches!(read(&path), Ok(Some(now)) if now.nonce == lock.nonce));
    }

    #[tokio::test(start_paused = true)]
    async fn a_strange_file_holds_and_a_missing_folder_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        std::fs::write(&path, "\u{1b}[31m not a lock").expect("written");
        let error = acquire(&path, &owner("a"), Duration::ZERO).await.expect_err("held");
        assert!(error.to_string().contains("is held by nobody known"), "{error}");
        let nowhere = folder.path().join("none/musher.lock");
        let error = acquire(&nowhere, &owner("a"), Duration::ZERO).await.expect_err("no folder");
        assert!(matches!(error, LockError::Unusable { .. }));
        let error = acquire(folder.path(), &owner("a"), Duration::ZERO).await.expect_err("a folder");
        assert!(matches!(error, LockError::Unusable { .. }) && folder.path().is_dir());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_of_another_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        let lock = acquire(&path, &owner("a"), Duration::ZERO).await.expect("free");
        std::fs::write(&path, serde_json::to_string(&holder(now() + 60)).expect("JSON")).expect("written");
        drop(lock);
        assert!(matches!(read(&path), Ok(Some(now)) if now.nonce == "n"));
    }
}
