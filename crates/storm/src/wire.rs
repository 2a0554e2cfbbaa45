//! What a worker's connections do for the storm: they count, and strike where they were told to.
//!
//! The wires lie below the worker: between its store and PostgreSQL, between its client and the
//! bank. The worker cannot tell them from a network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

use crate::dice::Dice;
use crate::fault::{Fault, Faults};

/// Where a blow falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// After so many statements of the database.
    Database,
    /// After so many commits.
    Commit,
    /// When so many requests are about to leave.
    BeforeCall,
    /// When the answer to so many requests is there.
    AfterCall,
}

impl Place {
    /// Its name in the report.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Place::Database => "a statement",
            Place::Commit => "a commit",
            Place::BeforeCall => "a request",
            Place::AfterCall => "an answer",
        }
    }
}

/// What a blow does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The worker dies.
    Crash,
    /// The worker stands still until it is told to go on.
    Halt,
    /// The answer is lost, with its connection.
    Lose,
}

/// One blow to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    pub(crate) place: Place,
    pub(crate) blow: Blow,
    /// How many are let pass first.
    pub(crate) after: u64,
}

/// What the storm is told of, while the worker waits.
#[derive(Debug)]
pub(crate) enum Struck {
    /// The worker is to be killed.
    Crash,
    /// The worker stands still until this is answered.
    Halted(oneshot::Sender<()>),
}

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallFate {
    Passes,
    Lost,
    Late,
    Unavailable,
    TooMany,
    NotFound,
    AnswerLost,
    ErrorAfter,
    Garbage,
    Truncated,
}

/// How the provider is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    /// Every request is answered with 503.
    Unavailable,
    /// No request is answered.
    Silent,
    /// Nobody listens.
    Refusing,
}

/// The storm's hand on one worker's connections.
#[derive(Debug)]
pub(crate) struct Wires {
    state: Mutex<State>,
    struck: mpsc::UnboundedSender<Struck>,
    kill: watch::Sender<u64>,
    living: watch::Sender<usize>,
    faults: Faults,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    planned: Option<Planned>,
    passed: u64,
    away: Option<Away>,
    late: Vec<Vec<u8>>,
}

impl Wires {
    pub(crate) fn new(dice: Dice, faults: Faults) -> (Wires, mpsc::UnboundedReceiver<Struck>) {
        let (struck, strikes) = mpsc::unbounded_channel();
        let state = State {
            dice,
            planned: None,
            passed: 0,
            away: None,
            late: Vec::new(),
        };
        let wires = Wires {
            state: Mutex::new(state),
            struck,
            kill: watch::Sender::new(0),
            living: watch::Sender::new(0),
            faults,
        };
        (wires, strikes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to befall the work that begins now. Answers with what was to befall the work before, and did
    /// not.
    pub(crate) fn plan(&self, planned: Option<Planned>) -> Option<Planned> {
        let mut state = self.state();
        state.passed = 0;
        std::mem::replace(&mut state.planned, planned)
    }

    pub(crate) fn set_away(&self, away: Option<Away>) {
        self.state().away = away;
    }

    /// Requests that were given up by their sender and have not arrived yet.
    pub(crate) fn take_late(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state().late)
    }

    pub(crate) fn keep_late(&self, request: Vec<u8>) {
        self.state().late.push(request);
    }

    /// Breaks every connection, and waits until the other side has let go of what it held.
    pub(crate) async fn kill(&self) {
        let mut living = self.living.subscribe();
        loop {
            // Once more when it changes: a client that is gone may have one opened still.
            self.kill.send_modify(|count| *count += 1);
            if *living.borrow_and_update() == 0 {
                return;
            }
            // Cannot fail: the sender is ours.
            let _ = living.changed().await;
        }
    }

    /// A connection begins; it lives until the answer is dropped.
    pub(crate) fn connection(self: &Arc<Self>) -> Connection {
        self.living.send_modify(|count| *count += 1);
        Connection {
            wires: Arc::clone(self),
            killed: self.kill.subscribe(),
        }
    }

    /// Counts one place passed, and strikes if it is its turn. Answers whether the answer is lost.
    pub(crate) async fn pass(&self, place: Place, may_halt: bool) -> bool {
        let planned = {
            let mut state = self.state();
            let Some(planned) = state.planned.filter(|planned| planned.place == place) else {
                return false;
            };
            let is_due = planned.after <= state.passed && (may_halt || planned.blow != Blow::Halt);
            state.passed += 1;
            if !is_due {
                return false;
            }
            state.planned = None;
            planned
        };
        self.faults.count(planned.fault);
        match planned.blow {
            Blow::Lose => true,
            Blow::Crash => {
                let _ = self.struck.send(Struck::Crash);
                std::future::pending().await
            }
            Blow::Halt => {
                let (go_on, told) = oneshot::channel();
                let _ = self.struck.send(Struck::Halted(go_on));
                // Not answered: the storm has ended.
                let _ = told.await;
                false
            }
        }
    }

    /// What becomes of a request that begins with this line.
    pub(crate) fn fate(&self, line: &str) -> CallFate {
        let mut state = self.state();
        match state.away {
            Some(Away::Unavailable) => return CallFate::Unavailable,
            Some(Away::Silent | Away::Refusing) => return CallFate::Lost,
            None => {}
        }
        let is_question = line.starts_with("GET ") && line.contains("/payments/");
        let is_post = line.starts_with("POST ");
        let table = [
            (Fault::RequestLost, CallFate::Lost, true),
            (Fault::AnswerLost, CallFate::AnswerLost, true),
            (Fault::RequestLate, CallFate::Late, is_post),
            (Fault::Unavailable, CallFate::Unavailable, true),
            (Fault::TooManyRequests, CallFate::TooMany, true),
            (Fault::ErrorAfter, CallFate::ErrorAfter, true),
            (Fault::Garbage, CallFate::Garbage, true),
            (Fault::Truncated, CallFate::Truncated, true),
            (Fault::Hidden, CallFate::NotFound, is_question),
        ];
        let mut fate = CallFate::Passes;
        // Every request takes the same throws, so that one kind more does not move the others.
        for (fault, strikes_as, can) in table {
            let struck = state.dice.strikes(fault.per_mille());
            if struck && can && fate == CallFate::Passes && self.faults.may(fault) {
                fate = strikes_as;
                self.faults.count(fault);
            }
        }
        fate
    }
}

/// One connection of a worker, as long as it lives.
pub(crate) struct Connection {
    wires: Arc<Wires>,
    killed: watch::Receiver<u64>,
}

impl Connection {
    pub(crate) fn wires(&self) -> Arc<Wires> {
        Arc::clone(&self.wires)
    }

    /// Does it, unless the connection is killed first.
    pub(crate) async fn unless_killed<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            _ = self.killed.changed() => None,
            done = work => Some(done),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.wires.living.send_modify(|count| *count -= 1);
    }
}
