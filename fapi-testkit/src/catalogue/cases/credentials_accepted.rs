//! What clients, browsers and proxies put around the credentials, and what a query may hold: R2, R24, R26-R28, R48.

use super::rules::{FIELD_VALUE, NEEDLESS_FIELDS, QUERY_FREE, SCHEME_CASE, UNUSUAL_HEADERS};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::group::Group::Credentials as C;
use crate::catalogue::group::Need::{MoreTokens, Network, Proofs};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::interaction_id::INTERACTION_ID;
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    [order(), fields(), crowds(), queries()].concat()
}

/// The valid request with its credentials written in another way.
fn written(s: &Scene, write: impl FnOnce(String) -> String) -> Call {
    s.valid().without("authorization").header("Authorization", write(s.authorization(s.token())))
}

/// The valid request with its proof written in another way.
fn proof_written(s: &Scene, write: impl FnOnce(String) -> String) -> Call {
    s.dpop(s.token(), write(s.proof().sign()))
}

fn order() -> Vec<Case> {
    vec![
        C.accept("proof-before-token", Medium, "DPoP before Authorization", FIELD_VALUE.at("R27"), |s| {
            let (token, proof) = (s.token(), s.proof().sign());
            s.bare().header("DPoP", proof).header("Authorization", format!("DPoP {token}"))
        })
        .needs(Proofs),
        C.accept(
            "credentials-last",
            Low,
            "the credentials after all other fields",
            FIELD_VALUE.at("R27"),
            |s| {
                let Call { headers, .. } = s.valid();
                let call = s.bare().header("User-Agent", "client/1").header("Accept-Language", "nb-NO");
                let credentials =
                    headers.into_iter().filter(|(name, _)| name == "DPoP" || name == "Authorization");
                credentials.fold(call, |call, (name, value)| call.header(&name, value))
            },
        ),
        C.accept("authorization-space-after", Medium, "spaces after the token", FIELD_VALUE.at("R28"), |s| {
            written(s, |credentials| format!("{credentials}  "))
        })
        .needs(Network),
        C.accept("proof-space-around", Medium, "spaces around the proof", FIELD_VALUE.at("R41"), |s| {
            proof_written(s, |proof| format!("  {proof} "))
        })
        .needs(Network)
        .needs(Proofs),
        C.accept("proof-tab-around", Low, "tabs around the proof", FIELD_VALUE.at("R41"), |s| {
            proof_written(s, |proof| format!("\t{proof}\t"))
        })
        .needs(Network)
        .needs(Proofs),
        C.accept("scheme-random-case", Medium, "the scheme written DpOp", SCHEME_CASE.at("R27 P20"), |s| {
            written(s, |_| format!("DpOp {}", s.token()))
        })
        .needs(Proofs),
        C.accept(
            "scheme-case-and-spaces",
            Low,
            "the scheme in lower case, and two spaces after it",
            SCHEME_CASE.at("R27 R28"),
            |s| written(s, |_| format!("{}  {}", s.scheme().to_ascii_lowercase(), s.token())),
        ),
    ]
}

fn fields() -> Vec<Case> {
    let ok = |id, severity, title, call| C.accept(id, severity, title, UNUSUAL_HEADERS.at("R24 R26"), call);
    vec![
        ok("accept-absent", Medium, "no Accept", |s| s.valid().without("accept")),
        ok("accept-problem", Low, "Accept: application/problem+json, application/json", |s| {
            s.valid().without("accept").header("Accept", "application/problem+json, application/json")
        }),
        ok("accept-encodings", Medium, "Accept-Encoding with all that browsers know", |s| {
            s.valid().header("Accept-Encoding", "gzip, deflate, br, zstd")
        }),
        ok("accept-language", Low, "Accept-Language", |s| {
            s.valid().header("Accept-Language", "nb-NO, nb;q=0.9, en;q=0.5")
        }),
        ok("customer-ipv4", Medium, "x-fapi-customer-ip-address with an IPv4 address", |s| {
            s.valid().header("x-fapi-customer-ip-address", "198.51.100.119")
        }),
        ok("auth-date", Low, "x-fapi-auth-date", |s| {
            s.valid().header("x-fapi-auth-date", "Tue, 11 Sep 2012 19:43:31 GMT")
        }),
        ok("interaction-id-upper-case", Low, "x-fapi-interaction-id with a UUID in upper case", |s| {
            let call = s.valid().without(INTERACTION_ID);
            call.header(INTERACTION_ID, "C770AEF3-6784-41F7-8E0E-FF5F97BDDB3A")
        }),
        ok("fields-tracing", Medium, "the header fields of distributed tracing", |s| {
            s.valid()
                .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                .header("tracestate", "vendor=00f067aa0ba902b7")
                .header("baggage", "user=alice,tier=1")
                .header("X-Request-Id", "f058ebd6-02f7-4d3f-942e-904344e8cde5")
        }),
        ok("fields-browser", Medium, "the header fields of a browser", |s| {
            s.valid()
                .header(
                    "User-Agent",
                    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                )
                .header("Sec-Fetch-Mode", "cors")
                .header("Sec-Fetch-Site", "same-origin")
                .header("Sec-Fetch-Dest", "empty")
        }),
        ok("fields-proxy", Medium, "the header fields of a proxy that says whom it speaks for", |s| {
            s.valid()
                .header("Via", "1.1 proxy.example.com")
                .header("X-Forwarded-For", "198.51.100.119, 203.0.113.7")
                .header("X-Real-IP", "198.51.100.119")
        }),
        ok("fields-caching", Low, "Cache-Control: no-cache and Pragma", |s| {
            s.valid().header("Cache-Control", "no-cache").header("Pragma", "no-cache")
        }),
        ok("content-type-without-content", Low, "Content-Type: application/json without content", |s| {
            s.valid().header("Content-Type", "application/json")
        }),
        ok("cookies-beside", Medium, "cookies that are about something else", |s| {
            s.valid().header("Cookie", "session=38afes7a8; theme=dark; token=none")
        }),
    ]
}

