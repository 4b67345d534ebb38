//! A plan carried out: the only caller of create, update and delete.
