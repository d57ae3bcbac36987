//! What is asked of a library.

use std::error::Error;

use crate::data::Request;

/// Why a request was refused.
pub type Refusal = String;

/// A library, configured.
pub trait Peer {
    /// A server with empty caches and a replay store that has seen nothing.
    type Server;
    /// A request in the form that the library takes; made before it is measured.
    type Input;

    fn server(&self) -> Result<Self::Server, Box<dyn Error>>;

    /// None if the library has no say in such a request.
    fn input(&self, request: &Request) -> Option<Self::Input>;

    fn verify(&self, server: &mut Self::Server, input: &Self::Input) -> Result<(), Refusal>;
}

/// The first key of a key set.
pub fn first_key(jwks: &serde_json::Value) -> Result<serde_json::Value, Box<dyn Error>> {
    Ok(jwks.pointer("/keys/0").ok_or("an empty key set")?.clone())
}
