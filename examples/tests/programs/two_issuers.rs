//! Two issuers: every row of the table.

use crate::process::Process;

const TWO_ISSUERS: &str = env!("CARGO_BIN_EXE_two_issuers");

#[test]
fn it_prints_every_row_and_ends_with_status_0() {
    let ended = Process::start(TWO_ISSUERS, &[]).ended();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("Every line came out as it should."));
    assert_eq!(ended.stdout.matches('✓').count(), 9, "{}", ended.stdout);
    for word in ["partner's users", "aud", "signature", "alg", "says it uses"] {
        assert!(ended.stdout.contains(word), "{word:?} is missing in {}", ended.stdout);
    }
}
