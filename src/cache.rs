//! Live bodies by id and modification time, in the user's cache folder.
