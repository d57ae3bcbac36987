//! RFC 9449 §4.3: the twelve checks of a DPoP proof, and §7: how it goes with the token.

use std::time::Duration;

use fapi_core::jose::{Algorithm, JoseError, KeyError};
use fapi_core::{Binding, Error, NoClaims, NoncePolicy, Profile, TargetMismatch};
use fapi_testkit::{ProofBuilder, SigningKey, jwk_thumbprint};
use serde_json::json;

use crate::world::{API, Request, World};

// R40
#[tokio::test]
async fn one_proof_and_no_more() {
    let world = World::new();
    let valid = world.valid();
    let proof = &valid.dpop[0];
    for lines in [
        vec![proof.clone(), proof.clone()],
        vec![proof.clone(), String::new()],
        vec![format!("{proof}, {proof}")],
        vec![format!("{proof},")],
        vec![format!(",{proof}")],
    ] {
        let rejection = world.refused(&Request { dpop: lines, ..valid.clone() }).await;
        assert_eq!(rejection.error(), &Error::ProofRepeated);
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_dpop_proof")));
    }
    assert_eq!(world.verify(&valid).await, Ok(()));
}

// R41, R114, R115
#[tokio::test]
async fn a_proof_is_a_compact_jws() {
    let world = World::new();
    let valid = world.valid();
    let proof = &valid.dpop[0];
    let parts: Vec<_> = proof.split('.').collect();
    let with = |proof: String| Request { dpop: vec![proof], ..valid.clone() };
    for (proof, reason) in [
        (String::new(), JoseError::NotCompact),
        (parts[..2].join("."), JoseError::NotCompact),
        (format!("{proof}.{}", parts[2]), JoseError::NotCompact),
        (format!("{}..{}", parts[0], parts[2]), JoseError::NotCompact),
        (format!("{}.{}.", parts[0], parts[1]), JoseError::NotCompact),
        (format!("{proof}="), JoseError::Base64),
        (format!(" {proof}"), JoseError::Base64),
    ] {
        assert_eq!(world.verify(&with(proof)).await, Err(Error::ProofMalformed(reason)));
    }
    for payload in ["[]", "\"text\"", "{", ""] {
        let request = world.with_proof(|proof| proof.raw_payload(payload));
        assert!(matches!(world.verify(&request).await, Err(Error::ProofMalformed(_))), "{payload}");
    }
}

// R42
#[tokio::test]
async fn each_required_member_is_required() {
    let world = World::new();
    for claim in ["jti", "htm", "htu", "iat", "ath"] {
        let request = world.with_proof(|proof| proof.without_claim(claim));
        assert_eq!(world.verify(&request).await, Err(Error::ProofClaimMissing(claim)));
    }
    for claim in ["jti", "htm", "htu", "iat", "ath", "nonce", "nbf", "exp"] {
        for value in [json!(null), json!(["text"]), json!({})] {
            let request = world.with_proof(|proof| proof.claim(claim, value.clone()));
            assert_eq!(world.verify(&request).await, Err(Error::ProofClaimInvalid(claim)), "{claim} {value}");
        }
    }
    let without = |name: &'static str| world.with_proof(|proof| proof.without_header(name));
    assert_eq!(world.verify(&without("typ")).await, Err(Error::ProofType));
    assert_eq!(
        world.verify(&without("alg")).await,
        Err(Error::ProofMalformed(JoseError::HeaderMissing("alg")))
    );
    assert_eq!(world.verify(&without("jwk")).await, Err(Error::ProofKey(KeyError::Missing)));
}

// R43
#[tokio::test]
async fn typ_is_exactly_dpop_jwt() {
    let world = World::new();
    for typ in ["dpop+jwt+wrongyousee", "DPOP+JWT", "application/dpop+jwt", "at+jwt", "JWT", " dpop+jwt", ""]
    {
        let request = world.with_proof(|proof| proof.header("typ", typ));
        assert_eq!(world.verify(&request).await, Err(Error::ProofType), "{typ}");
    }
}

