//! SP 5.2.1, R12: whoever cannot prove to be the issuer's host is not believed.
#![cfg(all(feature = "reqwest", feature = "josekit"))]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use fapi_core::{HttpClient, HttpError, ReqwestClient};
use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

/// A key and its own certificate for `localhost`, which no authority vouches for.
fn self_signed() -> (PKey<Private>, X509) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "localhost").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let alternative =
        SubjectAlternativeName::new().dns("localhost").build(&certificate.x509v3_context(None, None));
    certificate.append_extension(alternative.unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    (key, certificate.build())
}

/// An https server for one connection; says whether the handshake succeeded.
fn serve() -> (String, thread::JoinHandle<bool>) {
    let (key, certificate) = self_signed();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let Ok(mut stream) = acceptor.accept(stream) else { return false };
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_ok()
    });
    (url, server)
}

// R12
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (url, server) = serve();
    let client = ReqwestClient::builder().allow_private_addresses().build().unwrap();
    let answer = client.get(&url, "application/json").await;
    let Err(HttpError::Connection(reason)) = answer else { panic!("{answer:?}") };
    assert!(reason.contains("certificate"), "{reason}");
    assert!(!server.join().unwrap());
}
