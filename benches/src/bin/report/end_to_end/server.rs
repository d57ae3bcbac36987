//! An API of one thread, in axum or actix-web, protected or not. It also says what CPU time that thread has used.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use fapi_benches::{PATH, Setup};
use fapi_core::ResourceServer;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

/// Where the server says what CPU time its thread has used; needs no token.
const CPU_TIME: &str = "/cpu-time";

#[derive(Clone, Copy)]
pub(super) enum Framework {
    Axum,
    Actix,
}

impl Framework {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts a server; protected if a resource server is given.
    pub(super) fn start(framework: Framework, protection: Option<ResourceServer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || match framework {
            Framework::Axum => serve_axum(listener, protection, stopped),
            Framework::Actix => serve_actix(listener, protection, stopped),
        });
        Self { address, stop, thread }
    }

    /// Seconds that the thread which serves has been at work.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        let request =
            format!("GET {CPU_TIME} HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("an open connection");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (_, seconds) = answer.rsplit_once("\r\n\r\n").expect("an answer has a body");
        seconds.parse().expect("a number")
    }

    pub(super) fn stop(self) {
        self.stop.send(()).expect("a server that is still there");
        self.thread.join().expect("a server that stops");
    }
}

async fn cpu_time() -> String {
    cpu_seconds_of_thread().to_string()
}

/// Seconds that the thread which asks has been at work.
pub(super) fn cpu_seconds_of_thread() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn serve_axum(listener: TcpListener, protection: Option<ResourceServer>, stopped: oneshot::Receiver<()>) {
    use axum::Router;
    use axum::routing::get;
    use axum::serve::ListenerExt as _;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let app = Router::new().route(PATH, get(|| async { "ok" }));
    let app = match protection {
        Some(server) => app.layer(fapi_tower::AccessTokenLayer::new(server)),
        None => app,
    };
    let app = app.route(CPU_TIME, get(cpu_time));
    runtime.block_on(async move {
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        // Without it, answers wait for the acknowledgement of those before them.
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a socket"));
        let serving =
            axum::serve(listener, app).with_graceful_shutdown(async { stopped.await.unwrap_or(()) });
        serving.await.expect("a server that goes on");
    });
}

fn serve_actix(listener: TcpListener, protection: Option<ResourceServer>, stopped: oneshot::Receiver<()>) {
    use actix_web::middleware::Condition;
    use actix_web::{App, HttpServer, web};

    let protected = protection.is_some();
    // What a condition leaves out still must be there.
    let server = protection.unwrap_or_else(|| Setup::new(0).server());
    let app = move || {
        let middleware = fapi_actix::AccessTokenMiddleware::new(server.clone());
        let route = web::resource(PATH).route(web::get().to(|| async { "ok" }));
        App::new()
            .service(route.wrap(Condition::new(protected, middleware)))
            .route(CPU_TIME, web::get().to(cpu_time))
    };
    actix_web::rt::System::new().block_on(async move {
        let serving =
            HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("a socket").run();
        let handle = serving.handle();
        let serving = actix_web::rt::spawn(serving);
        stopped.await.unwrap_or(());
        handle.stop(false).await;
        serving.await.expect("a server that stops").expect("a server that went on");
    });
}
