//! RFC 9728: the protected resource metadata.

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{
    ConfigError, FieldLines, ForwardedHeaders, Issuer, Profile, Requirement, ResourceDescription,
    ResourceRequest, ResourceServer, Revocation, SenderConstraint, TrustedProxy,
};
use serde_json::{Value, json};

use crate::world::{API, ISSUER, Request, World, headers};

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

/// Three public URLs, two of them on one host, and what a proxy says of them.
fn on_several_hosts() -> World {
    let headers = ForwardedHeaders::x_forwarded()
        .with_prefix()
        .public_url("https://api.example.org/v1")
        .public_url("https://api.example.org/v2");
    World::with(|builder| builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).forwarded(headers)))
}

type Headers<'a> = [(&'a str, &'a str)];

/// A request without credentials from `peer` with these headers.
fn from<'a>(
    peer: &str,
    path: &'a str,
    headers: &'a Headers<'a>,
    act: impl FnOnce(ResourceRequest<'_>) -> Option<String>,
) -> Option<String> {
    let lines: Vec<_> =
        headers.iter().map(|(name, value)| (*name, FieldLines::One(value.as_bytes()))).collect();
    let peer = peer.parse::<std::net::IpAddr>().unwrap();
    act(ResourceRequest::new("GET", path, None).with_peer(peer.into()).with_proxy_headers(&lines))
}

const ORG: (&str, &str) = ("x-forwarded-host", "api.example.org");
const PROXY: &str = "10.1.2.3";

// R138, R140: `resource` is the URL that the client has asked about, of those that are configured.
#[test]
fn each_public_url_has_its_own_document() {
    const HERE: &str = "/.well-known/oauth-protected-resource";
    let world = on_several_hosts();
    let (primary, v1, v2) =
        ("https://api.example.com", "https://api.example.org/v1", "https://api.example.org/v2");
    for (peer, path, headers, resource) in [
        (PROXY, "", &[][..], Some(primary)),
        (PROXY, "/v1", &[ORG], Some(v1)),
        (PROXY, "/v2", &[ORG], Some(v2)),
        (PROXY, "/v2/", &[ORG], Some(v2)),
        // The path says it all; so it does for the prefix, which a proxy may or may not have removed.
        (PROXY, "/v2", &[], Some(v2)),
        (PROXY, "/v2", &[ORG, ("x-forwarded-prefix", "/v1")], Some(v2)),
        ("192.0.2.1", "/v1", &[ORG], Some(v1)),
        // Not of this host, of none that is known, or by no means a host: the first one.
        (PROXY, "", &[ORG], Some(primary)),
        (PROXY, "", &[("x-forwarded-host", "evil.example")], Some(primary)),
        (PROXY, "", &[("x-forwarded-host", "a/b")], Some(primary)),
        (PROXY, "/v3", &[ORG], None),
    ] {
        let path = format!("{HERE}{path}");
        let found = from(peer, &path, headers, |request| {
            world.server.metadata_for(&request).map(|document| document.json().to_owned())
        });
        let found = found.map(|json| serde_json::from_str::<Value>(&json).unwrap()["resource"].clone());
        assert_eq!(found, resource.map(Value::from), "{peer} {path} {headers:?}");
    }
}

// R140: two hosts with the same path are told apart by what the proxy says, and only by that.
#[test]
fn hosts_are_told_apart_by_a_trusted_proxy() {
    let urls = || ForwardedHeaders::x_forwarded().public_url("https://api.example.org");
    let world =
        World::with(|builder| builder.trusted_proxy(TrustedProxy::at(["10.0.0.0/8"]).forwarded(urls())));
    for (peer, headers, url) in [
        (PROXY, &[ORG][..], "https://api.example.org"),
        (PROXY, &[("x-forwarded-host", "API.example.org:443")], "https://api.example.org"),
        (PROXY, &[("x-forwarded-host", "api.example.org:8443")], "https://api.example.com"),
        (PROXY, &[ORG, ("x-forwarded-proto", "http")], "https://api.example.com"),
        (PROXY, &[("x-forwarded-host", "api.example.com")], "https://api.example.com"),
        (PROXY, &[], "https://api.example.com"),
        ("192.0.2.1", &[ORG], "https://api.example.com"),
    ] {
        let found = from(peer, "/.well-known/oauth-protected-resource", headers, |request| {
            world.server.metadata_for(&request).map(|document| document.url().to_owned())
        });
        let expected = format!("{url}/.well-known/oauth-protected-resource");
        assert_eq!(found, Some(expected), "{peer} {headers:?}");
    }
}

