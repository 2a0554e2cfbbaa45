//! What says that it is time to look for due rows: another process, or a clock that was moved.
//!
//! Nothing depends on it. Whoever sleeps through a ring finds the rows at the next poll.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use flows::clock::Clock;
use store::Store;

/// How long to wait before asking for another listener when the database gave none.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// A count that grows with every ring, so that rings while nobody looks are one ring.
pub(crate) type Bell = watch::Sender<u64>;

/// Rings `bell` for as long as it is polled. One connection serves every kind of row.
pub(crate) async fn run(store: Store, clock: Clock, bell: Arc<Bell>) {
    tokio::join!(ring_at_calls(store, &bell), ring_at_moves(clock, &bell));
}

fn ring(bell: &Bell) {
    bell.send_modify(|rings| *rings = rings.wrapping_add(1));
}

async fn ring_at_calls(store: Store, bell: &Bell) {
    loop {
        let error = match store.listen().await {
            Ok(mut listener) => loop {
                // Also at the first turn, and after a lost connection: a call may have been missed.
                ring(bell);
                match listener.try_recv().await {
                    Ok(Some(_)) => {}
                    Ok(None) => tracing::info!("the wake-up listener lost its connection"),
                    Err(error) => break error.to_string(),
                }
            },
            Err(error) => error.to_string(),
        };
        if store.is_closed() {
            return;
        }
        tracing::warn!(
            error,
            "no wake-up calls can be heard; due rows are found by polling"
        );
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn ring_at_moves(clock: Clock, bell: &Bell) {
    let mut moved = clock.moved();
    // The real clock cannot be moved: its channel is closed from the start.
    while moved.changed().await.is_ok() {
        ring(bell);
    }
}
