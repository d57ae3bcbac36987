//! Introspection (RFC 7662 §2, RFC 9701 §4): for registered clients alone.

use http::{Response, StatusCode};

use super::client_authentication::authenticate;
use super::respond::{Call, error, invalid_client, response};

/// RFC 9701 §4
const SIGNED: &str = "application/token-introspection+jwt";

pub(super) fn respond(call: &Call<'_>) -> Response<Vec<u8>> {
    let Ok(Some(client)) = authenticate(call) else { return invalid_client() };
    // RFC 7662 §2.1
    let Some(token) = call.parameter("token").filter(|_| call.is_form()) else {
        return error(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let answer = call.issuer.introspection(&token).audience(&client.audience);
    let answer = call.issuer.memory().changed_introspection(&token, answer);
    if call.accepts(SIGNED) && !answer.is_always_plain() {
        response(StatusCode::OK, SIGNED, answer.sign())
    } else {
        response(StatusCode::OK, "application/json", answer.plain())
    }
}
