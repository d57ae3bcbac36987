//! Requests over a loopback socket: a protected API beside an unprotected one and a raw verification.
//!
//! The server has one thread, and the client another one with several requests under way on one connection, so that the
//! server is what limits the throughput: what it answers a second is what a request costs it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use fapi_benches::{Call, METHOD, PATH, RawVerification, Setup};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;

use crate::Effort;
use crate::figure::{Latencies, Report, Target, Unit, median};

/// Requests under way at a time.
const DEPTH: usize = 8;
const CALLS: usize = 20_000;
const ROUNDS: usize = 5;

/// Starts a server with one thread; protected if a resource server is given.
type Start = fn(TcpListener, Option<ResourceServer>);

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let (count, rounds) = if effort.quick { (CALLS / 10, 2) } else { (CALLS, ROUNDS) };
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let calls: Vec<Call> = (0..count).map(|_| setup.call(&client, &token)).collect();
    let requests: Vec<Vec<u8>> = calls.iter().map(request).collect();
    let mut raw = RawVerification::of(&client, &calls);
    let frameworks: [(&str, [&'static str; 2], Start); 2] = [
        ("axum", ["axum, unprotected", "axum, protected"], serve_axum),
        ("actix", ["actix, unprotected", "actix, protected"], serve_actix),
    ];
    for (framework, names, start) in frameworks {
        let mut ratios = Vec::new();
        let mut figures = [0.0; 3];
        for round in 0..rounds {
            let open = run(listen(start, None), &requests);
            let protected = run(listen(start, Some(setup.server())), &requests);
            let signed = raw.take(count.min(4_000));
            let started = Instant::now();
            raw.verify(&signed);
            let verification = started.elapsed().as_secs_f64() / count.min(4_000) as f64;
            ratios.push((open.seconds + verification) / protected.seconds);
            figures = [open.seconds, verification, protected.seconds].map(|seconds| seconds * 1e6);
            if round + 1 == rounds {
                let runs = [open, protected];
                report.latencies.extend(
                    names.into_iter().zip(runs).map(|(name, run)| Latencies::new(name, run.latencies)),
                );
            }
        }
        let [open, verification, protected] = figures;
        let detail = format!(
            "{protected:.1} µs a request, beside {open:.1} µs unprotected and {verification:.1} µs for a raw verification; one server thread"
        );
        let what = format!("requests a second over loopback beside the floor, {framework}");
        report.add(what, Target::AtLeast(0.95), median(ratios), Unit::Ratio, detail);
    }
}

/// Seconds per request, and microseconds from sending a batch to the end of each of its answers.
struct Run {
    seconds: f64,
    latencies: Vec<f64>,
}

fn listen(start: Start, server: Option<ResourceServer>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    thread::spawn(move || start(listener, server));
    address
}

fn serve_axum(listener: TcpListener, server: Option<ResourceServer>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let app = Router::new().route(PATH, get(|| async { "ok" }));
    let app = match server {
        Some(server) => app.layer(fapi_tower::AccessTokenLayer::new(server)),
        None => app,
    };
    runtime.block_on(async move {
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        axum::serve(listener, app).await.expect("a server that goes on");
    });
}

fn serve_actix(listener: TcpListener, server: Option<ResourceServer>) {
    use actix_web::middleware::Condition;
    use actix_web::{App, HttpServer, web};

    let protected = server.is_some();
    // What a condition leaves out still must be there.
    let server = server.unwrap_or_else(|| Setup::new(0).server());
    let app = move || {
        let middleware = fapi_actix::AccessTokenMiddleware::new(server.clone());
        let route = web::resource(PATH).route(web::get().to(|| async { "ok" }));
        App::new().service(route).wrap(Condition::new(protected, middleware))
    };
    let serving = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("a socket");
    actix_web::rt::System::new().block_on(serving.run()).expect("a server that goes on");
}

/// Sends all requests over one connection, some ahead of their answers.
fn run(address: SocketAddr, requests: &[Vec<u8>]) -> Run {
    let mut sender = TcpStream::connect(address).expect("a connection");
    sender.set_nodelay(true).expect("a socket");
    let mut receiver = sender.try_clone().expect("a socket");
    let (answered, may_send) = mpsc::channel::<Instant>();
    let count = requests.len();
    let start = Instant::now();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut answers = Answers::default();
            for _ in 0..count {
                answers.next(&mut receiver);
                // The sender may be done already.
                let _ = answered.send(Instant::now());
            }
        });
        let mut sent = Vec::with_capacity(count);
        let mut latencies = Vec::with_capacity(count);
        for request in requests {
            if sent.len() - latencies.len() == DEPTH {
                let at = may_send.recv().expect("an answer");
                latencies.push(at.duration_since(sent[latencies.len()]).as_secs_f64() * 1e6);
            }
            sent.push(Instant::now());
            sender.write_all(request).expect("an open connection");
        }
        reading.join().expect("every answer is 200");
        Run { seconds: start.elapsed().as_secs_f64() / count as f64, latencies }
    })
}

fn request(call: &Call) -> Vec<u8> {
    let mut text = format!("{METHOD} {PATH} HTTP/1.1\r\nhost: api.example.com\r\n");
    for (name, value) in call.headers() {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Splits what is read into answers: all have a body of two bytes.
#[derive(Default)]
struct Answers {
    buffer: Vec<u8>,
}

impl Answers {
    fn next(&mut self, stream: &mut TcpStream) {
        const END: &[u8] = b"\r\n\r\n";
        const BODY: usize = 2;
        loop {
            let head = self.buffer.windows(END.len()).position(|window| window == END);
            if let Some(length) =
                head.map(|head| head + END.len() + BODY).filter(|end| *end <= self.buffer.len())
            {
                assert!(
                    self.buffer.starts_with(b"HTTP/1.1 200"),
                    "{}",
                    String::from_utf8_lossy(&self.buffer)
                );
                self.buffer.drain(..length);
                return;
            }
            let mut chunk = [0; 16 * 1024];
            let read = stream.read(&mut chunk).expect("an open connection");
            assert!(read > 0, "the server has closed the connection");
            self.buffer.extend_from_slice(&chunk[..read]);
        }
    }
}
