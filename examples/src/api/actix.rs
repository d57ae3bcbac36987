//! The API in actix-web: one middleware around everything that needs a token, and one more where a route needs more.

use std::future::Future;
use std::io;

use actix_web::{App, HttpResponse, HttpServer, Responder, Route, guard, web};
use fapi_actix::{AccessToken, AccessTokenMiddleware, Require, security_events};
use fapi_core::{Requirement, ResourceServer};
use rustls::ServerConfig;
use tokio::net::TcpListener;

use super::{GRACE, HEALTHY, Login, Payment, READ, Records, SECURITY_EVENTS, WRITE, Whoami, recent_login};

/// The routes of the API.
///
/// The server and the records were made once, outside of the closure of `HttpServer::new`, and are shared by its workers.
fn routes(config: &mut web::ServiceConfig, server: ResourceServer, records: Records) {
    let read = get().to(list).wrap(Require::new(Requirement::scope(READ)));
    let write = web::post().to(add).wrap(Require::new(Requirement::scope(WRITE)));
    let sensitive = get().to(sensitive).wrap(Require::new(recent_login()));
    let payments = web::post().to(pay).wrap(Require::new(Payment::consent()));
    let events = security_events(SECURITY_EVENTS, &server);
    let protected = web::scope("")
        .service(web::resource("/whoami").route(get().to(whoami)))
        .service(web::resource("/records").route(read).route(write))
        .service(web::resource("/sensitive").route(sensitive))
        .service(web::resource("/payments").route(payments))
        // The scope has every path but those before it: without a token, nobody learns which ones exist.
        .wrap(AccessTokenMiddleware::new(server));
    config
        .app_data(web::Data::new(records))
        .service(web::resource("/healthz").route(get().to(|| async { web::Json(HEALTHY) })))
        .service(events)
        .service(protected);
}

/// RFC 9110 §9.3.2: what answers `GET` answers `HEAD`.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn whoami(token: AccessToken) -> impl Responder {
    HttpResponse::Ok().json(Whoami::of(&token))
}

async fn list(records: web::Data<Records>) -> impl Responder {
    web::Json(records.list())
}

async fn add(token: AccessToken, records: web::Data<Records>) -> impl Responder {
    HttpResponse::Created().json(records.add(&token))
}

async fn sensitive(token: AccessToken) -> impl Responder {
    HttpResponse::Ok().json(Login::of(&token))
}

async fn pay(token: AccessToken) -> impl Responder {
    match Payment::granted_by(&token) {
        Some(payment) => HttpResponse::Created().json(payment),
        None => HttpResponse::Forbidden().finish(),
    }
}

/// Serves the API until `stop`; then lets the requests under way end.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    server: ResourceServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_on(listener, None, server, stop).await
}

/// The same with TLS, such as that of `fapi_core::ServerTls`.
///
/// # Errors
/// Those of the listener.
pub async fn serve_tls(
    listener: TcpListener,
    tls: ServerConfig,
    server: ResourceServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_on(listener, Some(tls), server, stop).await
}

async fn serve_on(
    listener: TcpListener,
    tls: Option<ServerConfig>,
    server: ResourceServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let records = Records::default();
    let http = HttpServer::new(move || {
        App::new().configure(|config| routes(config, server.clone(), records.clone()))
    })
    // So that the middleware knows the client certificate of a connection.
    .on_connect(fapi_actix::on_connect)
    .shutdown_signal(stop)
    .shutdown_timeout(GRACE.as_secs());
    let listener = listener.into_std()?;
    match tls {
        Some(tls) => http.listen_rustls_0_23(listener, tls)?,
        None => http.listen(listener)?,
    }
    .run()
    .await
}
