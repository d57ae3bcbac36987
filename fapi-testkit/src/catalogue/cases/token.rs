//! The claims and the type of the access token: R90-R98, P1, P2, P33.

use serde_json::json;

use super::rules::{
    HELSEID_AUD, HELSEID_SCOPE, NO_AUD, NO_SUB, NO_TYP, NUMERIC_DATE, OTHER_TYP, SCOPE_FORM, SUBSTITUTION,
    TOKEN_AUD, TOKEN_CLAIMS, TOKEN_ISS, TOKEN_TYP,
};
use crate::catalogue::case::Case;
use crate::catalogue::expectation::{TOKEN_MALFORMED, TOKEN_REFUSED};
use crate::catalogue::feature::Feature::{
    AudienceOptional, JwtType, Of, SingleAudience, SubjectOptional, UntypedTokens,
};
use crate::catalogue::group::Group::Token as T;
use crate::catalogue::group::Need::{Issuer, Proofs};
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::profile::Profile::Helseid;

pub(super) fn cases() -> Vec<Case> {
    let minted = [types(), issuers(), audiences(), required(), scopes()].concat();
    let mut cases: Vec<Case> = minted.into_iter().map(|case| case.needs(Issuer)).collect();
    cases.extend(substitutions());
    cases
}

fn types() -> Vec<Case> {
    vec![
        T.accept("token-typ-full", Medium, "typ is application/at+jwt", TOKEN_TYP.at("R90"), |s| {
            s.with_token(|t| t.header("typ", "application/at+jwt"))
        }),
        T.accept(
            "token-typ-case",
            Medium,
            "typ is at+JWT, as in the examples of RFC 9068 and RFC 9470",
            TOKEN_TYP.at("R90"),
            |s| s.with_token(|t| t.header("typ", "at+JWT")),
        ),
        T.attack(
            "token-typ-jwt",
            Critical,
            "typ is JWT, as of an ID token",
            TOKEN_TYP.at("R90 P33"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("typ", "JWT")),
        )
        .unless(JwtType),
        T.accept("token-typ-jwt-accepted", High, "typ is JWT", OTHER_TYP.at("R90"), |s| {
            s.with_token(|t| t.header("typ", "JWT"))
        })
        .given(JwtType),
        T.attack("token-typ-absent", High, "no typ", TOKEN_TYP.at("R90 P33"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_header("typ"))
        })
        .unless(UntypedTokens),
        T.accept("token-typ-absent-accepted", High, "no typ", NO_TYP.at("R90"), |s| {
            s.with_token(|t| t.without_header("typ"))
        })
        .given(UntypedTokens),
        T.attack(
            "token-typ-proof",
            Critical,
            "typ is dpop+jwt",
            SUBSTITUTION.at("R90 R107"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("typ", "dpop+jwt")),
        ),
        T.attack(
            "token-typ-event",
            High,
            "typ is secevent+jwt",
            SUBSTITUTION.at("R90 R107 R167"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("typ", "secevent+jwt")),
        ),
        T.attack(
            "token-typ-introspection",
            High,
            "typ is token-introspection+jwt",
            SUBSTITUTION.at("R90 R107 R130"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("typ", "token-introspection+jwt")),
        ),
        T.attack(
            "token-typ-logout",
            High,
            "typ is logout+jwt",
            SUBSTITUTION.at("R90 R107"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.header("typ", "logout+jwt")),
        ),
        T.attack(
            "token-typ-number",
            High,
            "typ is a number",
            TOKEN_TYP.at("R90 P30"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.header("typ", 7)),
        ),
    ]
}

