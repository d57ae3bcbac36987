//! Settings: what reaches the builder.

mod issuers;
mod mistakes;
mod proxy;
mod revocation;
#[cfg(feature = "config-schema")]
mod schema;

use std::time::Duration;

use super::*;
use crate::profile::Profile;

const VALID: &str = r#"
public_url = "https://api.example.com"
audience = "https://api.example.com"
issuer = "https://as.example.com"
revocation.max_token_lifetime = "5m"
"#;

fn problem(text: &str) -> String {
    Config::from_toml(text).unwrap_err().to_string()
}

fn profile(text: &str) -> Profile {
    Config::from_toml(text).unwrap().profile.unwrap().into_profile()
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn from_env(text: Option<&str>, pairs: &[(&str, &str)]) -> Result<Config, SettingsError> {
    Config::from_variables(text, "FAPI_", variables(pairs))
}

#[test]
fn a_minimal_file_makes_a_server() {
    let server = Config::from_toml(VALID).unwrap().into_builder().unwrap().build().unwrap();
    assert_eq!(server.profile().name(), "fapi2");
}

#[test]
fn what_is_missing_is_the_builders_to_say() {
    let error = Config::default().into_builder().unwrap().build().map(|_server| ());
    assert_eq!(error, Err(ConfigError::AudienceMissing));
    let refused = Config::from_toml(
        "profile = \"helseid\"\nissuer = \"https://helseid-sts.test.nhn.no\"\naudience = \"a\"\nrevocation.max_token_lifetime = \"5m\"",
    );
    let error = refused.unwrap().into_builder().unwrap().build().map(|_server| ());
    assert!(matches!(error, Err(ConfigError::IssuerRefused { .. })), "{error:?}");
}

#[test]
fn every_setting_reaches_the_builder() {
    let config = Config::from_toml(
        r#"
        public_url = "https://api.example.com/v1"
        audience = ["one", "two"]
        issuer = [{ identifier = "https://as.example.com", introspection = { client_id = "at-a", client_secret = "c", for_jwts_only = true } }, { identifier = "https://b.example.com", jwks_uri = "https://b.example.com/jwks", audience = "of-b", token_algorithms = "ES256", introspection = { client_id = "at-b", client_secret = "d", endpoint = "https://b.example.com/introspect" } }]
        sender_constraint = "dpop"
        nonce = "required"
        nonce_secrets = ["AAAAAAAAAAAAAAAAAAAAAA"]
        rejection_body = "problem-json"
        scopes_supported = ["records:read", "records:write"]
        cors = "disabled"
        interaction_id = "echo"
        allow_insecure_loopback = true
        crypto_provider = "aws-lc-rs"
        [profile]
        preset = "cdr-au"
        name = "own"
        token_algorithms = ["ES256"]
        proof_algorithms = ["PS256"]
        token_types = ["at+jwt", "JWT"]
        untyped_tokens = true
        audience_optional = true
        subject_optional = false
        token_id_optional = true
        issued_at_optional = true
        single_audience = true
        proof_max_age = "20s"
        max_future = "11s"
        expiry_leeway = "2s"
        max_token_bytes = 5000
        max_proof_bytes = 6000
        max_jti_bytes = 70
        interaction_id = "echo"
        [revocation]
        max_token_lifetime = "10m"
        introspection = true
        status_list = { optional = true, max_age = "31s", origins = { issuer = "https://as.example.com", origin = "https://lists.example.net" } }
        security_events = { issuer = "https://events.example.com", audience = "of-events", authorization = "Bearer a", algorithms = "RS256", critical_subject_members = "tenant" }
        [trusted_proxy]
        addresses = ["10.1.0.0/16", "::1"]
        client_certificate = { format = "nginx", header = "x-client-cert", verdict = { header = "x-client-verify", good = "SUCCESS" } }
        forwarded = { headers = "x-forwarded", port = true, prefix = true, public_url = "https://api.example.org" }
        [description]
        name = "Records"
        documentation = "https://docs.example.com"
        policy_uri = "https://example.com/policy"
        tos_uri = "https://example.com/terms"
        [memory_replay_store]
        capacity = 5000
        client_share = 500
        "#,
    )
    .unwrap();
    let expected = Profile::cdr_au()
        .named("own")
        .with_token_algorithms(vec![crate::jose::Algorithm::Es256])
        .with_proof_algorithms(vec![crate::jose::Algorithm::Ps256])
        .with_token_types(vec!["at+jwt".into(), "JWT".into()])
        .with_untyped_tokens(true)
        .with_audience_optional(true)
        .with_subject_optional(false)
        .with_token_id_optional(true)
        .with_issued_at_optional(true)
        .with_single_audience(true)
        .with_proof_max_age(Duration::from_secs(20))
        .with_max_future(Duration::from_secs(11))
        .with_expiry_leeway(Duration::from_secs(2))
        .with_max_token_bytes(5000)
        .with_max_proof_bytes(6000)
        .with_max_jti_bytes(70)
        .with_interaction_id(InteractionIdPolicy::Echo);
    let builder = config.into_builder().unwrap();
    let shown = format!("{builder:?}");
    let server = builder.build().unwrap();
    assert_eq!(*server.profile(), expected);
    assert_eq!(server.cors(), Cors::Disabled);
    for part in [
        "Dpop",
        "Required",
        "Echo",
        "ProblemJson",
        "\"one\"",
        "\"two\"",
        "https://b.example.com/jwks",
        "of-b",
        "at-a",
        "at-b",
        "https://b.example.com/introspect",
        "600s",
        "Revocation(Introspection)",
        "Revocation(StatusList(StatusListPolicy { optional: true, max_age: 31s",
        "https://lists.example.net",
        "Revocation(SecurityEvents(",
        "https://events.example.com",
        "of-events",
        "10.1.0.0/16",
        "x-client-cert",
        "x-client-verify",
        "https://api.example.org",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let metadata = server.metadata().json();
    for part in ["records:write", "Records", "docs.example.com", "/policy", "/terms", "PS256"] {
        assert!(metadata.contains(part), "{part} is not in {metadata}");
    }
}

#[test]
fn a_profile_changes_only_what_is_set() {
    assert_eq!(profile("profile = \"helseid\""), Profile::helseid());
    let changed = profile("[profile]\npreset = \"helseid\"\nproof_max_age = \"30s\"");
    assert_eq!(changed, Profile::helseid().with_proof_max_age(Duration::from_secs(30)));
    assert_eq!(
        profile("[profile]\nmax_future = \"10s\""),
        Profile::fapi2().with_max_future(Duration::from_secs(10))
    );
}

#[test]
fn variables_make_a_server() {
    let config = from_env(
        None,
        &[
            ("FAPI_PUBLIC_URL", "https://api.example.com"),
            ("FAPI_AUDIENCE", "one two"),
            ("FAPI_ISSUER", "https://a.example.com https://b.example.com"),
            ("FAPI_PROFILE__PRESET", "fapi2"),
            ("FAPI_PROFILE__PROOF_MAX_AGE", "30s"),
            ("FAPI_PROFILE__MAX_PROOF_BYTES", "5000"),
            ("FAPI_PROFILE__SINGLE_AUDIENCE", "true"),
            ("FAPI_NONCE", "required"),
            ("FAPI_REVOCATION__MAX_TOKEN_LIFETIME", "5m"),
            ("FAPI_ALLOW_INSECURE_LOOPBACK", "false"),
            ("OTHER", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(config.audience, ["one", "two"]);
    assert_eq!((config.issuer.len(), config.nonce), (2, Some(NoncePolicy::Required)));
    let server = config.into_builder().unwrap().build().unwrap();
    let expected = Profile::fapi2().with_proof_max_age(Duration::from_secs(30)).with_max_proof_bytes(5000);
    assert_eq!(*server.profile(), expected.with_single_audience(true));
}

#[test]
fn variables_lie_over_the_file() {
    let text = format!("nonce = \"off\"\n{VALID}");
    let config =
        from_env(Some(&text), &[("FAPI_NONCE", "required"), ("FAPI_PROFILE__MAX_FUTURE", "12s")]).unwrap();
    assert_eq!(config.nonce, Some(NoncePolicy::Required));
    assert_eq!(config.audience, ["https://api.example.com"]);
    let profile = config.profile.unwrap().into_profile();
    assert_eq!(profile.max_future(), Duration::from_secs(12));
}

#[test]
fn one_value_will_do_where_a_list_is_expected() {
    let changed = profile(
        "[profile]\nname = \"own\"\ntoken_algorithms = \"ES256\"\nproof_algorithms = \"PS256\"\ntoken_types = \"JWT\"",
    );
    let expected = Profile::fapi2()
        .named("own")
        .with_token_algorithms(vec![crate::jose::Algorithm::Es256])
        .with_proof_algorithms(vec![crate::jose::Algorithm::Ps256])
        .with_token_types(vec!["JWT".into()]);
    assert_eq!(changed, expected);
}

#[test]
fn another_preset_keeps_the_changes() {
    let settings = Config::from_toml("[profile]\nproof_max_age = \"30s\"").unwrap().profile.unwrap();
    let changed = settings.with_preset(Profile::helseid()).into_profile();
    assert_eq!(changed, Profile::helseid().with_proof_max_age(Duration::from_secs(30)));
}
