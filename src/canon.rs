//! A body -> its normal form, by the kind's row.
