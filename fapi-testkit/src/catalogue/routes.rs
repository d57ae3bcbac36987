//! Routes that ask for more than a valid token: a scope (RFC 6750 §3.1), an authentication of the user (RFC 9470), an
//! authorization detail (RFC 9396). What their requests look like; what is wrong with one is for its case to say.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::exchange::Call;
use super::scene::Scene;
use crate::TokenBuilder;

/// A route that asks for a scope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScopeRoute {
    /// The path, beginning with a slash; the method is that of the run.
    pub path: String,
    /// The scope.
    pub scope: String,
}

/// A route that asks for an authentication of the user (RFC 9470).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StepUpRoute {
    /// The path, beginning with a slash; the method is that of the run.
    pub path: String,
    /// The values of `acr` that it accepts, separated by spaces.
    pub acr_values: String,
    /// How long ago the user may have been authenticated; `None` if that does not matter.
    pub max_age: Option<Duration>,
}

/// A route that asks for an authorization detail (RFC 9396).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DetailsRoute {
    /// The method.
    pub method: String,
    /// The path, beginning with a slash.
    pub path: String,
    /// A detail that suffices.
    pub detail: AuthorizationDetail,
}

/// An authorization detail (RFC 9396 §2): a JSON object with a `type`.
///
/// ```
/// use fapi_testkit::catalogue::AuthorizationDetail;
///
/// assert!(r#"{"type": "account_information"}"#.parse::<AuthorizationDetail>().is_ok());
/// assert!(r#"["account_information"]"#.parse::<AuthorizationDetail>().is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationDetail(Map<String, Value>);

/// A text that is no [`AuthorizationDetail`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotADetail;

impl StepUpRoute {
    /// The values of `acr` that it accepts, in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.acr_values.split_whitespace()
    }
}

impl AuthorizationDetail {
    /// The `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The detail as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The detail with a member that is set to another value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The detail without a member.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }
}

impl FromStr for AuthorizationDetail {
    type Err = NotADetail;

    fn from_str(text: &str) -> Result<Self, NotADetail> {
        let detail = Self(serde_json::from_str(text).map_err(|_| NotADetail)?);
        if detail.kind().is_empty() { Err(NotADetail) } else { Ok(detail) }
    }
}

impl fmt::Display for NotADetail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it must be a JSON object with a type")
    }
}

impl std::error::Error for NotADetail {}

impl Scene {
    /// A request to the route that asks for a scope, with another token of the client.
    pub(super) fn to_scope_route(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
        let route = self.setting.scope_route.as_ref().expect("a case that needs a scope route says so");
        self.to_route(self.method(), &route.path, change(self.mint()))
    }

    /// A request to the route that asks for an authentication; before the change, the token suffices.
    pub(super) fn to_step_up_route(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
        let now = self.now().as_secs();
        let token = self.mint().claim("acr", self.first_acr()).claim("auth_time", now);
        self.to_route(self.method(), &self.step_up_route().path, change(token))
    }

    /// A request to the route that asks for an authorization detail, with these details.
    pub(super) fn with_details(&self, details: impl FnOnce(AuthorizationDetail) -> Value) -> Call {
        let details = details(self.detail().clone());
        self.to_details_route(|token| token.claim("authorization_details", details))
    }

    /// A request to that route with another token of the client; before the change, it has no details.
    pub(super) fn to_details_route(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
        let route = self.details_route();
        self.to_route(&route.method, &route.path, change(self.mint()))
    }

    fn to_route(&self, method: &str, path: &str, token: TokenBuilder) -> Call {
        self.request(method, path, &token.sign())
    }

    pub(super) fn step_up_route(&self) -> &StepUpRoute {
        self.setting.step_up_route.as_ref().expect("a case that needs a step-up route says so")
    }

    fn details_route(&self) -> &DetailsRoute {
        self.setting.details_route.as_ref().expect("a case that needs authorization details says so")
    }

    /// How old the user's authentication may be at the route that asks for one.
    pub(super) fn max_age(&self) -> u64 {
        self.step_up_route().max_age.unwrap_or_default().as_secs()
    }

    pub(super) fn first_acr(&self) -> &str {
        self.step_up_route().values().next().unwrap_or_default()
    }

    /// The detail that suffices.
    pub(super) fn detail(&self) -> &AuthorizationDetail {
        &self.details_route().detail
    }

    /// A request to that route with the detail that suffices, but for these locations.
    pub(super) fn detail_at(&self, locations: &[&str]) -> Call {
        self.with_details(|detail| json!([detail.with("locations", locations).to_json()]))
    }
}
