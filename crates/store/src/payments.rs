//! Payments: what an instalment needs to be decided on, the arming before a request, the record after it.

mod due;
pub(crate) mod rows;
mod spent;
mod arm;
mod round;
mod arm_writes;
mod slots;
mod record;

pub use arm::{ArmPlan, Armed, ArmedPayment};
pub use due::{DueRow, LastPayment};
pub use record::{PaymentWrite, ProviderFailure, Streak, TakeBack};
pub use rows::PaymentRow;
pub use slots::{HeldSlot, crossing};
pub use spent::Spent;

pub(crate) use slots::read_slots;
