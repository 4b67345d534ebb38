//! Questions that people answer.

use std::io::{BufRead as _, IsTerminal as _};

use super::Invocation;

/// Whether somebody is there who can be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether somebody says yes.
pub async fn says_yes(invocation: &Invocation<'_>, question: &str) -> anyhow::Result<bool> {
    crate::render::ask(question, invocation.common.colors())?;
    // On a thread that nobody waits for: a signal must get through while it reads.
    let (report, reported) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map(|_| line);
        let _ = report.send(read);
    });
    Ok(reported.await??.trim() == "yes")
}
