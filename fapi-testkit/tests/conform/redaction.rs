//! R21, R22: no token, no proof and no private key appears in a report.

use fapi_testkit::TestClient;
use fapi_testkit::conform::report::json;
use fapi_testkit::conform::{Credentials, ServiceTarget, run, run_against};

use crate::api::{API, SCOPE, World};

/// Runs of characters that could be a part of a JWT, as they stand in the whole text.
fn longest_run(text: &str) -> &str {
    let encoded = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    text.split(|character| !encoded(character)).max_by_key(|run| run.len()).unwrap_or_default()
}

#[tokio::test]
async fn no_jwt_appears_in_a_report() {
    let world = World::new();
    let report = run(world.api(|builder| builder), world.issuer.clone(), world.options()).await.unwrap();
    for outcome in &report.outcomes {
        for exchange in &outcome.exchanges {
            let headers = exchange.sent.headers.iter().filter(|(name, _)| {
                ["authorization", "dpop", "cookie"].contains(&name.to_ascii_lowercase().as_str())
            });
            for (name, value) in headers {
                assert!(longest_run(value).len() < 12, "{}: {name}: {value}", outcome.case.id);
            }
            assert!(!exchange.sent.target.contains("eyJ"), "{}", outcome.case.id);
        }
    }
    // Two encoded JSON objects with a dot between them are a JWT, wherever they stand.
    assert!(!json(&report).contains(".eyJ"));
}

#[tokio::test]
async fn private_keys_are_masked() {
    let world = World::new();
    let options = world.options().only(["proof-jwk-private", "proof-jwk-private-rsa"]);
    let report = run(world.api(|builder| builder), world.issuer.clone(), options).await.unwrap();
    for outcome in &report.outcomes {
        let jwk = &outcome.exchanges[0].sent.proofs[0].header["jwk"];
        for member in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(jwk.get(member).is_none_or(|value| value == "…"), "{}", outcome.case.id);
        }
    }
}

/// A token that somebody else issued says who somebody is.
#[tokio::test]
async fn personal_claims_of_given_tokens_are_masked() {
    let world = World::new();
    let client = TestClient::new();
    let token =
        world.issuer.token().audience(API).scope(SCOPE).bound_to(&client).subject("11111111111").sign();
    let credentials = Credentials::Token { token: token.clone().into(), key: Some(client.key().clone()) };
    assert!(!format!("{credentials:?}").contains(&token));
    let target = ServiceTarget::new(world.api(|builder| builder));
    let report = run_against(&target, credentials, world.options(), &mut |_| ()).await.unwrap();
    let text = json(&report);
    assert!(!text.contains("11111111111"));
    assert!(text.contains("https://as.example.com"), "what is not personal is shown");
    let (_, signature) = token.rsplit_once('.').unwrap();
    assert!(!text.contains(&token) && !text.contains(signature));
}
