//! Every rule over every resource.
