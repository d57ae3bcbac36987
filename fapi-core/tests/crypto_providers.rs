//! Both providers give the same verdict on every key and every signature: Wycheproof's, the published ones, and ones
//! made here with OpenSSL, valid and broken in every way that the two libraries could see differently (R110, R175-R176).

#![cfg(all(feature = "aws-lc-rs", feature = "josekit"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice)]

mod vectors;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::crypto::{AwsLcProvider, CryptoProvider, JosekitProvider, RandomError};
use fapi_core::jose::{Algorithm, CompactJws, Jwk, KeyError};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use proptest::prelude::*;

const MESSAGE: &[u8] = b"eyJ0eXAiOiJkcG9wK2p3dCJ9.e30";

/// The verdict of both on a signature: what is wrong with the key, or whether the signature verifies.
fn verdict(jwk: &str, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<bool, KeyError> {
    let of = |crypto: &dyn CryptoProvider| {
        let key = crypto.verifying_key(&Jwk::parse(jwk.as_bytes())?, algorithm)?;
        Ok(key.verify(message, signature).is_ok())
    };
    let (aws_lc, openssl) = (of(&AwsLcProvider), of(&JosekitProvider));
    assert_eq!(
        aws_lc, openssl,
        "AWS-LC and OpenSSL differ: {algorithm} {jwk} {message:02x?} {signature:02x?}"
    );
    aws_lc
}

fn verifies(key: &Key, message: &[u8], signature: &[u8]) -> bool {
    verdict(&key.jwk, key.algorithm, message, signature).unwrap()
}

/// A private key made here, its public JWK and what it signs.
struct Key {
    algorithm: Algorithm,
    private: PKey<Private>,
    jwk: String,
}

impl Key {
    fn ec(algorithm: Algorithm, curve: Nid, crv: &str, length: i32) -> Self {
        let key = EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        key.public_key().affine_coordinates(key.group(), &mut x, &mut y, &mut context).unwrap();
        let jwk = ec_jwk(crv, &x.to_vec_padded(length).unwrap(), &y.to_vec_padded(length).unwrap());
        Self { algorithm, private: PKey::from_ec_key(key).unwrap(), jwk }
    }

    fn rsa(algorithm: Algorithm) -> Self {
        /// Finding primes takes longest.
        static RSA: LazyLock<Rsa<Private>> = LazyLock::new(|| Rsa::generate(2048).unwrap());
        let jwk = rsa_jwk(&RSA.n().to_vec(), &RSA.e().to_vec());
        Self { algorithm, private: PKey::from_rsa(RSA.clone()).unwrap(), jwk }
    }

    fn ed25519(algorithm: Algorithm) -> Self {
        let private = PKey::generate_ed25519().unwrap();
        let jwk = ed25519_jwk(&private.raw_public_key().unwrap());
        Self { algorithm, private, jwk }
    }

    fn all() -> Vec<Self> {
        Algorithm::ALL
            .into_iter()
            .map(|algorithm| match algorithm.name().split_at(2) {
                ("ES", "256") => Self::ec(algorithm, Nid::X9_62_PRIME256V1, "P-256", 32),
                ("ES", "384") => Self::ec(algorithm, Nid::SECP384R1, "P-384", 48),
                ("ES", "512") => Self::ec(algorithm, Nid::SECP521R1, "P-521", 66),
                ("PS" | "RS", _) => Self::rsa(algorithm),
                _ => Self::ed25519(algorithm),
            })
            .collect()
    }

    fn digest(&self) -> Option<MessageDigest> {
        match self.algorithm.name().split_at(2).1 {
            "256" => Some(MessageDigest::sha256()),
            "384" => Some(MessageDigest::sha384()),
            "512" => Some(MessageDigest::sha512()),
            _ => None,
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match (self.digest(), self.algorithm.name().split_at(2).0) {
            (None, _) => {
                Signer::new_without_digest(&self.private).unwrap().sign_oneshot_to_vec(message).unwrap()
            }
            (Some(digest), "PS") => self.sign_pss(message, digest, RsaPssSaltlen::DIGEST_LENGTH, digest),
            (Some(digest), "RS") => {
                Signer::new(digest, &self.private).unwrap().sign_oneshot_to_vec(message).unwrap()
            }
            (Some(_), _) => self.fixed(&EcdsaSig::from_der(&self.sign_der(message)).unwrap()),
        }
    }

    fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        let digest = self.digest().unwrap();
        Signer::new(digest, &self.private).unwrap().sign_oneshot_to_vec(message).unwrap()
    }

    fn sign_pss(
        &self,
        message: &[u8],
        digest: MessageDigest,
        salt: RsaPssSaltlen,
        mgf1: MessageDigest,
    ) -> Vec<u8> {
        let mut signer = Signer::new(digest, &self.private).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_pss_saltlen(salt).unwrap();
        signer.set_rsa_mgf1_md(mgf1).unwrap();
        signer.sign_oneshot_to_vec(message).unwrap()
    }

    /// `r || s`
    fn fixed(&self, signature: &EcdsaSig) -> Vec<u8> {
        let length = self.order().num_bytes();
        [signature.r(), signature.s()].map(|number| number.to_vec_padded(length).unwrap()).concat()
    }

    fn order(&self) -> BigNum {
        let key = self.private.ec_key().unwrap();
        let mut order = BigNum::new().unwrap();
        key.group().order(&mut order, &mut BigNumContext::new().unwrap()).unwrap();
        order
    }
}

fn ec_jwk(crv: &str, x: &[u8], y: &[u8]) -> String {
    let [x, y] = [x, y].map(|octets| URL_SAFE_NO_PAD.encode(octets));
    format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#)
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> String {
    let [n, e] = [n, e].map(|octets| URL_SAFE_NO_PAD.encode(octets));
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)
}

fn ed25519_jwk(x: &[u8]) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x))
}

