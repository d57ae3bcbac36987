//! Strict JSON (RFC 8259), borrowed from the input and parsed once.
//!
//! Refuses what two readers could read differently: duplicate member names at any depth (R111, compared after escapes
//! are resolved), anything but UTF-8, a byte order mark, lone surrogates, a second value after the first. Depth and
//! number of values are bounded (R116). How large the input may be, and what members mean, is for the callers.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::JoseError;
use crate::clock::UnixTime;

/// Arrays and objects within each other; real tokens stay below 6.
const MAX_DEPTH: usize = 16;
/// Values in one text, so that memory stays in proportion: a value of two octets takes 56 bytes here.
const MAX_VALUES: usize = 8192;
/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const MAX_NUMERIC_DATE: UnixTime = UnixTime::from_secs(253_402_300_799);

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// A JSON number. Nothing here needs the value of a negative integer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Negative,
    Float(f64),
}

/// A JSON object: members with distinct names, in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Value<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }
}

impl<'a> Object<'a> {
    /// Reads a text whose root is an object.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, JoseError> {
        // RFC 8725 §3.7, R103.
        let text = std::str::from_utf8(json).map_err(|_| JoseError::Utf8)?;
        let reader = Reader { values: Cell::new(0), failure: Cell::new(None) };
        match reader.read(text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(JoseError::NotObject),
            Err(_) => Err(reader.failure.get().unwrap_or(JoseError::Json)),
        }
    }

    /// The value of the member with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        let index = self.0.binary_search_by(|(candidate, _)| candidate.as_ref().cmp(name)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// All members, in the order of their names.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// All members, in the order of their names.
    pub(crate) fn into_members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.0.into_iter()
    }
}

/// RFC 7519 §2, R98: a NumericDate, which may have a fraction, to the nearest millisecond.
///
/// `None` for anything but a number from 0 to the year 9999 (pitfall P1).
pub(crate) fn numeric_date(value: &Value<'_>) -> Option<UnixTime> {
    let time = match *value {
        Value::Number(Number::Unsigned(seconds)) => UnixTime::from_secs(seconds),
        // The sign is asked for because -0.0 is not less than 0.0.
        Value::Number(Number::Float(seconds)) if seconds.is_sign_positive() => {
            let duration = Duration::try_from_secs_f64(seconds).ok()?;
            UnixTime::default().saturating_add(duration.saturating_add(Duration::from_micros(500)))
        }
        _ => return None,
    };
    (time <= MAX_NUMERIC_DATE).then_some(time)
}

/// What is counted while one text is read, and the exact error, which serde would turn into text.
struct Reader {
    values: Cell<usize>,
    failure: Cell<Option<JoseError>>,
}

impl Reader {
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
        Ok(Value::Number(u64::try_from(value).map_or(Number::Negative, Number::Unsigned)))
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
        let mut members = Vec::new();
        while let Some(name) = entries.next_key_seed(NameSeed)? {
            if members.is_empty() && name == ARBITRARY_PRECISION_NUMBER {
                return parse_number(&entries.next_value::<Cow<'de, str>>()?).map(Value::Number);
            }
            members.push((name, entries.next_value_seed(seed)?));
        }
        // Sorted rather than compared each with each: a hostile text must not cost the square of its length.
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        // RFC 7515 §4, RFC 7519 §4, R111
        if members.array_windows().any(|[(one, _), (other, _)]| one == other) {
            return Err(self.reader.fail(JoseError::DuplicateMember));
        }
        Ok(Value::Object(Object(members)))
    }
}

/// Under serde_json's feature `arbitrary_precision`, which any crate of a build can switch on for all, numbers arrive
/// as an object with this one member, whose value is the number's text.
const ARBITRARY_PRECISION_NUMBER: &str = "$serde_json::private::Number";

