//! A fleet of real servers on loopback: one that this project protects, one that lets everybody in, one that serves nothing.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use fapi_core::{HttpClient, HttpError, HttpResponse};
use fapi_tower::{AccessToken, AccessTokenLayer, Issuer, ResourceServer};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;

use super::board::Attempt;
use super::open::Source;
use super::serve::answer;
use super::*;
use crate::catalogue::Severity;
use crate::conform::Report;
use crate::conform::report::sample;

/// The API that this project protects, as its clients know it.
const PROTECTED: &str = "https://api.example.com";

/// A listener that an API will use, and its address.
fn port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn start(listener: TcpListener, router: Router) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// The keys are given; but an issuer may be on loopback only if the client allows it.
#[derive(Debug)]
struct NoFetches;

#[async_trait::async_trait]
impl HttpClient for NoFetches {
    async fn get(&self, _url: &str, _accept: &str) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse::new(404, ""))
    }

    fn allows_insecure_loopback(&self) -> bool {
        true
    }
}

/// An API as this project protects it, which trusts the issuer.
fn protected(fleet: &Fleet) -> Router {
    let Source::Issuer(issuer) = &fleet.apis.first().unwrap().source else {
        panic!("an issuer of the run's own")
    };
    let server = ResourceServer::builder()
        .public_url(PROTECTED)
        .http_client(Arc::new(NoFetches))
        .audience(PROTECTED)
        .revocation(fapi_core::Revocation::max_token_lifetime(std::time::Duration::from_secs(3600)))
        .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
        .build()
        .unwrap();
    Router::new()
        .route("/whoami", get(async |token: AccessToken| token.subject().as_str().to_owned()))
        .layer(AccessTokenLayer::new(server))
}

/// Three APIs with one issuer: `protected`, `open` and `broken`. All of them answer.
fn three() -> Fleet {
    let [(protected_at, a), (open_at, b), (broken_at, c)] = [port(), port(), port()];
    let issuer = port().1;
    let text = format!(
        "[defaults]\nrate = 1000\ncredentials = {{ issuer-listen = \"{issuer}\" }}\n\
         [[api]]\nname = \"protected\"\ntarget = \"http://{a}\"\npublic-url = \"{PROTECTED}\"\n\
         [[api]]\nname = \"open\"\ntarget = \"http://{b}\"\n\
         [[api]]\nname = \"broken\"\ntarget = \"http://{c}\"\n"
    );
    let fleet = Fleet::open(&FleetFile::parse(&text, Path::new("")).unwrap()).unwrap();
    start(protected_at, protected(&fleet));
    start(open_at, Router::new().fallback(async || "come in"));
    start(broken_at, Router::new().fallback(async || StatusCode::NOT_FOUND));
    fleet
}

fn silent() -> FleetListener {
    Arc::new(|_, _| ())
}

#[tokio::test]
async fn each_api_is_judged_by_itself() {
    let fleet = three().only(&["credentials".to_owned(), "keys".to_owned()]).unwrap();
    let board = Board::new(&fleet);
    assert!(board.standings().iter().all(|standing| standing.state() == State::Waiting));

    fleet.run(&board, silent()).await;

    let standings = board.standings();
    let [protected, open, broken] = standings.as_slice() else { panic!("three APIs") };
    assert_eq!(protected.state(), State::Passed, "{:?}", protected.report.as_ref().map(|it| it.failures()));
    assert_eq!(open.state(), State::Failed(Severity::Critical));
    assert_eq!(broken.state(), State::CouldNotTest);
    assert!(broken.obstacle().unwrap().contains("404"), "{:?}", broken.obstacle());
    // Who fetched the keys cannot be told of APIs that share an issuer.
    let cases: Vec<_> =
        protected.report.as_ref().unwrap().outcomes.iter().map(|outcome| outcome.case).collect();
    assert!(cases.iter().any(|case| case.group == crate::catalogue::Group::Keys));
    assert!(cases.iter().all(|case| !case.needs.contains(&crate::catalogue::Need::ServedIssuer)));
}

