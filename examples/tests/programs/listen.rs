//! The API on a Unix domain socket, as behind a proxy on the same machine.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use fapi_testkit::{TestClient, TestIssuer};

use crate::process::Process;

const API: &str = env!("CARGO_BIN_EXE_api");
const COMMON: [&str; 4] = ["--issuer", "https://as.example.com", "--public-url", "https://api.example.com"];

/// A path for a socket, which is free again when this is dropped.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("fapi-{}-{name}", std::process::id())))
    }

    fn listen(&self) -> String {
        format!("unix:{}", self.0.display())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The status of the answer.
fn status(socket: &Path, path: &str, fields: &str) -> String {
    let mut connection = UnixStream::connect(socket).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{fields}\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.get(9..12).unwrap().to_owned()
}

// R82: whoever may open the socket is believed, where the settings say so.
#[test]
fn the_api_listens_on_a_socket() {
    let issuer = TestIssuer::new("named after its address").serve();
    let client = TestClient::new();
    let token = issuer.issuer().token().audience("https://api.example.com").bound_to(&client).sign();
    let proof = || client.proof("GET", "https://api.example.com/whoami").access_token(&token).sign();
    let trusted = [
        ("FAPI_TRUSTED_PROXY__UNIX_SOCKET", "true"),
        ("FAPI_TRUSTED_PROXY__FORWARDED__HEADERS", "x-forwarded"),
    ];
    for framework in ["axum", "actix"] {
        let place = Place::new(framework);
        let listen = place.listen();
        let arguments = ["--issuer", issuer.identifier(), "--allow-insecure-loopback", "--nonce", "off"];
        let public =
            ["--public-url", "https://api.example.com", "--framework", framework, "--listen", &listen];
        for (variables, of_another_host) in [(&trusted[..], "400"), (&[], "200")] {
            // The second time, the socket of the first one is still there.
            let mut process = Process::start_with(variables, API, &[&arguments[..], &public[..]].concat());
            assert_eq!(process.line_after("listening on "), listen);
            assert_eq!(status(&place.0, "/healthz", ""), "200");
            for (host, expected) in [("api.example.com", "200"), ("evil.example", of_another_host)] {
                let (token, proof) = (&token, proof());
                let fields =
                    format!("X-Forwarded-Host: {host}\r\nAuthorization: DPoP {token}\r\nDPoP: {proof}\r\n");
                assert_eq!(status(&place.0, "/whoami", &fields), expected, "{framework} {host}");
            }
            process.signal("TERM");
            assert_eq!(process.ended().code, Some(0));
        }
    }
}

#[test]
fn what_is_in_use_is_not_taken_away() {
    let place = Place::new("in-use");
    let listen = place.listen();
    let arguments = [&COMMON[..], &["--listen", &listen]].concat();
    let listener = UnixListener::bind(&place.0).unwrap();
    let ended = Process::start(API, &arguments).ended();
    assert!(ended.code == Some(1) && ended.stderr.contains("cannot listen on unix:"), "{ended:?}");
    drop((listener, fs::remove_file(&place.0)));
    fs::write(&place.0, "a file").unwrap();
    assert_eq!(Process::start(API, &arguments).ended().code, Some(1));
    assert_eq!(fs::read_to_string(&place.0).unwrap(), "a file");
}

#[test]
fn what_cannot_be_on_a_socket_is_refused() {
    let place = Place::new("refused");
    let listen = place.listen();
    for (variables, arguments, says) in [
        (&[][..], &["--issuer", "https://as.example.com", "--listen", &listen][..], "give --public-url"),
        (
            &[
                ("FAPI_TRUSTED_PROXY__ADDRESSES", "::1"),
                ("FAPI_TRUSTED_PROXY__FORWARDED__HEADERS", "forwarded"),
            ],
            &[&COMMON[..], &["--listen", &listen]].concat(),
            "set trusted_proxy.unix_socket to true instead",
        ),
        (&[], &["--listen", "unix:"], "unix: and the path of a socket"),
    ] {
        let ended = Process::start_with(variables, API, arguments).ended();
        assert!(ended.code == Some(2) && ended.stderr.contains(says), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}
