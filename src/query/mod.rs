//! The Datadog query language: parse, print, spans.