// R45
#[tokio::test]
async fn the_signature_verifies_under_the_key_in_the_header_only() {
    let world = World::new();
    let flipped = world.with_proof(ProofBuilder::with_flipped_signature);
    assert_eq!(world.verify(&flipped).await, Err(Error::ProofSignature));
    let other = SigningKey::generate(Algorithm::Es256);
    let forged = world.with_proof(|proof| proof.signed_by(&other));
    assert_eq!(world.verify(&forged).await, Err(Error::ProofSignature));
    let pointers = |proof: ProofBuilder| {
        proof
            .header("kid", "other")
            .header("jku", "https://evil.example.com")
            .header("x5u", "https://evil.example.com")
    };
    assert_eq!(
        world.verify(&world.with_proof(|proof| pointers(proof).signed_by(&other))).await,
        Err(Error::ProofSignature)
    );
    assert_eq!(world.verify(&world.with_proof(pointers)).await, Ok(()));
}

// R45, R101: also when the key is known from an earlier proof.
#[tokio::test]
async fn a_known_key_does_not_spare_the_signature() {
    let world = World::new();
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
    let flipped = world.with_proof(ProofBuilder::with_flipped_signature);
    assert_eq!(world.verify(&flipped).await, Err(Error::ProofSignature));
    assert_eq!(world.verify(&world.valid()).await, Ok(()));
}

// R46
#[tokio::test]
async fn a_private_key_is_refused() {
    let world = World::new();
    let private = world.client.key().private_jwk();
    let request = world.with_proof(|proof| proof.header("jwk", private));
    assert_eq!(world.verify(&request).await, Err(Error::ProofKey(KeyError::Private)));
    let secret = json!({"kty": "oct", "k": "AAAA"});
    let request = world.with_proof(|proof| proof.header("jwk", secret));
    assert_eq!(world.verify(&request).await, Err(Error::ProofKey(KeyError::Private)));
}

// R47
#[tokio::test]
async fn htm_is_the_method_in_its_case() {
    let world = World::new();
    for htm in ["PUT", "get", "Get", "GET ", ""] {
        let request = world.with_proof(|proof| proof.claim("htm", htm));
        assert_eq!(world.verify(&request).await, Err(Error::ProofMethod), "{htm}");
    }
    let patch = world.with_proof(|proof| proof.claim("htm", "PATCH")).method("PATCH");
    assert_eq!(world.verify(&patch).await, Ok(()));
}

// R48, R49
#[tokio::test]
async fn htu_is_the_url_without_query_and_fragment() {
    let world = World::new();
    for htu in [
        "https://api.example.com/records",
        "https://api.example.com/records?x#y",
        "HTTPS://API.EXAMPLE.COM/records",
        "https://api.example.com:443/records",
        "https://api.example.com/%72ecords",
        "https://api.example.com/x/../records",
    ] {
        let request = world.with_proof(|proof| proof.claim("htu", htu)).query("page=2");
        assert_eq!(world.verify(&request).await, Ok(()), "{htu}");
    }
    for (htu, mismatch) in [
        ("https://api.example.com/records/1", TargetMismatch::Path),
        ("https://api.example.com/records/", TargetMismatch::Path),
        ("https://api.example.com/Records", TargetMismatch::Path),
        ("https://other.example.com/records", TargetMismatch::Authority),
        ("http://api.example.com/records", TargetMismatch::Scheme),
        ("https://user@api.example.com/records", TargetMismatch::Malformed),
        ("/records", TargetMismatch::Malformed),
    ] {
        let request = world.with_proof(|proof| proof.claim("htu", htu));
        assert_eq!(world.verify(&request).await, Err(Error::ProofTarget(mismatch)), "{htu}");
    }
}

// R50: with the configured URL, whose prefix a gateway removes.
#[tokio::test]
async fn htu_begins_with_the_public_url() {
    let world = World::with(|builder| builder.public_url("https://gateway.example.com/v1"));
    let at = |htu: &str| world.with_proof(|proof| proof.claim("htu", htu));
    assert_eq!(world.verify(&at("https://gateway.example.com/v1/records")).await, Ok(()));
    let prefix_forgotten = at("https://gateway.example.com/records");
    assert_eq!(world.verify(&prefix_forgotten).await, Err(Error::ProofTarget(TargetMismatch::Path)));
    let inside = at("https://api.example.com/records");
    assert_eq!(world.verify(&inside).await, Err(Error::ProofTarget(TargetMismatch::Authority)));
}

