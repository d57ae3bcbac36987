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

// R117: whatever keeps the RFC 8414 location from giving metadata, the other may have it.
#[tokio::test(start_paused = true)]
async fn a_broken_location_leaves_the_other() {
    let repeated = format!(r#"{{"issuer":"{ISSUER}","issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#);
    let page = |text: &str| Answer::Is(HttpResponse::new(200, text));
    for broken in [
        Answer::Fails(HttpError::Connection("connection reset".into())),
        Answer::Fails(HttpError::TimedOut),
        Answer::Fails(HttpError::TooLarge),
        Answer::Never,
        page(&" ".repeat(512 * 1024 + 1)),
        page(r#"{"error":"not found"}"#),
        page("{}"),
        page(r#"{"issuer":7}"#),
        page(&repeated),
    ] {
        let issuer = FakeIssuer::working();
        issuer.answer(OAUTH, broken.clone());
        issuer.serve(OPENID, metadata(ISSUER, JWKS));
        let keys = issuer.keys(Issuer::new(ISSUER));
        assert!(keys.refresh(NOW).await.is_ok(), "{broken:?}");
        assert_eq!(issuer.requests(), [OAUTH, OPENID, JWKS]);
        // RFC 8414 §3.3: the other location is held to the same rule.
        issuer.serve(OPENID, metadata("https://as.example/other", JWKS));
        assert_eq!(keys.refresh(after(30)).await.unwrap_err(), KeysUnavailable, "{broken:?}");
    }
}

// R117, R120: two locations that hang take no longer than one fetch, and each is named.
#[tokio::test(start_paused = true)]
async fn two_broken_locations_are_both_named() {
    let issuer = FakeIssuer::working();
    issuer.answer(OAUTH, Answer::Never);
    issuer.serve(OPENID, "{}");
    let error = discovery::discover(&*issuer, ISSUER).await.unwrap_err();
    let text = format!(
        "there is no metadata: GET {OAUTH}: no answer in time; GET {OPENID}: the metadata has no usable issuer"
    );
    assert_eq!(error.to_string(), text);
    issuer.answer(OPENID, Answer::Never);
    let start = tokio::time::Instant::now();
    let error = discovery::discover(&*issuer, ISSUER).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let text =
        format!("there is no metadata: GET {OAUTH}: no answer in time; GET {OPENID}: no answer in time");
    assert_eq!(error.to_string(), text);
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

// R91: where no metadata is read, the first thing that the issuer vouches for settles it.
#[test]
fn a_trailing_slash_is_settled_by_what_the_issuer_signs() {
    let with_slash = format!("{ISSUER}/");
    for (configured, own) in [(&*with_slash, ISSUER), (ISSUER, &*with_slash), (ISSUER, ISSUER)] {
        for issuer in [
            Issuer::new(configured).with_jwks_uri(JWKS),
            Issuer::new(configured).with_key_set(key_set(&["1"])),
        ] {
            let keys = FakeIssuer::working().keys(issuer);
            let other = if own == ISSUER { &*with_slash } else { ISSUER };
            assert!(keys.may_be(own) && keys.may_be(other));
            for stranger in
                ["https://as.example/tenant//", "https://as.example", "https://as.example/TENANT", ""]
            {
                assert!(!keys.may_be(stranger));
                assert_eq!(keys.settle(stranger), None);
            }
            assert_eq!(&**keys.identifier(), configured);
            assert_eq!(keys.settle(own).map(|name| &**name), Some(own));
            assert_eq!(&**keys.identifier(), own);
            assert!(keys.may_be(own) && !keys.may_be(other));
            assert_eq!(keys.settle(other), None);
        }
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
