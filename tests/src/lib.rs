//! What the end-to-end tests share.

pub mod database;
pub mod world;
