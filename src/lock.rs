//! One apply at a time, for teams that share a volume: a lock file that says who holds it and until when.

use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::files;
use crate::model::Owner;

/// How long a lock holds that nobody refreshes: a run that was killed keeps others waiting no longer.
const EXPIRY: Duration = Duration::from_secs(120);
const REFRESH: Duration = Duration::from_secs(30);
/// Between two looks at a lock that is held, and at one that is waited for.
const LOOK: Duration = Duration::from_millis(250);
const POLL: Duration = Duration::from_secs(1);
/// Between two tries to take an expired lock over, and how many there are.
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: u32 = 40;
/// Where a volume knows no locks of its own, two that took over at once see who was the last.
const SETTLE: Duration = Duration::from_millis(500);
/// A larger file is none of ours.
const LARGEST: u64 = 64 << 10;
/// Characters of a holder's names that are kept.
const SHOWN: usize = 100;

/// Who holds a lock: the whole content of its file. A file that holds anything else is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

impl Holder {
    /// Names made fit to be printed in a line: anybody who may write to the volume wrote them.
    fn shown(mut self) -> Self {
        for name in [&mut self.owner, &mut self.host] {
            *name = name.chars().map(|c| if c.is_control() { '?' } else { c }).take(SHOWN).collect();
        }
        self
    }
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
    Unusable { path: String, cause: Error },
}

/// A lock that is held, and refreshed, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    held: Held,
    /// Whose expired lock was taken over: to be reported.
    pub stale: Option<Holder>,
}

/// What the one who holds a lock and the one who refreshes it both know.
#[derive(Clone, Debug)]
pub struct Held(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    own: Holder,
    renewed: u64,
    lost: bool,
    released: bool,
}

impl Held {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the lock is somebody else's by now, or may be: nobody could renew it before its end.
    pub fn is_lost(&self) -> bool {
        let mut state = self.state();
        state.lost |= now() >= state.own.expires;
        state.lost
    }

