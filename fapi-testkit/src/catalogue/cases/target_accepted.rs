//! One URL in all the spellings that mean it, and URLs and methods that are not everyday: R47-R49, P23-P25.

use super::rules::{HTM, HTU, NORMAL_FORM};
use super::target::{htu, parts};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::LET_THROUGH;
use crate::catalogue::group::Group::Target as T;
use crate::catalogue::group::Need::{OtherMethods, OtherPaths, Proofs};
use crate::catalogue::group::Severity::{High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let paths = [encoded(), unusual()].concat().into_iter();
    let paths = paths.map(|case| case.expecting(LET_THROUGH).needs(OtherPaths));
    let methods = methods().into_iter().map(|case| case.expecting(LET_THROUGH).needs(OtherMethods));
    let proofs = [ignored(), spellings()].concat().into_iter().map(|case| case.needs(Proofs));
    proofs.chain(paths).chain(safe_methods()).chain(methods).collect()
}

/// Query and fragment do not count.
fn ignored() -> Vec<Case> {
    fn after(s: &Scene, rest: &str) -> Call {
        htu(s, format!("{}{rest}", s.url()))
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, HTU.at("R48 P23"), call);
    vec![
        ok("htu-with-own-query", High, "the request has a query, and htu has the same", |s| {
            after(s, "?a=1&b=2").target(&format!("{}?a=1&b=2", s.path()))
        }),
        ok("htu-query-in-other-order", Medium, "the queries of request and htu differ in their order", |s| {
            after(s, "?b=2&a=1").target(&format!("{}?a=1&b=2", s.path()))
        }),
        ok(
            "htu-query-in-other-encoding",
            Medium,
            "the queries of request and htu differ in their encoding",
            |s| after(s, "?name=a%20b").target(&format!("{}?name=a+b", s.path())),
        ),
        ok("htu-fragment", Medium, "htu has a fragment", |s| after(s, "#section")),
        ok("htu-fragment-empty", Low, "htu ends in a number sign", |s| after(s, "#")),
        ok("htu-query-in-fragment", Low, "htu has a question mark after the number sign", |s| {
            after(s, "#a?b")
        }),
        ok("htu-query-with-url", Medium, "the query of htu holds another URL", |s| {
            after(s, "?next=https://other.example.com/path")
        }),
        ok("htu-two-question-marks", Low, "the query of htu holds a question mark", |s| after(s, "?a=?b?")),
        ok("htu-query-encoded", Low, "the query of htu is percent-encoded", |s| after(s, "?a=%C3%A6%2F%00")),
    ]
}

/// RFC 3986 §6.2.2-6.2.3.
fn spellings() -> Vec<Case> {
    fn written(
        s: &Scene,
        scheme: impl Fn(&str) -> String,
        host: impl Fn(&str) -> String,
        path: impl Fn(&str) -> String,
    ) -> Call {
        let (own_scheme, authority, own_path) = parts(s);
        htu(s, format!("{}://{}{}", scheme(&own_scheme), host(&authority), path(&own_path)))
    }
    fn path(s: &Scene, spell: impl Fn(&str) -> String) -> Call {
        written(s, str::to_owned, str::to_owned, spell)
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, NORMAL_FORM.at("R49 P23"), call);
    vec![
        ok("htu-scheme-case", Medium, "the scheme of htu in mixed case", |s| {
            written(s, capitalised, str::to_owned, str::to_owned)
        }),
        ok("htu-host-case", Medium, "the host of htu in mixed case", |s| {
            written(s, str::to_owned, capitalised, str::to_owned)
        }),
        ok("htu-encoded-first", Low, "the first character of the path is percent-encoded", |s| {
            path(s, encode_first)
        }),
        ok("htu-encoded-all", Low, "every letter of the path is percent-encoded", |s| path(s, encode_all)),
        ok("htu-encoded-lower-case", Low, "the same with hexadecimal digits in lower case", |s| {
            path(s, |path| encode_all(path).to_ascii_lowercase())
        }),
        ok("htu-one-dot", Low, "htu has a segment of one dot", |s| path(s, |path| format!("/.{path}"))),
        ok("htu-several-dots", Low, "htu has several dot segments", |s| {
            path(s, |path| format!("/a/./b/../..{path}"))
        }),
        ok("htu-above-root", Low, "htu has a dot segment above the root", |s| {
            path(s, |path| format!("/..{path}"))
        }),
    ]
}

