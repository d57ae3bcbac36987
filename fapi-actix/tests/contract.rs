//! The contract table through actix-web: the answers of the core, carried unchanged.

#![allow(missing_docs, reason = "tests")]
#![allow(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::net::SocketAddr;

use actix_web::http::Method;
use actix_web::test::TestRequest as ActixRequest;
use actix_web::{App, HttpMessage as _, HttpRequest, HttpResponse, test, web};
use fapi_actix::{AccessTokenMiddleware, Peer, PeerCertificate, Require};
use fapi_testkit::contract::{Contract, ECHOED_HEADERS, Expected, SEEN_BY_HANDLER, TestRequest};

fn request(sent: &TestRequest) -> ActixRequest {
    let method = Method::from_bytes(sent.method.as_bytes()).expect("the contract's methods are valid");
    let mut request = ActixRequest::default().method(method).uri(sent.target);
    if let Peer::Address(address) = sent.peer {
        request = request.peer_addr(SocketAddr::new(address, 4711));
    }
    for (name, value) in &sent.headers {
        request = request.append_header((*name, value.as_str()));
    }
    request
}

/// Says what has come of the headers of proxies.
async fn seen(request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for name in ECHOED_HEADERS.into_iter().filter(|name| request.headers().contains_key(*name)) {
        answer.append_header((SEEN_BY_HANDLER, name));
    }
    answer.finish()
}

#[actix_web::test]
async fn every_request_gets_exactly_the_answer_of_the_contract() {
    for contract in Contract::all("GET") {
        check(contract).await;
    }
}

async fn check(Contract { server, routes, cases }: Contract) {
    let records = web::resource("/records").route(web::get().to(seen)).route(web::post().to(seen));
    let app = routes.into_iter().fold(App::new().service(records), |app, (path, requirement)| {
        app.service(web::resource(path).wrap(Require::new(requirement)).route(web::get().to(seen)))
    });
    let app = test::init_service(app.wrap(AccessTokenMiddleware::new(server))).await;
    for case in cases {
        let request = request(&case.request).to_request();
        if let Some(der) = &case.request.certificate {
            request.extensions_mut().insert(PeerCertificate::from_der(der.as_slice()));
        }
        let response = test::call_service(&app, request).await;
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().expect("visible ASCII")));
        let answer = Expected::from_answer(response.status().as_u16(), headers);
        assert_eq!(answer, case.expected, "{}", case.name);
    }
}
