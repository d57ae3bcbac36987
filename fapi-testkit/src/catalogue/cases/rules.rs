//! The clauses that the cases test, each in a sentence of our own.

use crate::catalogue::rule::Rule;

const fn rule(clause: &'static str, says: &'static str) -> Rule {
    Rule { clause, says, numbers: "" }
}

// --- Credentials and challenges ----------------------------------------------------------------------------
pub(super) const HEADER_TOKEN: Rule =
    rule("FAPI 2.0 SP §5.3.4-1", "tokens in the Authorization header are accepted");
pub(super) const QUERY_TOKEN: Rule = rule("FAPI 2.0 SP §5.3.4-2", "tokens in the query are not accepted");
pub(super) const FORM_TOKEN: Rule =
    rule("RFC 6750 §2.2", "a token in a form counts only where a server says so; FAPI 2.0 does not list it");
pub(super) const ONE_METHOD: Rule =
    rule("RFC 6750 §3.1", "a request that uses more than one method of sending a token is malformed");
pub(super) const SCHEME_CASE: Rule =
    rule("RFC 9110 §11.1", "the name of an authentication scheme is compared without regard to case");
pub(super) const TOKEN68: Rule =
    rule("RFC 9110 §11.4", "credentials are a scheme, one or more spaces, and one token68");
pub(super) const CHALLENGE: Rule =
    rule("RFC 6750 §3", "a request without valid credentials is answered with WWW-Authenticate");
pub(super) const NO_ERROR: Rule =
    rule("RFC 6750 §3.1", "a request without any credentials should not be told an error code");
pub(super) const CHALLENGE_SYNTAX: Rule =
    rule("RFC 6750 §3", "parameters of a challenge occur at most once and hold permitted characters only");
pub(super) const ALGS: Rule =
    rule("RFC 9449 §7.1", "the DPoP challenge should name the accepted algorithms in algs");
pub(super) const NO_STORE: Rule =
    rule("RFC 9111 §5.2.2.5", "an answer that belongs to one request alone is marked no-store");
pub(super) const NO_LEAK: Rule =
    rule("RFC 9700 §4.9.3", "a resource server treats tokens as secrets: it does not repeat them");
pub(super) const UNUSUAL_HEADERS: Rule = rule(
    "FAPI 2.0 conformance suite, happy flow",
    "Accept with a charset and x-fapi headers do not disturb a resource",
);
pub(super) const FIELD_VALUE: Rule = rule(
    "RFC 9110 §5.5",
    "white space around a field value does not belong to it, and fields come in any order",
);
pub(super) const NEEDLESS_FIELDS: Rule =
    rule("RFC 9110 §5.1", "a header field that the recipient does not know is passed over");
pub(super) const QUERY_FREE: Rule = rule(
    "RFC 3986 §3.4",
    "a query is the API's own; only the parameter access_token holds a token (RFC 6750 §2.3)",
);
pub(super) const INTERACTION_ID_ECHOED: Rule = rule(
    "FAPI 1.0 Baseline §6.2.1 (11)",
    "x-fapi-interaction-id of the request is played back, also where the request is refused",
);
pub(super) const INTERACTION_ID_MADE: Rule =
    rule("FAPI 1.0 Baseline §6.2.1 (11)", "an answer has an x-fapi-interaction-id, if need be a new one");
pub(super) const INTERACTION_ID_REQUIRED: Rule =
    rule("Open Finance Brasil security profile", "a request without x-fapi-interaction-id is refused");
pub(super) const INTERACTION_ID: Rule = rule(
    "FAPI implementation advice §2.2.1",
    "an x-fapi-interaction-id in the answer is that of the request, a UUID",
);
pub(super) const DATE: Rule =
    rule("FAPI 2.0 conformance suite, happy flow", "an answer of a resource has a Date");

// --- Access tokens ----------------------------------------------------------------------------------------
pub(super) const TOKEN_TYP: Rule =
    rule("RFC 9068 §4", "typ is at+jwt or application/at+jwt; anything else is refused");
pub(super) const TOKEN_ISS: Rule = rule("RFC 9068 §4", "iss is exactly the issuer identifier");
pub(super) const TOKEN_AUD: Rule = rule("RFC 9068 §4", "aud contains the identifier of this resource server");
pub(super) const TOKEN_SIGNATURE: Rule =
    rule("RFC 9068 §4", "the signature is verified with the issuer's keys; none is refused");
