//! The metadata of the protected resource: R3, R137-R142. A server need not have it; these run against those that do.

use super::rules::{METADATA, METADATA_FIELDS, METADATA_RESOURCE};
use crate::catalogue::case::Case;
use crate::catalogue::condition::{
    ALGORITHMS_ASYMMETRIC, CERTIFICATES_WANTED, Condition, HEADER_METHOD_ONLY, ISSUERS_NAMED, JSON_DOCUMENT,
    NO_EMPTY_MEMBERS, PROOFS_REQUIRED, RESOURCE_IS_THIS,
};
use crate::catalogue::exchange::Call;
use crate::catalogue::expectation::{ACCEPTED, NOT_SERVED};
use crate::catalogue::feature::Feature::{CertificateTokens, Proofs};
use crate::catalogue::group::Group::Metadata as M;
use crate::catalogue::group::Need::Metadata;
use crate::catalogue::group::Severity::{Critical, Low, Medium};
use crate::catalogue::rule::Rule;
use crate::catalogue::scene::Scene;

pub(super) fn cases() -> Vec<Case> {
    let case = |id, title, rule: Rule, conditions: &'static [Condition]| {
        M.accept(id, Low, title, rule, document).expecting(ACCEPTED.with(conditions))
    };
    let cases = vec![
        case(
            "metadata-document",
            "the metadata, without credentials",
            METADATA.at("R138 R139"),
            &[JSON_DOCUMENT],
        ),
        case(
            "metadata-resource",
            "resource is this API",
            METADATA_RESOURCE.at("R137 R140"),
            &[RESOURCE_IS_THIS],
        ),
        case(
            "metadata-methods",
            "tokens are sent in the header",
            METADATA_FIELDS.at("R3 R141"),
            &[HEADER_METHOD_ONLY],
        ),
        case(
            "metadata-algorithms",
            "algorithms of proofs are asymmetric",
            METADATA_FIELDS.at("R141 R142"),
            &[ALGORITHMS_ASYMMETRIC],
        ),
        case(
            "metadata-no-empty-members",
            "no member is empty",
            METADATA_FIELDS.at("R139"),
            &[NO_EMPTY_MEMBERS],
        ),
        case(
            "metadata-servers",
            "authorization servers are URLs",
            METADATA_FIELDS.at("R141"),
            &[ISSUERS_NAMED],
        ),
        case(
            "metadata-certificates",
            "tokens are bound to certificates, and to nothing else",
            METADATA_FIELDS.at("R141 R142"),
            &[CERTIFICATES_WANTED],
        )
        .unless(Proofs),
        case(
            "metadata-proofs",
            "tokens are bound to the keys of proofs, and to nothing else",
            METADATA_FIELDS.at("R141 R142"),
            &[PROOFS_REQUIRED],
        )
        .unless(CertificateTokens),
        M.accept(
            "metadata-for-the-client",
            Low,
            "the metadata, with valid credentials",
            METADATA.at("R138"),
            |s| s.valid().target(&s.metadata_path()),
        ),
        M.accept("metadata-any-type", Low, "the metadata, with Accept: */*", METADATA.at("R138 R139"), |s| {
            document(s).without("accept").header("Accept", "*/*")
        }),
        M.accept(
            "metadata-with-credentials",
            Medium,
            "the metadata, with rubbish in Authorization",
            METADATA.at("R139"),
            |s| document(s).header("Authorization", "DPoP rubbish"),
        ),
        M.attack(
            "metadata-is-no-door",
            Critical,
            "the path of the metadata followed by a route, without credentials",
            METADATA.at("R138"),
            NOT_SERVED,
            |s| Call::new(s.method(), &format!("{}/..{}", s.metadata_path(), s.path())),
        ),
        M.attack(
            "metadata-prefix-is-no-door",
            Critical,
            "a path that begins like that of the metadata, without credentials",
            METADATA.at("R138"),
            NOT_SERVED,
            |s| Call::new(s.method(), &format!("{}/../..{}", s.metadata_path(), s.path())),
        ),
    ];
    cases.into_iter().map(|case| case.needs(Metadata)).collect()
}

pub(super) fn document(s: &Scene) -> Call {
    Call::new("GET", &s.metadata_path()).header("Accept", "application/json")
}
