//! What must hold for an answer beyond its status and error: one sentence and one small function each.

use serde_json::Value;

use super::exchange::{Answer, Call};
use super::interaction_id::{INTERACTION_ID as FIELD, is_uuid};
use super::routes::StepUpRoute;

/// A property of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// What must hold, in one sentence without a full stop.
    pub text: &'static str,
    /// Whether it does.
    pub holds: fn(&Evidence<'_>) -> bool,
}

/// What a condition may look at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The request.
    pub call: &'a Call,
    /// The answer.
    pub answer: &'a Answer,
    /// The URL of the route, by which clients know it.
    pub url: &'a str,
    /// How often the API has fetched keys since the case began, where that can be known.
    pub key_fetches: usize,
    /// The route that asks for an authentication of the user, if there is one.
    pub step_up_route: Option<&'a StepUpRoute>,
}

/// RFC 9110 §15.5.2, R30
pub(super) const CHALLENGED: Condition = Condition {
    text: "every 401 has a WWW-Authenticate challenge",
    holds: |it| it.answer.status != 401 || !it.answer.challenges().is_empty(),
};

/// R124: no other token would help, and nothing else that a client can do.
pub(super) const NOT_CHALLENGED: Condition =
    Condition { text: "no challenge", holds: |it| it.answer.challenges().is_empty() };

/// RFC 8935 §2.2
pub(super) const RECEIVED: Condition = Condition { text: "status 202", holds: |it| it.answer.status == 202 };

/// RFC 8935 §2.2, R165
pub(super) const EMPTY: Condition = Condition { text: "no content", holds: |it| it.answer.body.is_empty() };

/// RFC 8935 §2.3, §2.4, R165
pub(super) const EVENT_ERROR: Condition = Condition {
    text: "a JSON object whose err is registered and whose description is a text",
    holds: |it| {
        let json = it.answer.values("content-type").any(|value| value.starts_with("application/json"));
        let described =
            document(it.answer).is_some_and(|it| it.get("description").is_some_and(Value::is_string));
        json && described && event_error(it.answer).is_some_and(|err| EVENT_ERRORS.contains(&&*err))
    },
};

/// RFC 8935 §2.4
pub(super) const EVENT_ERROR_AUDIENCE: Condition = Condition {
    text: "err is invalid_audience",
    holds: |it| event_error(it.answer).as_deref() == Some("invalid_audience"),
};

/// RFC 8935 §2.4
pub(super) const EVENT_ERROR_ISSUER: Condition = Condition {
    text: "err is invalid_issuer",
    holds: |it| event_error(it.answer).as_deref() == Some("invalid_issuer"),
};

/// RFC 8935 §2.3: the description is for people.
pub(super) const LANGUAGE_NAMED: Condition = Condition {
    text: "a Content-Language header field",
    holds: |it| it.answer.values("content-language").next().is_some(),
};

/// RFC 9449 §8.1, R63
pub(super) const NONCE_WELL_FORMED: Condition = Condition {
    text: "at most one DPoP-Nonce, not empty, of the permitted characters",
    holds: |it| {
        let nonces: Vec<_> = it.answer.values("dpop-nonce").collect();
        let permitted = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        nonces.len() <= 1 && nonces.iter().all(|nonce| !nonce.is_empty() && nonce.bytes().all(permitted))
    },
};

/// RFC 9449 §9, R63
pub(super) const NONCE_SENT: Condition = Condition {
    text: "use_dpop_nonce comes with a DPoP-Nonce",
    holds: |it| !it.answer.asks_for_nonce() || it.answer.values("dpop-nonce").next().is_some(),
};

/// RFC 9111 §5.2.2.5, R39
pub(super) const NO_STORE: Condition = Condition {
    text: "Cache-Control: no-store",
    holds: |it| {
        it.answer.values("cache-control").any(|value| value.to_ascii_lowercase().contains("no-store"))
    },
};

