//! DPoP nonces without state (RFC 9449 §8-9, §11.3, R51, R62-R66).
//!
//! A nonce is an HMAC over the number of the current period. Every node that has the secret can check what any other
//! node issued, and issuing costs nothing, so there is no budget that anybody could use up (pitfalls P42, P43). Accepted
//! are those of the previous, the current and the next period: another node's clock may be ahead, by a period at most. Whether a nonce is
//! required, and what the answer to a missing one is, is decided in `resource_server.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;
use thiserror::Error as ThisError;

use crate::clock::UnixTime;
use crate::crypto::{CryptoProvider, RandomError};
use crate::jose::base64url;

/// How long a nonce is issued by default. A client that keeps using one must fetch another every one to two minutes,
/// and a proof of someone who read a request (attacker A5) is worth nothing two to three minutes later.
pub(crate) const DEFAULT_NONCE_PERIOD: Duration = Duration::from_secs(60);
/// SP 5.4.1-4 (R9): at least 128 bits of entropy, in the secret as in the nonces.
const MIN_SECRET_BYTES: usize = 16;
/// Bytes of a new secret: as long as the output of the HMAC (RFC 2104 §3).
const NEW_SECRET_BYTES: usize = 32;
/// Bytes of the HMAC that a nonce shows.
const MAC_BYTES: usize = 16;
/// Keeps these HMACs apart from all others that somebody may make with the same secret.
const LABEL: &[u8] = b"DPoP-Nonce v1";

/// A secret from which nonces are derived. All nodes of an API share it.
///
/// ```
/// use fapi_core::{NonceSecret, crypto::AwsLcProvider};
///
/// assert!(NonceSecret::new(b"too short").is_err());
/// let secret = NonceSecret::generate(&AwsLcProvider)?;
/// assert_eq!(format!("{secret:?}"), "NonceSecret(..)");
/// # Ok::<(), fapi_core::crypto::RandomError>(())
/// ```
#[derive(Clone)]
pub struct NonceSecret(Box<[u8]>);

impl NonceSecret {
    /// The secret of these bytes, which must come from a random generator.
    ///
    /// # Errors
    /// [`NonceSecretTooShort`] if there are fewer than 16.
    pub fn new(bytes: &[u8]) -> Result<Self, NonceSecretTooShort> {
        if bytes.len() < MIN_SECRET_BYTES { Err(NonceSecretTooShort) } else { Ok(Self(bytes.into())) }
    }

    /// A new secret, for an API that runs as one process.
    ///
    /// # Errors
    /// [`RandomError`] if there are no random bytes.
    pub fn generate(crypto: &dyn CryptoProvider) -> Result<Self, RandomError> {
        let mut bytes = [0; NEW_SECRET_BYTES];
        crypto.fill_random(&mut bytes)?;
        Ok(Self(bytes.into()))
    }
}

impl fmt::Debug for NonceSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NonceSecret(..)")
    }
}

/// A nonce secret has fewer than 16 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[error("a nonce secret needs at least 16 random bytes")]
pub struct NonceSecretTooShort;

/// What a nonce that was accepted says about time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NonceTime {
    /// The nonce was not known to anybody before this moment, by the clock of the node that checks it.
    pub(crate) issued_from: UnixTime,
    /// The last moment at which it is accepted.
    pub(crate) accepted_until: UnixTime,
    /// A newer one is issued by now, which the answer should carry (RFC 9449 §8.2, R65).
    pub(crate) stale: bool,
}

/// Issues and checks nonces.
pub(crate) struct NonceIssuer {
    crypto: Arc<dyn CryptoProvider>,
    /// The one that issues, and all that are accepted, in this order.
    secrets: Vec<NonceSecret>,
    period_millis: u64,
    /// The nonces of the present, so that requests need no HMAC.
    present: ArcSwap<Present>,
}

/// The nonces that are accepted in one period.
struct Present {
    period: u64,
    issued: Arc<str>,
    accepted: Vec<(u64, Arc<str>)>,
}