#[test]
fn wycheproof_primitives() {
    for case in vectors::primitives() {
        let verdict = verdict(&case.jwk, case.algorithm, &case.message, &case.signature);
        if let Some(valid) = case.valid {
            assert_eq!(verdict == Ok(true), valid, "{}: {verdict:?}", case.name);
        }
    }
}

#[test]
fn wycheproof_jose() {
    for set in ["json_web_signature_test", "json_web_key_test", "json_web_crypto_test"] {
        let Some(set) = vectors::shared(&format!("wycheproof/{set}.json")) else { return };
        for group in set["testGroups"].as_array().unwrap() {
            let keys =
                group["public"]["keys"].as_array().cloned().unwrap_or_else(|| vec![group["public"].clone()]);
            for (jwk, test) in
                keys.iter().flat_map(|jwk| group["tests"].as_array().unwrap().iter().map(move |t| (jwk, t)))
            {
                let Some(Ok(jws)) = test["jws"].as_str().map(CompactJws::parse) else { continue };
                let Ok(signature) = jws.decode_signature() else { continue };
                for algorithm in Algorithm::ALL {
                    let _ = verdict(&jwk.to_string(), algorithm, jws.signing_input().as_bytes(), &signature);
                }
            }
        }
    }
}

#[test]
fn published() {
    let Some(published) = vectors::shared("published.json") else { return };
    let proofs = ["rs_proof", "token_proof", "refresh_proof"].map(|name| ("rfc9449", name, Algorithm::Es256));
    for (rfc, name, algorithm) in proofs.into_iter().chain([("rfc8037", "jws", Algorithm::EdDsa)]) {
        let jws = CompactJws::parse(published[rfc][name].as_str().unwrap()).unwrap();
        let (message, signature) = (jws.signing_input().as_bytes(), jws.decode_signature().unwrap());
        assert_eq!(
            verdict(&published[rfc]["jwk"].to_string(), algorithm, message, &signature),
            Ok(true),
            "{name}"
        );
    }
}

#[test]
fn valid_and_damaged_signatures() {
    for key in Key::all() {
        let valid = key.sign(MESSAGE);
        let algorithm = key.algorithm;
        assert!(verifies(&key, MESSAGE, &valid), "{algorithm}");
        assert!(verifies(&key, b"", &key.sign(b"")), "{algorithm}");
        assert!(!verifies(&key, &MESSAGE[1..], &valid), "{algorithm}");
        for at in 0..valid.len() {
            let mut flipped = valid.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(!verifies(&key, MESSAGE, &flipped), "{algorithm} octet {at}");
        }
        let half = valid.len() / 2;
        let reshaped = [
            vec![],
            vec![0],
            valid[1..].to_vec(),
            valid[..valid.len() - 1].to_vec(),
            valid[..half].to_vec(),
            [&[0], valid.as_slice()].concat(),
            [valid.as_slice(), &[0]].concat(),
            [&valid[..half], &[0], &valid[half..]].concat(),
            [&valid[half..], &valid[..half]].concat(),
            valid.repeat(2),
            vec![0; valid.len()],
            vec![0xff; valid.len()],
            vec![0; 10_000],
        ];
        for signature in reshaped {
            assert!(!verifies(&key, MESSAGE, &signature), "{algorithm} {signature:02x?}");
        }
    }
}

