//! The JSON Schema of values that are written in more than one way, or as text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::issuer::{IssuerSettings, IssuerTable};
use super::key_file::{DecryptionKeySettings, DecryptionKeyTable};
use super::revocation::{TransmitterSettings, TransmitterTable};
use super::settings::{Preset, ProfileSettings, ProfileTable};
use super::values::{AlgorithmName, Secret, SecretText, Span};
use crate::jose::Algorithm;
use crate::profile::Profile;

/// One `T`, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(#[schemars(length(min = 1))] Vec<T>),
}

macro_rules! schema {
    ($type:ty, $name:literal, |$generator:pat_param| $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// Numbers with their units, as a regular expression.
pub(super) const SPAN: &str = "([0-9]{1,9} ?(ms|s|secs?|m|mins?|h|hrs?|hours?|d|days?|w|weeks?) ?)+";

schema!(Span, "Span", |_| json_schema!({
    "type": "string",
    "description": "A length of time with its unit.",
    "pattern": format!("^{SPAN}$"),
    "examples": ["30s", "5m", "1h 30m"]
}));

schema!(AlgorithmName, "Algorithm", |_| json_schema!({
    "type": "string",
    "enum": Algorithm::ALL.map(Algorithm::name)
}));

schema!(Secret, "Secret", |_| json_schema!({
    "type": "string",
    "description": "base64url, without padding, of at least 16 random bytes.",
    "pattern": "^[A-Za-z0-9_-]{22,}$"
}));

schema!(SecretText, "SecretText", |_| json_schema!({
    "type": "string",
    "description": "A secret.",
    "minLength": 1
}));

schema!(Preset, "Preset", |_| json_schema!({
    "type": "string",
    "enum": Profile::names().collect::<Vec<_>>(),
    "default": "fapi2"
}));

schema!(ProfileSettings, "Profile", |generator| json_schema!({
    "anyOf": [generator.subschema_for::<Preset>(), generator.subschema_for::<ProfileTable>()]
}));

schema!(IssuerSettings, "Issuer", |generator| json_schema!({
    "anyOf": [
        { "type": "string", "format": "uri", "description": "The identifier." },
        generator.subschema_for::<IssuerTable>()
    ]
}));

schema!(TransmitterSettings, "Transmitter", |generator| json_schema!({
    "anyOf": [
        { "type": "string", "format": "uri", "description": "The identifier." },
        generator.subschema_for::<TransmitterTable>()
    ]
}));

schema!(DecryptionKeySettings, "DecryptionKey", |generator| json_schema!({
    "anyOf": [
        { "type": "string", "description": "The path of the file of the private key." },
        generator.subschema_for::<DecryptionKeyTable>()
    ]
}));

/// The keys of an issuer or a transmitter come from one place.
pub(super) fn keys_from_one_place(schema: &mut Schema) {
    let both = |one, other| json!({ "not": { "required": [one, other] } });
    let exclusive =
        [both("jwks_uri", "key_set"), both("jwks_uri", "key_set_file"), both("key_set", "key_set_file")];
    schema.insert("allOf".into(), exclusive.into());
}

/// One way to authenticate.
pub(super) fn one_authentication(schema: &mut Schema) {
    let ways = json!([
        { "required": ["key_file"] },
        { "required": ["client_secret"] },
        { "required": ["mutual_tls"], "properties": { "mutual_tls": { "const": true } } }
    ]);
    schema.insert("oneOf".into(), ways);
    schema.insert("dependentRequired".into(), json!({ "key_id": ["key_file"] }));
}

/// Somebody is trusted, in one way, about something.
pub(super) fn trusted_about_something(schema: &mut Schema) {
    let ways = json!([
        { "required": ["unix_socket"], "properties": { "unix_socket": { "const": true } } },
        { "required": ["addresses"] }
    ]);
    schema.insert("oneOf".into(), ways);
    schema.insert(
        "anyOf".into(),
        json!([{ "required": ["client_certificate"] }, { "required": ["forwarded"] }]),
    );
}

/// Port and prefix are headers of the one kind only.
pub(super) fn parts_of_x_forwarded(schema: &mut Schema) {
    schema.insert("if".into(), json!({ "properties": { "headers": { "const": "forwarded" } } }));
    let neither = json!({ "properties": { "port": { "const": false }, "prefix": { "const": false } } });
    schema.insert("then".into(), neither);
}

/// The header has a name where the format does not fix it, and nowhere else.
pub(super) fn header_of_the_format(schema: &mut Schema) {
    let named = ["nginx", "haproxy", "apache", "azure-application-gateway", "google"];
    schema.insert("if".into(), json!({ "properties": { "format": { "enum": named } } }));
    schema.insert("then".into(), json!({ "required": ["header"] }));
    schema.insert("else".into(), json!({ "not": { "required": ["header"] } }));
    let envoy = json!({ "properties": { "format": { "const": "envoy" } } });
    schema.insert("dependentSchemas".into(), json!({ "proxies": envoy }));
}
