//! A transmitter that pushes anything: the first byte chooses whether the rest is the header fields of an event that is right
//! otherwise, a token as it stands, the payload of one that is signed here, or the subject of one that is right otherwise.
#![no_main]

use std::sync::Arc;

use fapi_core::{Error, FieldLines, Issuer, ResourceRequest, ResourceServer, Revocation, SecurityEvents};
use fapi_fuzz::{SIGNING_KEY_SET, StillClock, poll_once, sign, small_replay_store};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const ISSUER: &str = "https://server.example.com";
const API: &str = "https://resource.example.org";
/// CAEP §3.1
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const MEDIA_TYPE: &[u8] = b"application/secevent+jwt";
const AUTHORIZATION: &str = "Bearer agreed";
/// A minute ahead, more than the profile allows.
const LATEST_IAT: f64 = 1_700_000_060.0;

/// Bound to [`CERTIFICATE`], and of [`SESSION`].
const TOKEN: &str = r#"{"iss":"https://server.example.com","sub":"alice","client_id":"c","aud":"https://resource.example.org","jti":"1","sid":"s","iat":1700000000,"exp":1700000300,"cnf":{"x5t#S256":"A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI"}}"#;
const CERTIFICATE: &[u8] = b"certificate";
const SESSION: &[u8] = br#"{"format":"opaque","id":"s"}"#;

struct Push<'a> {
    content_type: Option<&'a [u8]>,
    authorization: Option<&'a [u8]>,
    content: Vec<u8>,
    /// What the transmitter has signed.
    payload: Option<Vec<u8>>,
}

impl<'a> Push<'a> {
    fn new(kind: u8, input: &'a [u8]) -> Self {
        match kind % 4 {
            0 => {
                let mut lines = input.splitn(2, |byte| *byte == b'\n');
                let (content_type, authorization) = (lines.next(), lines.next());
                Self { content_type, authorization, ..Self::signed(revocation(SESSION)) }
            }
            1 => Self { content: input.to_vec(), payload: None, ..Self::signed(Vec::new()) },
            2 => Self::signed(input.to_vec()),
            _ => Self::signed(revocation(input)),
        }
    }

    fn signed(payload: Vec<u8>) -> Self {
        Self {
            content_type: Some(MEDIA_TYPE),
            authorization: Some(AUTHORIZATION.as_bytes()),
            content: sign("secevent+jwt", &payload).into_bytes(),
            payload: Some(payload),
        }
    }

    /// Whether the transmitter has sent and signed it, and with claims for this receiver: in the words of another JSON
    /// parser, and no stricter than the rules.
    fn may_be_accepted(&self) -> bool {
        let media_type = self.content_type.and_then(|value| value.trim_ascii_start().get(..MEDIA_TYPE.len()));
        media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(MEDIA_TYPE))
            && self.authorization == Some(AUTHORIZATION.as_bytes())
            && self.payload.as_deref().is_some_and(is_event)
    }
}

fn revocation(subject: &[u8]) -> Vec<u8> {
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"{API}","jti":"1","iat":1700000000,"events":{{"{SESSION_REVOKED}":{{}}}},"sub_id":"#
    );
    [claims.as_bytes(), subject, b"}"].concat()
}

/// R161
fn is_event(payload: &[u8]) -> bool {
    let Ok(claims) = serde_json::from_slice::<Value>(payload) else { return false };
    let audience = &claims["aud"];
    claims["iss"] == ISSUER
        && (audience == API || audience.as_array().is_some_and(|all| all.iter().any(|one| one == API)))
        && claims["jti"].as_str().is_some_and(|jti| !jti.is_empty())
        && claims["iat"].as_f64().is_some_and(|iat| (0.0..=LATEST_IAT).contains(&iat))
        && claims["events"].as_object().is_some_and(|events| events.len() == 1)
        && claims.get("sub").is_none()
        && claims.get("exp").is_none()
}

fn server(events: SecurityEvents) -> ResourceServer {
    ResourceServer::builder()
        .public_url(API)
        .issuer(Issuer::new(ISSUER).with_key_set(SIGNING_KEY_SET))
        .audience(API)
        .revocation(Revocation::security_events(events))
        .memory_replay_store(small_replay_store())
        .clock(Arc::new(StillClock))
        .build()
        .expect("the configuration is valid")
}

/// Whether the token is accepted; nothing but an event can be against it.
fn is_accepted(server: &ResourceServer) -> bool {
    let authorization = format!("Bearer {}", sign("at+jwt", TOKEN.as_bytes()));
    let request = ResourceRequest::new("GET", "/protectedresource", None)
        .with_authorization(FieldLines::One(authorization.as_bytes()))
        .with_peer_certificate(Some(CERTIFICATE));
    match poll_once(server.verify(&request)) {
        Ok(_) => true,
        Err(rejection) => {
            assert_eq!(*rejection.error(), Error::TokenRevoked);
            false
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    let transmitter = Issuer::new(ISSUER).with_key_set(SIGNING_KEY_SET);
    let events = SecurityEvents::new(transmitter, API, AUTHORIZATION);
    let server = server(events.clone());
    let push = Push::new(*kind, rest);
    let receive =
        || poll_once(server.receive_security_event(push.content_type, push.authorization, &push.content));

    let answer = receive();
    match answer.status() {
        202 => assert!(push.may_be_accepted()),
        // The keys are at hand and the list is not full, so that there is no 503.
        status => {
            assert_eq!(status, 400);
            assert!(is_accepted(&server), "an event that was refused has revoked a token");
            assert_eq!(events.last_verification(), None);
        }
    }
    // R165, R167: what is repeated has the same answer, and restores nothing.
    let was_accepted = is_accepted(&server);
    assert_eq!(receive(), answer);
    assert_eq!(is_accepted(&server), was_accepted);
});
