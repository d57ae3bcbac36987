//! What answers carry as `x-fapi-interaction-id` (R24), under each policy.

use super::cases::{
    BEARER, Rows, accepted, failed, finish, insufficient_scope, refused, request, unauthenticated,
};
use super::{ANY_UUID, ContractCase, Expected, TestRequest, World};

const NAME: &str = "x-fapi-interaction-id";
/// What clients send, where it is a UUID.
const SENT: &str = "93BAC548-d2de-4546-b106-880a5018460d";
const NO_UUID: &str = "93bac548d2de4546b106880a5018460d";

/// A random UUID (RFC 9562 §5.4), other than what was sent, as [`ANY_UUID`]; anything else as it is.
pub(super) fn mask(value: &str) -> String {
    let groups = value.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let digits = value.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let random = value.get(14..15) == Some("4") && value != SENT;
    if groups && digits && random { ANY_UUID.to_owned() } else { value.to_owned() }
}

fn sending(mut request: TestRequest, values: &[&str]) -> TestRequest {
    request.headers.extend(values.iter().map(|value| (NAME, (*value).to_owned())));
    request
}

fn answering(mut expected: Expected, value: &str) -> Expected {
    expected.headers.push((NAME.to_owned(), value.to_owned()));
    expected
}

/// R36: under the scheme that was used.
fn invalid(description: &str) -> Expected {
    refused(400, &[failed("DPoP", "invalid_request", description), BEARER.to_owned()])
}

fn valid(world: &World, values: &[&str]) -> TestRequest {
    sending(world.with_token(|token| token), values)
}

fn anonymous(values: &[&str]) -> TestRequest {
    sending(request("/records", vec![]), values)
}

/// A valid request to a route that requires more.
fn insufficient(world: &World, values: &[&str]) -> TestRequest {
    let token = world.token().sign();
    let proof = world.proof(&token).claim("htu", "https://api.example.com/admin").sign();
    let headers = vec![("authorization", format!("DPoP {token}")), ("dpop", proof)];
    sending(request("/admin", headers), values)
}

pub(super) fn echoed(world: &World) -> Rows {
    let missing = insufficient_scope("DPoP", "admin");
    vec![
        ("interaction id echoed", valid(world, &[SENT]), answering(accepted(), SENT)),
        ("interaction id echoed by a refusal", anonymous(&[SENT]), answering(unauthenticated(), SENT)),
        ("interaction id echoed by a route", insufficient(world, &[SENT]), answering(missing, SENT)),
        ("interaction id that is no UUID", valid(world, &[NO_UUID]), accepted()),
        ("two interaction ids", valid(world, &[SENT, SENT]), accepted()),
        ("interaction id that is no UUID, refused", anonymous(&["a\"b"]), unauthenticated()),
    ]
}

pub(super) fn ignored(world: &World) -> Vec<ContractCase> {
    let rows = vec![
        ("interaction id ignored", valid(world, &[SENT]), accepted()),
        ("interaction id ignored by a refusal", anonymous(&[SENT]), unauthenticated()),
    ];
    finish(world, rows)
}

pub(super) fn made(world: &World) -> Vec<ContractCase> {
    let missing = || insufficient_scope("DPoP", "admin");
    let rows = vec![
        ("interaction id kept", valid(world, &[SENT]), answering(accepted(), SENT)),
        ("interaction id made", valid(world, &[]), answering(accepted(), ANY_UUID)),
        ("interaction id replaced", valid(world, &[NO_UUID]), answering(accepted(), ANY_UUID)),
        ("interaction id made for a refusal", anonymous(&[]), answering(unauthenticated(), ANY_UUID)),
        ("interaction id made for a route", insufficient(world, &[]), answering(missing(), ANY_UUID)),
        ("interaction id kept by a route", insufficient(world, &[SENT]), answering(missing(), SENT)),
    ];
    finish(world, rows)
}

pub(super) fn required(world: &World) -> Vec<ContractCase> {
    let none = invalid("x-fapi-interaction-id is required");
    let wrong = || invalid("x-fapi-interaction-id must be one UUID");
    let rows = vec![
        ("required interaction id", valid(world, &[SENT]), answering(accepted(), SENT)),
        ("required interaction id missing", valid(world, &[]), answering(none, ANY_UUID)),
        ("required interaction id no UUID", valid(world, &[NO_UUID]), answering(wrong(), ANY_UUID)),
        ("required interaction id twice", valid(world, &[SENT, SENT]), answering(wrong(), ANY_UUID)),
        ("no credentials and no interaction id", anonymous(&[]), answering(unauthenticated(), ANY_UUID)),
    ];
    finish(world, rows)
}