// R52, R15: from 60 s ago to 30 s ahead, to the millisecond.
#[tokio::test]
async fn iat_is_recent() {
    let world = World::new();
    for seconds in [0, 10, 60] {
        let request = world.with_proof(|proof| proof.issued_at(world.ago(seconds)));
        assert_eq!(world.verify(&request).await, Ok(()), "{seconds} s ago");
    }
    for seconds in [8, 10, 30] {
        let request = world.with_proof(|proof| proof.issued_at(world.ahead(seconds)));
        assert_eq!(world.verify(&request).await, Ok(()), "{seconds} s ahead");
    }
    for seconds in [61, 3600] {
        let request = world.with_proof(|proof| proof.issued_at(world.ago(seconds)));
        assert_eq!(world.verify(&request).await, Err(Error::ProofTooOld { age_seconds: seconds }));
        let request = world.with_proof(|proof| proof.issued_at(world.ahead(seconds)));
        assert_eq!(world.verify(&request).await, Err(Error::ProofFromFuture { ahead_seconds: seconds }));
    }
    let request = world.with_proof(|proof| proof.issued_at(world.ago(60)));
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.verify(&request).await, Err(Error::ProofTooOld { age_seconds: 60 }));
}

// R52: a profile may have narrower windows.
#[tokio::test]
async fn the_window_is_the_profiles() {
    let profile =
        Profile::fapi2().with_proof_max_age(Duration::from_secs(5)).with_max_future(Duration::from_secs(1));
    let world = World::with(|builder| builder.profile(profile));
    let at = |time| world.with_proof(|proof| proof.issued_at(time));
    assert_eq!(world.verify(&at(world.ago(5))).await, Ok(()));
    assert_eq!(world.verify(&at(world.ago(6))).await, Err(Error::ProofTooOld { age_seconds: 6 }));
    assert_eq!(world.verify(&at(world.ahead(1))).await, Ok(()));
    assert_eq!(world.verify(&at(world.ahead(2))).await, Err(Error::ProofFromFuture { ahead_seconds: 2 }));
}

// R53
#[tokio::test]
async fn ath_is_the_hash_of_this_token() {
    let world = World::new();
    let other = world.token().sign();
    for ath in [other.as_str(), ""] {
        let request = world.with_proof(|proof| proof.access_token(ath));
        assert_eq!(world.verify(&request).await, Err(Error::ProofAccessTokenHash));
    }
    for ath in ["", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQE", "not base64url"] {
        let request = world.with_proof(|proof| proof.claim("ath", ath));
        assert_eq!(world.verify(&request).await, Err(Error::ProofAccessTokenHash), "{ath}");
    }
}

// R54
#[tokio::test]
async fn the_proofs_key_is_the_tokens_key() {
    let world = World::new();
    let token = world.token().sign();
    let thief = world.another_client();
    let proof = thief.proof("GET", "https://api.example.com/records").access_token(&token).sign();
    let rejection = world.refused(&Request::dpop(&token, proof)).await;
    assert_eq!(rejection.error(), &Error::KeyBinding);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    let (_, challenge) = rejection.headers().next().unwrap();
    assert!(challenge.contains("error_description=\"Invalid DPoP key binding\""), "{challenge}");
}

// R55, R112: what is not known is ignored, unless it is critical.
#[tokio::test]
async fn unknown_members_are_ignored() {
    let world = World::new();
    let more = world.with_proof(|proof| proof.header("tx_id", "1").claim("tx_id", json!({"a": [1]})));
    assert_eq!(world.verify(&more).await, Ok(()));
    for crit in [json!(["tx_id"]), json!(["exp"]), json!([]), json!("exp"), json!(null)] {
        let critical = world.with_proof(|proof| proof.header("tx_id", "1").header("crit", crit.clone()));
        assert_eq!(world.verify(&critical).await, Err(Error::ProofMalformed(JoseError::Critical)), "{crit}");
    }
}

// R56
#[tokio::test]
async fn a_proofs_own_nbf_and_exp_are_honoured() {
    let world = World::new();
    let within = |nbf, exp| world.with_proof(|proof| proof.claim("nbf", nbf).claim("exp", exp));
    let (now, later) = (world.now().as_secs(), world.ahead(300).as_secs());
    assert_eq!(world.verify(&within(now, later)).await, Ok(()));
    assert_eq!(world.verify(&within(now + 30, later)).await, Ok(()));
    assert_eq!(world.verify(&within(now + 31, later)).await, Err(Error::ProofNotYetValid));
    assert_eq!(world.verify(&within(now - 1, now + 1)).await, Ok(()));
    assert_eq!(world.verify(&within(now - 1, now)).await, Err(Error::ProofExpired));
}