#[test]
fn one_algorithm_is_not_another() {
    let keys = Key::all();
    for signer in &keys {
        let signature = signer.sign(MESSAGE);
        for verifier in &keys {
            // A key of this type verifies for its own algorithm alone; Ed25519 has two names.
            let same = signer.algorithm == verifier.algorithm;
            let accepted = verdict(&signer.jwk, verifier.algorithm, MESSAGE, &signature) == Ok(true);
            let two_names = signer.digest().is_none() && verifier.digest().is_none();
            assert_eq!(accepted, same || two_names, "{} {}", signer.algorithm, verifier.algorithm);
        }
    }
}

// R110: fixed length only, r and s in [1, n-1]
#[test]
fn ecdsa_forms_and_ranges() {
    for key in Key::all().into_iter().filter(|key| key.algorithm.name().starts_with("ES")) {
        let der = key.sign_der(MESSAGE);
        assert!(!verifies(&key, MESSAGE, &der), "{}: DER", key.algorithm);

        let order = key.order();
        let length = order.num_bytes();
        let octets = |number: &BigNum| number.to_vec_padded(length).unwrap();
        let number = |value: u32| BigNum::from_u32(value).unwrap();
        let edges = [
            octets(&number(0)),
            octets(&number(1)),
            octets(&number(2)),
            octets(&(&order - &number(1))),
            octets(&order),
            octets(&(&order + &number(1))),
            vec![0xff; usize::try_from(length).unwrap()],
        ];
        for (r, s) in edges.iter().flat_map(|r| edges.iter().map(move |s| (r, s))) {
            assert!(
                !verifies(&key, MESSAGE, &[r.as_slice(), s].concat()),
                "{} {r:02x?} {s:02x?}",
                key.algorithm
            );
        }

        let valid = EcdsaSig::from_der(&der).unwrap();
        let with = |r: &BigNum, s: &BigNum| [octets(r), octets(s)].concat();
        let copy = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
        let (r, s) = (copy(valid.r()), copy(valid.s()));
        // ECDSA itself lets s be negated; RFC 7518 asks for no lower half.
        assert!(verifies(&key, MESSAGE, &with(&r, &(&order - &s))), "{}: n - s", key.algorithm);
        for larger in [&r + &order, &s + &order] {
            if larger.num_bytes() == length {
                assert!(!verifies(&key, MESSAGE, &with(&larger, &s)), "{}: r + n", key.algorithm);
                assert!(!verifies(&key, MESSAGE, &with(&r, &larger)), "{}: s + n", key.algorithm);
            }
        }
    }
}

// R102, R176: invalid points
#[test]
fn ec_points_off_the_curve() {
    // The prime of P-256.
    let prime = [&[0xff; 4][..], &[0, 0, 0, 1], &[0; 12], &[0xff; 12]].concat();
    let jwk = Key::ec(Algorithm::Es256, Nid::X9_62_PRIME256V1, "P-256", 32).jwk;
    let json: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let [x, y] = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(json[name].as_str().unwrap()).unwrap());
    let mut other = y.clone();
    other[31] ^= 1;
    let (zero, ones) = (vec![0; 32], vec![0xff; 32]);
    for (x, y) in [
        (&x, &other),
        (&y, &x),
        (&zero, &zero),
        (&x, &zero),
        (&zero, &y),
        (&ones, &ones),
        (&x, &prime),
        (&prime, &y),
    ] {
        let verdict = verdict(&ec_jwk("P-256", x, y), Algorithm::Es256, MESSAGE, &[1; 64]);
        assert_eq!(verdict, Err(KeyError::Point), "{x:02x?} {y:02x?}");
    }
}

// R110: MGF1 of the same hash, a salt exactly as long as the hash
#[test]
fn pss_salts_and_masks() {
    for key in Key::all().into_iter().filter(|key| key.algorithm.name().starts_with("PS")) {
        let digest = key.digest().unwrap();
        let length = i32::try_from(digest.size()).unwrap();
        for salt in [0, 1, 20, length - 1, length, length + 1, 100] {
            let signature = key.sign_pss(MESSAGE, digest, RsaPssSaltlen::custom(salt), digest);
            assert_eq!(verifies(&key, MESSAGE, &signature), salt == length, "{} salt {salt}", key.algorithm);
        }
        let longest = key.sign_pss(MESSAGE, digest, RsaPssSaltlen::MAXIMUM_LENGTH, digest);
        assert!(!verifies(&key, MESSAGE, &longest), "{} longest salt", key.algorithm);
        for mgf1 in
            [MessageDigest::sha1(), MessageDigest::sha256(), MessageDigest::sha384(), MessageDigest::sha512()]
        {
            let signature = key.sign_pss(MESSAGE, digest, RsaPssSaltlen::DIGEST_LENGTH, mgf1);
            assert_eq!(verifies(&key, MESSAGE, &signature), mgf1 == digest, "{} MGF1", key.algorithm);
        }
    }
}