fn issuers() -> Vec<Case> {
    vec![
        T.attack(
            "token-iss-other",
            Critical,
            "iss is another issuer",
            TOKEN_ISS.at("R91 P40"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("iss", "https://evil.example.com")),
        ),
        T.attack(
            "token-iss-slash",
            High,
            "iss has a trailing slash",
            TOKEN_ISS.at("R91 R177"),
            TOKEN_REFUSED,
            |s| {
                let iss = format!("{}/", s.issuer().identifier());
                s.with_token(|t| t.claim("iss", iss))
            },
        ),
        T.attack("token-iss-case", Medium, "iss in upper case", TOKEN_ISS.at("R91"), TOKEN_REFUSED, |s| {
            let iss = s.issuer().identifier().replacen("http", "HTTP", 1);
            s.with_token(|t| t.claim("iss", iss))
        }),
        T.attack(
            "token-iss-longer",
            Critical,
            "iss begins with the issuer",
            TOKEN_ISS.at("R91"),
            TOKEN_REFUSED,
            |s| {
                let iss = format!("{}.evil.example.com", s.issuer().identifier());
                s.with_token(|t| t.claim("iss", iss))
            },
        ),
        T.attack(
            "token-iss-array",
            Medium,
            "iss is an array with the issuer",
            TOKEN_ISS.at("R91 R96"),
            TOKEN_REFUSED,
            |s| {
                let iss = json!([s.issuer().identifier()]);
                s.with_token(|t| t.claim("iss", iss))
            },
        ),
        T.attack(
            "token-iss-nul",
            Medium,
            "iss has a NUL at its end",
            TOKEN_ISS.at("R91 R177"),
            TOKEN_REFUSED,
            |s| {
                let iss = format!("{}\0", s.issuer().identifier());
                s.with_token(|t| t.claim("iss", iss))
            },
        ),
    ]
}

fn audiences() -> Vec<Case> {
    vec![
        T.accept("token-aud-array", High, "aud is an array with this API alone", TOKEN_AUD.at("R92"), |s| {
            let aud = json!([s.setting.audience]);
            s.with_token(|t| t.claim("aud", aud))
        }),
        T.accept(
            "token-aud-several",
            High,
            "aud is an array with another API, too",
            TOKEN_AUD.at("R92"),
            |s| {
                let aud = json!(["https://other.example.com", s.setting.audience]);
                s.with_token(|t| t.claim("aud", aud))
            },
        )
        .unless(SingleAudience),
        T.attack(
            "token-aud-several-helseid",
            Medium,
            "aud is an array with another API, too",
            HELSEID_AUD.at("R92"),
            TOKEN_REFUSED,
            |s| {
                let aud = json!(["nhn:other-api", s.setting.audience]);
                s.with_token(|t| t.claim("aud", aud))
            },
        )
        .given(SingleAudience),
        T.attack(
            "token-aud-other",
            Critical,
            "aud is another API",
            TOKEN_AUD.at("R23 R92"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("aud", "https://other.example.com")),
        ),
        T.attack("token-aud-absent", Critical, "no aud", TOKEN_AUD.at("R92 P47"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("aud"))
        })
        .unless(AudienceOptional),
        T.accept("token-aud-absent-accepted", High, "no aud", NO_AUD.at("R92"), |s| {
            s.with_token(|t| t.without_claim("aud"))
        })
        .given(AudienceOptional),
        T.attack("token-aud-empty", High, "aud is an empty array", TOKEN_AUD.at("R92"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("aud", json!([])))
        }),
        T.attack(
            "token-aud-longer",
            High,
            "aud is longer than this API's identifier",
            TOKEN_AUD.at("R92"),
            TOKEN_REFUSED,
            |s| {
                let aud = format!("{}/more", s.setting.audience);
                s.with_token(|t| t.claim("aud", aud))
            },
        ),
        T.attack(
            "token-aud-shorter",
            High,
            "aud is the beginning of this API's identifier",
            TOKEN_AUD.at("R92"),
            TOKEN_REFUSED,
            |s| {
                let mut aud = s.setting.audience.clone();
                aud.pop();
                s.with_token(|t| t.claim("aud", aud))
            },
        ),
        T.attack(
            "token-aud-list-in-text",
            High,
            "aud is a text that lists this API and another",
            TOKEN_AUD.at("R92"),
            TOKEN_REFUSED,
            |s| {
                let aud = format!("{} https://other.example.com", s.setting.audience);
                s.with_token(|t| t.claim("aud", aud))
            },
        ),
        T.attack(
            "token-aud-nested",
            Medium,
            "aud is an array in an array",
            TOKEN_AUD.at("R92 R177"),
            TOKEN_REFUSED,
            |s| {
                let aud = json!([[s.setting.audience]]);
                s.with_token(|t| t.claim("aud", aud))
            },
        ),
        T.attack(
            "token-aud-object",
            Medium,
            "aud is an object with this API as a member",
            TOKEN_AUD.at("R92"),
            TOKEN_REFUSED,
            |s| {
                let aud = json!({ s.setting.audience.as_str(): true });
                s.with_token(|t| t.claim("aud", aud))
            },
        ),
    ]
}

