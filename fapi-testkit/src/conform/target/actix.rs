//! An actix-web application, served on a loopback port for as long as the target lives.
//!
//! Over a socket, because a service of actix-web stays on one thread, and because that is how its own HTTP server shows
//! repeated header fields, unusual methods and what it makes of both.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServerHandle};
use actix_web::{Error, HttpServer, rt};
use async_trait::async_trait;
use fapi_core::PeerCertificate;

use super::{Answer, Call, HttpTarget, Target, TargetError};

/// As many as it takes to see that they share one memory of used proofs.
const WORKERS: usize = 2;

/// An actix-web application on a loopback port. Dropping it stops the server.
#[derive(Debug)]
pub struct ActixTarget {
    http: HttpTarget,
    certificate: Option<PeerCertificate>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// What the thread of the server reports once it listens.
type Listening = (ServerHandle, SocketAddr);

impl ActixTarget {
    /// Serves the application that `app` makes, as it does for [`HttpServer::new`], over connections with this client
    /// certificate.
    ///
    /// # Errors
    /// If there is no free port, or the server does not start.
    pub fn serve<F, I, S, B>(app: F, certificate: Option<PeerCertificate>) -> io::Result<Self>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error>,
        S::InitError: Debug,
        S::Response: Into<Response<B>>,
        B: MessageBody + 'static,
    {
        let (report, reported) = mpsc::channel();
        let shown = certificate.clone();
        let thread = thread::spawn(move || {
            if let Err(error) = rt::System::new().block_on(run(app, shown, &report)) {
                // Nobody listens any more once the server has started.
                let _ = report.send(Err(error));
            }
        });
        let ended = |_| io::Error::other("the server ended before it listened");
        let (handle, address) = reported.recv().map_err(ended)??;
        let http = HttpTarget::new(&format!("http://{address}"))?;
        Ok(Self { http, certificate, handle, thread: Some(thread) })
    }
}

async fn run<F, I, S, B>(
    app: F,
    certificate: Option<PeerCertificate>,
    report: &mpsc::Sender<io::Result<Listening>>,
) -> io::Result<()>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error>,
    S::InitError: Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let server = HttpServer::new(app)
        .on_connect(move |_, data| {
            if let Some(certificate) = &certificate {
                data.insert(certificate.clone());
            }
        })
        .workers(WORKERS)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = server.addrs().first().copied().ok_or_else(|| io::Error::other("no address"))?;
    let server = server.run();
    let _ = report.send(Ok((server.handle(), address)));
    server.await
}

impl Drop for ActixTarget {
    fn drop(&mut self) {
        // The request to stop is sent at once; what is dropped is only the wait for its end.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            // A panic of the server has already been reported on its own thread.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Target for ActixTarget {
    async fn send(&self, call: &Call) -> Result<Answer, TargetError> {
        self.http.send(call).await
    }

    fn address(&self) -> String {
        self.http.address()
    }

    fn is_network(&self) -> bool {
        true
    }

    fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_ref().map(PeerCertificate::der)
    }
}
