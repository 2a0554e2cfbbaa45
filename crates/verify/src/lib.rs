//! Holds Paydown's rows against the bank's ledger and names every law that is broken.
//!
//! A second opinion: it shares no code with what it checks. Its SQL, its periods and its dates are
//! its own, and the numbers of the invariants are explained where each is checked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgPool, PgPoolOptions};
use uuid::Uuid;

mod violation;
pub mod witness;
mod calendar;
mod rows;
mod book;
mod terms;
mod ours;
mod history;
mod whole;

pub use violation::{LAWS, Violation};

use book::Book;
use history::History;
use rows::OurPayment;
use violation::Findings;
use witness::Ledger;

/// The most failures in a row under one agreement.
const FAILURES_MAX: i32 = 5;

/// Why a look could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("the rows could not be read")]
pub struct VerifyError(#[from] sqlx::Error);

/// A time in which nothing may be sent: from the commit that closed to the one that opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// When everything was stopped.
    pub closed_at: DateTime<Utc>,
    /// When it went on; `None` while it is stopped.
    pub opened_at: Option<DateTime<Utc>>,
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCounts {
    /// Customers.
    pub customers: i64,
    /// Plans.
    pub plans: i64,
    /// Instalments.
    pub instalments: i64,
    /// Agreements.
    pub agreements: i64,
}

/// Looks at both sides again and again, and remembers what it has seen.
#[derive(Debug)]
pub struct Verifier {
    pool: PgPool,
    uid_key: Option<[u8; 32]>,
    fences: Vec<Fence>,
    book: Book,
    history: History,
    journal_seen: i64,
    checked: BTreeMap<&'static str, u64>,
}

impl Verifier {
    /// A verifier of the database at `url`. With the key of uids, each uid is worked out again.
    ///
    /// # Errors
    ///
    /// Fails when the URL is not one of PostgreSQL.
    pub fn connect(url: &str, uid_key: Option<[u8; 32]>) -> Result<Verifier, VerifyError> {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy(url)?;
        Ok(Verifier {
            pool,
            uid_key,
            fences: Vec::new(),
            book: Book::default(),
            history: History::default(),
            journal_seen: 0,
            checked: LAWS.iter().map(|(law, _)| (*law, 0)).collect(),
        })
    }

    /// How often each law was looked at so far; every law of [`LAWS`] is in it.
    pub fn checked(&self) -> &BTreeMap<&'static str, u64> {
        &self.checked
    }

    /// Takes it from the journal when everything was stopped, and when it went on.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn read_stops(&mut self) -> Result<(), VerifyError> {
        let mut standing: HashMap<String, DateTime<Utc>> = HashMap::new();
        for turn in rows::turns(&self.pool).await? {
            if turn.is_closed {
                standing.entry(turn.scope).or_insert(turn.at);
            } else if let Some(closed_at) = standing.remove(&turn.scope) {
                self.stop(closed_at, Some(turn.at));
            }
        }
        for closed_at in standing.into_values() {
            self.stop(closed_at, None);
        }
        Ok(())
    }

    /// A stop by the clock of whoever closed: what was being armed then may come a moment later.
    fn stop(&mut self, closed_at: DateTime<Utc>, opened_at: Option<DateTime<Utc>>) {
        self.fences.push(Fence {
            closed_at: closed_at + ours::SAME_TIME,
            opened_at,
        });
    }

    /// Says that everything is stopped from now on.
    pub fn closed(&mut self, at: DateTime<Utc>) {
        self.fences.push(Fence {
            closed_at: at,
            opened_at: None,
        });
    }

    /// Says that everything goes on from now on.
    pub fn opened(&mut self, at: DateTime<Utc>) {
        if let Some(fence) = self.fences.last_mut() {
            fence.opened_at = Some(at);
        }
    }

    /// The uids of the bank's payments that may still change, or that moved here since the last look: the
    /// next part of the ledger has to hold them.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn unsettled(&mut self, now: DateTime<Utc>) -> Result<Vec<String>, VerifyError> {
        let mut uids: BTreeSet<String> = self.book.unsettled(now).into_iter().collect();
        let moved = rows::moved_payments(&self.pool, self.journal_seen).await?;
        uids.extend(self.book.reopen(moved));
        Ok(uids.into_iter().collect())
    }

    /// How often each step of the journal was taken: subject, from, to.
    pub fn steps(&self) -> &BTreeMap<(String, String, String), u64> {
        self.history.steps()
    }

    /// Steps that are allowed and that nothing has taken.
    pub fn untaken(&self) -> Vec<String> {
        self.history.untaken()
    }

    /// How many rows there are.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn counts(&self) -> Result<RowCounts, VerifyError> {
        let (customers, plans, instalments, agreements) = rows::counts(&self.pool).await?;
        Ok(RowCounts {
            customers,
            plans,
            instalments,
            agreements,
        })
    }

    /// How many plans a customer has, by the lender's own name of the customer.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn plans_of(&self, external_id: &str) -> Result<u64, VerifyError> {
        Ok(rows::plans_of(&self.pool, external_id)
            .await?
            .unsigned_abs())
    }

    /// How many instalments there are in each state, by its name.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn instalments(&self) -> Result<BTreeMap<String, u64>, VerifyError> {
        let states = rows::instalments(&self.pool).await?;
        let count = |(state, count): (String, i64)| (state, count.unsigned_abs());
        Ok(states.into_iter().map(count).collect())
    }

    /// How many webhooks that came by `at` nobody has digested yet.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn undigested(&self, at: DateTime<Utc>) -> Result<u64, VerifyError> {
        let (_, undigested) = rows::overdue(&self.pool, at).await?;
        Ok(undigested.unsigned_abs())
    }

    /// How many rows are in quarantine until a person lets them go on.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn quarantined(&self) -> Result<u64, VerifyError> {
        Ok(rows::quarantined(&self.pool).await?.unsigned_abs())
    }

    /// How many questions to a person were opened, by kind.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn questions(&self) -> Result<Vec<(String, i64)>, VerifyError> {
        Ok(rows::questions(&self.pool).await?)
    }

    /// Checks what has changed on either side since the last look. `part` holds what is new at the
    /// bank and what [`Verifier::unsettled`] named.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn look(&mut self, part: &Ledger) -> Result<Vec<Violation>, VerifyError> {
        let mut found = Findings::default();
        self.look_into(part, &mut found).await?;
        Ok(self.tell(found))
    }

    async fn look_into(&mut self, part: &Ledger, found: &mut Findings) -> Result<(), VerifyError> {
        let touched = self.book.take(part);
        let moved = self.read_journal(found).await?;
        let uids: Vec<String> = touched.iter().cloned().collect();
        let rows = rows::payments(&self.pool, &uids, &moved).await?;
        self.book.tie(&rows);
        self.check_rows(&touched, &rows, found).await?;
        Ok(())
    }

    /// Checks that nothing is lost: every open instalment that is due is looked at again, and no
    /// agreement was tried after too many failures. `now` is business time.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn nothing_lost(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<Violation>, VerifyError> {
        let mut found = Findings::default();
        self.find_lost(now, &mut found).await?;
        Ok(self.tell(found))
    }

    async fn find_lost(
        &mut self,
        now: DateTime<Utc>,
        found: &mut Findings,
    ) -> Result<(), VerifyError> {
        let today = calendar::sydney_date(now);
        let (instalments, agreements) = rows::due(&self.pool, today).await?;
        found.checked("I9", counted(instalments));
        found.checked("I22", counted(agreements));
        let overdue = rows::overdue_instalments(&self.pool, today, now).await?;
        whole::lost(&mut self.book, &overdue, today, found);
        for streak in rows::streaks(&self.pool, FAILURES_MAX).await? {
            let said = format!("{} failures in a row", streak.consecutive_failures);
            let violation = Violation::new("I22", said).of_uid(streak.uid);
            found.push(violation.of_plan(streak.plan_id));
        }
        Ok(())
    }

    /// Checks everything once more, and what must hold when nothing is under way: both sides say
    /// the same of every payment, no row is overdue, no webhook waits. `ledger` is the whole of it.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn conclude(
        &mut self,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> Result<Vec<Violation>, VerifyError> {
        let mut found = Findings::default();
        self.look_into(ledger, &mut found).await?;
        let rows = rows::all_payments(&self.pool).await?;
        self.book.tie(&rows);
        let every: BTreeSet<String> = self.book.entries.keys().cloned().collect();
        self.check_rows(&every, &rows, &mut found).await?;
        for row in &rows {
            let theirs = self.book.entries.get(&row.uid).map(|entry| &entry.theirs);
            ours::converged(theirs, row, &mut found);
        }
        // Those without any payment, too.
        let plans = rows::plans(&self.pool).await?;
        let plans = rows::sums(&self.pool, &plans).await?;
        whole::sums(&plans, &self.book.settled_of_plan, true, &mut found);
        self.find_lost(now, &mut found).await?;
        let (overdue, undigested) = rows::overdue(&self.pool, now).await?;
        if 0 < overdue {
            let said = format!("{overdue} rows are overdue at the end");
            found.push(Violation::new("I9", said));
        }
        if 0 < undigested {
            let said = format!("{undigested} webhooks wait at the end");
            found.push(Violation::new("I10", said));
        }
        Ok(self.tell(found))
    }

    /// Keeps count of what was looked at, and answers with what was found.
    fn tell(&mut self, found: Findings) -> Vec<Violation> {
        let (broken, checked) = found.told();
        for (law, times) in checked {
            *self.checked.entry(law).or_default() += times;
        }
        broken
    }

    /// Follows the journal, and answers with the payments that moved.
    async fn read_journal(&mut self, found: &mut Findings) -> Result<Vec<Uuid>, VerifyError> {
        let lines = rows::journal(&self.pool, self.journal_seen).await?;
        let mut moved = BTreeSet::new();
        for line in &lines {
            self.history.take(line, found);
            self.journal_seen = self.journal_seen.max(line.id);
            if line.subject == "payment" {
                moved.insert(line.subject_id);
            }
        }
        Ok(moved.into_iter().collect())
    }

    /// Every check of single payments, their instalments, slots and plans.
    async fn check_rows(
        &mut self,
        touched: &BTreeSet<String>,
        rows: &[OurPayment],
        found: &mut Findings,
    ) -> Result<(), VerifyError> {
        let plans: BTreeSet<Uuid> = rows.iter().map(|row| row.plan_id).collect();
        let plans: Vec<Uuid> = plans.into_iter().collect();
        let sums = rows::sums(&self.pool, &plans).await?;
        whole::sums(&sums, &self.book.settled_of_plan, false, found);

        let by_uid: HashMap<&str, &OurPayment> =
            rows.iter().map(|row| (row.uid.as_str(), row)).collect();
        for uid in touched {
            match by_uid.get(uid.as_str()) {
                Some(row) => terms::check(&mut self.book, uid, row, found),
                None => found.push(
                    Violation::new("I3", "the bank has a payment that is not ours").of_uid(uid),
                ),
            }
        }
        for row in rows {
            self.check_row(row, found);
        }
        let instalments: Vec<Uuid> = rows.iter().map(|row| row.instalment_id).collect();
        for instalment in rows::gapped(&self.pool, &instalments).await? {
            let violation = Violation::new("I4", "its attempts are not numbered from 1");
            found.push(violation.of_instalment(instalment));
        }
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let held = rows::slots(&self.pool, &ids).await?;
        whole::slots(&mut self.book, rows, &held, found);
        Ok(())
    }

    fn check_row(&self, row: &OurPayment, found: &mut Findings) {
        let entry = self.book.entries.get(&row.uid);
        if let Some(entry) = entry {
            ours::foreseen(&entry.theirs, row, self.uid_key.as_ref(), found);
        }
        ours::one_at_a_time(&self.book, row, found);
        let own = self.history.stops_of(row.plan_id, row.agreement_id);
        ours::stopped(row, &self.fences, own, found);
        ours::agrees(entry, row, found);
    }
}

fn counted(count: i64) -> usize {
    usize::try_from(count).unwrap_or(0)
}
