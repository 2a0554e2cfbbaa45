//! The laws of the calendar side, for all inputs.

use domain::date::BusinessDate;
use domain::fit::{Demand, ProposalPolicy, propose, prove};
use domain::money::Cents;
use domain::schedule::{DueDay, Extent, RegularSchedule, Schedule};
use domain::terms::Frequency;
use domain::uid::{AgreementId, InstalmentId, PaymentId, PlanId, ProviderUid, UidKey};
use proptest::prelude::*;
use uuid::Uuid;

const PERIODIC: [Frequency; 7] = [
    Frequency::Daily,
    Frequency::Weekly,
    Frequency::Fortnightly,
    Frequency::Monthly,
    Frequency::Quarterly,
    Frequency::SemiAnnual,
    Frequency::Annual,
];

/// Days from one due date to the next.
const DAYS: [(Frequency, i64); 3] = [
    (Frequency::Daily, 1),
    (Frequency::Weekly, 7),
    (Frequency::Fortnightly, 14),
];

/// Months from one due date to the next.
const MONTHS: [(Frequency, i64); 4] = [
    (Frequency::Monthly, 1),
    (Frequency::Quarterly, 3),
    (Frequency::SemiAnnual, 6),
    (Frequency::Annual, 12),
];

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn a_date() -> impl Strategy<Value = BusinessDate> {
    (0_i64..30_000).prop_map(|days| date("2000-01-01").plus_days(days).expect("in range"))
}

fn a_frequency() -> impl Strategy<Value = Frequency> {
    prop::sample::select(PERIODIC.to_vec())
}

fn an_amount() -> impl Strategy<Value = Cents> {
    (1_i64..=1_000_000_000).prop_map(|cents| Cents::new(cents).expect("in range"))
}

/// Gaps of all sizes, bursts among them.
fn a_listed_schedule() -> impl Strategy<Value = Schedule> {
    let gap = prop_oneof![
        1_i64..4,
        Just(7),
        Just(14),
        26_i64..35,
        80_i64..100,
        1_i64..400
    ];
    (
        a_date(),
        prop::collection::vec((gap, an_amount()), 1..40),
        any::<bool>(),
    )
        .prop_map(|(first, steps, equal)| {
            let amount = steps[0].1;
            let mut due = first;
            let listed = steps.into_iter().map(|(gap, own)| {
                due = due.plus_days(gap).expect("in range");
                (due, if equal { amount } else { own })
            });
            Schedule::explicit(listed.collect()).expect("ascending dates")
        })
}

