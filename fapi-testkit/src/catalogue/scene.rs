//! What a case starts from: one valid request, in parts that can be changed one at a time.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Binding, UnixTime};
use serde_json::Value;

use super::cast::{Cast, CatalogueIssuer, PublishedKeys};
use super::exchange::Call;
use super::feature::Feature;
use super::interaction_id::{INTERACTION_ID, new_interaction_id};
use super::setting::{Setting, Tokens};
use crate::encoding::{from_base64url, sha256_base64url};
use crate::{Fault, IntrospectionBuilder, ProofBuilder, TestClient, TokenBuilder};

/// What a step makes its request from.
#[derive(Debug)]
pub struct Scene {
    pub(crate) setting: Arc<Setting>,
    /// A nonce of the API, once it has handed one out.
    pub(crate) nonce: Option<String>,
    /// What has been sent in this case, in order.
    pub(crate) sent: Vec<Call>,
    /// The valid token of the client.
    pub(crate) token: String,
}

impl Scene {
    /// The valid request: nothing is changed.
    pub(crate) fn valid(&self) -> Call {
        self.with_token_text(&self.token)
    }

    /// The valid request of another client.
    pub(super) fn valid_of(&self, client: &TestClient) -> Call {
        let token = self.token_of(client);
        let proof = self.proof_of(client, &token).sign();
        self.dpop(&token, proof)
    }

    /// A valid request of another method, or to another path.
    pub(super) fn valid_at(&self, method: &str, path: &str) -> Call {
        self.request(method, path, &self.token)
    }

    /// A valid request to a path below that of the route.
    pub(super) fn valid_below(&self, rest: &str) -> Call {
        self.valid_at(self.method(), &format!("{}{rest}", self.path()))
    }

    /// A valid request with this token of the client.
    pub(super) fn valid_with(&self, token: TokenBuilder) -> Call {
        self.with_token_text(&token.sign())
    }

    /// A valid request but for its proof.
    pub(crate) fn with_proof(&self, change: impl FnOnce(ProofBuilder) -> ProofBuilder) -> Call {
        self.with_signed(|proof| change(proof).sign())
    }

    /// A valid request but for its proof, as it is signed.
    pub(super) fn with_signed(&self, sign: impl FnOnce(ProofBuilder) -> String) -> Call {
        self.dpop(&self.token, sign(self.proof()))
    }

    /// A valid request but for its token, with the proof that belongs to that token.
    pub(super) fn with_token(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
        self.with_signed_token(|token| change(token).sign())
    }

    /// A valid request but for its token, as it is signed, with the proof that belongs to that token.
    pub(super) fn with_signed_token(&self, sign: impl FnOnce(TokenBuilder) -> String) -> Call {
        self.with_token_text(&sign(self.mint()))
    }

    /// A request with this token and, where tokens are bound to keys, the proof that belongs to it.
    pub(super) fn with_token_text(&self, token: &str) -> Call {
        self.request(self.method(), self.path(), token)
    }

    /// Such a request by any method and to any path.
    pub(super) fn request(&self, method: &str, path: &str, token: &str) -> Call {
        let call = self.bare().method(method).target(path);
        let call = call.header("Authorization", self.authorization(token));
        match self.setting.terms.binding() {
            Binding::Mtls => call,
            _ => {
                let url = format!("{}{path}", self.setting.public_url);
                let proof = self.proof_of(&self.setting.cast.client, token);
                call.header("DPoP", proof.claim("htm", method).claim("htu", url).sign())
            }
        }
    }

