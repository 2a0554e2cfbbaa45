//! The rules of Paydown: money, dates, ids, agreement terms, periods, schedules and states.
//!
//! Pure by construction: no clock, no I/O, no async, no serialisation. The time is always an
//! argument, and every answer is a value that names its facts. Modules stand in reading order.

pub mod violation;
pub mod money;
pub mod date;
pub mod calendar;
pub mod uid;
pub mod account;
pub mod terms;
pub mod period;
pub mod schedule;
pub mod payday;
pub mod fit;
pub mod failure;
pub mod payment;
pub mod instalment;
pub mod agreement;
pub mod plan;
pub mod exception;
pub mod gate;
pub mod budget;
pub mod wake;
pub mod variation;
pub mod explain;
