//! Reading lists, with the vectors of the draft.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::cache::{FetchedList, Known, Lists};
use super::list::{Expected, MAX_LIST_BYTES, StatusList, StatusListError};
use crate::clock::UnixTime;
use crate::jose::base64url;

const URI: &str = "https://as.example.com/statuslists/1";
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn payload(bits: u64, lst: &str) -> Value {
    json!({
        "sub": URI,
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 3600,
        "ttl": 60,
        "status_list": {"bits": bits, "lst": lst},
    })
}

fn parse(payload: &Value) -> Result<StatusList, StatusListError> {
    let expected = Expected { uri: URI, max_future: Duration::from_secs(60), now: NOW };
    StatusList::parse(payload.to_string().as_bytes(), &expected)
}

fn statuses(bits: u64, lst: &str, count: u64) -> Vec<u8> {
    let list = parse(&payload(bits, lst)).unwrap();
    assert_eq!(list.status(count), None, "one beyond the last");
    assert_eq!(list.status(u64::MAX), None);
    (0..count).map(|index| list.status(index).unwrap()).collect()
}

/// The text of an error, which says which claim is wrong.
fn refusal(payload: &Value) -> String {
    parse(payload).unwrap_err().to_string()
}

fn claim(name: &'static str) -> String {
    StatusListError::Claim(name).to_string()
}

/// The payload without a claim, or with another one.
fn with(name: &str, value: impl Into<Option<Value>>) -> Value {
    let mut changed = payload(1, "eNrbuRgAAhcBXQ");
    match value.into() {
        Some(value) => changed[name] = value,
        None => drop(changed.as_object_mut().unwrap().remove(name)),
    }
    changed
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

// R135, draft-20 §4.1: 0xb9 0xa3
#[test]
fn reads_entries_of_one_bit() {
    let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
    assert_eq!(statuses(1, "eNrbuRgAAhcBXQ", 16), expected);
}

// R135, draft-20 §4.1: 0xc9 0x44 0xf9
#[test]
fn reads_entries_of_two_bits() {
    assert_eq!(statuses(2, "eNo76fITAAPfAgc", 12), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
}

// R135
#[test]
fn reads_entries_of_four_and_eight_bits() {
    assert_eq!(statuses(4, "eNo76fITAAPfAgc", 6), [0x9, 0xc, 0x4, 0x4, 0x9, 0xf]);
    assert_eq!(statuses(8, "eNo76fITAAPfAgc", 3), [0xc9, 0x44, 0xf9]);
}

// R135
#[test]
fn refuses_other_sizes_of_entries() {
    for bits in [json!(0), json!(3), json!(16), json!(257), json!(-1), json!(1.0), json!("1"), Value::Null] {
        let list = json!({"bits": bits, "lst": "eNrbuRgAAhcBXQ"});
        assert_eq!(refusal(&with("status_list", list)), claim("status_list.bits"), "{bits}");
    }
}

// R135
#[test]
fn refuses_what_is_not_one_zlib_stream() {
    let zlib = base64url::decode("eNrbuRgAAhcBXQ").unwrap();
    let (last, all_but_last) = zlib.split_last().unwrap();
    let mut wrong_checksum = zlib.clone();
    *wrong_checksum.last_mut().unwrap() = !last;
    let trailing = [&zlib[..], b"x"].concat();
    let raw_deflate = zlib[2..zlib.len() - 4].to_vec();
    for bytes in [all_but_last.to_vec(), wrong_checksum, trailing, raw_deflate, vec![], vec![0xb9, 0xa3]] {
        let expected = StatusListError::Compression.to_string();
        assert_eq!(refusal(&payload(1, &base64url::encode(&bytes))), expected, "{bytes:02x?}");
    }
    for text in ["eNrbuRgAAhcBXQ==", "eNrbuRgAAhcBXR", "eNrbu RgAAhcBXQ", "+"] {
        assert_eq!(refusal(&payload(1, text)), claim("status_list.lst"), "{text}");
    }
}

// R135
#[test]
fn refuses_a_bomb() {
    let list = |size| payload(1, &base64url::encode(&compress(&vec![0; size])));
    assert_eq!(parse(&list(MAX_LIST_BYTES)).unwrap().size(), MAX_LIST_BYTES);
    assert_eq!(refusal(&list(MAX_LIST_BYTES + 1)), StatusListError::Bomb.to_string());
}

// R134
#[test]
fn refuses_a_list_that_is_not_for_this_uri() {
    for sub in
        [None, Some(json!("https://as.example.com/statuslists/2")), Some(json!([URI])), Some(json!(""))]
    {
        assert_eq!(refusal(&with("sub", sub)), claim("sub"));
    }
}

// R134
#[test]
fn holds_the_times_of_a_list() {
    let at = |seconds: u64| Some(json!(seconds));
    let now = NOW.as_secs();
    for (name, good, bad) in [
        (
            "iat",
            vec![at(0), at(now), at(now + 60)],
            vec![None, at(now + 61), Some(json!("0")), Some(json!(-1))],
        ),
        ("nbf", vec![None, at(now + 60)], vec![at(now + 61), Some(json!("0"))]),
        ("exp", vec![None, at(now + 1)], vec![at(now), at(now - 1), Some(json!("0")), Some(Value::Null)]),
        ("ttl", vec![None, at(1), Some(json!(0.5))], vec![at(0), Some(json!(-1)), Some(json!("60"))]),
    ] {
        for value in good {
            assert!(parse(&with(name, value.clone())).is_ok(), "{name} {value:?}");
        }
        for value in bad {
            assert_eq!(refusal(&with(name, value.clone())), claim(name), "{name} {value:?}");
        }
    }
}

// R22
#[test]
fn debug_shows_no_statuses() {
    let list = FetchedList::new(parse(&payload(1, "eNrbuRgAAhcBXQ")).unwrap(), NOW, Duration::from_secs(1));
    assert!(format!("{list:?}").contains("StatusList { bits: 1, bytes: 2, "), "{list:?}");
}

// R135: whatever issuers publish, memory is bounded; the list that was not needed for longest goes first.
#[test]
fn the_bytes_of_all_lists_are_bounded() {
    let list = parse(&payload(1, &base64url::encode(&compress(&vec![0; MAX_LIST_BYTES])))).unwrap();
    let list = Arc::new(FetchedList::new(list, NOW, Duration::from_secs(60)));
    let lists = Lists::new();
    for uri in ["1", "2", "3", "4", "5", "6", "7", "8", "9"] {
        let Known::Nothing(sender) = lists.look_up(uri, NOW) else { panic!("nothing is known of {uri}") };
        lists.take_in(&sender, Ok(Arc::clone(&list)));
        let kept = lists.look_up("1", NOW);
        assert!(matches!(kept, Known::Outcome(Ok(_))), "the one in use stays, after {uri}");
    }
    assert!(matches!(lists.look_up("3", NOW), Known::Outcome(Ok(_))));
    assert!(matches!(lists.look_up("2", NOW), Known::Nothing(_)));
}