pub(super) const TOKEN_EXP: Rule = rule("RFC 9068 §4", "the current time is before exp");
pub(super) const TOKEN_CLAIMS: Rule =
    rule("RFC 9068 §2.2", "iss, exp, aud, sub, client_id, iat and jti are required");
pub(super) const SUBJECTS: Rule = rule(
    "RFC 9068 §2.2",
    "sub and client_id are texts of the issuer's own making; without a user sub is the client",
);
pub(super) const MORE_CLAIMS: Rule =
    rule("RFC 7519 §4", "claims that are not understood are ignored, whatever their type");
pub(super) const JSON_SPACE: Rule = rule("RFC 8259 §2", "white space between JSON tokens is insignificant");
pub(super) const NUMERIC_DATE: Rule =
    rule("RFC 7519 §2", "a NumericDate is a JSON number of seconds; it may have a fraction");
pub(super) const NBF: Rule = rule("RFC 7519 §4.1.5", "a token is not accepted before its nbf");
pub(super) const SKEW: Rule = rule(
    "FAPI 2.0 SP §5.3.2.1-13",
    "times up to 10 s ahead are accepted and times more than 60 s ahead are refused",
);
pub(super) const ALGORITHMS: Rule =
    rule("FAPI 2.0 SP §5.4.1-1", "JWTs are signed with PS256, ES256 or EdDSA (Ed25519), never with none");
pub(super) const HELSEID_ALGORITHMS: Rule =
    rule("HelseID security profile", "RS, PS and ES algorithms of 256, 384 and 512 bits are in use");
pub(super) const OTHER_TYP: Rule =
    rule("Profile, types of tokens", "typ of an access token is at+jwt or JWT");
pub(super) const NO_TYP: Rule = rule("Profile, types of tokens", "an access token need not have a typ");
pub(super) const NO_AUD: Rule =
    rule("Profile, claims of tokens", "only audience-restricted access tokens have an aud");
pub(super) const NO_SUB: Rule =
    rule("Profile, claims of tokens", "the token of a client that acts for itself need not have a sub");
pub(super) const TOKEN_ALGORITHMS: Rule = rule(
    "Profile, algorithms of tokens",
    "tokens are signed with the algorithms of the profile and no other",
);
pub(super) const HELSEID_AUD: Rule =
    rule("HelseID security profile", "an access token should have this API as its only audience");
pub(super) const HELSEID_SCOPE: Rule = rule("HelseID security profile", "scope is a JSON array of texts");
pub(super) const TOKEN_OF_PROFILE: Rule =
    rule("Profile, claims of tokens", "a token has the claims that the issuers of the profile write");
pub(super) const SCOPE_FORM: Rule =
    rule("RFC 9068 §2.2.3", "scope is a text of scope names separated by spaces");
pub(super) const ALG_CONFUSION: Rule =
    rule("RFC 8725 §3.1", "the verifier chooses the algorithm, and a key is used with one algorithm only");
pub(super) const EMBEDDED_KEY: Rule =
    rule("RFC 8725 §3.10", "keys and URLs in the header of a token are not trusted");
pub(super) const KID: Rule =
    rule("RFC 8725 §3.10", "kid is untrusted text: it selects a key and nothing else");
pub(super) const OWN_KEYS: Rule = rule("RFC 8725 §3.8", "the key belongs to the issuer that the token names");
pub(super) const CRIT: Rule =
    rule("RFC 7515 §4.1.11", "a header parameter in crit that is not understood makes the JWS invalid");
pub(super) const B64: Rule = rule("RFC 7797 §7", "a JWT does not use b64 false");
pub(super) const DUPLICATES: Rule =
    rule("RFC 7515 §4", "member names are unique; a parser refuses duplicates or takes the last");
pub(super) const COMPACT: Rule =
    rule("RFC 7515 §7.1", "a compact JWS is three parts of base64url text, separated by dots");
pub(super) const BASE64URL: Rule =
    rule("RFC 7515 §2", "base64url is without padding, line breaks and other characters");
pub(super) const UTF8: Rule =
    rule("RFC 8725 §3.7", "headers and claims are UTF-8, without a byte order mark");
