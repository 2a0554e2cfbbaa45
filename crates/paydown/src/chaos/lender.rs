//! The lender: registers customers and plans through the API, and asks again until it is answered.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::Shared;
use super::plan::Calendar;
use crate::http::{Http, Refused};

/// Registrations at once.
const AT_ONCE: usize = 8;
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// A lender whose requests are lost now and then, with the API that was to answer them.
pub(super) struct Lender<'a> {
    api: Http,
    calendar: &'a Calendar,
    shared: &'a Shared,
}

impl<'a> Lender<'a> {
    pub(super) fn new(api: Http, calendar: &'a Calendar, shared: &'a Shared) -> Lender<'a> {
        Lender {
            api,
            calendar,
            shared,
        }
    }

    /// Registers every plan.
    pub(super) async fn register(&self) -> anyhow::Result<()> {
        futures::stream::iter(0..self.calendar.plans())
            .map(|number| self.register_one(number))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        self.shared.is_registered.set(true);
        Ok(())
    }

    async fn register_one(&self, number: u64) -> anyhow::Result<()> {
        let customer = Calendar::customer(number);
        let customer = self.post("/v1/customers", &customer, number).await?;
        let id = customer.get("id").and_then(Value::as_str);
        let plan = self.calendar.plan(number, id.unwrap_or_default());
        self.post("/v1/plans", &plan, number).await?;
        self.shared.registered.set(self.shared.registered.get() + 1);
        Ok(())
    }

    /// A POST under one key, sent again until it is answered.
    async fn post(&self, path: &str, body: &Value, number: u64) -> anyhow::Result<Value> {
        let key = format!("chaos{path}-{number}");
        loop {
            match self.api.post_once(path, body, &key).await {
                Ok(answer) => return Ok(answer),
                Err(error) if Refused::is_final(&error) => return Err(error),
                Err(_) => tokio::time::sleep(ASK_AGAIN).await,
            }
        }
    }
}
