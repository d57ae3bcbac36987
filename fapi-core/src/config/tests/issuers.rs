//! Issuers: their keys, their own rules, introspection; and the files of private keys.

use std::fs;
use std::path::PathBuf;

use fapi_testkit::TestClient;

use super::*;
use crate::issuer::IssuerError;

const SECRET: &str = "hunter2hunter2";

const PROVIDERS: &[Provider] = &[
    #[cfg(feature = "aws-lc-rs")]
    Provider::AwsLcRs,
    #[cfg(feature = "josekit")]
    Provider::Josekit,
];

/// A file of this test, removed with it.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("fapi-core-config-{}-{name}", std::process::id())));
        fs::write(&file.0, content).unwrap();
        file
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A server with this issuer.
fn config(issuer: &str) -> Config {
    let text = format!(
        "public_url = \"https://api.example.com\"\naudience = \"one\"\nrevocation.max_token_lifetime = \"5m\"\n\
         [[issuer]]\nidentifier = \"https://as.example.com\"\n{issuer}"
    );
    Config::from_toml(&text).unwrap()
}

fn shown(config: Config) -> String {
    let builder = config.into_builder().unwrap();
    let shown = format!("{builder:?}");
    builder.build().unwrap();
    shown
}

fn assert_shows(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

fn introspection(settings: &str) -> Config {
    config(&format!("[issuer.introspection]\nclient_id = \"records-api\"\n{settings}"))
}

#[test]
fn every_setting_of_an_issuer_reaches_it() {
    let key = TestClient::new().key().published_jwk("1");
    let file = File::new("issuer.jwks", &format!("{{\"keys\":[{key}]}}"));
    let shown = shown(config(&format!(
        "key_set_file = '{}'\naudience = [\"records\", \"urn:records\"]\ntoken_algorithms = [\"ES256\", \"PS256\"]",
        file.path()
    )));
    assert_shows(
        &shown,
        &[file.path(), "audiences: [\"records\", \"urn:records\"]", "algorithms: Some([Es256, Ps256])"],
    );
    let one = format!("{:?}", config("audience = \"records\"\ntoken_algorithms = \"ES256\""));
    assert_shows(&one, &["audiences: [\"records\"]", "algorithms: Some([Es256])"]);
}

#[test]
fn every_setting_of_introspection_reaches_it() {
    let plain = shown(introspection("client_secret = \"c\""));
    assert_shows(
        &plain,
        &[
            "endpoint: None",
            "signed_only: false",
            "answer_audience: None",
            "audience_optional: false",
            "opaque_tokens: true",
            "max_age: 30s",
            "negative_age: 5s",
            "budget: 1000",
        ],
    );
    // Without a client that has a certificate it cannot be built.
    let all = shown_builder(introspection(
        r#"mutual_tls = true
        endpoint = "https://as.example.com/mtls/introspect"
        require_signed_response = true
        answer_audience = "https://api.example.com/records"
        without_audience = true
        for_jwts_only = true
        max_age = "7s"
        negative_age = "3s"
        budget = 21"#,
    ));
    assert_shows(
        &all,
        &[
            "\"records-api\"",
            "tls_client_auth",
            "https://as.example.com/mtls/introspect",
            "signed_only: true",
            "https://api.example.com/records",
            "audience_optional: true",
            "opaque_tokens: false",
            "max_age: 7s",
            "negative_age: 3s",
            "budget: 21",
        ],
    );
    let secret = format!("client_secret = \"{SECRET}\"");
    assert_shows(&shown(introspection(&secret)), &["client_secret_basic"]);
}

#[test]
fn a_key_file_is_pem_or_a_jwk() {
    let client = TestClient::new();
    let key = client.key();
    for (name, content) in [("pem", key.private_key_pem()), ("jwk", format!("\n{}", key.private_jwk()))] {
        let file = File::new(&format!("key.{name}"), &content);
        for provider in PROVIDERS {
            let config = introspection(&format!("key_file = '{}'\nkey_id = \"api-1\"", file.path()));
            let shown = shown(Config { crypto_provider: Some(*provider), ..config });
            assert_shows(&shown, &["private_key_jwt"]);
        }
    }
}

#[test]
fn a_key_file_that_cannot_be_used_is_named_and_not_shown() {
    let error = |path: &str, provider: Provider| {
        let config = introspection(&format!("key_file = '{path}'"));
        let config = Config { crypto_provider: Some(provider), ..config };
        config.into_builder().map(|_builder| ()).unwrap_err()
    };
    let garbage = File::new("garbage.pem", SECRET);
    let jwk = File::new("garbage.jwk", &format!("{{\"kty\":\"EC\",\"crv\":\"P-384\",\"d\":\"{SECRET}\"}}"));
    for (path, says) in [
        ("/no/such/file.pem", "No such file"),
        ("/", "not a regular file"),
        (garbage.path(), "\"PRIVATE KEY\" (PKCS #8, not encrypted)"),
        (jwk.path(), "not a valid key for ES256, PS256 or Ed25519"),
    ] {
        for provider in PROVIDERS {
            let error = error(path, *provider).to_string();
            let start = format!("introspection.key_file {path:?} cannot be used: ");
            assert!(error.starts_with(&start) && error.contains(says), "{error}");
            assert!(!error.contains(SECRET), "{error}");
        }
    }
    // Nor where the key itself stands in place of its path.
    for key in [format!("{{\"d\":\"{SECRET}\"}}"), format!("-----BEGIN PRIVATE KEY-----{SECRET}")] {
        for provider in PROVIDERS {
            let error = error(&key, *provider).to_string();
            assert!(error.contains("a key, where its path belongs") && !error.contains(SECRET), "{error}");
        }
    }
}

#[test]
fn introspection_has_one_way_to_authenticate() {
    let problem = |settings: &str| {
        problem(&format!(
            "[[issuer]]\nidentifier = \"a\"\n[issuer.introspection]\nclient_id = \"b\"\n{settings}"
        ))
    };
    for settings in [
        "",
        "mutual_tls = false",
        "key_file = \"a\"\nmutual_tls = true",
        "key_file = \"a\"\nclient_secret = \"hunter2hunter2\"",
        "client_secret = \"hunter2hunter2\"\nmutual_tls = true",
        "key_file = \"a\"\nclient_secret = \"hunter2hunter2\"\nmutual_tls = true",
    ] {
        assert_eq!(
            problem(settings),
            "issuer[0].introspection: exactly one of key_file, client_secret and mutual_tls = true must be set"
        );
    }
    assert_eq!(
        problem("key_id = \"a\"\nmutual_tls = true"),
        "issuer[0].introspection: key_id goes with key_file only"
    );
    for (settings, parts) in [
        ("max_age = 30", ["introspection.max_age: ", "integer `30`", "\"30s\""]),
        ("negative_age = \"soon\"", ["introspection.negative_age: ", "\"soon\"", "\"30s\""]),
        ("budget = -1", ["introspection.budget: ", "integer `-1`", "a whole number that is not negative"]),
        ("mutual_tls = \"yes\"", ["introspection.mutual_tls: ", "\"yes\"", "boolean"]),
        ("key = \"a\"", ["introspection.key: ", "unknown field", "`key_file`"]),
    ] {
        let problem = problem(settings);
        for part in parts {
            assert!(problem.contains(part), "{part:?} is not in {problem:?}");
        }
    }
}

#[test]
fn the_keys_of_an_issuer_come_from_one_place() {
    let sources = ["jwks_uri = \"b\"", "key_set = \"c\"", "key_set_file = \"d\""];
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let text = format!("[[issuer]]\nidentifier = \"a\"\n{}\n{}", sources[one], sources[other]);
        let problem = problem(&text);
        assert!(
            problem.starts_with("issuer[0]: jwks_uri, key_set and key_set_file exclude each other"),
            "{problem}"
        );
    }
}

