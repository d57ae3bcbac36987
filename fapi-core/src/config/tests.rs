//! Settings: what reaches the builder, and how mistakes are told.

mod issuers;
mod revocation;

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
fn unknown_keys_are_refused_everywhere() {
    for (text, key, known) in [
        ("audiance = \"a\"", "audiance", "`audience`"),
        ("[profile]\nproof_age = \"1s\"", "profile.proof_age", "`proof_max_age`"),
        ("[[issuer]]\nidentifier = \"a\"\njwks = \"b\"", "issuer[0].jwks", "`jwks_uri`"),
        (
            "[[issuer]]\nidentifier = \"a\"\n[issuer.introspection]\nmtls = true",
            "issuer[0].introspection.mtls",
            "`mutual_tls`",
        ),
        ("token_decryption = { file = \"a\" }", "token_decryption.file", "`key_file`"),
        ("[description]\nlogo = \"a\"", "description.logo", "`documentation`"),
        ("revocation.lifetime = \"1m\"", "revocation.lifetime", "`max_token_lifetime`"),
        ("revocation.status_list.max_ages = \"1m\"", "revocation.status_list.max_ages", "`max_age`"),
        (
            "revocation.status_list.origins = [{ url = \"a\" }]",
            "revocation.status_list.origins[0].url",
            "`origin`",
        ),
        (
            "[revocation.security_events]\ntoken = \"a\"",
            "revocation.security_events.token",
            "`authorization`",
        ),
        (
            "revocation.security_events.issuer = { introspection = { client_id = \"a\" } }",
            "revocation.security_events.issuer.introspection",
            "`key_set_file`",
        ),
        ("[memory_replay_store]\nsize = 1", "memory_replay_store.size", "`capacity`"),
    ] {
        let problem = problem(text);
        assert!(
            problem.starts_with(&format!("{key}: unknown field")) && problem.contains(known),
            "{problem}"
        );
    }
}

#[test]
fn a_wrong_value_is_named_with_what_is_allowed() {
    for (text, parts) in [
        ("profile = \"fapi1\"", ["profile: ", "\"fapi1\"", "open-finance-brazil"]),
        ("profile.preset = \"fapi1\"", ["profile.preset: ", "\"fapi1\"", "helseid"]),
        ("profile.proof_max_age = 30", ["profile.proof_max_age: ", "integer `30`", "string"]),
        ("profile.proof_max_age = \"soon\"", ["profile.proof_max_age: ", "\"soon\"", "\"30s\""]),
        (
            "profile.token_algorithms = [\"ES256\", \"HS256\"]",
            ["profile.token_algorithms[1]: ", "\"HS256\"", "PS512"],
        ),
        ("sender_constraint = \"none\"", ["sender_constraint: ", "`none`", "`either`, `dpop`, `mtls`"]),
        ("cors = true", ["cors: ", "not a text", "`answer-preflight`"]),
        ("rejection_body = \"html\"", ["rejection_body: ", "`html`", "`problem-json`"]),
        ("allow_insecure_loopback = \"yes\"", ["allow_insecure_loopback: ", "\"yes\"", "boolean"]),
        ("audience = 7", ["audience: ", "integer `7`", "a string"]),
        ("issuer = { jwks_uri = \"a\" }", ["issuer", "missing field", "`identifier`"]),
        (
            "[[issuer]]\nidentifier = \"a\"\njwks_uri = \"b\"\nkey_set = \"c\"",
            ["issuer[0]: ", "jwks_uri, key_set and key_set_file", "exclude"],
        ),
    ] {
        let problem = problem(text);
        for part in parts {
            assert!(problem.contains(part), "{part:?} is not in {problem:?}");
        }
    }
}

