//! Reads the challenges of `WWW-Authenticate` (RFC 9110 §11.6.1): tolerant, since how they are written is for single cases
//! to judge.

/// A challenge: a scheme and its parameters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Challenge {
    /// The scheme, as written.
    pub scheme: String,
    /// The parameters in order: names in lower case, values without quotes.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a challenge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// The name, in lower case.
    pub name: String,
    /// The value, without quotes.
    pub value: String,
    /// Whether the value was quoted.
    pub quoted: bool,
}

impl Challenge {
    /// Whether it is of this scheme.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The value of the first parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|parameter| parameter.name == name).map(|parameter| &*parameter.value)
    }
}

/// The challenges of one field value. What is not of the grammar is skipped.
pub(super) fn parse(field: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for element in elements(field) {
        let mut rest = element.trim();
        // A scheme stands before a space that no `=` precedes, or alone.
        let (first, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        if !first.contains('=') && !first.is_empty() {
            challenges.push(Challenge { scheme: first.to_owned(), parameters: vec![] });
            rest = after.trim();
        }
        if let (Some((name, value)), Some(challenge)) = (rest.split_once('='), challenges.last_mut()) {
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            challenge.parameters.push(Parameter {
                name: name.trim().to_ascii_lowercase(),
                value: unquoted.map_or(value.to_owned(), |value| value.replace("\\\"", "\"")),
                quoted: unquoted.is_some(),
            });
        }
    }
    challenges
}

/// Splits at commas outside quotes.
fn elements(field: &str) -> Vec<String> {
    let (mut elements, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for character in field.chars() {
        match character {
            ',' if !quoted => {
                elements.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = quoted && character == '\\' && !escaped;
        if let Some(element) = elements.last_mut() {
            element.push(character);
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    // R35: both forms in the field are read.
    #[test]
    fn several_challenges_in_one_field() {
        let challenges = parse(r#"Bearer, DPoP error="a, b", algs="ES256 PS256",realm=x , Basic"#);
        let schemes: Vec<_> = challenges.iter().map(|challenge| &*challenge.scheme).collect();
        assert_eq!(schemes, ["Bearer", "DPoP", "Basic"]);
        assert_eq!(challenges[1].parameter("error"), Some("a, b"));
        assert_eq!(challenges[1].parameter("algs"), Some("ES256 PS256"));
        assert!(!challenges[1].parameters[2].quoted);
        assert!(challenges[1].is("dpop"));
    }

    #[test]
    fn rubbish_is_skipped() {
        assert_eq!(parse(""), []);
        assert_eq!(parse(r#"=,,"=""#), []);
        assert_eq!(parse("error=\"x\""), []);
    }
}
