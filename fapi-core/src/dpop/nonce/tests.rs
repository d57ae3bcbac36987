//! Nonces at the boundaries of their periods, of secrets and of the replay store's memory.

use super::*;
use crate::crypto::AwsLcProvider;

/// The start of a period of 60 s.
const START: UnixTime = UnixTime::from_secs(1_562_262_600);
const PERIOD: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

fn secret(byte: u8) -> NonceSecret {
    NonceSecret::new(&[byte; 32]).unwrap()
}

fn issuer(secrets: &[u8]) -> NonceIssuer {
    let secrets = secrets.iter().copied().map(secret).collect();
    NonceIssuer::new(Arc::new(AwsLcProvider), secrets, PERIOD).unwrap()
}

fn after(periods: u32) -> UnixTime {
    START.saturating_add(PERIOD.saturating_mul(periods))
}

// R51, R62, R64: the previous one and the current one, and again and again; R65: when to send a newer one.
#[test]
fn a_nonce_is_accepted_through_the_period_after_its_own() {
    let issuer = issuer(&[1]);
    let nonce = issuer.current(START);
    let accepted_until = after(2).saturating_sub(MILLISECOND);
    let issued_from = START.saturating_sub(PERIOD);
    let fresh = NonceTime { issued_from, accepted_until, stale: false };
    let stale = NonceTime { stale: true, ..fresh };
    assert_eq!(issuer.check(&nonce, START), Some(fresh));
    assert_eq!(issuer.check(&nonce, after(1).saturating_sub(MILLISECOND)), Some(fresh));
    assert_eq!(issuer.check(&nonce, after(1)), Some(stale));
    assert_eq!(issuer.check(&nonce, accepted_until), Some(stale));
    assert_eq!(issuer.check(&nonce, after(2)), None);
    assert_eq!(issuer.check(&nonce, accepted_until), Some(stale));
}

// Another node's clock may be ahead.
#[test]
fn the_nonce_of_the_next_period_is_accepted() {
    let issuer = issuer(&[1]);
    let next = issuer.current(after(1));
    let time = issuer.check(&next, START).unwrap();
    assert_eq!((time.issued_from, time.stale), (START, false));
    assert_eq!(issuer.check(&issuer.current(after(2)), START), None);
}

#[test]
fn a_nonce_is_the_same_for_a_period_and_on_every_node() {
    let nodes = [issuer(&[1]), issuer(&[1])];
    assert_eq!(nodes[0].current(START), nodes[1].current(after(1).saturating_sub(MILLISECOND)));
    assert_ne!(nodes[0].current(START), nodes[0].current(after(1)));
}

