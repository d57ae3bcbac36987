//! JSON values as they came (RFC 8259), borrowed from the input, with no map in between.
//!
//! A member name occurs once (R111), and a NumericDate is a number that is a time (R98). `json_reader.rs` decides what
//! is read as JSON at all; how large the input may be, and what members mean, is for the callers.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{JoseError, json_reader};
use crate::clock::UnixTime;

/// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const MAX_NUMERIC_DATE: UnixTime = UnixTime::from_secs(253_402_300_799);

/// A JSON value.
#[derive(Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// A JSON number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

/// A JSON object: members with distinct names, in the order of their names.
#[derive(Clone, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// The members of an object that are looked at; all others are held to the same rules and then forgotten.
pub(crate) trait Members<'a>: Default {
    /// Reads a text whose root is an object.
    fn parse(json: &'a [u8]) -> Result<Self, JoseError> {
        json_reader::read_members(json)
    }

    /// The place of the member with this name, if there is one.
    fn place(&mut self, name: &str) -> Option<&mut Option<Value<'a>>>;
}

impl<'a> Value<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&[Value<'a>]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The same value, owned, for types that serde reads.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(Number::Unsigned(number)) => (*number).into(),
            Self::Number(Number::Negative(number)) => (*number).into(),
            Self::Number(Number::Float(number)) => (*number).into(),
            Self::String(text) => text.as_ref().into(),
            Self::Array(values) => values.iter().map(Self::to_json).collect(),
            Self::Object(Object(members)) => {
                members.iter().map(|(name, value)| (name.as_ref(), value.to_json())).collect()
            }
        }
    }
}

/// Shows the kind only: values are claims, and claims are about persons (R22).
impl fmt::Debug for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool",
            Self::Number(_) => "Number",
            Self::String(_) => "String",
            Self::Array(_) => "Array",
            Self::Object(_) => "Object",
        })
    }
}

/// Shows nothing of its members.
impl fmt::Debug for Object<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Object")
    }
}

impl<'a> Object<'a> {
    /// Reads a text whose root is an object.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, JoseError> {
        match json_reader::read(json)? {
            Value::Object(object) => Ok(object),
            _ => Err(JoseError::NotObject),
        }
    }

    /// The object with these members; `None` if two of them have the same name.
    pub(super) fn from_members(mut members: Vec<(Cow<'a, str>, Value<'a>)>) -> Option<Self> {
        // Sorted rather than compared each with each: a hostile text must not cost the square of its length.
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        // RFC 7515 §4, RFC 7519 §4, R111
        let distinct = members.array_windows().all(|[(one, _), (other, _)]| one != other);
        distinct.then_some(Self(members))
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

/// A whole number from 0 on.
pub(crate) const fn unsigned(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Number(Number::Unsigned(number)) => Some(*number),
        _ => None,
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
        assert_eq!(object.get("b"), Some(&Value::Bool(true)));
        let numbers = [Number::Unsigned(1), Number::Negative(-1), Number::Float(0.5)].map(Value::Number);
        assert_eq!(object.get("a").and_then(Value::as_array), Some(numbers.as_slice()));
        assert_eq!(object.get("o").and_then(Value::as_object), Some(&Object(vec![])));
        assert_eq!(object.get("x"), None);
        assert_eq!(object.into_members().map(|(name, _)| name).collect::<String>(), "abnos");
    }

    #[test]
    fn r22_debug_shows_no_claims() {
        let object = parse(r#"{"sub":"somebody"}"#).unwrap();
        assert_eq!(format!("{object:?} {:?}", object.get("sub")), "Object Some(String)");
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

    #[derive(Default)]
    struct Chosen<'a> {
        a: Option<Value<'a>>,
        b: Option<Value<'a>>,
    }

    impl<'a> Members<'a> for Chosen<'a> {
        fn place(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
            match name {
                "a" => Some(&mut self.a),
                "b" => Some(&mut self.b),
                _ => None,
            }
        }
    }

    fn chosen(json: &str) -> Result<[Option<Value<'_>>; 2], JoseError> {
        Chosen::parse(json.as_bytes()).map(|members| [members.a, members.b])
    }

    fn of_object(json: &str) -> Result<[Option<Value<'_>>; 2], JoseError> {
        parse(json).map(|object| ["a", "b"].map(|name| object.get(name).cloned()))
    }

    // P32, R111, R116
    #[test]
    fn the_same_rules_hold_for_members_that_nobody_asks_for() {
        let many = format!(r#"{{"x":[1{}]}}"#, ",1".repeat(9_000));
        let (deep, root_deep) = (format!(r#"{{"x":{}"#, "[".repeat(20)), "[".repeat(20));
        for (json, error) in [
            (r#"{"a":1,"a":1}"#, JoseError::DuplicateMember),
            (r#"{"x":1,"y":2,"x":1}"#, JoseError::DuplicateMember),
            (r#"{"x":1,"\u0078":1}"#, JoseError::DuplicateMember),
            (r#"{"x":[{"y":1,"y":2}]}"#, JoseError::DuplicateMember),
            (r#"{"a":1,"a":1"#, JoseError::Json),
            (r#"{"a":1}{"#, JoseError::Json),
            (many.as_str(), JoseError::TooLarge),
            (deep.as_str(), JoseError::TooDeep),
            (root_deep.as_str(), JoseError::TooDeep),
            ("[]", JoseError::NotObject),
            (" 1", JoseError::NotObject),
            ("", JoseError::Json),
            ("\u{c}{}", JoseError::Json),
        ] {
            assert_eq!(chosen(json), Err(error), "{json}");
            assert_eq!(of_object(json), Err(error), "{json}");
        }
        assert_eq!(Chosen::parse(b"{\"a\":\"\xff\"}").err(), Some(JoseError::Utf8));
        assert_eq!(chosen(r#"{"x":1,"b":null}"#), Ok([None, Some(Value::Null)]));
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

    proptest! {
        #[test]
        fn keeps_every_member(members in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..20)) {
            let json = serde_json::to_vec(&members).unwrap();
            let object = Object::parse(&json).unwrap();
            prop_assert_eq!(object.clone().into_members().count(), members.len());
            for (name, text) in &members {
                prop_assert_eq!(object.get(name).and_then(Value::as_str), Some(text.as_str()));
            }
        }

        #[test]
        fn chosen_members_are_those_of_the_object(
            json in r#"\{("(a|b|x|y|\\u0061)":([0-9]|"[ab]"|\{("a":1,?){0,2}\}|\[0?\]|tru)[, ]){0,4}"(a|y)":1\}|[\[{]{0,18}"#
        ) {
            prop_assert_eq!(chosen(&json), of_object(&json));
        }

        #[test]
        fn whole_milliseconds_survive(millis in 0..=253_402_300_799_000_u64) {
            let number = format!("{}.{:03}", millis / 1000, millis % 1000);
            prop_assert_eq!(date(&number), Some(UnixTime::from_millis(millis)));
        }
    }
}
