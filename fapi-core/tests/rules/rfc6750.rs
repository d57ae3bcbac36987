//! RFC 6750 §3, RFC 9110 §11 and RFC 9449 §7: the Authorization header and the challenges.

use fapi_core::{Cors, Error, Rejection, RejectionBody, Requirement, ResponseBody, SenderConstraint};
use fapi_testkit::contract::{Contract, Expected};

use crate::fakes::Network;
use crate::world::{Request, World, headers};

fn challenges(rejection: &Rejection) -> Vec<String> {
    headers(rejection, "www-authenticate")
}

fn outside(rejection: &Rejection) -> (u16, Option<&str>) {
    (rejection.status(), rejection.error_code())
}

// R27, R28
#[tokio::test]
async fn the_scheme_may_be_in_any_case_and_followed_by_spaces() {
    let world = World::new();
    for scheme in ["DPoP ", "dPOP ", "dpop ", "DPOP   "] {
        let token = world.token().sign();
        let proof = world.proof(&token).sign();
        let line = [format!("{scheme}{token}")];
        let request = Request { dpop: vec![proof], ..Request::with_authorization(line) };
        assert_eq!(world.verify(&request).await, Ok(()), "{scheme}");
    }
    let mtls = world.mtls();
    let request = Request { authorization: vec![mtls.authorization[0].replace("Bearer", "bEARER")], ..mtls };
    assert_eq!(world.verify(&request).await, Ok(()));
}

// R29
#[tokio::test]
async fn two_authorization_headers_are_400_under_both_schemes() {
    let world = World::new();
    let valid = world.valid();
    let twice = Request {
        authorization: [valid.authorization.clone(), valid.authorization.clone()].concat(),
        ..valid
    };
    let rejection = world.refused(&twice).await;
    assert_eq!(rejection.error(), &Error::CredentialsRepeated);
    assert_eq!(outside(&rejection), (400, Some("invalid_request")));
    let challenges = challenges(&rejection);
    assert!(challenges[0].starts_with("DPoP error=\"invalid_request\""), "{challenges:?}");
    assert!(challenges[1].starts_with("Bearer error=\"invalid_request\""), "{challenges:?}");
}

// R30, R31, R34, R36: who has not said who they are is told how, and of no error.
#[tokio::test]
async fn no_credentials_are_challenged_without_an_error() {
    let world = World::new();
    let basic = Request::with_authorization(["Basic dTpw".to_owned()]);
    for (request, error) in [
        (Request::without_credentials(), Error::CredentialsMissing),
        (basic, Error::SchemeUnsupported),
        (Request::without_credentials().query("access_token=x"), Error::CredentialsInQuery),
    ] {
        let rejection = world.refused(&request).await;
        assert_eq!(rejection.error(), &error);
        assert_eq!(outside(&rejection), (401, None));
        let metadata = "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";
        assert_eq!(
            challenges(&rejection),
            [format!("DPoP algs=\"ES256 PS256 EdDSA Ed25519\", {metadata}"), format!("Bearer {metadata}")]
        );
    }
}

// R32: each kind of error has its status and its code.
#[tokio::test]
async fn errors_have_their_status_and_code() {
    let network = Network::new();
    let world = World::behind(&network);
    network.go_down();
    let unavailable = world.refused(&world.valid()).await;
    assert_eq!(outside(&unavailable), (503, None));
    assert!(challenges(&unavailable).is_empty());

    let world = World::new();
    let two_words = Request::with_authorization(["DPoP a b".to_owned()]);
    for (request, status, code) in [
        (two_words, 400, "invalid_request"),
        (world.with_token(|token| token.header("typ", "JWT")), 401, "invalid_token"),
        (world.with_proof(|proof| proof.header("typ", "JWT")), 401, "invalid_dpop_proof"),
        (world.with_proof(|proof| proof.nonce("unknown")), 401, "use_dpop_nonce"),
    ] {
        assert_eq!(outside(&world.refused(&request).await), (status, Some(code)));
    }
    let verified = world.accepted(&world.valid()).await;
    let rejection = verified.check(&Requirement::scope("admin")).unwrap_err();
    assert_eq!(outside(&rejection), (403, Some("insufficient_scope")));
    assert!(challenges(&rejection)[0].contains("scope=\"admin\""));
}

/// The parameters of a challenge, if each is `name="value"` and of permitted characters.
fn parameters(challenge: &str) -> (String, Vec<(String, String)>) {
    let (scheme, rest) = challenge.split_once(' ').unwrap();
    let parameters = rest.split("\", ").map(|parameter| {
        let (name, value) = parameter.split_once("=\"").unwrap();
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    (scheme.to_owned(), parameters.collect())
}

// R30, R33, R35, R37: every answer of the contract that both adapters carry.
#[tokio::test]
async fn every_challenge_is_well_formed() {
    let contract = Contract::new();
    for case in contract.cases {
        let Expected { status, headers } = case.expected;
        let lines = headers.iter().filter(|(name, _)| name == "www-authenticate").map(|(_, value)| value);
        let challenges: Vec<_> = lines.map(|line| parameters(line)).collect();
        let expected = matches!(status, 400 | 401 | 403);
        assert_eq!(!challenges.is_empty(), expected, "{}", case.name);
        for (scheme, parameters) in challenges {
            let mut names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names.contains(&"algs"), scheme == "DPoP", "{}", case.name);
            assert!(names.iter().all(|name| *name != "error" || names[0] == "error"), "{}", case.name);
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), parameters.len(), "{}", case.name);
            let permitted = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(parameters.iter().all(|(_, value)| value.bytes().all(permitted)), "{}", case.name);
        }
    }
}

