//! The demo's loans, read from `demo/loans.toml`.

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Http;

/// The file, as it stood when the binary was built.
const LOANS: &str = include_str!("../../demo/loans.toml");

/// One loan of the demo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loan {
    /// What the demo calls it.
    pub name: String,
    /// The body of `POST /v1/customers`.
    customer: Value,
    /// The body of `POST /v1/plans`, without its customer.
    plan: Value,
    /// How the payer's account behaves at the bank.
    #[serde(default)]
    payer: Value,
}

#[derive(Deserialize)]
struct File {
    loan: Vec<Loan>,
}

/// A loan that the API has accepted.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What the demo calls it.
    pub name: String,
    /// The plan's id.
    pub plan_id: String,
    /// The agreement's uid at the provider.
    pub agreement_uid: String,
    /// Why its terms and anchor were chosen.
    pub chosen_because: String,
    /// How many instalments it has.
    pub instalments: u64,
}

/// The loans of the file.
///
/// # Errors
///
/// Fails when the file is not one of loans.
pub fn read() -> anyhow::Result<Vec<Loan>> {
    Ok(toml::from_str::<File>(LOANS)
        .context("demo/loans.toml")?
        .loan)
}

impl Loan {
    /// Tells the bank how the payer behaves, then registers customer and plan through the API.
    ///
    /// # Errors
    ///
    /// Fails with what the API or the sandbox answered.
    pub async fn register(&self, api: &Http, sandbox: &Http) -> anyhow::Result<Registered> {
        self.set_payer(sandbox).await?;
        let reference = text(&self.plan, "external_id")?;
        let customer: Value = api
            .post_once(
                "/v1/customers",
                &self.customer,
                &format!("demo-customer-{reference}"),
            )
            .await?;

        let mut plan = self.plan.clone();
        if let Some(plan) = plan.as_object_mut() {
            plan.insert("customer_id".to_owned(), json!(text(&customer, "id")?));
        }
        let plan: Value = api
            .post_once("/v1/plans", &plan, &format!("demo-plan-{reference}"))
            .await?;

        let plan_id = text(&plan, "id")?;
        let detail: Value = api.get(&format!("/v1/plans/{plan_id}")).await?;
        let agreement = detail
            .get("agreement")
            .context("the plan has no agreement")?;
        let instalments = detail.get("instalments").and_then(Value::as_array);
        Ok(Registered {
            name: self.name.clone(),
            plan_id,
            agreement_uid: text(agreement, "uid")?,
            chosen_because: text(agreement, "chosen_because")?,
            instalments: u64::try_from(instalments.map_or(0, Vec::len))?,
        })
    }

    async fn set_payer(&self, sandbox: &Http) -> anyhow::Result<()> {
        let mut payer = json!({ "account": self.customer.get("account"), "decision": "ask" });
        if let (Some(payer), Some(behaviour)) = (payer.as_object_mut(), self.payer.as_object()) {
            payer.extend(behaviour.clone());
        }
        sandbox.post::<Value>("/sandbox/payers", &payer).await?;
        Ok(())
    }
}

/// A text of a JSON object.
pub fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    let text = value.get(key).and_then(Value::as_str).map(str::to_owned);
    text.with_context(|| format!("{key} is missing in {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_file_holds_four_loans() {
        let loans = read().unwrap();

        assert_eq!(loans.len(), 4);
        assert_eq!(loans[0].customer["account"]["value"], "123456-78901234");
    }
}