    /// Ends when the lock is lost.
    pub async fn lost(&self) {
        while !self.is_lost() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// One look at the file, and a later end where it is time for one; whether the lock goes on. A volume that is away
    /// for a moment is not a loss before the end has come.
    fn look(&self, path: &Path) -> bool {
        let own = {
            let state = self.state();
            if state.released {
                return false;
            }
            state.own.clone()
        };
        match read(path) {
            Ok(Some(holder)) if holder.nonce == own.nonce => {}
            Ok(_) => self.state().lost = true,
            Err(error) if is_foreign(&error) => self.state().lost = true,
            Err(_) => {}
        }
        if self.is_lost() {
            return false;
        }
        let (time, renewed) = (now(), self.state().renewed);
        // A clock that was put back is not a reason to wait.
        if (renewed..renewed + REFRESH.as_secs()).contains(&time) {
            return true;
        }
        let new = Holder { expires: time + EXPIRY.as_secs(), ..own.clone() };
        if let Ok(true) = exchange(path, &|holder| holder.nonce == own.nonce, Some(&new)) {
            let mut state = self.state();
            (state.own, state.renewed) = (new, time);
        }
        true
    }
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
    let mut tries = 0;
    loop {
        own.expires = now() + EXPIRY.as_secs();
        if content(&own).and_then(|text| files::create(path, &text)).map_err(unusable)? {
            return Ok(Lock::start(path, own, None));
        }
        // Gone meanwhile: try again.
        let Some(holder) = read(path).map_err(unusable)? else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let seconds = holder.expires.saturating_sub(now());
        if seconds == 0 && tries < TRIES {
            tries += 1;
            if exchange(path, &|now| *now == holder, Some(&own)).map_err(unusable)? {
                tokio::time::sleep(SETTLE).await;
                if matches!(read(path), Ok(Some(now)) if now.nonce == own.nonce) {
                    return Ok(Lock::start(path, own, Some(holder.shown())));
                }
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        if began.elapsed() >= timeout {
            let path = path.display().to_string();
            return Err(LockError::Held { path, holder: holder.shown(), seconds });
        }
        tries = 0;
        tokio::time::sleep(POLL.min(timeout)).await;
    }
}

impl Lock {
    fn start(path: &Path, own: Holder, stale: Option<Holder>) -> Self {
        let state = State { own, renewed: now(), lost: false, released: false };
        let held = Held(Arc::new(Mutex::new(state)));
        let (file, seen) = (path.to_owned(), held.clone());
        // On a thread of its own: a volume that doesn't answer must not hold up anything else.
        std::thread::spawn(move || {
            while seen.look(&file) {
                std::thread::sleep(LOOK);
            }
        });
        Self { path: path.to_owned(), held, stale }
    }

    /// What tells whether it still is.
    pub fn held(&self) -> Held {
        self.held.clone()
    }

    /// Looks once more, at the end of the work.
    pub fn is_lost(&self) -> bool {
        self.held.look(&self.path);
        self.held.is_lost()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let nonce = {
            let mut state = self.held.state();
            state.released = true;
            state.own.nonce.clone()
        };
        // One that stays expires.
        for _ in 0..3 {
            if !matches!(exchange(&self.path, &|holder| holder.nonce == nonce, None), Ok(false)) {
                break;
            }
            if !matches!(read(&self.path), Ok(Some(holder)) if holder.nonce == nonce) {
                break;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// The whole content of its file.
fn content(own: &Holder) -> std::io::Result<Vec<u8>> {
    Ok(serde_json::to_vec_pretty(own)?)
}

/// Puts another lock in the place of one, or takes it away, if it still is the one that is meant; whether it was.
///
/// The file that stands there is locked meanwhile, by the system: everybody who changes an existing one comes through
/// here, so that of two who saw the same lock expire only one finds it unchanged.
fn exchange(path: &Path, is: &dyn Fn(&Holder) -> bool, new: Option<&Holder>) -> std::io::Result<bool> {
    if read(path)?.is_none() {
        return Ok(false);
    }
    let standing = match File::open(path) {
        Ok(standing) => standing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // A volume without such locks: the one who takes over looks again.
    if let Err(TryLockError::WouldBlock) = standing.try_lock() {
        return Ok(false);
    }
    if !read(path)?.is_some_and(|holder| is(&holder)) {
        return Ok(false);
    }
    match new {
        Some(new) => {
            let mut file = files::beside(path)?;
            file.as_file_mut().write_all(&content(new)?)?;
            file.persist(path).map_err(|error| error.error)?;
        }
        None => std::fs::remove_file(path)?,
    }
    Ok(true)
}

/// Who holds it; `None` where there is no file. What is not a lock of ours is an error, whatever its age.
fn read(path: &Path) -> std::io::Result<Option<Holder>> {
    let foreign = |text: &str| Err(Error::new(ErrorKind::InvalidData, text));
    // Looked at before it is opened: opening a pipe would wait for ever.
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => return foreign("it is a link"),
        Ok(about) if !about.is_file() => return foreign("it is not a file"),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    match serde_json::from_slice(&bytes) {
        Ok(holder) => Ok(Some(holder)),
        Err(_) => {
            foreign("it is there and is not a lock of musher's, so it stays as it is. Name another file")
        }
    }
}

/// Whether what stands there is something else than a lock.
fn is_foreign(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidData
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
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
        // Whoever shares the volume reads who holds it.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let plain = folder.path().join("plain");
            std::fs::write(&plain, "").expect("written");
            let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode(&path), mode(&plain));
            std::fs::remove_file(plain).expect("removed");
        }
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
        let hostile = Holder { host: "x\u{1b}]0;y\n".into(), ..holder(1) };
        put(&path, &hostile);
        let lock = acquire(&path, &owner("shop.prod"), Duration::ZERO).await.expect("taken over");
        assert_eq!(lock.stale.as_ref().map(|stale| stale.host.as_str()), Some("x?]0;y?"));
        // A run that saw the expired lock too throws nobody out.
        assert!(!exchange(&path, &|now| *now == hostile, Some(&holder(5))).expect("looked at"));
        assert!(matches!(read(&path), Ok(Some(now)) if now.nonce == lock.held.state().own.nonce));
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
    }

    #[test]
    fn of_many_that_take_over_one_wins() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        for _ in 0..20 {
            put(&path, &holder(1));
            let start = std::sync::Barrier::new(8);
            let won = std::sync::atomic::AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for n in 0..8 {
                    let (path, start, won) = (&path, &start, &won);
                    scope.spawn(move || {
                        let own = Holder { nonce: n.to_string(), ..holder(now() + 60) };
                        start.wait();
                        if exchange(path, &|now| *now == holder(1), Some(&own)).expect("looked at") {
                            won.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(won.into_inner(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_lock_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        let more = r#"{"owner": "a", "host": "b", "pid": 1, "nonce": "n", "expires": 1, "name": "c"}"#;
        for text in ["\u{1b}[31m not a lock", "", "{}", "null", more, "monitors: {}\n"] {
            std::fs::write(&path, text).expect("written");
            let file = File::options().write(true).open(&path).expect("there");
            file.set_modified(UNIX_EPOCH).expect("made old");
            let error = acquire(&path, &owner("a"), Duration::ZERO).await.expect_err("foreign");
            assert!(matches!(error, LockError::Unusable { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
        }
        let nowhere = folder.path().join("none/musher.lock");
        for path in [&nowhere, folder.path()] {
            let error = acquire(path, &owner("a"), Duration::ZERO).await.expect_err("no file");
            assert!(matches!(error, LockError::Unusable { .. }), "{error}");
        }
        #[cfg(unix)]
        for target in ["musher.lock", "nowhere"] {
            let link = folder.path().join(format!("link-to-{target}"));
            std::os::unix::fs::symlink(target, &link).expect("linked");
            let error = acquire(&link, &owner("a"), Duration::ZERO).await.expect_err("a link");
            assert!(error.to_string().contains("it is a link") && link.is_symlink(), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_loss_is_noticed_and_a_lock_of_another_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        for text in [None, Some("else".to_owned()), Some(text_of(&holder(now() + 60)))] {
            let lock = acquire(&path, &owner("a"), Duration::ZERO).await.expect("free");
            assert!(!lock.is_lost());
            std::fs::remove_file(&path).expect("there");
            text.iter().for_each(|text| std::fs::write(&path, text).expect("written"));
            assert!(lock.is_lost());
            lock.held().lost().await;
            drop(lock);
            assert_eq!(std::fs::read_to_string(&path).ok(), text);
            let _ = std::fs::remove_file(&path);
        }
    }

    /// Through errors it is renewed again and again; its own end is a loss, whatever the file says.
    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_until_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("musher.lock");
        let lock = acquire(&path, &owner("a"), Duration::ZERO).await.expect("free");
        lock.held.state().renewed -= 40;
        // A file in the place of its folder: an error that says nothing of the lock.
        assert!(lock.held.look(&path.join("x")), "an error is not yet a loss");
        lock.held.state().own.expires -= 100;
        assert!(lock.held.look(&path));
        assert!(matches!(read(&path), Ok(Some(holder)) if holder.expires > now() + 100));
        lock.held.state().own.expires = now();
        assert!(lock.is_lost());
    }

    fn text_of(holder: &Holder) -> String {
        serde_json::to_string(holder).expect("JSON")
    }

    fn put(path: &Path, holder: &Holder) {
        std::fs::write(path, text_of(holder)).expect("written");
    }
}
