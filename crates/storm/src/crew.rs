//! Time passes and the workers work: what the scheduler does in production, one step after the
//! other.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;
use uuid::Uuid;

use store::wake::{Batch, Finished, Kind};

use crate::StormError;
use crate::agenda::Deed;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::pace;
use crate::wire::{Blow, Place, Planned, Struck};
use crate::world::Storm;

/// Longer than a storm's step takes; it is cut short by hand.
const LEASE: Duration = Duration::from_secs(3_600);
/// More rounds at one instant than any work takes.
const ROUNDS_MAX: u32 = 500;
const BACK_OFF_MAX: TimeDelta = TimeDelta::minutes(5);

/// Who is there to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crew {
    /// Both workers; the first one does the work.
    Whole,
    /// The second one alone, while the first one stands still in the middle of something.
    Second,
}

/// How an attendance ended.
enum Ended {
    Done,
    Failed,
    Died,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), StormError>> + 'a>>;

impl Storm {
    /// Lets time pass until `end`, and does all that falls due.
    pub(crate) async fn run_to(&mut self, end: DateTime<Utc>) -> Result<(), StormError> {
        self.pass_time(end, Crew::Whole).await
    }

    fn pass_time(&mut self, end: DateTime<Utc>, crew: Crew) -> Running<'_> {
        Box::pin(async move {
            loop {
                let next_wake_at = self.work(crew).await?;
                let now = self.now();
                if end <= now {
                    return Ok(());
                }
                let events = [
                    next_wake_at,
                    self.sandbox.next_event_at(),
                    self.agenda.next_at(),
                ];
                let next = events.into_iter().flatten().min().unwrap_or(end);
                self.move_to(next.max(now + self.tick).min(end)).await?;
            }
        })
    }

    /// Does all that is due now. Answers when a row is due next.
    async fn work(&mut self, crew: Crew) -> Result<Option<DateTime<Utc>>, StormError> {
        for _ in 0..ROUNDS_MAX {
            self.do_deeds().await?;
            let backlog = self.store.backlog(self.now()).await?;
            if backlog.due <= backlog.leased {
                return Ok(backlog.next_wake_at);
            }
            for kind in self.turns {
                self.attend_all(crew, kind).await?;
            }
        }
        self.breaks(format!(
            "I10: rows are due again and again, {ROUNDS_MAX} times at one instant"
        ));
        Ok(None)
    }

    /// Attends rows of one kind until fewer are due than one lease takes.
    async fn attend_all(&mut self, crew: Crew, kind: Kind) -> Result<(), StormError> {
        for _ in 0..ROUNDS_MAX {
            let batches = self.lease(kind).await?;
            let leased: usize = batches.iter().map(|batch| batch.ids.len()).sum();
            for batch in batches {
                self.attend(crew, batch).await?;
            }
            if i64::try_from(leased).unwrap_or(i64::MAX) < self.slice {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn lease(&mut self, kind: Kind) -> Result<Vec<Batch>, StormError> {
        let now = self.now();
        let mut batches = self.store.lease(kind, now, self.slice, LEASE).await?;
        // By their rows, not by their tokens, which are random.
        batches.sort_by(|one, other| one.ids.cmp(&other.ids));
        Ok(batches)
    }

    async fn attend(&mut self, crew: Crew, batch: Batch) -> Result<(), StormError> {
        let who = usize::from(crew == Crew::Second);
        let planned = self.plan_blow(crew);
        self.workers[who].wires.plan(planned);
        let (kind, token, leases, count) = (batch.kind, batch.token, batch.leases, batch.ids.len());
        let first = batch.ids.first().copied().unwrap_or_default();

        let ended = self.drive(who, batch, planned).await?;

        let unstruck = self.workers[who].wires.plan(None);
        if let Some(planned) = planned.filter(|_| unstruck.is_none()) {
            let (fault, place) = (planned.fault.as_str(), planned.place.as_str());
            self.mark(format!("{fault} at {place}: {}", kind.as_str()));
        }
        let said = match ended {
            Ended::Done => "done",
            Ended::Failed => "failed",
            Ended::Died => "died",
        };
        let name = kind.as_str();
        self.say(&format!("worker {who} {name} {count} from {first}: {said}"));
        self.mark(format!("attendance {said}"));
        if 1 < leases {
            self.mark("row taken up after another worker");
        }
        for request in self.workers[who].wires.take_late() {
            let at = self.now() + TimeDelta::seconds(self.dice.bank.within(20, 3_600));
            self.agenda.add(at, Deed::RequestArrives { request });
        }
        self.give_back(kind, token, leases, &ended).await
    }

    async fn give_back(
        &mut self,
        kind: Kind,
        token: Uuid,
        leases: i32,
        ended: &Ended,
    ) -> Result<(), StormError> {
        let finished = match ended {
            Ended::Done
                if self
                    .faults
                    .rolls(&mut self.dice.crew, Fault::CrashBeforeFinish)
                    && is_dealt(&mut self.dice.crew, pace::blows(self.config.plans)) =>
            {
                self.faults.count(Fault::CrashBeforeFinish);
                None
            }
            Ended::Done => Some(Finished::Done),
            Ended::Failed => Some(Finished::Failed {
                retry_at: self.now() + back_off(leases),
            }),
            Ended::Died => None,
        };
        match finished {
            Some(finished) => self.store.finish(kind, &[(token, finished)]).await?,
            None => {
                let at = self.now() + TimeDelta::seconds(self.dice.crew.within(20, 300));
                self.agenda.add(
                    at,
                    Deed::LeasesRunOut {
                        tokens: vec![token],
                    },
                );
            }
        }
        Ok(())
    }

    /// Runs one attendance, through whatever befalls it.
    async fn drive(
        &mut self,
        who: usize,
        batch: Batch,
        planned: Option<Planned>,
    ) -> Result<Ended, StormError> {
        let deps = self.workers[who].deps.clone();
        let token = batch.token;
        let mut job = Box::pin(async move { flows::attend::attend(&deps, &batch).await });
        loop {
            let struck = tokio::select! {
                biased;
                struck = self.workers[who].strikes.recv() => struck,
                done = &mut job => {
                    return Ok(match done {
                        Ok(()) => Ended::Done,
                        Err(error) => {
                            tracing::debug!(target: "storm", %error, "an attendance failed");
                            Ended::Failed
                        }
                    });
                }
            };
            match struck {
                Some(Struck::Crash) | None => {
                    drop(job);
                    self.workers[who].begin_anew().await?;
                    return Ok(Ended::Died);
                }
                Some(Struck::Halted(go_on)) => self.while_halted(token, planned, go_on).await?,
            }
        }
    }

    /// What happens while the first worker stands still: others take its rows, and time may pass.
    async fn while_halted(
        &mut self,
        token: Uuid,
        planned: Option<Planned>,
        go_on: oneshot::Sender<()>,
    ) -> Result<(), StormError> {
        self.store.heartbeat(&[token], Duration::ZERO).await?;
        let is_frozen = planned.is_some_and(|planned| planned.fault == Fault::Freeze);
        let stands_for = if is_frozen {
            TimeDelta::seconds(*self.dice.crew.pick(&[20, 120, 700, 4_000, 40_000]))
        } else {
            TimeDelta::zero()
        };
        self.say(&format!(
            "worker 0 stands still for {} s",
            stands_for.num_seconds()
        ));
        let until = self.now() + stands_for;
        self.pass_time(until, Crew::Second).await?;
        self.say("worker 0 goes on");
        // Refused only when the wire was broken meanwhile.
        let _ = go_on.send(());
        Ok(())
    }

    /// What is to befall the next attendance, if anything.
    fn plan_blow(&mut self, crew: Crew) -> Option<Planned> {
        use Fault as F;
        let dealt = pace::blows(self.config.plans);
        let dice = &mut self.dice.crew;
        let anywhere = *dice.pick(&[Place::Database, Place::BeforeCall, Place::AfterCall]);
        // What an attendance does last comes after dozens of statements, and a few commits.
        let in_database = *dice.pick(&[Place::Database, Place::Commit]);
        let statements = *dice.pick(&[8, 24, 72]);
        let within = match in_database {
            Place::Commit => 4,
            Place::Database | Place::BeforeCall | Place::AfterCall => statements,
        };
        let halts = crew == Crew::Whole;
        let table = [
            (F::CrashInDatabase, in_database, Blow::Crash, within, true),
            (F::CrashBeforeCall, Place::BeforeCall, Blow::Crash, 4, true),
            (F::CrashAfterCall, Place::AfterCall, Blow::Crash, 4, true),
            (F::CommitAnswerLost, Place::Commit, Blow::Lose, 4, true),
            (F::Freeze, anywhere, Blow::Halt, 8, halts),
            (F::LeaseWiped, anywhere, Blow::Halt, 8, halts),
        ];
        let mut planned = None;
        for (fault, place, blow, most, can) in table {
            let after = dice.below(most);
            let is_struck = self.faults.rolls(dice, fault) && is_dealt(dice, dealt);
            if is_struck && can && planned.is_none() {
                planned = Some(Planned {
                    fault,
                    place,
                    blow,
                    after,
                });
            }
        }
        planned
    }
}

/// Whether a blow that would fall does. Where all of them do, no die is thrown.
fn is_dealt(dice: &mut Dice, per_mille: u64) -> bool {
    1_000 <= per_mille || dice.strikes(per_mille)
}

/// As the scheduler's.
fn back_off(leases: i32) -> TimeDelta {
    let doublings = leases.saturating_sub(1).clamp(0, 8).unsigned_abs();
    (TimeDelta::seconds(2) * 2_i32.pow(doublings)).min(BACK_OFF_MAX)
}
