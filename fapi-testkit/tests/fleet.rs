//! `fapi-conform fleet` as a user runs it: exit status, summary, reports.

#![cfg(feature = "cli")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use axum::Router;
use axum::http::StatusCode;
use fapi_testkit::conform::fleet::FleetFile;

/// A folder of one test, with a fleet file of these lines.
struct Fleet {
    folder: PathBuf,
}

impl Fleet {
    fn new(name: &str, text: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("fleet.toml"), text).unwrap();
        Self { folder }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fapi-conform"));
        command.current_dir(&self.folder).args(["fleet", "fleet.toml"]).args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// `open` lets everybody in; `gone` serves nothing.
async fn open_and(gone: bool, name: &str) -> Fleet {
    let open = serve(Router::new().fallback(async || "come in")).await;
    let mut text = format!(
        "[defaults]\ncredentials = {{ issuer-listen = \"{}\" }}\n[[api]]\nname = \"open\"\ntarget = \"{open}\"\n",
        free_address()
    );
    if gone {
        let gone = serve(Router::new().fallback(async || StatusCode::NOT_FOUND)).await;
        text.push_str(&format!("[[api]]\nname = \"gone\"\ntarget = \"{gone}\"\n"));
    }
    Fleet::new(name, &text)
}

#[tokio::test]
async fn all_as_expected_is_0() {
    // An open server does serve a valid request.
    let output = open_and(false, "passed").await.run(&["--only", "valid"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 API: 1 passed, 0 failed, 0 could not be tested"));
    // Without a terminal, a line for each API and no bar.
    let lines = text(&output.stderr);
    assert!(
        lines.starts_with("open: attacks refused 0/0, honest calls accepted 1/1; 0 failed, 0 skipped in ")
            && lines.lines().count() == 1,
        "{lines}"
    );
}

#[tokio::test]
async fn failures_are_1_and_are_reported() {
    let fleet = open_and(false, "failed").await;
    let output = fleet.run(&["--only", "credentials", "--report", "reports"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let page = |path: &str| fs::read_to_string(fleet.folder.join(path)).unwrap();
    assert!(page("reports/index.html").contains("href=\"apis/open.html\""));
    assert!(page("reports/apis/open.html").contains("the worst severity is critical"));
}

#[tokio::test]
async fn what_could_not_be_tested_is_2() {
    let fleet = open_and(true, "untested").await;
    let output = fleet.run(&["--only", "valid", "--report", "overview.html"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("2 APIs: 1 passed, 0 failed, 1 could not be tested"), "{table}");
    assert!(table.contains("could not test: a valid request"), "{table}");
    assert!(fs::read_to_string(fleet.folder.join("overview.html")).unwrap().contains("404"));
}

#[tokio::test]
async fn a_wrong_fleet_file_is_2_and_names_every_mistake() {
    let fleet =
        Fleet::new("wrong", "[[api]]\nname = \"a\"\nrate = 0\n[[api]]\nname = \"a\"\ntarget = \"x\"\n");
    let output = fleet.run(&[]).await;
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    for mistake in [
        "line 2: target: it is missing",
        "line 3: rate: ",
        "line 5: name: \"a\" is taken on line 2",
        "line 6: target: ",
    ] {
        assert!(message.contains(mistake), "{message}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_2() {
    let fleet = open_and(false, "arguments").await;
    for arguments in [
        &["--watch", "5s"][..],
        &["--watch", "5"],
        &["--parallel", "0"],
        &["--only", "nonsense"],
        &["--serve", "127.0.0.1:0"],
    ] {
        let output = fleet.run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stdout));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn watching_ends_at_once_when_asked_to() {
    let fleet = open_and(false, "watch").await;
    let address = free_address();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fapi-conform"))
        .current_dir(&fleet.folder)
        .args(["fleet", "fleet.toml", "--only", "valid", "--watch", "1h", "--serve", &address])
        .spawn()
        .unwrap();
    let up = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while tokio::net::TcpStream::connect(&address).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    up.await.unwrap();
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}

// What the README shows is a fleet file in which nothing is wrong.
#[test]
fn the_sample_of_the_readme_is_a_fleet_file() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let (_, sample) = readme.split_once("```toml\n[defaults]").unwrap();
    let (sample, _) = sample.split_once("```").unwrap();
    let file = FleetFile::parse(&format!("[defaults]{sample}"), std::path::Path::new("")).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["accounts", "journal"]);
}
