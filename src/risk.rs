//! What a change endangers.
