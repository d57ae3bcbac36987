//! What befalls the issuer, one thing after the other.

use std::time::{Duration, Instant};

use fapi_testkit::Fault;
use tokio::time::sleep;

use crate::stage::Stage;

/// Twice that, for metadata and keys, is longer than a request with a known key may take, and shorter than a fetch may.
const SLOW: Duration = Duration::from_millis(2200);
/// Longer than a fetch may take.
const NEVER: Duration = Duration::from_secs(3600);

/// A fault, or none; whether the key is replaced at its start; and for how many seconds.
type Step = (Option<Fault>, bool, u64);

/// One round: 54 s. A cool-down takes 6 s, and what must be so after one is looked at for some time.
const STEPS: [Step; 7] = [
    (None, true, 8),
    (Some(Fault::Rubbish), false, 6),
    (Some(Fault::Slow(SLOW)), true, 6),
    (Some(Fault::Down), true, 14),
    (None, false, 8),
    (Some(Fault::Slow(NEVER)), false, 6),
    (Some(Fault::WrongIssuer), true, 6),
];

/// Plays the steps over and over until the time is over; the last seconds are good ones.
pub(crate) async fn play(stage: &Stage, duration: Duration) {
    let end = Instant::now() + duration;
    let left = || end.saturating_duration_since(Instant::now());
    for (fault, rotate, seconds) in STEPS.into_iter().cycle() {
        let time = Duration::from_secs(seconds);
        if left() < time {
            break;
        }
        stage.set_fault(fault);
        if rotate {
            stage.rotate();
        }
        sleep(time).await;
    }
    stage.set_fault(None);
    sleep(left()).await;
}
