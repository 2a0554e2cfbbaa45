//! An agreement as the bank keeps it, and the request that asks for one.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::account::Account;
use crate::cause::Cause;
use crate::clock::{sydney_date, sydney_text};
use crate::complaint::{
    AUTO_CANCEL_UNDATED, Complaint, END_TOO_EARLY, FIRST_PAST, LAST_BEFORE_FIRST, LAST_PAST,
    RESOLUTION_PAST, RESOLUTION_TOO_LATE, Refusal, START_AFTER_END, START_AFTER_FIRST, START_PAST,
};
use crate::form::{self, Findings, Form, date, metadata, printable, word};
use crate::settings::{Creditor, Settings};
use crate::terms::{self, Rules, Terms};
use crate::words::{AccountKind, AgreementScript, AgreementState, MonthEnd, PURPOSES, Party};

/// How long a payer may leave an agreement unanswered.
pub(crate) const ANSWER_WITHIN: TimeDelta = TimeDelta::days(5);

/// The body of `POST /payto/agreements`, well formed but not yet held against the calendar.
pub(crate) struct AgreementRequest {
    pub(crate) uid: String,
    purpose: String,
    description: String,
    debtor_name: String,
    debtor_ultimate_name: String,
    pub(crate) account: Account,
    terms: Terms,
    resolution_requested_before: Option<DateTime<Utc>>,
    cancel_if_unresolved: Option<bool>,
    validity_start: Option<NaiveDate>,
    validity_end: Option<NaiveDate>,
    metadata: Option<Value>,
    pub(crate) script: Option<Scripted<AgreementScript>>,
}

/// An ending asked for in the request's `sandbox`, and after how many seconds.
#[derive(Clone, Copy)]
pub(crate) struct Scripted<T> {
    pub(crate) ending: T,
    pub(crate) delay: Option<TimeDelta>,
}

/// Reads the `sandbox` object of a request.
pub(crate) fn read_script<T>(
    findings: &mut Findings,
    root: &Form<'_>,
    words: &[&str],
    from_word: impl Fn(&str) -> Option<T>,
) -> Option<Scripted<T>> {
    let form = findings.optional_object(root, "sandbox", &["simulate", "delay"])?;
    let ending = findings.choice(&form, "simulate", words, from_word);
    let seconds = |value: &Value| value.as_i64().filter(|delay| (0..=86_400).contains(delay));
    let delay = findings
        .optional(&form, "delay", seconds)
        .map(TimeDelta::seconds);
    Some(Scripted {
        ending: ending?,
        delay,
    })
}

const KEYS: [&str; 11] = [
    "uid",
    "purpose",
    "description",
    "debtor",
    "payment_terms",
    "resolution_requested_before",
    "cancel_if_unresolved",
    "validity_start_date",
    "validity_end_date",
    "metadata",
    "sandbox",
];

impl AgreementRequest {
    /// # Errors
    ///
    /// Fails with every key that is not allowed, or every field that is wrong.
    pub(crate) fn read(body: &[u8]) -> Result<AgreementRequest, Refusal> {
        let body = Findings::body(body)?;
        let mut findings = Findings::default();
        let request = read_fields(&mut findings, &body);
        findings.conclude(request)
    }

    /// Everything in which the request is at odds with today.
    pub(crate) fn complaints(&self, now: DateTime<Utc>) -> Vec<Complaint> {
        let mut found = self.account.debtor_complaints();
        let today = sydney_date(now);
        let start = self.validity_start.unwrap_or(today);
        let (first, last) = (self.terms.first_payment_date, self.terms.last_payment_date);
        let latest = now + ANSWER_WITHIN;
        let before = self.resolution_requested_before;
        if before.is_some_and(|before| latest < before) {
            let latest = sydney_text(latest);
            found.push(RESOLUTION_TOO_LATE.saying(format!("The deadline lies after {latest}")));
        }
        let broken = [
            (before.is_some_and(|before| before < now), RESOLUTION_PAST),
            (
                self.cancel_if_unresolved == Some(true) && before.is_none(),
                AUTO_CANCEL_UNDATED,
            ),
            (start < today, START_PAST),
            (
                self.validity_end.is_some_and(|end| end < start),
                START_AFTER_END,
            ),
            (first.is_some_and(|first| first < start), START_AFTER_FIRST),
            (self.ends_too_early(today), END_TOO_EARLY),
            (first.is_some_and(|first| first < today), FIRST_PAST),
            (
                first.zip(last).is_some_and(|(first, last)| last < first),
                LAST_BEFORE_FIRST,
            ),
            (last.is_some_and(|last| last < today), LAST_PAST),
        ];
        found.extend(
            broken
                .into_iter()
                .filter(|(is_broken, _)| *is_broken)
                .map(|(_, rule)| rule),
        );
        found
    }

