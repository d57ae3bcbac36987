//! The same for every proxy: an API behind it, a client with the certificate of its token, and others who have only
//! seen it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use fapi_core::{
    CertificateHeader, ForwardedHeaders, Issuer, NoncePolicy, ResourceServer, Revocation, TrustedProxy,
};
use fapi_examples::api;
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::{Credentials, HttpTarget, Options, TlsFiles, run_against};
use fapi_testkit::{TestCertificate, TestClient};
use tokio::net::{TcpListener, UnixListener};

use crate::client::{over_tls, plain};
use crate::process::{Directory, free_port};

/// A second name of the API.
const OTHER_HOST: &str = "api.example.org";

/// Everybody who takes part.
pub(crate) struct Scenario {
    pub(crate) directory: Directory,
    /// Where the proxy is to listen.
    pub(crate) port: u16,
    /// The API, without the proxy.
    pub(crate) api: SocketAddr,
    server: ResourceServer,
    issuer: CatalogueIssuer,
    proxy_certificate: TestCertificate,
    certificate: TestCertificate,
    other_certificate: TestCertificate,
}

/// How the certificate looks in the proxy's header.
pub(crate) type Write = fn(&TestCertificate) -> String;

impl Scenario {
    /// An API that trusts this proxy, about a certificate in `X-Client-Cert` and about the host.
    pub(crate) async fn new(name: &str, proxy: TrustedProxy, header: CertificateHeader) -> Self {
        let port = free_port();
        let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
        let forwarded = ForwardedHeaders::x_forwarded().public_url(format!("https://{OTHER_HOST}"));
        let server = ResourceServer::builder()
            .public_url(format!("https://localhost:{port}"))
            .audience("https://api.example.com")
            .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(3600)))
            .trusted_proxy(proxy.client_certificate(header).forwarded(forwarded))
            .nonce(NoncePolicy::Off)
            .build()
            .unwrap();
        // Without nonces, proofs of the second of the start are refused.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let api = listener.local_addr().unwrap();
        tokio::spawn(api::axum::serve(listener, server.clone(), std::future::pending()));
        let proxy_certificate = TestCertificate::generate();
        Self {
            directory: Directory::new(name, &proxy_certificate),
            port,
            api,
            server,
            issuer,
            proxy_certificate,
            certificate: TestCertificate::generate(),
            other_certificate: TestCertificate::generate(),
        }
    }

    /// The same API on a Unix domain socket in the directory.
    pub(crate) fn listen_on_socket(&self) {
        let listener = UnixListener::bind(self.directory.path().join("api.sock")).unwrap();
        tokio::spawn(api::axum::serve(listener, self.server.clone(), std::future::pending()));
    }

    fn bearer(&self) -> String {
        let token = self.issuer.token().audience("https://api.example.com");
        format!("Bearer {}", token.bound_to_certificate(self.certificate.der()).sign())
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    async fn send(&self, certificate: Option<&TestCertificate>, fields: &[(&str, &str)]) -> u16 {
        over_tls(self.port, &self.proxy_certificate, certificate, fields).await
    }

    /// R72, R82, R84, P50: the client of the token is served, and nobody else, whatever they send.
    pub(crate) async fn certificates(&self, write: Write) {
        let (token, host, own) = (self.bearer(), self.host(), write(&self.certificate));
        let credentials = [("Host", &*host), ("Authorization", &*token)];
        let forged = [&credentials[..], &[("X-Client-Cert", &*own)]].concat();
        let twice = [&forged[..], &[("x-client-cert", &*own)]].concat();
        let (right, other) = (Some(&self.certificate), Some(&self.other_certificate));
        assert_eq!(self.send(right, &credentials).await, 200, "the right certificate");
        assert_eq!(self.send(other, &credentials).await, 401, "another certificate");
        assert_eq!(self.send(None, &credentials).await, 401, "no certificate");
        // The proxy replaces what its clients send.
        assert_eq!(self.send(other, &forged).await, 401, "another certificate and a forged header");
        assert_eq!(self.send(None, &forged).await, 401, "a forged header");
        assert_eq!(self.send(None, &twice).await, 401, "two forged headers");
        let others = write(&self.other_certificate);
        let odd = [&credentials[..], &[("X-Client-Cert", &*others)]].concat();
        assert_eq!(self.send(right, &odd).await, 200, "the right certificate, whatever else was sent");
    }

    /// R81, R82, P50: past the proxy, the header that it would send opens nothing.
    pub(crate) async fn past_the_proxy(&self, from: Ipv4Addr, write: Write) {
        let (token, own) = (self.bearer(), write(&self.certificate));
        let forged = [("Host", "localhost"), ("Authorization", &*token), ("X-Client-Cert", &*own)];
        assert_eq!(plain(self.api, from, &forged).await, 401, "a forged header, sent to the API");
    }

    /// R81: the same header from the address of the proxy counts, so that it is the address which decides.
    pub(crate) async fn past_the_proxy_from_its_address(&self, from: Ipv4Addr, write: Write) {
        let (token, own) = (self.bearer(), write(&self.certificate));
        let said = [("Host", "localhost"), ("Authorization", &*token), ("X-Client-Cert", &*own)];
        assert_eq!(plain(self.api, from, &said).await, 200, "the header, from the proxy's address");
    }

    /// R72, R81, R82, P50: nothing that the catalogue knows about certificates, bindings and targets gets through,
    /// but for these cases.
    pub(crate) async fn catalogue(self, but_for: &[&str]) {
        let file = |name: &str, content: &str| self.directory.write(name, content);
        let files = [
            file("server.pem", self.proxy_certificate.pem()),
            file("client.pem", self.certificate.pem()),
            file("client.key", self.certificate.private_key_pem()),
        ];
        let [trusted, certificate, key] = &files;
        let tls = TlsFiles { trusted: Some(trusted), client: Some((certificate, key)) };
        let url = format!("https://{}", self.host());
        let target = HttpTarget::with_tls(&url, &tls).unwrap();
        let options = Options::new(&url).audience("https://api.example.com").rate(1000);
        let options = options.only(["mtls", "binding", "target"]);
        let credentials = Credentials::Issuer(self.issuer);
        let report = run_against(&target, credentials, options, &mut |_| {}).await.unwrap();
        let failures: Vec<_> = report.failures().into_iter().map(|outcome| outcome.case.id).collect();
        assert_eq!(failures, but_for);
        assert!(report.summary.passed > 50, "the groups were run: {:?}", report.summary);
    }

    /// R50, P26: the host is the one that the proxy was asked for, and not what its client says it was.
    pub(crate) async fn hosts(&self) {
        let client = TestClient::new();
        let token = self.issuer.token().audience("https://api.example.com").bound_to(&client).sign();
        let authorization = format!("DPoP {token}");
        let proof = |url: &str| client.proof("GET", url).access_token(&token).sign();
        let own = self.host();
        let (here, there) = (format!("https://{own}/whoami"), format!("https://{OTHER_HOST}/whoami"));
        for (host, forwarded, url, status, what) in [
            (&*own, None, &here, 200, "its own host"),
            (OTHER_HOST, None, &there, 200, "its other host"),
            (&*own, None, &there, 401, "a proof for the other host"),
            (OTHER_HOST, None, &here, 401, "a proof for the first host"),
            (&*own, Some(OTHER_HOST), &there, 401, "a forged X-Forwarded-Host"),
            (&*own, Some(OTHER_HOST), &here, 200, "a forged X-Forwarded-Host is replaced"),
            ("evil.example", None, &here, 400, "a host that is not the API's"),
        ] {
            let proof = proof(url);
            let mut fields = vec![("Host", host), ("Authorization", &authorization), ("DPoP", &proof)];
            fields.extend(forwarded.map(|host| ("X-Forwarded-Host", host)));
            assert_eq!(self.send(None, &fields).await, status, "{what}");
        }
    }
}

/// The base64 of the DER encoding.
pub(crate) fn base64(certificate: &TestCertificate) -> String {
    certificate.pem().lines().filter(|line| !line.starts_with("-----")).collect()
}
