//! The laws of schedules: sums, dates, paydays and alignment, for all inputs.

mod alignment;
mod dates;
mod days;
mod given;
mod sums;
