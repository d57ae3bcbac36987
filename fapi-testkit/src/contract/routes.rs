//! What routes require beyond a valid token, and the answers to those that do not suffice.

use std::time::Duration;

use fapi_core::{AccessToken, Requirement, SenderConstraint};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cases::{DPOP, Rows, accepted, bearer, dpop, failed, insufficient_scope, refused};
use super::{Expected, TestRequest, World};
use crate::TokenBuilder;

const HIGH: &str = "urn:example:loa:high";
const MAX_AGE: Duration = Duration::from_secs(300);

/// An authorization detail.
#[derive(Deserialize, Serialize)]
struct Payment {
    currency: String,
}

/// The paths, and what they require.
pub(super) fn all() -> Vec<(&'static str, Requirement)> {
    let levels = ["urn:example:loa:substantial", HIGH];
    let suspended =
        Requirement::claims("suspended", |token: &AccessToken| token.scope().contains("suspended"));
    let user = Requirement::claims("a user", |token: &AccessToken| !token.subject_is_client());
    vec![
        ("/admin", Requirement::scope("admin")),
        (
            "/transfer",
            Requirement::scope("transfer")
                .and(Requirement::acr_any(levels))
                .and(Requirement::max_age(MAX_AGE)),
        ),
        (
            "/payments",
            Requirement::authorization_details("payment", |payment: &Payment| payment.currency == "NOK"),
        ),
        ("/staff", user.or(Requirement::scope("staff"))),
        ("/open", Requirement::not(suspended).told("The client is suspended")),
        ("/dpop", Requirement::binding(SenderConstraint::Dpop)),
        ("/mtls", Requirement::binding(SenderConstraint::Mtls)),
    ]
}

impl World {
    /// A request for this path, with its proof.
    fn to(&self, path: &'static str, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> TestRequest {
        let token = change(self.token()).sign();
        let url = format!("https://api.example.com{path}");
        let proof = self.client.proof(self.method, &url).access_token(&token).sign();
        TestRequest { target: path, ..dpop(&token, proof) }
    }

    /// The same over mutual TLS.
    fn mtls_to(&self, path: &'static str) -> TestRequest {
        let der = self.certificate.der();
        let token = self.token().without_claim("cnf").bound_to_certificate(der).sign();
        TestRequest { target: path, ..bearer(&token, Some(der)) }
    }
}

/// `expected`, with these parameters after the description of the error.
fn with_parameters(mut expected: Expected, parameters: &str) -> Expected {
    for (name, value) in &mut expected.headers {
        if name == "www-authenticate" && value.contains("error=") {
            *value = value.replacen("\", algs=", &format!("\", {parameters}, algs="), 1);
            *value = value.replacen("user\", resource", &format!("user\", {parameters}, resource"), 1);
        }
    }
    expected
}

fn forbidden(description: &str) -> Expected {
    refused(403, &[failed("DPoP", "insufficient_scope", description)])
}

/// R5, R32, R36
pub(super) fn scopes(world: &World) -> Rows {
    // R36: only the challenge of the scheme that was used carries the error.
    let mut over_mtls = insufficient_scope("Bearer", "admin");
    over_mtls.headers.insert(1, ("www-authenticate".to_owned(), DPOP.to_owned()));
    vec![
        ("scope suffices", world.to("/admin", |token| token.scope("records:read admin")), accepted()),
        ("scope missing", world.to("/admin", |token| token), insufficient_scope("DPoP", "admin")),
        ("scope missing over mutual TLS", world.mtls_to("/admin"), over_mtls),
    ]
}

