//! Which answers are acceptable: a set where the specifications leave room, and why it is a set.

use std::fmt;

use super::condition::{CHALLENGED, Condition, NONCE_SENT, NONCE_WELL_FORMED, NOT_CHALLENGED, RECEIVED};

/// The acceptable answers to one request.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// Any of these.
    pub answers: &'static [Acceptable],
    /// Why it is more than one, or why this one.
    pub reason: &'static str,
    /// What must hold for the answer beyond its status and error.
    pub conditions: &'static [Condition],
}

/// One acceptable answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Acceptable {
    /// The request is served: any 2xx.
    Accepted,
    /// It is refused with this status. With a challenge, its `error` is one of these; `None` stands for a challenge
    /// without `error`.
    Refused {
        /// The status code.
        status: u16,
        /// The acceptable values of `error`.
        errors: &'static [Option<&'static str>],
    },
    /// There is no answer: the connection is closed.
    Closed,
}

use Acceptable::{Accepted, Closed, Refused};

const fn refused(status: u16, errors: &'static [Option<&'static str>]) -> Acceptable {
    Refused { status, errors }
}

const fn expect(reason: &'static str, answers: &'static [Acceptable]) -> Expectation {
    Expectation { answers, reason, conditions: &[] }
}

const INVALID_PROOF: Option<&str> = Some("invalid_dpop_proof");
const INVALID_TOKEN: Option<&str> = Some("invalid_token");
const INVALID_REQUEST: Option<&str> = Some("invalid_request");
const USE_NONCE: Option<&str> = Some("use_dpop_nonce");
const INSUFFICIENT_SCOPE: Option<&str> = Some("insufficient_scope");
const INSUFFICIENT_AUTHENTICATION: Option<&str> = Some("insufficient_user_authentication");

/// Served.
pub(super) const ACCEPTED: Expectation = expect("the request is valid", &[Accepted]);

/// The credentials are accepted; whether there is such a route is for the router.
pub(super) const LET_THROUGH: Expectation = expect(
    "the request is valid: it is served, or answered by a router that has no such route (404, 405, 501) or takes no such \
     content (415, 422), but never challenged",
    &[
        Accepted,
        refused(404, &[None]),
        refused(405, &[None]),
        refused(415, &[None]),
        refused(422, &[None]),
        refused(501, &[None]),
    ],
);

/// A proof that fails a check of RFC 9449 §4.3.
pub(super) const PROOF_REFUSED: Expectation = expect(
    "RFC 9449 §7.1 challenges with 401 invalid_dpop_proof; a proof that is no JWT may also be called a malformed request \
     (400), as the FAPI conformance suite allows",
    &[refused(401, &[INVALID_PROOF]), refused(400, &[INVALID_PROOF, INVALID_REQUEST, None])],
);

/// A proof whose time is wrong.
pub(super) const PROOF_TIME_REFUSED: Expectation = expect(
    "without a nonce the time of iat counts, so the proof is refused, or a nonce is asked for that takes its place \
     (RFC 9449 §4.3 (11))",
    &[refused(401, &[INVALID_PROOF, USE_NONCE]), refused(400, &[INVALID_PROOF, INVALID_REQUEST, None])],
);

/// A second use of a proof.
pub(super) const REPLAY_REFUSED: Expectation = expect(
    "never use_dpop_nonce, which would make a client sign again and let the replay pass",
    &[refused(401, &[INVALID_PROOF]), refused(400, &[INVALID_PROOF, INVALID_REQUEST, None])],
);

/// A token that fails a check.
pub(super) const TOKEN_REFUSED: Expectation = expect(
    "RFC 9068 §4: any failure of the token is invalid_token, which RFC 6750 §3.1 sends with 401",
    &[refused(401, &[INVALID_TOKEN])],
);

/// A token of a key that the issuer has just begun to use.
pub(super) const KEY_NOT_YET_KNOWN: Expectation = expect(
    "an unknown key is a reason to fetch the keys again, but not at once where that was done a moment ago",
    &[Accepted, refused(401, &[INVALID_TOKEN])],
);

/// The issuer has answered, but not so that it can be believed.
pub(super) const ANSWER_UNUSABLE: Expectation = expect(
    "an answer that is wrong says nothing about the token (503), or is as good as none (401); it must not be served",
    &[refused(503, &[None]), refused(401, &[INVALID_TOKEN])],
);

/// The issuer does not answer.
pub(super) const NOT_CHECKED: Expectation = Expectation {
    answers: &[refused(503, &[None])],
    reason: "RFC 7662 §2.3: a failure of the issuer says nothing about the token; 401 would send the client away for \
             another one",
    conditions: &[NOT_CHALLENGED],
};

/// A security event that must not be acted on.
pub(super) const EVENT_REFUSED: Expectation =
    expect("RFC 8935 §2.3: an event that does not hold is answered with 400", &[refused(400, &[None])]);

/// A security event that somebody sends who is not known.
pub(super) const EVENT_OF_STRANGER: Expectation = expect(
    "RFC 8935 §2.4 has the error authentication_failed, with 400; HTTP's own answers are 401 and 403",
    &[refused(400, &[None]), refused(401, &[None]), refused(403, &[None])],
);

