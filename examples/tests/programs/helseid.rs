//! The HelseID example: every row of its table, and the reasons in its log.

use crate::process::Process;

const HELSEID: &str = env!("CARGO_BIN_EXE_helseid");

#[test]
fn once_prints_every_row_and_says_why_calls_were_refused() {
    let ended = Process::start(HELSEID, &["--once"]).ended();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout.matches('✓').count(), 11, "{}", ended.stdout);
    for reason in [
        "the user has logged on at security level 4 or above",
        "the token holds security_level (if none does: register it for this API in Selvbetjening)",
        "a user is logged on (this is the token of a client that acts for itself)",
        "machine-to-machine, without a user",
        "the supplier is on the API's list",
        "deviates from FAPI 2.0: access tokens may be signed with RS256",
    ] {
        assert!(ended.stderr.contains(reason), "{reason:?} is missing in {}", ended.stderr);
    }
    // R21: nothing about the user.
    assert!(!ended.stderr.contains("17056600574") && !ended.stdout.contains("17056600574"));
}

#[test]
fn it_ends_on_sigterm_with_status_0() {
    let mut helseid = Process::start(HELSEID, &[]);
    helseid.line_after("The API listens on ");
    helseid.signal("TERM");
    assert_eq!(helseid.ended().code, Some(0));
}
