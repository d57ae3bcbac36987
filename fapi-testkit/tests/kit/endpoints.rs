//! Endpoints without a socket: who is let in, and what they answer.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fapi_core::jose::Algorithm;
use fapi_core::{PeerCertificate, UnixTime};
use fapi_testkit::http::{self, Request, Response};
use fapi_testkit::{
    AssertionBuilder, ManualClock, RegisteredClient, SigningKey, TestCertificate, TestClient, TestIssuer,
};
use serde_json::{Value, json};

use crate::oracle::{claims, header, verifies};

const NOW: u64 = 1_750_000_000;
const SIGNED: &str = "application/token-introspection+jwt";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct World {
    issuer: TestIssuer,
    clock: ManualClock,
    key: SigningKey,
    certificate: TestCertificate,
}

/// An issuer with a client for every method.
fn world() -> World {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    let key = SigningKey::generate(Algorithm::Ps256);
    let certificate = TestCertificate::generate();
    let issuer = TestIssuer::new("https://as.example.com")
        .with_clock(Arc::new(clock.clone()))
        .with_client(RegisteredClient::private_key_jwt("api", &key).with_audience("https://rs.example.com"))
        .with_client(RegisteredClient::client_secret_basic("secretive:api", "a+b c%"))
        .with_client(RegisteredClient::mutual_tls("mutual", certificate.der()));
    World { issuer, clock, key, certificate }
}

impl World {
    fn assertion(&self) -> AssertionBuilder {
        self.issuer.client_assertion("api", &self.key)
    }

