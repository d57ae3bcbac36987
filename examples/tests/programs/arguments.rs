//! One line and exit status 2 for wrong arguments; never a panic, never a half-started API.

use std::net::TcpListener;

use crate::process::{Ended, Process};

const API: &str = env!("CARGO_BIN_EXE_api");

fn end(program: &str, arguments: &[&str]) -> Ended {
    Process::start(program, arguments).ended()
}

fn assert_one_line(ended: &Ended, status: i32, says: &str) {
    assert_eq!(ended.code, Some(status), "{ended:?}");
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
    assert!(ended.stderr.contains(says), "{}", ended.stderr);
}

#[test]
fn wrong_arguments_are_one_line_and_status_2() {
    let issuer = ["--issuer", "https://as.example.com", "--listen", "127.0.0.1:0"];
    for (arguments, says) in [
        (&["--framework", "rocket"][..], "[possible values: axum, actix]"),
        (&["--nonce", "sometimes"], "[possible values: off, required, when-needed]"),
        (&["--profile", "fapi1"], "[possible values: fapi2, helseid, helseid-test,"),
        (&["--profile", "helseid", "--issuer", "https://helseid-sts.test.nhn.no"], "are for tests"),
        (&["--config", "no/such/file.toml"], "no/such/file.toml"),
        (&["--listen", "nowhere"], "--listen"),
        (&["--colour"], "--colour"),
        (&["surprise"], "surprise"),
        (&["--audience"], "--audience"),
        (&["--audience", ""], "audience"),
        (&["--public-url", "api.example.com"], "public_url"),
        (&["--public-url", "http://api.example.com"], "https"),
        (&["--issuer", "https://as.example.com"], "twice"),
    ] {
        let arguments = [&issuer[..], arguments].concat();
        assert_one_line(&end(API, &arguments), 2, says);
    }
    assert_one_line(&end(API, &[]), 2, "--issuer");
    assert_one_line(&end(env!("CARGO_BIN_EXE_quickstart"), &["--twice"]), 2, "--twice");
}

// R12: http needs the flag, and a loopback address even then.
#[test]
fn http_issuers_are_refused_unless_on_a_loopback_address_and_allowed() {
    for (issuer, flags) in [
        ("http://127.0.0.1:9000", &[][..]),
        ("http://as.example.com", &[]),
        ("http://as.example.com", &["--allow-insecure-loopback"]),
        ("http://10.0.0.1", &["--allow-insecure-loopback"]),
        ("http://localhost.example.com", &["--allow-insecure-loopback"]),
        ("http://127.0.0.1@as.example.com", &["--allow-insecure-loopback"]),
        ("ftp://127.0.0.1", &["--allow-insecure-loopback"]),
    ] {
        let arguments = [&["--issuer", issuer, "--listen", "127.0.0.1:0"][..], flags].concat();
        assert_one_line(&end(API, &arguments), 2, "is not an absolute https URL");
    }
}

#[test]
fn a_public_url_is_asked_for_where_the_listen_address_is_none() {
    let arguments = ["--issuer", "https://as.example.com", "--listen", "0.0.0.0:0"];
    assert_one_line(&end(API, &arguments), 2, "--public-url");
}

// R166: the value says whose event it is.
#[test]
fn events_are_those_of_one_issuer() {
    for issuers in [&[][..], &["--issuer", "https://a.example.com", "--issuer", "https://b.example.com"]] {
        let arguments = [issuers, &["--events-authorization", "Bearer agreed-secret"]].concat();
        let ended = end(API, &arguments);
        assert!(!ended.stderr.contains("agreed-secret"), "{}", ended.stderr);
        assert_one_line(&ended, 2, "--issuer");
    }
}

#[test]
fn a_port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for framework in ["axum", "actix"] {
        let arguments =
            ["--issuer", "https://as.example.com", "--listen", &address, "--framework", framework];
        assert_one_line(&end(API, &arguments), 1, &address);
    }
    assert_one_line(&end(env!("CARGO_BIN_EXE_quickstart"), &["--listen", &address]), 1, &address);
}

#[test]
fn a_wrong_argument_is_status_2_also_where_the_port_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_one_line(&end(API, &["--issuer", "http://as.example.com", "--listen", &address]), 2, "https");
}

#[test]
fn help_is_an_answer_and_no_error() {
    for (program, says) in [(API, "--allow-insecure-loopback"), (env!("CARGO_BIN_EXE_quickstart"), "--once")]
    {
        let ended = end(program, &["--help"]);
        assert_eq!(ended.code, Some(0));
        assert!(ended.stdout.contains(says), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
    }
}