    fn ends_too_early(&self, today: NaiveDate) -> bool {
        let Some(end) = self.validity_end else {
            return false;
        };
        end < today || self.terms.last_payment_date.is_some_and(|last| end < last)
    }

    /// The agreement this request makes, `pending` from `now` on, with the creditor of today.
    pub(crate) fn into_agreement(self, now: DateTime<Utc>, settings: &Settings) -> Agreement {
        Agreement {
            uid: self.uid,
            purpose: self.purpose,
            description: self.description,
            debtor_name: self.debtor_name,
            debtor_ultimate_name: self.debtor_ultimate_name,
            account: self.account,
            creditor: settings.creditor.clone(),
            terms: self.terms,
            resolution_requested_before: self.resolution_requested_before,
            cancel_if_unresolved: self.cancel_if_unresolved,
            validity_start: self.validity_start.unwrap_or_else(|| sydney_date(now)),
            validity_end: self.validity_end,
            metadata: self.metadata,
            script: self.script,
            state: AgreementState::Pending,
            caused_by: Party::Initiator,
            reason: None,
            mms_agreement_id: None,
            created_at: now,
            cancelling: false,
            failures_in_a_row: 0,
            payments: Vec::new(),
        }
    }
}

fn read_fields(findings: &mut Findings, body: &Value) -> Option<AgreementRequest> {
    let root = findings.root(body, &KEYS)?;
    let uid = findings.required(&root, "uid", form::uid);
    let purpose = findings.choice(&root, "purpose", &PURPOSES, |text| {
        PURPOSES.contains(&text).then(|| text.to_owned())
    });
    let description = findings.required(&root, "description", printable(140));
    let debtor = read_debtor(findings, &root);
    let terms = terms::read(findings, &root);
    let before = findings.optional(&root, "resolution_requested_before", utc_instant);
    let cancel_if_unresolved = findings.optional(&root, "cancel_if_unresolved", Value::as_bool);
    let validity_start = findings.optional(&root, "validity_start_date", date);
    let validity_end = findings.optional(&root, "validity_end_date", date);
    let metadata = findings.optional(&root, "metadata", metadata);
    let script = read_script(
        findings,
        &root,
        AgreementScript::WORDS,
        AgreementScript::from_word,
    );
    let (debtor_name, ultimate, account) = debtor?;
    alias_scripts_need_an_alias(findings, &root, script, &account);
    Some(AgreementRequest {
        uid: uid?,
        purpose: purpose?,
        description: description?,
        debtor_ultimate_name: ultimate.unwrap_or_else(|| debtor_name.clone()),
        debtor_name,
        account,
        terms: terms?,
        resolution_requested_before: before,
        cancel_if_unresolved,
        validity_start,
        validity_end,
        metadata,
        script,
    })
}

type Debtor = (String, Option<String>, Account);

fn read_debtor(findings: &mut Findings, root: &Form<'_>) -> Option<Debtor> {
    let keys = ["party_name", "ultimate_party_name", "account_identifier"];
    let form = findings.object(root, "debtor", &keys)?;
    let party_name = findings.required(&form, "party_name", printable(140));
    let ultimate = findings.filled(&form, "ultimate_party_name", printable(140));
    let identifier = findings.object(&form, "account_identifier", &["type", "value"])?;
    let account = read_account(findings, &identifier, AccountKind::WORDS);
    Some((party_name?, ultimate, account?))
}

/// Reads the `type`, one of `kinds`, and the `value` of an account identifier.
pub(crate) fn read_account(
    findings: &mut Findings,
    form: &Form<'_>,
    kinds: &[&str],
) -> Option<Account> {
    let kind = findings.choice(form, "type", kinds, |text| {
        AccountKind::from_word(text).filter(|kind| kinds.contains(&kind.word()))
    });
    let value = findings.required(form, "value", word(|text| Some(text.to_owned())));
    let account = Account {
        kind: kind?,
        value: value?,
    };
    if !Account::fits_some_kind(&account.value) {
        findings.problem(form, "value", "is in invalid format");
    } else if !account.is_well_formed() {
        let kind = account.kind.word();
        findings.note(format!("The given value is not a valid {kind}"));
    }
    Some(account)
}