fn a_regular_schedule() -> impl Strategy<Value = RegularSchedule> {
    (
        a_date(),
        a_frequency(),
        1_u32..60,
        an_amount(),
        any::<bool>(),
    )
        .prop_map(|(first_date, frequency, instalments, amount, last_day)| {
            let last_day = last_day && frequency.is_month_based();
            RegularSchedule {
                frequency,
                first_date: if last_day {
                    first_date.month_end()
                } else {
                    first_date
                },
                due_day: if last_day {
                    DueDay::LastDayOfMonth
                } else {
                    DueDay::SameDay
                },
                extent: Extent::Instalments(instalments),
                amount,
                final_amount: None,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_proposed_for_a_listed_schedule_is_proved_under_both_readings(
        schedule in a_listed_schedule(), ahead in 0_i64..400
    ) {
        let today = schedule.first_due().plus_days(-ahead).expect("in range");
        let proposal = propose(&schedule, &ProposalPolicy::new(today, 0)).expect("a proposal");

        prop_assert!(today <= proposal.validity.start_date);
        prop_assert_eq!(proposal.terms.first_payment_date(), None);
        prop_assert_eq!(proposal.terms.last_payment_date(), None);
        let proof = prove(&schedule, &proposal.terms, proposal.validity, &Demand::BOTH);
        let proved = proof.map(|proof| proof.instalments as usize);
        prop_assert_eq!(proved, Ok(schedule.instalments().len()));
    }

    #[test]
    fn a_regular_schedule_known_a_month_ahead_needs_a_count_of_one(plan in a_regular_schedule()) {
        let schedule = plan.expand().expect("a schedule");
        let today = schedule.first_due().plus_days(-31).expect("in range");
        let proposal = propose(&schedule, &ProposalPolicy::new(today, 0)).expect("a proposal");

        prop_assert_eq!(proposal.terms.count(), Some(1));
        prop_assert!(prove(&schedule, &proposal.terms, proposal.validity, &Demand::BOTH).is_ok());
        if proposal.terms.frequency().is_month_based() {
            prop_assert!(proposal.validity.start_date.day() <= 28);
        }
    }

    #[test]
    fn due_dates_never_drift_from_the_first_ones_day(plan in a_regular_schedule()) {
        let schedule = plan.expand().expect("a schedule");
        let mut before = None;
        for (place, instalment) in (0_i64..).zip(schedule.instalments()) {
            let due = instalment.due_date;
            prop_assert!(before < Some(due));
            before = Some(due);
            let first = plan.first_date;
            if let Some((_, days)) = DAYS.iter().find(|one| one.0 == plan.frequency) {
                prop_assert_eq!(first.days_until(due), days * place);
                continue;
            }
            let months = MONTHS.iter().find(|one| one.0 == plan.frequency).expect("months").1;
            let counted =
                |date: BusinessDate| i64::from(date.year()) * 12 + i64::from(date.month());
            prop_assert_eq!(counted(due) - counted(first), months * place);
            match plan.due_day {
                DueDay::SameDay => {
                    prop_assert_eq!(due.day(), first.day().min(due.month_end().day()));
                }
                DueDay::LastDayOfMonth => prop_assert!(due.is_last_of_month()),
            }
        }
    }

    #[test]
    fn dates_and_instants_agree(day in a_date(), hour in 0_u32..24, minute in 0_u32..60) {
        let (opens, closes) = (day.opens_at(), day.closes_at());
        let at = day.at_hour(hour, minute);

        prop_assert!(opens <= at && at < closes);
        prop_assert_eq!(BusinessDate::of_instant(at), day);
        prop_assert_eq!(BusinessDate::of_instant(opens - chrono::TimeDelta::nanoseconds(1)),
            day.plus_days(-1).expect("in range"));
        prop_assert_eq!(day.to_string().parse(), Ok(day));
    }

    #[test]
    fn dollars_and_cents_are_one_amount(amount in an_amount()) {
        prop_assert_eq!(Cents::from_dollars(amount.to_dollars()), Ok(amount));
    }

    #[test]
    fn ids_are_read_back_and_never_as_another_kind(bits in any::<u128>()) {
        let uuid = Uuid::from_u128(bits);
        let text = PaymentId::new(uuid).to_string();

        prop_assert_eq!(text.parse(), Ok(PaymentId::new(uuid)));
        prop_assert!(text.parse::<AgreementId>().is_err());
    }

    #[test]
    fn uids_fit_the_providers_pattern_and_never_meet(
        key in any::<[u8; 32]>(), bits in any::<u128>(), attempt in any::<u32>()
    ) {
        let key = UidKey::new(key);
        let uuid = Uuid::from_u128(bits);
        let payment = key.payment_uid(InstalmentId::new(uuid), attempt);
        let agreement = key.agreement_uid(PlanId::new(uuid), attempt);

        prop_assert_eq!(ProviderUid::parse(payment.as_str()), Ok(payment.clone()));
        prop_assert_eq!(payment.as_str().len(), 36);
        prop_assert!(payment.as_str().starts_with("pd1-"));
        prop_assert_ne!(&payment, &agreement);
        let next = key.payment_uid(InstalmentId::new(uuid), attempt.wrapping_add(1));
        prop_assert_ne!(&payment, &next);
    }
}

#[test]
fn a_uid_is_the_same_for_ever() {
    let key = UidKey::new([7; 32]);
    let uuid = Uuid::from_u128(1);

    // A change of these texts would collect every open instalment a second time.
    let payment = key.payment_uid(InstalmentId::new(uuid), 1);
    assert_eq!(payment.as_str(), "pd1-xkgyymkc5zyi3uuhph7expf7kfenhb4c");
    assert_eq!(
        key.agreement_uid(PlanId::new(uuid), 1).as_str(),
        "pd1-zyw5lsmdklsyqbzeimtthka5rvdwzdv6"
    );
}
