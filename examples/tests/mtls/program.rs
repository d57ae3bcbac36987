//! The program `mtls`: what it writes down is what it takes to call it.

use std::path::Path;
use std::process::Command;
use std::{fs, thread};

use crate::client::{Identity, over_tls_as};
use crate::process::Program;

// R72
#[tokio::test(flavor = "multi_thread")]
async fn the_program_serves_the_client_of_the_token() {
    for framework in ["axum", "actix"] {
        let folder = std::env::temp_dir().join(format!("fapi-mtls-{framework}-{}", std::process::id()));
        let (_program, port, token) = start(framework, &folder);
        let server = fs::read_to_string(folder.join("server.pem")).unwrap();
        let authorization = format!("Bearer {token}");
        let fields = [("Host", "localhost"), ("Authorization", &*authorization)];
        for (name, status) in [("client", 200), ("other", 401)] {
            let [certificate, key] = ["pem", "key"].map(|kind| folder.join(format!("{name}.{kind}")));
            let [certificate, key] = [certificate, key].map(|file| fs::read_to_string(file).unwrap());
            let own = Identity { certificate: &certificate, key: &key };
            assert_eq!(over_tls_as(port, &server, Some(own), &fields).await, status, "{framework}: {name}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

/// Starts the program; gives its port, and the token that it shows.
fn start(framework: &str, folder: &Path) -> (Program, u16, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mtls"));
    command.args(["--listen", "127.0.0.1:0", "--framework", framework, "--folder"]).arg(folder);
    let (program, mut lines) = Program::start(&mut command);
    let mut after = |start: &str| {
        lines.find_map(|line| line.split_once(start).map(|(_, rest)| rest.to_owned())).expect("it says so")
    };
    let port = after("https://localhost:").parse().unwrap();
    let token = after("Authorization: Bearer ").split_once('\'').unwrap().0.to_owned();
    thread::spawn(move || lines.for_each(drop));
    (program, port, token)
}
