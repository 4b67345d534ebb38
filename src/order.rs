//! References -> the order of work, or the circle.
