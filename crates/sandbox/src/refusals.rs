//! Refusals to order: the next call of an operation is refused with a code of one's choice, for
//! callers that want to meet every code.

use std::collections::{BTreeMap, VecDeque};

use crate::complaint::{Complaint, complaint};
use crate::words::Operation;

/// What the next calls of each operation are refused with, first come first.
#[derive(Default)]
pub(crate) struct Ordered(BTreeMap<Operation, VecDeque<Refused>>);

/// An ordered refusal.
#[derive(Clone)]
pub(crate) enum Refused {
    /// The operation's 422, or its 503, with this one error.
    Code(Complaint),
    /// A status without a body.
    Status(u16),
}

impl Refused {
    /// The status it is answered with.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Refused::Code(complaint) if complaint.code == "ZPADD98" => 503,
            Refused::Code(_) => 422,
            Refused::Status(status) => *status,
        }
    }

    /// Its code, where it has one.
    pub(crate) fn code(&self) -> Option<&'static str> {
        match self {
            Refused::Code(complaint) => Some(complaint.code),
            Refused::Status(_) => None,
        }
    }
}

impl Ordered {
    pub(crate) fn push(&mut self, operation: Operation, refused: Refused) {
        self.0.entry(operation).or_default().push_back(refused);
    }

    pub(crate) fn take(&mut self, operation: Operation) -> Option<Refused> {
        self.0.get_mut(&operation)?.pop_front()
    }

    /// Everything still to come.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Operation, &Refused)> {
        self.0
            .iter()
            .flat_map(|(operation, queue)| queue.iter().map(|refused| (*operation, refused)))
    }
}

/// The refusal of this code, if the operation's schema has it.
pub(crate) fn refusal_of(operation: Operation, code: &str) -> Option<Complaint> {
    let is_known = codes_of(operation).any(|known| known == code);
    complaint(code).filter(|_| is_known)
}

/// The codes that Oligo's schema allows in the errors of an operation.
pub(crate) fn codes_of(operation: Operation) -> impl Iterator<Item = &'static str> {
    let codes = match operation {
        Operation::CreateAgreement => {
            "ZPUNP00 ZPUNP01 ZPUNP02 ZPUNP03 ZPUNP04 ZPUNP05 ZPUNP06 ZPUNP07 ZPUNP08 ZPUNP09 \
             ZPAGR00 ZPAGR01 ZPAGR02 ZPAGR03 ZPAGR04 ZPAGR05 ZPAGR06 ZPAGR07 ZPAGR08 ZPAGR09 \
             ZPAGR10 ZPAGR11 ZPAGR12 ZPAGR13 ZPAGR14 ZPAGR15 ZPAGR16 ZPAGR17"
        }
        Operation::CancelAgreement => "ZPCAN00 ZPCAN01",
        Operation::CreatePayment => {
            "ZPUNP00 ZPUNP01 ZPUNP02 ZPUNP03 ZPUNP04 ZPUNP05 ZPUNP06 ZPUNP07 ZPUNP08 ZPUNP09 \
             ZPPAY00 ZPPAY01 ZPPAY02 ZPPAY03 ZPPAY04 ZPPAY05 ZPPAY06 ZPPAY07 ZPPAY08 ZPPAY09 \
             ZPPAY10 ZPPAY11 ZPPAY12 ZPPAY13 ZPPAY14 ZPPAY15 ZPPAY16 ZPPAY17 ZPPAY18 ZPPAY19 \
             ZPPAY20 ZPPAY21 ZPPAY22 ZPPAY23 ZPPAY24"
        }
        Operation::RetryPayment => {
            "ZPUNP00 ZPUNP01 ZPUNP02 ZPUNP03 ZPUNP04 ZPUNP05 ZPUNP06 ZPUNP07 ZPUNP08 ZPUNP09 \
             ZPPRY00 ZPPRY01 ZPPRY02 ZPPRY03 ZPPRY04 ZPPRY05 ZPREF06"
        }
        Operation::ResolveAlias => "ZPUNP00 ZPUNP09 ZPADD01 ZPADD02 ZPADD03 ZPADD04 ZPADD98",
        Operation::ListAgreements | Operation::ListPayments => "ZPUNP00 ZPPGN00",
        Operation::ShowAgreement | Operation::ShowPayment => "",
    };
    codes.split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_every_operation_can_be_ordered() {
        for word in Operation::WORDS {
            let operation = Operation::from_word(word).expect("a word of its own list");
            for code in codes_of(operation) {
                assert!(refusal_of(operation, code).is_some(), "{word} {code}");
            }
        }
        assert!(refusal_of(Operation::CreatePayment, "ZPAGR00").is_none());
    }

    #[test]
    fn ordered_refusals_come_in_their_order_and_once() {
        let mut ordered = Ordered::default();
        let operation = Operation::ShowPayment;
        for status in [500, 403] {
            ordered.push(operation, Refused::Status(status));
        }
        let taken: Vec<u16> = std::iter::from_fn(|| ordered.take(operation))
            .map(|refused| refused.status())
            .collect();
        assert_eq!(taken, [500, 403]);
    }
}