fn capitalised(text: &str) -> String {
    let upper = |(index, character): (usize, char)| {
        if index % 2 == 0 { character.to_ascii_uppercase() } else { character }
    };
    text.chars().enumerate().map(upper).collect()
}

fn encode_first(path: &str) -> String {
    let letter = path.chars().find(char::is_ascii_alphanumeric);
    letter.map_or(path.to_owned(), |letter| path.replacen(letter, &format!("%{:02X}", u32::from(letter)), 1))
}

fn encode_all(path: &str) -> String {
    let encode = |character: char| match character {
        letter if letter.is_ascii_alphanumeric() => format!("%{:02X}", u32::from(letter)),
        other => other.to_string(),
    };
    path.chars().map(encode).collect()
}

/// Paths below the route that need percent-encoding, the same in request and proof or another spelling of it.
fn encoded() -> Vec<Case> {
    fn spelled(s: &Scene, request: &str, htu: &str) -> Call {
        let target = format!("{}{request}", s.path());
        s.valid_below(htu).target(&target)
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, NORMAL_FORM.at("R49 P24"), call);
    vec![
        ok("path-space", High, "the path has an encoded space", |s| s.valid_below("/a%20b")),
        ok("path-utf8", High, "the path has encoded letters beyond ASCII", |s| {
            s.valid_below("/%C3%86r%C3%B8")
        }),
        ok("path-encoded-slash", High, "the path has an encoded slash", |s| s.valid_below("/a%2Fb")),
        ok("path-encoded-percent", Medium, "the path has an encoded percent sign", |s| {
            s.valid_below("/100%25")
        }),
        ok("path-encoded-question-mark", Medium, "the path has an encoded question mark", |s| {
            s.valid_below("/a%3Fb")
        }),
        ok("path-hex-case", Low, "the request encodes in lower case, htu in upper case", |s| {
            spelled(s, "/%c3%a6", "/%C3%A6")
        }),
        ok("path-hex-case-of-htu", Low, "htu encodes in lower case, the request in upper case", |s| {
            spelled(s, "/%C3%A6", "/%c3%a6")
        }),
        ok("path-tilde-encoded", Low, "htu encodes a tilde, the request does not", |s| {
            spelled(s, "/~a", "/%7Ea")
        }),
        ok("path-letter-encoded", Low, "the request encodes a letter, htu does not", |s| {
            spelled(s, "/%61", "/a")
        }),
    ]
}