/// RFC 9449 §7.1
pub(super) const DPOP_CHALLENGE: Condition = Condition {
    text: "a challenge of the scheme DPoP",
    holds: |it| it.answer.challenges().iter().any(|challenge| challenge.is("DPoP")),
};

/// RFC 9449 §7.1, R37, R7
pub(super) const ALGORITHMS_NAMED: Condition = Condition {
    text: "the DPoP challenge names algs, and only asymmetric ones",
    holds: |it| {
        let challenges = it.answer.challenges();
        let algorithms = challenges.iter().filter(|it| it.is("DPoP")).find_map(|it| it.parameter("algs"));
        let symmetric = |name: &str| name.eq_ignore_ascii_case("none") || name.starts_with("HS");
        algorithms.is_some_and(|names| !names.trim().is_empty() && !names.split(' ').any(symmetric))
    },
};

/// R35: clients and test suites read quoted parameters only.
pub(super) const PARAMETERS_QUOTED: Condition = Condition {
    text: "every parameter of a challenge is quoted",
    holds: |it| it.answer.challenges().iter().flat_map(|it| &it.parameters).all(|it| it.quoted),
};

/// RFC 6750 §3, R33
pub(super) const PARAMETERS_ONCE: Condition = Condition {
    text: "no parameter of a challenge is repeated",
    holds: |it| {
        it.answer.challenges().iter().all(|challenge| {
            let names: Vec<_> = challenge.parameters.iter().map(|parameter| &parameter.name).collect();
            names.iter().all(|name| names.iter().filter(|other| other == &name).count() == 1)
        })
    },
};

/// RFC 6750 §3, R33
pub(super) const PARAMETERS_CLEAN: Condition = Condition {
    text: "error, error_description and scope are of the permitted characters",
    holds: |it| {
        let permitted = |byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let challenges = it.answer.challenges();
        let mut parameters = challenges.iter().flat_map(|challenge| &challenge.parameters);
        parameters.all(|parameter| {
            !matches!(&*parameter.name, "error" | "error_description" | "scope")
                || parameter.value.bytes().all(permitted)
        })
    },
};

/// RFC 6750 §3.1
pub(super) const SCOPE_NAMED: Condition = Condition {
    text: "a challenge with error insufficient_scope",
    holds: |it| it.answer.challenges().iter().any(|it| it.parameter("error") == Some("insufficient_scope")),
};

/// RFC 9470 §3, R145: in any order; one that suffices must be enough to ask for.
pub(super) const ACR_VALUES_NAMED: Condition = Condition {
    text: "acr_values beside the error names nothing but what the route accepts",
    holds: |it| {
        let accepted: Vec<_> = it.step_up_route.into_iter().flat_map(StepUpRoute::values).collect();
        let named = step_up_parameter(it.answer, "acr_values").unwrap_or_default();
        !named.trim().is_empty() && named.split_whitespace().all(|value| accepted.contains(&value))
    },
};

/// RFC 9470 §3, R145
pub(super) const MAX_AGE_NAMED: Condition = Condition {
    text: "max_age beside the error is that of the route, in seconds",
    holds: |it| {
        let age = it.step_up_route.and_then(|route| route.max_age).map(|age| age.as_secs().to_string());
        step_up_parameter(it.answer, "max_age") == age
    },
};

/// P44, R21: neither the header fields nor the content repeat what was sent.
pub(super) const NO_ECHO: Condition = Condition {
    text: "the answer repeats neither the token nor the proof",
    holds: |it| {
        let body = String::from_utf8_lossy(&it.answer.body);
        let fields = it.answer.headers.iter().map(|(_, value)| value.as_str());
        let answer: Vec<&str> = fields.chain([&*body]).collect();
        let secrets = it.call.values("authorization").chain(it.call.values("dpop"));
        // The last part of a JWT is enough to know it by, and is what must not leak.
        let mut signatures = secrets.filter_map(|value| value.rsplit(['.', ' ']).next());
        signatures.all(|secret| secret.len() < 16 || !answer.iter().any(|text| text.contains(secret)))
    },
};

