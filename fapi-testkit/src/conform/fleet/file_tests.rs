//! What a fleet file may hold, and every mistake in one with its line.

use std::path::Path;
use std::time::Duration;

use super::error::FleetError;
use super::file::{CredentialsEntry, FleetFile, ISSUER_LISTEN};
use super::rules::NAME_RULE;
use crate::catalogue::Profile;

fn parse(text: &str) -> Result<FleetFile, FleetError> {
    FleetFile::parse(text, Path::new("/fleet"))
}

const ONE: &str = "[[api]]\nname = \"a\"\ntarget = \"https://a.example.com\"\n";

#[test]
fn hints_name_the_keys_of_the_file() {
    let file = parse(&format!("{ONE}other-methods = true\n")).unwrap();
    assert_eq!(file.apis[0].options.origin, crate::conform::options::Origin::FleetFile);
    assert!(file.apis[0].options.other_methods);
}

#[test]
fn defaults_hold_where_an_api_says_nothing() {
    let file = parse(
        "[defaults]\nrate = 5\npath = \"/v1\"\ntls = { ca = \"ca.pem\" }\ncredentials = { token-command = \"token\" }\n\
         [[api]]\nname = \"a\"\ntarget = \"http://a.example.com/base\"\n\
         [[api]]\nname = \"b\"\ntarget = \"https://b.example.com\"\npublic-url = \"https://b.example\"\nrate = 7\n\
         opaque-tokens = \"signed\"\nstatus-lists = true\nsecurity-events = \"/events\"\nrevocation-limit = \"5s\"\n\
         scope = \"read\"\nscope-path = \"/r\"\nmethod = \"post\"\ntime-limit = \"90s\"\nprofile = \"helseid\"\n\
         step-up-path = \"/s\"\nacr-values = \"a b\"\nmax-age = \"5m\"\n\
         details-path = \"/p\"\ndetails-method = \"put\"\ndetail = '{\"type\": \"t\"}'\n\
         credentials = { token-file = \"t\", key-file = \"/k\" }\n",
    )
    .unwrap();
    let [a, b] = file.apis.as_slice() else { panic!("two APIs") };
    assert_eq!(
        (a.options.rate, a.options.path.as_str(), a.options.audience.as_str()),
        (5, "/v1", "http://a.example.com/base")
    );
    assert_eq!(a.credentials, CredentialsEntry::Command("token".to_owned()));
    assert_eq!(a.tls.ca.as_deref(), Some(Path::new("/fleet/ca.pem")));
    assert_eq!(
        (b.options.rate, b.options.method.as_str(), b.options.public_url.as_str()),
        (7, "POST", "https://b.example")
    );
    assert_eq!((b.options.profile, b.options.time_limit), (Profile::Helseid, Duration::from_secs(90)));
    assert_eq!(b.options.scope_route.as_ref().unwrap().path, "/r");
    let (step_up, details) = (b.options.step_up_route.as_ref(), b.options.details_route.as_ref());
    assert_eq!(step_up.unwrap().values().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(step_up.unwrap().max_age, Some(Duration::from_secs(300)));
    assert_eq!((&*details.unwrap().method, details.unwrap().detail.kind()), ("PUT", "t"));
    assert_eq!(b.options.opaque_tokens, Some(crate::conform::Answers::Signed));
    assert!(b.options.status_lists && !b.options.introspected_jwts);
    assert_eq!(b.options.security_events.as_deref(), Some("/events"));
    assert_eq!(b.options.revocation_limit, Duration::from_secs(5));
    // Credentials are taken over as a whole, not key by key; paths start at the file's folder.
    assert_eq!(b.credentials, CredentialsEntry::Files { token: "/fleet/t".into(), key: Some("/k".into()) });
}

#[test]
fn a_token_that_is_bound_to_a_certificate_has_no_key() {
    let file = parse(&format!(
        "{ONE}sender-constraint = \"mtls\"\ntls = {{ client-cert = \"c\", client-key = \"k\" }}\n\
         credentials = {{ token-file = \"t\" }}\n"
    ));
    let credentials = file.map(|file| file.apis[0].credentials.clone()).unwrap();
    assert_eq!(credentials, CredentialsEntry::Files { token: "/fleet/t".into(), key: None });
}

#[test]
fn an_api_needs_a_name_and_a_target_only() {
    let file = parse(ONE).unwrap();
    let api = file.apis.first().unwrap();
    assert_eq!((api.options.method.as_str(), api.options.path.as_str()), ("GET", "/whoami"));
    assert_eq!(api.credentials, CredentialsEntry::Issuer(ISSUER_LISTEN));
}

#[test]
fn every_mistake_is_named_with_its_line() {
    let credentials = "credentials: it must hold issuer-listen, or token-file and key-file, or token-command";
    let url = "it must be an http or https URL without user, query and fragment";
    let table: [(&str, Option<usize>, String); 28] = [
        ("", None, "there is no [[api]]".to_owned()),
        ("rates = 5", Some(4), "unknown field `rates`, expected one of `name`, `public-url`, `target`".to_owned()),
        ("rate = \"5\"", Some(4), "invalid type: string \"5\", expected u32".to_owned()),
        ("rate = 0", Some(4), "rate: it must be at least 1 request a second".to_owned()),
        ("profile = \"fapi1\"", Some(4), "unknown variant `fapi1`, expected one of `fapi2`, `helseid`".to_owned()),
        ("profile = \"cdr-au\"", Some(2), "tls: it must hold client-cert and client-key, to which tokens are bound".to_owned()),
        ("sender-constraint = \"none\"", Some(4), "unknown variant `none`, expected one of `either`, `dpop`, `mtls`".to_owned()),
        ("public-url = \"ftp://a\"", Some(4), format!("public-url: {url}")),
        ("public-url = \"https://u:secret@a\"", Some(4), format!("public-url: {url}")),
        ("public-url = \"https://a?q\"", Some(4), format!("public-url: {url}")),
        ("audience = \" \"", Some(4), "audience: it must not be empty".to_owned()),
        ("method = \"G T\"", Some(4), "method: it must be an HTTP method, such as GET".to_owned()),
        ("path = \"whoami\"", Some(4), "path: it must be a path that starts with '/'".to_owned()),
        ("scope-path = \"/r\"", Some(4), "scope-path: it needs scope, the one that the route asks for".to_owned()),
        ("step-up-path = \"/s\"", Some(4), "step-up-path: it needs acr-values".to_owned()),
        ("step-up-path = \"/s\"\nacr-values = \"a\"\nmax-age = \"soon\"", Some(6), "max-age: it must be a time, such as \"90s\" or \"5m\"".to_owned()),
        ("detail = '{\"type\": \"t\"}'", Some(4), "detail: it needs details-path".to_owned()),
        ("details-path = \"/p\"\ndetail = '[]'", Some(5), "detail: it must be a JSON object with a type".to_owned()),
        ("time-limit = \"2h\"", Some(4), "time-limit: it must be a time between 1s and 1h, such as \"90s\" or \"2m\"".to_owned()),
        ("time-limit = \"soon\"", Some(4), "time-limit: it must be a time between 1s and 1h, such as \"90s\" or \"2m\"".to_owned()),
        ("credentials = {}", Some(4), credentials.to_owned()),
        ("credentials = { token-file = \"t\" }", Some(4), credentials.to_owned()),
        ("credentials = { token-command = \"c\", issuer-listen = \"127.0.0.1:1\" }", Some(4), credentials.to_owned()),
        ("credentials = { issuer-listen = \"127.0.0.1:0\" }", Some(4), "credentials: issuer-listen must be an address and a port, such as \"127.0.0.1:9400\"".to_owned()),
        ("credentials = { token = \"eyJ\" }", Some(4), "unknown field `token`, expected one of `issuer-listen`, `token-file`, `key-file`, `token-command`".to_owned()),
        ("tls = { client-cert = \"c\" }", Some(4), "tls: client-cert and client-key go together".to_owned()),
        ("[[api]]\nname = \"A\"\ntarget = \"http://a\"", Some(5), "name: \"A\" is taken on line 2".to_owned()),
        ("[[api]]\nname = \"../b\"", Some(5), format!("name: \"../b\" is no name: {NAME_RULE}")),
    ];
    for (addition, line, message) in table {
        let text = if addition.is_empty() { String::new() } else { format!("{ONE}{addition}\n") };
        let error = parse(&text).unwrap_err();
        let problem = error.problems.first().unwrap();
        assert_eq!(problem.line, line, "{addition}: {error}");
        assert!(problem.message.starts_with(&message), "{addition}: {error}");
        assert!(!error.to_string().contains("secret") && !error.to_string().contains("eyJ"), "{error}");
    }
}

#[test]
fn all_mistakes_are_named_at_once_and_each_once() {
    let error = parse("[defaults]\nrate = 0\n[[api]]\nname = \"a\"\n[[api]]\nname = \"b\"\ntarget = \"b\"\n")
        .unwrap_err();
    let lines: Vec<_> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(2), Some(4), Some(7)], "{error}");
    assert!(
        error.to_string().starts_with(
            "line 2: rate: it must be at least 1 request a second\nline 4: target: it is missing"
        )
    );
}

#[test]
fn one_issuer_has_one_profile() {
    let error = parse(&format!("{ONE}[[api]]\nname = \"b\"\ntarget = \"http://b\"\nprofile = \"helseid\"\n"))
        .unwrap_err();
    assert!(error.to_string().contains("\"a\" and \"b\" are of different profiles"), "{error}");
}

#[test]
fn a_syntax_error_shows_its_line_but_not_its_text() {
    let error = parse(&format!("{ONE}credentials = {{ token-file = \"hidden\n")).unwrap_err();
    assert_eq!(error.problems.first().unwrap().line, Some(4), "{error}");
    assert!(!error.to_string().contains("hidden"));
}
