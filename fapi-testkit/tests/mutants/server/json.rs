//! JSON objects whose member names are unique at every depth (RFC 7515 §4, RFC 7519 §4).

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};
use std::fmt;

use super::ReferenceServer;
use crate::flaw::Flaw;

impl ReferenceServer {
    /// The object that is the whole of `bytes`.
    pub(super) fn parse_object(&self, bytes: &[u8]) -> Result<Map<String, Value>, String> {
        let lossy;
        let bytes = if self.has(Flaw::InvalidUtf8) {
            lossy = String::from_utf8_lossy(bytes);
            lossy.as_bytes()
        } else {
            bytes
        };
        let bytes = match bytes.strip_prefix("\u{feff}".as_bytes()) {
            Some(rest) if self.has(Flaw::ByteOrderMark) => rest,
            _ => bytes,
        };
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let members = Members { first_wins: self.has(Flaw::DuplicateMembers) };
        let value = members.deserialize(&mut json).map_err(|error| error.to_string())?;
        if !self.has(Flaw::TextAfterJson) {
            json.end().map_err(|error| error.to_string())?;
        }
        match value {
            Value::Object(members) => Ok(members),
            _ => Err("not an object".to_owned()),
        }
    }
}

/// Reads any value and stops at the first member name that its object has had before.
#[derive(Clone, Copy)]
struct Members {
    /// Instead, passes over such a member.
    first_wins: bool,
}

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            match object.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                }
                Entry::Occupied(_) if self.first_wins => {}
                Entry::Occupied(_) => return Err(A::Error::custom("duplicate member")),
            }
        }
        Ok(Value::Object(object))
    }
}
