//! Tokens whose status stands in a list of the issuer: R132-R136.

use std::time::Duration;

use super::rules::{REVOKED, STATUS, STATUS_INDEX, STATUS_LIST, STATUS_ORIGIN, STATUS_UNKNOWN};
use crate::catalogue::case::Case;
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, ANSWER_UNUSABLE, NOT_CHECKED, TOKEN_REFUSED};
use crate::catalogue::group::Group::Revocation as R;
use crate::catalogue::group::Need::{RevocationTime, StatusLists};
use crate::catalogue::group::Severity::{Critical, High, Medium};
use crate::catalogue::scene::Scene;
use crate::encoding::unique_id;
use crate::status_list::compress;
use crate::{Fault, StatusListBuilder};

/// The entry of the token.
const ENTRY: u64 = 7;
/// The same, where the list is made.
const PLACE: usize = 7;
/// How long a list may be kept that is going to change.
const SHORT: Duration = Duration::from_secs(1);

pub(super) fn cases() -> Vec<Case> {
    let cases = [statuses(), lists(), vec![later(), elsewhere(), unavailable()]].concat();
    cases.into_iter().map(|case| case.needs(StatusLists)).collect()
}

/// The URI of a list that no other case has.
fn new_list(s: &Scene) -> String {
    format!("{}/{}", s.issuer().issuer().status_list_uri(), unique_id())
}

/// A request with a token of this entry in a list that is made like this.
fn with_list(
    s: &Scene,
    entry: u64,
    change: impl Fn(StatusListBuilder) -> StatusListBuilder + Send + Sync + 'static,
) -> Call {
    let uri = new_list(s);
    s.issuer().issuer().change_status_list_at(&uri, change);
    s.with_token(|t| t.status_list(&uri, entry))
}

fn statuses() -> Vec<Case> {
    let accept = |id, title, call| R.accept(id, High, title, STATUS.at("R133 R135"), call);
    let refused = |id, title, call| R.attack(id, Critical, title, STATUS.at("R135"), TOKEN_REFUSED, call);
    vec![
        accept("status-valid", "a token whose status is VALID", |s| with_list(s, ENTRY, |list| list)),
        accept("status-between-others", "a VALID token between ones that are not", |s| {
            with_list(s, ENTRY, |list| list.status(6, 1).status(8, 2))
        }),
        accept("status-of-8-bits", "a VALID token in a list of eight bits", |s| {
            with_list(s, ENTRY, |list| list.bits(8).status(6, 255).status(8, 255))
        }),
        refused("status-invalid", "a token whose status is INVALID", |s| {
            with_list(s, ENTRY, |list| list.status(PLACE, 1))
        }),
        refused("status-invalid-1-bit", "an INVALID token in a list of one bit", |s| {
            with_list(s, ENTRY, |list| list.bits(1).status(PLACE, 1))
        }),
        refused("status-suspended", "a token whose status is SUSPENDED", |s| {
            with_list(s, ENTRY, |list| list.status(PLACE, 2))
        }),
        refused("status-of-the-issuers-own", "a token whose status is of the issuer's own making", |s| {
            with_list(s, ENTRY, |list| list.status(PLACE, 3))
        }),
        R.attack(
            "status-out-of-range",
            High,
            "an entry beyond the end of the list",
            STATUS_INDEX.at("R135"),
            ANSWER_UNUSABLE,
            |s| with_list(s, 1_000_000, |list| list),
        ),
        R.attack(
            "status-index-negative",
            High,
            "an entry before the beginning of the list",
            STATUS_INDEX.at("R133"),
            ANSWER_UNUSABLE,
            |s| {
                let uri = new_list(s);
                s.with_token(|t| {
                    t.claim("status", serde_json::json!({"status_list": {"uri": uri, "idx": -1}}))
                })
            },
        ),
    ]
}