#[tokio::test]
async fn no_more_run_at_once_than_may() {
    let fleet = three().only(&["valid".to_owned()]).unwrap().parallel(std::num::NonZeroUsize::MIN);
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let listener: FleetListener = Arc::new({
        let most = Arc::clone(&most);
        move |_, progress| match progress {
            FleetProgress::Started => {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            FleetProgress::Ended(_) => drop(now.fetch_sub(1, Ordering::SeqCst)),
            FleetProgress::Running(_) => {}
        }
    });
    fleet.run(&Board::new(&fleet), listener).await;
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn watching_repeats_and_rounds_never_overlap() {
    let fleet = three().only(&["valid".to_owned()]).unwrap();
    let board = Board::new(&fleet);
    let events = Arc::new(Mutex::new(vec![]));
    let listener: FleetListener = Arc::new({
        let events = Arc::clone(&events);
        move |_, progress| match progress {
            FleetProgress::Started => events.lock().unwrap().push("start"),
            FleetProgress::Ended(_) => events.lock().unwrap().push("end"),
            FleetProgress::Running(_) => {}
        }
    });
    let (rounds, mut counted) = tokio::sync::mpsc::unbounded_channel();
    let after_round = |_: &Board| {
        events.lock().unwrap().push("round");
        rounds.send(()).unwrap();
    };
    tokio::select! {
        never = watch(&fleet, &board, Duration::from_millis(1), listener, after_round) => match never {},
        _ = async { for _ in 0..3 { counted.recv().await.unwrap(); } } => {}
    }
    let events = events.lock().unwrap();
    for round in events.split(|event| *event == "round").take(3) {
        let count = |wanted| round.iter().filter(|event| **event == wanted).count();
        assert_eq!((count("start"), count("end")), (3, 3));
    }
}

#[test]
fn names_of_no_case_are_refused() {
    let file = FleetFile::parse(
        "[[api]]\nname = \"a\"\ntarget = \"http://a\"\ncredentials = { token-command = \"true\" }\n",
        Path::new(""),
    );
    let error = Fleet::open(&file.unwrap()).unwrap().only(&["nonsense".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "no case or group goes by the name \"nonsense\"");
}

#[test]
fn a_file_that_is_not_there_is_noticed_before_anything_is_sent() {
    let file = FleetFile::parse(
        "[[api]]\nname = \"a\"\ntarget = \"http://a\"\ncredentials = { token-file = \"t\", key-file = \"k\" }\n",
        Path::new("/nowhere"),
    );
    let error = Fleet::open(&file.unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("the API \"a\": /nowhere/k: "), "{error}");
}

fn standing(name: &str, results: Vec<Result<Report, String>>) -> Standing {
    let (name, public_url) = (name.to_owned(), "https://api.example.com".to_owned());
    let board = Board::of(vec![Standing { name: name.clone(), public_url, last: None, report: None }]);
    for result in results {
        board.record(&name, Attempt::ending_now(Duration::from_millis(1500), result));
    }
    board.standings().remove(0)
}

/// One of each kind.
fn standings() -> Vec<Standing> {
    vec![
        standing("good", vec![Ok(sample::passing())]),
        standing("bad", vec![Ok(sample::failing())]),
        standing("gone", vec![Ok(sample::passing()), Err("the API cannot be reached".to_owned())]),
        standing("never", vec![Err("there are no tokens".to_owned())]),
        standing("next", vec![]),
    ]
}

#[test]
fn the_last_report_outlives_an_attempt_that_fails() {
    let gone = standings().remove(2);
    assert_eq!(gone.state(), State::CouldNotTest);
    assert!(gone.report.is_some());
    assert_eq!(gone.obstacle(), Some("the API cannot be reached"));
}

#[test]
fn the_worst_come_first() {
    let page = overview(&standings(), Page::File { reports: "apis" });
    let place = |text: &str| page.find(text);
    assert!(page.contains("<h1>1 of 2 APIs failed; 2 could not be tested; 1 not tested yet.</h1>"), "{page}");
    let order: Vec<_> =
        ["apis/bad.html", "apis/gone.html", "never<", "next<", "apis/good.html"].map(place).to_vec();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}");
    assert!(!page.contains("http-equiv=\"refresh\""));
}

#[test]
fn hostile_text_stays_text_in_the_overview() {
    let mut hostile = standing("a", vec![Ok(sample::failing()), Err(sample::HOSTILE.to_owned())]);
    hostile.public_url = sample::HOSTILE.to_owned();
    let page = overview(&[hostile], Page::Served);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert!(page.contains("http-equiv=\"refresh\"") && page.contains("href=\"/api/a\""));
}

/// Name, labels and value.
type Sample<'a> = (&'a str, Vec<(&'a str, &'a str)>, f64);

/// A line of the text format.
fn sample_line(line: &str) -> Option<Sample<'_>> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.strip_suffix('}')?.split_once('{')?;
    let labels = labels.split(',').map(|label| {
        let (name, value) = label.split_once('=')?;
        Some((name, value.strip_prefix('"')?.strip_suffix('"')?))
    });
    Some((name, labels.collect::<Option<_>>()?, value.parse().ok()?))
}

