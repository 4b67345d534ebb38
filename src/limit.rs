//! Any wire, paced: rate-limit buckets, concurrency that finds its level, retries.
