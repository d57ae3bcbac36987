//! The layer; what it does is in the crate's documentation, and how in `service.rs` and `future.rs`.

use fapi_core::ResourceServer;
use tower_layer::Layer;

use crate::service::AccessTokenService;

/// Requires a valid access token, bound to the caller's key, of every request. See the [crate documentation](crate) for
/// an example.
#[derive(Clone, Debug)]
pub struct AccessTokenLayer {
    server: ResourceServer,
    grpc_status: bool,
}

impl AccessTokenLayer {
    /// A layer with this server. Use clones of one server for everything that one process serves.
    #[must_use]
    pub const fn new(server: ResourceServer) -> Self {
        Self { server, grpc_status: false }
    }

    /// Answers gRPC requests with a gRPC status: for tonic.
    ///
    /// A `POST` with the media type `application/grpc` (or one of gRPC-Web) is then refused with HTTP status 200, the
    /// status in `grpc-status`, and the challenge in the metadata. Leave it off for other services: anybody can send that
    /// media type, and who watches for 401 would see nothing.
    ///
    /// ```
    /// use fapi_tower::AccessTokenLayer;
    /// use tonic::transport::Server;
    ///
    /// # fn serve(server: fapi_tower::ResourceServer) {
    /// let server = Server::builder().layer(AccessTokenLayer::new(server).with_grpc_status());
    /// # let _ = server;
    /// # }
    /// ```
    #[must_use]
    pub fn with_grpc_status(self) -> Self {
        Self { grpc_status: true, ..self }
    }
}

impl<S> Layer<S> for AccessTokenLayer {
    type Service = AccessTokenService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AccessTokenService::new(inner, self.server.clone(), self.grpc_status)
    }
}
