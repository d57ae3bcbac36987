//! Tokens that look unusual and are valid: R23, R90, R92, R94-R98, R103. Somebody issues each of them.

use serde_json::json;

use super::rules::{
    JSON_ESCAPES, JSON_SPACE, MORE_CLAIMS, NUMERIC_DATE, SCOPE_FORM, SUBJECTS, TOKEN_AUD, TOKEN_CLAIMS,
    TOKEN_TYP,
};
use crate::catalogue::case::Case;
use crate::catalogue::feature::Feature::{Of, SingleAudience};
use crate::catalogue::group::Group::Token as T;
use crate::catalogue::group::Need::{Issuer, ScopeRoute};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::profile::Profile::Helseid;
use crate::encoding::unique_id;

pub(super) fn cases() -> Vec<Case> {
    let cases = [forms(), audiences(), names(), numbers(), scopes(), further(), members()].concat();
    cases.into_iter().map(|case| case.needs(Issuer)).collect()
}

fn forms() -> Vec<Case> {
    vec![
        T.accept("token-typ-upper-case", Medium, "typ is AT+JWT", TOKEN_TYP.at("R90"), |s| {
            s.valid_with(s.mint().header("typ", "AT+JWT"))
        }),
        T.accept("token-typ-full-case", Low, "typ is Application/AT+JWT", TOKEN_TYP.at("R90"), |s| {
            s.valid_with(s.mint().header("typ", "Application/AT+JWT"))
        }),
        T.accept("token-typ-escaped", Low, "typ is written at\\u002Bjwt", JSON_ESCAPES.at("R90"), |s| {
            s.valid_with(s.mint().edit_header(|json| json.replace("at+jwt", "at\\u002Bjwt")))
        }),
        T.accept(
            "token-slashes-escaped",
            High,
            "slashes are written \\/, as some issuers' languages do",
            JSON_ESCAPES.at("R91 R92"),
            |s| s.valid_with(s.mint().edit_payload(|json| json.replace('/', "\\/"))),
        ),
        T.accept("token-json-spaced", Medium, "spaces between the claims", JSON_SPACE.at("R97"), |s| {
            s.valid_with(s.mint().edit_payload(|json| json.replace(",\"", " ,\r\n\t\"")))
        }),
        T.accept("token-header-spaced", Low, "line breaks in the header", JSON_SPACE.at("R97"), |s| {
            s.valid_with(s.mint().edit_header(|json| json.replace(",\"", ",\n  \"")))
        }),
        T.accept("token-name-escaped", Low, "exp is written \\u0065xp", JSON_ESCAPES.at("R94"), |s| {
            s.valid_with(s.mint().edit_payload(|json| json.replace("\"exp\"", "\"\\u0065xp\"")))
        }),
        T.accept(
            "token-certificate-in-header",
            Low,
            "x5t#S256 in the header, beside kid",
            MORE_CLAIMS.at("R103 R106"),
            |s| s.valid_with(s.mint().header("x5t#S256", s.cast().certificate.thumbprint())),
        ),
    ]
}

fn audiences() -> Vec<Case> {
    vec![
        T.accept("token-aud-last", High, "aud names this API last of three", TOKEN_AUD.at("R92"), |s| {
            let others = json!(["https://a.example.com", "urn:example:b", s.setting.audience]);
            s.valid_with(s.mint().claim("aud", others))
        })
        .unless(SingleAudience),
        T.accept("token-aud-of-twenty", Medium, "aud has twenty elements", TOKEN_AUD.at("R92"), |s| {
            let mut all: Vec<_> = (0..20).map(|number| format!("https://{number}.example.com")).collect();
            all.insert(10, s.setting.audience.clone());
            s.valid_with(s.mint().claim("aud", all))
        })
        .unless(SingleAudience),
        T.accept("token-aud-twice", Low, "aud names this API twice", TOKEN_AUD.at("R92"), |s| {
            s.valid_with(s.mint().claim("aud", json!([s.setting.audience, s.setting.audience])))
        })
        .unless(SingleAudience),
    ]
}

