//! RFC 9728: the protected resource metadata.

use fapi_core::jose::Algorithm;
use fapi_core::{Profile, ResourceDescription, SenderConstraint};
use serde_json::{Value, json};

use crate::world::{Request, World, headers};

fn document(world: &World) -> Value {
    serde_json::from_str(world.server.metadata().json()).unwrap()
}

// R137, R141, R3
#[test]
fn the_document_says_what_the_server_goes_by() {
    let expected = json!({
        "resource": "https://api.example.com",
        "authorization_servers": ["https://as.example.com"],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "PS256", "EdDSA", "Ed25519"],
        "dpop_bound_access_tokens_required": false,
        "tls_client_certificate_bound_access_tokens": true,
    });
    assert_eq!(document(&World::new()), expected);
}

// R138: inserted between host and path, and only a slash directly after the host is removed.
#[test]
fn the_document_is_at_the_well_known_place() {
    for (public_url, url, other) in [
        ("https://api.example.com", "/.well-known/oauth-protected-resource", "/.well-known"),
        ("https://api.example.com/", "/.well-known/oauth-protected-resource", "/"),
        ("https://api.example.com/v1", "/.well-known/oauth-protected-resource/v1", "/v1"),
        ("https://api.example.com/a/b", "/.well-known/oauth-protected-resource/a/b", "/.well-known/a/b"),
    ] {
        let world = World::with(|builder| builder.public_url(public_url));
        let metadata = world.server.metadata();
        assert_eq!(metadata.path(), url);
        assert_eq!(metadata.url(), format!("https://api.example.com{url}"));
        assert!(metadata.is_at(url) && metadata.is_at(&format!("{url}/")));
        assert!(!metadata.is_at(other) && !metadata.is_at(&format!("{url}/x")));
    }
}

// R139: what is empty is left out.
#[test]
fn empty_members_are_left_out() {
    let plain = document(&World::new());
    for member in [
        "scopes_supported",
        "resource_name",
        "resource_documentation",
        "resource_policy_uri",
        "resource_tos_uri",
    ] {
        assert_eq!(plain.get(member), None);
    }
    let mut description = ResourceDescription::default();
    description.name = Some("Records".to_owned());
    let full = document(&World::with(|builder| builder.scopes_supported(["read"]).description(description)));
    assert_eq!((&full["scopes_supported"], &full["resource_name"]), (&json!(["read"]), &json!("Records")));
}

// R140, R144: every challenge points at metadata of this very resource.
#[tokio::test]
async fn challenges_point_at_the_document() {
    let world = World::with(|builder| builder.public_url("https://api.example.com/v1"));
    let rejection = world.refused(&Request::without_credentials()).await;
    let url = world.server.metadata().url();
    assert_eq!(url, "https://api.example.com/.well-known/oauth-protected-resource/v1");
    let challenges = headers(&rejection, "www-authenticate");
    assert_eq!(challenges.len(), 2);
    assert!(
        challenges.iter().all(|line| line.ends_with(&format!("resource_metadata=\"{url}\""))),
        "{challenges:?}"
    );
    assert_eq!(document(&world)["resource"], "https://api.example.com/v1");
}

// R142: document, challenge and verifier agree.
#[tokio::test]
async fn document_challenge_and_verifier_agree() {
    let profile = Profile::fapi2().with_proof_algorithms(vec![Algorithm::Ps256]);
    let world = World::with(|builder| builder.profile(profile));
    assert_eq!(document(&world)["dpop_signing_alg_values_supported"], json!(["PS256"]));
    let rejection = world.refused(&Request::without_credentials()).await;
    assert!(headers(&rejection, "www-authenticate")[0].starts_with("DPoP algs=\"PS256\""));
    assert_eq!(world.verify(&world.valid()).await, Err(fapi_core::Error::ProofAlgorithm));

    for (constraint, dpop_required, mtls) in [
        (SenderConstraint::Either, false, true),
        (SenderConstraint::Dpop, true, false),
        (SenderConstraint::Mtls, false, true),
    ] {
        let document = document(&World::with(|builder| builder.sender_constraint(constraint)));
        assert_eq!(document["dpop_bound_access_tokens_required"], dpop_required, "{constraint:?}");
        assert_eq!(document["tls_client_certificate_bound_access_tokens"], mtls, "{constraint:?}");
        let algorithms = document.get("dpop_signing_alg_values_supported").is_some();
        assert_eq!(algorithms, constraint != SenderConstraint::Mtls, "{constraint:?}");
    }
}