// P44
#[test]
fn no_error_shows_a_secret() {
    const SECRET: &str = "hunter2hunter2";
    for text in [
        format!("nonce_secrets = \"{SECRET}\""),
        format!("nonce_secrets = [\"{SECRET}!\"]"),
        format!("nonce_secrets = [\"{SECRET}"),
        format!("nonce_secrets = {SECRET}"),
        format!("nonce_secret = \"{SECRET}\""),
        format!("nonce_secrets = {{ file = \"{SECRET}\" }}"),
        format!("nonce_secrets = [[\"{SECRET}\"]]"),
    ] {
        let problem = problem(&text);
        assert!(!problem.contains(SECRET) && problem.contains(['1', ':']), "{problem}");
    }
    // One that was not quoted is no text, and a secret all the same.
    let unquoted = problem("nonce_secrets = 1234567890");
    assert!(!unquoted.contains("1234567890"), "{unquoted}");
    let error = from_env(None, &[("FAPI_NONCE_SECRETS", SECRET)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nonce_secrets[0]: a secret must be base64url, without padding, of at least 16 random bytes"
    );
    let config = Config::from_toml("nonce_secrets = \"c2VjcmV0c2VjcmV0c2VjcmV0\"").unwrap();
    assert!(!format!("{config:?}").contains("secretsecret"));
}

#[test]
fn text_that_is_not_toml_is_named_by_its_line() {
    let error = Config::from_toml("nonce = \"off\"\npublic_url = \n").unwrap_err();
    assert!(matches!(error, SettingsError::Syntax { line: 2, .. }), "{error}");
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
fn variables_are_checked_as_strictly() {
    for (pairs, parts) in [
        (&[("FAPI_AUDIANCE", "a")][..], ["audiance: ", "unknown field"]),
        (&[("FAPI_ALLOW_INSECURE_LOOPBACK", "yes")], ["allow_insecure_loopback: ", "`true` or `false`"]),
        (&[("FAPI_PROFILE__MAX_JTI_BYTES", "many")], ["profile.max_jti_bytes: ", "\"many\""]),
        (&[("FAPI_NONCE", "often")], ["nonce: ", "`when-needed`"]),
        (
            &[("FAPI_PROFILE", "helseid"), ("FAPI_PROFILE__NAME", "a")],
            ["FAPI_PROFILE__NAME: ", "another setting"],
        ),
        (&[("FAPI_PROFILE__NAME", "a"), ("FAPI_PROFILE", "helseid")], ["FAPI_PROFILE: ", "names a table"]),
    ] {
        let problem = from_env(None, pairs).unwrap_err().to_string();
        for part in parts {
            assert!(problem.contains(part), "{part:?} is not in {problem:?}");
        }
    }
}

#[cfg(feature = "config-schema")]
#[test]
fn the_schema_knows_every_setting() {
    let schema = Config::json_schema();
    assert_eq!(schema["additionalProperties"], false);
    for (path, unknown) in [
        ("/properties", "x = 1"),
        ("/$defs/ProfileTable/properties", "profile = { x = 1 }"),
        ("/$defs/IssuerTable/properties", "issuer = { x = 1 }"),
        ("/$defs/IntrospectionTable/properties", "issuer = { introspection = { x = 1 } }"),
        ("/$defs/RevocationSettings/properties", "revocation = { x = 1 }"),
        ("/$defs/StatusListSettings/properties", "revocation.status_list = { x = 1 }"),
        ("/$defs/StatusListOrigin/properties", "revocation.status_list.origins = { x = 1 }"),
        ("/$defs/SecurityEventsSettings/properties", "revocation.security_events = { x = 1 }"),
        ("/$defs/TransmitterTable/properties", "revocation.security_events.issuer = { x = 1 }"),
        ("/$defs/DecryptionKeyTable/properties", "token_decryption = { x = 1 }"),
        ("/$defs/TrustedProxyTable/properties", "trusted_proxy = { x = 1 }"),
    ] {
        let properties = schema.pointer(path).unwrap().as_object().unwrap();
        // The error of an unknown key lists them all.
        let problem = problem(unknown);
        let (_, known) = problem.split_once("expected ").unwrap();
        assert_eq!(properties.len(), known.matches('`').count() / 2, "{path}: {known}");
        assert!(properties.keys().all(|name| known.contains(&format!("`{name}`"))), "{path}: {known}");
    }
    assert_eq!(schema["$defs"]["Preset"]["enum"][1], "helseid");
}

#[test]
fn proxies_are_named_with_their_formats() {
    let build = |proxy: &str| {
        let config =
            Config::from_toml(&format!("{VALID}[trusted_proxy]\naddresses = \"192.0.2.7\"\n{proxy}"));
        config.unwrap().into_builder().unwrap().build().map(|_server| ())
    };
    for format in
        ["rfc9440", "envoy", "aws-alb-verify", "aws-alb-passthrough", "azure-app-service", "traefik"]
    {
        assert_eq!(build(&format!("client_certificate.format = \"{format}\"")), Ok(()), "{format}");
        let named =
            format!("trusted_proxy.client_certificate = {{ format = \"{format}\", header = \"x-a\" }}");
        assert!(problem(&named).contains("its name is fixed"), "{format}");
    }
    for format in ["nginx", "haproxy", "apache", "azure-application-gateway", "google"] {
        let named = format!("client_certificate = {{ format = \"{format}\", header = \"x-cert\" }}");
        assert_eq!(build(&named), Ok(()), "{format}");
        let unnamed = problem(&format!("trusted_proxy.client_certificate.format = \"{format}\""));
        assert!(unnamed.starts_with("trusted_proxy.client_certificate: header is missing"), "{unnamed}");
    }
    assert_eq!(build("client_certificate = { format = \"envoy\", proxies = 2 }"), Ok(()));
    assert_eq!(build("forwarded.headers = \"forwarded\""), Ok(()));
    for (text, says) in [
        ("client_certificate = { format = \"traefik\", proxies = 2 }", "proxies goes with"),
        ("client_certificate = { format = \"caddy\" }", "`nginx`"),
        ("unix_socket = true\naddresses = \"::1\"", "exclude each other"),
        ("adresses = \"::1\"", "`addresses`"),
    ] {
        let problem = problem(&format!("[trusted_proxy]\n{text}"));
        assert!(problem.contains(says), "{problem}");
    }
    assert!(matches!(build(""), Err(ConfigError::TrustedProxy(_))));
}

// Whichever came last would count otherwise, and the order of variables is nobody's.
#[test]
fn two_variables_for_one_key_are_a_mistake() {
    let error = from_env(Some(VALID), &[("FAPI_NONCE", "required"), ("FAPI_nonce", "off")]).unwrap_err();
    assert!(error.to_string().contains("FAPI_nonce"), "{error}");
    assert!(error.to_string().contains("differ only in case"), "{error}");
}