fn names() -> Vec<Case> {
    let ok = |id, severity, title, call| T.accept(id, severity, title, SUBJECTS.at("R96"), call);
    let id = |id, severity, title, call| T.accept(id, severity, title, TOKEN_CLAIMS.at("R96"), call);
    vec![
        ok("token-sub-is-client", High, "sub is client_id, as with client credentials", |s| {
            s.valid_with(s.mint().subject("client"))
        }),
        ok("token-sub-pipe", Medium, "sub has a pipe", |s| {
            s.valid_with(s.mint().subject("auth0|5f7c8ec7c33c"))
        }),
        ok("token-sub-mail", Medium, "sub is an e-mail address", |s| {
            s.valid_with(s.mint().subject("alice+api@example.com"))
        }),
        ok("token-sub-url", Low, "sub is a URL", |s| {
            s.valid_with(s.mint().subject("https://id.example.com/alice"))
        }),
        ok("token-sub-unicode", Medium, "sub has letters beyond ASCII", |s| {
            s.valid_with(s.mint().subject("Åse Ærø 🦭"))
        }),
        ok("token-sub-long", Low, "sub has 255 characters", |s| {
            s.valid_with(s.mint().subject(&"s".repeat(255)))
        }),
        ok("token-client-id-url", High, "client_id is a URL", |s| {
            s.valid_with(s.mint().client_id("https://client.example.com/metadata.json"))
        }),
        ok("token-client-id-uuid", Medium, "client_id is a UUID", |s| {
            s.valid_with(s.mint().client_id("2f6e4e1c-0d0c-4f6b-9f5e-0f9a5a3a7c11"))
        }),
        id("token-jti-uuid", Medium, "jti is a UUID", |s| {
            s.valid_with(s.mint().claim("jti", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"))
        }),
        id("token-jti-urn", Low, "jti is a URN", |s| {
            s.valid_with(s.mint().claim("jti", "urn:uuid:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4e"))
        }),
        id("token-jti-short", Low, "jti is 1", |s| s.valid_with(s.mint().claim("jti", "1"))),
        id("token-jti-long", Low, "jti has 200 characters", |s| {
            s.valid_with(s.mint().claim("jti", format!("{}{}", unique_id(), "j".repeat(178))))
        }),
    ]
}

fn numbers() -> Vec<Case> {
    let ok = |id, severity, title, call| T.accept(id, severity, title, NUMERIC_DATE.at("R98"), call);
    vec![
        ok("token-iat-fraction", Medium, "iat has a fraction", |s| {
            let text = format!("{}.75", s.ago(2).as_secs());
            s.valid_with(s.mint().claim("iat", "@").edit_payload(move |json| json.replace("\"@\"", &text)))
        }),
        ok("token-nbf-fraction", Low, "nbf has a fraction", |s| {
            let text = format!("{}.5", s.ago(2).as_secs());
            s.valid_with(s.mint().claim("nbf", "@").edit_payload(move |json| json.replace("\"@\"", &text)))
        }),
        ok("token-times-with-zero", Low, "iat and exp end in .0", |s| {
            let (iat, exp) = (s.ago(2).as_secs(), s.ahead(300).as_secs());
            let times = move |json: String| {
                json.replace("\"@\"", &format!("{iat}.0")).replace("\"#\"", &format!("{exp}.0"))
            };
            s.valid_with(s.mint().claim("iat", "@").claim("exp", "#").edit_payload(times))
        }),
        ok("token-exp-microseconds", Low, "exp has microseconds", |s| {
            let text = format!("{}.123456", s.ahead(300).as_secs());
            s.valid_with(s.mint().claim("exp", "@").edit_payload(move |json| json.replace("\"@\"", &text)))
        }),
    ]
}

fn scopes() -> Vec<Case> {
    fn with(s: &crate::catalogue::Scene, more: &str) -> crate::catalogue::Call {
        s.valid_with(s.mint().claim("scope", format!("{} {more}", s.setting.scope)))
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, SCOPE_FORM.at("R103"), call);
    let cases = vec![
        ok("token-scope-absent", High, "no scope, where the route asks for none", |s| {
            s.valid_with(s.mint().without_claim("scope"))
        })
        .needs(ScopeRoute),
        ok("token-scope-many", Medium, "fifty scopes", |s| {
            with(s, &(0..50).map(|number| format!("scope:{number}")).collect::<Vec<_>>().join(" "))
        }),
        ok("token-scope-urls", Medium, "scopes that are URLs", |s| {
            with(s, "https://api.example.com/auth/read https://api.example.com/auth/write")
        }),
        ok("token-scope-smart", High, "scopes as in SMART on FHIR", |s| {
            with(s, "launch/patient patient/*.rs system/Observation.cruds?category=laboratory")
        }),
        ok("token-scope-characters", Low, "a scope of every permitted character", |s| {
            with(s, "!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~")
        }),
    ];
    // HelseID writes scopes as an array.
    cases.into_iter().map(|case| case.unless(Of(Helseid))).collect()
}

/// Claims of other specifications.
fn further() -> Vec<Case> {
    let ok = |id, severity, title, call| T.accept(id, severity, title, MORE_CLAIMS.at("R103"), call);
    vec![
        ok("token-authentication", High, "auth_time a week ago, acr and amr", |s| {
            let token = s.mint().claim("auth_time", s.ago(604_800).as_secs());
            s.valid_with(token.claim("acr", "idporten-loa-high").claim("amr", json!(["pwd", "otp"])))
        }),
        ok("token-roles", Medium, "roles, groups and entitlements", |s| {
            let token = s.mint().claim("roles", json!(["doctor"])).claim("groups", json!([]));
            s.valid_with(token.claim("entitlements", json!([{"value": "read"}])))
        }),
        ok("token-authorization-details", High, "authorization_details (RFC 9396)", |s| {
            let details =
                json!([{"type": "account_information", "actions": ["list_accounts"], "locations": []}]);
            s.valid_with(s.mint().claim("authorization_details", details))
        }),
        ok("token-actor", Medium, "act, as after a token exchange (RFC 8693)", |s| {
            s.valid_with(s.mint().claim("act", json!({"sub": "service", "act": {"sub": "gateway"}})))
        }),
        ok("token-openid", Medium, "sid, azp and auth claims of an OpenID provider", |s| {
            s.valid_with(
                s.mint().claim("sid", "08a5019c").claim("azp", "client").claim("email_verified", true),
            )
        }),
        ok("token-namespaced", Medium, "claims whose names are URLs", |s| {
            s.valid_with(s.mint().claim("https://example.com/claims/org", json!({"parent": "123456789"})))
        }),
        ok("token-nbf-now", High, "nbf is iat, as many issuers write it", |s| {
            let now = s.now();
            s.valid_with(s.mint().issued_at(now).claim("nbf", now.as_secs()))
        }),
    ]
}

/// A further claim of every JSON type.
fn members() -> Vec<Case> {
    let ok = |id, title, call| T.accept(id, Medium, title, MORE_CLAIMS.at("R103 P21"), call);
    vec![
        ok("token-claim-null", "a further claim is null", |s| {
            s.valid_with(s.mint().claim("x_more", json!(null)))
        }),
        ok("token-claim-false", "a further claim is false", |s| {
            s.valid_with(s.mint().claim("x_more", false))
        }),
        ok("token-claim-number", "a further claim is -0.5e-3", |s| {
            s.valid_with(s.mint().claim("x_more", "@").edit_payload(|json| json.replace("\"@\"", "-0.5e-3")))
        }),
        ok("token-claim-large-number", "a further claim is 2^64", |s| {
            let large = |json: String| json.replace("\"@\"", "18446744073709551616");
            s.valid_with(s.mint().claim("x_more", "@").edit_payload(large))
        }),
        ok("token-claim-empty-text", "a further claim is an empty text", |s| {
            s.valid_with(s.mint().claim("x_more", ""))
        }),
        ok("token-claim-array", "a further claim is an array of everything", |s| {
            s.valid_with(s.mint().claim("x_more", json!([1, "a", null, true, {}, []])))
        }),
        ok("token-claim-object", "a further claim is an object of objects", |s| {
            s.valid_with(s.mint().claim("x_more", json!({"a": {"b": {"c": {}}}})))
        }),
        ok("token-claim-empty-name", "a further claim has an empty name", |s| {
            s.valid_with(s.mint().claim("", 1))
        }),
    ]
}
