//! Method and URL of the proof: R47-R49, R178, P23-P25, P28.

use super::rules::{HTM, HTU};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{NOT_SERVED, PROOF_REFUSED};
use crate::catalogue::group::Group::Target as T;
use crate::catalogue::group::Severity::{Critical, High, Low, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    [methods(), equivalent(), different()].concat()
}

/// The host of an attacker.
pub(super) const EVIL: &str = "evil.example.com";

fn methods() -> Vec<Case> {
    vec![
        T.attack("htm-other", Critical, "htm is another method", HTM.at("R47 R178"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("htm", other_method(s)))
        }),
        T.attack("htm-lower-case", Medium, "htm in lower case", HTM.at("R47 P25"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("htm", s.method().to_ascii_lowercase()))
        }),
        T.attack("htm-empty", High, "htm is empty", HTM.at("R47"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("htm", ""))
        }),
        T.attack("htm-space", Medium, "a space after htm", HTM.at("R47"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("htm", format!("{} ", s.method())))
        }),
        T.attack("htm-array", Medium, "htm is an array of all methods", HTM.at("R47"), PROOF_REFUSED, |s| {
            s.with_proof(|p| p.claim("htm", vec!["GET", "POST", "PUT", "DELETE", "PATCH"]))
        }),
        T.attack(
            "htm-override",
            High,
            "htm is the method of X-HTTP-Method-Override",
            HTM.at("R47"),
            PROOF_REFUSED,
            |s| {
                s.with_proof(|p| p.claim("htm", other_method(s)))
                    .header("X-HTTP-Method-Override", other_method(s))
            },
        ),
        T.attack(
            "request-other-method",
            High,
            "a request with another method than the proof",
            HTM.at("R47 R178"),
            NOT_SERVED,
            |s| s.valid().method(other_method(s)),
        ),
    ]
}

fn other_method(s: &Scene) -> &'static str {
    if s.method() == "PUT" { "DELETE" } else { "PUT" }
}

pub(super) fn htu(s: &Scene, url: impl Into<String>) -> Call {
    s.with_proof(|p| p.claim("htu", url.into()))
}

/// Scheme, authority and path of the request's URL.
pub(super) fn parts(s: &Scene) -> (String, String, String) {
    let url = s.url();
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    (scheme.to_owned(), authority.to_owned(), format!("/{path}"))
}

/// The host without the port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn equivalent() -> Vec<Case> {
    vec![
        T.accept("htu-query-and-fragment", High, "htu has a query and a fragment", HTU.at("R48 P23"), |s| {
            htu(s, format!("{}?x=1#y", s.url()))
        }),
        T.accept("htu-empty-query", Low, "htu ends in a question mark", HTU.at("R48"), |s| {
            htu(s, format!("{}?", s.url()))
        }),
        T.accept("request-query", High, "the request has a query, htu has none", HTU.at("R48 P23"), |s| {
            s.valid().target(&format!("{}?a=1&b=%2F", s.path()))
        }),
        T.accept(
            "request-and-htu-queries",
            Medium,
            "the request and htu have different queries",
            HTU.at("R48"),
            |s| htu(s, format!("{}?c=3", s.url())).target(&format!("{}?a=1", s.path())),
        ),
        T.accept("htu-scheme-upper-case", Medium, "scheme and host in upper case", HTU.at("R49 P23"), |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{}://{}{path}", scheme.to_ascii_uppercase(), authority.to_ascii_uppercase()))
        }),
        T.accept(
            "htu-default-port",
            Medium,
            "the default port is written out, if the URL has no port",
            HTU.at("R49 P23"),
            |s| {
                let (scheme, authority, path) = parts(s);
                let port = if host(&authority) != authority {
                    ""
                } else if scheme == "http" {
                    ":80"
                } else {
                    ":443"
                };
                htu(s, format!("{scheme}://{authority}{port}{path}"))
            },
        ),
        T.accept(
            "htu-encoded-unreserved",
            Low,
            "a letter of the path is percent-encoded",
            HTU.at("R49 P23"),
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{scheme}://{authority}{}", encode_last(&path)))
            },
        ),
        T.accept("htu-dot-segments", Low, "htu has a dot segment", HTU.at("R49"), |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{scheme}://{authority}/x/..{path}"))
        }),
    ]
}

