//! Sources of revocations: status lists and security events.

use fapi_testkit::{TestIssuer, subject};

use super::*;
use crate::issuer::IssuerError;
use crate::jose::Algorithm;
use crate::revocation::{Revocation, SecurityEvents, StatusListPolicy};

const ISSUER: &str = "https://as.example.com";
const AUTHORIZATION: &str = "Bearer hunter2hunter2";
const SECRET: &str = "hunter2hunter2";

/// A server with this setting of revocation alone.
fn config(revocation: &str) -> Config {
    let text = format!(
        "public_url = \"https://api.example.com\"\naudience = \"https://api.example.com\"\nissuer = \"{ISSUER}\"\n{revocation}"
    );
    Config::from_toml(&text).unwrap()
}

fn policy(table: &str) -> StatusListPolicy {
    let settings = config(&format!("[revocation.status_list]\n{table}")).revocation;
    settings.status_list.unwrap().into()
}

/// A table of security events that is complete, and these lines.
fn events_table(lines: &str) -> String {
    format!(
        "[revocation.security_events]\naudience = \"https://api.example.com\"\nauthorization = \"{AUTHORIZATION}\"\n{lines}"
    )
}

fn events(lines: &str) -> SecurityEvents {
    let mut receivers = config(&events_table(lines)).revocation.security_events;
    receivers.pop().unwrap().into()
}

fn refused(config: Config) -> ConfigError {
    config.into_builder().unwrap().build().map(|_server| ()).unwrap_err()
}

// R4
#[test]
fn each_source_is_a_choice() {
    for (revocation, count) in [
        ("[revocation.status_list]".to_owned(), 1),
        (events_table("issuer = \"https://events.example.com\""), 1),
        ("".to_owned(), 0),
    ] {
        let config = config(&revocation);
        assert_eq!(config.clone().revocation.choices().count(), count, "{revocation}");
        let built = config.into_builder().unwrap().build().map(|_server| ());
        let expected = if count == 0 { Err(ConfigError::RevocationMissing) } else { Ok(()) };
        assert_eq!(built, expected, "{revocation}");
    }
}

// R133, R134, R136
#[test]
fn every_setting_of_status_lists_reaches_the_policy() {
    assert_eq!(policy(""), StatusListPolicy::new());
    assert_eq!(policy("optional = false"), StatusListPolicy::new());
    assert_eq!(policy("optional = true"), StatusListPolicy::new().optional());
    assert_eq!(policy("max_age = \"7s\""), StatusListPolicy::new().with_max_age(Duration::from_secs(7)));
    let one = StatusListPolicy::new().with_origin(ISSUER, "https://lists.example.net");
    assert_eq!(
        policy(&format!("origins = {{ issuer = \"{ISSUER}\", origin = \"https://lists.example.net\" }}")),
        one
    );
    assert_eq!(
        policy(&format!(
            "[[revocation.status_list.origins]]\nissuer = \"{ISSUER}\"\norigin = \"https://lists.example.net\"\n\
             [[revocation.status_list.origins]]\nissuer = \"https://b.example.com\"\norigin = \"https://b.example.net\""
        )),
        one.with_origin("https://b.example.com", "https://b.example.net")
    );
}

#[test]
fn what_the_builder_refuses_is_refused() {
    let origin = |issuer: &str, origin: &str| {
        format!("revocation.status_list.origins = {{ issuer = \"{issuer}\", origin = \"{origin}\" }}")
    };
    let whitespace = events_table("issuer = \"https://a.example.com\"").replace(AUTHORIZATION, " ");
    let incomplete = ConfigError::SecurityEvents("https://a.example.com".to_owned());
    for (revocation, expected) in [
        (
            "revocation.status_list.max_age = \"2h\"".to_owned(),
            ConfigError::StatusListAge { most_seconds: 3600 },
        ),
        (
            origin("https://b.example.com", "https://b.example.net"),
            ConfigError::StatusListIssuer("https://b.example.com".to_owned()),
        ),
        (origin(ISSUER, "ftp://a"), ConfigError::StatusListOrigin("ftp://a".to_owned())),
        (whitespace, incomplete.clone()),
        (events_table("issuer = \"https://a.example.com\"\nalgorithms = []"), incomplete),
    ] {
        assert_eq!(refused(config(&revocation)), expected, "{revocation}");
    }
    let error = refused(config(&events_table("issuer = \"http://a.example.com\"")));
    assert!(matches!(error, ConfigError::Issuer(IssuerError::Identifier { .. })), "{error:?}");
}

