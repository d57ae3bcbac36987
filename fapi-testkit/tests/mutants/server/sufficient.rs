//! What routes ask for beyond a valid token: an authentication of the user (RFC 9470), an authorization detail (RFC 9396).

use fapi_testkit::catalogue::{DetailsRoute, StepUpRoute};
use hyper::http::request::Parts;
use serde_json::{Map, Value};

use super::ReferenceServer;
use super::answer::Refusal;
use super::jws::text;
use super::proof::SKEW;
use super::time::{Clock, numeric_date};
use super::token::Claims;
use crate::flaw::Flaw;

impl ReferenceServer {
    pub(super) fn check_login(&self, claims: &Claims, parts: &Parts, clock: Clock) -> Result<(), Refusal> {
        let Some(route) = self.step_up_route.as_ref().filter(|route| route.path == parts.uri.path()) else {
            return Ok(());
        };
        if self.is_of_level(route, claims) && self.is_recent(route, claims, clock) {
            Ok(())
        } else if self.has(Flaw::StepUpForbidden) {
            Err(Refusal::InsufficientScope)
        } else {
            Err(Refusal::InsufficientAuthentication)
        }
    }

    // RFC 9470 §6.1: one of the values, and the claim must be there.
    fn is_of_level(&self, route: &StepUpRoute, claims: &Claims) -> bool {
        match text(claims, "acr") {
            _ if self.has(Flaw::Acr) => true,
            None => self.has(Flaw::AcrAbsent),
            Some(acr) if self.has(Flaw::AcrFirst) => route.values().next() == Some(acr),
            Some(acr) if self.has(Flaw::AcrSubstring) => route.acr_values.contains(acr),
            Some(acr) => route.values().any(|value| value == acr),
        }
    }

    // RFC 9470 §6.1: since the login, not since the token was issued.
    fn is_recent(&self, route: &StepUpRoute, claims: &Claims, clock: Clock) -> bool {
        let claim = if self.has(Flaw::AgeOfToken) { "iat" } else { "auth_time" };
        let Some(max_age) = route.max_age.filter(|_| !self.has(Flaw::AuthTime)) else { return true };
        let Some(time) = claims.get(claim).and_then(|time| numeric_date(time, false)) else {
            return self.has(Flaw::AuthTimeAbsent) && !claims.contains_key(claim);
        };
        let age = clock.now - time;
        let future = age < -SKEW && !self.has(Flaw::AuthTimeFuture);
        age <= max_age.as_secs_f64() && !future
    }

    /// The parameters that say what the next login must be (RFC 9470 §3).
    pub(super) fn step_up_parameters(&self) -> Vec<(&'static str, String)> {
        let Some(route) = self.step_up_route.as_ref() else { return vec![] };
        let mut parameters = Vec::new();
        if !self.has(Flaw::AcrUnnamed) {
            parameters.push(("acr_values", route.acr_values.clone()));
        }
        if let Some(age) = route.max_age.filter(|_| !self.has(Flaw::MaxAgeUnnamed)) {
            parameters.push(("max_age", age.as_secs().to_string()));
        }
        parameters
    }

    pub(super) fn check_details(&self, claims: &Claims, parts: &Parts) -> Result<(), Refusal> {
        let Some(route) = self.details_route.as_ref().filter(|route| route.path == parts.uri.path()) else {
            return Ok(());
        };
        let details = match claims.get("authorization_details") {
            _ if self.has(Flaw::Details) => return Ok(()),
            Some(Value::Array(details)) => &details[..],
            Some(detail @ Value::Object(_)) if self.has(Flaw::DetailAlone) => std::slice::from_ref(detail),
            Some(_) => return Err(self.bad_token("authorization_details")),
            None => &[],
        };
        let known = details.iter().map(detail).collect::<Option<Vec<_>>>();
        let known = known.ok_or_else(|| self.bad_token("authorization_details"))?;
        let looked_at = if self.has(Flaw::DetailFirst) { 1 } else { known.len() };
        if known.into_iter().take(looked_at).any(|detail| self.grants(route, detail)) {
            Ok(())
        } else if self.has(Flaw::DetailsUnauthorized) {
            Err(self.bad_token("authorization_details"))
        } else {
            Err(Refusal::InsufficientScope)
        }
    }

    // RFC 9396 §2, §2.2, §9.1
    fn grants(&self, route: &DetailsRoute, detail: &Map<String, Value>) -> bool {
        let (own, kind) = (route.detail.to_json(), text(detail, "type").unwrap_or_default());
        let of_type = kind == route.detail.kind()
            || self.has(Flaw::DetailType)
            || self.has(Flaw::DetailTypeCase) && kind.eq_ignore_ascii_case(route.detail.kind());
        let is_known = |name: &String| name == "locations" || own.get(name).is_some();
        let here = match detail.get("locations") {
            None => true,
            Some(_) if self.has(Flaw::DetailLocations) => true,
            Some(_) if self.has(Flaw::DetailLocated) => false,
            Some(places) => {
                places.as_array().is_some_and(|places| places.iter().any(|place| *place == *self.audience))
            }
        };
        of_type && here && (detail.keys().all(is_known) || self.has(Flaw::DetailMembers))
    }
}

/// RFC 9396 §2: an object with a type, and with the types of the members that all types share.
fn detail(value: &Value) -> Option<&Map<String, Value>> {
    let detail = value.as_object()?;
    text(detail, "type")?;
    detail.get("locations").is_none_or(Value::is_array).then_some(detail)
}
