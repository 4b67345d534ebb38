//! A Datadog of our own, behind the wire; it knows nothing of the rest.
