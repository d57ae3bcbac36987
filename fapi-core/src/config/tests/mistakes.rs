//! How mistakes are told: the key or the variable, the value, and what is allowed.

use super::*;

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
        ("profile.proof_max_age = 30", ["profile.proof_max_age: ", "integer `30`", "\"30s\""]),
        ("profile.proof_max_age = \"soon\"", ["profile.proof_max_age: ", "\"soon\"", "\"30s\""]),
        (
            "profile.token_algorithms = [\"ES256\", \"HS256\"]",
            ["profile.token_algorithms[1]: ", "\"HS256\"", "PS512"],
        ),
        ("sender_constraint = \"none\"", ["sender_constraint: ", "`none`", "`either`, `dpop`, `mtls`"]),
        ("cors = true", ["cors: ", "boolean `true`", "`answer-preflight`"]),
        ("rejection_body = \"html\"", ["rejection_body: ", "`html`", "`problem-json`"]),
        ("allow_insecure_loopback = \"yes\"", ["allow_insecure_loopback: ", "\"yes\"", "boolean"]),
        ("profile.max_jti_bytes = -1", ["profile.max_jti_bytes: ", "integer `-1`", "not negative"]),
        ("profile.max_jti_bytes = \"many\"", ["profile.max_jti_bytes: ", "\"many\"", "a whole number"]),
        ("memory_replay_store.capacity = 1.5", ["memory_replay_store.capacity: ", "`1.5`", "a whole number"]),
        ("description = \"x\"", ["description: ", "text, expected", "a table of name"]),
        ("description = [\"a\", \"b\", \"c\", \"d\"]", ["description: ", "sequence", "a table of name"]),
        ("revocation = \"5m\"", ["revocation: ", "text, expected", "a table of max_token_lifetime"]),
        ("trusted_proxy = true", ["trusted_proxy: ", "boolean `true`", "a table of addresses"]),
        ("public_url = 2026-11-25", ["public_url: ", "date", "a string"]),
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

// P44: a secret whose last key was forgotten, or a key in place of its path, is in no message.
#[test]
fn a_misplaced_secret_is_not_shown() {
    for text in [
        "[[issuer]]\nidentifier = \"https://as.example.com\"\nintrospection = \"hunter2\"",
        "revocation.security_events = \"hunter2\"",
        "revocation = \"hunter2\"",
    ] {
        let problem = problem(text);
        assert!(!problem.contains("hunter2"), "{problem}");
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
        "FAPI_NONCE_SECRETS: a secret must be base64url, without padding, of at least 16 random bytes"
    );
    let config = Config::from_toml("nonce_secrets = \"c2VjcmV0c2VjcmV0c2VjcmV0\"").unwrap();
    assert!(!format!("{config:?}").contains("secretsecret"));
}