#[test]
fn metrics_can_be_read() {
    let text = metrics(&standings());
    let (comments, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with('#'));
    assert_eq!(comments.last(), Some(&"# EOF"));
    let samples: Vec<_> =
        lines.iter().map(|line| sample_line(line).unwrap_or_else(|| panic!("{line}"))).collect();
    let value = |name: &str, labels: &[(&str, &str)]| {
        let same = |them: &Vec<(&str, &str)>| {
            labels.iter().all(|label| them.contains(label)) && them.len() == labels.len()
        };
        samples.iter().find(|(other, them, _)| *other == name && same(them)).map(|(_, _, value)| *value)
    };
    assert_eq!(value("fapi_conform_cases", &[("api", "bad"), ("result", "failed")]), Some(4.0));
    assert_eq!(value("fapi_conform_cases", &[("api", "good"), ("result", "failed")]), Some(0.0));
    assert_eq!(value("fapi_conform_failures", &[("api", "bad"), ("severity", "critical")]), Some(2.0));
    assert_eq!(value("fapi_conform_failures", &[("api", "good"), ("severity", "critical")]), Some(0.0));
    assert_eq!(value("fapi_conform_up", &[("api", "good")]), Some(1.0));
    assert_eq!(value("fapi_conform_up", &[("api", "gone")]), Some(0.0));
    assert_eq!(value("fapi_conform_up", &[("api", "next")]), None);
    assert_eq!(value("fapi_conform_duration_seconds", &[("api", "gone")]), Some(1.5));
    assert!(value("fapi_conform_last_run_timestamp_seconds", &[("api", "good")]).unwrap() > 1.7e9);
}

#[test]
fn labels_are_escaped() {
    let text = metrics(&[standing("a\"} 1\n\\", vec![Err(String::new())])]);
    assert!(text.contains("fapi_conform_up{api=\"a\\\"} 1\\n\\\\\"} 0\n"), "{text}");
}

#[test]
fn pages_are_answered_and_nothing_else() {
    let board = Board::of(standings());
    let table = [
        (Method::GET, "/", 200, "text/html; charset=utf-8"),
        (Method::HEAD, "/", 200, "text/html; charset=utf-8"),
        (Method::GET, "/api/bad", 200, "text/html; charset=utf-8"),
        // The last report of one that cannot be reached any more.
        (Method::GET, "/api/gone", 200, "text/html; charset=utf-8"),
        (Method::GET, "/api/next", 404, "text/plain; charset=utf-8"),
        (Method::GET, "/api/../bad", 404, "text/plain; charset=utf-8"),
        (Method::GET, "/healthz", 200, "text/plain; charset=utf-8"),
        (Method::GET, "/metrics", 200, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        (Method::POST, "/", 405, "text/plain; charset=utf-8"),
        (Method::OPTIONS, "/metrics", 405, "text/plain; charset=utf-8"),
    ];
    for (method, path, status, content_type) in table {
        let answer = answer(&board, &method, path);
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some(content_type), "{method} {path}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("cache-control"), Some("no-store"));
        assert!(header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!(header("allow"), (status == 405).then_some("GET, HEAD"));
    }
}

#[tokio::test]
async fn the_board_is_served_and_large_heads_are_not_read() -> Result<(), Box<dyn std::error::Error>> {
    let (listener, address) = port();
    let board = Arc::new(Board::of(standings()));
    tokio::spawn(serve(tokio::net::TcpListener::from_std(listener)?, board));
    for (padding, status) in [(0, 200), (64 * 1024, 431)] {
        let stream = tokio::net::TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request =
            Request::get("/").header("x-padding", "x".repeat(padding)).body(Empty::<Bytes>::new())?;
        let answer = sender.send_request(request).await?;
        assert_eq!(answer.status().as_u16(), status);
        let content = answer.into_body().collect().await?.to_bytes();
        assert_eq!(String::from_utf8_lossy(&content).contains("1 of 2 APIs failed"), status == 200);
    }
    Ok(())
}