// R140, R144: a challenge names the metadata of the URL of the request, from the server and from a route.
#[tokio::test]
async fn challenges_point_at_the_document_of_the_requests_url() {
    let world = on_several_hosts();
    for (peer, prefix, url) in [
        (PROXY, "/v1", "https://api.example.org/.well-known/oauth-protected-resource/v1"),
        (PROXY, "/v2", "https://api.example.org/.well-known/oauth-protected-resource/v2"),
        (PROXY, "/v3", "https://api.example.com/.well-known/oauth-protected-resource"),
        ("192.0.2.1", "/v1", "https://api.example.com/.well-known/oauth-protected-resource"),
    ] {
        let lines = [ORG, ("x-forwarded-prefix", prefix)]
            .map(|(name, value)| (name, FieldLines::One(value.as_bytes())));
        let peer = peer.parse::<std::net::IpAddr>().unwrap();
        let token = world.token().sign();
        let proof = world.client.proof("GET", &format!("https://api.example.org{prefix}/records"));
        let valid = Request::dpop(&token, proof.access_token(&token).sign());
        for request in [Request::without_credentials(), valid] {
            let facts = request.borrow().with_peer(peer.into()).with_proxy_headers(&lines);
            let rejection = match world.server.verify(&facts).await {
                Ok(verified) => verified.check(&Requirement::scope("more")).unwrap_err(),
                Err(rejection) => rejection,
            };
            let expected = format!("resource_metadata=\"{url}\"");
            let challenges = headers(&rejection, "www-authenticate");
            assert!(!challenges.is_empty(), "{prefix}");
            assert!(challenges.iter().all(|line| line.ends_with(&expected)), "{challenges:?}");
        }
    }
}

// R137, R138, R140, R144: the resource identifier may have a path below the public URL, and its document follows it.
#[tokio::test]
async fn the_resource_may_be_below_the_public_url() {
    let headers_of = ForwardedHeaders::x_forwarded().public_url("https://api.example.org/v1");
    let proxy = TrustedProxy::at(["10.0.0.0/8"]).forwarded(headers_of);
    let world = World::with(|builder| builder.resource_path("/mcp").trusted_proxy(proxy));
    assert_eq!(document(&world)["resource"], "https://api.example.com/mcp");
    let url = "https://api.example.com/.well-known/oauth-protected-resource/mcp";
    assert_eq!(world.server.metadata().url(), url);
    let rejection = world.refused(&Request::without_credentials()).await;
    let challenges = headers(&rejection, "www-authenticate");
    assert!(challenges.iter().all(|line| line.ends_with(&format!("resource_metadata=\"{url}\""))));
    let further = from(PROXY, "/.well-known/oauth-protected-resource/v1/mcp", &[ORG], |request| {
        world.server.metadata_for(&request).map(|document| document.url().to_owned())
    });
    assert_eq!(
        further.as_deref(),
        Some("https://api.example.org/.well-known/oauth-protected-resource/v1/mcp")
    );
    // R48: proofs are made for the URL of the request, as ever.
    world.accepted(&world.valid()).await;
}

#[test]
fn a_resource_path_is_a_path() {
    for (path, reason) in [
        ("mcp", "it must begin with a slash"),
        ("/a/../b", "it has dot segments"),
        ("/mcp?x", "it has a query or a fragment"),
        ("/mcp#x", "it has a query or a fragment"),
        ("/m cp", "it is not an absolute URL (RFC 3986)"),
    ] {
        let built = ResourceServer::builder()
            .public_url(API)
            .resource_path(path)
            .issuer(Issuer::new(ISSUER))
            .audience(API)
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(300)))
            .build();
        assert_eq!(built.unwrap_err(), ConfigError::ResourcePath { path: path.to_owned(), reason });
    }
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
