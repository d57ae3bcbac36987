//! What holds for the catalogue as a whole: every case is named, justified and complete.

#![cfg(feature = "conform")]
#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};

use fapi_testkit::catalogue::{self, Acceptable, Case, Group, Kind, Profile, Terms};

/// A number of the project's own table: a rule or a pitfall.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('R').or_else(|| text.strip_prefix('P')).unwrap_or_default();
    let limit = if text.starts_with('R') { 180 } else { 50 };
    digits.parse().is_ok_and(|number: u32| (1..=limit).contains(&number))
}

fn numbers() -> BTreeSet<&'static str> {
    catalogue::all().iter().flat_map(|case| case.rule.numbers.split(' ')).collect()
}

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let ids: BTreeSet<_> = catalogue::all().iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), catalogue::all().len(), "an id is used twice");
    for id in ids {
        assert!(
            id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{id}"
        );
        assert!(Group::ALL.iter().all(|group| group.name() != id), "{id} is also a group");
    }
}

#[test]
fn every_case_names_its_clause_and_its_rules() {
    for case in catalogue::all() {
        assert!(!case.title.is_empty() && !case.title.ends_with('.'), "{}", case.id);
        assert!(!case.rule.clause.is_empty() && !case.rule.says.is_empty(), "{}", case.id);
        assert!(case.rule.numbers.split(' ').all(is_number), "{}: {}", case.id, case.rule.numbers);
    }
}

#[test]
fn every_expectation_is_justified() {
    for case in catalogue::all() {
        assert!(!case.steps.is_empty(), "{} sends nothing", case.id);
        for step in &case.steps {
            assert!(
                !step.expectation.answers.is_empty() && !step.expectation.reason.is_empty(),
                "{}",
                case.id
            );
        }
        let last = case.steps.last().map(|step| step.expectation);
        let accepts = last.is_some_and(|last| last.answers.contains(&Acceptable::Accepted));
        let must_be_let_through = last.is_some_and(|last| last.is_acceptance());
        match case.kind {
            Kind::Acceptance => assert!(must_be_let_through, "{} need not be accepted", case.id),
            // An attack may be harmless to some servers, but then something else is asked of them.
            Kind::Attack => assert!(!must_be_let_through, "{} accepts: {accepts}", case.id),
        }
    }
}

#[test]
fn the_catalogue_is_large_and_balanced() {
    let mut counts: BTreeMap<Group, (usize, usize)> = BTreeMap::new();
    for case in catalogue::all() {
        let (attacks, acceptances) = counts.entry(case.group).or_default();
        match case.kind {
            Kind::Attack => *attacks = attacks.saturating_add(1),
            Kind::Acceptance => *acceptances = acceptances.saturating_add(1),
        }
    }
    for (group, (attacks, acceptances)) in &counts {
        println!("{group:<12} {attacks:>4} attacks {acceptances:>4} acceptances");
        assert!(*acceptances > 0, "{group} has nothing that must be accepted");
    }
    assert_eq!(counts.len(), Group::ALL.len(), "a group has no case");
    let acceptances: usize = counts.values().map(|(_, acceptances)| acceptances).sum();
    println!("{} cases, {acceptances} of them acceptances", catalogue::all().len());
    assert!(acceptances >= 200 && catalogue::all().len() >= 550);
}

// Requirements R40-R71 that a client can see, and R169-R173.
#[test]
fn the_negative_tests_of_the_conformance_suite_are_covered() {
    let numbers = numbers();
    // R50, R59, R65, R67, R69 and R71 are about configuration, introspection and the inside of a server; R169, R170 and
    // R173 describe groups of tests that the others stand for.
    let seen_from_outside = (40..=49).chain(51..=58).chain([60, 61, 62, 63, 64, 66, 68, 70, 171, 172]);
    for number in seen_from_outside {
        assert!(numbers.contains(&*format!("R{number}")), "no case for R{number}");
    }
}

// Requirements, section 14: R175-R179. R180 is about introspection.
#[test]
fn the_known_attacks_are_covered() {
    for number in 175..=179 {
        assert!(numbers().contains(&*format!("R{number}")), "no case for R{number}");
    }
}

// HelseID's own test tool and what it lacks.
#[test]
fn the_invalid_proofs_of_the_health_sector_are_covered() {
    let named = [
        ("signJwtWithInvalidSigningKey", "token-signed-by-other"),
        ("setInvalidIssuer", "token-iss-other"),
        ("setInvalidAudience", "token-aud-other"),
        ("setExpirationTimeAsExpired", "token-expired"),
        ("unbound token", "unbound-with-proof"),
        ("DontSetHtuClaimValue", "proof-htu-absent"),
        ("DontSetHtmClaimValue", "proof-htm-absent"),
        ("SetIatValueInThePast", "iat-hour-ago"),
        ("SetIatValueInTheFuture", "iat-hour-ahead"),
        ("DontSetAthClaimValue", "proof-ath-absent"),
        ("DontSetAlgHeader", "proof-alg-absent"),
        ("DontSetJwkHeader", "proof-jwk-absent"),
        ("DontSetJtiClaim", "proof-jti-absent"),
        ("SetAlgHeaderToASymmetricAlgorithm", "proof-hs256-jwk"),
        ("SetPrivateKeyInJwkHeader", "proof-jwk-private"),
        ("SetInvalidTypHeaderValue", "proof-typ-wrong"),
        ("SetAnInvalidSignature", "proof-signature-flipped"),
        ("SetAnInvalidJktValueInToken", "other-clients-token"),
        ("reuseDpopProofForApi", "replay-second-use"),
        ("wrong ath", "proof-ath-other-token"),
        ("htu with a query", "htu-query-and-fragment"),
        ("htu in another case", "htu-scheme-upper-case"),
        ("htu with a port", "htu-default-port"),
        ("htu with percent-encoding", "htu-encoded-unreserved"),
        ("two DPoP headers", "proof-twice"),
        ("bound token as Bearer", "bound-as-bearer"),
        ("nonce", "nonce-unknown"),
        ("embedded oct jwk", "proof-hs256-oct"),
        ("oversize proof", "proof-64-kib"),
        ("HS256 with the RSA key on the token", "token-hs256-public-pem"),
        ("crit", "proof-crit-unknown"),
    ];
    for (what, id) in named {
        assert!(catalogue::find(id).is_some(), "{what}: no case {id}");
    }
}

#[test]
fn every_case_is_about_some_profile_and_every_profile_has_its_own() {
    let terms = Profile::ALL.map(|profile| Terms::new(profile, None));
    for case in catalogue::all() {
        assert!(terms.iter().any(|terms| case.is_about(terms)), "{} is about nothing", case.id);
    }
    let of = |terms: &Terms| {
        let about = |case: &&Case| case.is_about(terms);
        catalogue::all().iter().filter(about).map(|case| case.id).collect::<BTreeSet<_>>()
    };
    let sets = terms.each_ref().map(of);
    for (index, set) in sets.iter().enumerate() {
        assert!(sets.iter().skip(index.saturating_add(1)).all(|other| other != set), "two profiles alike");
    }
}
