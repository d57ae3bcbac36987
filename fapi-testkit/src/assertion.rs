//! Client assertions (RFC 7523 §3) in the form of SP 5.3.3: valid by default, and wrong in one way on demand.

use std::time::Duration;

use crate::encoding::unique_id;
use crate::issuer::TestIssuer;
use crate::jws::{UnsignedJwt, jwt_setters};
use crate::key::SigningKey;

/// How long an assertion is valid unless the test says otherwise.
const LIFETIME: Duration = Duration::from_secs(60);

/// A client assertion before it is signed, from [`TestIssuer::client_assertion`]. The last setter of a claim wins.
///
/// Without any setter: `iss` and `sub` are the client, `aud` is the issuer's identifier as the sole string, `iat` is now
/// and `exp` 60 seconds later, `jti` is unique.
///
/// ```
/// use fapi_core::jose::Algorithm;
/// use fapi_testkit::{RegisteredClient, SigningKey, TestIssuer};
///
/// let key = SigningKey::generate(Algorithm::Es256);
/// let issuer = TestIssuer::new("https://as.example.com")
///     .with_client(RegisteredClient::private_key_jwt("robot", &key));
/// let valid = issuer.client_assertion("robot", &key).sign();
/// // Wrong in exactly one way: the audience is the endpoint, not the issuer.
/// let misdirected = issuer.client_assertion("robot", &key).claim("aud", issuer.token_endpoint()).sign();
/// # let _ = (valid, misdirected);
/// ```
#[derive(Clone, Debug)]
#[must_use = "an assertion is made by `sign`"]
pub struct AssertionBuilder {
    jwt: UnsignedJwt,
}

impl AssertionBuilder {
    pub(crate) fn new(issuer: &TestIssuer, client_id: &str, key: &SigningKey) -> Self {
        let mut jwt = UnsignedJwt::new(key.clone(), "JWT");
        jwt.set_header("kid", key.thumbprint());
        let now = issuer.now();
        Self { jwt }
            .claim("iss", client_id)
            .claim("sub", client_id)
            .claim("aud", issuer.identifier())
            .claim("jti", unique_id())
            .claim("iat", now.as_secs())
            .claim("exp", now.saturating_add(LIFETIME).as_secs())
    }
}

jwt_setters!(AssertionBuilder);
