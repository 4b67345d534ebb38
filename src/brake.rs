//! Refuses a plan past its limits.
