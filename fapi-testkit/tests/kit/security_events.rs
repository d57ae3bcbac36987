//! Security event tokens are valid by default, and every setter changes the one thing that it names.

use std::sync::Arc;

use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_testkit::{ManualClock, SESSION_REVOKED, SigningKey, TestIssuer, VERIFICATION, subject};
use serde_json::json;

use crate::oracle::{claims, header, verifies};

const NOW: u64 = 1_750_000_000;
const ISSUER: &str = "https://as.example.com";

fn issuer() -> TestIssuer {
    TestIssuer::new(ISSUER).with_clock(Arc::new(ManualClock::at(UnixTime::from_secs(NOW))))
}

// R161, R162
#[test]
fn a_revoked_session_is_valid_by_default() {
    let issuer = issuer();
    let event = issuer.session_revoked(subject::iss_sub(ISSUER, "alice")).sign();
    assert!(verifies(&event, Algorithm::Es256, &issuer.key().public_jwk()));
    assert_eq!(
        header(&event),
        json!({"typ": "secevent+jwt", "alg": "ES256", "kid": issuer.key().thumbprint()})
    );
    let mut claims = claims(&event);
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 22);
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER,
            "aud": "https://api.example.com",
            "iat": NOW,
            "sub_id": {"format": "iss_sub", "iss": ISSUER, "sub": "alice"},
            "events": {(SESSION_REVOKED): {"event_timestamp": NOW}},
        })
    );
}

// R166
#[test]
fn a_verification_names_its_stream() {
    let event = claims(&issuer().verification("stream-1").sign());
    assert_eq!(event["sub_id"], json!({"format": "opaque", "id": "stream-1"}));
    assert_eq!(event["events"], json!({(VERIFICATION): {}}));
    let answered = claims(&issuer().verification("stream-1").state("asked").sign());
    assert_eq!(answered["events"], json!({(VERIFICATION): {"state": "asked"}}));
}

// R163
#[test]
fn subjects_have_the_published_forms() {
    // RFC 9493 §3.2.2 to §3.2.5, SSF §3.2 and §3.5.1
    let user = subject::iss_sub("https://issuer.example.com/", "145234573");
    assert_eq!(user, json!({"format": "iss_sub", "iss": "https://issuer.example.com/", "sub": "145234573"}));
    assert_eq!(subject::opaque("1"), json!({"format": "opaque", "id": "1"}));
    assert_eq!(subject::email("a@example.com"), json!({"format": "email", "email": "a@example.com"}));
    assert_eq!(subject::jwt_id("i", "j"), json!({"format": "jwt_id", "iss": "i", "jti": "j"}));
    assert_eq!(
        subject::complex([("user", user.clone()), ("session", subject::opaque("s"))]),
        json!({"format": "complex", "user": user, "session": {"format": "opaque", "id": "s"}})
    );
}

#[test]
fn every_setter_of_an_event_changes_one_thing() {
    let key = SigningKey::generate(Algorithm::Rs256);
    let event = issuer()
        .session_revoked(subject::email("alice@example.com"))
        .audience("aud")
        .jti("j")
        .issued_at(UnixTime::from_secs(7))
        .subject(subject::opaque("s"))
        .event("https://example.com/other", json!({"reason": 1}))
        .event_timestamp(UnixTime::from_secs(5))
        .claim("exp", 9)
        .without_claim("iss")
        .header("alg", "RS256")
        .without_header("kid")
        .signed_by(&key)
        .sign();
    assert!(verifies(&event, Algorithm::Rs256, &key.public_jwk()));
    assert_eq!(header(&event), json!({"typ": "secevent+jwt", "alg": "RS256"}));
    assert_eq!(
        claims(&event),
        json!({
            "aud": "aud",
            "jti": "j",
            "iat": 7,
            "exp": 9,
            "sub_id": {"format": "opaque", "id": "s"},
            "events": {
                (SESSION_REVOKED): {"event_timestamp": 5},
                "https://example.com/other": {"event_timestamp": 5, "reason": 1},
            },
        })
    );
}
