//! List, get, create, update, delete by a kind's row; paging and envelopes.
