//! Security events: every row of the table.

use crate::process::Process;

const REVOCATION: &str = env!("CARGO_BIN_EXE_revocation");

#[test]
fn it_prints_every_row_and_ends_with_status_0() {
    let ended = Process::start(REVOCATION, &[]).ended();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("Every line came out as it should."));
    assert_eq!(ended.stdout.matches('✓').count(), 5, "{}", ended.stdout);
}
