//! A client that keeps a server busy: connections that are kept alive, each with several requests under way, which are
//! sent together and so cost the client less than the server.

use std::hint;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use fapi_benches::{Call, METHOD, PATH};

/// Connections of all threads together.
const CONNECTIONS: usize = 8;
/// Requests that a connection has under way.
const DEPTH: usize = 8;
/// Threads of the client: the server has one, and the machine's other cores are the client's.
const MAX_THREADS: usize = 4;

/// What the requests have taken.
pub(super) struct Load {
    pub(super) requests: usize,
    /// Seconds until all were answered, for each of them.
    pub(super) seconds: f64,
    /// Microseconds from sending each request to reading its answer.
    pub(super) latencies: Vec<f64>,
}

/// Requests that are sent together.
pub(super) struct Batch {
    bytes: Vec<u8>,
    count: usize,
}

/// The calls as requests over HTTP, in batches.
pub(super) fn batches(calls: &[Call]) -> Vec<Batch> {
    let batch =
        |calls: &[Call]| Batch { bytes: calls.iter().flat_map(request).collect(), count: calls.len() };
    calls.chunks(DEPTH).map(batch).collect()
}

fn request(call: &Call) -> Vec<u8> {
    let mut text = format!("{METHOD} {PATH} HTTP/1.1\r\nhost: api.example.com\r\n");
    for (name, value) in call.headers() {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Sends all batches, and waits for all answers.
pub(super) fn send(address: SocketAddr, batches: &[Batch]) -> Load {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.saturating_sub(1).clamp(1, MAX_THREADS);
    let start = Instant::now();
    let latencies: Vec<f64> = thread::scope(|scope| {
        let share = batches.len().div_ceil(threads);
        let running: Vec<_> = batches
            .chunks(share)
            .map(|batches| scope.spawn(move || drive(address, batches, CONNECTIONS.div_ceil(threads))))
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("every answer is 200")).collect()
    });
    let seconds = start.elapsed().as_secs_f64() / latencies.len() as f64;
    Load { requests: latencies.len(), seconds, latencies }
}

/// Sends the batches over all connections in turn, each as soon as its connection has its last answers.
fn drive(address: SocketAddr, batches: &[Batch], connections: usize) -> Vec<f64> {
    let mut connections: Vec<Connection> = (0..connections).map(|_| Connection::to(address)).collect();
    let mut latencies = Vec::new();
    let count = connections.len();
    for (number, batch) in batches.iter().enumerate() {
        let connection = &mut connections[number % count];
        connection.receive(&mut latencies);
        connection.send(batch);
    }
    connections.iter_mut().for_each(|connection| connection.receive(&mut latencies));
    latencies
}

struct Connection {
    stream: TcpStream,
    /// When the requests were sent that are under way.
    sent: Instant,
    under_way: usize,
}

impl Connection {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        // The client never sleeps: waking it would be counted as the server's time.
        stream.set_nonblocking(true).expect("a socket");
        Self { stream, sent: Instant::now(), under_way: 0 }
    }

    fn send(&mut self, batch: &Batch) {
        (self.sent, self.under_way) = (Instant::now(), batch.count);
        self.stream.write_all(&batch.bytes).expect("an open connection");
    }

    /// Waits for the answers to the requests under way: how long each took, in microseconds.
    fn receive(&mut self, latencies: &mut Vec<f64>) {
        /// All answers end in this body.
        const END: &[u8] = b"\r\n\r\nok";
        let mut buffer = [0; 1024 * DEPTH];
        let (mut read, mut seen) = (0, 0);
        while self.under_way > 0 {
            let unseen = &buffer[seen..read];
            if let Some(position) = unseen.windows(END.len()).position(|window| window == END) {
                let text = String::from_utf8_lossy(&unseen[..position]);
                assert!(text.starts_with("HTTP/1.1 200"), "refused: {text}");
                latencies.push(self.sent.elapsed().as_secs_f64() * 1e6);
                (seen, self.under_way) = (seen + position + END.len(), self.under_way - 1);
                continue;
            }
            let more = match self.stream.read(&mut buffer[read..]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    hint::spin_loop();
                    continue;
                }
                more => more.expect("an open connection"),
            };
            assert!(more > 0, "no answer: {}", String::from_utf8_lossy(&buffer[seen..read]));
            read += more;
        }
    }
}
