//! Data -> text, JSON, Markdown: the one printer.
