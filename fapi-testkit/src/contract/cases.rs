//! The table: one row of the expected-response matrix after the other (`docs/rules.md`).

use std::time::Duration;

use fapi_core::jose::Algorithm;
use fapi_core::{Clock as _, Peer};

use super::{
    ContractCase, Expected, PUBLIC_URL, TestRequest, UNREACHABLE_ISSUER, World, interaction_ids, routes,
};
use crate::{ProofBuilder, SigningKey, TestIssuer, TokenBuilder};

/// The method of a request, unless a row says otherwise; then the world's.
const DEFAULT_METHOD: &str = "GET";
pub(super) const DPOP: &str = concat!(
    "DPoP algs=\"ES256 PS256 EdDSA Ed25519\", ",
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\""
);
pub(super) const BEARER: &str =
    "Bearer resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource\"";

/// The challenge of `scheme` with an error.
pub(super) fn failed(scheme: &str, error: &str, description: &str) -> String {
    let plain = if scheme == "DPoP" { DPOP } else { BEARER };
    let parameters = plain.split_once(' ').map_or("", |(_, parameters)| parameters);
    format!("{scheme} error=\"{error}\", error_description=\"{description}\", {parameters}")
}

pub(super) fn refused(status: u16, challenges: &[String]) -> Expected {
    let mut headers: Vec<_> =
        challenges.iter().map(|challenge| ("www-authenticate".to_owned(), challenge.clone())).collect();
    headers.push(("cache-control".to_owned(), "no-store".to_owned()));
    Expected { status, headers }
}

pub(super) fn accepted() -> Expected {
    Expected { status: 200, headers: Vec::new() }
}

/// No error: none was made, or none that counts.
pub(super) fn unauthenticated() -> Expected {
    refused(401, &[DPOP.to_owned(), BEARER.to_owned()])
}

fn invalid_request(description: &str) -> Expected {
    let challenge = |scheme| failed(scheme, "invalid_request", description);
    refused(400, &[challenge("DPoP"), challenge("Bearer")])
}

fn invalid_proof(description: &str) -> Expected {
    refused(401, &[failed("DPoP", "invalid_dpop_proof", description)])
}

fn invalid_token(description: &str) -> Expected {
    refused(401, &[failed("DPoP", "invalid_token", description)])
}

fn invalid_bearer_token(description: &str) -> Expected {
    refused(401, &[failed("Bearer", "invalid_token", description), DPOP.to_owned()])
}

fn use_nonce(description: &str) -> Expected {
    let mut expected = refused(401, &[failed("DPoP", "use_dpop_nonce", description)]);
    expected.headers.insert(1, ("dpop-nonce".to_owned(), super::ANY_NONCE.to_owned()));
    expected
}

pub(super) fn insufficient_scope(scheme: &str, scope: &str) -> Expected {
    let description = "The request requires higher privileges than the access token has";
    let plain = failed(scheme, "insufficient_scope", description);
    let after = format!("error_description=\"{description}\"");
    refused(403, &[plain.replace(&after, &format!("{after}, scope=\"{scope}\""))])
}

fn unavailable() -> Expected {
    refused(503, &[])
}

pub(super) fn request(target: &'static str, headers: Vec<(&'static str, String)>) -> TestRequest {
    TestRequest { method: DEFAULT_METHOD, target, headers, certificate: None, peer: Peer::Unknown }
}

pub(super) fn dpop(token: &str, proof: impl Into<String>) -> TestRequest {
    request("/records", vec![("authorization", format!("DPoP {token}")), ("dpop", proof.into())])
}

pub(super) fn bearer(token: &str, certificate: Option<&[u8]>) -> TestRequest {
    let headers = vec![("authorization", format!("Bearer {token}"))];
    TestRequest { certificate: certificate.map(<[u8]>::to_vec), ..request("/records", headers) }
}

impl World {
    /// So many seconds before now.
    pub(super) fn clock_ago(&self, seconds: u64) -> u64 {
        self.clock.now().saturating_sub(Duration::from_secs(seconds)).as_secs()
    }

    pub(super) fn token(&self) -> TokenBuilder {
        self.issuer.token().audience(PUBLIC_URL).scope("records:read").bound_to(&self.client)
    }

    pub(super) fn proof(&self, token: &str) -> ProofBuilder {
        self.client.proof(self.method, "https://api.example.com/records").access_token(token)
    }

    /// A request whose proof is `change`d, with the token it was made for.
    fn with_proof(&self, change: impl FnOnce(ProofBuilder) -> ProofBuilder) -> TestRequest {
        let token = self.token().sign();
        let proof = change(self.proof(&token)).sign();
        dpop(&token, proof)
    }