/// P44: parser text and addresses of source code belong into the log.
pub(super) const NO_INSIDES: Condition = Condition {
    text: "the answer shows no stack trace and no parser text",
    holds: |it| {
        let body = String::from_utf8_lossy(&it.answer.body).to_ascii_lowercase();
        let marks =
            ["traceback", "stack trace", "exception", ".rs:", ".java:", ".py\"", "node_modules", "at line"];
        !marks.iter().any(|mark| body.contains(mark))
    },
};

/// OpenID Foundation suite, R25
pub(super) const DATED: Condition =
    Condition { text: "a Date header field", holds: |it| it.answer.values("date").next().is_some() };

/// OpenID Foundation suite, R24: it is the request's (in any case), or at least nothing that somebody else has written.
pub(super) const INTERACTION_ID: Condition = Condition {
    text: "x-fapi-interaction-id, if there is one, is a UUID, and the one that was sent",
    holds: |it| {
        let sent: Vec<_> = it.call.values(FIELD).collect();
        let answered: Vec<_> = it.answer.values(FIELD).collect();
        let same = |own: &&str| match &sent[..] {
            [one] if is_uuid(one) => own.eq_ignore_ascii_case(one),
            _ => true,
        };
        answered.len() <= 1 && answered.iter().all(|own| is_uuid(own) && same(own))
    },
};

/// FAPI 1.0 Baseline §6.2.1 (11), R24
pub(super) const INTERACTION_ID_ECHOED: Condition = Condition {
    text: "x-fapi-interaction-id is the one that was sent",
    holds: |it| {
        let sent: Vec<_> = it.call.values(FIELD).map(str::to_ascii_lowercase).collect();
        let answered: Vec<_> = it.answer.values(FIELD).map(str::to_ascii_lowercase).collect();
        sent.len() == 1 && answered == sent
    },
};

/// FAPI 1.0 Baseline §6.2.1 (11), R24
pub(super) const INTERACTION_ID_MADE: Condition = Condition {
    text: "one x-fapi-interaction-id, a UUID",
    holds: |it| {
        let answered: Vec<_> = it.answer.values(FIELD).collect();
        matches!(answered[..], [own] if is_uuid(own))
    },
};

/// The AT Protocol's specification, Demonstrating Proof of Possession
pub(super) const NONCE_GIVEN: Condition =
    Condition { text: "a DPoP-Nonce", holds: |it| it.answer.values("dpop-nonce").next().is_some() };

/// P34, R118: two fetches at the most, metadata and key set counting as one.
pub(super) const FEW_KEY_FETCHES: Condition =
    Condition { text: "at most two fetches of the issuer's keys", holds: |it| it.key_fetches <= 2 };

/// RFC 9728 §3.2
pub(super) const JSON_DOCUMENT: Condition = Condition {
    text: "a JSON object of the type application/json",
    holds: |it| {
        let json = it.answer.values("content-type").any(|value| value.starts_with("application/json"));
        json && document(it.answer).is_some_and(|document| document.is_object())
    },
};

/// RFC 9728 §3.3, R137, R140
pub(super) const RESOURCE_IS_THIS: Condition = Condition {
    text: "resource is a URL of this API without a fragment",
    holds: |it| {
        let document = document(it.answer);
        let resource = document.as_ref().and_then(|document| document.get("resource")?.as_str());
        resource.is_some_and(|resource| it.url.starts_with(resource) && !resource.contains('#'))
    },
};

/// RFC 9728 §2, R3, R141
pub(super) const HEADER_METHOD_ONLY: Condition = Condition {
    text: "bearer_methods_supported, if present, is [\"header\"]",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        document
            .get("bearer_methods_supported")
            .is_none_or(|methods| *methods == serde_json::json!(["header"]))
    },
};

