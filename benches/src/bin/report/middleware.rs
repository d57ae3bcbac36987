//! What the adapters add to `ResourceServer::verify`: a protected call, minus a verification, minus an unprotected call.

use std::time::Instant;

use actix_web::dev::Service as _;
use actix_web::{App, HttpResponse, test, web};
use fapi_benches::{Call, Handler, PATH, Setup, poll_once};
use fapi_core::ResourceServer;
use fapi_core::jose::Algorithm;
use tower_layer::Layer;
use tower_service::Service;

use crate::Run;
use crate::figure::{Report, Target, Unit, median};

/// Calls of each kind in one round, which takes a new server.
const CALLS: usize = 512;
/// Calls that are timed together.
const TURN: usize = 4;

/// Nanoseconds of one call of each kind, measured right after each other.
struct Turn {
    protected: f64,
    verified: f64,
    bare: f64,
}

pub(crate) fn measure(run: &Run, report: &mut Report) {
    let setup = Setup::new(100_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let calls = || -> Vec<Call> { (0..CALLS).map(|_| setup.call(&client, &token)).collect() };
    let (served, verified) = (calls(), calls());
    let frameworks: [(&str, f64, Round); 2] = [("tower", 1.0, tower), ("actix", 1.5, actix)];
    for (framework, most, round) in frameworks {
        let mut turns = Vec::new();
        run.show(framework);
        let start = Instant::now();
        while start.elapsed() < run.time * 4 {
            round(&setup.server(), &served, &verified, &mut turns);
        }
        let overhead = median(turns.iter().map(|turn| turn.protected - turn.verified - turn.bare));
        let detail = format!(
            "a protected call takes {:.2} µs, verify alone {:.2} µs, an unprotected call {:.2} µs",
            median(turns.iter().map(|turn| turn.protected)) / 1000.0,
            median(turns.iter().map(|turn| turn.verified)) / 1000.0,
            median(turns.iter().map(|turn| turn.bare)) / 1000.0,
        );
        let what = format!("middleware beyond verify, {framework}");
        report.add(what, Target::AtMost(most), overhead / 1000.0, Unit::Microseconds, detail);
    }
}

type Round = fn(&ResourceServer, &[Call], &[Call], &mut Vec<Turn>);

fn tower(server: &ResourceServer, served: &[Call], verified: &[Call], turns: &mut Vec<Turn>) {
    let mut layered = fapi_tower::AccessTokenLayer::new(server.clone()).layer(Handler);
    for (served, verified) in served.chunks(TURN).zip(verified.chunks(TURN)) {
        let protected: Vec<_> = served.iter().map(Call::http_request).collect();
        let bare: Vec<_> = served.iter().map(Call::http_request).collect();
        turns.push(Turn {
            protected: each(protected, |request| {
                assert_eq!(poll_once(layered.call(request)).expect("infallible").status(), 200);
            }),
            verified: each(verified, |call| assert_eq!(call.send(server), Ok(()))),
            bare: each(bare, |request| {
                assert_eq!(poll_once(Handler.call(request)).expect("infallible").status(), 200);
            }),
        });
    }
}

fn actix(server: &ResourceServer, served: &[Call], verified: &[Call], turns: &mut Vec<Turn>) {
    let handler = || web::resource(PATH).to(|| async { HttpResponse::Ok().finish() });
    let system = actix_web::rt::System::new();
    let middleware = fapi_actix::AccessTokenMiddleware::new(server.clone());
    let layered = system.block_on(test::init_service(App::new().service(handler()).wrap(middleware)));
    let plain = system.block_on(test::init_service(App::new().service(handler())));
    let request = |call: &Call| {
        let headers = call.headers();
        headers.fold(test::TestRequest::with_uri(PATH), test::TestRequest::insert_header).to_request()
    };
    system.block_on(async {
        for (served, verified) in served.chunks(TURN).zip(verified.chunks(TURN)) {
            let protected: Vec<_> = served.iter().map(request).collect();
            let bare: Vec<_> = served.iter().map(request).collect();
            turns.push(Turn {
                protected: each(protected, |request| {
                    assert_eq!(poll_once(layered.call(request)).expect("an answer").status(), 200);
                }),
                verified: each(verified, |call| assert_eq!(call.send(server), Ok(()))),
                bare: each(bare, |request| {
                    assert_eq!(poll_once(plain.call(request)).expect("an answer").status(), 200);
                }),
            });
        }
    });
}

/// Nanoseconds for each of some pieces of work.
fn each<T>(items: impl IntoIterator<Item = T>, work: impl FnMut(T)) -> f64 {
    let items: Vec<T> = items.into_iter().collect();
    let count = items.len() as f64;
    let start = Instant::now();
    items.into_iter().for_each(work);
    start.elapsed().as_secs_f64() * 1e9 / count
}