pub(super) const JSON_ESCAPES: Rule =
    rule("RFC 8259 §8.3", "texts are compared after their escapes have been resolved");
pub(super) const ECDSA_VALUE: Rule =
    rule("RFC 7518 §3.4", "an ES256 signature is 64 bytes: r and s, each between 1 and n-1");
pub(super) const PSS_VALUE: Rule =
    rule("RFC 7518 §3.5", "PS256 uses SHA-256 for the digest and for MGF1, and a salt of 32 bytes");
pub(super) const VALIDATE_ALL: Rule =
    rule("RFC 8725 §3.3", "every cryptographic operation is validated, or the whole JWT is refused");
pub(super) const SUBSTITUTION: Rule = rule("RFC 8725 §3.11", "one kind of JWT is not accepted as another");

// --- Proofs -----------------------------------------------------------------------------------------------
pub(super) const ONE_PROOF: Rule = rule("RFC 9449 §4.3 (1)", "there is not more than one DPoP header field");
pub(super) const PROOF_JWT: Rule =
    rule("RFC 9449 §4.3 (2)", "the value of the header field is a single well-formed JWT");
pub(super) const PROOF_CLAIMS: Rule =
    rule("RFC 9449 §4.3 (3)", "all required claims of §4.2 are contained: jti, htm, htu, iat and ath");
pub(super) const PROOF_TYP: Rule = rule("RFC 9449 §4.3 (4)", "typ has the value dpop+jwt");
pub(super) const PROOF_ALG: Rule = rule(
    "RFC 9449 §4.3 (5)",
    "alg is a registered asymmetric algorithm, is not none, and is acceptable to the server",
);
pub(super) const PROOF_SIGNATURE: Rule =
    rule("RFC 9449 §4.3 (6)", "the signature verifies with the public key in the jwk header parameter");
pub(super) const PROOF_PRIVATE: Rule = rule("RFC 9449 §4.3 (7)", "jwk does not contain a private key");
pub(super) const HTM: Rule = rule("RFC 9449 §4.3 (8)", "htm is the method of the request");
pub(super) const HTU: Rule = rule(
    "RFC 9449 §4.3 (9)",
    "htu is the URI of the request, ignoring query and fragment; both should be normalised before",
);
pub(super) const NORMAL_FORM: Rule = rule(
    "RFC 9449 §4.3",
    "URIs are compared after syntax-based and scheme-based normalisation (RFC 3986 §6.2.2, §6.2.3)",
);
pub(super) const NONCE: Rule =
    rule("RFC 9449 §4.3 (10)", "where the server provided a nonce, the proof has it");
pub(super) const PROOF_TIME: Rule =
    rule("RFC 9449 §4.3 (11)", "the proof was made within an acceptable time");
pub(super) const ATH: Rule =
    rule("RFC 9449 §4.3 (12a)", "ath is the hash of the access token that goes with the proof");
pub(super) const PROOF_KEY: Rule =
    rule("RFC 9449 §4.3 (12b)", "the token is bound to the public key of the proof");
pub(super) const EXTENSIONS: Rule =
    rule("RFC 9449 §4.2", "a proof may hold further header parameters and claims");
pub(super) const THUMBPRINT: Rule =
    rule("RFC 7638 §3.2", "only the required members of a key count for its thumbprint, in one order");
pub(super) const JTI: Rule = rule(
    "RFC 9449 §4.2",
    "jti is any text that is unique with sufficient probability, such as 96 random bits or a UUID",
);
pub(super) const PROOF_EACH: Rule = rule(
    "RFC 9449 §4",
    "every request has a proof of its own, also of one client and one token at the same time",
);
pub(super) const RENEWED: Rule =
    rule("RFC 9449 §5", "a client may have several tokens bound to one key, and may have several keys");
pub(super) const PROOF_OWED: Rule =
    rule("RFC 9449 §7", "a request to a DPoP-protected resource has the token and a proof");
pub(super) const BOUND: Rule =
    rule("FAPI 2.0 SP §5.3.4-5", "sender-constrained tokens are supported and verified");
pub(super) const NOT_BEARER: Rule =
    rule("RFC 9449 §7.2", "a DPoP-bound token that comes as a bearer token is refused");
pub(super) const SINGLE_USE: Rule =
    rule("RFC 9449 §11.1", "a proof is used once: its jti is remembered while the proof is acceptable");
