//! The keys, thumbprints and signatures that the RFCs print.

#![cfg(feature = "aws-lc-rs")]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice)]

mod vectors;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::crypto::{AwsLcProvider, CryptoProvider, InvalidSignature};
use fapi_core::jose::{Algorithm, CompactJws, Header, Jwk, JwkThumbprint, KeyError};
use serde_json::Value;

const CRYPTO: AwsLcProvider = AwsLcProvider;

fn published(rfc: &str) -> Option<Value> {
    vectors::shared("published.json").map(|published| published[rfc].clone())
}

fn jwk(json: &Value) -> Jwk {
    Jwk::parse(json.to_string().as_bytes()).unwrap()
}

fn verify(jws: &CompactJws<'_>, jwk: &Jwk, algorithm: Algorithm) -> Result<(), InvalidSignature> {
    let key = CRYPTO.verifying_key(jwk, algorithm).unwrap();
    key.verify(jws.signing_input().as_bytes(), &jws.decode_signature().unwrap())
}

// R68
#[test]
fn rfc7638_3_1_thumbprint() {
    let Some(rfc7638) = published("rfc7638") else { return };
    let jwk = jwk(&rfc7638["jwk"]);
    assert_eq!(jwk.thumbprint(&CRYPTO).to_string(), rfc7638["thumbprint"]);
    assert_eq!(jwk.kid(), Some("2011-04-29"));
    // R99: its `alg` is RS256.
    assert_eq!(jwk.check_fits(Algorithm::Rs256), Ok(()));
    assert_eq!(jwk.check_fits(Algorithm::Ps256), Err(KeyError::Unfit));
}

// R68, R7
#[test]
fn rfc8037_a_thumbprint_and_signature() {
    let Some(rfc8037) = published("rfc8037") else { return };
    let jwk = jwk(&rfc8037["jwk"]);
    assert_eq!(jwk.thumbprint(&CRYPTO).to_string(), rfc8037["thumbprint"]);
    let jws = CompactJws::parse(rfc8037["jws"].as_str().unwrap()).unwrap();
    for algorithm in [Algorithm::EdDsa, Algorithm::Ed25519] {
        assert_eq!(verify(&jws, &jwk, algorithm), Ok(()));
    }
    // R46
    let mut private = rfc8037["jwk"].clone();
    private["d"] = rfc8037["jwk_private_d"].clone();
    assert_eq!(Jwk::parse(private.to_string().as_bytes()), Err(KeyError::Private));
}

// R45, R54, R68
#[test]
fn rfc9449_proofs() {
    let Some(rfc9449) = published("rfc9449") else { return };
    let known = jwk(&rfc9449["jwk"]);
    let thumbprint: JwkThumbprint = rfc9449["jkt"].as_str().unwrap().parse().unwrap();
    assert_eq!(known.thumbprint(&CRYPTO), thumbprint);
    for name in ["rs_proof", "token_proof", "refresh_proof"] {
        let jws = CompactJws::parse(rfc9449[name].as_str().unwrap()).unwrap();
        let json = jws.decode_header().unwrap();
        let header = Header::parse(&json).unwrap();
        assert_eq!((header.typ(), header.alg(), header.kid()), (Some("dpop+jwt"), "ES256", None), "{name}");
        let header: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(jwk(&header["jwk"]), known, "{name}");
        assert_eq!(verify(&jws, &known, Algorithm::Es256), Ok(()), "{name}");
    }
}

// R45: one changed bit of the signature, of the payload or of the key
#[test]
fn rfc9449_proof_with_one_bit_changed() {
    let Some(rfc9449) = published("rfc9449") else { return };
    let known = jwk(&rfc9449["jwk"]);
    let proof = rfc9449["rs_proof"].as_str().unwrap();
    let jws = CompactJws::parse(proof).unwrap();
    let key = CRYPTO.verifying_key(&known, Algorithm::Es256).unwrap();
    let mut signature = jws.decode_signature().unwrap();
    signature[40] ^= 1;
    assert_eq!(key.verify(jws.signing_input().as_bytes(), &signature), Err(InvalidSignature));
    signature[40] ^= 1;
    assert_eq!(key.verify(jws.signing_input().as_bytes(), &signature), Ok(()));
    assert_eq!(key.verify(jws.header_segment().as_bytes(), &signature), Err(InvalidSignature));

    let mut off_the_curve = rfc9449["jwk"].clone();
    off_the_curve["y"] = off_the_curve["x"].clone();
    // R102
    assert_eq!(CRYPTO.verifying_key(&jwk(&off_the_curve), Algorithm::Es256).err(), Some(KeyError::Point));
}

// R53
#[test]
fn rfc9449_ath() {
    let Some(rfc9449) = published("rfc9449") else { return };
    let token = rfc9449["access_token"].as_str().unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(CRYPTO.sha256(token.as_bytes())), rfc9449["ath"]);
}

// R73
#[test]
fn certificate_thumbprints() {
    for (rfc, certificate, thumbprint) in
        [("rfc8705", "cert_der_b64", "x5t#S256"), ("rfc9440", "leaf_der_b64", "x5t#S256_computed")]
    {
        let Some(vector) = published(rfc) else { return };
        let der =
            base64::engine::general_purpose::STANDARD.decode(vector[certificate].as_str().unwrap()).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(CRYPTO.sha256(&der)), vector[thumbprint], "{rfc}");
    }
}

/// RFC 4231 §4.2, §4.3 and §4.7: keys of 20, 4 and 131 bytes.
#[test]
fn rfc4231_hmac() {
    let cases: [(&[u8], &[u8], &str); 3] = [
        (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ];
    for (key, data, expected) in cases {
        let mac: String = CRYPTO.hmac_sha256(key, data).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(mac, expected);
    }
}
