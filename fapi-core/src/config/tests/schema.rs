//! The JSON Schema: it knows every setting, and takes no text that the code refuses.

use proptest::prelude::*;
use proptest::string::string_regex;

use super::*;

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

// Every length of time that an editor lets pass is one.
#[test]
fn what_the_schema_calls_a_time_is_one() {
    let pattern = Config::json_schema()["$defs"]["Span"]["pattern"].as_str().unwrap().to_owned();
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).unwrap();
    proptest!(|(text in string_regex(inner).unwrap())| {
        let config = Config::from_toml(&format!("profile.proof_max_age = \"{text}\""));
        prop_assert!(config.is_ok(), "{config:?}");
    });
}

// The bounds of the schema are those of the builder.
#[test]
fn the_schema_knows_the_bounds() {
    let schema = Config::json_schema();
    for key in ["max_token_bytes", "max_proof_bytes", "max_jti_bytes"] {
        let [least, most] = ["minimum", "maximum"].map(|bound| {
            let path = format!("/$defs/ProfileTable/properties/{key}/{bound}");
            schema.pointer(&path).unwrap().as_u64().unwrap()
        });
        let built = |bytes: u64| {
            let config = Config::from_toml(&format!("{VALID}[profile]\n{key} = {bytes}")).unwrap();
            config.into_builder().unwrap().build().map(|_server| ())
        };
        assert_eq!((built(least), built(most)), (Ok(()), Ok(())));
        for bytes in [least - 1, most + 1] {
            assert!(matches!(built(bytes), Err(ConfigError::Size { .. })), "{key} {bytes}");
        }
    }
}

// What excludes each other in the code does so in the schema.
#[test]
fn the_schema_knows_what_excludes_each_other() {
    let schema = Config::json_schema();
    for (table, rules) in [
        ("IssuerTable", &["allOf"][..]),
        ("TransmitterTable", &["allOf"]),
        ("IntrospectionTable", &["oneOf", "dependentRequired"]),
        ("TrustedProxyTable", &["oneOf", "anyOf"]),
        ("ForwardedSettings", &["if", "then"]),
        ("CertificateHeaderTable", &["if", "then", "else", "dependentSchemas"]),
    ] {
        for rule in rules {
            assert!(schema["$defs"][table].get(rule).is_some(), "{table} {rule}");
        }
    }
}