/// A security event under another media type.
pub(super) const EVENT_UNREADABLE: Expectation = expect(
    "RFC 8935 §2.3 answers with 400; HTTP's own answer to another media type is 415",
    &[refused(400, &[None]), refused(415, &[None])],
);

/// A security event that has arrived.
pub(super) const EVENT_RECEIVED: Expectation = Expectation {
    answers: &[Accepted],
    reason: "RFC 8935 §2.2: an event that holds is answered with 202, also the second time",
    conditions: &[RECEIVED],
};

/// A token that is not even in the form of one.
pub(super) const TOKEN_MALFORMED: Expectation = expect(
    "invalid_token (RFC 9068 §4), or a malformed request where the text is no token at all (RFC 6750 §3.1)",
    &[refused(401, &[INVALID_TOKEN, INVALID_REQUEST]), refused(400, &[INVALID_REQUEST, INVALID_TOKEN, None])],
);

/// A token and a proof that do not belong together.
pub(super) const BINDING_REFUSED: Expectation = expect(
    "RFC 9449 figure 15 answers 401 invalid_token; §4.3 (12) lists the check among those of the proof, so \
     invalid_dpop_proof is read out of it, too",
    &[refused(401, &[INVALID_TOKEN, INVALID_PROOF])],
);

/// No credentials, or none that count.
pub(super) const UNAUTHENTICATED: Expectation = expect(
    "RFC 6750 §3.1: a request without credentials is answered with 401 and should not be told an error",
    &[refused(401, &[None])],
);

/// A token in the query or in a form.
pub(super) const TOKEN_ELSEWHERE: Expectation = expect(
    "the token is not read, so the request has no credentials (401), or is called malformed (400) or its URI too long \
     (414); the FAPI conformance suite fails a server that answers 403",
    &[
        refused(401, &[None, INVALID_REQUEST, INVALID_TOKEN]),
        refused(400, &[INVALID_REQUEST, None]),
        refused(414, &[None]),
    ],
);

/// More than one way of sending credentials, or a header that is not of its grammar.
pub(super) const REQUEST_REFUSED: Expectation = expect(
    "RFC 6750 §3.1: invalid_request with 400; a server may also count an unreadable header as none or as a wrong token \
     (401)",
    &[
        refused(400, &[INVALID_REQUEST, None]),
        refused(401, &[INVALID_REQUEST, INVALID_TOKEN, INVALID_PROOF, None]),
    ],
);

/// An `x-fapi-interaction-id` is owed and missing, or is none.
pub(super) const IDENTIFIER_MISSING: Expectation = expect(
    "a request that lacks a required header field is malformed: 400; FAPI 1.0 names no error for it",
    &[refused(400, &[INVALID_REQUEST, None])],
);

/// A proof is owed and missing, or there is more than one.
pub(super) const PROOF_MISSING: Expectation = expect(
    "RFC 9449 §7.1 names no error for it: invalid_dpop_proof, invalid_token and invalid_request (400 or 401) are all in \
     use, and the FAPI conformance suite takes 400 and 401",
    &[
        refused(401, &[INVALID_PROOF, INVALID_TOKEN, INVALID_REQUEST, USE_NONCE, None]),
        refused(400, &[INVALID_PROOF, INVALID_REQUEST, None]),
    ],
);

/// A proof without a nonce, where the server has handed out nonces.
pub(super) const NONCE_ASKED_FOR: Expectation = expect(
    "a server that requires nonces asks for one (RFC 9449 §9); one that requires them at times only may accept the proof",
    &[refused(401, &[USE_NONCE]), Accepted],
);

/// A proof without a nonce, where every proof needs one.
pub(super) const NONCE_REQUIRED: Expectation = expect(
    "RFC 9449 §9 asks for a nonce with 401 and use_dpop_nonce; §11.3 forbids to accept a proof without one",
    &[refused(401, &[USE_NONCE])],
);

/// A nonce that the server did not issue.
pub(super) const NONCE_UNKNOWN: Expectation = expect(
    "a server that uses nonces asks for a new one (RFC 9449 §9) or refuses the proof",
    &[refused(401, &[USE_NONCE, INVALID_PROOF])],
);

/// A scope is missing.
pub(super) const SCOPE_REFUSED: Expectation = expect(
    "RFC 6750 §3.1: 403 insufficient_scope; the challenge is optional there",
    &[refused(403, &[INSUFFICIENT_SCOPE, None])],
);

/// The user was not authenticated as the route asks for.
pub(super) const STEP_UP_ASKED_FOR: Expectation = expect(
    "RFC 9470 §3: 401 insufficient_user_authentication, which sends the client to the user; 403 would end there",
    &[refused(401, &[INSUFFICIENT_AUTHENTICATION])],
);

/// What the token says about the user's authentication cannot be read.
pub(super) const AUTHENTICATION_UNREADABLE: Expectation = expect(
    "a claim of another type is as good as none (RFC 9470 §3), or makes the token invalid (RFC 9068 §4)",
    &[refused(401, &[INSUFFICIENT_AUTHENTICATION, INVALID_TOKEN])],
);