/// The path with its last character percent-encoded, if that is a letter or a digit.
fn encode_last(path: &str) -> String {
    match path.chars().last() {
        Some(last) if last.is_ascii_alphanumeric() => {
            format!("{}%{:02X}", path.strip_suffix(last).unwrap_or(path), u32::from(last))
        }
        _ => path.to_owned(),
    }
}

/// The path with its last inner slash percent-encoded or, if it has none, with an encoded slash before it.
pub(super) fn encode_slash(path: &str) -> String {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (before, after) = path.rsplit_once('/').unwrap_or(("", path));
    format!("/{before}%2F{after}")
}

fn different() -> Vec<Case> {
    vec![
        T.attack(
            "htu-other-host",
            Critical,
            "htu names another host",
            HTU.at("R48 R178 P28"),
            PROOF_REFUSED,
            |s| {
                let (scheme, _, path) = parts(s);
                htu(s, format!("{scheme}://{EVIL}{path}"))
            },
        ),
        T.attack("htu-host-suffix", Critical, "the host continues", HTU.at("R48"), PROOF_REFUSED, |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{scheme}://{}.{EVIL}{path}", host(&authority)))
        }),
        T.attack(
            "htu-other-scheme",
            High,
            "htu has the other one of http and https",
            HTU.at("R48 R49"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{}://{authority}{path}", if scheme == "http" { "https" } else { "http" }))
            },
        ),
        T.attack("htu-other-port", High, "htu has another port", HTU.at("R48 R49"), PROOF_REFUSED, |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{scheme}://{}:4443{path}", host(&authority)))
        }),
        T.attack("htu-userinfo", High, "htu has user information", HTU.at("R49 R178"), PROOF_REFUSED, |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{scheme}://user@{authority}{path}"))
        }),
        T.attack(
            "htu-host-as-userinfo",
            Critical,
            "the host of the API is user information of another host",
            HTU.at("R49 R178"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{scheme}://{authority}@{EVIL}{path}"))
            },
        ),
        T.attack("htu-longer-path", Critical, "htu has a longer path", HTU.at("R48"), PROOF_REFUSED, |s| {
            htu(s, format!("{}/more", s.url()))
        }),
        T.attack(
            "htu-other-path",
            Critical,
            "htu has another path",
            HTU.at("R48 R178"),
            PROOF_REFUSED,
            |s| htu(s, format!("{}/another", s.setting.public_url)),
        ),
        T.attack("htu-origin-only", Critical, "htu has no path", HTU.at("R48"), PROOF_REFUSED, |s| {
            let (scheme, authority, _) = parts(s);
            htu(s, format!("{scheme}://{authority}"))
        }),
        T.attack("htu-path-only", Critical, "htu is the path alone", HTU.at("R48 P28"), PROOF_REFUSED, |s| {
            htu(s, s.path())
        }),
        T.attack("htu-empty", Critical, "htu is empty", HTU.at("R48"), PROOF_REFUSED, |s| htu(s, "")),
        T.attack("htu-no-url", High, "htu is no URL", HTU.at("R48"), PROOF_REFUSED, |s| htu(s, "not a url")),
        T.attack(
            "htu-trailing-slash",
            High,
            "htu has a trailing slash",
            HTU.at("R49 P24"),
            PROOF_REFUSED,
            |s| htu(s, format!("{}/", s.url())),
        ),
        T.attack("htu-path-case", High, "the path in upper case", HTU.at("R49 P24"), PROOF_REFUSED, |s| {
            let (scheme, authority, path) = parts(s);
            htu(s, format!("{scheme}://{authority}{}", path.to_ascii_uppercase()))
        }),
        T.attack(
            "htu-double-slash",
            High,
            "htu has two slashes before the path",
            HTU.at("R49 R178 P24"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{scheme}://{authority}/{path}"))
            },
        ),
        T.attack(
            "htu-encoded-slash",
            High,
            "a slash of the path is percent-encoded",
            HTU.at("R49 R178 P24"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{scheme}://{authority}{}", encode_slash(&path)))
            },
        ),
        T.attack(
            "htu-slash-end-encoded",
            Medium,
            "htu ends in a percent-encoded slash",
            HTU.at("R49 P24"),
            PROOF_REFUSED,
            |s| htu(s, format!("{}%2F", s.url())),
        ),
        T.attack("htu-array", High, "htu is an array with the URL", HTU.at("R48"), PROOF_REFUSED, |s| {
            let url = s.url();
            s.with_proof(|p| p.claim("htu", vec![url]))
        }),
    ]
}
