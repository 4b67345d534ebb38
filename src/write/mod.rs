//! Definitions as files: export, edits in place.
