//! What the default HTTP client reaches, and how much of it: R12, R108, R117, R118.
#![cfg(feature = "reqwest")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use fapi_core::{HttpClient, HttpError, HttpResponse, ReqwestClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const JSON: &str = "application/json";

fn strict() -> ReqwestClient {
    ReqwestClient::new().unwrap()
}

fn development() -> ReqwestClient {
    ReqwestClient::builder().allow_insecure_loopback().build().unwrap()
}

/// A server on this machine; every request's head is sent to the channel, and `answer` is sent back, on a connection for
/// itself.
async fn serve(answer: &'static str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let answer = answer.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            sender.send(read_head(&mut stream).await).unwrap();
            // The client may have seen enough and gone.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, requests)
}

/// Reads a request, and returns its head.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    stream.read_exact(&mut vec![0; length.map_or(0, |length| length.parse().unwrap())]).await.unwrap();
    head
}

async fn get(client: &ReqwestClient, url: &str) -> Result<HttpResponse, HttpError> {
    client.get(url, JSON).await
}

#[tokio::test]
async fn fetches_an_answer() {
    let (address, mut requests) = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
    let answer = get(&development(), &format!("http://{address}/jwks?a=b")).await.unwrap();
    assert_eq!(answer, HttpResponse::new(200, "{}"));
    let head = requests.recv().await.unwrap();
    assert!(head.starts_with("GET /jwks?a=b HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nuser-agent: fapi-core/{}\r\n", env!("CARGO_PKG_VERSION"))), "{head}");
}

// R121: a form goes out as it is, with the credentials that it was given and no others.
#[tokio::test]
async fn posts_a_form() {
    let (address, mut requests) = serve(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}",
    )
    .await;
    let (client, url) = (development(), format!("http://{address}/introspect"));
    for authorization in [None, Some("Basic YTpi")] {
        let answer = client.post_form(&url, JSON, authorization, "token=a%20b").await.unwrap();
        assert_eq!(answer, HttpResponse::new(200, "{}").with_content_type("application/json; charset=utf-8"));
        let head = requests.recv().await.unwrap();
        assert!(head.starts_with("POST /introspect HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{head}");
        assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-length: 11\r\n"), "{head}");
        let sent = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        assert_eq!(sent, authorization, "{head}");
    }
}

// R121, R180: the limits of a form are those of every request: no redirect, size, time, URLs, addresses.
#[tokio::test(start_paused = true)]
async fn a_form_has_the_same_limits() {
    let post = |client: ReqwestClient, url: String| async move {
        client.post_form(&url, JSON, Some("Basic YTpi"), "token=secret").await
    };
    let (elsewhere, mut visits) = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let answer =
            format!("HTTP/1.1 {status}\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
        let (address, _requests) = serve(answer.leak()).await;
        let answer = post(development(), format!("http://{address}/")).await.unwrap();
        assert!(status.starts_with(&answer.status.to_string()));
        assert!(visits.try_recv().is_err());
    }
    let large = format!("HTTP/1.1 200 OK\r\ncontent-length: 600000\r\n\r\n{}", "a".repeat(600_000));
    let (address, _requests) = serve(large.leak()).await;
    assert_eq!(post(development(), format!("http://{address}/")).await, Err(HttpError::TooLarge));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    assert_eq!(post(development(), url.clone()).await, Err(HttpError::TimedOut));
    assert_eq!(post(strict(), url.clone()).await, Err(HttpError::UrlRefused));
    assert_eq!(post(strict(), url.replace("http:", "https:")).await, Err(HttpError::AddressRefused));
    assert_eq!(post(strict(), "https://10.0.0.1/".to_owned()).await, Err(HttpError::AddressRefused));
}