impl NonceIssuer {
    /// Issues nonces under the first of `secrets` and accepts those under any of them, changing every `period`.
    ///
    /// To change the secret without refusing anybody, append the new one on all nodes, then move it to the front on all
    /// nodes, then remove the old one.
    ///
    /// # Errors
    /// What is wrong with the configuration: there is no secret, or the period is shorter than one second.
    pub(crate) fn new(
        crypto: Arc<dyn CryptoProvider>,
        secrets: Vec<NonceSecret>,
        period: Duration,
    ) -> Result<Self, &'static str> {
        if secrets.is_empty() {
            return Err("nonces need at least one secret");
        }
        if period < Duration::from_secs(1) {
            return Err("the period of the nonces must be at least one second");
        }
        let period_millis = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let present = ArcSwap::from_pointee(Present::new(&*crypto, &secrets, 0));
        Ok(Self { crypto, secrets, period_millis, present })
    }

    /// The nonce to hand out at `now`.
    pub(crate) fn current(&self, now: UnixTime) -> Arc<str> {
        self.present(now).issued.clone()
    }

    /// The nonce to hand out at `now` if only those are trusted that nobody can have known before `not_before`.
    ///
    /// Through the period after that in which `not_before` lies it is made for that moment, and says so. The usual ones
    /// would not do: a process that was started twice within one period would hand out the same one twice, and a node
    /// whose clock is ahead may have handed out the next period's already (pitfall P14).
    pub(crate) fn current_after(&self, now: UnixTime, not_before: UnixTime) -> Arc<str> {
        let period = self.period(now);
        if self.issued_from(period) >= not_before {
            return self.current(now);
        }
        let not_before = not_before.as_millis();
        let mac = self.secrets.first().map(|secret| mac(&*self.crypto, secret, period, not_before));
        let mut bytes = not_before.to_be_bytes().to_vec();
        bytes.extend(mac.unwrap_or_default());
        base64url::encode(&bytes).into()
    }

    /// What `nonce` says about time, if it is accepted at `now` (RFC 9449 §4.3 (10), §9, R51, R62: as often as it is used).
    pub(crate) fn check(&self, nonce: &str, now: UnixTime) -> Option<NonceTime> {
        let present = self.present(now);
        let known = present.accepted.iter().find(|(_, known)| same(nonce.as_bytes(), known.as_bytes()));
        let (period, not_before) = match known {
            Some((period, _)) => (*period, UnixTime::default()),
            None => self.check_not_before(nonce, present.period)?,
        };
        // Accepted through the last millisecond of the period that follows its own.
        let end = self.start(period.saturating_add(2));
        Some(NonceTime {
            issued_from: self.issued_from(period).max(not_before),
            accepted_until: end.saturating_sub(Duration::from_millis(1)),
            stale: period < present.period,
        })
    }

    /// The period of a nonce made by [`current_after`](Self::current_after), and the moment that it was made for.
    fn check_not_before(&self, nonce: &str, present: u64) -> Option<(u64, UnixTime)> {
        let bytes = base64url::decode_array::<{ 8 + MAC_BYTES }>(nonce)?;
        let (not_before, presented) = bytes.split_first_chunk()?;
        let not_before = u64::from_be_bytes(*not_before);
        let accepted = |period: &u64| {
            self.secrets
                .iter()
                .any(|secret| same(presented, &mac(&*self.crypto, secret, *period, not_before)))
        };
        let period = accepted_periods(present).find(accepted)?;
        Some((period, UnixTime::from_millis(not_before)))
    }

    fn present(&self, now: UnixTime) -> Arc<Present> {
        let period = self.period(now);
        let present = self.present.load();
        if present.period == period {
            return Arc::clone(&present);
        }
        let present = Arc::new(Present::new(&*self.crypto, &self.secrets, period));
        self.present.store(Arc::clone(&present));
        present
    }

    fn period(&self, time: UnixTime) -> u64 {
        time.as_millis().checked_div(self.period_millis).unwrap_or_default()
    }

    /// When the first nonce of this period may have been known: a period early, to a node whose clock is that far ahead.
    fn issued_from(&self, period: u64) -> UnixTime {
        self.start(period.saturating_sub(1))
    }

    fn start(&self, period: u64) -> UnixTime {
        UnixTime::from_millis(period.saturating_mul(self.period_millis))
    }
}

impl fmt::Debug for NonceIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NonceIssuer")
            .field("secrets", &self.secrets.len())
            .field("period_millis", &self.period_millis)
            .finish_non_exhaustive()
    }
}

impl Present {
    fn new(crypto: &dyn CryptoProvider, secrets: &[NonceSecret], period: u64) -> Self {
        let nonce = |secret, period| Arc::from(base64url::encode(&mac(crypto, secret, period, 0)));
        let accepted = secrets
            .iter()
            .flat_map(|secret| accepted_periods(period).map(move |period| (period, nonce(secret, period))))
            .collect();
        let issued = secrets.first().map(|secret| nonce(secret, period)).unwrap_or_default();
        Self { period, issued, accepted }
    }
}

/// The present period, first because it is the most frequent, and its two neighbours.
fn accepted_periods(present: u64) -> impl Iterator<Item = u64> {
    [Some(present), present.checked_sub(1), present.checked_add(1)].into_iter().flatten()
}

/// Unpredictable without the secret (RFC 9449 §8, R64).
fn mac(crypto: &dyn CryptoProvider, secret: &NonceSecret, period: u64, not_before: u64) -> [u8; MAC_BYTES] {
    let message = [LABEL, &period.to_be_bytes(), &not_before.to_be_bytes()].concat();
    let mac = crypto.hmac_sha256(&secret.0, &message);
    mac.first_chunk().copied().unwrap_or_default()
}

fn same(presented: &[u8], expected: &[u8]) -> bool {
    presented.ct_eq(expected).into()
}

#[cfg(test)]
#[cfg(feature = "aws-lc-rs")]
#[allow(clippy::string_slice)]
mod tests;
