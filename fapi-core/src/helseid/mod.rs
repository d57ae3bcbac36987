//! HelseID, the identity service of the Norwegian health sector: its claims, typed, and what its APIs ask of them.
//!
//! [`Profile::helseid`](crate::Profile::helseid) says which tokens and proofs are accepted; this module reads what is in
//! them. Which claims a token holds is chosen by the owner of the API, in HelseID's self-service ("Selvbetjening"), and not
//! by the client. So every requirement here is three: that the claim is there, that it can be read, and that it says the
//! right thing. The name of the first, as the log shows it, points at the registration; that of the last at the caller.
//!
//! The functions here are for servers whose claims type is [`HelseIdClaims`]: that of [`Profile::helseid`] unless
//! [`ResourceServerBuilder::claims`](crate::ResourceServerBuilder::claims) names another one. For an API's own type that has
//! [`HelseIdClaims`] in it, [`Requirements`] has the same ones.
//!
//! [`Profile::helseid`]: crate::Profile::helseid

mod claims;
mod known;
mod nested;
mod requirements;

pub use claims::{AssuranceLevel, HelseIdClaims, Tenancy};
pub use nested::{Actor, TrustFramework};
pub use requirements::{
    Requirements, child_organisation, hpr_number, machine_to_machine, parent_organisation, supplier, tenancy,
    user_at_level,
};
