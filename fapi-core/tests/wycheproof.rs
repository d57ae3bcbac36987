//! Wycheproof's vectors against the default provider: the JOSE sets and the primitive sets (R175-R177, R110, R115).
//!
//! Every JOSE case runs twice: under a wide policy, where it must get the verdict it is marked with, and under the FAPI
//! list of algorithms, where everything of another algorithm is refused (R7).

#![cfg(feature = "aws-lc-rs")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice)]

mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::crypto::{AwsLcProvider, CryptoProvider, InvalidSignature};
use fapi_core::jose::{Algorithm, CompactJws, Header, JoseError, Jwk, KeyError};
use serde_json::Value;

const CRYPTO: AwsLcProvider = AwsLcProvider;
const FAPI: [Algorithm; 4] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Ed25519];

/// The cases of the signature set that contradict themselves.
const INCONSISTENT: [(u64, &str); 8] = [
    (346, "the key is for PS256, the header says PS384, marked valid"),
    (347, "the key is for ES521, which does not exist, marked valid"),
    (350, "as 346"),
    (351, "as 347"),
    (367, "byte for byte the valid case 357: the padding was lost"),
    (370, "byte for byte the valid case 357: the padding was lost"),
    (372, "has a question mark in the header, marked valid"),
    (373, "has a question mark in the payload, marked valid"),
];

#[derive(Debug, PartialEq)]
enum Refusal {
    Jose(JoseError),
    Algorithm,
    Key(KeyError),
    Signature,
}

impl From<JoseError> for Refusal {
    fn from(error: JoseError) -> Self {
        Self::Jose(error)
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<InvalidSignature> for Refusal {
    fn from(_: InvalidSignature) -> Self {
        Self::Signature
    }
}

/// Verifies as a caller of `fapi_core::jose` would.
fn verify(jws: &str, jwk: &Value, accepted: &[Algorithm]) -> Result<(), Refusal> {
    let jws = CompactJws::parse(jws)?;
    let header = jws.decode_header()?;
    let header = Header::parse(&header)?;
    let algorithm = Algorithm::from_name(header.alg()).filter(|algorithm| accepted.contains(algorithm));
    let algorithm = algorithm.ok_or(Refusal::Algorithm)?;
    let key = CRYPTO.verifying_key(&Jwk::parse(jwk.to_string().as_bytes())?, algorithm)?;
    jws.decode_payload()?;
    Ok(key.verify(jws.signing_input().as_bytes(), &jws.decode_signature()?)?)
}

/// The same for HS256, which this crate does not have: many cases about encoding come with a MAC.
fn verify_hs256(jws: &str, jwk: &Value) -> Result<(), Refusal> {
    let jws = CompactJws::parse(jws)?;
    if Header::parse(&jws.decode_header()?)?.alg() != "HS256" {
        return Err(Refusal::Algorithm);
    }
    let key = URL_SAFE_NO_PAD.decode(jwk["k"].as_str().unwrap()).unwrap();
    // RFC 7518 §3.2
    if key.len() < 32 || jwk["alg"] != "HS256" {
        return Err(Refusal::Key(KeyError::Unfit));
    }
    jws.decode_payload()?;
    let mac = CRYPTO.hmac_sha256(&key, jws.signing_input().as_bytes());
    if jws.decode_signature()? == mac { Ok(()) } else { Err(Refusal::Signature) }
}

/// What the numbers of one set came to, so that a set that shrinks or a harness that skips is noticed.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    accepted: usize,
    refused: usize,
    skipped: usize,
    accepted_by_fapi: usize,
}

fn run(file: &str, inconsistent: &[(u64, &str)]) -> Option<Tally> {
    let set = vectors::shared(file)?;
    let mut tally = Tally::default();
    for group in set["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap().iter().filter(|test| !test["jws"].is_null()) {
            let number = test["tcId"].as_u64().unwrap();
            if let Some((_, reason)) = inconsistent.iter().find(|(skipped, _)| *skipped == number) {
                println!("{file} {number} skipped: {reason}");
                tally.skipped += 1;
                continue;
            }
            check(group, test, &mut tally);
        }
    }
    Some(tally)
}

fn check(group: &Value, test: &Value, tally: &mut Tally) {
    let name = format!("{} {}", test["tcId"], test["comment"]);
    let jws = &text(test);
    let keys = keys(group);
    let [jwk] = keys.as_slice() else {
        // Which key of a set is tried is decided where key sets are read; these sets hold symmetric keys, so nothing fits.
        assert!(keys.iter().all(|jwk| verify(jws, jwk, &Algorithm::ALL).is_err()), "{name}");
        tally.skipped += 1;
        return;
    };
    let verdict =
        if jwk["kty"] == "oct" { verify_hs256(jws, jwk) } else { verify(jws, jwk, &Algorithm::ALL) };
    if test["comment"] == "emptyPayload" {
        // R114: stricter than RFC 7515, where an empty payload is one; a JWT never has it.
        assert_eq!(verdict, Err(Refusal::Jose(JoseError::NotCompact)), "{name}");
    } else if jwk["alg"] == "HS384" || jwk["alg"] == "HS512" {
        assert_eq!(verdict, Err(Refusal::Algorithm), "{name}");
    } else {
        assert_eq!(verdict.is_ok(), test["result"] == "valid", "{name}: {verdict:?}");
    }
    *(if verdict.is_ok() { &mut tally.accepted } else { &mut tally.refused }) += 1;

    // R7
    let of_fapi = ["ES256", "PS256", "EdDSA", "Ed25519"].iter().any(|alg| jwk["alg"] == *alg);
    let by_fapi = verify(jws, jwk, &FAPI);
    assert_eq!(by_fapi.is_ok(), verdict.is_ok() && of_fapi, "{name}: {by_fapi:?}");
    tally.accepted_by_fapi += usize::from(by_fapi.is_ok());
}

