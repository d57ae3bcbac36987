//! Reads strict JSON (RFC 8259), once, without copying what has no escapes.
//!
//! Refuses what two readers could read differently: duplicate member names at any depth (R111, compared after escapes
//! are resolved), anything but UTF-8, a byte order mark, lone surrogates, a second value after the first. Depth and
//! number of values are bounded (R116). serde_json knows the grammar; this visitor adds the rest.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::JoseError;
use super::json::{Members, Number, Object, Value};

/// Arrays and objects within each other; real tokens stay below 6.
const MAX_DEPTH: usize = 16;
/// Values in one text, so that memory stays in proportion: a value of two octets takes 56 bytes here.
const MAX_VALUES: usize = 8192;
/// Under serde_json's feature `arbitrary_precision`, which any crate of a build can switch on for all, numbers arrive
/// as an object with this one member, whose value is the number's text.
const ARBITRARY_PRECISION_NUMBER: &str = "$serde_json::private::Number";

/// Reads the one value in `json`.
pub(super) fn read(json: &[u8]) -> Result<Value<'_>, JoseError> {
    // RFC 8725 §3.7, R103
    let text = std::str::from_utf8(json).map_err(|_| JoseError::Utf8)?;
    let reader = Reader { values: Cell::new(0), failure: Cell::new(None) };
    reader.read(text).map_err(|_| reader.failure.get().unwrap_or(JoseError::Json))
}

/// Reads the one object in `json`, and keeps the members that `M` has a place for.
pub(super) fn read_members<'a, M: Members<'a>>(json: &'a [u8]) -> Result<M, JoseError> {
    let text = std::str::from_utf8(json).map_err(|_| JoseError::Utf8)?;
    if !text.trim_ascii_start().starts_with('{') {
        // What it is instead, and so which error, is found out by reading it.
        return Err(read(json).err().unwrap_or(JoseError::NotObject));
    }
    // The object is the first value.
    let reader = Reader { values: Cell::new(1), failure: Cell::new(None) };
    reader.read_members(text).map_err(|_| reader.failure.get().unwrap_or(JoseError::Json))
}

/// What is counted while one text is read, and the exact error, which serde would turn into text.
struct Reader {
    values: Cell<usize>,
    failure: Cell<Option<JoseError>>,
}

impl Reader {
    fn read_members<'a, M: Members<'a>>(&self, text: &'a str) -> Result<M, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let seed = ValueSeed { reader: self, depth: 0 }.within()?;
        let members = json.deserialize_map(MembersVisitor { seed, members: M::default() })?;
        json.end()?;
        Ok(members)
    }

    fn read<'a>(&self, text: &'a str) -> Result<Value<'a>, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = ValueSeed { reader: self, depth: 0 }.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }

    fn fail<E: Error>(&self, failure: JoseError) -> E {
        self.failure.set(Some(failure));
        E::custom(failure)
    }
}

/// Reads one value that lies `depth` arrays and objects deep.
#[derive(Clone, Copy)]
struct ValueSeed<'r> {
    reader: &'r Reader,
    depth: usize,
}

impl<'r> ValueSeed<'r> {
    /// The seed of what lies within this array or object.
    fn within<E: Error>(self) -> Result<ValueSeed<'r>, E> {
        // R116
        if self.depth == MAX_DEPTH {
            return Err(self.reader.fail(JoseError::TooDeep));
        }
        Ok(Self { depth: self.depth.saturating_add(1), ..self })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        let values = self.reader.values.get();
        // R116
        if values == MAX_VALUES {
            return Err(self.reader.fail(JoseError::TooLarge));
        }
        self.reader.values.set(values.saturating_add(1));
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(u64::try_from(value).map_or(Number::Negative(value), Number::Unsigned)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value<'de>, A::Error> {
        let seed = self.within()?;
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(seed)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value<'de>, A::Error> {
        let seed = self.within()?;
        // The claims of a token fit without growing. Deeper objects start empty: many of them fit into a short text.
        let mut members = Vec::with_capacity(if self.depth == 0 { 16 } else { 0 });
        while let Some(name) = entries.next_key_seed(NameSeed)? {
            if members.is_empty() && name == ARBITRARY_PRECISION_NUMBER {
                return parse_number(&entries.next_value::<Cow<'de, str>>()?).map(Value::Number);
            }
            members.push((name, entries.next_value_seed(seed)?));
        }
        let object =
            Object::from_members(members).ok_or_else(|| self.reader.fail(JoseError::DuplicateMember))?;
        Ok(Value::Object(object))
    }
}

/// Sorts the members of the outermost object into their places.
struct MembersVisitor<'r, M> {
    /// Reads the members.
    seed: ValueSeed<'r>,
    members: M,
}

impl<'de, M: Members<'de>> Visitor<'de> for MembersVisitor<'_, M> {
    type Value = M;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<M, A::Error> {
        let (mut distinct, mut others) = (true, Vec::new());
        while let Some(name) = entries.next_key_seed(NameSeed)? {
            let value = entries.next_value_seed(self.seed)?;
            match self.members.place(&name) {
                Some(place) => distinct &= place.replace(value).is_none(),
                None => others.push(name),
            }
        }
        // R111: of the members that nobody asks for, too.
        others.sort_unstable();
        if distinct && others.array_windows().all(|[one, other]| one != other) {
            Ok(self.members)
        } else {
            Err(self.seed.reader.fail(JoseError::DuplicateMember))
        }
    }
}

