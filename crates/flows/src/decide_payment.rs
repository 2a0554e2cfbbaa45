//! What one report means for one payment, its instalment and its plan. Pure: rows in, a write out.

use serde_json::json;

use domain::date::{BusinessDate, Instant};
use domain::instalment;
use domain::payment::{Event, State, Step};
use domain::wake;
use store::instalments::InstalmentMove;
use store::payments::{PaymentRow, PaymentWrite, ProviderFailure, Streak, TakeBack};

use crate::Settings;
use crate::apply_agreement_report::{absence_proved_at, back_off};
use crate::report::{FoundPayment, PaymentFact, PaymentReport, Standing};
use crate::tell::{payment_event, payment_exception};

use failed::may_be_the_failure_before;

mod conflict;
mod failed;
mod refused;
#[cfg(test)]
mod tests;

/// The write that a report leads to; nothing when it speaks of an earlier sending.
pub(crate) fn decide(
    row: &PaymentRow,
    report: &PaymentReport,
    now: Instant,
    settings: &Settings,
) -> Option<PaymentWrite> {
    // What was true before the last sending may be so no more; only money that moved stays moved.
    let is_settlement = matches!(
        &report.fact,
        PaymentFact::Found(FoundPayment {
            standing: Standing::Settled,
            ..
        })
    );
    if report.send_no != row.send_no && !is_settlement {
        return None;
    }
    if may_be_the_failure_before(row, report) {
        let wake_at = Some(now);
        return Some(PaymentWrite {
            wake_at,
            ..unchanged(row, now)
        });
    }
    let decision = Decision {
        row,
        now,
        settings,
        write: unchanged(row, now),
    };
    let write = match &report.fact {
        PaymentFact::NotSent => decision.not_sent(),
        PaymentFact::Undecided => decision.undecided(),
        PaymentFact::Refused { codes } => decision.refused(codes),
        PaymentFact::RetryAccepted => decision.step(Event::Accepted),
        PaymentFact::RetryRefused { codes } => decision.retry_refused(codes),
        PaymentFact::Absent => decision.absent(report.asked_at),
        PaymentFact::Found(found) => decision.found(found, report.asked_at),
    };
    Some(PaymentWrite {
        wake_at: write.wake_at.or_else(|| {
            (!is_last_word(&report.fact, write.to)).then(|| wake::next_look_unanswered(now))
        }),
        ..write
    })
}

/// Whether a payment that is in state `to` needs no more looks after this. One that moved no money, as far as we
/// know, is left alone only when the last look was answered by how it ended.
fn is_last_word(fact: &PaymentFact, to: State) -> bool {
    match to {
        State::Failed | State::Rejected | State::Abandoned => match fact {
            PaymentFact::Refused { .. } | PaymentFact::RetryRefused { .. } => true,
            // Of a failed one the provider has a record: a missing answer says nothing.
            PaymentFact::Absent => to != State::Failed,
            PaymentFact::Found(found) => match found.standing {
                Standing::Failed { .. } | Standing::Settled => true,
                Standing::InFlight | Standing::Investigating => false,
            },
            PaymentFact::NotSent | PaymentFact::Undecided | PaymentFact::RetryAccepted => false,
        },
        State::Intended
        | State::Sending
        | State::Unknown
        | State::Submitted
        | State::UnderInvestigation
        | State::Settled => true,
    }
}

/// The write that changes nothing but when to look again.
pub(crate) fn unchanged(row: &PaymentRow, now: Instant) -> PaymentWrite {
    PaymentWrite {
        id: row.id,
        version: row.version,
        plan_id: row.plan_id,
        agreement_id: row.agreement_id,
        from: row.state,
        to: row.state,
        wake_at: next_look(row, row.state, now),
        absent_since_at: row.absent_since_at,
        provider_state: None,
        is_news: false,
        failure: None,
        conflict_state: None,
        take_back: TakeBack::Nothing,
        streak: Streak::Keep,
        ends_streak: false,
        wakes_agreement: false,
        freeze: None,
        instalment: None,
        cause: "provider_report",
        events: Vec::new(),
        exceptions: Vec::new(),
    }
}

