//! A verified access token and its claims (RFC 9068 §2.2).
//!
//! Values of these types exist only for tokens that passed every rule: they are made by `token/jwt.rs` and `token/introspection.rs`, and handed out by
//! `resource_server.rs` alone.

pub(crate) mod authorization_details;
pub(crate) mod cache;
pub(crate) mod claims;
pub(crate) mod encrypted;
pub(crate) mod introspection;
pub(crate) mod jwt;
pub(crate) mod scope;

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::UnixTime;
use crate::confirmation::{Binding, Confirmation};
use crate::error::Error;
use crate::token::authorization_details::{AuthorizationDetail, AuthorizationDetails};

pub use scope::Scope;

/// The longest name of a claim that is logged, in bytes: those in use are URLs of half the length.
const MAX_CLAIM_NAME_BYTES: usize = 128;

/// For APIs that need no claims beyond the registered ones.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
pub struct NoClaims {}

/// The `client_id` claim: the client that was granted the token. Never confuse it with [`Subject`] (R19).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ClientId(Arc<str>);

/// The `sub` claim: the user, or the client itself where no user took part. Redacted in `Debug`, since it may name a
/// person.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Subject(Arc<str>);

impl ClientId {
    pub(crate) fn new(value: &str) -> Self {
        Self(value.into())
    }

    /// The claim's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Subject {
    pub(crate) fn new(value: &str) -> Self {
        Self(value.into())
    }

    /// The claim's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Subject(..)")
    }
}

/// The place of a token's status in a status list (Token Status List draft-20 §6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusReference {
    pub(crate) uri: Box<str>,
    pub(crate) index: u64,
}

impl StatusReference {
    /// The URL of the status list, as the token states it.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The token's index in the list (`idx`).
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }
}

/// The registered claims of a verified token.
pub struct TokenFacts {
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: Subject,
    pub(crate) client_id: ClientId,
    pub(crate) audience: Vec<Box<str>>,
    pub(crate) scope: Scope,
    pub(crate) token_id: Option<Box<str>>,
    pub(crate) session_id: Option<Box<str>>,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) expires_at: UnixTime,
    pub(crate) authenticated_at: Option<UnixTime>,
    pub(crate) acr: Option<Box<str>>,
    pub(crate) authorization_details: AuthorizationDetails,
    pub(crate) confirmation: Confirmation,
    pub(crate) status: Option<StatusReference>,
    pub(crate) key_id: Option<Box<str>>,
}

impl TokenFacts {
    /// The authorization server (`iss`): exactly one of the configured issuers.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user, or the client itself (`sub`).
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The client (`client_id`).
    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Whether `sub` and `client_id` are the same text: a token without a user, or a client that has chosen the
    /// identifier of a user (RFC 9700 §4.15, R19). Do not look a person up by such a subject.
    #[must_use]
    pub fn subject_is_client(&self) -> bool {
        self.subject.as_str() == self.client_id.as_str()
    }

    /// The resource servers for which the token was issued (`aud`).
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.audience.iter().map(AsRef::as_ref)
    }

    /// What was granted (`scope`); empty if the claim is absent.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The token's identifier (`jti`); absent only where the profile does not require it.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// The session at the issuer for which the token was issued (`sid`), if it says so.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// When the token was issued (`iat`); absent only where the profile does not require it.
    #[must_use]
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// When the user was authenticated (`auth_time`, RFC 9470 §6).
    #[must_use]
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.authenticated_at
    }

    /// In which way the user was authenticated (`acr`, RFC 9470 §6).
    #[must_use]
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// What was granted in detail (`authorization_details`, RFC 9396): the elements of this `type`, without their members
    /// `type` and `locations`.
    ///
    /// An element counts only if it has no `locations` or names one of the server's audiences there, and if it is a `T`
    /// wholly: a member that `T` does not know, at any depth, may be a condition, so such an element is left out.
    ///
    /// What a `T` has read is seen from what it writes (`Serialize`), also where serde drops members in silence: in
    /// `#[serde(flatten)]`, and in enums with `#[serde(tag)]` or `#[serde(untagged)]`. So a `T` must write each member under
    /// the name and in the place where it has read it. One that it reads by a `#[serde(alias)]`, or does not serialise, or
    /// that is an object in a set (whose order is another) counts as not known. Values may be written in another way, such
    /// as `1` as `1.0`; defaults may be added, and `null` left out.
    ///
    /// ```
    /// # use fapi_core::TokenFacts;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Deserialize, Serialize)]
    /// struct Payment { creditor: String }
    ///
    /// fn may_pay(token: &TokenFacts, creditor: &str) -> bool {
    ///     let payments = token.authorization_details::<Payment>("payment_initiation");
    ///     payments.iter().any(|payment| payment.creditor == creditor)
    /// }
    /// ```
    #[must_use]
    pub fn authorization_details<T: DeserializeOwned + Serialize>(&self, kind: &str) -> Vec<T> {
        self.authorization_details.of(kind).filter_map(AuthorizationDetail::read).collect()
    }

    /// Where the token's status is published (`status.status_list`), if it says so.
    #[must_use]
    pub fn status(&self) -> Option<&StatusReference> {
        self.status.as_ref()
    }

    /// When the token expires (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The keys that the token is bound to (`cnf`).
    #[must_use]
    pub fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }
}