fn parse_number<E: Error>(text: &str) -> Result<Number, E> {
    if let Ok(value) = text.parse() {
        return Ok(Number::Unsigned(value));
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

    /// The NumericDate in `{"t":…}`.
    fn date(number: &str) -> Option<UnixTime> {
        let json = format!(r#"{{"t":{number}}}"#);
        let object = parse(&json).ok()?;
        numeric_date(object.get("t").unwrap())
    }

    #[test]
    fn reads_every_kind_of_value() {
        let object = parse(r#" {"s":"x","n":null,"b":true,"a":[1,-1,0.5],"o":{}} "#).unwrap();
        assert_eq!(object.get("s").and_then(Value::as_str), Some("x"));
        assert_eq!(object.get("n"), Some(&Value::Null));
        assert_eq!(object.get("b").and_then(Value::as_bool), Some(true));
        let numbers = [Number::Unsigned(1), Number::Negative, Number::Float(0.5)].map(Value::Number);
        assert_eq!(object.get("a").and_then(Value::as_array), Some(numbers.as_slice()));
        assert_eq!(object.get("o").and_then(Value::as_object).map(|inner| inner.members().count()), Some(0));
        assert_eq!(object.get("x"), None);
        assert_eq!(object.members().map(|(name, _)| name).collect::<String>(), "abnos");
    }

    #[test]
    fn borrows_what_has_no_escapes() {
        let object = parse(r#"{"a":"plain","b":"\u00e9"}"#).unwrap();
        assert!(matches!(object.get("a"), Some(Value::String(Cow::Borrowed("plain")))));
        assert!(matches!(object.get("b"), Some(Value::String(Cow::Owned(text))) if text == "é"));
    }

    #[test]
    fn p32_r111_a_name_occurs_once_at_every_depth() {
        assert!(parse(r#"{"alg":"a","Alg":"b","a":{"alg":1}}"#).is_ok());
        let twice = [
            r#"{"alg":"a","alg":"a"}"#,
            r#"{"alg":"a","x":1,"alg":"b"}"#,
            r#"{"\u0061lg":"a","alg":"b"}"#,
            r#"{"a\/b":1,"a/b":2}"#,
            r#"{"":1,"":2}"#,
            r#"{"cnf":{"jkt":"a","jkt":"b"}}"#,
            r#"{"a":[{"b":[{"c":1,"d":2,"c":3}]}]}"#,
        ];
        for json in twice {
            assert_eq!(parse(json), Err(JoseError::DuplicateMember), "{json}");
        }
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

    #[test]
    fn r98_numeric_dates_may_have_a_fraction() {
        let accepted = [
            ("0", 0),
            ("0.0", 0),
            ("1562262618", 1_562_262_618_000),
            ("1562262618.0", 1_562_262_618_000),
            ("1562262618.123", 1_562_262_618_123),
            ("1562262618.9995", 1_562_262_619_000),
            ("1.562262618e9", 1_562_262_618_000),
            ("253402300799", 253_402_300_799_000),
        ];
        for (number, millis) in accepted {
            assert_eq!(date(number), Some(UnixTime::from_millis(millis)), "{number}");
        }
    }

    #[test]
    fn p1_r98_nothing_else_is_a_numeric_date() {
        let refused = [
            "-0",
            "-0.0",
            "-1",
            "-0.5",
            "-1e-400",
            "-9223372036854775808",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551616",
            "253402300800",
            "253402300799.9996",
            "1e300",
            "1e400",
            "\"1562262618\"",
            "true",
            "null",
            "[1562262618]",
            "{}",
        ];
        for number in refused {
            assert_eq!(date(number), None, "{number}");
        }
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(numeric_date(&Value::Number(Number::Float(number))), None);
        }
    }

    /// What serde_json hands over when a build has its feature `arbitrary_precision`.
    #[test]
    fn numbers_of_arbitrary_precision_are_numbers() {
        let wrapped = |number: &str| format!(r#"{{"{ARBITRARY_PRECISION_NUMBER}":"{number}"}}"#);
        assert_eq!(date(&wrapped("1562262618")), Some(UnixTime::from_secs(1_562_262_618)));
        assert_eq!(date(&wrapped("1562262618.5")), Some(UnixTime::from_millis(1_562_262_618_500)));
        for number in ["-0", "-1", "1e400", "NaN", "inf", "x", ""] {
            assert_eq!(date(&wrapped(number)), None, "{number}");
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

        #[test]
        fn keeps_every_member(members: std::collections::BTreeMap<String, String>) {
            let json = serde_json::to_vec(&members).unwrap();
            let object = Object::parse(&json).unwrap();
            prop_assert_eq!(object.members().count(), members.len());
            for (name, text) in &members {
                prop_assert_eq!(object.get(name).and_then(Value::as_str), Some(text.as_str()));
            }
        }

        #[test]
        fn whole_milliseconds_survive(millis in 0..=253_402_300_799_000_u64) {
            let number = format!("{}.{:03}", millis / 1000, millis % 1000);
            prop_assert_eq!(date(&number), Some(UnixTime::from_millis(millis)));
        }
    }
}
