//! Lists that templates run over.