    /// What the introspection endpoint answers to a form with an assertion.
    fn introspect(&self, assertion: &str, parameters: &[(&str, &str)]) -> Response<Vec<u8>> {
        let mut form = vec![("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
        form.extend(parameters);
        self.issuer.respond(&post("/introspect", &form))
    }
}

fn post(path: &str, parameters: &[(&str, &str)]) -> Request<Vec<u8>> {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    Request::post(format!("https://as.example.com{path}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.into_bytes())
        .unwrap()
}

fn body(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[track_caller]
fn assert_invalid_client(response: &Response<Vec<u8>>) {
    assert_eq!((response.status().as_u16(), body(response)), (401, json!({"error": "invalid_client"})));
    assert_eq!(response.headers()["WWW-Authenticate"], "Basic");
}

#[track_caller]
fn assert_active(response: &Response<Vec<u8>>) {
    assert_eq!((response.status().as_u16(), &body(response)["active"]), (200, &json!(true)));
    assert_eq!(response.headers()["Content-Type"], "application/json");
}

// R121
#[test]
fn every_method_lets_its_client_introspect() {
    let world = world();
    let token = world.issuer.token().opaque();
    let parameters = [("token", token.as_str()), ("token_type_hint", "access_token")];
    assert_active(&world.introspect(&world.assertion().sign(), &parameters));

    // RFC 6749 §2.3.1: both parts are form-encoded before they are put together.
    let mut request = post("/introspect", &parameters);
    let basic = format!("Basic {}", STANDARD.encode("secretive%3Aapi:a%2Bb+c%25"));
    request.headers_mut().insert("Authorization", basic.parse().unwrap());
    assert_active(&world.issuer.respond(&request));

    let mut request = post("/mtls/introspect", &[("token", &token), ("client_id", "mutual")]);
    request.extensions_mut().insert(PeerCertificate::from_der(world.certificate.der().to_vec()));
    assert_active(&world.issuer.respond(&request));
}

// R122: SP 5.3.3-5
#[test]
fn an_assertion_is_for_the_issuer_alone() {
    let world = world();
    let issuer = world.issuer.identifier();
    let wrong = [
        json!([issuer]),
        json!([issuer, world.issuer.introspection_endpoint()]),
        json!(world.issuer.introspection_endpoint()),
        json!(world.issuer.token_endpoint()),
        json!(format!("{issuer}/")),
        json!(null),
    ];
    for audience in wrong {
        let assertion = world.assertion().claim("aud", audience).sign();
        assert_invalid_client(&world.introspect(&assertion, &[("token", "x")]));
    }
}

#[test]
fn an_assertion_that_is_wrong_in_one_way_is_refused() {
    let world = world();
    let other = SigningKey::generate(Algorithm::Ps256);
    let wrong = [
        world.assertion().with_flipped_signature(),
        world.assertion().signed_by(&other),
        world.assertion().header("alg", "none"),
        world.assertion().header("alg", "HS256"),
        world.assertion().claim("iss", "other"),
        world.assertion().claim("sub", "other"),
        world.assertion().claim("sub", "mutual").claim("iss", "mutual"),
        world.assertion().without_claim("iss"),
        world.assertion().without_claim("sub"),
        world.assertion().without_claim("aud"),
        world.assertion().without_claim("exp"),
        world.assertion().claim("exp", NOW),
        world.assertion().claim("exp", NOW + 301),
        world.assertion().claim("nbf", NOW + 1),
        world.assertion().without_claim("jti"),
        world.assertion().claim("jti", ""),
        world.assertion().raw_payload("not JSON"),
    ];
    for (index, assertion) in wrong.into_iter().enumerate() {
        let response = world.introspect(&assertion.sign(), &[("token", "x")]);
        assert_eq!(response.status(), 401, "{index}");
    }
    let right = world.assertion().claim("exp", NOW + 300).claim("nbf", NOW).sign();
    assert_eq!(world.introspect(&right, &[("token", "x")]).status(), 200);
}

#[test]
fn an_assertion_is_used_once() {
    let world = world();
    let assertion = world.assertion().sign();
    let refused = world.introspect(&assertion, &[("token", "x"), ("client_id", "mutual")]);
    assert_invalid_client(&refused);
    let assertion = world.assertion().sign();
    assert_eq!(world.introspect(&assertion, &[("token", "x"), ("client_id", "api")]).status(), 200);
    assert_invalid_client(&world.introspect(&assertion, &[("token", "x")]));

    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.introspect(&world.assertion().sign(), &[("token", "x")]).status(), 200);
}

#[test]
fn nobody_else_may_introspect() {
    let world = world();
    let form = [("token", "x")];
    assert_invalid_client(&world.issuer.respond(&post("/introspect", &form)));
    for client_id in ["api", "mutual", "secretive:api", "stranger"] {
        let request = post("/introspect", &[("token", "x"), ("client_id", client_id)]);
        assert_invalid_client(&world.issuer.respond(&request));
    }
    for credentials in ["secretive%3Aapi:wrong", "secretive%3Aapi", "api:x", "stranger:x"] {
        let mut request = post("/introspect", &form);
        let basic = format!("Basic {}", STANDARD.encode(credentials));
        request.headers_mut().insert("Authorization", basic.parse().unwrap());
        assert_invalid_client(&world.issuer.respond(&request));
    }
    // RFC 6749 §2.3: two methods at once
    let basic = format!("Basic {}", STANDARD.encode("secretive%3Aapi:a%2Bb+c%25"));
    let assertion = world.assertion().sign();
    let mut request =
        post("/introspect", &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)]);
    request.headers_mut().insert("Authorization", basic.parse().unwrap());
    assert_invalid_client(&world.issuer.respond(&request));

    let untyped = post("/introspect", &[("client_assertion", world.assertion().sign().as_str())]);
    assert_invalid_client(&world.issuer.respond(&untyped));
}

// RFC 8705 §5
#[test]
fn a_certificate_counts_at_the_aliases_alone() {
    let world = world();
    let ask = |path: &str, certificate: &TestCertificate| {
        let mut request = post(path, &[("token", "x"), ("client_id", "mutual")]);
        request.extensions_mut().insert(PeerCertificate::from_der(certificate.der().to_vec()));
        world.issuer.respond(&request).status().as_u16()
    };
    assert_eq!(ask("/mtls/introspect", &world.certificate), 200);
    assert_eq!(ask("/introspect", &world.certificate), 401);
    assert_eq!(ask("/mtls/introspect", &TestCertificate::generate()), 401);
}

#[test]
fn a_signed_answer_is_for_the_client_unless_its_audience_is_another() {
    let issuer = TestIssuer::new("https://as.example.com")
        .with_client(RegisteredClient::client_secret_basic("a", "b"));
    let mut request = post("/introspect", &[("token", "x")]);
    let headers = request.headers_mut();
    headers.insert("Authorization", format!("Basic {}", STANDARD.encode("a:b")).parse().unwrap());
    headers.insert("Accept", SIGNED.parse().unwrap());
    let answer = String::from_utf8(issuer.respond(&request).into_body()).unwrap();
    assert_eq!(claims(&answer)["aud"], "a");
}

// R127, R128
#[test]
fn a_signed_answer_is_given_where_it_is_asked_for() {
    let world = world();
    let token = world.issuer.token().opaque();
    let ask = |accept: &str| {
        let assertion = world.assertion().sign();
        let mut request = post(
            "/introspect",
            &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion), ("token", &token)],
        );
        request.headers_mut().insert("Accept", accept.parse().unwrap());
        world.issuer.respond(&request)
    };
    let response = ask(SIGNED);
    assert_eq!(response.headers()["Content-Type"], SIGNED);
    let answer = String::from_utf8(response.into_body()).unwrap();
    assert!(verifies(&answer, Algorithm::Es256, &world.issuer.key().public_jwk()));
    assert_eq!(header(&answer)["typ"], "token-introspection+jwt");
    assert_eq!(claims(&answer)["aud"], "https://rs.example.com");
    assert_eq!(claims(&answer)["token_introspection"]["active"], true);
    assert_active(&ask("application/json"));

    // R130, R180
    world.issuer.change_introspection(|answer| answer.always_plain().member("active", "true"));
    assert_eq!(body(&ask(SIGNED))["active"], "true");
    world.issuer.change_introspection(|answer| answer.audience("https://other.example.com"));
    let answer = String::from_utf8(ask(SIGNED).into_body()).unwrap();
    assert_eq!(claims(&answer)["aud"], "https://other.example.com");
}

