//! Which header holds the token: R1-R3, R24-R31, P19, P20.

use super::rules::{
    CHALLENGE, FORM_TOKEN, HEADER_TOKEN, NO_ERROR, ONE_METHOD, QUERY_TOKEN, SCHEME_CASE, TOKEN68,
    UNUSUAL_HEADERS,
};
use crate::catalogue::case::Case;
use crate::catalogue::condition::DPOP_CHALLENGE;
use crate::catalogue::expectation::{
    NOT_SERVED, REQUEST_REFUSED, TOKEN_ELSEWHERE, TOKEN_MALFORMED, UNAUTHENTICATED,
};
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Need::Proofs;
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    [accepted(), absent(), elsewhere(), repeated(), malformed()].concat()
}

fn accepted() -> Vec<Case> {
    vec![
        C.accept("valid", High, "a valid request", HEADER_TOKEN.at("R1 R6 R60"), Scene::valid),
        C.accept("scheme-mixed-case", High, "the scheme written dPoP", SCHEME_CASE.at("R27 P20"), |s| {
            scheme(s, "dPoP ")
        })
        .needs(Proofs),
        C.accept("scheme-lower-case", High, "the scheme written dpop", SCHEME_CASE.at("R27 P20"), |s| {
            scheme(s, "dpop ")
        })
        .needs(Proofs),
        C.accept("scheme-upper-case", Medium, "the scheme written DPOP", SCHEME_CASE.at("R27 P20"), |s| {
            scheme(s, "DPOP ")
        })
        .needs(Proofs),
        C.accept("scheme-several-spaces", Low, "three spaces after the scheme", TOKEN68.at("R28"), |s| {
            scheme(s, &format!("{}   ", s.scheme()))
        }),
        C.accept("accept-with-charset", Medium, "Accept with a charset", UNUSUAL_HEADERS.at("R26"), |s| {
            s.valid().without("accept").header("Accept", "application/json; charset=utf-8")
        }),
        C.accept("accept-anything", Medium, "Accept: */*", UNUSUAL_HEADERS.at("R26"), |s| {
            s.valid().without("accept").header("Accept", "application/json;q=0.9, */*;q=0.1")
        }),
        C.accept(
            "customer-ipv6",
            Medium,
            "x-fapi-customer-ip-address with an IPv6 address",
            UNUSUAL_HEADERS.at("R26"),
            |s| s.valid().header("x-fapi-customer-ip-address", "2001:db8::1893:25c8:1946"),
        ),
        C.accept(
            "query-other-parameter",
            High,
            "a query that holds no token",
            QUERY_TOKEN.at("R2 R48"),
            |s| s.valid().target(&format!("{}?page=2&token=x&access_tokens=y", s.path())),
        ),
    ]
}

fn absent() -> Vec<Case> {
    let none = |s: &Scene| s.bare();
    vec![
        C.attack(
            "no-credentials",
            Critical,
            "no Authorization header",
            CHALLENGE.at("R30 R31"),
            UNAUTHENTICATED,
            none,
        ),
        C.attack(
            "no-credentials-dpop-challenge",
            Medium,
            "no Authorization header: how it is challenged",
            CHALLENGE.at("R36 P41"),
            UNAUTHENTICATED.with(&[DPOP_CHALLENGE]),
            none,
        )
        .needs(Proofs),
        C.attack(
            "proof-without-token",
            Critical,
            "a valid proof, but no token",
            CHALLENGE.at("R31 R57"),
            UNAUTHENTICATED,
            |s| s.valid().without("authorization"),
        )
        .needs(Proofs),
        C.attack("scheme-basic", Critical, "the scheme Basic", NO_ERROR.at("R31"), UNAUTHENTICATED, |s| {
            s.bare().header("Authorization", "Basic dXNlcjpwYXNz")
        }),
        C.attack(
            "scheme-unknown",
            Critical,
            "a valid token under a scheme that does not exist",
            NO_ERROR.at("R31"),
            UNAUTHENTICATED,
            |s| scheme(s, "Unknown "),
        ),
        C.attack(
            "scheme-mac",
            High,
            "the scheme HOBA with parameters",
            NO_ERROR.at("R31"),
            UNAUTHENTICATED,
            |s| s.bare().header("Authorization", "HOBA result=\"1.2.3\""),
        ),
    ]
}