fn alias_scripts_need_an_alias(
    findings: &mut Findings,
    root: &Form<'_>,
    script: Option<Scripted<AgreementScript>>,
    account: &Account,
) {
    use AgreementScript as Ending;
    let needs_alias = match script.map(|script| script.ending) {
        Some(Ending::DebtorAliasNotFound | Ending::AliasServiceUnavailable) => true,
        Some(
            Ending::DebtorAccept
            | Ending::DebtorDecline
            | Ending::Expire
            | Ending::AccountTypeNotSupported
            | Ending::CreditorAliasNotFound
            | Ending::AgreementServiceUnavailable,
        )
        | None => false,
    };
    if needs_alias && !account.is_alias() {
        findings.problem(root, "sandbox.simulate", "needs a debtor known by an alias");
    }
}

fn utc_instant(value: &Value) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    (instant.offset().local_minus_utc() == 0).then(|| instant.with_timezone(&Utc))
}

/// An agreement as the bank keeps it.
pub(crate) struct Agreement {
    pub(crate) uid: String,
    purpose: String,
    pub(crate) description: String,
    pub(crate) debtor_name: String,
    pub(crate) debtor_ultimate_name: String,
    pub(crate) account: Account,
    /// Who was to receive when it was made.
    pub(crate) creditor: Option<Creditor>,
    pub(crate) terms: Terms,
    pub(crate) resolution_requested_before: Option<DateTime<Utc>>,
    pub(crate) cancel_if_unresolved: Option<bool>,
    pub(crate) validity_start: NaiveDate,
    pub(crate) validity_end: Option<NaiveDate>,
    pub(crate) metadata: Option<Value>,
    pub(crate) script: Option<Scripted<AgreementScript>>,
    pub(crate) state: AgreementState,
    pub(crate) caused_by: Party,
    pub(crate) reason: Option<Reason>,
    pub(crate) mms_agreement_id: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// A cancellation was accepted and has not ended yet.
    pub(crate) cancelling: bool,
    /// How many of its payments have failed since one settled.
    pub(crate) failures_in_a_row: u32,
    /// The uids of its payments, in order of creation.
    pub(crate) payments: Vec<String>,
}

/// Why an agreement is in its state.
#[derive(Clone)]
pub(crate) struct Reason {
    pub(crate) cause: Cause,
    pub(crate) narrative: Option<String>,
}

impl Reason {
    /// The `reason` of an event or a response.
    pub(crate) fn wire(&self) -> Value {
        let mut reason = self.cause.reason();
        if let Some(narrative) = &self.narrative {
            reason["narrative"] = json!(narrative);
        }
        reason
    }
}

impl Agreement {
    pub(crate) fn rules(&self, reading: MonthEnd) -> Rules<'_> {
        Rules {
            terms: &self.terms,
            validity_start: self.validity_start,
            validity_end: self.validity_end,
            reading,
        }
    }

    pub(crate) fn debtor(&self) -> Value {
        json!({
            "party_name": self.debtor_name,
            "ultimate_party_name": self.debtor_ultimate_name,
            "account_identifier": self.account,
        })
    }

    /// The agreement object of a response.
    pub(crate) fn wire(&self, settings: &Settings) -> Value {
        let mut answer = json!({
            "uid": self.uid,
            "state": self.state,
            "state_caused_by": self.caused_by,
            "state_reason": self.reason.as_ref().map(Reason::wire),
            "mms_agreement_id": self.mms_agreement_id,
            "created_at": sydney_text(self.created_at),
            "purpose": self.purpose,
            "description": self.description,
            "payment_terms": self.terms,
            "debtor": self.debtor(),
            "resolution_requested_before": sydney_text(self.answer_wanted_by()),
            "cancel_if_unresolved": self.cancel_if_unresolved,
            "validity_start_date": self.validity_start,
            "validity_end_date": self.validity_end,
            "metadata": self.metadata,
            "links": {"self": self.link()},
        });
        settings.add_prose(&mut answer, self.creditor.as_ref(), true);
        answer
    }

    /// The payer's deadline, for information: what was asked for, or five days.
    fn answer_wanted_by(&self) -> DateTime<Utc> {
        let asked = self.resolution_requested_before;
        asked.unwrap_or(self.created_at + ANSWER_WITHIN)
    }

    pub(crate) fn link(&self) -> String {
        format!("/payto/agreements/{}", self.uid)
    }
}