// R110, RFC 8017 §8.1.2 (1), §8.2.2 (1): as long as the modulus, and below it
#[test]
fn rsa_signatures_have_one_length_and_are_reduced() {
    for key in Key::all().into_iter().filter(|key| key.private.rsa().is_ok()) {
        let modulus = key.private.rsa().unwrap().n().to_owned().unwrap();
        let (mut shortened, mut unreduced) = (false, false);
        for counter in 0..10_000_u32 {
            let message = counter.to_be_bytes();
            let signature = key.sign(&message);
            if signature[0] == 0 {
                assert!(verifies(&key, &message, &signature), "{}", key.algorithm);
                assert!(
                    !verifies(&key, &message, &signature[1..]),
                    "{}: leading zero cut off",
                    key.algorithm
                );
                shortened = true;
            }
            let larger = (&BigNum::from_slice(&signature).unwrap() + &modulus).to_vec();
            if larger.len() == signature.len() {
                assert!(!verifies(&key, &message, &larger), "{}: not reduced", key.algorithm);
                unreduced = true;
            }
            if shortened && unreduced {
                break;
            }
        }
        assert!(shortened && unreduced, "{}", key.algorithm);
    }
}

// R8, R70: the moduli and exponents that a JWK may have are taken by both
#[test]
fn rsa_keys_at_their_limits() {
    let modulus = |bits: usize| {
        let mut n = vec![0xfd; bits.div_ceil(8)];
        n[0] = 0xff >> (n.len() * 8 - bits);
        n
    };
    for bits in [2048, 2049, 2055, 3072, 4095, 4096] {
        for e in [&[3][..], &[17], &[1, 0, 1], &[0xff; 4]] {
            let n = modulus(bits);
            for algorithm in [Algorithm::Ps256, Algorithm::Rs512] {
                for signature in [vec![0; n.len()], vec![1; n.len()], n.clone()] {
                    assert_eq!(
                        verdict(&rsa_jwk(&n, e), algorithm, MESSAGE, &signature),
                        Ok(false),
                        "{bits} {e:?}"
                    );
                }
            }
        }
    }
}

// R110: S below the order; R70: no small order
#[test]
fn ed25519_malleability() {
    // 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 §5.1)
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let order = vectors::hex(&order.into());
    let key = Key::ed25519(Algorithm::Ed25519);
    let valid = key.sign(MESSAGE);
    let mut carry = 0;
    let mut malleable = valid.clone();
    for (octet, added) in malleable[32..].iter_mut().zip(&order) {
        let sum = u16::from(*octet) + u16::from(*added) + carry;
        *octet = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(!verifies(&key, MESSAGE, &malleable), "S + L");
    assert!(!verifies(&key, MESSAGE, &[&valid[..32], &order].concat()), "S = L");
    let identity = [&[1][..], &[0; 31]].concat();
    assert!(!verifies(&key, MESSAGE, &[identity.as_slice(), &[0; 32]].concat()), "R = identity, S = 0");
    assert_eq!(verdict(&ed25519_jwk(&identity), Algorithm::EdDsa, MESSAGE, &valid), Err(KeyError::Point));
    // About half of these are no points; no key is ever more than a key.
    for y in 2..100 {
        let mut x = [0; 32];
        x[0] = y;
        assert_eq!(verdict(&ed25519_jwk(&x), Algorithm::EdDsa, MESSAGE, &valid), Ok(false), "y = {y}");
    }
}

#[test]
fn random_octets() {
    for crypto in [&AwsLcProvider as &dyn CryptoProvider, &JosekitProvider] {
        let (mut one, mut other) = ([0; 32], [0; 32]);
        assert_eq!(crypto.fill_random(&mut one), Ok::<_, RandomError>(()));
        assert_eq!(crypto.fill_random(&mut other), Ok(()));
        assert_ne!(one, other);
        assert_eq!(crypto.fill_random(&mut []), Ok(()));
    }
}

proptest! {
    #[test]
    fn hashes_and_macs(data: Vec<u8>, key in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(AwsLcProvider.sha256(&data), JosekitProvider.sha256(&data));
        prop_assert_eq!(AwsLcProvider.hmac_sha256(&key, &data), JosekitProvider.hmac_sha256(&key, &data));
    }

    #[test]
    fn any_point_and_any_signature(x: [u8; 32], y: [u8; 32], signature in proptest::collection::vec(any::<u8>(), 60..70)) {
        let _ = verdict(&ec_jwk("P-256", &x, &y), Algorithm::Es256, MESSAGE, &signature);
        let _ = verdict(&ed25519_jwk(&x), Algorithm::Ed25519, MESSAGE, &signature);
    }
}
