//! Files that an export wrote.

use std::io::{self, Write};

use camino::Utf8PathBuf;

use super::sanitize::clean;

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    New(Utf8PathBuf),
    /// It said the same before.
    Same(Utf8PathBuf),
    /// It says something else, and was left alone.
    Refused(Utf8PathBuf),
}

/// A line for each file that now says what is live.
pub fn write(written: &[Written], out: &mut dyn Write) -> io::Result<()> {
    for file in written {
        if let Written::New(path) | Written::Same(path) = file {
            writeln!(out, "{}", clean(path.as_str()))?;
        }
    }
    Ok(())
}

/// How many of each, and which files were left alone.
pub fn summary(kind: &str, written: &[Written]) -> String {
    let count = |of: fn(&Written) -> bool| written.iter().filter(|file| of(file)).count();
    let (new, same) =
        (count(|file| matches!(file, Written::New(_))), count(|file| matches!(file, Written::Same(_))));
    if written.is_empty() {
        return format!("No {kind} was found: nothing is written.");
    }
    let mut text = format!("{new} written, {same} unchanged.");
    let refused: Vec<String> = written
        .iter()
        .filter_map(|file| match file {
            Written::Refused(path) => Some(clean(path.as_str()).into_owned()),
            _ => None,
        })
        .collect();
    if !refused.is_empty() {
        text.push_str(&format!(
            "\n{} left alone since they say something else (--force overwrites them):\n  {}",
            refused.len(),
            refused.join("\n  ")
        ));
    }
    text
}