/// No authorization detail suffices.
pub(super) const DETAILS_REFUSED: Expectation = expect(
    "RFC 9396 names no error for it; RFC 6750 §3.1 answers a lack of privileges with 403 insufficient_scope, whose \
     challenge is optional",
    &[refused(403, &[INSUFFICIENT_SCOPE, None])],
);

/// What is no list of authorization details.
pub(super) const DETAILS_UNREADABLE: Expectation = expect(
    "a malformed claim makes the token invalid (401), or is as good as none (403)",
    &[refused(401, &[INVALID_TOKEN]), refused(403, &[INSUFFICIENT_SCOPE, None])],
);

/// Something is larger than a server need read.
pub(super) const TOO_LARGE: Expectation = expect(
    "any refusal will do: by the check (400, 401), by the HTTP server (413, 414, 431) or by closing the connection",
    &[
        refused(400, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(401, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(413, &[None]),
        refused(414, &[None]),
        refused(431, &[None]),
        Closed,
    ],
);

/// The target names no resource of this proof: the router may answer first.
pub(super) const TARGET_REFUSED: Expectation = expect(
    "the proof is for another URL (401); a server may also refuse the path itself before it looks at the proof (400, 404)",
    &[
        refused(401, &[INVALID_PROOF]),
        refused(400, &[INVALID_PROOF, INVALID_REQUEST, None]),
        refused(404, &[None]),
    ],
);

/// A token that is bound to a key or a certificate, presented without it.
pub(super) const UNPROVED_REFUSED: Expectation = expect(
    "RFC 9449 §7.2 and RFC 8705 §3: 401 invalid_token; a server that does not know the scheme Bearer sees no credentials",
    &[
        refused(401, &[INVALID_TOKEN, INVALID_REQUEST, INVALID_PROOF, None]),
        refused(400, &[INVALID_REQUEST, None]),
    ],
);

/// Unusual, but no attack: the server may accept or refuse it, but not fall over.
pub(super) const SURVIVED: Expectation = expect(
    "the specifications leave open whether it is accepted; it must not make the server fail",
    &[
        Accepted,
        refused(400, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(401, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(413, &[None]),
        refused(414, &[None]),
        refused(431, &[None]),
    ],
);

/// No condition of the answer matters but that it must not be served.
pub(super) const NOT_SERVED: Expectation = expect(
    "the specifications leave open how; it must not be served",
    &[
        refused(400, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(401, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, USE_NONCE, None]),
        refused(403, &[INSUFFICIENT_SCOPE, INVALID_TOKEN, None]),
        refused(404, &[None]),
        refused(405, &[None]),
        refused(421, &[None]),
        refused(501, &[None]),
        Closed,
    ],
);

/// What a client gets for a mistake, in a case that is about what comes after it.
pub(super) const MISTAKE: Expectation = expect(
    "what comes of the mistake is for other cases to judge; this one is about the request after it",
    &[
        Accepted,
        refused(400, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, None]),
        refused(401, &[INVALID_REQUEST, INVALID_PROOF, INVALID_TOKEN, USE_NONCE, None]),
        refused(403, &[INSUFFICIENT_SCOPE, INVALID_TOKEN, None]),
        refused(404, &[None]),
    ],
);

impl Expectation {
    /// The same answers under further conditions.
    pub(super) const fn with(self, conditions: &'static [Condition]) -> Self {
        Self { conditions, ..self }
    }

    /// What must hold for every answer and for this one.
    pub(crate) fn all_conditions(&self) -> impl Iterator<Item = &Condition> {
        EVERY_ANSWER.iter().chain(self.conditions)
    }

    /// Whether the resource server must let the request through, whatever stands behind it.
    #[must_use]
    pub fn is_acceptance(&self) -> bool {
        self.allows_success()
            && self.answers.iter().all(|answer| match answer {
                Accepted => true,
                Refused { status, errors } => !matches!(status, 400 | 401 | 403) && **errors == [None],
                Closed => false,
            })
    }

    /// Whether being served is acceptable.
    #[must_use]
    pub fn allows_success(&self) -> bool {
        self.answers.contains(&Accepted)
    }
}

/// What must hold for every answer of every case.
const EVERY_ANSWER: [Condition; 3] = [CHALLENGED, NONCE_WELL_FORMED, NONCE_SENT];

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, answer) in self.answers.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", or " };
            write!(formatter, "{separator}{answer}")?;
        }
        self.conditions.iter().try_for_each(|condition| write!(formatter, "; {}", condition.text))
    }
}

impl fmt::Display for Acceptable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Accepted => formatter.write_str("2xx"),
            Closed => formatter.write_str("no answer"),
            Refused { status, errors } => {
                let errors: Vec<_> = errors.iter().flatten().copied().collect();
                write!(formatter, "{status}")?;
                if errors.is_empty() { Ok(()) } else { write!(formatter, " {}", errors.join("|")) }
            }
        }
    }
}
