//! What a report may show of a request and of an answer: never a token, a proof or a private key as it was sent.

use serde_json::Value;

use super::report::{DecodedJwt, Received, Sent};
use crate::catalogue::{Answer, Call};
use crate::encoding::from_base64url;

/// The longest run of characters that cannot be a token, a part of one, or a certificate.
const LONGEST_RUN: usize = 31;
/// The same where credentials stand, which may be short and of any form.
const LONGEST_CREDENTIAL: usize = 11;
/// Where credentials stand.
const CREDENTIAL_FIELDS: [&str; 4] = ["authorization", "dpop", "cookie", "x-forwarded-authorization"];
/// The longest text that is shown, in characters.
const LONGEST_TEXT: usize = 200;
/// What stands for something that is not shown.
const MASK: &str = "…";
/// The private members of a JWK (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// The claims of tokens and proofs without personal data, which are shown also where somebody else issued the token.
const IMPERSONAL_CLAIMS: [&str; 11] =
    ["iss", "aud", "exp", "iat", "nbf", "cnf", "jti", "htm", "htu", "ath", "nonce"];

/// Hides the secrets of a run.
#[derive(Clone, Debug)]
pub(super) struct Redactor {
    /// The token of the client, which may be of any form.
    pub(super) token: String,
    /// Whether the tokens are the run's own, so that their claims are nobody's.
    pub(super) own_tokens: bool,
}

impl Redactor {
    pub(super) fn sent(&self, call: &Call) -> Sent {
        let headers = call.headers.iter().map(|(name, value)| {
            let secret = CREDENTIAL_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field));
            let value = String::from_utf8_lossy(value);
            (name.clone(), if secret { self.credentials(&value) } else { self.text(&value) })
        });
        let token =
            call.values("authorization").find_map(|value| value.split(' ').next_back()).and_then(decode);
        Sent {
            method: call.method.clone(),
            target: self.text(&call.target),
            headers: headers.collect(),
            token: token.map(|token| self.impersonal(token)),
            // A token may have been sent in place of a proof.
            proofs: call.values("dpop").filter_map(decode).map(|proof| self.impersonal(proof)).collect(),
        }
    }

    pub(super) fn received(&self, answer: &Answer) -> Received {
        let headers = answer.headers.iter().map(|(name, value)| (name.clone(), self.text(value)));
        Received { status: answer.status, headers: headers.collect() }
    }

    fn impersonal(&self, mut jwt: DecodedJwt) -> DecodedJwt {
        if let (false, Some(claims)) = (self.own_tokens, jwt.claims.as_object_mut()) {
            for (name, value) in claims {
                if !IMPERSONAL_CLAIMS.contains(&name.as_str()) {
                    *value = MASK.into();
                }
            }
        }
        jwt
    }

    /// The value of a field that holds credentials.
    fn credentials(&self, text: &str) -> String {
        self.without_runs(text, |run| run.len() > LONGEST_CREDENTIAL)
    }

    /// Any other text.
    fn text(&self, text: &str) -> String {
        self.without_runs(text, |run| run.len() > LONGEST_RUN && !is_name(run))
    }

    /// The text without the token and without those runs of encoded characters that are secret.
    fn without_runs(&self, text: &str, is_secret: impl Fn(&str) -> bool) -> String {
        let text = if self.token.is_empty() { text.to_owned() } else { text.replace(&self.token, "<token>") };
        let mut masked = String::new();
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|character| is_encoded(character) != is_encoded(first));
            let (run, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
            if is_encoded(first) && is_secret(run) {
                masked.push_str(&format!("<{} characters>", run.len()));
            } else {
                masked.push_str(run);
            }
            rest = after;
        }
        shortened(&masked)
    }
}

/// The characters of token68 without the slash, which also divides paths.
fn is_encoded(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '~' | '+' | '=')
}

/// Whether the run is a long name, such as that of a host or of a header, and no encoded bytes.
fn is_name(run: &str) -> bool {
    run.split(['.', '-', '_']).all(|part| part.len() < 16)
        && !run.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_TEXT).collect();
    if shown.len() < text.len() {
        shown.push_str(MASK);
    }
    shown
}

/// The readable parts, if the text has at least two parts as a JWT has.
fn decode(jwt: &str) -> Option<DecodedJwt> {
    let (header, rest) = jwt.split_once('.')?;
    let claims = rest.split('.').next().unwrap_or_default();
    Some(DecodedJwt { header: json(header), claims: json(claims) })
}

fn json(part: &str) -> Value {
    let bytes = from_base64url(part).unwrap_or_default();
    let mut value = serde_json::from_slice(&bytes).unwrap_or_default();
    hide(&mut value);
    value
}

/// Masks private members of keys and shortens long texts.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = shortened(text),
        Value::Array(elements) => elements.iter_mut().for_each(hide),
        Value::Object(members) => {
            let is_key = members.contains_key("kty");
            for (name, value) in members {
                if is_key && PRIVATE_MEMBERS.contains(&name.as_str()) {
                    *value = MASK.into();
                } else {
                    hide(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
