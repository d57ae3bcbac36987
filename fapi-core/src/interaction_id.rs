//! `x-fapi-interaction-id`, which finds one request in the logs of both sides (FAPI implementation advice §2.2.1, R24).
//!
//! Decides which one an answer carries, and whether a request must have one. It is a UUID or it is not repeated: anything
//! else could be written into headers and logs by whoever sends it.

use std::sync::Arc;

use uuid::{Builder, Uuid};

use crate::crypto::CryptoProvider;
use crate::error::Error;
use crate::request::FieldLines;

/// The name of the header field, in lower case.
pub(crate) const INTERACTION_ID: &str = "x-fapi-interaction-id";
/// RFC 9562 §4: 32 hexadecimal digits in five groups.
const TEXT_BYTES: usize = 36;

/// What is done with `x-fapi-interaction-id`. What counts is one field line that holds a UUID (RFC 9562 §4, in any case).
///
/// An identifier is in the answer of the handler as well as in a refusal, and in the log's event about the request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "config", derive(serde::Deserialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "config-schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum InteractionIdPolicy {
    /// It is ignored.
    #[default]
    Off,
    /// The answer has the request's.
    Echo,
    /// The answer has the request's, or else a new one.
    Make,
    /// As [`Self::Make`], and a request without one is refused with 400, once it has shown credentials.
    Require,
}

/// An identifier: a UUID in its text form.
#[derive(Clone)]
pub(crate) struct InteractionId(Arc<str>);

impl InteractionId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(sent: FieldLines<'_>) -> Option<Self> {
        let FieldLines::One(value) = sent else { return None };
        // The other forms that the parser knows, with braces or as a URN, are none of this header.
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() == TEXT_BYTES)?;
        Uuid::try_parse(text).ok().map(|_uuid| Self(text.into()))
    }

    /// A random one (RFC 9562 §5.4).
    fn make(crypto: &dyn CryptoProvider) -> Option<Self> {
        let mut random = [0; 16];
        crypto.fill_random(&mut random).ok()?;
        let uuid = Builder::from_random_bytes(random).into_uuid();
        Some(Self(uuid.to_string().into()))
    }
}

impl InteractionIdPolicy {
    /// The identifier of the answer to a request that has sent this.
    pub(crate) fn answer(self, sent: FieldLines<'_>, crypto: &dyn CryptoProvider) -> Option<InteractionId> {
        match self {
            Self::Off => None,
            Self::Echo => InteractionId::parse(sent),
            Self::Make | Self::Require => InteractionId::parse(sent).or_else(|| InteractionId::make(crypto)),
        }
    }

    /// Whether a request that has sent this may go on.
    pub(crate) fn check(self, sent: FieldLines<'_>) -> Result<(), Error> {
        match (self, sent) {
            (Self::Require, FieldLines::Absent) => Err(Error::InteractionIdMissing),
            (Self::Require, sent) if InteractionId::parse(sent).is_none() => Err(Error::InteractionIdInvalid),
            _ => Ok(()),
        }
    }
}
