//! `${…}` in text: scan, compile, render.
