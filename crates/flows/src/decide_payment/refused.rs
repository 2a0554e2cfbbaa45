//! Requests the provider refused: by its code they wait for the next chance, or need a person.

use chrono::TimeDelta;
use serde_json::json;

use domain::date::Instant;
use domain::instalment;
use domain::payment::{Event, Step};
use store::instalments::InstalmentMove;
use store::payments::PaymentWrite;

use super::Decision;
use super::next_look;
use crate::retry_policy::{from_json, room_after_failure};
use crate::tell::{exception, payment_exception};

/// What a code of a refusal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cure {
    /// The same day may do: the agreement's state, or a service that was down.
    Soon,
    /// Another day may do: a window, a date or a daily limit.
    AnotherDay,
    /// Only a person may do.
    Person,
}

fn cure(codes: &[String]) -> Cure {
    let cures = codes.iter().map(|code| match code.as_str() {
        "ZPPAY03" | "ZPPAY24" | "ZPUNP06" => Cure::Soon,
        "ZPPAY01" | "ZPPAY08" | "ZPPAY16" | "ZPPAY17" => Cure::AnotherDay,
        _ => Cure::Person,
    });
    cures.fold(None, worse).unwrap_or(Cure::Person)
}

fn worse(known: Option<Cure>, next: Cure) -> Option<Cure> {
    let rank = |cure: Cure| match cure {
        Cure::Soon => 0,
        Cure::AnotherDay => 1,
        Cure::Person => 2,
    };
    match known {
        Some(known) if rank(next) <= rank(known) => Some(known),
        Some(_) | None => Some(next),
    }
}

impl Decision<'_> {
    /// A creation that was refused, and that the provider confirms not to have: its slots are free again.
    pub(super) fn refused(mut self, codes: &[String]) -> PaymentWrite {
        let to = match self.row.state.step(Event::Rejected) {
            Step::Advance(to) => to,
            Step::Ignore => return self.write,
            Step::Conflict => return self.conflict(Event::Rejected),
        };
        self.write.to = to;
        self.write.wake_at = next_look(self.row, to, self.now);
        self.write.cause = "refused";
        // Before its next chance comes, we know how the agreement stands.
        self.write.wakes_agreement = true;
        self.contradicted(codes);
        self.tell("payment.refused", json!({ "provider_codes": codes }));
        let joined = codes.join(" ");
        self.write.provider_state = Some(joined.clone());
        match self.next_chance(cure(codes)) {
            Some(again_at) => {
                let step = self.instalment(
                    instalment::Event::PaymentGivenUp,
                    Some(again_at),
                    "payment_refused",
                );
                self.write.instalment = step.map(|step| InstalmentMove {
                    waiting_because: Some(joined.clone()),
                    ..step
                });
            }
            None => self.ends_refused(&joined),
        }
        self.write
    }

    /// A retry that was refused, of a payment that stands as failed.
    pub(super) fn retry_refused(mut self, codes: &[String]) -> PaymentWrite {
        let Step::Advance(to) = self.row.state.step(Event::Failed) else {
            return self.write;
        };
        self.write.to = to;
        self.write.wake_at = next_look(self.row, to, self.now);
        self.write.cause = "retry_refused";
        self.tell("payment.retry_refused", json!({ "provider_codes": codes }));
        let joined = codes.join(" ");
        // The provider counts tries over 24 hours: tomorrow there is room again.
        let is_spent = codes.iter().all(|code| code == "ZPPRY03") && !codes.is_empty();
        let cure = if is_spent {
            Cure::AnotherDay
        } else {
            cure(codes)
        };
        match self.next_chance(cure) {
            Some(again_at) => {
                let step = self.instalment(
                    instalment::Event::PaymentFailedRetryable,
                    Some(again_at),
                    "retry_refused",
                );
                self.write.instalment = step.map(|step| InstalmentMove {
                    waiting_because: Some(joined),
                    ..step
                });
            }
            None => self.ends_refused(&joined),
        }
        self.write
    }

    /// A full window at the provider, where ours had a slot free: one of the two counts wrongly, and waiting
    /// alone does not tell which.
    fn contradicted(&mut self, codes: &[String]) {
        if codes.iter().any(|code| code == "ZPPAY17") {
            self.write.exceptions.push(exception(
                "slots_contradicted",
                self.row.plan_id,
                ("agreement", self.row.agreement_id.uuid()),
                format!(
                    "the provider counts more payments in today's window than we do: {}",
                    codes.join(" ")
                ),
                "Compare the agreement's payments with the provider's record.",
            ));
        }
    }

    /// When to try again, if that is still within the instalment's room.
    fn next_chance(&self, cure: Cure) -> Option<Instant> {
        let row = self.row;
        let policy = from_json(&row.policy, &self.settings.retry);
        let room = room_after_failure(row, &policy);
        // Only what failed before may go into the next window.
        let room_ends = if 1 < row.tries_made {
            room.last_date()
        } else {
            room.until
        };
        let soon = self.now + TimeDelta::hours(1);
        let tomorrow = self
            .today()
            .plus_days(1)
            .map(|date| self.settings.hours.opens_at(date));
        let at = match cure {
            Cure::Soon => Some(soon),
            Cure::AnotherDay => tomorrow,
            Cure::Person => None,
        };
        at.filter(|at| *at < room_ends.closes_at())
    }

    fn ends_refused(&mut self, codes: &str) {
        let step = self.instalment(instalment::Event::PaymentFailed, None, "payment_refused");
        self.write.instalment = step.map(|step| InstalmentMove {
            ended_because: Some(format!("refused:{codes}")),
            ..step
        });
        self.write.exceptions.push(payment_exception(
            "payment_refused",
            self.row,
            format!("the provider refused the payment: {codes}"),
            "Find out why the terms as we hold them differ from the provider's.",
        ));
        self.tell(
            "instalment.failed",
            json!({ "stopped_because": "refused", "codes": codes }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(codes: &[&str]) -> Vec<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn a_full_window_waits_for_another_day() {
        assert_eq!(cure(&codes(&["ZPPAY17"])), Cure::AnotherDay);
    }

    #[test]
    fn of_several_codes_the_hardest_decides() {
        assert_eq!(cure(&codes(&["ZPPAY03", "ZPPAY15"])), Cure::Person);
        assert_eq!(cure(&codes(&["ZPPAY17", "ZPPAY03"])), Cure::AnotherDay);
    }

    #[test]
    fn a_refusal_without_a_code_needs_a_person() {
        assert_eq!(cure(&[]), Cure::Person);
    }
}
