//! The program `api` under the profiles of open finance, over TLS, with the certificate of the client: the suite finds
//! nothing, in axum and in actix-web.

use std::net::Ipv4Addr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use fapi_testkit::TestCertificate;
use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::{Credentials, HttpTarget, Options, TlsFiles, run_against};

use crate::process::{Directory, Program, free_port};

// R24, R72: and every case about tokens, with the certificate in place of the proof.
#[tokio::test(flavor = "multi_thread")]
async fn the_api_conforms_to_the_profiles_of_open_finance() {
    for (profile, framework) in [(Profile::OpenFinanceBrazil, "axum"), (Profile::CdrAu, "actix")] {
        let certificate = TestCertificate::generate();
        let directory = Directory::new(profile.name(), &certificate);
        let client = TestCertificate::generate();
        let own = directory.write("client.pem", client.pem());
        let key = directory.write("client.key", client.private_key_pem());
        let issuer = CatalogueIssuer::new("replaced by the address", profile);
        let issuer = issuer.serve_on((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let url = format!("https://localhost:{}", free_port());
        let _program = start(profile, framework, &url, issuer.identifier(), &directory);

        let chain = directory.path().join("chain.pem");
        let files = TlsFiles { trusted: Some(&chain), client: Some((&own, &key)) };
        let target = HttpTarget::with_tls(&url, &files).unwrap();
        let options = Options::new(&url)
            .profile(profile)
            .scope_route("/records", "records:read")
            .only(["credentials", "token", "time", "binding", "mtls", "scope", "metadata", "limits"])
            .rate(2000)
            .time_limit(Duration::from_secs(60));
        let report = run_against(&target, Credentials::Issuer(issuer), options, &mut |_| ()).await.unwrap();
        report.assert_passed();
        assert!(report.summary.passed > 250, "{framework}: {:?}", report.summary);
    }
}

/// Starts the program, and waits until it listens.
fn start(profile: Profile, framework: &str, url: &str, issuer: &str, directory: &Directory) -> Program {
    let address = url.replace("https://localhost", "127.0.0.1");
    let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
    command
        .args(["--profile", profile.name(), "--framework", framework, "--listen", &address])
        .args(["--public-url", url, "--issuer", issuer, "--allow-insecure-loopback"])
        .arg("--tls-certificate")
        .arg(directory.path().join("chain.pem"))
        .arg("--tls-key")
        .arg(directory.path().join("key.pem"));
    let (program, mut lines) = Program::start(&mut command);
    assert_eq!(lines.next(), Some(format!("listening on https://{address}")));
    thread::spawn(move || lines.for_each(drop));
    program
}
