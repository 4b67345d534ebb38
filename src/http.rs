//! The wire over HTTPS: keys, timeouts, proxies.
