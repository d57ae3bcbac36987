//! JOSE, read strictly: compact JWS and JWE, JSON Web Keys and thumbprints (RFC 7515, 7516, 7517, 7518, 7638, 8037, 8725).
//!
//! Everything here is hostile input until a signature has been verified. The parsers are bounded in size and depth,
//! refuse what is ambiguous (duplicate members, padding, trailing bits, `crit`, `b64`), and know nothing of HTTP or
//! OAuth: which algorithms and `typ` values are accepted is decided by the callers.

mod alg;
pub(crate) mod base64url;
mod error;
pub(crate) mod json;
mod json_reader;
mod jwe;
mod jwk;
mod jws;
mod public_key;
mod roca;
mod thumbprint;

pub use alg::Algorithm;
pub use error::{JoseError, KeyError};
pub use jwe::{CompactJwe, KeyManagement};
pub use jwk::Jwk;
pub use jws::{CompactJws, Header};
pub use public_key::{Curve, PublicKey};
pub use thumbprint::JwkThumbprint;
