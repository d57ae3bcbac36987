//! TLS that asks for client certificates: who gets through the handshake, and with which certificate.

#![cfg(feature = "rustls")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;

use fapi_core::{ClientCertificates, PeerCertificate, ServerTls, ServerTlsError};
use fapi_testkit::TestCertificate;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

fn chain(certificate: &TestCertificate) -> Vec<CertificateDer<'static>> {
    vec![CertificateDer::from(certificate.der().to_vec())]
}

fn key(certificate: &TestCertificate) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(certificate.private_key_pem().as_bytes()).unwrap()
}

fn roots(certificate: &TestCertificate) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate.der().to_vec())).unwrap();
    roots
}

fn tls(server: &TestCertificate, clients: ClientCertificates) -> ServerTls {
    let tls = ServerTls::from_pem(server.pem().as_bytes(), server.private_key_pem().as_bytes());
    tls.unwrap().client_certificates(clients)
}

/// A client that shows a certificate and signs with a key, of one and the same or not.
struct Client<'a> {
    certificate: Option<(&'a TestCertificate, &'a TestCertificate)>,
    versions: &'a [&'static SupportedProtocolVersion],
    provider: CryptoProvider,
}

impl<'a> Client<'a> {
    fn new(certificate: Option<&'a TestCertificate>) -> Self {
        let provider = aws_lc_rs::default_provider();
        Self { certificate: certificate.map(|own| (own, own)), versions: BOTH, provider }
    }

    fn config(self, server: &TestCertificate) -> ClientConfig {
        let provider = Arc::new(self.provider);
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots(server));
        let Some((shown, held)) = self.certificate else { return config.with_no_client_auth() };
        let signer = provider.key_provider.load_private_key(key(held)).unwrap();
        let certified = CertifiedKey::new(chain(shown), signer);
        config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
    }
}

/// The handshake, in memory: the server's connection, or its error.
fn shake_hands(
    server: &TestCertificate,
    config: ServerConfig,
    client: Client<'_>,
) -> Result<ServerConnection, rustls::Error> {
    let mut theirs =
        ClientConnection::new(Arc::new(client.config(server)), "localhost".try_into().unwrap()).unwrap();
    let mut ours = ServerConnection::new(Arc::new(config)).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while theirs.wants_write() {
            theirs.write_tls(&mut wire).unwrap();
        }
        let mut wire = &*wire;
        while !wire.is_empty() {
            ours.read_tls(&mut wire).unwrap();
            ours.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while ours.wants_write() {
            ours.write_tls(&mut wire).unwrap();
        }
        let mut wire = &*wire;
        while !wire.is_empty() {
            theirs.read_tls(&mut wire).unwrap();
            theirs.process_new_packets()?;
        }
    }
    assert!(!ours.is_handshaking());
    Ok(ours)
}

/// The client certificate of the connection.
fn peer(
    server: &TestCertificate,
    clients: ClientCertificates,
    client: Client<'_>,
) -> Result<Option<Vec<u8>>, rustls::Error> {
    let connection = shake_hands(server, tls(server, clients).build().unwrap(), client)?;
    Ok(PeerCertificate::of_connection(&connection).map(|certificate| certificate.der().to_vec()))
}

// R76, R77: any certificate, under both versions of TLS.
#[test]
fn any_certificate_is_taken_in_the_handshake() {
    let (server, client) = (TestCertificate::generate(), TestCertificate::generate());
    for version in BOTH {
        for clients in [ClientCertificates::optional(), ClientCertificates::required()] {
            let own = Client { versions: &[version], ..Client::new(Some(&client)) };
            assert_eq!(peer(&server, clients, own), Ok(Some(client.der().to_vec())), "{version:?}");
        }
    }
}

// R77: whether a client must have one is a choice.
#[test]
fn a_client_without_a_certificate_connects_where_it_may() {
    let server = TestCertificate::generate();
    for version in BOTH.chunks(1) {
        let without = || Client { versions: version, ..Client::new(None) };
        assert_eq!(peer(&server, ClientCertificates::optional(), without()), Ok(None));
        assert_eq!(
            peer(&server, ClientCertificates::required(), without()),
            Err(rustls::Error::NoCertificatesPresented)
        );
    }
}

