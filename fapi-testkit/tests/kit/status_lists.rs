//! Status list tokens are valid by default, lists equal the published ones, and every setter changes the one thing that
//! it names.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::UnixTime;
use fapi_core::jose::Algorithm;
use fapi_testkit::{ManualClock, TestIssuer};
use flate2::read::ZlibDecoder;
use serde_json::{Value, json};

use crate::oracle::{claims, header, verifies};

const NOW: u64 = 1_750_000_000;
const URI: &str = "https://as.example.com/statuslists/1";

fn issuer() -> TestIssuer {
    let clock = ManualClock::at(UnixTime::from_secs(NOW));
    TestIssuer::new("https://as.example.com").with_clock(Arc::new(clock))
}

/// The bits of an entry and the uncompressed bytes of the list.
fn list(token: &str) -> (Value, Vec<u8>) {
    let list = claims(token)["status_list"].clone();
    let compressed = URL_SAFE_NO_PAD.decode(list["lst"].as_str().unwrap()).unwrap();
    let mut bytes = Vec::new();
    ZlibDecoder::new(compressed.as_slice()).read_to_end(&mut bytes).unwrap();
    (list["bits"].clone(), bytes)
}

// R133
#[test]
fn a_token_refers_to_its_entry() {
    let token = issuer().token().status_list(URI, 7).sign();
    assert_eq!(claims(&token)["status"], json!({"status_list": {"idx": 7, "uri": URI}}));
}

// R134
#[test]
fn a_list_token_is_valid_by_default() {
    let issuer = issuer();
    let token = issuer.status_list(URI).sign();
    assert!(verifies(&token, Algorithm::Es256, &issuer.key().public_jwk()));
    assert_eq!(
        header(&token),
        json!({"typ": "statuslist+jwt", "alg": "ES256", "kid": issuer.key().thumbprint()})
    );
    let mut claims = claims(&token);
    assert!(claims.as_object_mut().unwrap().remove("status_list").is_some());
    assert_eq!(claims, json!({"sub": URI, "iat": NOW, "exp": NOW + 3600, "ttl": 60}));
    assert_eq!(list(&token), (json!(2), vec![0; 256]));
}

// R135: the bytes of Token Status List §4.1, before compression
#[test]
fn lists_equal_the_published_ones() {
    let one_bit = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    let two_bits = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    let packed = |bits: u8, statuses: &[u8]| {
        let empty = issuer().status_list(URI).bits(bits).entries(statuses.len());
        let full =
            statuses.iter().enumerate().fold(empty, |list, (index, &status)| list.status(index, status));
        list(&full.sign())
    };
    assert_eq!(packed(1, &one_bit), (json!(1), vec![0xb9, 0xa3]));
    assert_eq!(packed(2, &two_bits), (json!(2), vec![0xc9, 0x44, 0xf9]));
    assert_eq!(packed(4, &[1, 0xf, 0xc]), (json!(4), vec![0xf1, 0x0c]));
    assert_eq!(packed(8, &[1, 0xff]), (json!(8), vec![1, 0xff]));
}

#[test]
fn statuses_of_the_issuer_are_in_all_its_lists() {
    let issuer = issuer();
    issuer.clone().set_status(5, 2);
    assert_eq!(list(&issuer.status_list(URI).sign()).1[..3], [0, 0b1000, 0]);
    issuer.set_status(2000, 12);
    let (bits, bytes) = list(&issuer.status_list(URI).sign());
    assert_eq!((bits, bytes.len(), bytes[1000]), (json!(4), 1001, 12));
    issuer.set_status(5, 0);
    assert_eq!(list(&issuer.status_list(URI).sign()).1[2], 0);
}

#[test]
#[should_panic(expected = "the list has 8 entries")]
fn a_status_beyond_the_list_is_a_mistake_of_the_test() {
    let _ = issuer().status_list(URI).entries(8).status(8, 1);
}

#[test]
fn every_setter_of_a_list_token_changes_one_thing() {
    let token = issuer()
        .status_list(URI)
        .issued_at(UnixTime::from_secs(1000))
        .lifetime(Duration::from_secs(10))
        .time_to_live(Duration::from_secs(5))
        .list_bytes(&[7; 3])
        .header("typ", "JWT")
        .claim("sub", "other")
        .sign();
    assert_eq!(header(&token)["typ"], "JWT");
    assert_eq!(list(&token), (json!(2), vec![7; 3]));
    let claims = claims(&token);
    assert_eq!(
        [&claims["sub"], &claims["iat"], &claims["exp"], &claims["ttl"]],
        [&json!("other"), &json!(1000), &json!(1010), &json!(5)]
    );
}

#[test]
fn a_list_need_not_be_compressed_and_may_be_a_bomb() {
    let raw = issuer().status_list(URI).bits(1).compressed_bytes(b"not zlib").sign();
    assert_eq!(claims(&raw)["status_list"], json!({"bits": 1, "lst": URL_SAFE_NO_PAD.encode("not zlib")}));

    let bomb = issuer().status_list(URI).list_bytes(&vec![0; 10 << 20]).sign();
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    assert_eq!(list(&bomb).1.len(), 10 << 20);
}
