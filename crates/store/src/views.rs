//! What the API shows. Reads only; nothing is decided from them.
//!
//! Lists are pages of at most `limit` rows after a given row, and cost the same on every page.

pub mod catch_up;
pub mod customers;
pub mod instalments;
pub mod plans;
pub mod events;
pub mod exceptions;
pub mod switches;
pub mod timeline;
