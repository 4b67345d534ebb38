//! Two normal forms -> the fields that differ.
