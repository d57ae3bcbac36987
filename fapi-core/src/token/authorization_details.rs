//! What was granted in detail (RFC 9396): the `authorization_details` of a token, or of an introspection answer.
//!
//! Decides which elements count here: those without `locations`, and those whose `locations` name this API (R148). What the
//! members mean is the type's that reads them; a member that it does not know makes the element one that is not granted.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::error::Error;
use crate::jose::json::Value;

const CLAIM: &str = "authorization_details";
/// Elements in one token; a consent has a few.
const MAX_DETAILS: usize = 64;
/// One element, in bytes of JSON: each is read again whenever a route asks.
const MAX_DETAIL_BYTES: usize = 8 * 1024;

/// The authorization details of one token.
#[derive(Default)]
pub(crate) struct AuthorizationDetails(Vec<AuthorizationDetail>);

/// One of them.
pub(crate) struct AuthorizationDetail {
    kind: Box<str>,
    locations: Option<Vec<Box<str>>>,
    granted_here: bool,
    /// All but `type` and `locations`.
    members: Json,
}

impl AuthorizationDetails {
    /// Reads the claim. R148: one that is malformed anywhere is worth nothing, and neither is its token.
    pub(crate) fn parse(claim: Option<&Value<'_>>) -> Result<Self, Error> {
        let invalid = Error::TokenClaimInvalid(CLAIM);
        let Some(claim) = claim else { return Ok(Self::default()) };
        let elements = claim.as_array().filter(|elements| elements.len() <= MAX_DETAILS);
        let details = elements.ok_or(invalid.clone())?.iter().map(AuthorizationDetail::parse);
        details.collect::<Option<Vec<_>>>().map(Self).ok_or(invalid)
    }

    /// RFC 9396 §2.2: an element with `locations` counts at these only. Until this was asked, it counts nowhere.
    pub(crate) fn grant_at(&mut self, identifiers: &[String]) {
        for detail in &mut self.0 {
            if let Some(locations) = &detail.locations {
                let here = |location: &str| identifiers.iter().any(|own| own == location);
                detail.granted_here = locations.iter().any(|location| here(location));
            }
        }
    }

    /// The elements of this type that count here.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &AuthorizationDetail> {
        self.0.iter().filter(move |detail| detail.granted_here && *detail.kind == *kind)
    }
}

impl AuthorizationDetail {
    fn parse(element: &Value<'_>) -> Option<Self> {
        let object = element.as_object()?;
        // RFC 9396 §2: required, and it decides what the rest means.
        let kind = object.get("type")?.as_str().filter(|kind| !kind.is_empty())?;
        let locations = match object.get("locations") {
            Some(locations) => {
                let texts = locations.as_array()?.iter().map(|one| one.as_str().map(Into::into));
                Some(texts.collect::<Option<Vec<Box<str>>>>()?)
            }
            None => None,
        };
        let mut members = element.to_json();
        let fields = members.as_object_mut()?;
        fields.remove("type");
        fields.remove("locations");
        let small = members.to_string().len() <= MAX_DETAIL_BYTES;
        let granted_here = locations.is_none();
        small.then(|| Self { kind: kind.into(), locations, granted_here, members })
    }

    /// The element as a `T`; `None` if it is none, or has a member that `T` does not know, at any depth.
    ///
    /// R148: what is not understood may be a condition of the grant. serde reports members that a struct ignores, but not
    /// those that it drops inside of flattened structs and of tagged and untagged enums. They are missing from what `T`
    /// writes.
    pub(crate) fn read<T: DeserializeOwned + Serialize>(&self) -> Option<T> {
        let mut known = true;
        let detail: T = serde_ignored::deserialize(&self.members, |_member| known = false).ok()?;
        let written = serde_json::to_value(&detail).ok()?;
        if known && writes_all(&self.members, &written) {
            return Some(detail);
        }
        tracing::debug!(
            target: "fapi_core",
            kind = &*self.kind,
            "an authorization detail is not granted: the type that reads it does not know, or does not write, all of its members"
        );
        None
    }
}

/// Whether all members of what was `read` are in what was `written`, in the same place. Values are not compared: a number
/// or a text may be written in another way, an absent member with its default, and `null` not at all.
fn writes_all(read: &Json, written: &Json) -> bool {
    match (read, written) {
        (Json::Object(read), Json::Object(written)) => read.iter().all(|(name, value)| {
            value.is_null() || written.get(name).is_some_and(|own| writes_all(value, own))
        }),
        (Json::Array(read), Json::Array(written)) if read.len() == written.len() => {
            read.iter().zip(written).all(|(value, own)| writes_all(value, own))
        }
        (read, _) => !has_members(read),
    }
}

fn has_members(value: &Json) -> bool {
    match value {
        Json::Object(members) => !members.is_empty(),
        Json::Array(items) => items.iter().any(has_members),
        _ => false,
    }
}