pub(super) const JTI_BOUND: Rule = rule("RFC 9449 §11.1", "an oversized jti is refused or stored as a hash");
pub(super) const NONCE_CHALLENGE: Rule =
    rule("RFC 9449 §9", "a proof without the nonce is answered with 401, use_dpop_nonce and one DPoP-Nonce");
pub(super) const NONCE_REUSE: Rule =
    rule("RFC 9449 §9", "a nonce stays valid for several requests, until the server provides another");
pub(super) const NONCE_EACH: Rule = rule(
    "AT Protocol, Demonstrating Proof of Possession",
    "every answer to a request with a proof has the nonce for the next one",
);
pub(super) const SANITY: Rule =
    rule("FAPI 2.0 conformance suite, DPoP negative tests", "after all attacks the client is still served");

// --- Binding, mutual TLS ------------------------------------------------------------------------------------
pub(super) const CNF: Rule =
    rule("RFC 7800 §3.1", "cnf is an object that represents a single proof-of-possession key");
pub(super) const CERTIFICATE: Rule =
    rule("RFC 8705 §3", "a certificate-bound token is accepted only over a connection with that certificate");
pub(super) const ONE_BINDING: Rule = rule(
    "Profile, binding of tokens",
    "where tokens are bound in one way only, one that is bound in the other way is not accepted",
);
pub(super) const CERTIFICATE_HEADER: Rule =
    rule("RFC 9440 §4", "certificate headers are accepted from trusted proxies only");

// --- Routes, metadata, keys, limits --------------------------------------------------------------------------
pub(super) const SUFFICIENT: Rule =
    rule("FAPI 2.0 SP §5.3.4-4", "the authorization of the token suffices for the request");
pub(super) const STEP_UP: Rule = rule(
    "RFC 9470 §3",
    "insufficient_user_authentication comes with 401, and names acr_values and max_age that suffice",
);
pub(super) const AUTHENTICATION_LEVEL: Rule = rule(
    "RFC 9470 §6.1",
    "acr says how the user was authenticated; any one of the values asked for suffices",
);
pub(super) const AUTHENTICATION_AGE: Rule =
    rule("RFC 9470 §6.1", "auth_time says when the user was authenticated, which is at most max_age ago");
pub(super) const STEP_UP_LAST: Rule =
    rule("RFC 9470 §9", "a token is validated before a client is told which authentication it lacks");
pub(super) const DETAILS: Rule = rule(
    "RFC 9396 §9.1",
    "the authorization details of the token say what it grants, each as its type defines",
);
pub(super) const DETAILS_MEMBERS: Rule = rule(
    "RFC 9396 §5",
    "no grant has members that its type does not define, so that nobody grants more than was understood",
);
pub(super) const DETAILS_LOCATIONS: Rule =
    rule("RFC 9396 §2.2", "a detail with locations grants something at these only");
pub(super) const DETAILS_ARRAY: Rule =
    rule("RFC 9396 §2", "authorization_details is an array of objects, each with a type");
pub(super) const METADATA: Rule =
    rule("RFC 9728 §3.2", "the metadata is a JSON object of the type application/json, open to anybody");
pub(super) const METADATA_RESOURCE: Rule =
    rule("RFC 9728 §3.3", "resource is the identifier from which the metadata URL was made");
pub(super) const METADATA_FIELDS: Rule =
    rule("RFC 9728 §2", "the members have the types and values that are registered for them");
pub(super) const METADATA_OWED: Rule =
    rule("Model Context Protocol, Authorization", "a server serves protected resource metadata");
pub(super) const ONE_SERVER: Rule =
    rule("AT Protocol, Authorization Servers", "the metadata names exactly one authorization server");
pub(super) const CHALLENGED_URL: Rule = rule(
    "Model Context Protocol, Authorization",
    "the challenge of a 401 says in resource_metadata where the metadata is",
);
pub(super) const CHALLENGED_SCOPE: Rule =
    rule("Model Context Protocol, Authorization", "the challenge of a 401 should name the scope to ask for");
pub(super) const KEY_SIZE: Rule =
    rule("FAPI 2.0 SP §5.4.1-2", "RSA keys have at least 2048 bits, elliptic curve keys at least 224");
