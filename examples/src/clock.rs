//! The start of an API that asks for no nonces.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Without nonces, proofs from before the start are refused, and their `iat` is in whole seconds: one that is made in the
/// second of the start would be refused too. Nobody is let in before that second is over.
pub async fn wait_for_the_next_second() {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    let rest = Duration::from_secs(1).saturating_sub(Duration::from_nanos(passed.into()));
    tokio::time::sleep(rest).await;
}