/// When the provider is asked about `row` next, were it in `state`.
pub(crate) fn next_look(row: &PaymentRow, state: State, now: Instant) -> Option<Instant> {
    let sent_at = row.last_sent_at.unwrap_or(now);
    match state {
        State::Intended => Some(now + back_off(row.send_no)),
        State::Sending
        | State::Unknown
        | State::Submitted
        | State::UnderInvestigation
        | State::Settled => wake::next_payment_ask(state, sent_at, now),
        // Nothing of it left: there is nothing to look at.
        State::Failed | State::Rejected | State::Abandoned => {
            row.last_sent_at.and_then(|sent_at| {
                let ended_at = if row.state == state {
                    row.ended_at.unwrap_or(sent_at)
                } else {
                    now
                };
                wake::next_second_look(ended_at, now)
            })
        }
    }
}

struct Decision<'a> {
    row: &'a PaymentRow,
    now: Instant,
    settings: &'a Settings,
    write: PaymentWrite,
}

impl Decision<'_> {
    /// Steps the payment; a step that changes nothing still says when to look again.
    fn step(mut self, event: Event) -> PaymentWrite {
        match self.row.state.step(event) {
            Step::Advance(to) => {
                self.write.to = to;
                self.write.wake_at = next_look(self.row, to, self.now);
                self.write
            }
            Step::Ignore => self.write,
            Step::Conflict => self.conflict(event),
        }
    }

    /// A call that decided nothing leaves the outcome open; a question that was not answered leaves what is
    /// known.
    fn undecided(self) -> PaymentWrite {
        match self.row.state {
            State::Intended
            | State::Settled
            | State::Failed
            | State::Rejected
            | State::Abandoned => self.write,
            State::Sending | State::Unknown | State::Submitted | State::UnderInvestigation => {
                self.step(Event::OutcomeUnknown)
            }
        }
    }

    /// Nothing left. A creation is tried again; a retry that never left is a failed payment still.
    fn not_sent(mut self) -> PaymentWrite {
        if !self.row.is_retry {
            let mut write = self.step(Event::NotSent);
            if write.from != write.to {
                write.take_back = TakeBack::Submission;
            }
            return write;
        }
        // Once something was heard of it, or nobody waits for this call any more, the provider is asked.
        if self.row.state == State::Sending
            && let Step::Advance(to) = self.row.state.step(Event::Failed)
        {
            self.write.to = to;
            self.write.wake_at = next_look(self.row, to, self.now);
            self.write.take_back = TakeBack::Submission;
            self.write.cause = "retry_not_sent";
            let again_at = self.now + back_off(self.row.send_no);
            self.write.instalment = self.instalment(
                instalment::Event::PaymentFailedRetryable,
                Some(again_at),
                "retry_not_sent",
            );
        }
        self.write
    }

    /// "Not found" proves something only twice, asked apart, and well after sending; and only of a creation.
    fn absent(self, asked_at: Instant) -> PaymentWrite {
        let may_be_missing = match self.row.state {
            State::Sending | State::Unknown => !self.row.is_retry,
            // It is known not to have arrived, or how it ended: a missing answer says nothing against that.
            State::Intended
            | State::Settled
            | State::Failed
            | State::Rejected
            | State::Abandoned => return self.write,
            State::Submitted | State::UnderInvestigation => false,
        };
        if !may_be_missing {
            // What the provider once had may be missing from one answer: ask again.
            return self.step(Event::OutcomeUnknown);
        }
        if self.is_lost(asked_at) {
            let mut write = self.step(Event::ConfirmedAbsent);
            write.absent_since_at = None;
            write.cause = "confirmed_absent";
            return write;
        }
        self.ask_once_more(asked_at)
    }

    /// Whether nothing was to be seen of the last sending once before, and is not to this day.
    fn is_lost(&self, asked_at: Instant) -> bool {
        let sent_at = self.row.last_sent_at.unwrap_or(self.now);
        wake::may_resend(self.row.absent_since_at, sent_at, asked_at)
    }

    /// Nothing is to be seen of the last sending: it may be on its way still.
    fn ask_once_more(mut self, asked_at: Instant) -> PaymentWrite {
        let sent_at = self.row.last_sent_at.unwrap_or(self.now);
        // What was asked before it was sent, by a clock that is behind, proves nothing.
        let first = self.row.absent_since_at.filter(|first| sent_at <= *first);
        let first = first.unwrap_or(asked_at.max(sent_at));
        self.write.absent_since_at = Some(first);
        let now = self.now;
        let mut write = self.step(Event::OutcomeUnknown);
        write.wake_at = Some(absence_proved_at(first, sent_at).max(now));
        write
    }

    fn found(mut self, found: &FoundPayment, asked_at: Instant) -> PaymentWrite {
        self.write.is_news = self.row.provider_state.as_ref() != Some(&found.word);
        self.write.provider_state = Some(found.word.clone());
        self.write.absent_since_at = None;
        if !self.is_ours(found) {
            return self.echoes_wrong();
        }
        match &found.standing {
            Standing::InFlight => self.step(Event::Accepted),
            Standing::Investigating => self.investigating(),
            Standing::Settled => self.settled(),
            Standing::Failed {
                code,
                title,
                retryable,
            } => {
                let failure = ProviderFailure {
                    code: code.clone(),
                    title: title.clone(),
                    retryable: *retryable,
                };
                self.failed(failure, asked_at)
            }
        }
    }

    fn is_ours(&self, found: &FoundPayment) -> bool {
        let amount_fits = found
            .amount
            .is_none_or(|amount| amount == self.row.amount.get());
        let agreement_fits = found
            .agreement_uid
            .as_ref()
            .is_none_or(|uid| uid == self.row.agreement_uid.as_str());
        amount_fits && agreement_fits
    }

    /// Under our uid stands what we never sent: nothing more is sent for this plan until a person has looked.
    fn echoes_wrong(mut self) -> PaymentWrite {
        self.write.freeze = Some("echo_mismatch");
        self.write.exceptions.push(payment_exception(
            "echo_mismatch",
            self.row,
            "the provider holds another amount or agreement under this payment's uid".to_owned(),
            "Compare the payment with the provider's record before the plan collects again.",
        ));
        // The call is over, and decided nothing: left as being sent, its webhooks would wait for ever.
        self.step(Event::OutcomeUnknown)
    }

    fn investigating(self) -> PaymentWrite {
        let row = self.row;
        let mut write = self.step(Event::Investigating);
        if write.from != write.to {
            write
                .events
                .push(payment_event("payment.under_investigation", row, json!({})));
        }
        write
    }

    fn settled(mut self) -> PaymentWrite {
        match self.row.state.step(Event::Settled) {
            Step::Advance(to) => {
                self.write.to = to;
                self.write.wake_at = None;
                self.write.streak = Streak::Reset(self.row.consecutive_failures);
                self.write.ends_streak = 0 < self.row.consecutive_failures;
                let collected = self
                    .row
                    .instalment_state
                    .step(instalment::Event::PaymentSettled);
                match collected {
                    Step::Advance(_) | Step::Ignore => {
                        self.write.instalment = self.instalment(
                            instalment::Event::PaymentSettled,
                            None,
                            "payment_settled",
                        );
                        self.tell("instalment.collected", json!({}));
                    }
                    Step::Conflict => self.settled_after_end(),
                }
                self.write
            }
            Step::Ignore => self.write,
            Step::Conflict => self.conflict(Event::Settled),
        }
    }

    fn settled_after_end(&mut self) {
        self.write.freeze = Some("settled_after_end");
        self.write.exceptions.push(payment_exception(
            "settled_after_end",
            self.row,
            format!(
                "a payment settled for an instalment that is {}",
                self.row.instalment_state
            ),
            "Decide whether the customer is owed the money back.",
        ));
    }

    fn tell(&mut self, kind: &'static str, data: serde_json::Value) {
        self.write.events.push(payment_event(kind, self.row, data));
    }

    /// The instalment's step that follows; nothing when it does not move.
    fn instalment(
        &self,
        event: instalment::Event,
        wake_at: Option<Instant>,
        cause: &'static str,
    ) -> Option<InstalmentMove> {
        let Step::Advance(to) = self.row.instalment_state.step(event) else {
            return None;
        };
        Some(InstalmentMove {
            id: self.row.instalment_id,
            plan_id: self.row.plan_id,
            version: self.row.instalment_version,
            from: self.row.instalment_state,
            to,
            wake_at: wake_at.filter(|_| to.is_open()),
            waiting_because: None,
            ended_because: None,
            cause,
        })
    }

    fn today(&self) -> BusinessDate {
        BusinessDate::of_instant(self.now)
    }
}
