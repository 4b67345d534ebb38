//! What makes a finding the same finding in the next run, for reports that programs keep: never its line.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::diagnostic::{Diagnostic, Place};

/// Fingerprints of the findings of one report, in their order: 32 hexadecimal digits each, all different.
#[derive(Default)]
pub struct Fingerprints {
    seen: HashMap<[u8; 16], u32>,
}

impl Fingerprints {
    /// By code, file and node; equal ones are told apart by their order. A finding keeps its fingerprint when lines
    /// move, and when a number in its message changes.
    pub fn of(&mut self, diagnostic: &Diagnostic, path: &str) -> String {
        let mut sum = Sha256::new();
        let mut part = |text: &str| {
            sum.update(text.len().to_le_bytes());
            sum.update(text);
        };
        part(diagnostic.code);
        part(path);
        match diagnostic.at.as_ref().map(|at| &at.place) {
            Some(Place::Node { pointer, .. }) => part(pointer),
            // Without nodes the message is all that tells two of them apart.
            _ => part(&diagnostic.text),
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&sum.finalize()[..16]);
        let count = self.seen.entry(digest).or_default();
        *count += 1;
        if *count > 1 {
            let again = Sha256::new().chain_update(digest).chain_update(count.to_le_bytes()).finalize();
            digest.copy_from_slice(&again[..16]);
        }
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{At, FileId};

    #[test]
    fn lines_and_numbers_may_change_but_not_the_node() {
        let fault = |text: &str, pointer: &str| {
            Diagnostic::warning("late", text.to_owned(), At::value(FileId(0), pointer))
        };
        let print = |diagnostic: &Diagnostic, path: &str| Fingerprints::default().of(diagnostic, path);
        let first = print(&fault("5 minutes", "/monitors/a"), "a.yaml");
        assert_eq!(first.len(), 32);
        assert_eq!(print(&fault("6 minutes", "/monitors/a"), "a.yaml"), first);
        assert_ne!(print(&fault("5 minutes", "/monitors/b"), "a.yaml"), first);
        assert_ne!(print(&fault("5 minutes", "/monitors/a"), "b.yaml"), first);
        let mut both = Fingerprints::default();
        let twice = [(); 3].map(|()| both.of(&fault("5 minutes", "/monitors/a"), "a.yaml"));
        assert_eq!(twice[0], first);
        assert!(twice[1] != first && twice[2] != first && twice[1] != twice[2]);
    }
}