    /// A request whose token is `change`d, with the proof that belongs to it.
    pub(super) fn with_token(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> TestRequest {
        let token = change(self.token()).sign();
        dpop(&token, self.proof(&token).sign())
    }
}

pub(super) type Rows = Vec<(&'static str, TestRequest, Expected)>;

pub(super) fn all(world: &World) -> Vec<ContractCase> {
    let groups: [fn(&World) -> Rows; 13] = [
        credentials,
        proofs,
        targets,
        times,
        nonces,
        tokens,
        bindings,
        certificates,
        routes::scopes,
        routes::authentication,
        routes::details,
        routes::combinations,
        interaction_ids::echoed,
    ];
    finish(world, groups.iter().flat_map(|group| group(world)))
}

/// The rows as cases, with the world's method.
pub(super) fn finish(
    world: &World,
    rows: impl IntoIterator<Item = (&'static str, TestRequest, Expected)>,
) -> Vec<ContractCase> {
    rows.into_iter()
        .map(|(name, mut request, expected)| {
            if request.method == DEFAULT_METHOD {
                request.method = world.method;
            }
            ContractCase { name, request, expected }
        })
        .collect()
}

/// R1-R3, R27-R31, R36
fn credentials(world: &World) -> Rows {
    let token = world.token().sign();
    let proof = || world.proof(&token).sign();
    let authorization = |value: &str| ("authorization", value.to_owned());
    let malformed = || invalid_request("Malformed Authorization header");
    let repeated = || invalid_request("Multiple methods used to include access token");
    let both = |first: &str, second: &str| {
        request("/records", vec![authorization(first), authorization(second), ("dpop", proof())])
    };
    let mut header_and_query = dpop(&token, proof());
    header_and_query.target = "/records?access_token=abc";
    vec![
        ("no credentials", request("/records", vec![]), unauthenticated()),
        ("token in the query only", request("/records?access_token=abc", vec![]), unauthenticated()),
        ("token in header and query", header_and_query, repeated()),
        ("Basic", request("/records", vec![authorization("Basic dTpw")]), unauthenticated()),
        ("two tokens", both(&format!("Bearer {token}"), &format!("DPoP {token}")), repeated()),
        ("the same token twice", both(&format!("DPoP {token}"), &format!("DPoP {token}")), repeated()),
        ("scheme without token", request("/records", vec![authorization("DPoP")]), malformed()),
        ("two words after the scheme", request("/records", vec![authorization("DPoP a b")]), malformed()),
        (
            "scheme in another case",
            request("/records", vec![authorization(&format!("dPoP {token}")), ("dpop", proof())]),
            accepted(),
        ),
        (
            "several spaces after the scheme",
            request("/records", vec![authorization(&format!("DPoP   {token}")), ("dpop", proof())]),
            accepted(),
        ),
    ]
}

/// R40-R46, R53, R55, R57, R60
fn proofs(world: &World) -> Rows {
    let token = world.token().sign();
    let proof = world.proof(&token).sign();
    let used = dpop(&token, proof.clone());
    let no_proof = request("/records", vec![("authorization", format!("DPoP {token}"))]);
    let mut two = used.clone();
    two.headers.push(("dpop", proof.clone()));
    let missing = || invalid_proof("A required DPoP proof claim is missing");
    let rs256 = SigningKey::generate(Algorithm::Rs256);
    let private = world.client.key().private_jwk();
    vec![
        ("valid", used.clone(), accepted()),
        ("valid, used again", used, invalid_proof("The DPoP proof was used before")),
        ("no proof", no_proof, invalid_proof("A DPoP proof is required")),
        ("two proofs", two, invalid_proof("More than one DPoP proof")),
        (
            "two proofs in one line",
            dpop(&token, format!("{proof}, {proof}")),
            invalid_proof("More than one DPoP proof"),
        ),
        (
            "proof of two parts",
            dpop(&token, proof.rsplit_once('.').map_or("", |(two_parts, _)| two_parts)),
            invalid_proof("The DPoP proof is not a well-formed JWT"),
        ),
        ("wrong typ", world.with_proof(|p| p.header("typ", "jwt")), invalid_proof("Invalid DPoP proof typ")),
        ("alg none", world.with_proof(|p| p.header("alg", "none")), invalid_proof("Invalid DPoP proof alg")),
        (
            "alg RS256",
            world
                .with_proof(|p| p.header("alg", "RS256").header("jwk", rs256.public_jwk()).signed_by(&rs256)),
            invalid_proof("Invalid DPoP proof alg"),
        ),
        ("no jwk", world.with_proof(|p| p.without_header("jwk")), invalid_proof("Invalid DPoP proof jwk")),
        (
            "private jwk",
            world.with_proof(|p| p.header("jwk", private)),
            invalid_proof("Invalid DPoP proof jwk"),
        ),
        ("no jti", world.with_proof(|p| p.without_claim("jti")), missing()),
        ("no htm", world.with_proof(|p| p.without_claim("htm")), missing()),
        ("no htu", world.with_proof(|p| p.without_claim("htu")), missing()),
        ("no iat", world.with_proof(|p| p.without_claim("iat")), missing()),
        ("no ath", world.with_proof(|p| p.without_claim("ath")), missing()),
        (
            "ath of another token",
            world.with_proof(|p| p.access_token("other")),
            invalid_proof("Invalid DPoP proof ath"),
        ),
        (
            "flipped signature",
            world.with_proof(ProofBuilder::with_flipped_signature),
            invalid_proof("Invalid DPoP proof signature"),
        ),
        (
            "unknown header and claim",
            world.with_proof(|p| p.header("tx_id", "1").claim("tx_id", "1")),
            accepted(),
        ),
        (
            "crit",
            world.with_proof(|p| p.header("crit", vec!["tx_id"]).header("tx_id", "1")),
            invalid_proof("The DPoP proof is not a well-formed JWT"),
        ),
    ]
}

/// R47-R50
fn targets(world: &World) -> Rows {
    let htu = |url: &'static str| world.with_proof(|p| p.claim("htu", url));
    let wrong = || invalid_proof("Invalid DPoP proof htu");
    let mut post = world.with_proof(|p| p.claim("htm", "POST"));
    post.method = "POST";
    let mut query = world.with_proof(|p| p);
    query.target = "/records?page=2";
    let mut spoofed = htu("https://evil.example.com/records");
    spoofed.headers.push(("x-forwarded-host", "evil.example.com".to_owned()));
    vec![
        (
            "htm of another method",
            world.with_proof(|p| p.claim("htm", "PUT")),
            invalid_proof("Invalid DPoP proof htm"),
        ),
        (
            "htm in lower case",
            world.with_proof(|p| p.claim("htm", world.method.to_lowercase())),
            invalid_proof("Invalid DPoP proof htm"),
        ),
        ("another method", post, accepted()),
        ("request with a query", query, accepted()),
        ("htu with query and fragment", htu("https://api.example.com/records?x#y"), accepted()),
        ("htu in another case with port", htu("HTTPS://API.example.com:443/records"), accepted()),
        ("htu of a longer path", htu("https://api.example.com/records/1"), wrong()),
        ("htu with a trailing slash", htu("https://api.example.com/records/"), wrong()),
        ("htu with the path in another case", htu("https://api.example.com/Records"), wrong()),
        ("htu of another host", htu("https://evil.example.com/records"), wrong()),
        ("host claimed by X-Forwarded-Host", spoofed, wrong()),
        ("htu over http", htu("http://api.example.com/records"), wrong()),
    ]
}

/// R15, R52, R56
fn times(world: &World) -> Rows {
    let now = world.clock.now();
    let ago = |seconds| now.saturating_sub(Duration::from_secs(seconds));
    let ahead = |seconds| now.saturating_add(Duration::from_secs(seconds));
    let wrong = || invalid_proof("Invalid DPoP proof iat");
    vec![
        ("iat 10 s ago", world.with_proof(|p| p.issued_at(ago(10))), accepted()),
        ("iat 8 s ahead", world.with_proof(|p| p.issued_at(ahead(8))), accepted()),
        ("iat an hour ago", world.with_proof(|p| p.issued_at(ago(3600))), wrong()),
        ("iat an hour ahead", world.with_proof(|p| p.issued_at(ahead(3600))), wrong()),
        (
            "nbf now and exp ahead",
            world.with_proof(|p| p.claim("nbf", now.as_secs()).claim("exp", ahead(300).as_secs())),
            accepted(),
        ),
        (
            "exp passed",
            world.with_proof(|p| p.claim("exp", ago(1).as_secs())),
            invalid_proof("The DPoP proof has expired"),
        ),
    ]
}

/// R51, R62-R63, R66
fn nonces(world: &World) -> Rows {
    // Made when the replay store had just started.
    let early = world.clock.now().saturating_sub(Duration::from_secs(50));
    vec![
        (
            "issued when the replay store could not vouch",
            world.with_proof(|p| p.issued_at(early)),
            use_nonce("Resource server requires nonce in DPoP proof"),
        ),
        (
            "unknown nonce",
            world.with_proof(|p| p.nonce("unknown")),
            use_nonce("The nonce in the DPoP proof is not recent"),
        ),
    ]
}

/// R90-R99, R104
fn tokens(world: &World) -> Rows {
    let now = world.clock.now();
    let hour_ago = now.saturating_sub(Duration::from_secs(3600));
    let other_issuer = TestIssuer::new(world.issuer.identifier());
    let invalid = || invalid_token("Invalid access token");
    let with = |name: &'static str, value: &'static str| world.with_token(move |t| t.claim(name, value));
    vec![
        ("typ of an ID token", world.with_token(|t| t.header("typ", "JWT")), invalid()),
        (
            "typ with prefix in another case",
            world.with_token(|t| t.header("typ", "application/AT+JWT")),
            accepted(),
        ),
        ("token alg none", world.with_token(|t| t.header("alg", "none")), invalid()),
        ("unknown kid", world.with_token(|t| t.header("kid", "unknown")), invalid()),
        ("signed by another key", world.with_token(|t| t.signed_by(&other_issuer.key())), invalid()),
        ("unknown issuer", with("iss", "https://evil.example.com"), invalid()),
        ("issuer with a slash", with("iss", "https://as.example.com/"), invalid()),
        ("audience of another API", with("aud", "https://other.example.com"), invalid()),
        ("audience with a longer path", with("aud", "https://api.example.com/records"), invalid()),
        ("several audiences", world.with_token(|t| t.claim("aud", vec!["other", PUBLIC_URL])), accepted()),
        ("scope as an array", world.with_token(|t| t.claim("scope", vec!["a", "b"])), accepted()),
        ("no client_id", world.with_token(|t| t.without_claim("client_id")), invalid()),
        ("no jti in the token", world.with_token(|t| t.without_claim("jti")), invalid()),
        ("expired", world.with_token(|t| t.issued_at(hour_ago)), invalid_token("The access token expired")),
        ("exp as text", with("exp", "9999999999"), invalid()),
        ("issuer whose keys cannot be had", with("iss", UNREACHABLE_ISSUER), unavailable()),
    ]
}

/// R6, R54, R58, R89
fn bindings(world: &World) -> Rows {
    let token = world.token().sign();
    let unbound = |request: TestRequest| {
        (request, invalid_token("The access token is not sender-constrained as its use requires"))
    };
    let (without_cnf, not_constrained) = unbound(world.with_token(|t| t.without_claim("cnf")));
    let (mtls_only, not_for_dpop) =
        unbound(world.with_token(|t| t.without_claim("cnf").bound_to_certificate(world.certificate.der())));
    let thiefs =
        world.thief.proof(world.method, "https://api.example.com/records").access_token(&token).sign();
    let mut stolen_with_proof = bearer(&token, None);
    stolen_with_proof.headers.push(("dpop", world.proof(&token).sign()));
    let must_use_dpop = || invalid_bearer_token("The access token must be used with DPoP");
    vec![
        ("proof of another key", dpop(&token, thiefs), invalid_token("Invalid DPoP key binding")),
        ("bound token as Bearer", bearer(&token, None), must_use_dpop()),
        ("bound token as Bearer with a valid proof", stolen_with_proof, must_use_dpop()),
        ("no cnf", without_cnf, not_constrained),
        ("certificate-bound token under DPoP", mtls_only, not_for_dpop),
        ("cnf is text", world.with_token(|t| t.claim("cnf", "key")), invalid_token("Invalid access token")),
    ]
}

/// R72, R73, R75, R89
fn certificates(world: &World) -> Rows {
    let der = world.certificate.der();
    let other = world.other_certificate.der();
    let token = world.token().without_claim("cnf").bound_to_certificate(der).sign();
    let unbound = world.token().without_claim("cnf").sign();
    let both = world.token().bound_to_certificate(der).sign();
    let with_both = |certificate: Option<&[u8]>| TestRequest {
        certificate: certificate.map(<[u8]>::to_vec),
        ..dpop(&both, world.proof(&both).sign())
    };
    let wrong = || invalid_bearer_token("Invalid client certificate binding");
    vec![
        ("bound to the certificate of the connection", bearer(&token, Some(der)), accepted()),
        ("bound to another certificate", bearer(&token, Some(other)), wrong()),
        ("bound to a certificate, connection without", bearer(&token, None), wrong()),
        (
            "unbound Bearer token over a connection with a certificate",
            bearer(&unbound, Some(der)),
            invalid_bearer_token("The access token is not sender-constrained as its use requires"),
        ),
        ("bound to key and certificate, both shown", with_both(Some(der)), accepted()),
        (
            "bound to key and certificate, no certificate",
            with_both(None),
            invalid_token("Invalid client certificate binding"),
        ),
        (
            "bound to key and certificate, as Bearer",
            bearer(&both, Some(der)),
            invalid_bearer_token("The access token must be used with DPoP"),
        ),
    ]
}
