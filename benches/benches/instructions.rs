//! How many instructions this project adds to a request: counted by valgrind, and the same on a busy machine.
//!
//! Run by `.ci/bench`, which compares with `benches/instructions.json`. Signatures and hashes cost nothing here, since
//! theirs are not ours, and differ with the processor: what is counted is everything else.
#![allow(missing_docs, clippy::expect_used, reason = "a benchmark, not a library")]

use std::array;
use std::hint::black_box;
use std::sync::Arc;

use fapi_benches::{Call, Handler, PATH, Setup, poll_once};
use fapi_core::crypto::{AwsLcProvider, CryptoProvider, InvalidSignature, RandomError, VerifyingKey};
use fapi_core::jose::{Algorithm, Jwk, KeyError};
use fapi_core::{Error, ResourceServer};
use fapi_tower::AccessTokenLayer;
use gungraun::{library_benchmark, library_benchmark_group, main};
use tower_layer::Layer as _;
use tower_service::Service as _;

/// Accepts every signature, and knows the hashes that it is asked for.
#[derive(Debug, Default)]
struct Free {
    known: Vec<(Vec<u8>, [u8; 32])>,
}

#[derive(Debug)]
struct AcceptsAll;

impl VerifyingKey for AcceptsAll {
    fn verify(&self, _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }
}

impl Free {
    fn knowing(texts: &[&[u8]]) -> Arc<Self> {
        let known = texts.iter().map(|text| (text.to_vec(), AwsLcProvider.sha256(text)));
        Arc::new(Self { known: known.collect() })
    }
}

impl CryptoProvider for Free {
    fn verifying_key(&self, _: &Jwk, _: Algorithm) -> Result<Arc<dyn VerifyingKey>, KeyError> {
        Ok(Arc::new(AcceptsAll))
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        let known = self.known.iter().find(|(text, _)| text == data);
        known.map_or_else(|| AwsLcProvider.sha256(data), |(_, hash)| *hash)
    }

    fn hmac_sha256(&self, key: &[u8], data: &[u8]) -> [u8; 32] {
        AwsLcProvider.hmac_sha256(key, data)
    }

    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        AwsLcProvider.fill_random(buffer)
    }
}

/// A server that has seen the token and the key, and more calls.
fn warm_with_calls<const COUNT: usize>() -> (ResourceServer, [Call; COUNT]) {
    let setup = Setup::new(1_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let server = setup.server_with(Free::knowing(&[token.as_bytes()]));
    for _ in 0..3 {
        setup.call(&client, &token).send(&server).expect("a valid call");
    }
    (server, array::from_fn(|_| setup.call(&client, &token)))
}

fn warm() -> (ResourceServer, Call) {
    let (server, [call]) = warm_with_calls();
    (server, call)
}

/// The same, but the header of the proof is not the one that the server has seen: its key is read anew.
fn new_key() -> (ResourceServer, Call) {
    let setup = Setup::new(1_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let server = setup.server_with(Free::knowing(&[token.as_bytes()]));
    setup.call(&client, &token).send(&server).expect("a valid call");
    (server, Call::with_proof(&token, setup.proof(&client, &token).header("kid", "another").sign()))
}

/// A server that has seen neither.
fn cold() -> (ResourceServer, Call) {
    let setup = Setup::new(1_000);
    let [client, other] = [setup.client(Algorithm::Es256), setup.client(Algorithm::Es256)];
    let [token, other_token] = [setup.token(&client), setup.token(&other)];
    let server = setup.server_with(Free::knowing(&[token.as_bytes()]));
    setup.call(&other, &other_token).send(&server).expect("a valid call");
    (server, setup.call(&client, &token))
}

fn certificate() -> (ResourceServer, Call) {
    let setup = Setup::new(1_000);
    let call = setup.certificate_call();
    let server = setup.server_with(Free::knowing(&call.hashed()));
    call.send(&server).expect("a valid call");
    (server, call)
}

fn no_credentials() -> (ResourceServer, Call) {
    (warm().0, Call::default())
}

fn wrong_method() -> (ResourceServer, Call) {
    let setup = Setup::new(1_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let server = setup.server_with(Free::knowing(&[token.as_bytes()]));
    setup.call(&client, &token).send(&server).expect("a valid call");
    (server, Call::with_proof(&token, setup.proof(&client, &token).claim("htm", "POST").sign()))
}

fn wrong_method_new_key() -> (ResourceServer, Call) {
    let setup = Setup::new(1_000);
    let client = setup.client(Algorithm::Es256);
    let token = setup.token(&client);
    let server = setup.server_with(Free::knowing(&[token.as_bytes()]));
    (server, Call::with_proof(&token, setup.proof(&client, &token).claim("htm", "POST").sign()))
}

/// A protected service and a request to it; returns the status.
type Served = Box<dyn FnMut() -> u16>;

fn tower() -> Served {
    let (server, [first, call]) = warm_with_calls();
    let mut service = AccessTokenLayer::new(server).layer(Handler);
    let mut send = move |request| poll_once(service.call(request)).expect("infallible").status().as_u16();
    assert_eq!(send(first.http_request()), 200);
    let mut request = Some(call.http_request());
    Box::new(move || request.take().map_or(0, &mut send))
}

fn actix() -> Served {
    use actix_web::dev::Service as _;
    use actix_web::{App, HttpResponse, rt::System, test, web};

    let (server, calls) = warm_with_calls();
    let system = System::new();
    let middleware = fapi_actix::AccessTokenMiddleware::new(server);
    let handler = web::resource(PATH).to(|| async { HttpResponse::Ok().finish() });
    let service = system.block_on(test::init_service(App::new().service(handler).wrap(middleware)));
    let [first, call] = calls.map(|call| {
        let request = test::TestRequest::with_uri(PATH);
        call.headers().fold(request, test::TestRequest::insert_header).to_request()
    });
    let mut send = move |request| poll_once(service.call(request)).expect("an answer").status().as_u16();
    assert_eq!(send(first), 200);
    let mut request = Some(call);
    Box::new(move || {
        // Not dropped before the service.
        let _ = &system;
        request.take().map_or(0, &mut send)
    })
}

#[library_benchmark]
#[bench::warm(warm())]
#[bench::new_key(new_key())]
#[bench::cold(cold())]
#[bench::certificate(certificate())]
fn accepted((server, call): (ResourceServer, Call)) -> (ResourceServer, Call) {
    assert_eq!(black_box(&call).send(black_box(&server)), Ok(()));
    // Not dropped here: that would be counted.
    (server, call)
}

#[library_benchmark]
#[bench::no_credentials(no_credentials(), Error::CredentialsMissing)]
#[bench::wrong_method(wrong_method(), Error::ProofMethod)]
#[bench::wrong_method_new_key(wrong_method_new_key(), Error::ProofMethod)]
fn refused((server, call): (ResourceServer, Call), error: Error) -> (ResourceServer, Call) {
    assert_eq!(black_box(&call).send(black_box(&server)), Err(error));
    (server, call)
}

// A warm call through an adapter, of which the decision is a part.
#[library_benchmark]
#[bench::tower(tower())]
#[bench::actix(actix())]
fn served(mut send: Served) -> Served {
    assert_eq!(black_box(&mut send)(), 200);
    send
}

library_benchmark_group!(name = verify; benchmarks = accepted, refused, served);
main!(library_benchmark_groups = verify);
