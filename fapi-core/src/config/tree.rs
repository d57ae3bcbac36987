//! Settings as a tree of tables: TOML, with environment variables laid over it.
//!
//! A value of a TOML file has the type that it is written in. That of a variable is text, which takes the type that is asked
//! of it: `true`, a number, a list of words separated by spaces.

use std::collections::BTreeMap;
use std::ffi::OsString;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use toml::Value;
use toml::de::Error;

use super::error::SettingsError;
use super::values::NUMBER;

/// Between the names of a table and of a key in it.
const SEPARATOR: &str = "__";

#[derive(Clone, Debug)]
pub(super) enum Node {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    /// Neither table nor list.
    Toml(Value),
    Variable(String),
}

/// Which variable has set a key, by the key with those that it is in, such as `profile.proof_max_age`.
pub(super) type Variables = BTreeMap<String, String>;

impl Node {
    pub(super) fn empty() -> Self {
        Self::Table(BTreeMap::new())
    }

    pub(super) fn parse(text: &str) -> Result<Self, SettingsError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let line = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count().saturating_add(1);
            // Never the error's own text: it shows the line, in which there may be a secret.
            let problem = match (error.message(), text.get(span)) {
                (message @ "duplicate key", Some(key)) => format!("{message} `{key}`"),
                (message, _) => message.to_owned(),
            };
            SettingsError::Syntax { line, problem }
        })?;
        Ok(Self::from_toml(Value::Table(table)))
    }

    fn from_toml(value: Value) -> Self {
        match value {
            Value::Table(table) => {
                Self::Table(table.into_iter().map(|(key, value)| (key, Self::from_toml(value))).collect())
            }
            Value::Array(values) => Self::List(values.into_iter().map(Self::from_toml).collect()),
            value => Self::Toml(value),
        }
    }

    /// Lays the variables that begin with `prefix` over this table: `PREFIX_PROFILE__NAME` is `profile.name`. Says what
    /// they have set.
    pub(super) fn overlay(
        &mut self,
        prefix: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Variables, SettingsError> {
        let mut seen = Variables::new();
        for (variable, value) in variables {
            let Some(key) = variable.to_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
            let key = key.to_ascii_lowercase();
            let name = variable.to_string_lossy().into_owned();
            let wrong = |problem: &str| SettingsError::Variable {
                variable: name.clone(),
                problem: problem.to_owned(),
            };
            let value = value.to_str().ok_or_else(|| wrong("its value is not UTF-8"))?;
            if seen.insert(key.replace(SEPARATOR, "."), name.clone()).is_some() {
                return Err(wrong("another variable sets the same key; their names differ only in case"));
            }
            self.set(&key.split(SEPARATOR).collect::<Vec<_>>(), value).map_err(wrong)?;
        }
        Ok(seen)
    }

    /// What a value of the wrong type is called.
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Table(_) => Unexpected::Map,
            Self::List(_) => Unexpected::Seq,
            Self::Toml(Value::Boolean(value)) => Unexpected::Bool(*value),
            Self::Toml(Value::Integer(value)) => Unexpected::Signed(*value),
            Self::Toml(Value::Float(value)) => Unexpected::Float(*value),
            Self::Toml(Value::String(text)) | Self::Variable(text) => Unexpected::Str(text),
            Self::Toml(_) => Unexpected::Other("date or time"),
        }
    }

    fn set(&mut self, path: &[&str], value: &str) -> Result<(), &'static str> {
        match (path, self) {
            ([], Self::Table(_)) => Err("it names a table; set the keys in it"),
            ([], place) => {
                *place = Self::Variable(value.to_owned());
                Ok(())
            }
            ([key, rest @ ..], Self::Table(table)) => {
                let absent = if rest.is_empty() { Self::Variable(String::new()) } else { Self::empty() };
                table.entry((*key).to_owned()).or_insert(absent).set(rest, value)
            }
            (_, _) => Err("it names a key of a table, but another setting says that there is none"),
        }
    }
}

impl IntoDeserializer<'_, Error> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A variable is parsed into the type that is asked for.
macro_rules! parse_variable {
    ($($method:ident $visit:ident $type:ty, $expected:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                Self::Variable(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(Error::invalid_value(Unexpected::Str(&text), &$expected)),
                },
                other => other.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Table(table) => visitor.visit_map(MapDeserializer::new(table.into_iter())),
            Self::List(nodes) => visitor.visit_seq(SeqDeserializer::new(nodes.into_iter())),
            Self::Toml(Value::Datetime(_)) => Err(Error::invalid_type(self.unexpected(), &visitor)),
            Self::Toml(value) => value.deserialize_any(visitor),
            Self::Variable(text) => visitor.visit_string(text),
        }
    }

    parse_variable! {
        deserialize_bool visit_bool bool, "`true` or `false`";
        deserialize_u64 visit_u64 u64, NUMBER;
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Variable(text) => {
                let words: Vec<Self> =
                    text.split_whitespace().map(|word| Self::Variable(word.to_owned())).collect();
                visitor.visit_seq(SeqDeserializer::new(words.into_iter()))
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Variable(text) | Self::Toml(Value::String(text)) => {
                visitor.visit_enum(text.into_deserializer())
            }
            other => {
                let expected = format!("one of `{}`", variants.join("`, `"));
                Err(Error::invalid_type(other.unexpected(), &expected.as_str()))
            }
        }
    }

    /// A list is no table: its values have no names.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Table(_) => self.deserialize_any(visitor),
            // Where a table is expected, a text may be a secret whose last key was forgotten.
            Self::Toml(Value::String(_)) | Self::Variable(_) => {
                Err(Error::invalid_type(Unexpected::Other("text"), &visitor))
            }
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct
        map identifier ignored_any
    }
}