// P44
#[test]
fn no_error_and_no_debug_shows_the_client_secret() {
    let table = "[[issuer]]\nidentifier = \"a\"\n[issuer.introspection]\nclient_id = \"b\"\n";
    for line in [
        format!("client_secret = [\"{SECRET}\"]"),
        format!("client_secret = {{ file = \"{SECRET}\" }}"),
        format!("client_secrets = \"{SECRET}\""),
        format!("client_secret = \"{SECRET}"),
        format!("client_secret = {SECRET}"),
        format!("client_secret = \"{SECRET}\"\nmutual_tls = true"),
        format!("client_secret = \"{SECRET}\"\nmax_age = \"soon\""),
    ] {
        let problem = problem(&format!("{table}{line}"));
        assert!(!problem.contains(SECRET), "{problem}");
    }
    for value in ["1234567890", "\"\"", "true"] {
        let problem = problem(&format!("{table}client_secret = {value}"));
        assert_eq!(problem, "issuer[0].introspection.client_secret: a secret must be text that is not empty");
    }
    let config = introspection(&format!("client_secret = \"{SECRET}\""));
    assert!(!format!("{config:?}").contains(SECRET), "{config:?}");
    assert!(!shown(config).contains(SECRET));
}

#[test]
fn a_single_issuer_can_have_its_secret_from_a_variable() {
    let text = "[issuer]\nidentifier = \"https://as.example.com\"\nintrospection.client_id = \"records-api\"";
    let pairs = [
        ("FAPI_ISSUER__INTROSPECTION__CLIENT_SECRET", SECRET),
        ("FAPI_ISSUER__INTROSPECTION__BUDGET", "21"),
        ("FAPI_ISSUER__INTROSPECTION__FOR_JWTS_ONLY", "true"),
        ("FAPI_ISSUER__TOKEN_ALGORITHMS", "ES256 PS256"),
        ("FAPI_REVOCATION__INTROSPECTION", "true"),
        ("FAPI_PUBLIC_URL", "https://api.example.com"),
        ("FAPI_ISSUER__AUDIENCE", "one two"),
    ];
    let shown = shown(from_env(Some(text), &pairs).unwrap());
    let parts =
        ["client_secret_basic", "budget: 21", "opaque_tokens: false", "[Es256, Ps256]", "[\"one\", \"two\"]"];
    assert_shows(&shown, &parts);
    let many = from_env(None, &[("FAPI_ISSUER__INTROSPECTION__BUDGET", "many")]).unwrap_err().to_string();
    assert_eq!(
        many,
        "FAPI_ISSUER__INTROSPECTION__BUDGET: invalid value: string \"many\", expected a whole number that is not negative"
    );
}

