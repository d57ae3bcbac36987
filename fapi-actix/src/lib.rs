//! The FAPI 2.0 resource server as actix-web middleware.