// R76: somebody else's certificate is of no use without its key.
#[test]
fn the_handshake_is_signed_with_the_certificates_key() {
    let (server, victim, thief) =
        (TestCertificate::generate(), TestCertificate::generate(), TestCertificate::generate());
    for version in BOTH {
        for clients in [
            ClientCertificates::optional(),
            ClientCertificates::required(),
            ClientCertificates::required().issued_by(roots(&victim)),
        ] {
            let stolen =
                Client { certificate: Some((&victim, &thief)), versions: &[version], ..Client::new(None) };
            let error = peer(&server, clients, stolen).unwrap_err();
            assert!(
                matches!(error, rustls::Error::InvalidCertificate(rustls::CertificateError::BadSignature)),
                "{version:?}: {error:?}"
            );
        }
    }
}

// R76: the chain is validated where that is wanted.
#[test]
fn a_chain_is_validated_against_the_roots() {
    let (server, known, unknown) =
        (TestCertificate::generate(), TestCertificate::generate(), TestCertificate::generate());
    for clients in [ClientCertificates::optional, ClientCertificates::required] {
        let clients = || clients().issued_by(roots(&known));
        assert_eq!(peer(&server, clients(), Client::new(Some(&known))), Ok(Some(known.der().to_vec())));
        let error = peer(&server, clients(), Client::new(Some(&unknown))).unwrap_err();
        assert!(matches!(error, rustls::Error::InvalidCertificate(_)), "{error:?}");
    }
    let optional = ClientCertificates::optional().issued_by(roots(&known));
    assert_eq!(peer(&server, optional, Client::new(None)), Ok(None));
}

// R12, R13: TLS 1.3, and the four suites that BCP 195 recommends for TLS 1.2.
#[test]
fn only_the_permitted_suites_are_spoken() {
    let server = TestCertificate::generate();
    let config = || tls(&server, ClientCertificates::optional()).build().unwrap();
    let all = config();
    let mut tls12: Vec<_> = all.crypto_provider().cipher_suites.iter().collect();
    tls12.retain(|suite| suite.version().version == ProtocolVersion::TLSv1_2);
    let mut names: Vec<_> = tls12.iter().map(|suite| format!("{:?}", suite.suite())).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ]
    );
    for (suite, spoken) in [
        (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true),
        (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true),
        (CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false),
        (CipherSuite::TLS13_AES_128_GCM_SHA256, true),
        (CipherSuite::TLS13_AES_256_GCM_SHA384, true),
        (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, true),
    ] {
        let mut client = Client::new(None);
        client.provider.cipher_suites.retain(|own| own.suite() == suite);
        let version = client.provider.cipher_suites.first().unwrap().version();
        client.versions = if version.version == ProtocolVersion::TLSv1_3 { &BOTH[..1] } else { &BOTH[1..] };
        let connection = shake_hands(&server, config(), client);
        assert_eq!(connection.is_ok(), spoken, "{suite:?}");
    }
}

#[test]
fn protocols_are_offered() {
    let server = TestCertificate::generate();
    let tls = || tls(&server, ClientCertificates::optional());
    assert_eq!(tls().build().unwrap().alpn_protocols, [b"http/1.1"]);
    assert_eq!(tls().alpn(["h2", "http/1.1"]).build().unwrap().alpn_protocols, [&b"h2"[..], b"http/1.1"]);
}

#[test]
fn what_cannot_be_used_is_said_at_start() {
    let (one, other) = (TestCertificate::generate(), TestCertificate::generate());
    let tls = |chain: &str, key: &str| ServerTls::from_pem(chain.as_bytes(), key.as_bytes());
    assert!(matches!(tls(one.pem(), "").unwrap_err(), ServerTlsError::Pem(_)));
    for mismatch in [tls(one.pem(), other.private_key_pem()), tls("", one.private_key_pem())] {
        assert!(matches!(mismatch.unwrap().build().unwrap_err(), ServerTlsError::Certificate(_)));
    }
    let nobody = ClientCertificates::required().issued_by(RootCertStore::empty());
    let tls = tls(one.pem(), one.private_key_pem()).unwrap().client_certificates(nobody);
    assert!(matches!(tls.build().unwrap_err(), ServerTlsError::Roots(_)));
}
