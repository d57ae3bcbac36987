//! The layer; what it does is in the crate's documentation, and how in `service.rs` and `future.rs`.

use fapi_core::ResourceServer;
use tower_layer::Layer;

use crate::service::AccessTokenService;

/// Requires a valid access token, bound to the caller's key, of every request. See the [crate documentation](crate) for
/// an example.
#[derive(Clone, Debug)]
pub struct AccessTokenLayer {
    server: ResourceServer,
}

impl AccessTokenLayer {
    /// A layer with this server. Use clones of one server for everything that one process serves.
    #[must_use]
    pub const fn new(server: ResourceServer) -> Self {
        Self { server }
    }
}

impl<S> Layer<S> for AccessTokenLayer {
    type Service = AccessTokenService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AccessTokenService::new(inner, self.server.clone())
    }
}