fn lists() -> Vec<Case> {
    let unusable = |id, title, call| R.attack(id, High, title, STATUS_LIST.at("R134"), ANSWER_UNUSABLE, call);
    vec![
        unusable("list-of-other-uri", "a list for another URI", |s| {
            with_list(s, ENTRY, |list| list.claim("sub", "https://as.example.com/status-list/other"))
        }),
        unusable("list-expired", "a list that has expired", |s| {
            let then = s.ago(7200);
            with_list(s, ENTRY, move |list| list.issued_at(then))
        }),
        unusable("list-typ-jwt", "a list of the type JWT", |s| {
            with_list(s, ENTRY, |list| list.header("typ", "JWT"))
        }),
        unusable("list-iat-absent", "a list without iat", |s| {
            with_list(s, ENTRY, |list| list.without_claim("iat"))
        }),
        unusable("list-signature-flipped", "a list whose signature does not verify", |s| {
            with_list(s, ENTRY, StatusListBuilder::with_flipped_signature)
        }),
        unusable("list-signed-by-other", "a list that somebody else has signed", |s| {
            let key = s.cast().thief.key().clone();
            with_list(s, ENTRY, move |list| list.signed_by(&key))
        }),
        unusable("list-not-compressed", "a list that is not compressed", |s| {
            with_list(s, ENTRY, |list| list.compressed_bytes(&[0; 256]))
        }),
        unusable("list-bomb", "a list of 64 MiB", |s| {
            // Before it is asked for: an API that gives up waiting has not shown that it minds the size.
            let bomb = compress(&vec![0; 1 << 26]);
            with_list(s, ENTRY, move |list| list.compressed_bytes(&bomb))
        }),
    ]
}

/// Revoked after its first use.
fn later() -> Case {
    R.attack(
        "status-invalid-later",
        High,
        "a token that is INVALID after its first use",
        REVOKED.at("R4 R134"),
        ACCEPTED,
        |s| with_list(s, ENTRY, |list| list.time_to_live(SHORT)),
    )
    .then(TOKEN_REFUSED, |s| {
        let uri = s.first_status_list();
        let issuer = s.issuer().issuer();
        issuer.change_status_list_at(&uri, |list| list.time_to_live(SHORT).status(PLACE, 1));
        s.same_token()
    })
    .until_refused()
}

/// P38: a token must not make the API ask strangers.
fn elsewhere() -> Case {
    R.attack(
        "list-elsewhere",
        High,
        "a list that somebody else keeps",
        STATUS_ORIGIN.at("R108 R136"),
        ANSWER_UNUSABLE,
        |s| {
            let uri = list_elsewhere(s);
            s.with_token(|t| t.status_list(&uri, ENTRY))
        },
    )
}

/// The URI of a list at another origin: a usable one, for an API that asks there, if the issuer has another name.
fn list_elsewhere(s: &Scene) -> String {
    let own = new_list(s);
    let other = own.replace("//127.0.0.1:", "//localhost:");
    if other == own {
        return "https://other.example.com/status-list".to_owned();
    }
    let uri = other.clone();
    s.issuer().issuer().change_status_list_at(&own, move |list| list.claim("sub", &*uri));
    other
}

fn unavailable() -> Case {
    R.accept(
        "list-unavailable",
        Medium,
        "the list cannot be had, and then can",
        STATUS_UNKNOWN.at("R135 R180"),
        |s| {
            let uri = new_list(s);
            let path = uri.strip_prefix(s.issuer().identifier()).unwrap_or_default();
            s.issuer().fail_about(path, Fault::Status(500));
            s.with_token(|t| t.status_list(&uri, ENTRY))
        },
    )
    .expecting(NOT_CHECKED)
    .then(ACCEPTED, |s| {
        let uri = s.first_status_list();
        s.issuer().recover_about(uri.strip_prefix(s.issuer().identifier()).unwrap_or_default());
        s.same_token()
    })
    .patiently()
    .needs(RevocationTime)
}