#[test]
fn a_transmitter_is_named_as_an_issuer_is() {
    let shown = |issuer: &str| format!("{:?}", events(issuer));
    for (issuer, parts) in [
        ("issuer = \"https://events.example.com\"", ["https://events.example.com", "source: \"metadata\""]),
        (
            "issuer = { identifier = \"https://events.example.com\" }",
            ["https://events.example.com", "source: \"metadata\""],
        ),
        (
            "issuer = { identifier = \"https://a.example.com\", jwks_uri = \"https://a.example.com/jwks\" }",
            ["https://a.example.com", "https://a.example.com/jwks"],
        ),
        (
            "issuer = { identifier = \"https://a.example.com\", key_set_file = \"/etc/api/a.jwks\" }",
            ["https://a.example.com", "/etc/api/a.jwks"],
        ),
    ] {
        let shown = shown(issuer);
        for part in parts {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
    }
    let text = "issuer = { identifier = \"https://a.example.com\", jwks_uri = \"b\", key_set = \"c\" }";
    let problem = problem(&events_table(text));
    assert!(
        problem.starts_with("revocation.security_events.issuer: jwks_uri, key_set and key_set_file exclude"),
        "{problem}"
    );
}

#[test]
fn there_may_be_several_transmitters_and_not_none() {
    let one = |name: &str| {
        events_table(&format!("issuer = \"https://{name}.example.com\"\n"))
            .replace("[revocation.security_events]", "[[revocation.security_events]]")
            .replace(AUTHORIZATION, name)
    };
    let both = config(&format!("{}{}", one("a"), one("b")));
    assert_eq!(both.clone().revocation.choices().count(), 2);
    assert!(both.into_builder().unwrap().build().is_ok());
    let says = "revocation.security_events: it names no transmitter";
    assert_eq!(problem("revocation.security_events = []"), says);
    let variable = from_env(Some(VALID), &[("FAPI_REVOCATION__SECURITY_EVENTS", "")]);
    assert_eq!(variable.unwrap_err().to_string(), says);
}

// R161, R164, R166
#[tokio::test]
async fn every_setting_of_security_events_reaches_the_receiver() {
    let issuer = TestIssuer::new("https://events.example.com");
    let transmitter =
        format!("issuer = {{ identifier = \"{}\", key_set = '{}' }}", issuer.identifier(), issuer.jwks());
    let user = subject::iss_sub(ISSUER, "alice");
    let plain = issuer.session_revoked(user.clone()).sign();
    let tenant = subject::complex([("user", user), ("tenant", subject::opaque("tenant-1"))]);
    let tenant = issuer.session_revoked(tenant).sign();
    let elsewhere = issuer.session_revoked(subject::opaque("a")).audience("https://b.example.com").sign();
    let critical = "critical_subject_members = \"tenant\"";
    // R161: without being told so, it may not speak of another issuer's tokens.
    let refused = events(&transmitter);
    let server = config("").into_builder().unwrap().revocation(Revocation::security_events(refused));
    let media_type = Some(&b"application/secevent+jwt"[..]);
    let server = server.build().unwrap();
    let answer =
        server.receive_security_event(media_type, Some(AUTHORIZATION.as_bytes()), plain.as_bytes()).await;
    assert!(answer.body().contains("access_denied"), "{}", answer.body());
    let transmitter = format!("{transmitter}\nfor_issuers = \"{ISSUER}\"");
    for (lines, set, authorization, status, denied) in [
        ("", &plain, AUTHORIZATION, 202, 1),
        ("", &plain, SECRET, 400, 0),
        ("", &elsewhere, AUTHORIZATION, 400, 0),
        ("algorithms = [\"RS256\", \"ES256\"]", &plain, AUTHORIZATION, 202, 1),
        ("", &tenant, AUTHORIZATION, 202, 1),
        (critical, &tenant, AUTHORIZATION, 202, 0),
        (critical, &plain, AUTHORIZATION, 202, 1),
    ] {
        let events = events(&format!("{transmitter}\n{lines}"));
        let builder = config("").into_builder().unwrap();
        let server = builder.revocation(Revocation::security_events(events.clone())).build().unwrap();
        let answer =
            server.receive_security_event(media_type, Some(authorization.as_bytes()), set.as_bytes()).await;
        assert_eq!(answer.status(), status, "{lines}: {}", answer.body());
        let shown = format!("{:?}", events.denied());
        assert!(shown.contains(&format!("entries: {denied}")), "{lines}: {shown}");
    }
    assert_eq!(events(&transmitter).algorithms, None);
    let both = events(&format!("{transmitter}\nalgorithms = [\"RS256\", \"PS256\"]"));
    assert_eq!(both.algorithms, Some(vec![Algorithm::Rs256, Algorithm::Ps256]));
    let watched = events(&format!("{transmitter}\nverification_interval = \"1h\""));
    assert_eq!(watched.verification_interval, Some(Duration::from_secs(3600)));
}

#[test]
fn a_wrong_value_is_named_with_what_is_allowed() {
    let transmitter = "issuer = \"https://events.example.com\"";
    for (text, parts) in [
        ("revocation.status_list = true".to_owned(), ["revocation.status_list: ", "boolean `true`"]),
        ("revocation.status_list.optional = \"no\"".to_owned(), ["status_list.optional: ", "\"no\""]),
        ("revocation.status_list.max_age = 30".to_owned(), ["status_list.max_age: ", "integer `30`"]),
        (
            "revocation.status_list.origins = { issuer = \"a\" }".to_owned(),
            ["status_list.origins: ", "missing field `origin`"],
        ),
        (
            "[revocation.security_events]\naudience = \"a\"\nauthorization = \"b\"".to_owned(),
            ["security_events: ", "missing field `issuer`"],
        ),
        (
            format!("[revocation.security_events]\n{transmitter}\nauthorization = \"b\""),
            ["security_events: ", "missing field `audience`"],
        ),
        (
            format!("[revocation.security_events]\n{transmitter}\naudience = \"a\""),
            ["security_events: ", "missing field `authorization`"],
        ),
        (
            events_table(&format!("{transmitter}\nalgorithms = [\"HS256\"]")),
            ["security_events.algorithms[0]: ", "\"HS256\""],
        ),
        (events_table("issuer = 7"), ["security_events.issuer: ", "the identifier of a transmitter"]),
    ] {
        let problem = problem(&text);
        for part in parts {
            assert!(problem.contains(part), "{part:?} is not in {problem:?}");
        }
    }
}

// P44
#[test]
fn no_error_and_no_debug_shows_the_authorization() {
    let table = "[revocation.security_events]\nissuer = \"https://a.example.com\"\naudience = \"a\"\n";
    for line in [
        format!("authorization = [\"{SECRET}\"]"),
        format!("authorization = {{ file = \"{SECRET}\" }}"),
        format!("authorisation = \"{SECRET}\""),
        format!("authorization = \"{SECRET}"),
        format!("authorization = {SECRET}"),
        format!("authorization = \"{SECRET}\"\nalgorithms = \"HS256\""),
    ] {
        let problem = problem(&format!("{table}{line}"));
        assert!(!problem.contains(SECRET), "{problem}");
    }
    for value in ["1234567890", "\"\"", "true"] {
        let problem = problem(&format!("{table}authorization = {value}"));
        assert_eq!(
            problem,
            "revocation.security_events.authorization: a secret must be text that is not empty"
        );
    }
    let config = config(&events_table("issuer = \"https://a.example.com\""));
    assert!(!format!("{config:?}").contains(SECRET), "{config:?}");
    assert!(!format!("{:?}", config.clone().into_builder().unwrap()).contains(SECRET));
    let error = refused(Config { audience: Vec::new(), ..config });
    assert!(!format!("{error:?} {error}").contains(SECRET), "{error:?}");
}

#[test]
fn variables_name_sources_too() {
    let issuer = "https://events.example.com";
    let config = from_env(
        Some(VALID),
        &[
            ("FAPI_REVOCATION__STATUS_LIST__MAX_AGE", "7s"),
            ("FAPI_REVOCATION__STATUS_LIST__OPTIONAL", "true"),
            ("FAPI_REVOCATION__STATUS_LIST__ORIGINS__ISSUER", ISSUER),
            ("FAPI_REVOCATION__STATUS_LIST__ORIGINS__ORIGIN", "https://lists.example.net"),
            ("FAPI_REVOCATION__SECURITY_EVENTS__ISSUER", issuer),
            ("FAPI_REVOCATION__SECURITY_EVENTS__AUDIENCE", "of-events"),
            ("FAPI_REVOCATION__SECURITY_EVENTS__AUTHORIZATION", AUTHORIZATION),
            ("FAPI_REVOCATION__SECURITY_EVENTS__ALGORITHMS", "RS256 ES256"),
        ],
    )
    .unwrap();
    let policy = StatusListPolicy::new().optional().with_max_age(Duration::from_secs(7));
    assert_eq!(
        StatusListPolicy::from(config.revocation.status_list.clone().unwrap()),
        policy.with_origin(ISSUER, "https://lists.example.net")
    );
    let events: SecurityEvents = config.revocation.security_events[0].clone().into();
    assert_eq!(events.algorithms, Some(vec![Algorithm::Rs256, Algorithm::Es256]));
    assert_eq!(config.revocation.clone().choices().count(), 3);
    assert!(config.into_builder().unwrap().build().is_ok());
}
