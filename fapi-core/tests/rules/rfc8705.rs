//! RFC 8705 §3 and RFC 7800 §3.1: tokens that are bound to a certificate, and to more than one key.

use fapi_core::{Binding, Error, NoClaims};
use fapi_testkit::TestCertificate;
use serde_json::json;

use crate::world::{Request, World};

// R72
#[tokio::test]
async fn a_certificate_bound_token_needs_its_certificate() {
    let world = World::new();
    let bound = world.mtls();
    let verified = world.accepted(&bound).await;
    assert_eq!(verified.access_token::<NoClaims>().unwrap().binding(), Binding::Mtls);

    let other = TestCertificate::generate();
    for (request, error) in [
        (Request { certificate: None, ..bound.clone() }, Error::CertificateMissing),
        (bound.clone().certificate(other.der()), Error::CertificateBinding),
        (bound.clone().certificate(b""), Error::CertificateBinding),
    ] {
        let rejection = world.refused(&request).await;
        assert_eq!(rejection.error(), &error);
        assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    }
    assert_eq!(world.verify(&bound).await, Ok(()), "a certificate may be shown again and again");
}

// R73, R179: the hash of the whole certificate, in the one spelling of RFC 8705.
#[tokio::test]
async fn the_thumbprint_is_of_the_certificate_and_has_one_spelling() {
    let world = World::new();
    let der = world.certificate.der();
    let with = |thumbprint: &str| {
        let token = world.token().claim("cnf", json!({"x5t#S256": thumbprint})).sign();
        Request::bearer(&token).certificate(der)
    };
    let right = world.certificate.thumbprint();
    assert_eq!(world.verify(&with(&right)).await, Ok(()));
    let hex = "0".repeat(64);
    for wrong in [format!("{right}="), format!(" {right}"), right[1..].to_owned(), hex, String::new()] {
        assert_eq!(world.verify(&with(&wrong)).await, Err(Error::ConfirmationMalformed), "{wrong}");
    }
    let trailing = [der, &[0]].concat();
    assert_eq!(world.verify(&with(&right).certificate(&trailing)).await, Err(Error::CertificateBinding));
}

// R75: same key or not, another certificate is another one.
#[tokio::test]
async fn a_renewed_certificate_is_another_one() {
    let world = World::new();
    let mut renewed = world.certificate.der().to_vec();
    let serial = renewed.len() / 2;
    renewed[serial] ^= 1;
    assert_eq!(world.verify(&world.mtls().certificate(&renewed)).await, Err(Error::CertificateBinding));
}

// R89: what is owed twice must be shown twice.
#[tokio::test]
async fn both_confirmations_must_hold() {
    let world = World::new();
    let der = world.certificate.der();
    let both = || world.with_token(|token| token.bound_to_certificate(der));
    assert_eq!(world.verify(&both().certificate(der)).await, Ok(()));
    assert_eq!(world.verify(&both()).await, Err(Error::CertificateMissing));
    let other = TestCertificate::generate();
    assert_eq!(world.verify(&both().certificate(other.der())).await, Err(Error::CertificateBinding));
    let token = world.token().bound_to_certificate(der).sign();
    let thief = world.another_client();
    let stolen = thief.proof("GET", "https://api.example.com/records").access_token(&token).sign();
    assert_eq!(world.verify(&Request::dpop(&token, stolen).certificate(der)).await, Err(Error::KeyBinding));
    assert_eq!(world.verify(&Request::bearer(&token).certificate(der)).await, Err(Error::TokenBoundToKey));
}

// R89: a confirmation that cannot be read is never passed over.
#[tokio::test]
async fn a_malformed_confirmation_is_refused() {
    let world = World::new();
    let (jkt, x5t) = (world.client.thumbprint(), world.certificate.thumbprint());
    for cnf in [
        json!(null),
        json!("key"),
        json!([{"jkt": jkt}]),
        json!({"jkt": null}),
        json!({"jkt": 1}),
        json!({"jkt": ""}),
        json!({"jkt": &jkt[..42]}),
        json!({"jkt": [jkt]}),
        json!({"jkt": jkt, "x5t#S256": null}),
        json!({"jkt": jkt, "x5t#S256": "x"}),
        json!({"jkt": 7, "x5t#S256": x5t}),
    ] {
        let request = world.with_token(|token| token.claim("cnf", cnf.clone()));
        let request = request.certificate(world.certificate.der());
        assert_eq!(world.verify(&request).await, Err(Error::ConfirmationMalformed), "{cnf}");
    }
    let more = json!({"jkt": jkt, "kid": 7, "x5t#S512": "x", "jwk": {"kty": "EC"}});
    assert_eq!(world.verify(&world.with_token(|token| token.claim("cnf", more))).await, Ok(()));
}

// R58: a scheme that does not fit the token's key.
#[tokio::test]
async fn a_certificate_bound_token_is_no_dpop_token() {
    let world = World::new();
    let der = world.certificate.der();
    let token = world.token().without_claim("cnf").bound_to_certificate(der).sign();
    let request = Request::dpop(&token, world.proof(&token).sign()).certificate(der);
    assert_eq!(world.verify(&request).await, Err(Error::TokenNotBoundToKey));
}