// R33: a scope that no challenge may hold is left out of it.
#[tokio::test]
async fn a_scope_cannot_break_out_of_the_challenge() {
    let world = World::new();
    let verified = world.accepted(&world.valid()).await;
    let rejection = verified.check(&Requirement::scope("a\", error=\"b")).unwrap_err();
    assert!(!challenges(&rejection)[0].contains(" scope="), "{:?}", challenges(&rejection));
}

// R36: the scheme that was used is blamed, and no other.
#[tokio::test]
async fn only_the_presented_scheme_carries_the_error() {
    let world = World::new();
    let wrong = world.with_token(|token| token.header("typ", "JWT"));
    let dpop = challenges(&world.refused(&wrong).await);
    assert!(dpop.len() == 1 && dpop[0].starts_with("DPoP error=\"invalid_token\""), "{dpop:?}");
    let token = world.token().sign();
    let bearer = challenges(&world.refused(&Request::bearer(&token)).await);
    assert!(bearer[0].starts_with("Bearer error=\"invalid_token\""), "{bearer:?}");
    assert!(bearer[1].starts_with("DPoP algs="), "{bearer:?}");
    assert_eq!(bearer.len(), 2);
}

// R30, RFC 9110 §15.5.2: whatever scheme was used, the answer names one that is accepted.
#[tokio::test]
async fn a_scheme_that_is_not_accepted_is_told_which_is() {
    let world = World::with(|builder| builder.sender_constraint(SenderConstraint::Mtls));
    let refused = challenges(&world.refused(&world.valid()).await);
    assert!(refused.len() == 1 && refused[0].starts_with("Bearer error=\"invalid_token\""), "{refused:?}");
    let world = World::with(|builder| builder.sender_constraint(SenderConstraint::Dpop));
    let refused = challenges(&world.refused(&world.mtls()).await);
    assert!(refused.len() == 1 && refused[0].starts_with("DPoP error=\"invalid_token\""), "{refused:?}");
}

// R37: the list is the verifier's own; R36: an API without DPoP does not speak of it.
#[tokio::test]
async fn algs_are_those_that_are_accepted() {
    use fapi_core::{Profile, jose::Algorithm};
    let profile = Profile::fapi2().with_proof_algorithms(vec![Algorithm::Ps256, Algorithm::Es256]);
    let world = World::with(|builder| builder.profile(profile));
    let rejection = world.refused(&Request::without_credentials()).await;
    assert!(challenges(&rejection)[0].starts_with("DPoP algs=\"PS256 ES256\""));
    let world = World::with(|builder| builder.sender_constraint(SenderConstraint::Mtls));
    let rejection = world.refused(&Request::without_credentials()).await;
    assert!(challenges(&rejection).iter().all(|challenge| challenge.starts_with("Bearer ")));
}

// R38: the adapters go by this; their tests show that they do.
#[test]
fn cross_origin_calls_can_be_switched_off() {
    assert_eq!(World::new().server.cors(), Cors::AnswerPreflight);
    let off = World::with(|builder| builder.cors(Cors::Disabled));
    assert!(!off.server.cors().exposes_headers());
    let challenge = World::new().server.credentials_missing();
    assert_eq!((challenge.error(), challenge.status()), (&Error::CredentialsMissing, 401));
}

// R39: nothing that a cache could give to others, and no more in the body than in the header.
#[tokio::test]
async fn refusals_are_not_stored_and_say_no_more_in_the_body() {
    let world = World::new();
    let wrong = world.with_proof(|proof| proof.claim("htu", "https://secret.example.com/path"));
    let rejection = world.refused(&wrong).await;
    assert_eq!(headers(&rejection, "cache-control"), ["no-store"]);
    assert_eq!(rejection.body(), None);

    let world = World::with(|builder| builder.rejection_body(RejectionBody::ProblemJson));
    let wrong = world.with_proof(|proof| proof.claim("htu", "https://secret.example.com/path"));
    let rejection = world.refused(&wrong).await;
    let body = rejection.body().unwrap();
    assert_eq!(body.content_type, "application/problem+json");
    let problem: serde_json::Value = serde_json::from_slice(&body.content).unwrap();
    let expected = serde_json::json!({
        "status": 401,
        "title": "Unauthorized",
        "detail": "Invalid DPoP proof htu",
        "error": "invalid_dpop_proof",
    });
    assert_eq!(problem, expected);
    assert!(challenges(&rejection)[0].contains("Invalid DPoP proof htu"));

    let own = |rejection: &Rejection| ResponseBody {
        content_type: "text/plain",
        content: rejection.status().to_string().into_bytes(),
    };
    let world =
        World::with(|builder| builder.rejection_body(RejectionBody::Custom(std::sync::Arc::new(own))));
    let rejection = world.refused(&Request::without_credentials()).await;
    assert_eq!(rejection.body().unwrap().content, b"401");
}
