//! What a client says about the URL, and other spellings of it in the request: R49, R50, R178, P24, P26.

use super::rules::HTU;
use super::target::{EVIL, encode_slash, htu, parts};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{NOT_SERVED, PROOF_REFUSED, TARGET_REFUSED};
use crate::catalogue::group::Group::Target as T;
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    [spoofed(), paths()].concat()
}

/// The URL is taken from nothing that a client can say.
fn spoofed() -> Vec<Case> {
    fn evil(s: &Scene) -> Call {
        let (scheme, _, path) = parts(s);
        htu(s, format!("{scheme}://{EVIL}{path}"))
    }
    vec![
        T.attack(
            "host-spoofed",
            Critical,
            "Host and htu name another host",
            HTU.at("R50 R178 P26"),
            NOT_SERVED,
            |s| evil(s).header("Host", EVIL),
        ),
        T.attack(
            "x-forwarded-host-spoofed",
            Critical,
            "X-Forwarded-Host and htu name another host",
            HTU.at("R50 R178 P26"),
            PROOF_REFUSED,
            |s| evil(s).header("X-Forwarded-Host", EVIL),
        ),
        T.attack(
            "forwarded-spoofed",
            Critical,
            "Forwarded and htu name another host",
            HTU.at("R50 P26"),
            PROOF_REFUSED,
            |s| evil(s).header("Forwarded", format!("host={EVIL}")),
        ),
        T.attack(
            "x-original-host-spoofed",
            High,
            "X-Original-Host and htu name another host",
            HTU.at("R50 P26"),
            PROOF_REFUSED,
            |s| evil(s).header("X-Original-Host", EVIL),
        ),
        T.attack(
            "x-forwarded-proto-spoofed",
            High,
            "X-Forwarded-Proto and htu name the other scheme",
            HTU.at("R50 P26"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                let other = if scheme == "http" { "https" } else { "http" };
                htu(s, format!("{other}://{authority}{path}")).header("X-Forwarded-Proto", other)
            },
        ),
        T.attack(
            "x-forwarded-prefix-spoofed",
            High,
            "X-Forwarded-Prefix and htu name another prefix",
            HTU.at("R50 P26"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, path) = parts(s);
                htu(s, format!("{scheme}://{authority}/other{path}")).header("X-Forwarded-Prefix", "/other")
            },
        ),
        T.attack(
            "x-original-url-spoofed",
            High,
            "X-Original-URL and htu name another path",
            HTU.at("R50 P26"),
            PROOF_REFUSED,
            |s| {
                let (scheme, authority, _) = parts(s);
                htu(s, format!("{scheme}://{authority}/other"))
                    .header("X-Original-URL", "/other")
                    .header("X-Rewrite-URL", "/other")
            },
        ),
        T.attack(
            "host-with-path",
            Critical,
            "Host holds a path, by which the real path becomes a query",
            HTU.at("R50 P26"),
            NOT_SERVED,
            |s| {
                let (scheme, authority, _) = parts(s);
                htu(s, format!("{scheme}://{authority}/other")).header("Host", format!("{authority}/other?"))
            },
        ),
        T.accept(
            "x-forwarded-host-ignored",
            Medium,
            "X-Forwarded-Host names another host, htu is right",
            HTU.at("R50 P26"),
            |s| s.valid().header("X-Forwarded-Host", EVIL),
        ),
        T.accept(
            "x-forwarded-proto-ignored",
            Medium,
            "X-Forwarded-Proto names another scheme, htu is right",
            HTU.at("R50 P26"),
            |s| {
                let (scheme, ..) = parts(s);
                s.valid().header("X-Forwarded-Proto", if scheme == "http" { "https" } else { "http" })
            },
        ),
    ]
}

/// The request goes to another spelling of the path than the proof.
fn paths() -> Vec<Case> {
    vec![
        T.attack(
            "request-double-slash",
            High,
            "the request has two slashes before the path",
            HTU.at("R49 R178 P24"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("/{}", s.path())),
        ),
        T.attack(
            "request-trailing-slash",
            Medium,
            "the request has a trailing slash",
            HTU.at("R49 P24"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("{}/", s.path())),
        ),
        T.attack(
            "request-path-case",
            Medium,
            "the request has the path in upper case",
            HTU.at("R49 P24"),
            TARGET_REFUSED,
            |s| s.valid().target(&s.path().to_ascii_uppercase()),
        ),
        T.attack(
            "request-encoded-slash",
            High,
            "the request has a percent-encoded slash",
            HTU.at("R49 R178 P24"),
            TARGET_REFUSED,
            |s| s.valid().target(&encode_slash(s.path())),
        ),
        T.attack(
            "request-dot-segments",
            High,
            "the request has dot segments",
            HTU.at("R49 R178"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("/other/..{}", s.path())),
        ),
        T.attack(
            "request-encoded-dot-segments",
            High,
            "the request has percent-encoded dot segments",
            HTU.at("R49 R178"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("/other/%2e%2e{}", s.path())),
        ),
        T.attack(
            "request-other-path",
            Critical,
            "the request goes to another path than the proof",
            HTU.at("R48 R178"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("{}/more", s.path())),
        ),
        T.attack(
            "request-semicolon",
            Medium,
            "the request has a parameter in its path",
            HTU.at("R49"),
            TARGET_REFUSED,
            |s| s.valid().target(&format!("{};x=1", s.path())),
        ),
    ]
}
