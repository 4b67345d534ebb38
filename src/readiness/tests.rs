//! Answers, each with a twin.
