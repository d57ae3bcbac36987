//! The values of settings that are more than text: times, secrets, names of algorithms.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Value;
use zeroize::Zeroizing;

use super::tree::Node;
use crate::dpop::NonceSecret;
use crate::jose::{Algorithm, base64url};

/// A length of time, written as `30s`, `5m` or `1h 30m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| humantime::parse_duration(text).ok().map(Self);
        deserializer
            .deserialize_str(Text { parse, expected: "a time with its unit, such as \"30s\" or \"5m\"" })
    }
}

/// The registered name of an algorithm, such as `ES256`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlgorithmName(pub Algorithm);

impl<'de> Deserialize<'de> for AlgorithmName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = format!("one of {}", Algorithm::ALL.map(Algorithm::name).join(", "));
        let parse = |text: &str| Algorithm::from_name(text).map(Self);
        deserializer.deserialize_str(Text { parse, expected: &expected })
    }
}

/// Text of a certain form. Whatever else is there, the error shows it, and says what is expected.
pub(super) struct Text<'a, P> {
    pub(super) parse: P,
    pub(super) expected: &'a str,
}

impl<T, P: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<'_, P> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self.expected))
    }
}

/// What numbers are, for errors.
pub(super) const NUMBER: &str = "a whole number that is not negative";

/// A number that is not negative.
pub(super) fn number<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    deserializer.deserialize_u64(Number(PhantomData))
}

/// The same, where nothing need be set.
pub(super) fn some_number<'de, D, N>(deserializer: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u64>,
{
    number(deserializer).map(Some)
}

struct Number<N>(PhantomData<N>);

impl<N: TryFrom<u64>> Visitor<'_> for Number<N> {
    type Value = N;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(NUMBER)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<N, E> {
        N::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<N, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

/// A nonce secret: base64url, without padding, of at least 16 random bytes.
#[derive(Clone, Debug)]
pub struct Secret(pub NonceSecret);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The value is a secret: no error may quote it, not even that of a wrong type.
        let wrong =
            || D::Error::custom("a secret must be base64url, without padding, of at least 16 random bytes");
        let text = String::deserialize(deserializer).map_err(|_| wrong())?;
        let bytes = base64url::decode(&text).map_err(|_| wrong())?;
        NonceSecret::new(&bytes).map(Self).map_err(|_| wrong())
    }
}

/// A secret that is text, such as a client's: it is not empty.
#[derive(Clone)]
pub(super) struct SecretText(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As above: no error may quote it.
        match String::deserialize(deserializer).map(Zeroizing::new) {
            Ok(secret) if !secret.is_empty() => Ok(Self(secret)),
            _ => Err(D::Error::custom("a secret must be text that is not empty")),
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretText").finish_non_exhaustive()
    }
}

/// One `T`, or a list of them; where nothing is set, `None`, which is not the same as none.
pub(super) fn some_one_or_many<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    one_or_many(deserializer).map(Some)
}

/// One `T`, or a list of them.
pub(super) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(OneOrMany(PhantomData))
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one value or a list")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<T>, E> {
        // As a node, which shows no text where a table is expected.
        let one = T::deserialize(Node::Toml(Value::String(text.to_owned())));
        one.map(|one| vec![one]).map_err(|error| E::custom(error.message()))
    }

    // What is no value of `T`, `T` refuses: it knows whether the value may be shown.
    fn visit_bool<E: Error>(self, value: bool) -> Result<Vec<T>, E> {
        T::deserialize(value.into_deserializer()).map(|one| vec![one])
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Vec<T>, E> {
        T::deserialize(value.into_deserializer()).map(|one| vec![one])
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Vec<T>, E> {
        T::deserialize(value.into_deserializer()).map(|one| vec![one])
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        // Whoever writes a list means something by it: that nothing is left of it is a mistake, such as an empty variable.
        if all.is_empty() {
            Err(A::Error::custom("an empty list: name one at least, or leave it out"))
        } else {
            Ok(all)
        }
    }
}

/// A `T` that may be written as its most important value alone.
pub(super) trait Shorthand<'de>: Sized {
    /// The whole.
    type Table: Deserialize<'de> + TryInto<Self, Error: fmt::Display>;
    /// What is expected.
    const EXPECTED: &'static str;

    fn from_text<E: Error>(text: &str) -> Result<Self, E>;
}

pub(super) fn text_or_table<'de, D: Deserializer<'de>, T: Shorthand<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextOrTable(PhantomData))
}

struct TextOrTable<T>(PhantomData<T>);

impl<'de, T: Shorthand<'de>> Visitor<'de> for TextOrTable<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::Table::deserialize(MapAccessDeserializer::new(map))?.try_into().map_err(A::Error::custom)
    }
}

/// `whole` with `value` set, if there is one.
pub(super) fn apply<W, T>(whole: W, value: Option<T>, set: impl FnOnce(W, T) -> W) -> W {
    match value {
        Some(value) => set(whole, value),
        None => whole,
    }
}

/// `whole` with `set`, where that is `wanted`.
pub(super) fn when<W>(whole: W, wanted: bool, set: impl FnOnce(W) -> W) -> W {
    if wanted { set(whole) } else { whole }
}
