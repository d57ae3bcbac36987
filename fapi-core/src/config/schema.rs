//! The JSON Schema of values that are written in more than one way, or as text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

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
    Many(Vec<T>),
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

schema!(Span, "Span", |_| json_schema!({
    "type": "string",
    "description": "A length of time with its unit.",
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
