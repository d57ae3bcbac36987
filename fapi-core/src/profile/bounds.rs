//! What no profile may exceed, and what would make it refuse everything, whatever its name.

use std::time::Duration;

use super::Profile;
use crate::config_error::ConfigError;

/// R15, SP 5.3.2.1-13: a time more than this far ahead is never accepted.
const MAX_FUTURE_CAP: Duration = Duration::from_secs(60);
/// RFC 9449 §11.1: proofs live for seconds to minutes.
const MAX_PROOF_AGE_CAP: Duration = Duration::from_secs(10 * 60);
/// `iat` has whole seconds: less would refuse a proof that was just made.
const LEAST_PROOF_AGE: Duration = Duration::from_secs(1);
/// RFC 9068 §4: "usually no more than a few minutes"; here at most one.
const MAX_EXPIRY_LEEWAY: Duration = Duration::from_secs(60);
/// R116: what HTTP servers in use take as one header field, or less.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// No signed token with the claims of RFC 9068, and no DPoP proof, is shorter.
const LEAST_HEADER_BYTES: usize = 256;
/// R61: a store that nodes share has to keep it, or at least to hash it.
const MAX_JTI_BYTES_CAP: usize = 1024;
/// RFC 9449 §4.2: a UUID in its text form.
const LEAST_JTI_BYTES: usize = 36;

impl Profile {
    /// Whether a server can be built with this profile.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.token_algorithms().is_empty() || self.proof_algorithms().is_empty() {
            return Err(ConfigError::AlgorithmsMissing(self.name().to_owned()));
        }
        if self.name().trim().is_empty() {
            return Err(ConfigError::ProfileNameEmpty);
        }
        self.check_token_types()?;
        // SP 5.1.2, R20: what is not conformant is not called so.
        if self.is_misnamed() {
            return Err(ConfigError::ProfileName);
        }
        self.check_windows()?;
        self.check_sizes()
    }

    /// R90: each accepted type is one that a token can have, as it is compared.
    fn check_token_types(&self) -> Result<(), ConfigError> {
        if self.token_types.is_empty() && !self.untyped_tokens {
            return Err(ConfigError::TokenTypesMissing);
        }
        let wrong = self.token_types().find(|typ| typ.is_empty() || typ.contains('/'));
        wrong.map_or(Ok(()), |typ| Err(ConfigError::TokenType(typ.to_owned())))
    }

    fn check_windows(&self) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("max_future", self.max_future(), Duration::ZERO, MAX_FUTURE_CAP),
            ("proof_max_age", self.proof_max_age(), LEAST_PROOF_AGE, MAX_PROOF_AGE_CAP),
            ("expiry_leeway", self.expiry_leeway(), Duration::ZERO, MAX_EXPIRY_LEEWAY),
        ] {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Window { name, value, least, most });
            }
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        for (name, value, least, most) in [
            ("max_token_bytes", self.max_token_bytes(), LEAST_HEADER_BYTES, MAX_HEADER_BYTES),
            ("max_proof_bytes", self.max_proof_bytes(), LEAST_HEADER_BYTES, MAX_HEADER_BYTES),
            ("max_jti_bytes", self.max_jti_bytes(), LEAST_JTI_BYTES, MAX_JTI_BYTES_CAP),
        ] {
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Size { name, value, least, most });
            }
        }
        Ok(())
    }
}
