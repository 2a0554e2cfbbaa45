//! The verbs of the command line, one a file.

pub mod catch_up;
pub mod chaos;
pub mod clock;
pub mod collections;
pub mod config;
pub mod conformance;
pub mod demo;
pub mod dev;
pub mod doctor;
pub mod fit;
pub mod keys;
pub mod migrate;
pub mod postgres;
pub mod reconcile;
pub mod sandbox;
pub mod serve;
pub mod simulate;
pub mod verify;
pub mod windows;
pub mod work;