/// The JWS; one case has its JSON serialisation as JSON.
fn text(test: &Value) -> String {
    test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned)
}

fn keys(group: &Value) -> Vec<Value> {
    let jwk = if group["public"].is_null() { &group["private"] } else { &group["public"] };
    jwk["keys"].as_array().cloned().unwrap_or_else(|| vec![jwk.clone()])
}

#[test]
fn json_web_signature() {
    let Some(tally) = run("wycheproof/json_web_signature_test.json", &INCONSISTENT) else { return };
    assert_eq!(tally, Tally { accepted: 34, refused: 359, skipped: 8, accepted_by_fapi: 7 });
}

#[test]
fn json_web_key() {
    let Some(tally) = run("wycheproof/json_web_key_test.json", &[]) else { return };
    assert_eq!(tally, Tally { accepted: 2, refused: 20, skipped: 4, accepted_by_fapi: 0 });
}

#[test]
fn json_web_crypto() {
    let Some(tally) = run("wycheproof/json_web_crypto_test.json", &[]) else { return };
    assert_eq!(tally, Tally { accepted: 3, refused: 43, skipped: 3, accepted_by_fapi: 1 });
}

/// The exact reason of the well-known attacks, so that none is refused by accident.
#[test]
fn r175_r176_attacks_are_refused_for_their_own_reason() {
    let (Some(jws), Some(jwk)) = (
        vectors::shared("wycheproof/json_web_signature_test.json"),
        vectors::shared("wycheproof/json_web_key_test.json"),
    ) else {
        return;
    };
    let expected = [
        (&jws, 17, Refusal::Jose(JoseError::NotCompact)), // JSON serialisation
        (&jws, 31, Refusal::Algorithm),                   // HS256 with the public key
        (&jws, 32, Refusal::Signature),                   // the key embedded in the header
        (&jws, 341, Refusal::Jose(JoseError::NotCompact)), // none, and no signature
        (&jws, 353, Refusal::Key(KeyError::Unfit)),       // use: enc
        (&jws, 355, Refusal::Key(KeyError::Unfit)),       // key_ops: encrypt
        (&jws, 380, Refusal::Signature),                  // trailing zeros
        (&jws, 386, Refusal::Signature),                  // r = s = 0
        (&jwk, 6, Refusal::Key(KeyError::Unfit)),
        (&jwk, 7, Refusal::Key(KeyError::Roca)),
        (&jwk, 19, Refusal::Key(KeyError::Unfit)), // alg of another curve
        (&jwk, 22, Refusal::Key(KeyError::Point)),
        (&jwk, 23, Refusal::Key(KeyError::MemberInvalid("x"))), // P-384 with coordinates of P-256
        (&jwk, 24, Refusal::Key(KeyError::MemberMissing("n"))), // RSA without a modulus
    ];
    for (set, number, refusal) in expected {
        let (group, test) = case(set, number);
        assert_eq!(
            verify(&text(test), &keys(group)[0], &Algorithm::ALL),
            Err(refusal),
            "{number} {}",
            test["comment"]
        );
    }
    // These two come with a JWS that has no signature, so the key itself is asked.
    for (number, error) in [(8, KeyError::TooSmall), (9, KeyError::Exponent)] {
        let (group, _) = case(&jwk, number);
        assert_eq!(Jwk::parse(keys(group)[0].to_string().as_bytes()), Err(error), "{number}");
    }
}

/// The case of this number, with its group.
fn case(set: &Value, number: u64) -> (&Value, &Value) {
    let groups = set["testGroups"].as_array().unwrap();
    let mut cases = groups
        .iter()
        .flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test)));
    cases.find(|(_, test)| test["tcId"] == number).unwrap()
}

// R8, R68, R70, R110
#[test]
fn primitives() {
    let mut accepted = std::collections::BTreeMap::<&str, usize>::new();
    for case in vectors::primitives() {
        let verdict = Jwk::parse(case.jwk.as_bytes())
            .and_then(|jwk| CRYPTO.verifying_key(&jwk, case.algorithm))
            .map(|key| key.verify(&case.message, &case.signature).is_ok());
        let accepts = verdict == Ok(true);
        if let Some(valid) = case.valid {
            assert_eq!(accepts, valid, "{}: {verdict:?}", case.name);
        }
        *accepted.entry(case.algorithm.name()).or_default() += usize::from(accepts);
    }
    println!("{accepted:?}");
    assert!(accepted.values().all(|number| *number >= 20), "{accepted:?}");
}