/// Paths below the route that few routers see, the same in request and proof.
fn unusual() -> Vec<Case> {
    let ok = |id, severity, title, call| T.accept(id, severity, title, HTU.at("R48 R49 P24"), call);
    vec![
        ok("path-slash", High, "request and htu end in a slash", |s| s.valid_below("/")),
        ok("path-double-slash", Low, "request and htu have two slashes", |s| s.valid_below("//a")),
        ok("path-matrix", High, "the path has matrix parameters", |s| s.valid_below("/a;v=1;w=2/b;x")),
        ok("path-matrix-with-query", Medium, "a matrix parameter and a query", |s| {
            let path = format!("{};v=1", s.path());
            s.valid_at(s.method(), &path).target(&format!("{path}?a=1"))
        }),
        ok("path-fhir-operation", High, "an operation of FHIR: a dollar sign", |s| {
            s.valid_below("/42/$everything")
        }),
        ok("path-odata", Medium, "a key as in OData: parentheses and quotes", |s| s.valid_below("('A-1',2)")),
        ok("path-custom-verb", Medium, "a custom verb: a colon", |s| s.valid_below("/42:cancel")),
        ok("path-mail", Medium, "an e-mail address: an at sign and a plus sign", |s| {
            s.valid_below("/a+b@example.com")
        }),
        ok("path-urn", Medium, "a URN: colons and dots", |s| s.valid_below("/urn:oid:2.16.578.1.12.4.1.4.1")),
        ok("path-file", Low, "a file name with dots", |s| s.valid_below("/report.final.tar.gz")),
        ok("path-dots-in-name", Low, "a segment of three dots", |s| s.valid_below("/...")),
        ok("path-upper-case", Medium, "a segment in upper case", |s| s.valid_below("/ABC")),
        ok("path-uuid", Medium, "a UUID", |s| s.valid_below("/2f6e4e1c-0d0c-4f6b-9f5e-0f9a5a3a7c11")),
        ok("path-long", Low, "a segment of 1 KiB", |s| s.valid_below(&format!("/{}", "a".repeat(1024)))),
        ok("path-deep", Low, "thirty segments", |s| s.valid_below(&"/a".repeat(30))),
        ok("path-with-token-in-name", Low, "a segment access_token=1", |s| s.valid_below("/access_token=1")),
    ]
}

fn safe_methods() -> Vec<Case> {
    vec![
        T.accept("method-head", High, "HEAD, and htm says so", HTM.at("R47 P25"), |s| {
            s.valid_at("HEAD", s.path())
        })
        .expecting(LET_THROUGH),
        T.accept("method-query", Medium, "QUERY with content, and htm says so", HTM.at("R47 P25"), |s| {
            Call {
                body: b"{}".to_vec(),
                ..s.valid_at("QUERY", s.path()).header("Content-Type", "application/json")
            }
        })
        .expecting(LET_THROUGH),
    ]
}

fn methods() -> Vec<Case> {
    fn with_content(s: &Scene, method: &str, kind: &str, content: &str) -> Call {
        let call = s.valid_at(method, s.path()).header("Content-Type", kind);
        Call { body: content.as_bytes().to_vec(), ..call }
    }
    let ok = |id, severity, title, call| T.accept(id, severity, title, HTM.at("R47 P25"), call);
    vec![
        ok("method-post-json", High, "POST with JSON, and htm says so", |s| {
            with_content(s, "POST", "application/json", "{\"access_token\":\"none\"}")
        }),
        ok("method-post-form", High, "POST with a form that holds no token", |s| {
            with_content(s, "POST", "application/x-www-form-urlencoded", "name=a&token=b")
        }),
        ok("method-post-empty", Medium, "POST without content", |s| s.valid_at("POST", s.path())),
        ok("method-post-bytes", Low, "POST with bytes that are no text", |s| {
            let call = s.valid_at("POST", s.path()).header("Content-Type", "application/octet-stream");
            Call { body: vec![0, 0xff, 0xfe, 0x80], ..call }
        }),
        ok("method-put", High, "PUT, and htm says so", |s| with_content(s, "PUT", "application/json", "{}")),
        ok("method-patch", High, "PATCH, and htm says so", |s| {
            with_content(s, "PATCH", "application/merge-patch+json", "{}")
        }),
        ok("method-delete", High, "DELETE, and htm says so", |s| s.valid_at("DELETE", s.path())),
        ok("method-delete-with-content", Low, "DELETE with content", |s| {
            with_content(s, "DELETE", "application/json", "{}")
        }),
        ok("method-webdav", Low, "PROPFIND, and htm says so", |s| s.valid_at("PROPFIND", s.path())),
        ok("method-hyphen", Low, "VERSION-CONTROL, and htm says so", |s| {
            s.valid_at("VERSION-CONTROL", s.path())
        }),
        ok("method-unknown", Medium, "a method that nobody has registered", |s| {
            s.valid_at("FROBNICATE", s.path())
        }),
    ]
}
