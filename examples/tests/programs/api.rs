//! The API in both frameworks: what it answers, and that both answer the same.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use fapi_core::{Clock as _, SystemClock};
use fapi_examples::client::{Answer, Call, Http};
use fapi_testkit::{Fault, IssuerServer, TestClient, TestIssuer, TokenBuilder, subject};
use serde_json::{Value, json};

use crate::process::Process;

const FRAMEWORKS: [&str; 2] = ["axum", "actix"];

/// An API that runs, and a client of it.
struct Api {
    process: Process,
    url: String,
    client: TestClient,
    http: Http,
}

impl Api {
    fn start(issuer: &IssuerServer, arguments: &[&str]) -> Self {
        let common =
            ["--issuer", issuer.identifier(), "--allow-insecure-loopback", "--listen", "127.0.0.1:0"];
        let mut process = Process::start(env!("CARGO_BIN_EXE_api"), &[&common[..], arguments].concat());
        let url = process.line_after("listening on ");
        Self { process, url, client: TestClient::new(), http: Http::new() }
    }

    fn token(&self, issuer: &IssuerServer, scope: &str) -> String {
        self.mint(issuer).scope(scope).sign()
    }

    fn mint(&self, issuer: &IssuerServer) -> TokenBuilder {
        issuer.issuer().token().audience(&self.url).bound_to(&self.client)
    }

    fn call(&self, method: &'static str, path: &str, token: &str, nonce: Option<&str>) -> Call {
        let url = format!("{}{path}", self.url);
        let proof = self.client.proof(method, &url).access_token(token);
        let proof = nonce.iter().fold(proof, |proof, nonce| proof.nonce(nonce));
        Call { method, url, authorization: Some(format!("DPoP {token}")), dpop: Some(proof.sign()) }
    }

    fn open_call(&self, method: &'static str, path: &str) -> Call {
        Call { method, url: format!("{}{path}", self.url), authorization: None, dpop: None }
    }

    async fn send(&self, call: &Call) -> Answer {
        self.http.send(call).await.unwrap()
    }

    /// The answer without what differs from one API to the next: its port, the date, and blanks in the list of methods.
    fn comparable(&self, answer: &Answer) -> (u16, BTreeMap<String, Vec<String>>, String) {
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in answer.headers.iter().filter(|(name, _)| *name != "date") {
            let value = value.to_str().unwrap().replace(&self.url, "URL");
            let value = if *name == "allow" { value.replace(' ', "") } else { value };
            headers.entry(name.to_string()).or_default().push(value);
        }
        (answer.status, headers, answer.body.replace(&self.url, "URL"))
    }
}

fn issuer() -> IssuerServer {
    TestIssuer::new("named after its address").serve()
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

#[tokio::test]
async fn whoami_says_who_calls() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let token = api.token(&issuer, "records:read records:write");
        let answer = api.send(&api.call("GET", "/whoami", &token, None)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
        let expected = json!({
            "sub": "alice",
            "client_id": "client",
            "scope": ["records:read", "records:write"],
            "binding": "dpop",
        });
        assert_eq!(json(&answer), expected);
    }
}

#[tokio::test]
async fn records_need_their_scopes() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let (read, write) = (api.token(&issuer, "records:read"), api.token(&issuer, "records:write"));

        let added = api.send(&api.call("POST", "/records", &write, None)).await;
        assert_eq!((added.status, json(&added)), (201, json!({"id": 1, "added_by": "client"})));
        let listed = api.send(&api.call("GET", "/records", &read, None)).await;
        assert_eq!(
            (listed.status, json(&listed)),
            (200, json!({"records": [{"id": 1, "added_by": "client"}]}))
        );

        for (method, token, scope) in [("GET", &write, "records:read"), ("POST", &read, "records:write")] {
            let refused = api.send(&api.call(method, "/records", token, None)).await;
            assert_eq!(refused.status, 403);
            assert_eq!(refused.challenge("error"), Some("insufficient_scope"));
            assert_eq!(refused.challenge("scope"), Some(scope));
        }
    }
}

// R145, R146: the challenge says what the next login must be.
#[tokio::test]
async fn what_is_sensitive_needs_a_recent_login() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let login = |acr: &str, age: u64| {
            let time = SystemClock.now().as_secs().saturating_sub(age);
            api.mint(&issuer).claim("acr", acr).claim("auth_time", time)
        };
        for acr in ["urn:example:loa:substantial", "urn:example:loa:high"] {
            let answer = api.send(&api.call("GET", "/sensitive", &login(acr, 100).sign(), None)).await;
            assert_eq!((answer.status, &json(&answer)["acr"]), (200, &json!(acr)), "{framework}");
        }
        let insufficient = [
            api.mint(&issuer),
            login("urn:example:loa:low", 100),
            login("urn:example:loa:high", 400),
            login("urn:example:loa:high", 100).without_claim("auth_time"),
        ];
        for token in insufficient {
            let answer = api.send(&api.call("GET", "/sensitive", &token.sign(), None)).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.challenge("error"), Some("insufficient_user_authentication"));
            let acr_values = "urn:example:loa:substantial urn:example:loa:high";
            assert_eq!(answer.challenge("acr_values"), Some(acr_values));
            assert_eq!(answer.challenge("max_age"), Some("300"));
        }
    }
}