fn required() -> Vec<Case> {
    vec![
        T.attack("token-exp-absent", Critical, "no exp", TOKEN_CLAIMS.at("R94 R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("exp"))
        }),
        T.attack("token-iss-absent", High, "no iss", TOKEN_CLAIMS.at("R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("iss"))
        }),
        T.attack("token-sub-absent", Medium, "no sub", TOKEN_CLAIMS.at("R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("sub"))
        })
        .unless(SubjectOptional),
        T.accept(
            "token-sub-absent-accepted",
            High,
            "no sub: a client acts for itself",
            NO_SUB.at("R96"),
            |s| s.with_token(|t| t.without_claim("sub")),
        )
        .given(SubjectOptional),
        T.attack(
            "token-client-id-absent",
            Medium,
            "no client_id",
            TOKEN_CLAIMS.at("R96"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.without_claim("client_id")),
        ),
        T.attack("token-iat-absent", Medium, "no iat", TOKEN_CLAIMS.at("R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("iat"))
        }),
        T.attack("token-jti-absent", Low, "no jti", TOKEN_CLAIMS.at("R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.without_claim("jti"))
        }),
        T.attack("token-sub-number", Medium, "sub is a number", TOKEN_CLAIMS.at("R96"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("sub", 7))
        }),
        T.attack("token-exp-text", High, "exp is a text", NUMERIC_DATE.at("R98 P1"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("exp", "9999999999"))
        }),
        T.attack("token-exp-true", High, "exp is true", NUMERIC_DATE.at("R98 P1"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("exp", true))
        }),
        T.attack(
            "token-exp-negative",
            High,
            "exp is negative",
            NUMERIC_DATE.at("R98 P1"),
            TOKEN_REFUSED,
            |s| s.with_token(|t| t.claim("exp", -1)),
        ),
        T.attack(
            "token-exp-infinite",
            High,
            "exp is 1e400",
            NUMERIC_DATE.at("R98 R177 P1"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.claim("exp", "@").edit_payload(|json| json.replace("\"@\"", "1e400"))),
        ),
        T.attack("token-exp-null", High, "exp is null", NUMERIC_DATE.at("R98"), TOKEN_REFUSED, |s| {
            s.with_token(|t| t.claim("exp", json!(null)))
        }),
        T.accept("token-exp-fraction", Low, "exp has a fraction", NUMERIC_DATE.at("R98"), |s| {
            let exp = s.ahead(120).as_secs();
            s.with_token(|t| {
                t.claim("exp", "@").edit_payload(|json| json.replace("\"@\"", &format!("{exp}.5")))
            })
        }),
        T.attack(
            "token-no-object",
            High,
            "the claims are an array",
            TOKEN_CLAIMS.at("R116"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.raw_payload("[]")),
        ),
        T.attack(
            "token-no-json",
            High,
            "the claims are not JSON",
            TOKEN_CLAIMS.at("R116"),
            TOKEN_MALFORMED,
            |s| s.with_token(|t| t.raw_payload("not json")),
        ),
    ]
}

fn scopes() -> Vec<Case> {
    vec![
        T.accept("token-scope-array", Medium, "scope is an array", HELSEID_SCOPE.at("R96"), |s| {
            let scope: Vec<_> = s.setting.scope.split(' ').chain(["other"]).collect();
            s.with_token(|t| t.claim("scope", json!(scope)))
        })
        .given(Of(Helseid)),
        T.accept("token-scope-text", Medium, "scope is a text", SCOPE_FORM.at("R96"), |s| {
            let scope = format!("{} other", s.setting.scope);
            s.with_token(|t| t.scope(&scope))
        }),
        T.accept("token-more-claims", Medium, "claims that nobody knows", TOKEN_CLAIMS.at("R96"), |s| {
            s.with_token(|t| t.claim("https://example.com/claims/x", json!({"a": [1, null]})).claim("ver", 2))
        }),
    ]
}

/// One kind of JWT in place of another; these need no issuer.
fn substitutions() -> Vec<Case> {
    vec![
        T.attack(
            "proof-as-token",
            Critical,
            "a proof in place of the token",
            SUBSTITUTION.at("R107 R178"),
            TOKEN_REFUSED,
            |s| {
                let proof = s.proof().sign();
                s.with_token_text(&proof)
            },
        ),
        T.attack(
            "token-as-proof",
            Critical,
            "the token in place of the proof",
            SUBSTITUTION.at("R107 R178"),
            crate::catalogue::expectation::PROOF_REFUSED,
            |s| s.dpop(s.token(), s.token().to_owned()),
        )
        .needs(Proofs),
    ]
}