/// RFC 9728 §2, R141, R142
pub(super) const ALGORITHMS_ASYMMETRIC: Condition = Condition {
    text: "dpop_signing_alg_values_supported names asymmetric algorithms only",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        let symmetric =
            |name: &Value| name.as_str().is_none_or(|name| name == "none" || name.starts_with("HS"));
        let algorithms = document.get("dpop_signing_alg_values_supported").and_then(Value::as_array);
        algorithms.is_none_or(|names| !names.is_empty() && !names.iter().any(symmetric))
    },
};

/// RFC 9728 §3.2, R139
pub(super) const NO_EMPTY_MEMBERS: Condition = Condition {
    text: "no empty member",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        let empty = |value: &Value| match value {
            Value::Array(elements) => elements.is_empty(),
            Value::String(text) => text.is_empty(),
            other => other.is_null(),
        };
        document.as_object().is_some_and(|members| !members.values().any(empty))
    },
};

/// RFC 9728 §2: a client cannot use the API without knowing who issues its tokens.
pub(super) const ISSUERS_NAMED: Condition = Condition {
    text: "authorization_servers, if present, are URLs",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        let url = |value: &Value| value.as_str().is_some_and(|value| value.starts_with("http"));
        let servers = document.get("authorization_servers");
        servers.is_none_or(|servers| servers.as_array().is_some_and(|servers| servers.iter().all(url)))
    },
};

/// RFC 9728 §2, R142: clients that read it know how to ask for tokens.
pub(super) const CERTIFICATES_WANTED: Condition = Condition {
    text: "tls_client_certificate_bound_access_tokens is true, dpop_bound_access_tokens_required is not",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        document.get("tls_client_certificate_bound_access_tokens") == Some(&Value::Bool(true))
            && document.get("dpop_bound_access_tokens_required") != Some(&Value::Bool(true))
    },
};

/// RFC 9728 §2, R142
pub(super) const PROOFS_REQUIRED: Condition = Condition {
    text: "dpop_bound_access_tokens_required is true",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        document.get("dpop_bound_access_tokens_required") == Some(&Value::Bool(true))
    },
};

/// The AT Protocol's specification, Authorization Servers
pub(super) const ONE_ISSUER: Condition = Condition {
    text: "authorization_servers has exactly one element",
    holds: |it| {
        let document = document(it.answer).unwrap_or_default();
        document.get("authorization_servers").and_then(Value::as_array).is_some_and(|it| it.len() == 1)
    },
};

/// RFC 9728 §5.1, R144
pub(super) const METADATA_NAMED: Condition = Condition {
    text: "a challenge whose resource_metadata is the URL of the metadata",
    holds: |it| {
        let challenges = it.answer.challenges();
        let mut named = challenges.iter().filter_map(|it| it.parameter("resource_metadata"));
        named.any(|url| url.starts_with("http") && url.contains("/.well-known/oauth-protected-resource"))
    },
};

/// RFC 6750 §3
pub(super) const SCOPE_TO_ASK_FOR: Condition = Condition {
    text: "a challenge with the scope to ask for",
    holds: |it| {
        let challenges = it.answer.challenges();
        challenges.iter().filter_map(|it| it.parameter("scope")).any(|scope| !scope.trim().is_empty())
    },
};

/// A parameter of the challenge that asks for an authentication.
fn step_up_parameter(answer: &Answer, name: &str) -> Option<String> {
    let challenges = answer.challenges();
    let step_up = |error| error == Some("insufficient_user_authentication");
    let challenge = challenges.iter().find(|challenge| step_up(challenge.parameter("error")))?;
    challenge.parameter(name).map(str::to_owned)
}

/// RFC 8935 §2.4
const EVENT_ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_key",
    "invalid_issuer",
    "invalid_audience",
    "authentication_failed",
    "access_denied",
];

fn event_error(answer: &Answer) -> Option<String> {
    document(answer)?.get("err")?.as_str().map(str::to_owned)
}

fn document(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok()
}