// R148: what is paid is what the user has consented to.
#[tokio::test]
async fn payments_need_a_consent() {
    let issuer = issuer();
    let in_euros = json!({
        "type": "payment_initiation",
        "instructedAmount": {"currency": "EUR", "amount": "123.50"},
        "creditorName": "Merchant A",
    });
    let changed = |pointer: &str, value: Value| {
        let mut detail = in_euros.clone();
        *detail.pointer_mut(pointer).unwrap() = value;
        detail
    };
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let call = |details: Value| {
            let token = api.mint(&issuer).claim("authorization_details", details).sign();
            api.call("POST", "/payments", &token, None)
        };
        let paid = api.send(&call(json!([{"type": "other"}, in_euros]))).await;
        let expected = json!({"instructedAmount": {"currency": "EUR", "amount": "123.50"}, "creditorName": "Merchant A"});
        assert_eq!((paid.status, json(&paid)), (201, expected), "{framework}");

        let refused = [
            json!([]),
            json!([changed("/type", json!("other"))]),
            json!([changed("/instructedAmount/currency", json!("NOK"))]),
            json!([changed("/instructedAmount", json!({"currency": "EUR", "amount": "1", "most": 1}))]),
        ];
        for details in refused {
            let answer = api.send(&call(details)).await;
            assert_eq!((answer.status, answer.challenge("error")), (403, Some("insufficient_scope")));
        }
    }
}

#[tokio::test]
async fn only_health_and_metadata_are_open() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        for (path, status) in [
            ("/healthz", 200),
            ("/.well-known/oauth-protected-resource", 200),
            ("/whoami", 401),
            ("/records", 401),
            ("/sensitive", 401),
            ("/payments", 401),
            // A path that does not exist is no answer for strangers.
            ("/", 401),
            ("/nowhere", 401),
            ("/healthz/", 401),
            ("/healthz/more", 401),
            ("/.well-known/other", 401),
        ] {
            assert_eq!(api.send(&api.open_call("GET", path)).await.status, status, "{framework} {path}");
        }
        let token = api.token(&issuer, "records:read");
        assert_eq!(api.send(&api.call("GET", "/nowhere", &token, None)).await.status, 404);
        assert_eq!(api.send(&api.call("DELETE", "/whoami", &token, None)).await.status, 405);

        let metadata = api.send(&api.open_call("GET", "/.well-known/oauth-protected-resource")).await;
        assert_eq!(json(&metadata)["resource"], json!(api.url));
        assert_eq!(json(&metadata)["authorization_servers"], json!([issuer.identifier()]));
        assert_eq!(json(&metadata)["scopes_supported"], json!(["records:read", "records:write"]));
    }
}

#[tokio::test]
async fn both_frameworks_answer_alike() {
    let issuer = issuer();
    let apis = FRAMEWORKS.map(|framework| Api::start(&issuer, &["--framework", framework, "--nonce", "off"]));
    let answers = apis.each_ref().map(|api| {
        let token = api.token(&issuer, "records:read");
        let replayed = api.call("GET", "/whoami", &token, None);
        let bearer = Call { authorization: Some(format!("Bearer {token}")), dpop: None, ..replayed.clone() };
        let no_proof = Call { dpop: None, ..replayed.clone() };
        let calls = [
            api.open_call("GET", "/healthz"),
            api.open_call("HEAD", "/healthz"),
            api.open_call("POST", "/healthz"),
            api.open_call("GET", "/security-events"),
            api.open_call("POST", "/security-events"),
            api.open_call("GET", "/whoami"),
            api.open_call("GET", "/whoami?access_token=x"),
            api.open_call("GET", "/nowhere"),
            api.open_call("GET", "/.well-known/oauth-protected-resource"),
            api.open_call("HEAD", "/.well-known/oauth-protected-resource"),
            api.open_call("POST", "/.well-known/oauth-protected-resource"),
            replayed.clone(),
            replayed,
            bearer,
            no_proof,
            api.call("HEAD", "/whoami", &token, None),
            api.call("PUT", "/whoami", &token, None),
            api.call("GET", "/records", &token, None),
            api.call("HEAD", "/records", &token, None),
            api.call("POST", "/records", &token, None),
            api.call("DELETE", "/records", &token, None),
            api.call("GET", "/records/", &token, None),
            api.call("GET", "/sensitive", &token, None),
            api.call("HEAD", "/sensitive", &token, None),
            api.call("POST", "/sensitive", &token, None),
            api.call("GET", "/payments", &token, None),
            api.call("POST", "/payments", &token, None),
            api.call("GET", "/nowhere", &token, None),
        ];
        async move {
            let mut answers = Vec::new();
            for call in &calls {
                let answer = api.comparable(&api.send(call).await);
                answers.push((call.method, call.url.replace(&api.url, ""), answer));
            }
            answers
        }
    });
    let [axum, actix] = answers;
    for (axum, actix) in axum.await.into_iter().zip(actix.await) {
        assert_eq!(axum, actix);
    }
}

