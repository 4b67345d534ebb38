//! Command-line types, the choice of the wire, the table of exit codes.