fn parse_number<E: Error>(text: &str) -> Result<Number, E> {
    if let Ok(value) = text.parse() {
        return Ok(Number::Unsigned(value));
    }
    // `-0` is not an integer's text here: it keeps its sign as a float (R98).
    if let Some(value) = text.parse().ok().filter(|value| *value != 0) {
        return Ok(Number::Negative(value));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Number::Float(value)),
        _ => Err(E::custom("not a number")),
    }
}

/// Reads a member name, borrowed where it has no escapes.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Object<'_>, JoseError> {
        Object::parse(json.as_bytes())
    }

    #[test]
    fn r103_r177_only_strict_json_in_utf8() {
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}"), Err(JoseError::Utf8));
        assert_eq!(Object::parse(b"\xff\xfe{\0}\0"), Err(JoseError::Utf8));
        assert_eq!(Object::parse(b"{\"a\":\"\xed\xa0\x80\"}"), Err(JoseError::Utf8));
        let refused = [
            "",
            " ",
            "\u{feff}{}",
            "{\0}\0",
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{'a':1}"#,
            r#"{a:1}"#,
            r#"{"a":1}{}"#,
            r#"{"a":1} x"#,
            "{\"a\":1}\0",
            r#"{"a":01}"#,
            r#"{"a":NaN}"#,
            r#"{"a":1e400}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":0x1}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"a":"\ud800\u0041"}"#,
            r#"{"\ud800":1}"#,
            r#"{"a":"\x41"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":tru}"#,
            "{/**/}",
        ];
        for json in refused {
            assert_eq!(parse(json), Err(JoseError::Json), "{json:?}");
        }
        assert_eq!(parse(r#"{"a":"\ud83d\ude00"}"#).unwrap().get("a").and_then(Value::as_str), Some("😀"));
    }

    #[test]
    fn r116_the_root_is_an_object() {
        for json in ["[]", "null", "true", "1", "\"{}\"", "[{}]"] {
            assert_eq!(parse(json), Err(JoseError::NotObject), "{json}");
        }
    }

    #[test]
    fn r116_depth_is_bounded() {
        let nested = |open: &str, inner: &str, close: &str, depth: usize| {
            format!(r#"{{"a":{}{inner}{}}}"#, open.repeat(depth), close.repeat(depth))
        };
        assert!(parse(&nested("[", "1", "]", MAX_DEPTH - 1)).is_ok());
        assert_eq!(parse(&nested("[", "1", "]", MAX_DEPTH)), Err(JoseError::TooDeep));
        assert!(parse(&nested(r#"{"a":"#, "1", "}", MAX_DEPTH - 1)).is_ok());
        assert_eq!(parse(&nested(r#"{"a":"#, "1", "}", MAX_DEPTH)), Err(JoseError::TooDeep));
        assert_eq!(parse(&nested("[", "", "]", 10_000)), Err(JoseError::TooDeep));
        assert_eq!(parse(&"[".repeat(100_000)), Err(JoseError::TooDeep));
    }

    #[test]
    fn r116_the_number_of_values_is_bounded() {
        // The root, the array and its elements.
        let array = |elements: usize| format!(r#"{{"a":[1{}]}}"#, ",1".repeat(elements - 1));
        assert!(parse(&array(MAX_VALUES - 2)).is_ok());
        assert_eq!(parse(&array(MAX_VALUES - 1)), Err(JoseError::TooLarge));
        let members: Vec<_> = (0..MAX_VALUES).map(|name| format!(r#""{name}":1"#)).collect();
        assert_eq!(parse(&format!("{{{}}}", members.join(","))), Err(JoseError::TooLarge));
    }

    /// What serde_json hands over when a build has its feature `arbitrary_precision`.
    #[test]
    fn numbers_of_arbitrary_precision_are_numbers() {
        let read = |text: &str| {
            let json = format!(r#"{{"t":{{"{ARBITRARY_PRECISION_NUMBER}":"{text}"}}}}"#);
            match parse(&json)?.get("t") {
                Some(Value::Number(number)) => Ok(*number),
                _ => Err(JoseError::Json),
            }
        };
        assert_eq!(read("1562262618"), Ok(Number::Unsigned(1_562_262_618)));
        assert_eq!(read("1562262618.5"), Ok(Number::Float(1_562_262_618.5)));
        assert_eq!(read("-1"), Ok(Number::Negative(-1)));
        assert!(matches!(read("-0"), Ok(Number::Float(zero)) if zero.is_sign_negative()));
        for number in ["1e400", "NaN", "inf", "x", ""] {
            assert_eq!(read(number), Err(JoseError::Json), "{number}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(json: Vec<u8>) {
            let _ = Object::parse(&json);
        }

        #[test]
        fn agrees_with_serde_json_on_what_is_json(json in r#"[\[\]{}:,"a\\u0-9.eE+ -]{0,24}|\{("[ab]":([01]|"[ab]"),?){0,3}\}"#) {
            if Object::parse(json.as_bytes()).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&json).is_ok());
            }
        }
    }
}
