//! Where the keys are, and what the issuer is called.

use super::*;

// R117: the metadata is asked for at the RFC 8414 location, then the keys where it says.
#[tokio::test]
async fn metadata_leads_to_the_keys() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    assert!(keys.current(NOW).is_none());
    let fetched = keys.refresh(NOW).await.unwrap();
    assert!(knows(&fetched, "1"));
    assert!(Arc::ptr_eq(&fetched, &keys.current(NOW).unwrap()));
    assert_eq!(issuer.requests(), [OAUTH, JWKS]);
}

// R117: OpenID Connect Discovery where there is nothing at the RFC 8414 location.
#[tokio::test]
async fn openid_metadata_is_second() {
    for status in [404, 302, 500] {
        let issuer = FakeIssuer::working();
        issuer.answer(OAUTH, Answer::Is(HttpResponse::new(status, "")));
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        assert!(issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.is_ok());
        assert_eq!(issuer.requests(), [OAUTH, OPENID, JWKS]);
    }
}

// R117: a web server with one page for every URL has no document at the RFC 8414 location; at both, it has none at all.
#[tokio::test]
async fn a_page_for_every_url_is_no_metadata() {
    for page in [&b"<!doctype html><title>Sign in</title>"[..], b"", b"[]", b"\"OK\"", b"\xff"] {
        let issuer = FakeIssuer::working();
        issuer.serve(OAUTH, page);
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        assert!(issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.is_ok(), "{page:?}");
        assert_eq!(issuer.requests(), [OAUTH, OPENID, JWKS]);
        issuer.serve(OPENID, page);
        assert_eq!(issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap_err(), KeysUnavailable);
    }
}

// R117: a host that cannot be reached is not asked twice in one fetch.
#[tokio::test]
async fn an_unreachable_issuer_is_asked_once() {
    let issuer = FakeIssuer::working();
    issuer.answer(OAUTH, Answer::Fails(HttpError::TimedOut));
    issuer.serve(OPENID, metadata(ISSUER, JWKS));
    assert_eq!(issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap_err(), KeysUnavailable);
    assert_eq!(issuer.requests(), [OAUTH]);
}

// R117, RFC 8414 §3.3: metadata that is there and is wrong is not used, and no other is looked for.
#[tokio::test]
async fn wrong_metadata_is_not_used() {
    for wrong in [
        metadata("https://as.example/other", JWKS),
        metadata("https://as.example/TENANT", JWKS),
        metadata("https://as.example/tenant//", JWKS),
        metadata("", JWKS),
        metadata(ISSUER, "http://keys.example/jwks"),
        metadata(ISSUER, "http://127.0.0.1/jwks"),
        metadata(ISSUER, "/jwks"),
        metadata(ISSUER, &format!("https://keys.example/{}", "a".repeat(2048))),
        format!(r#"{{"issuer":"{ISSUER}"}}"#),
        format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#),
    ] {
        let issuer = FakeIssuer::working();
        issuer.serve(OAUTH, wrong.clone());
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        assert_eq!(
            issuer.keys(Issuer::new(ISSUER)).refresh(NOW).await.unwrap_err(),
            KeysUnavailable,
            "{wrong}"
        );
        assert_eq!(issuer.requests(), [OAUTH]);
    }
}

// R91: the configuration may differ by one trailing slash; what counts in a token is what the metadata states.
#[tokio::test]
async fn a_trailing_slash_is_settled_by_the_metadata() {
    let with_slash = format!("{ISSUER}/");
    for (configured, stated, other) in
        [(with_slash.as_str(), ISSUER, with_slash.as_str()), (ISSUER, &with_slash, ISSUER)]
    {
        let issuer = FakeIssuer::working();
        issuer.serve(OAUTH, metadata(stated, JWKS));
        let keys = issuer.keys(Issuer::new(configured));
        assert!(keys.may_be(stated) && keys.may_be(configured));
        assert!(!keys.may_be("https://as.example/tenant//") && !keys.may_be("https://as.example"));
        keys.refresh(NOW).await.unwrap();
        assert_eq!(&**keys.identifier(), stated);
        assert!(keys.may_be(stated) && !keys.may_be(other));
        // From then on the metadata must not say otherwise.
        issuer.serve(OAUTH, metadata(other, JWKS));
        assert_eq!(keys.refresh(after(30)).await.unwrap_err(), KeysUnavailable);
    }
}

// R118: a moved key set is followed.
#[tokio::test]
async fn a_changed_jwks_uri_is_followed() {
    let issuer = FakeIssuer::working();
    let keys = issuer.keys(Issuer::new(ISSUER));
    keys.refresh(NOW).await.unwrap();
    issuer.serve(OAUTH, metadata(ISSUER, "https://keys.example/moved"));
    issuer.serve("https://keys.example/moved", key_set(&["2"]));
    assert!(knows(&keys.refresh(after(30)).await.unwrap(), "2"));
}