fn elsewhere() -> Vec<Case> {
    vec![
        C.attack(
            "token-in-query",
            Critical,
            "the token in the query only",
            QUERY_TOKEN.at("R2"),
            TOKEN_ELSEWHERE,
            |s| in_query(s, "access_token").without("authorization"),
        ),
        C.attack(
            "token-in-query-bearer",
            Critical,
            "the token in the query only, without a proof",
            QUERY_TOKEN.at("R2"),
            TOKEN_ELSEWHERE,
            |s| in_query(s, "access_token").without("authorization").without("dpop"),
        ),
        C.attack(
            "token-in-query-encoded",
            High,
            "the token in the query as access%5Ftoken",
            QUERY_TOKEN.at("R2"),
            TOKEN_ELSEWHERE,
            |s| in_query(s, "access%5Ftoken").without("authorization"),
        ),
        C.attack(
            "token-in-header-and-query",
            High,
            "the token in the header and in the query",
            ONE_METHOD.at("R2 R29"),
            REQUEST_REFUSED,
            |s| in_query(s, "access_token"),
        ),
        C.attack(
            "token-in-header-and-encoded-query",
            Medium,
            "the token in the header and in the query as access%5Ftoken",
            ONE_METHOD.at("R2 R29"),
            REQUEST_REFUSED,
            |s| in_query(s, "access%5Ftoken"),
        ),
        C.attack("token-in-form", High, "the token in a form only", FORM_TOKEN.at("R3"), NOT_SERVED, |s| {
            let form = format!("access_token={}", s.token());
            s.valid().without("authorization").form(&form)
        }),
        C.attack(
            "token-in-cookie",
            Medium,
            "the token in a cookie only",
            HEADER_TOKEN.at("R1"),
            UNAUTHENTICATED,
            |s| {
                let cookie = format!("access_token={}", s.token());
                s.valid().without("authorization").header("Cookie", cookie)
            },
        ),
        C.attack(
            "token-in-other-header",
            Medium,
            "the token in X-Forwarded-Authorization only",
            HEADER_TOKEN.at("R1 P49"),
            UNAUTHENTICATED,
            |s| {
                let value = s.authorization(s.token());
                s.valid().without("authorization").header("X-Forwarded-Authorization", value)
            },
        ),
    ]
}

fn repeated() -> Vec<Case> {
    vec![
        C.attack(
            "two-authorizations-same",
            High,
            "the Authorization header twice",
            ONE_METHOD.at("R29 P19"),
            REQUEST_REFUSED,
            |s| s.valid().header("Authorization", s.authorization(s.token())),
        ),
        C.attack(
            "two-authorizations-bearer-first",
            High,
            "Bearer and DPoP in two Authorization headers",
            ONE_METHOD.at("R29 P19"),
            REQUEST_REFUSED,
            |s| {
                let valid = s.valid();
                s.bearer(s.token())
                    .header("Authorization", format!("DPoP {}", s.token()))
                    .header("DPoP", valid.values("dpop").collect::<String>())
            },
        )
        .needs(Proofs),
        C.attack(
            "two-authorizations-rubbish-second",
            High,
            "a valid Authorization header and another one with rubbish",
            ONE_METHOD.at("R29 P19"),
            REQUEST_REFUSED,
            |s| s.valid().header("Authorization", s.authorization("rubbish")),
        ),
        C.attack(
            "two-authorizations-basic-second",
            High,
            "a valid Authorization header and another one with Basic",
            ONE_METHOD.at("R29 P19"),
            REQUEST_REFUSED,
            |s| s.valid().header("Authorization", "Basic dXNlcjpwYXNz"),
        ),
        C.attack(
            "two-tokens-in-one-header",
            High,
            "two sets of credentials in one header, separated by a comma",
            TOKEN68.at("R28 R29"),
            REQUEST_REFUSED,
            |s| {
                let value = format!("{}, Bearer {}", s.authorization(s.token()), s.token());
                s.valid().without("authorization").header("Authorization", value)
            },
        ),
    ]
}

fn malformed() -> Vec<Case> {
    fn authorization(s: &Scene, value: impl Into<Vec<u8>>) -> crate::catalogue::Call {
        s.valid().without("authorization").header("Authorization", value)
    }
    vec![
        C.attack(
            "authorization-empty",
            High,
            "an empty Authorization header",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, ""),
        ),
        C.attack(
            "scheme-without-token",
            High,
            "the scheme and no token",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, s.scheme()),
        ),
        C.attack(
            "scheme-and-space",
            High,
            "the scheme, a space and no token",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, s.authorization("")),
        ),
        C.attack(
            "token-without-scheme",
            High,
            "the token without a scheme",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, s.token()),
        ),
        C.attack(
            "token-and-more",
            High,
            "a second word after the token",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, format!("{} more", s.authorization(s.token()))),
        ),
        C.attack(
            "scheme-and-tab",
            Medium,
            "a tab between scheme and token",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, format!("{}\t{}", s.scheme(), s.token())),
        ),
        C.attack(
            "scheme-and-equals",
            Medium,
            "an equals sign between scheme and token",
            TOKEN68.at("R28"),
            REQUEST_REFUSED,
            |s| authorization(s, format!("{}={}", s.scheme(), s.token())),
        ),
        C.attack("token-quoted", Medium, "the token in quotes", TOKEN68.at("R28"), REQUEST_REFUSED, |s| {
            authorization(s, format!("{} \"{}\"", s.scheme(), s.token()))
        }),
        C.attack(
            "authorization-not-utf8",
            Medium,
            "bytes that are no text",
            TOKEN68.at("R28 P19"),
            REQUEST_REFUSED,
            |s| authorization(s, [s.scheme().as_bytes(), b" \xff\xfe\x80"].concat()),
        ),
        C.attack(
            "token-rubbish",
            Critical,
            "a token that is no JWT",
            TOKEN68.at("R28 R97"),
            TOKEN_MALFORMED,
            |s| s.with_token_text("rubbish"),
        ),
    ]
}

fn scheme(s: &Scene, scheme: &str) -> crate::catalogue::Call {
    let call = s.valid().without("authorization");
    call.header("Authorization", format!("{scheme}{}", s.token()))
}

fn in_query(s: &Scene, name: &str) -> crate::catalogue::Call {
    let target = format!("{}?{name}={}", s.path(), s.token());
    s.valid().target(&target)
}
