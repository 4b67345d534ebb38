//! Resources and live objects -> the plan.
