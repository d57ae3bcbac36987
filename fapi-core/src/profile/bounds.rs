//! What no profile may exceed, whatever its name.

use std::time::Duration;

use super::Profile;
use crate::config_error::ConfigError;

/// R15, SP 5.3.2.1-13: a time more than this far ahead is never accepted.
const MAX_FUTURE_CAP: Duration = Duration::from_secs(60);
/// RFC 9449 §11.1: proofs live for seconds to minutes.
const MAX_PROOF_AGE_CAP: Duration = Duration::from_secs(10 * 60);
/// RFC 9068 §4: "usually no more than a few minutes"; here at most one.
const MAX_EXPIRY_LEEWAY: Duration = Duration::from_secs(60);

impl Profile {
    /// Whether a server can be built with this profile.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.token_algorithms().is_empty() || self.proof_algorithms().is_empty() {
            return Err(ConfigError::AlgorithmsMissing(self.name().to_owned()));
        }
        // SP 5.1.2, R20: what is not conformant is not called so.
        if self.is_misnamed() {
            return Err(ConfigError::ProfileName);
        }
        for (name, value, most) in [
            ("max_future", self.max_future(), MAX_FUTURE_CAP),
            ("proof_max_age", self.proof_max_age(), MAX_PROOF_AGE_CAP),
            ("expiry_leeway", self.expiry_leeway(), MAX_EXPIRY_LEEWAY),
        ] {
            if value > most {
                return Err(ConfigError::Window { name, most_seconds: most.as_secs() });
            }
        }
        Ok(())
    }
}
