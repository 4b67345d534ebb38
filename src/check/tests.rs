//! Rules by example: a body, and the codes of what is found.
