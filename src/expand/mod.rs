//! Definitions and templates -> resources.
