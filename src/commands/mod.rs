//! One file a verb: glue that calls the stages in order.