#[test]
fn what_the_builder_refuses_is_refused() {
    let refused = |config: Config| config.into_builder().unwrap().build().map(|_server| ()).unwrap_err();
    let others = config("token_algorithms = \"RS256\"");
    assert_eq!(
        refused(others),
        ConfigError::Issuer(IssuerError::Algorithms("https://as.example.com".to_owned()))
    );
    let mut silent = config("");
    silent.revocation.introspection = true;
    assert!(matches!(refused(silent), ConfigError::IntrospectionMissing(_)));
    let age = refused(introspection("client_secret = \"c\"\nmax_age = \"11m\""));
    assert_eq!(age.to_string(), "introspection.max_age 660s cannot be used: it must be at most 600s");
    // RFC 8705 §2: a certificate is for the program to give its HTTP client.
    let missing = IssuerError::ClientCertificateMissing("https://as.example.com".to_owned());
    assert_eq!(refused(introspection("mutual_tls = true")), ConfigError::Issuer(missing));
}

#[test]
fn revocation_by_introspection_is_a_choice() {
    let text = "revocation.introspection = true\n[issuer]\nidentifier = \"https://as.example.com\"\n\
                introspection = { client_id = \"a\", mutual_tls = true }";
    let config = Config::from_toml(text).unwrap();
    assert!(shown_builder(config).contains("Revocation(Introspection)"));
    let config = Config::from_toml("revocation.introspection = false").unwrap();
    assert!(!shown_builder(config).contains("Revocation(Introspection)"));
}

fn shown_builder(config: Config) -> String {
    format!("{:?}", config.into_builder().unwrap())
}

#[cfg(feature = "josekit")]
#[test]
fn keys_for_encrypted_tokens_are_files() {
    use fapi_testkit::EncryptionKey;
    let (ec, rsa) = (EncryptionKey::ec(), EncryptionKey::rsa());
    let (pem, jwk) =
        (File::new("ec.pem", &ec.private_key_pem()), File::new("rsa.jwk", &rsa.private_jwk().to_string()));
    let keys = format!(
        "token_decryption = ['{}', {{ key_file = '{}', key_id = \"2026-11\" }}]\n{VALID}",
        pem.path(),
        jwk.path()
    );
    assert_shows(&shown(Config::from_toml(&keys).unwrap()), &["EcdhEsA256Kw", "RsaOaep256", "\"2026-11\""]);
    let one = format!("token_decryption = '{}'\n{VALID}", pem.path());
    assert_shows(&shown(Config::from_toml(&one).unwrap()), &["EcdhEsA256Kw"]);
    let garbage = File::new("garbage.key", SECRET);
    let wrong = Config::from_toml(&format!("token_decryption = '{}'", garbage.path())).unwrap();
    assert_eq!(
        wrong.into_builder().map(|_builder| ()).unwrap_err().to_string(),
        format!(
            "token_decryption {:?} cannot be used: it is not an unencrypted private key in PEM form, or not a private JWK",
            garbage.path()
        )
    );
}

#[cfg(not(feature = "josekit"))]
#[test]
fn keys_for_encrypted_tokens_need_a_feature() {
    let config = Config::from_toml("token_decryption = \"/etc/api/token.pem\"").unwrap();
    assert_eq!(
        config.into_builder().map(|_builder| ()).unwrap_err().to_string(),
        "token_decryption \"/etc/api/token.pem\" cannot be used: it needs the feature \"josekit\", without which this program was built"
    );
}

// Encryption was asked for: an empty list, or an empty variable, must not mean that plain tokens are accepted.
#[test]
fn no_key_for_encrypted_tokens_is_an_error() {
    let listed = problem(&format!("token_decryption = []\n{VALID}"));
    let variable = from_env(Some(VALID), &[("FAPI_TOKEN_DECRYPTION", "")]).unwrap_err().to_string();
    assert!(listed.starts_with("token_decryption: an empty list"), "{listed}");
    assert!(variable.starts_with("FAPI_TOKEN_DECRYPTION: an empty list"), "{variable}");
}
