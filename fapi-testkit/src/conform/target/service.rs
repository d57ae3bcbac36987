//! A tower service in this process: no socket, no HTTP server in between.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use fapi_core::PeerCertificate;
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::http::{Request, Response};
use tower_service::Service;

use super::{Answer, Call, Target, TargetError};

/// A tower service, such as an axum router.
#[derive(Debug)]
pub struct ServiceTarget<S> {
    service: Mutex<S>,
    certificate: Option<PeerCertificate>,
}

impl<S> ServiceTarget<S> {
    /// The service, each request on a clone of it.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self { service: Mutex::new(service), certificate: None }
    }

    /// The same service, over connections with this client certificate: it is put into the extensions of each request,
    /// as whoever terminates TLS does.
    #[must_use]
    pub fn with_certificate(self, certificate: PeerCertificate) -> Self {
        Self { certificate: Some(certificate), ..self }
    }
}

#[async_trait]
impl<S, B> Target for ServiceTarget<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: std::fmt::Display,
    S::Future: Send,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn send(&self, call: &Call) -> Result<Answer, TargetError> {
        let uri = call.target.parse().map_err(|error| TargetError::Unsendable(format!("{error}")))?;
        let mut request = super::request(call, uri)?;
        if let Some(certificate) = &self.certificate {
            request.extensions_mut().insert(certificate.clone());
        }
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failed = |error: S::Error| TargetError::Closed(error.to_string());
        poll_fn(|context| service.poll_ready(context)).await.map_err(failed)?;
        let response = service.call(request).await.map_err(failed)?;
        super::answer(response).await
    }

    fn address(&self) -> String {
        "in process".to_owned()
    }

    fn is_network(&self) -> bool {
        false
    }

    fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_ref().map(PeerCertificate::der)
    }
}
