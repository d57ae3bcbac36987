//! What an issuer is called: the one value that the `iss` of its tokens must have (RFC 9068 §4, RFC 8414 §3.3, R91, R117).
//!
//! One trailing slash more or less is forgiven in the configuration, never in a token. Which spelling is the issuer's own,
//! its metadata says; where none is read, the first token or event that the issuer is known to have signed. From then on it is
//! settled.

use std::sync::Arc;

use super::discovery::{self, FetchError};
use super::http::HttpClient;
use super::keys::IssuerKeys;

impl IssuerKeys {
    /// The value that a token's `iss` must equal, byte for byte (RFC 9068 §4, R91).
    ///
    /// It is the configured one until it is settled with or without a trailing slash.
    pub(crate) fn identifier(&self) -> &Arc<str> {
        self.stated.get().unwrap_or(&self.configured)
    }

    /// Whether something with this `iss` is this issuer's, or may turn out to be: good for finding its keys. When they have
    /// verified it, [`Self::settle`] decides.
    pub(crate) fn may_be(&self, iss: &str) -> bool {
        match self.stated.get() {
            Some(stated) => iss == &**stated,
            None => same_but_for_slash(iss, &self.configured),
        }
    }

    /// The identifier, if it is the `iss` of something that this issuer vouches for; the first one settles its spelling.
    pub(crate) fn settle(&self, iss: &str) -> Option<&Arc<str>> {
        if !self.may_be(iss) {
            return None;
        }
        let stated = self.stated.get_or_init(|| self.spelt(iss));
        (**stated == *iss).then_some(stated)
    }

    /// Reads the metadata, settles what the issuer is called and returns its `jwks_uri`.
    pub(super) async fn discover(&self, http: &dyn HttpClient) -> Result<String, FetchError> {
        let metadata = discovery::discover(http, &self.configured).await?;
        // RFC 8414 §3.3, R117: identical, or the document must not be used.
        if self.settle(&metadata.issuer).is_none() {
            return Err(FetchError::OtherIssuer(metadata.issuer));
        }
        let jwks_uri = metadata.jwks_uri.clone();
        self.metadata.store(Some(Arc::new(metadata)));
        Ok(jwks_uri)
    }

    fn spelt(&self, iss: &str) -> Arc<str> {
        if *iss == *self.configured {
            return Arc::clone(&self.configured);
        }
        self.report_other_spelling(iss);
        iss.into()
    }
}

/// Whether two identifiers differ in one trailing slash at the most: no two issuers of a server do (R91).
pub(crate) fn same_but_for_slash(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}