pub(super) const DUPLICATE_KID: Rule = rule(
    "FAPI 2.0 SP §5.4.3",
    "where several keys have the kid, the verifier considers kty, use, alg and crv",
);
pub(super) const KEY_USE: Rule =
    rule("RFC 7517 §4.2", "a key that is meant for another use or operation verifies nothing");
pub(super) const UNKNOWN_KEYS: Rule =
    rule("RFC 7517 §5", "keys of unknown types and without required members are ignored");
pub(super) const KEY_ROTATION: Rule =
    rule("RFC 9068 §4", "any key that the issuer publishes may sign its tokens");
pub(super) const KEY_FETCHES: Rule = rule(
    "OpenID Connect Core §10.1.1",
    "an unknown kid is a reason to fetch the keys again, but not as often as an attacker likes",
);
pub(super) const CANONICAL_JWK: Rule =
    rule("RFC 7518 §6", "coordinates have their full length and numbers no leading zeros");
pub(super) const POINT: Rule = rule("RFC 8725 §3.4", "points are validated to lie on their curve");
pub(super) const BOUNDS: Rule =
    rule("RFC 9110 §5.4", "a server bounds what it reads, and answers what is larger with a 4xx");
pub(super) const DEPTH: Rule = rule("RFC 8259 §9", "a parser may limit the depth of nesting");

// --- Introspection and revocation ----------------------------------------------------------------------------
pub(super) const INTROSPECTION: Rule =
    rule("RFC 7662 §2.2", "a token counts if the issuer says that it is active, and as what it says it is");
pub(super) const ACTIVE: Rule =
    rule("RFC 7662 §2.2", "active is a boolean; without it an answer says nothing");
pub(super) const STILL_CHECKED: Rule = rule(
    "RFC 7662 §4",
    "the resource server still checks whether the token is for it, still valid, and bound to this client",
);
pub(super) const NOT_ANSWERED: Rule =
    rule("RFC 7662 §2.3", "an error of the introspection endpoint is no answer about the token");
pub(super) const NEGATIVE_AGE: Rule = rule(
    "RFC 7662 §4",
    "answers are kept for a short time, also that a token is unknown: it may just have been issued",
);
pub(super) const SIGNED_ANSWER: Rule = rule(
    "RFC 9701 §5",
    "a signed answer is of type token-introspection+jwt, of this issuer, for this resource server, about the token",
);
pub(super) const SIGNED_ONLY: Rule = rule(
    "FAPI 2.0 Message Signing §5.5.2",
    "a resource server that uses signed answers asks for them and verifies them",
);
pub(super) const NOT_A_TOKEN: Rule =
    rule("RFC 9701 §8.1", "an introspection answer is never accepted as an access token");
pub(super) const REVOKED: Rule =
    rule("FAPI 2.0 SP §5.3.4-3", "a token that is expired or revoked is not accepted");
pub(super) const STATUS: Rule = rule("Token Status List §7.1", "only the status VALID makes a token valid");
pub(super) const STATUS_INDEX: Rule =
    rule("Token Status List §8.3", "an index beyond the list makes the token invalid");
pub(super) const STATUS_LIST: Rule = rule(
    "Token Status List §8.3",
    "a list is a JWT of type statuslist+jwt of the issuer, for its own URI, and not expired",
);
pub(super) const STATUS_ORIGIN: Rule =
    rule("Token Status List §11.4", "a list is fetched from where the issuer keeps its lists only");
pub(super) const STATUS_UNKNOWN: Rule =
    rule("Token Status List §8.3", "where the list cannot be had, nothing is known of the token");
pub(super) const SESSION: Rule =
    rule("CAEP §3.1", "session-revoked ends the sessions of its subject, and their tokens");
pub(super) const EVENT: Rule = rule(
    "SSF §4.1",
    "a security event is a JWT of type secevent+jwt, signed by the transmitter, for this receiver",
);
pub(super) const EVENT_SENDER: Rule = rule(
    "SSF §6.1.1",
    "the transmitter authenticates with the Authorization header that was agreed upon, and nobody else has it",
);
pub(super) const EVENT_ANSWER: Rule = rule(
    "RFC 8935 §2",
    "an event that holds is answered with 202 and no content, any other with 400 and a JSON object of err and description",
);
pub(super) const EVENT_AGAIN: Rule =
    rule("RFC 8935 §2.2", "an event that arrives a second time is acknowledged and changes nothing");