impl fmt::Debug for TokenFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenFacts")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A verified access token as it was presented in one request, with the API's own claims type `C`.
///
/// Cheap to clone. The registered claims are methods (see [`TokenFacts`], to which it dereferences); your own are in
/// [`AccessToken::claims`], deserialised once per token, not once per request.
pub struct AccessToken<C = NoClaims> {
    facts: Arc<TokenFacts>,
    claims: Arc<C>,
    binding: Binding,
}

impl<C> AccessToken<C> {
    /// The API's own claims.
    #[must_use]
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// How the caller has shown that the token is theirs.
    #[must_use]
    pub const fn binding(&self) -> Binding {
        self.binding
    }
}

impl<C> Deref for AccessToken<C> {
    type Target = TokenFacts;

    fn deref(&self) -> &TokenFacts {
        &self.facts
    }
}

impl<C> Clone for AccessToken<C> {
    fn clone(&self) -> Self {
        Self { facts: Arc::clone(&self.facts), claims: Arc::clone(&self.claims), binding: self.binding }
    }
}

impl<C> fmt::Debug for AccessToken<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AccessToken").field(&self.facts).field(&self.binding).finish()
    }
}

/// A verified token whose claims type is known only to the builder of the server and to its handlers.
#[derive(Clone)]
pub(crate) struct ErasedToken {
    pub(crate) facts: Arc<TokenFacts>,
    claims: AnyClaims,
    claims_type: &'static str,
}

impl ErasedToken {
    /// A token of these facts, with claims of this type out of its verified payload.
    pub(crate) fn read(facts: TokenFacts, claims: ClaimsType, payload: &[u8]) -> Result<Self, Error> {
        let (read, claims_type) = (claims.read, claims.name);
        Ok(Self { facts: Arc::new(facts), claims: read(payload)?, claims_type })
    }

    /// The token with claims of type `C`; [`NoClaims`] fits every token.
    pub(crate) fn typed<C: Any + Send + Sync>(&self, binding: Binding) -> Result<AccessToken<C>, Error> {
        let claims: AnyClaims = if TypeId::of::<C>() == TypeId::of::<NoClaims>() {
            Arc::new(NoClaims {})
        } else {
            Arc::clone(&self.claims)
        };
        let claims = claims
            .downcast::<C>()
            .map_err(|_| Error::ClaimsType { asked_for: type_name::<C>(), built_with: self.claims_type })?;
        Ok(AccessToken { facts: Arc::clone(&self.facts), claims, binding })
    }
}

type AnyClaims = Arc<dyn Any + Send + Sync>;

/// The claims type that a server was built with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimsType {
    /// As a log shows it.
    pub(crate) name: &'static str,
    read: fn(&[u8]) -> Result<AnyClaims, Error>,
}

impl ClaimsType {
    pub(crate) fn of<C: for<'de> Deserialize<'de> + Any + Send + Sync>() -> Self {
        Self { name: type_name::<C>(), read: read_claims::<C> }
    }
}

fn read_claims<C>(payload: &[u8]) -> Result<AnyClaims, Error>
where
    C: for<'de> Deserialize<'de> + Any + Send + Sync,
{
    if TypeId::of::<C>() == TypeId::of::<NoClaims>() {
        return Ok(Arc::new(NoClaims {}));
    }
    serde_json::from_slice::<C>(payload)
        .map(|claims| Arc::new(claims) as AnyClaims)
        .map_err(|_| Error::TokenClaims(misfit::<C>(payload)))
}

/// Which claim of a verified payload does not fit the type, or is not there. The parser's text may quote what the claim
/// says: only a name is passed on (P44).
fn misfit<C: for<'de> Deserialize<'de>>(payload: &[u8]) -> Option<Arc<str>> {
    let reader = &mut serde_json::Deserializer::from_slice(payload);
    let error = serde_path_to_error::deserialize::<_, C>(reader).err()?;
    let text = error.inner().to_string();
    let name = match error.path().iter().next() {
        Some(serde_path_to_error::Segment::Map { key }) => key,
        // The text that serde has for a required field, whose name is the type's.
        _ => text.strip_prefix("missing field `")?.split('`').next()?,
    };
    Some(name).filter(|name| name.len() <= MAX_CLAIM_NAME_BYTES).map(Into::into)
}