#[tokio::test]
async fn localhost_is_resolved() {
    let (address, _requests) = serve("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
    let answer = get(&development(), &format!("http://localhost:{}/", address.port())).await.unwrap();
    assert_eq!(answer, HttpResponse::new(404, ""));
}

// R118: Cache-Control.
#[tokio::test]
async fn reads_cache_control() {
    let of = |answer| async move {
        let (address, _requests) = serve(answer).await;
        get(&development(), &format!("http://{address}/")).await.unwrap().max_age
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(
        of("HTTP/1.1 200 OK\r\ncache-control: public, Max-Age=90\r\ncontent-length: 0\r\n\r\n").await,
        seconds(90)
    );
    assert_eq!(
        of("HTTP/1.1 200 OK\r\ncache-control: public\r\ncache-control: max-age=\"5\"\r\ncontent-length: 0\r\n\r\n").await,
        seconds(5)
    );
    assert_eq!(
        of("HTTP/1.1 200 OK\r\ncache-control: max-age=90, no-store\r\ncontent-length: 0\r\n\r\n").await,
        seconds(0)
    );
    assert_eq!(of("HTTP/1.1 200 OK\r\ncache-control: max-age=-1\r\ncontent-length: 0\r\n\r\n").await, None);
    assert_eq!(of("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await, None);
}

// R118: a redirect is handed back, and nobody goes where it points.
#[tokio::test]
async fn follows_no_redirect() {
    let (elsewhere, mut visits) = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
    let (address, _requests) = serve(answer.leak()).await;
    assert_eq!(get(&development(), &format!("http://{address}/")).await.unwrap().status, 302);
    assert!(visits.try_recv().is_err());
}

// R118: an answer of 512 KiB is read; one byte more is refused, announced or not.
#[tokio::test]
async fn bounds_the_answer() {
    const LIMIT: usize = 512 * 1024;
    let announced =
        |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "a".repeat(bytes));
    let chunked = |bytes: usize| {
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{bytes:x}\r\n{}\r\n0\r\n\r\n",
            "a".repeat(bytes)
        )
    };
    for (answer, accepted) in [
        (announced(LIMIT), true),
        (chunked(LIMIT), true),
        (announced(LIMIT + 1), false),
        (chunked(LIMIT + 1), false),
    ] {
        let (address, _requests) = serve(answer.leak()).await;
        let answer = get(&development(), &format!("http://{address}/")).await;
        assert_eq!(
            answer.map(|answer| answer.body.len()),
            if accepted { Ok(LIMIT) } else { Err(HttpError::TooLarge) }
        );
    }
}

// R118: an answer without end is not read to its end.
#[tokio::test]
async fn stops_reading_an_endless_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    });
    assert_eq!(get(&development(), &format!("http://{address}/")).await, Err(HttpError::TooLarge));
    // The client has closed the connection.
    server.await.unwrap();
}

// R118, R120: a server that accepts and says nothing. (Time that is paused runs on by itself while all wait.)
#[tokio::test(start_paused = true)]
async fn gives_up_on_a_silent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(get(&development(), &format!("http://{address}/")).await, Err(HttpError::TimedOut));
}

// The operator is told why.
#[tokio::test]
async fn names_the_reason_of_a_failed_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&development(), &format!("http://{address}/secret?path")).await.unwrap_err();
    let HttpError::Connection(reason) = &error else { panic!("{error:?}") };
    assert!(reason.starts_with("Connection refused"), "{reason}");
}

// R12, R117: https only; http is for loopback hosts, and only where it was allowed; credentials in a URL are refused.
#[tokio::test]
async fn refuses_urls() {
    for url in [
        "",
        "as.example",
        "http://as.example/",
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "ftp://as.example",
        "file:///etc/passwd",
    ] {
        assert_eq!(get(&strict(), url).await, Err(HttpError::UrlRefused), "{url}");
    }
    for url in [
        "http://as.example/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "http://user@localhost:1/",
        "https://user:pass@as.example/",
    ] {
        assert_eq!(get(&development(), url).await, Err(HttpError::UrlRefused), "{url}");
    }
}

// R108: addresses in the URL, in every notation.
#[tokio::test]
async fn refuses_addresses() {
    let private = ReqwestClient::builder().allow_private_addresses().build().unwrap();
    for host in [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "0x0a.1",
        "167772161",
    ] {
        let url = format!("https://{host}:1/");
        assert_eq!(get(&strict(), &url).await, Err(HttpError::AddressRefused), "{url}");
        assert_eq!(get(&development(), &url).await, Err(HttpError::AddressRefused), "{url}");
    }
    for host in ["127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("https://{host}:1/");
        assert_eq!(get(&strict(), &url).await, Err(HttpError::AddressRefused), "{url}");
    }
    // Where clouds keep their credentials: never.
    for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "[::]", "224.0.0.1"] {
        let url = format!("https://{host}/");
        for client in [strict(), development(), private.clone()] {
            assert_eq!(get(&client, &url).await, Err(HttpError::AddressRefused), "{url}");
        }
    }
}

// R108: a name that resolves to this machine is refused before anybody connects; with private addresses it is reached.
#[tokio::test]
async fn refuses_names_with_such_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    assert_eq!(get(&strict(), &url).await, Err(HttpError::AddressRefused));
    // The first connection that arrives is that of the second client.
    let private = ReqwestClient::builder().allow_private_addresses().build().unwrap();
    let (answer, accepted) = tokio::join!(get(&private, &url), async { listener.accept().await.map(drop) });
    assert!(accepted.is_ok());
    assert!(matches!(answer, Err(HttpError::Connection(_))), "{answer:?}");
}