#[test]
fn what_is_no_question_is_refused() {
    let world = world();
    let response = world.introspect(&world.assertion().sign(), &[]);
    assert_eq!((response.status().as_u16(), body(&response)), (400, json!({"error": "invalid_request"})));
    let assertion = world.assertion().sign();
    let mut request = post(
        "/introspect",
        &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion), ("token", "x")],
    );
    request.headers_mut().insert("Content-Type", "text/plain".parse().unwrap());
    assert_eq!(world.issuer.respond(&request).status(), 400);
    *request.method_mut() = http::Method::GET;
    assert_eq!(world.issuer.respond(&request).status(), 404);
}

fn token_request(parameters: &[(&str, &str)]) -> Request<Vec<u8>> {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(parameters);
    let mut request = post("/mtls/token", &form);
    let proof = TestClient::new().proof("POST", "https://as.example.com/token").sign();
    request.headers_mut().insert("DPoP", proof.parse().unwrap());
    request
}

#[test]
fn a_token_in_a_registered_clients_name_is_for_that_client() {
    let world = world();
    let open = body(&world.issuer.respond(&token_request(&[("client_id", "robot")])));
    assert_eq!(claims(open["access_token"].as_str().unwrap())["client_id"], "robot");
    assert_invalid_client(&world.issuer.respond(&token_request(&[("client_id", "api")])));

    let assertion = world.assertion().sign();
    let form = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    let answer = body(&world.issuer.respond(&token_request(&form)));
    let token = claims(answer["access_token"].as_str().unwrap());
    assert_eq!([&token["client_id"], &token["sub"]], ["api", "api"]);
}

// RFC 8705 §3.1
#[test]
fn without_a_proof_the_token_is_bound_to_the_certificate() {
    let world = world();
    let mut request = token_request(&[]);
    request.extensions_mut().insert(PeerCertificate::from_der(world.certificate.der().to_vec()));
    let with_proof = body(&world.issuer.respond(&request));
    assert_eq!(with_proof["token_type"], "DPoP");

    request.headers_mut().remove("DPoP");
    let answer = body(&world.issuer.respond(&request));
    assert_eq!(answer["token_type"], "Bearer");
    let token = claims(answer["access_token"].as_str().unwrap());
    assert_eq!(token["cnf"], json!({"x5t#S256": world.certificate.thumbprint()}));

    *request.uri_mut() = "https://as.example.com/token".parse().unwrap();
    let response = world.issuer.respond(&request);
    assert_eq!((response.status().as_u16(), body(&response)), (400, json!({"error": "invalid_dpop_proof"})));
}

#[test]
fn tokens_may_be_opaque() {
    let world = world();
    let issuer = world.issuer.clone().issuing_opaque_tokens();
    let answer = body(&issuer.respond(&token_request(&[("client_id", "robot")])));
    let token = answer["access_token"].as_str().unwrap();
    assert!(!token.contains('.'));
    let introspection: Value = serde_json::from_str(&world.issuer.introspection(token).plain()).unwrap();
    assert_eq!([&introspection["client_id"], &introspection["token_type"]], ["robot", "DPoP"]);
}

// R133
#[test]
fn the_status_list_is_served_and_changed() {
    let world = world();
    let ask = |accept: &str| {
        let uri = world.issuer.status_list_uri();
        world.issuer.respond(&Request::get(uri).header("Accept", accept).body(Vec::new()).unwrap())
    };
    let response = ask("application/statuslist+jwt");
    assert_eq!(response.headers()["Content-Type"], "application/statuslist+jwt");
    let list = String::from_utf8(response.into_body()).unwrap();
    assert_eq!(claims(&list)["sub"], world.issuer.status_list_uri());
    assert_eq!(ask("application/json").status(), 406);

    world.issuer.change_status_list(|list| list.claim("sub", "https://other.example.com/"));
    let list = String::from_utf8(ask("*/*").into_body()).unwrap();
    assert_eq!(claims(&list)["sub"], "https://other.example.com/");
}

#[test]
fn metadata_names_every_endpoint_and_the_aliases_with_tls() {
    let metadata = |issuer: &TestIssuer| {
        let request = Request::get("/.well-known/oauth-authorization-server").body(Vec::new()).unwrap();
        body(&issuer.respond(&request))
    };
    let secure = metadata(&world().issuer);
    assert_eq!(secure["introspection_endpoint"], "https://as.example.com/introspect");
    assert_eq!(secure["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(
        secure["mtls_endpoint_aliases"],
        json!({
            "token_endpoint": "https://as.example.com/mtls/token",
            "introspection_endpoint": "https://as.example.com/mtls/introspect",
        })
    );
    let plain = metadata(&TestIssuer::new("http://127.0.0.1:1"));
    assert_eq!(plain["mtls_endpoint_aliases"], Value::Null);
    assert_eq!(
        plain["introspection_endpoint_auth_methods_supported"],
        json!(["private_key_jwt", "client_secret_basic"])
    );
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", world().issuer);
    assert!(shown.contains("secretive:api") && !shown.contains("a+b"), "{shown}");
}