    /// The scheme of valid requests.
    pub(super) fn scheme(&self) -> &'static str {
        match self.setting.terms.binding() {
            Binding::Mtls => "Bearer",
            _ => "DPoP",
        }
    }

    /// The credentials of valid requests, with this token.
    pub(super) fn authorization(&self, token: &str) -> String {
        format!("{} {token}", self.scheme())
    }

    /// A request with this token and this proof.
    pub(super) fn dpop(&self, token: &str, proof: String) -> Call {
        self.bare().header("Authorization", format!("DPoP {token}")).header("DPoP", proof)
    }

    /// A request with this token under the scheme `Bearer`, without a proof.
    pub(super) fn bearer(&self, token: &str) -> Call {
        self.bare().header("Authorization", format!("Bearer {token}"))
    }

    /// A request without credentials.
    pub(super) fn bare(&self) -> Call {
        let call = self.unidentified();
        if self.setting.terms.have(Feature::InteractionIdRequired) {
            return call.header(INTERACTION_ID, new_interaction_id());
        }
        call
    }

    /// The same without an `x-fapi-interaction-id`, which some profiles require.
    pub(super) fn unidentified(&self) -> Call {
        Call::new(&self.setting.method, &self.setting.path).header("Accept", "application/json")
    }

    /// The client's valid proof for its token.
    pub(super) fn proof(&self) -> ProofBuilder {
        self.proof_of(&self.setting.cast.client, &self.token)
    }

    /// A valid proof of any client, with the nonce that the API has handed out.
    pub(super) fn proof_of(&self, client: &TestClient, token: &str) -> ProofBuilder {
        let proof = client.proof(&self.setting.method, &self.url()).access_token(token).issued_at(self.now());
        match &self.nonce {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        }
    }

    /// The client's valid token.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// A valid token of any client of the cast.
    pub(super) fn token_of(&self, client: &TestClient) -> String {
        self.setting.token_for(client).expect("a case that needs further tokens says so")
    }

    /// A valid token of the client, before it is signed.
    pub(super) fn mint(&self) -> TokenBuilder {
        self.setting.bound(self.unbound())
    }

    /// A token of the client that is bound to its key, however the others are bound.
    pub(super) fn mint_with_key(&self) -> TokenBuilder {
        self.unbound().bound_to(&self.setting.cast.client)
    }

    /// The confirmation of the client's tokens: the name of the method and its value.
    pub(super) fn confirmation(&self) -> (&'static str, String) {
        self.confirmation_of(&self.setting.cast.client, self.certificate())
    }

    /// The same of somebody else.
    pub(super) fn others_confirmation(&self) -> (&'static str, String) {
        self.confirmation_of(&self.setting.cast.thief, self.setting.cast.certificate.der())
    }

    fn confirmation_of(&self, client: &TestClient, certificate: &[u8]) -> (&'static str, String) {
        match self.setting.terms.binding() {
            Binding::Mtls => ("x5t#S256", sha256_base64url(certificate)),
            _ => ("jkt", client.thumbprint()),
        }
    }

    /// The certificate of the connection (DER).
    pub(super) fn certificate(&self) -> &[u8] {
        self.setting.certificate.as_deref().unwrap_or_default()
    }

    /// A token that is bound to nothing.
    pub(super) fn unbound(&self) -> TokenBuilder {
        self.setting.mint(self.issuer())
    }

    pub(super) fn issuer(&self) -> &CatalogueIssuer {
        match &self.setting.tokens {
            Tokens::Minted(issuer) => issuer,
            Tokens::Given(_) => unreachable!("a case that needs an issuer says so"),
        }
    }

    pub(super) fn keys(&self) -> &PublishedKeys {
        self.issuer().keys()
    }

    pub(super) fn cast(&self) -> &Cast {
        &self.setting.cast
    }

    /// The URL of the request, as it stands in `htu`.
    pub(super) fn url(&self) -> String {
        self.setting.url()
    }

    /// Where RFC 9728 §3.1 puts the metadata of this API.
    pub(crate) fn metadata_path(&self) -> String {
        let after_scheme = self.setting.public_url.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or_default();
        format!("/.well-known/oauth-protected-resource{path}")
    }

    pub(super) fn audience(&self) -> &str {
        &self.setting.audience
    }

    pub(super) fn scope(&self) -> &str {
        &self.setting.scope
    }

    pub(super) fn path(&self) -> &str {
        &self.setting.path
    }

    pub(super) fn method(&self) -> &str {
        &self.setting.method
    }

    /// The request that was sent in the step before.
    pub(super) fn previous(&self) -> Call {
        self.sent.last().cloned().expect("a second step follows a first")
    }

    /// The token that was sent in the first step.
    pub(super) fn first_token(&self) -> String {
        let first = self.sent.first().expect("a further step follows a first");
        let credentials = first.values("authorization").next().unwrap_or_default();
        credentials.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// A claim of that token, which is a JWT.
    pub(super) fn first_token_claim(&self, name: &str) -> Value {
        let claims = claims(&self.first_token());
        claims.get(name).cloned().expect("the first step has sent a token with this claim")
    }

    /// The URI of the status list of that token.
    pub(super) fn first_status_list(&self) -> String {
        let status = self.first_token_claim("status");
        let uri = status.pointer("/status_list/uri").and_then(Value::as_str);
        uri.expect("the first step has sent a token with a status").to_owned()
    }

    /// A security event on its way to the API (RFC 8935 §2.1).
    pub(super) fn security_event(&self, event: &str) -> Call {
        let path = self.setting.security_events.as_deref();
        let path = path.expect("a case that needs security events says so");
        let call = Call::new("POST", path)
            .header("Authorization", CatalogueIssuer::EVENTS_AUTHORIZATION)
            .header("Content-Type", "application/secevent+jwt")
            .header("Accept", "application/json");
        Call { body: event.as_bytes().to_vec(), ..call }
    }

    /// The token of the first step once more, with a proof of its own.
    pub(super) fn same_token(&self) -> Call {
        self.with_token_text(&self.first_token())
    }

    /// A request with an opaque token.
    pub(super) fn with_opaque(&self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Call {
        self.with_signed_token(|token| change(token).opaque())
    }

    /// A request with a valid opaque token, about which the issuer answers in another way.
    pub(super) fn with_introspection(
        &self,
        change: impl Fn(IntrospectionBuilder) -> IntrospectionBuilder + Send + Sync + 'static,
    ) -> Call {
        let token = self.mint().opaque();
        self.issuer().issuer().change_introspection_of(&token, change);
        self.with_token_text(&token)
    }

    /// A request with a valid opaque token, about which the issuer fails to answer.
    pub(super) fn with_introspection_fault(&self, fault: Fault) -> Call {
        let token = self.mint().opaque();
        self.issuer().fail_about(&token, fault);
        self.with_token_text(&token)
    }

    /// The token of the first step, about which the issuer answers again.
    pub(super) fn answered_again(&self) -> Call {
        self.issuer().recover_about(&self.first_token());
        self.same_token()
    }

    /// The token of the first step, which the issuer has revoked in the meantime.
    pub(super) fn revoked(&self) -> Call {
        self.issuer().issuer().revoke(&self.first_token());
        self.same_token()
    }

    /// A claim of the proof that was sent in the step before.
    pub(super) fn previous_claim(&self, name: &str) -> Value {
        let previous = self.previous();
        let proof = previous.values("dpop").next().unwrap_or_default();
        claims(proof).get(name).cloned().expect("the step before has sent a proof with this claim")
    }

    pub(super) fn now(&self) -> UnixTime {
        self.setting.clock.now()
    }

    pub(crate) fn ago(&self, seconds: u64) -> UnixTime {
        self.now().saturating_sub(Duration::from_secs(seconds))
    }

    pub(super) fn ahead(&self, seconds: u64) -> UnixTime {
        self.now().saturating_add(Duration::from_secs(seconds))
    }
}

/// The claims of a JWT; null if it is none.
fn claims(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).and_then(from_base64url).unwrap_or_default();
    serde_json::from_slice(&claims).unwrap_or_default()
}
