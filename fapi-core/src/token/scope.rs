//! The `scope` claim (RFC 6749 §3.3, RFC 9068 §2.2.3): a set of opaque, case-sensitive words.

use std::fmt;

use crate::jose::json::Value;

/// The scope of an access token.
///
/// ```
/// use fapi_core::Scope;
///
/// let scope = Scope::parse("records:read records:write").ok_or("not a scope")?;
/// assert!(scope.contains("records:read"));
/// assert!(!scope.contains("records"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Scope(Vec<Box<str>>);

impl Scope {
    /// Reads space-separated scope tokens; `None` if one has a character outside RFC 6749 §3.3.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_tokens(text.split(' ').filter(|token| !token.is_empty()))
    }

    /// Reads the claim: a string, or an array of strings as some authorization servers issue it.
    pub(crate) fn from_claim(claim: &Value<'_>) -> Option<Self> {
        match claim {
            Value::String(text) => Self::parse(text),
            Value::Array(items) => {
                items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().and_then(Self::from_tokens)
            }
            _ => None,
        }
    }

    fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        tokens
            .into_iter()
            .map(|token| is_scope_token(token).then(|| token.into()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Whether this exact scope token is in the set.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|own| **own == *token)
    }

    /// The scope tokens, in the order of the claim.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`, which is also what a challenge may hold (R33).
pub(crate) fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(token)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scope({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R96
    #[test]
    fn a_string_and_an_array_give_the_same_scope() {
        let array = Value::Array(vec![Value::String("a".into()), Value::String("nhn:pps/read".into())]);
        let string = Value::String("a  nhn:pps/read".into());
        assert_eq!(Scope::from_claim(&array), Scope::from_claim(&string));
        assert_eq!(Scope::from_claim(&array).unwrap().to_string(), "a nhn:pps/read");
        assert_eq!(Scope::parse(""), Some(Scope::default()));
    }

    // R33, R96
    #[test]
    fn text_outside_the_character_set_is_no_scope() {
        for text in ["a\"b", "a\\b", "a\tb", "å", "a\u{7f}"] {
            assert_eq!(Scope::parse(text), None, "{text:?}");
        }
        for claim in [
            Value::Null,
            Value::Array(vec![Value::Null]),
            Value::Array(vec![Value::String("a b".into())]),
            Value::Array(vec![Value::String("".into())]),
        ] {
            assert_eq!(Scope::from_claim(&claim), None);
        }
    }
}
