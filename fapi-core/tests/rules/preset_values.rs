//! Each profile, number by number: what it accepts, and what it sets for the server.

use std::time::Duration;

use fapi_core::jose::Algorithm::{
    self, Ed25519, EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512,
};
use fapi_core::{InteractionIdPolicy, NoncePolicy, Profile, SenderConstraint};

/// The values of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Values<'a> {
    token_algorithms: &'a [Algorithm],
    proof_algorithms: &'a [Algorithm],
    token_types: &'a [&'a str],
    single_audience: bool,
    deviations: &'a [&'a str],
    proof_max_age: u64,
    max_future: u64,
    expiry_leeway: u64,
    max_bytes: [usize; 3],
    max_token_lifetime: Option<u64>,
    sender_constraint: SenderConstraint,
    nonce_policy: NoncePolicy,
    nonce_in_every_answer: bool,
    challenges_name_scope: bool,
    interaction_id: InteractionIdPolicy,
    issuer: Option<&'a str>,
    refused_issuers: &'a [&'a str],
}

const FAPI2: Values<'static> = Values {
    token_algorithms: &[Es256, Ps256, EdDsa, Ed25519],
    proof_algorithms: &[Es256, Ps256, EdDsa, Ed25519],
    token_types: &["at+jwt"],
    single_audience: false,
    deviations: &[],
    proof_max_age: 60,
    max_future: 30,
    expiry_leeway: 0,
    max_bytes: [16 * 1024, 8 * 1024, 256],
    max_token_lifetime: None,
    sender_constraint: SenderConstraint::Either,
    nonce_policy: NoncePolicy::WhenNeeded,
    nonce_in_every_answer: false,
    challenges_name_scope: false,
    interaction_id: InteractionIdPolicy::Off,
    issuer: None,
    refused_issuers: &[],
};

const HELSEID: Values<'static> = Values {
    token_algorithms: &[Rs256, Es256, Es384, Es512, Ps256, Ps384, Ps512],
    proof_algorithms: &[Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512],
    token_types: &["at+jwt", "JWT"],
    single_audience: true,
    deviations: &["token_algorithms", "proof_algorithms", "token_types", "subject_optional"],
    proof_max_age: 15,
    max_future: 10,
    expiry_leeway: 5,
    sender_constraint: SenderConstraint::Dpop,
    nonce_policy: NoncePolicy::Off,
    issuer: Some("https://helseid-sts.nhn.no"),
    refused_issuers: &["https://helseid-sts.test.nhn.no", "https://helseid-sts.utvikling.nhn.no"],
    ..FAPI2
};

const MASKINPORTEN: Values<'static> = Values {
    token_algorithms: &[Rs256, Rs384, Rs512],
    token_types: &["at+jwt", "JWT"],
    deviations: &[
        "token_algorithms",
        "token_types",
        "untyped_token",
        "audience_optional",
        "subject_optional",
    ],
    issuer: Some("https://maskinporten.no/"),
    refused_issuers: &["https://test.maskinporten.no/", "https://ver2.maskinporten.no/"],
    ..FAPI2
};

const UK_OPEN_BANKING: Values<'static> = Values {
    token_algorithms: &[Ps256],
    proof_algorithms: &[Ps256],
    token_types: &["at+jwt", "JWT"],
    deviations: &["token_types", "subject_optional"],
    sender_constraint: SenderConstraint::Mtls,
    interaction_id: InteractionIdPolicy::Make,
    ..FAPI2
};

fn expected(name: &str) -> Values<'static> {
    match name {
        "fapi2" => FAPI2,
        "helseid" => HELSEID,
        "helseid-test" => {
            Values { issuer: Some("https://helseid-sts.test.nhn.no"), refused_issuers: &[], ..HELSEID }
        }
        "maskinporten" => MASKINPORTEN,
        "maskinporten-test" => {
            Values { issuer: Some("https://test.maskinporten.no/"), refused_issuers: &[], ..MASKINPORTEN }
        }
        "open-finance-brazil" => Values {
            max_token_lifetime: Some(900),
            interaction_id: InteractionIdPolicy::Require,
            ..UK_OPEN_BANKING
        },
        "cdr-au" => {
            Values { token_algorithms: &[Ps256, Es256], proof_algorithms: &[Ps256, Es256], ..UK_OPEN_BANKING }
        }
        "uk-open-banking" => UK_OPEN_BANKING,
        "atproto" => Values {
            max_token_lifetime: Some(900),
            sender_constraint: SenderConstraint::Dpop,
            nonce_policy: NoncePolicy::Required,
            nonce_in_every_answer: true,
            ..FAPI2
        },
        "mcp" => Values { challenges_name_scope: true, ..FAPI2 },
        other => panic!("{other} has no row"),
    }
}

// R7, R15, R52, R94, R116, R24, P40: every value of every profile.
#[test]
fn every_value_of_every_profile() {
    for name in Profile::names() {
        let profile: Profile = name.parse().unwrap();
        let deviations: Vec<_> = profile.deviations().map(|deviation| deviation.code()).collect();
        let token_types: Vec<_> = profile.token_types().collect();
        let refused_issuers: Vec<_> = profile.refused_issuers().collect();
        let values = Values {
            token_algorithms: profile.token_algorithms(),
            proof_algorithms: profile.proof_algorithms(),
            token_types: &token_types,
            single_audience: profile.single_audience(),
            deviations: &deviations,
            proof_max_age: profile.proof_max_age().as_secs(),
            max_future: profile.max_future().as_secs(),
            expiry_leeway: profile.expiry_leeway().as_secs(),
            max_bytes: [profile.max_token_bytes(), profile.max_proof_bytes(), profile.max_jti_bytes()],
            max_token_lifetime: profile.max_token_lifetime().map(|lifetime| lifetime.as_secs()),
            sender_constraint: profile.sender_constraint(),
            nonce_policy: profile.nonce_policy(),
            nonce_in_every_answer: profile.nonce_in_every_answer(),
            challenges_name_scope: profile.challenges_name_scope(),
            interaction_id: profile.interaction_id(),
            issuer: profile.issuer(),
            refused_issuers: &refused_issuers,
        };
        assert_eq!(values, expected(name), "{name}");
    }
}

// Every value but the refused issuers (P40) has a setter, here or on the builder.
#[test]
fn what_a_profile_answers_with_can_be_changed() {
    let quiet = Profile::atproto().with_nonce_in_every_answer(false);
    assert!(!quiet.nonce_in_every_answer());
    let silent = Profile::mcp().with_challenges_name_scope(false);
    assert!(!silent.challenges_name_scope());
    assert_eq!(
        Profile::fapi2().with_max_future(Duration::from_secs(10)).max_future(),
        Duration::from_secs(10)
    );
}