#[test]
fn text_that_is_not_toml_is_named_by_its_line() {
    for (text, line, says) in [
        ("nonce = \"off\"\npublic_url = \n", 2, "expected"),
        ("nonce = \"off\"\n= 1\n", 2, ""),
        ("nonce = \"off\"\nnonce = \"off\"\n", 2, "duplicate key `nonce`"),
        ("[profile]\nname = \"a\"\n\n[profile]\n", 4, "duplicate key `profile`"),
        ("profile = { name = \"a\", name = \"b\" }", 1, "duplicate key `name`"),
    ] {
        let error = Config::from_toml(text).unwrap_err();
        assert!(matches!(error, SettingsError::Syntax { line: at, .. } if at == line), "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[test]
fn variables_are_checked_as_strictly() {
    for (pairs, parts) in [
        (&[("FAPI_AUDIANCE", "a")][..], ["FAPI_AUDIANCE: ", "unknown field `audiance`"]),
        (&[("FAPI_ALLOW_INSECURE_LOOPBACK", "yes")], ["FAPI_ALLOW_INSECURE_LOOPBACK: ", "`true` or `false`"]),
        (
            &[("FAPI_PROFILE__MAX_JTI_BYTES", "many")],
            ["FAPI_PROFILE__MAX_JTI_BYTES: ", "\"many\", expected a whole number"],
        ),
        (&[("FAPI_PROFILE__MAX_JTI_BYTES", "-1")], ["FAPI_PROFILE__MAX_JTI_BYTES: ", "\"-1\""]),
        (&[("FAPI_DESCRIPTION", "x")], ["FAPI_DESCRIPTION: ", "a table of name"]),
        (&[("FAPI_NONCE", "often")], ["FAPI_NONCE: ", "`when-needed`"]),
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

// Whichever came last would count otherwise, and the order of variables is nobody's.
#[test]
fn two_variables_for_one_key_are_a_mistake() {
    let error = from_env(Some(VALID), &[("FAPI_NONCE", "required"), ("FAPI_nonce", "off")]).unwrap_err();
    assert!(error.to_string().contains("FAPI_nonce"), "{error}");
    assert!(error.to_string().contains("differ only in case"), "{error}");
}

// R4, R61, R67, R82, R90, R116: what would refuse everything, or could never hold, does not start; the error names key and
// value, and what is allowed.
#[test]
fn what_is_out_of_bounds_is_named_with_its_bounds() {
    for (text, says) in [
        (
            "profile.proof_max_age = \"20m\"",
            "profile.proof_max_age 1200s cannot be used: it must be from 1s to 600s",
        ),
        (
            "profile.proof_max_age = \"0s\"",
            "profile.proof_max_age 0s cannot be used: it must be from 1s to 600s",
        ),
        ("profile.max_future = \"2m\"", "profile.max_future 120s cannot be used: it must be from 0s to 60s"),
        (
            "profile.max_token_bytes = 0",
            "profile.max_token_bytes 0 cannot be used: it must be from 256 to 65536 bytes",
        ),
        (
            "profile.max_proof_bytes = 999999999999",
            "profile.max_proof_bytes 999999999999 cannot be used: it must be from 256 to 65536 bytes",
        ),
        (
            "profile.max_jti_bytes = 5",
            "profile.max_jti_bytes 5 cannot be used: it must be from 36 to 1024 bytes",
        ),
        ("profile.name = \"\"", "profile.name is empty"),
        (
            "profile.token_types = \"application/at+jwt\"",
            "profile.token_types \"application/at+jwt\" cannot be used: ",
        ),
        ("profile.token_algorithms = \"RS256\"", "give it a profile.name of its own"),
        (
            "revocation.max_token_lifetime = \"0s\"",
            "revocation.max_token_lifetime 0s cannot be used: it must be at least 1s",
        ),
        (
            "memory_replay_store.capacity = 100000000000000",
            "memory_replay_store.capacity 100000000000000 cannot be used: it must be from 1 to 100000000 proofs",
        ),
        (
            "memory_replay_store = { capacity = 320, client_share = 9 }",
            "memory_replay_store.client_share 9 cannot be used: it must be from 10 to 320 proofs",
        ),
        ("memory_replay_store = { capacity = 320, client_share = 321 }", "client_share 321 cannot be used"),
        (
            "scopes_supported = \"a b\"",
            "scopes_supported \"a b\" cannot be used: a scope is of visible ASCII",
        ),
        ("memory_replay_store.capacity = 0", "memory_replay_store.capacity 0 cannot be used: "),
        ("revocation.introspection = true", "revocation.introspection needs introspection at every issuer"),
    ] {
        let valid = VALID.replace("revocation.max_token_lifetime = \"5m\"\n", "");
        let valid = if text.starts_with("revocation") { valid.as_str() } else { VALID };
        let config = Config::from_toml(&format!("{valid}{text}")).unwrap();
        let error = config.into_builder().and_then(|builder| builder.build()).map(|_server| ()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_list_of_nothing_is_a_mistake() {
    for key in ["issuer", "audience", "nonce_secrets", "token_decryption", "profile.token_types"] {
        let problem = problem(&format!("{key} = []"));
        assert_eq!(problem, format!("{key}: an empty list: name one at least, or leave it out"));
    }
    let variable = from_env(Some(VALID), &[("FAPI_NONCE_SECRETS", " ")]).unwrap_err().to_string();
    assert_eq!(variable, "FAPI_NONCE_SECRETS: an empty list: name one at least, or leave it out");
}

// Each is shown by a variable's own name, also where the mistake is in a table or a list.
#[test]
fn a_mistake_in_a_variable_is_the_variables() {
    let error = from_env(Some("audience = [7]"), &[("FAPI_NONCE", "off")]).unwrap_err();
    assert!(matches!(error, SettingsError::Value { key, .. } if key == "audience[0]"));
    let algorithms = from_env(None, &[("FAPI_PROFILE__TOKEN_ALGORITHMS", "ES256 HS256")]).unwrap_err();
    assert!(algorithms.to_string().starts_with("FAPI_PROFILE__TOKEN_ALGORITHMS: "), "{algorithms}");
}
