//! The attacks on a resource server and the requests that it must accept, as data.
//!
//! A [`Case`] starts from one valid request and breaks one thing, or uses a freedom that the specifications give. It names
//! the clause, what may come back and how bad a failure is. [`conform`](crate::conform) runs the cases.
//!
//! ```
//! let case = fapi_testkit::catalogue::find("htu-other-host").unwrap();
//! assert_eq!(case.rule.clause, "RFC 9449 §4.3 (9)");
//! println!("{}: {}", case.title, case.expected());
//! ```

mod case;
mod cases;
mod cast;
mod challenge;
mod condition;
mod exchange;
mod expectation;
mod feature;
mod forge;
mod group;
mod interaction_id;
mod multi_prime;
mod profile;
mod routes;
mod rule;
mod scene;
mod setting;

use std::sync::LazyLock;

pub use case::{Case, Kind, MakeCall, Step, Volley};
pub(crate) use cast::Cast;
pub use cast::CatalogueIssuer;
pub use challenge::{Challenge, Parameter};
pub use condition::{Condition, Evidence};
pub use exchange::{Answer, Call};
pub use expectation::{Acceptable, Expectation};
pub use feature::Feature;
pub use group::{Group, Need, Severity};
pub use profile::{NotAProfile, Profile, Terms};
pub use routes::{AuthorizationDetail, DetailsRoute, NotADetail, ScopeRoute, StepUpRoute};
pub use rule::Rule;
pub use scene::Scene;
pub(crate) use setting::{Setting, Tokens};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases::all);

/// Every case, in the order in which they run.
#[must_use]
pub fn all() -> &'static [Case] {
    &CASES
}

/// The case with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Case> {
    all().iter().find(|case| case.id == id)
}