// R57
#[tokio::test]
async fn a_token_needs_a_proof() {
    let world = World::new();
    let rejection = world.refused(&Request { dpop: Vec::new(), ..world.valid() }).await;
    assert_eq!(rejection.error(), &Error::ProofMissing);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_dpop_proof")));
}

// R58
#[tokio::test]
async fn a_bound_token_is_no_bearer_token() {
    let world = World::new();
    let token = world.token().sign();
    let proof = world.proof(&token).sign();
    let bearer = Request::bearer(&token);
    let with_proof = Request { dpop: vec![proof], ..bearer.clone() };
    let with_certificate = bearer.clone().certificate(world.certificate.der());
    for request in [bearer, with_proof, with_certificate] {
        let rejection = world.refused(&request).await;
        assert_eq!(rejection.error(), &Error::TokenBoundToKey);
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    }
}

// R70, R8: what a stranger's key costs is bounded before it is used.
#[tokio::test]
async fn keys_that_are_weak_or_costly_are_refused() {
    let world = World::new();
    let client = world.another_client().with_algorithm(Algorithm::Ps256);
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let token = world.issuer.token().audience(API).bound_to(&client).sign();
        let mut jwk = client.key().public_jwk();
        change(&mut jwk);
        let proof = client.proof("GET", "https://api.example.com/records").access_token(&token);
        Request::dpop(&token, proof.header("jwk", jwk).sign())
    };
    assert_eq!(world.verify(&with(&|_| ())).await, Ok(()));
    let longer = |jwk: &mut serde_json::Value| jwk["n"] = json!("f".repeat(684));
    let shorter = |jwk: &mut serde_json::Value| jwk["n"] = json!("f".repeat(172));
    let one = |jwk: &mut serde_json::Value| jwk["e"] = json!("AQ");
    assert_eq!(world.verify(&with(&longer)).await, Err(Error::ProofKey(KeyError::TooLarge)));
    assert_eq!(world.verify(&with(&shorter)).await, Err(Error::ProofKey(KeyError::TooSmall)));
    assert_eq!(world.verify(&with(&one)).await, Err(Error::ProofKey(KeyError::Exponent)));
    let mut off_curve = world.client.key().public_jwk();
    off_curve["y"] = off_curve["x"].clone();
    let token = world.token().claim("cnf", json!({"jkt": jwk_thumbprint(&off_curve)})).sign();
    let off_curve = Request::dpop(&token, world.proof(&token).header("jwk", off_curve).sign());
    assert_eq!(world.verify(&off_curve).await, Err(Error::ProofKey(KeyError::Point)));
}

// R109, R99: a key for another algorithm or another purpose.
#[tokio::test]
async fn a_proof_key_fits_its_algorithm_and_use() {
    let world = World::new();
    for (member, value) in [("alg", json!("PS256")), ("use", json!("enc")), ("key_ops", json!(["sign"]))] {
        let mut jwk = world.client.key().public_jwk();
        jwk[member] = value;
        let request = world.with_proof(|proof| proof.header("jwk", jwk));
        assert_eq!(world.verify(&request).await, Err(Error::ProofKey(KeyError::Unfit)), "{member}");
    }
    let request = world.with_proof(|proof| proof.header("alg", "PS256"));
    assert_eq!(world.verify(&request).await, Err(Error::ProofKey(KeyError::Unfit)));
}

// R17, R52, R178: what a thief of a whole request gains: nothing once it was used, nothing later, nothing elsewhere.
#[tokio::test]
async fn a_stolen_request_is_useless() {
    let world = World::with(|builder| builder.nonce(NoncePolicy::Required));
    let nonce = world.nonce().await;
    let request = world.with_proof(|proof| proof.nonce(&nonce));
    let verified = world.accepted(&request).await;
    assert_eq!(verified.access_token::<NoClaims>().unwrap().binding(), Binding::Dpop);
    assert_eq!(world.verify(&request).await, Err(Error::ProofReplayed));
    assert_eq!(world.verify(&request.clone().method("DELETE")).await, Err(Error::ProofMethod));
    let elsewhere = request.clone().path("/admin");
    assert_eq!(world.verify(&elsewhere).await, Err(Error::ProofTarget(TargetMismatch::Path)));
    world.clock.advance(Duration::from_secs(120));
    assert_eq!(world.verify(&request).await, Err(Error::NonceUnknown));
}