// R63: no character that would end or escape a quoted string; R9: 128 bits.
#[test]
fn nonces_are_of_nonce_characters() {
    let issuer = issuer(&[1]);
    for (nonce, length) in [(issuer.current(START), 22), (issuer.current_after(START, after(1)), 32)] {
        assert_eq!(nonce.len(), length);
        assert!(nonce.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{nonce}");
    }
}

// R51: only exactly what was issued.
#[test]
fn anything_else_is_unknown() {
    let issuer = issuer(&[1]);
    let nonce = issuer.current(START);
    let bound = issuer.current_after(START, START.saturating_add(MILLISECOND));
    let changed = |nonce: &str| format!("{}{}", if nonce.starts_with('A') { 'B' } else { 'A' }, &nonce[1..]);
    for wrong in [
        String::new(),
        "A".repeat(22),
        "A".repeat(32),
        "A".repeat(10_000),
        "é".into(),
        changed(&nonce),
        changed(&bound),
        format!("{nonce}A"),
        format!("{nonce}=="),
        format!(" {nonce}"),
        nonce[..21].into(),
        bound[..31].into(),
    ] {
        assert_eq!(issuer.check(&wrong, START), None, "{wrong}");
    }
}

// R64: nobody without the secret can make one.
#[test]
fn another_secret_makes_other_nonces() {
    assert_eq!(issuer(&[2]).check(&issuer(&[1]).current(START), START), None);
    let not_before = START.saturating_add(MILLISECOND);
    assert_eq!(issuer(&[2]).check(&issuer(&[1]).current_after(START, not_before), START), None);
}

#[test]
fn secrets_can_be_changed_without_refusing_anybody() {
    let (old, both, turned, new) = (issuer(&[1]), issuer(&[1, 2]), issuer(&[2, 1]), issuer(&[2]));
    assert_eq!(both.current(START), old.current(START));
    assert_eq!(turned.current(START), new.current(START));
    for (issued, checks) in [(&old, &both), (&both, &turned), (&turned, &both), (&turned, &new)] {
        assert!(checks.check(&issued.current(START), START).is_some());
    }
    assert_eq!(new.check(&old.current(START), START), None);
}

// P14: a nonce that nobody can have known before the store began to remember.
#[test]
fn a_nonce_can_be_bound_to_a_later_moment() {
    let issuer = issuer(&[1, 2]);
    let [first, second] = [1_000, 2_000].map(|millis| START.saturating_add(Duration::from_millis(millis)));
    let nonce = issuer.current_after(second, first);
    let time = issuer.check(&nonce, second).unwrap();
    assert_eq!(time.issued_from, first);
    assert_eq!(time.accepted_until, after(2).saturating_sub(MILLISECOND));
    assert!(issuer.check(&nonce, after(1)).unwrap().stale);
    assert_eq!(issuer.check(&nonce, after(2)), None);
    // A second start in the same period trusts neither this nonce nor those of the period.
    assert!(issuer.check(&nonce, second).unwrap().issued_from < second);
    assert!(issuer.check(&issuer.current(second), second).unwrap().issued_from < second);
    assert_ne!(issuer.current_after(second, second), nonce);
    // From the period after the next on, the period's nonce will do.
    assert_ne!(issuer.current_after(after(2).saturating_sub(MILLISECOND), first), issuer.current(after(1)));
    assert_eq!(issuer.current_after(after(2), first), issuer.current(after(2)));
    // A start in the first moment of a period need not wait for the second.
    assert_eq!(issuer.current_after(after(1), START), issuer.current(after(1)));
}

// P14: a node whose clock is ahead hands out the next period's nonce, and the store is flushed before that period.
#[test]
fn a_nonce_from_a_clock_that_is_ahead_is_not_trusted_after_a_flush() {
    let issuer = issuer(&[1]);
    let second = Duration::from_secs(1);
    let flush = after(1).saturating_sub(Duration::from_millis(500));
    let bound = issuer.current_after(after(1), START.saturating_add(second));
    for early in [issuer.current(after(1)), bound] {
        for now in [flush, after(1), after(2), after(3).saturating_sub(MILLISECOND)] {
            assert!(issuer.check(&early, now).unwrap().issued_from < flush, "{now:?}");
        }
    }
    // What is handed out after the flush is trusted at once, and through its own life.
    for issued in [flush, after(1), after(2), after(3)] {
        let nonce = issuer.current_after(issued, flush);
        for now in [issued.saturating_sub(second), issued, issued.saturating_add(PERIOD)] {
            assert!(issuer.check(&nonce, now).unwrap().issued_from >= flush, "{issued:?} {now:?}");
        }
    }
}

#[test]
fn extreme_times_do_not_overflow() {
    let issuer = issuer(&[1]);
    for now in [UnixTime::default(), UnixTime::MAX] {
        assert!(issuer.check(&issuer.current(now), now).is_some());
        let nonce = issuer.current_after(now, UnixTime::MAX);
        assert_eq!(issuer.check(&nonce, now).unwrap().issued_from, UnixTime::MAX);
    }
}

#[test]
fn bad_configuration_is_refused() {
    let crypto: Arc<dyn CryptoProvider> = Arc::new(AwsLcProvider);
    assert!(NonceIssuer::new(Arc::clone(&crypto), vec![], PERIOD).is_err());
    let short = Duration::from_millis(999);
    assert!(NonceIssuer::new(Arc::clone(&crypto), vec![secret(1)], short).is_err());
    // R9
    assert_eq!(NonceSecret::new(&[1; 15]).unwrap_err(), NonceSecretTooShort);
    assert!(NonceSecret::new(&[1; 16]).is_ok());
    let generated = [(); 2].map(|()| NonceSecret::generate(&*crypto).unwrap().0);
    assert_ne!(generated[0], generated[1]);
    assert_eq!(generated[0].len(), 32);
}

// R22: no secret in logs.
#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", secret(1)), "NonceSecret(..)");
    assert_eq!(format!("{:?}", issuer(&[1])), "NonceIssuer { secrets: 1, period_millis: 60000, .. }");
}
