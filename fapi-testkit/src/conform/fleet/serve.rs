//! Shows the board over HTTP: `/`, `/api/NAME`, `/metrics` and `/healthz`. It only ever answers GET and HEAD, reads no
//! content of a request, and has no state of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::board::Board;
use super::metrics::{self, metrics};
use super::page::{Page, overview};
use crate::conform::report;

/// How many connections are open at once; others wait.
const MAX_CONNECTIONS: usize = 64;
/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may last.
const CONNECTION_LIMIT: Duration = Duration::from_secs(120);
/// How long to wait when no connection can be accepted, as when there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What every answer says to browsers: nothing runs, nothing is loaded, and no other page may frame or read it.
const SECURITY: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Answers until the future is dropped, which closes all connections.
pub async fn serve(listener: TcpListener, board: Arc<Board>) -> Infallible {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Those that have ended are of no interest any more.
        while connections.try_join_next().is_some() {}
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, place, Arc::clone(&board)));
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, _place: Option<OwnedSemaphorePermit>, board: Arc<Board>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&board, request.method(), request.uri().path());
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the business of the client.
    let _ = timeout(CONNECTION_LIMIT, connection).await;
}

/// The content of HEAD is left out by hyper.
pub(super) fn answer(board: &Board, method: &Method, path: &str) -> Response<Full<Bytes>> {
    if ![Method::GET, Method::HEAD].contains(method) {
        let mut refusal = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match path {
        "/" => response(StatusCode::OK, HTML, overview(&board.standings(), Page::Served)),
        "/metrics" => response(StatusCode::OK, metrics::CONTENT_TYPE, metrics(&board.standings())),
        "/healthz" => response(StatusCode::OK, TEXT, "ok\n"),
        _ => match path.strip_prefix("/api/").and_then(|name| board.report(name)) {
            Some(report) => response(StatusCode::OK, HTML, report::html(&report)),
            None => {
                response(StatusCode::NOT_FOUND, TEXT, "there is no such page, or nothing to show on it yet\n")
            }
        },
    }
}

fn response(
    status: StatusCode,
    content_type: &'static str,
    content: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in SECURITY {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
