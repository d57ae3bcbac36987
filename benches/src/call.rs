//! One request as an adapter would hand it over, made ahead of time.

use fapi_core::{Error, FieldLines, ResourceRequest, ResourceServer};
use fapi_testkit::TestCertificate;
use http::Request;

use crate::poll_once;
use crate::setup::{METHOD, PATH};

/// The credentials of one request.
#[derive(Clone, Debug, Default)]
pub struct Call {
    authorization: Option<String>,
    proof: Option<String>,
    certificate: Option<Vec<u8>>,
    query: Option<String>,
}

impl Call {
    /// A request with this `Authorization` header and nothing else.
    #[must_use]
    pub fn with_authorization(line: impl Into<String>) -> Self {
        Self { authorization: Some(line.into()), ..Self::default() }
    }

    /// A request with a DPoP-bound token and a proof.
    #[must_use]
    pub fn with_proof(token: &str, proof: impl Into<String>) -> Self {
        Self { proof: Some(proof.into()), ..Self::with_authorization(format!("DPoP {token}")) }
    }

    /// A request with a certificate-bound token, on a connection with this client certificate.
    #[must_use]
    pub fn with_certificate(token: &str, certificate: &TestCertificate) -> Self {
        let der = certificate.der().to_vec();
        Self { certificate: Some(der), ..Self::with_authorization(format!("Bearer {token}")) }
    }

    /// The same request with a query.
    #[must_use]
    pub fn with_query(self, query: impl Into<String>) -> Self {
        Self { query: Some(query.into()), ..self }
    }

    /// The proof, if there is one.
    #[must_use]
    pub fn proof(&self) -> Option<&str> {
        self.proof.as_deref()
    }

    /// The header fields, for a request over HTTP.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let authorization = self.authorization.as_deref().map(|line| ("authorization", line));
        authorization.into_iter().chain(self.proof().map(|proof| ("dpop", proof)))
    }

    /// The request over HTTP, without the certificate of its connection.
    ///
    /// # Panics
    /// If the credentials are no header fields.
    #[must_use]
    pub fn http_request(&self) -> Request<()> {
        let target = Request::builder().method(METHOD).uri(PATH);
        let request = self.headers().fold(target, |request, (name, value)| request.header(name, value));
        request.body(()).expect("a valid request")
    }

    /// What a server hashes of a call with a certificate-bound token.
    #[must_use]
    pub fn hashed(&self) -> [&[u8]; 2] {
        let token = self.authorization.as_deref().and_then(|line| line.split_once(' '));
        [token.map_or(&[], |(_, token)| token.as_bytes()), self.certificate.as_deref().unwrap_or_default()]
    }

    /// What the resource server sees.
    #[must_use]
    pub fn request(&self) -> ResourceRequest<'_> {
        ResourceRequest::new(METHOD, PATH, self.query.as_deref())
            .with_authorization(field_lines(self.authorization.as_deref()))
            .with_dpop(field_lines(self.proof()))
            .with_peer_certificate(self.certificate.as_deref())
    }

    /// Lets `server` decide.
    ///
    /// # Errors
    /// The rule that the request fails.
    pub fn send(&self, server: &ResourceServer) -> Result<(), Error> {
        match poll_once(server.verify(&self.request())) {
            Ok(_verified) => Ok(()),
            Err(rejection) => Err(rejection.error().clone()),
        }
    }
}

fn field_lines(line: Option<&str>) -> FieldLines<'_> {
    line.map(str::as_bytes).into_iter().collect()
}