fn crowds() -> Vec<Case> {
    let ok = |id, severity, title, call| C.accept(id, severity, title, NEEDLESS_FIELDS.at("R24 R26"), call);
    vec![
        ok("fields-many", Low, "forty header fields that nobody knows", |s| {
            (0..40).fold(s.valid(), |call, number| call.header(&format!("X-Field-{number}"), "value"))
        }),
        ok("field-long", Low, "a cookie of 2 KiB", |s| {
            s.valid().header("Cookie", format!("session={}", "c".repeat(2048)))
        }),
        ok("field-repeated", Low, "a header field twice that may be a list", |s| {
            s.valid().header("Accept-Language", "nb").header("Accept-Language", "en")
        }),
        ok("field-empty", Low, "a header field without a value", |s| s.valid().header("X-Empty", "")),
        ok("proxy-authorization-beside", Low, "credentials for a proxy beside those for the API", |s| {
            s.valid().header("Proxy-Authorization", "Basic dXNlcjpwYXNz")
        }),
        ok("nonce-field-of-client", Low, "a DPoP-Nonce in the request, as echoed by careless clients", |s| {
            s.valid().header("DPoP-Nonce", "an-echo")
        }),
        ok("fields-of-all-clients", Medium, "two clients with different habits, in turn", |s| {
            s.valid().header("Cache-Control", "no-cache")
        })
        .then(crate::catalogue::expectation::ACCEPTED, |s| s.valid_of(&s.cast().thief).without("accept"))
        .needs(MoreTokens)
        .needs(Proofs),
    ]
}

fn queries() -> Vec<Case> {
    fn query(s: &Scene, query: &str) -> Call {
        s.valid().target(&format!("{}?{query}", s.path()))
    }
    let ok = |id, severity, title, call| C.accept(id, severity, title, QUERY_FREE.at("R2 R48 P23"), call);
    vec![
        ok("query-empty", Medium, "a question mark and nothing after it", |s| query(s, "")),
        ok("query-flag", Medium, "a name without a value", |s| query(s, "verbose")),
        ok("query-encoded", High, "percent-encoded text", |s| query(s, "name=%C3%86r%C3%B8&sign=%26%3D%2B")),
        ok("query-plus", Medium, "plus signs for spaces", |s| query(s, "name=ola+nordmann")),
        ok("query-repeated", Medium, "a name twice", |s| query(s, "id=1&id=2")),
        ok("query-brackets", Medium, "names with brackets", |s| query(s, "filter[name]=x&page[size]=10")),
        ok("query-semicolon", Low, "a semicolon between two names", |s| query(s, "a=1;b=2")),
        ok("query-url", Medium, "a URL as a value", |s| query(s, "next=https://other.example.com/a?b=c")),
        ok("query-slashes", Medium, "slashes, colons and at signs", |s| query(s, "path=/a/b:c@d")),
        ok("query-names-the-parameter", Medium, "access_token as a value, not as a name", |s| {
            query(s, "hint=access_token&access_token_type=DPoP&fields=access_token,scope")
        }),
        ok("query-long", Low, "a query of 1 KiB", |s| query(s, &format!("filter={}", "q".repeat(1024)))),
        ok("query-fhir", High, "a search as in FHIR", |s| {
            query(
                s,
                "identifier=urn:oid:2.16.578.1.12.4.1.4.1%7C13116900216&_count=20&date=ge2024-01-01T00:00:00%2B01:00",
            )
        }),
    ]
}
