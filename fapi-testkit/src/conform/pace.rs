//! Never more than so many requests a second.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Hands out the moments at which requests may be sent.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    pub(super) fn per_second(rate: u32) -> Self {
        Self {
            interval: Duration::from_secs(1).checked_div(rate).unwrap_or(Duration::from_secs(1)),
            next: Instant::now(),
        }
    }

    /// Waits until `count` requests may be sent at once.
    pub(super) async fn wait_for(&mut self, count: usize) {
        let share = self.interval.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        let sent = self.next.max(Instant::now());
        // The time of all of them passes before the first, so that a burst is paid for in advance.
        let rest = share.saturating_sub(self.interval);
        sleep_until(sent.checked_add(rest).unwrap_or(sent)).await;
        self.next = sent.checked_add(share).unwrap_or(sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_over_the_second() {
        let (mut pace, started) = (Pace::per_second(10), Instant::now());
        for _ in 0..21 {
            pace.wait_for(1).await;
        }
        assert_eq!(started.elapsed().as_millis(), 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_paid_for_in_advance() {
        let (mut pace, started) = (Pace::per_second(10), Instant::now());
        pace.wait_for(1).await;
        pace.wait_for(5).await;
        pace.wait_for(1).await;
        assert_eq!(started.elapsed().as_millis(), 600);
    }
}