/// R145-R147
pub(super) fn authentication(world: &World) -> Rows {
    const CODE: &str = "insufficient_user_authentication";
    const DESCRIPTION: &str = "The request requires another authentication of the user";
    const ASKED: &str = "acr_values=\"urn:example:loa:substantial urn:example:loa:high\", max_age=\"300\"";
    let ago = |seconds| world.clock_ago(seconds);
    let step_up =
        |parameters: &str| with_parameters(refused(401, &[failed("DPoP", CODE, DESCRIPTION)]), parameters);
    let transfer = |token: TokenBuilder| token.scope("transfer");
    let both = format!("{ASKED}, scope=\"transfer\"");
    let mut over_mtls =
        with_parameters(refused(401, &[failed("Bearer", CODE, DESCRIPTION), DPOP.to_owned()]), &both);
    over_mtls.headers.dedup();
    vec![
        (
            "authentication suffices",
            world.to("/transfer", |token| transfer(token).claim("acr", HIGH).claim("auth_time", ago(300))),
            accepted(),
        ),
        (
            "authenticated too long ago",
            world.to("/transfer", |token| transfer(token).claim("acr", HIGH).claim("auth_time", ago(301))),
            step_up(ASKED),
        ),
        (
            "authenticated at another level",
            world.to("/transfer", |token| {
                transfer(token).claim("acr", "urn:example:loa:low").claim("auth_time", ago(1))
            }),
            step_up(ASKED),
        ),
        ("no acr and no auth_time", world.to("/transfer", transfer), step_up(ASKED)),
        ("authentication and scope missing", world.to("/transfer", |token| token), step_up(&both)),
        (
            "authentication suffices, scope missing",
            world.to("/transfer", |token| token.claim("acr", HIGH).claim("auth_time", ago(1))),
            insufficient_scope("DPoP", "transfer"),
        ),
        ("authentication and scope missing over mutual TLS", world.mtls_to("/transfer"), over_mtls),
    ]
}

/// R148
pub(super) fn details(world: &World) -> Rows {
    let with =
        |details: Value| world.to("/payments", move |token| token.claim("authorization_details", details));
    let missing =
        || forbidden("The request requires authorization details that the access token does not have");
    let invalid = refused(401, &[failed("DPoP", "invalid_token", "Invalid access token")]);
    let payment = json!({ "type": "payment", "currency": "NOK" });
    vec![
        ("authorization details suffice", with(json!([{ "type": "other" }, payment])), accepted()),
        ("no authorization details", world.to("/payments", |token| token), missing()),
        (
            "authorization details with an unknown member",
            with(json!([{ "type": "payment", "currency": "NOK", "most": 1 }])),
            missing(),
        ),
        (
            "authorization details for another resource server",
            with(
                json!([{ "type": "payment", "currency": "NOK", "locations": ["https://other.example.com"] }]),
            ),
            missing(),
        ),
        ("authorization details that are no array", with(payment), invalid),
    ]
}

/// R5, R33, R36, P41
pub(super) fn combinations(world: &World) -> Rows {
    let machine = |token: TokenBuilder| token.claim("client_id", "m").claim("sub", "m");
    let bound = |scheme| {
        let description = "The request requires a token that is bound in another way";
        refused(401, &[failed(scheme, "invalid_token", description)])
    };
    vec![
        ("one of two requirements met", world.to("/staff", |token| token), accepted()),
        (
            "the other of two requirements met",
            world.to("/staff", |token| machine(token).scope("staff")),
            accepted(),
        ),
        ("none of two requirements met", world.to("/staff", machine), insufficient_scope("DPoP", "staff")),
        ("the opposite of a requirement met", world.to("/open", |token| token), accepted()),
        (
            "the opposite of a requirement not met",
            world.to("/open", |token| token.scope("suspended")),
            forbidden("The client is suspended"),
        ),
        ("DPoP where the route wants it", world.to("/dpop", |token| token), accepted()),
        ("DPoP where the route wants mutual TLS", world.to("/mtls", |token| token), bound("Bearer")),
        ("mutual TLS where the route wants it", world.mtls_to("/mtls"), accepted()),
        ("mutual TLS where the route wants DPoP", world.mtls_to("/dpop"), bound("DPoP")),
    ]
}