// R4, R162, R165: what the issuer has revoked is refused from the next request on.
#[tokio::test]
async fn the_issuer_pushes_what_it_has_revoked() {
    const AUTHORIZATION: &str = "Bearer agreed-secret";
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let flags = ["--framework", framework, "--nonce", "off", "--events-authorization", AUTHORIZATION];
        let api = Api::start(&issuer, &flags);
        let token = api.token(&issuer, "");
        assert_eq!(api.send(&api.call("GET", "/whoami", &token, None)).await.status, 200);
        let user = subject::iss_sub(issuer.identifier(), "alice");
        let set = issuer.issuer().session_revoked(user).audience(&api.url).sign();
        let url = format!("{}/security-events", api.url);
        let push = async |secret| api.http.push_event(&url, secret, &set).await.unwrap();
        let refused = push("Bearer guessed").await;
        assert_eq!((refused.status, &json(&refused)["err"]), (400, &json!("authentication_failed")));
        assert_eq!(api.send(&api.call("GET", "/whoami", &token, None)).await.status, 200);
        assert_eq!(push(AUTHORIZATION).await.status, 202, "{framework}");
        let refused = api.send(&api.call("GET", "/whoami", &token, None)).await;
        assert_eq!((refused.status, refused.challenge("error")), (401, Some("invalid_token")), "{framework}");
    }
}

// R51, R63: the challenge, and the call that answers it.
#[tokio::test]
async fn nonces_are_asked_for_by_policy() {
    let issuer = issuer();
    for policy in [&[][..], &["--nonce", "when-needed"], &["--nonce", "required"]] {
        let api = Api::start(&issuer, policy);
        let token = api.token(&issuer, "");
        let challenge = api.send(&api.call("GET", "/whoami", &token, None)).await;
        assert_eq!((challenge.status, challenge.challenge("error")), (401, Some("use_dpop_nonce")));
        let answer = api.send(&api.call("GET", "/whoami", &token, challenge.nonce())).await;
        assert_eq!(answer.status, 200);
    }
}

// P13, P39: could not be checked is no reason to throw a token away.
#[tokio::test]
async fn tokens_of_an_unreachable_issuer_are_answered_with_503() {
    let issuer = issuer();
    issuer.set_fault(Fault::Down);
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let token = api.token(&issuer, "");
        let answer = api.send(&api.call("GET", "/whoami", &token, None)).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (503, None));
        assert_eq!(api.send(&api.open_call("GET", "/healthz")).await.status, 200);
        api.process.signal("TERM");
        let log = api.process.ended().stderr;
        assert_eq!(log.lines().filter(|line| line.contains(" WARN ")).count(), 1, "{log}");
    }
}

// R21, P44: a line for each refusal, and nothing in it that could be used.
#[tokio::test]
async fn a_refusal_is_one_line_in_the_log() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        let api = Api::start(&issuer, &["--framework", framework, "--nonce", "off"]);
        let token = api.token(&issuer, "");
        let call = api.call("GET", "/whoami", &token, None);
        assert_eq!([api.send(&call).await.status, api.send(&call).await.status], [200, 401]);
        api.process.signal("TERM");
        let log = api.process.ended().stderr;
        let refusals: Vec<_> = log.lines().filter(|line| line.contains("request refused")).collect();
        assert!(matches!(refusals[..], [line] if line.contains("outcome=\"dpop_proof_replayed\"")), "{log}");
        let proof = call.dpop.unwrap();
        assert!(!log.contains(&token) && !log.contains(&proof) && !log.contains("alice"), "{log}");
    }
}

#[test]
fn signals_end_it_with_status_0() {
    let issuer = issuer();
    for framework in FRAMEWORKS {
        for signal in ["INT", "TERM"] {
            let api = Api::start(&issuer, &["--framework", framework]);
            // A connection that a client keeps open does not hold it up.
            let idle = kept_open(api.url.strip_prefix("http://").unwrap());
            api.process.signal(signal);
            assert_eq!(api.process.ended().code, Some(0), "{framework} {signal}");
            drop(idle);
        }
    }
}

/// A connection on which a request was answered.
fn kept_open(address: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    connection
}
