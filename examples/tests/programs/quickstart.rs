//! The quickstart: every row of its table, and the commands below it.

use fapi_examples::client::{Call, Http};

use crate::process::Process;

const QUICKSTART: &str = env!("CARGO_BIN_EXE_quickstart");

#[test]
fn once_prints_every_row_and_ends_with_status_0() {
    let ended = Process::start(QUICKSTART, &["--once"]).ended();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("Every line came out as it should."));
    assert_eq!(ended.stdout.matches('✓').count(), 10, "{}", ended.stdout);
    for row in [
        "401 use_dpop_nonce",
        "Resource server requires nonce in DPoP proof",
        r#""binding":"dpop""#,
        "The DPoP proof was used before",
        "The access token must be used with DPoP",
        "Invalid DPoP key binding",
        "Invalid DPoP proof htm",
        "The access token expired",
        "403 insufficient_scope",
    ] {
        assert!(ended.stdout.contains(row), "{row:?} is missing in {}", ended.stdout);
    }
}

#[tokio::test]
async fn the_commands_below_the_table_work() {
    let mut quickstart = Process::start(QUICKSTART, &[]);
    let client = quickstart.line_after("Client  ");
    let http = Http::new();
    for (name, statuses) in
        [("good", &[200][..]), ("replay", &[200, 401]), ("bearer", &[401]), ("scope", &[403])]
    {
        let calls = commands(&http, &format!("{client}/{name}")).await;
        assert_eq!(calls.len(), statuses.len());
        for (call, status) in calls.iter().zip(statuses) {
            assert_eq!(http.send(call).await.unwrap().status, *status, "{name}");
        }
    }
    quickstart.signal("INT");
    assert_eq!(quickstart.ended().code, Some(0));
}

#[test]
fn it_ends_on_sigterm_with_status_0() {
    let mut quickstart = Process::start(QUICKSTART, &[]);
    quickstart.line_after("Client  ");
    quickstart.signal("TERM");
    assert_eq!(quickstart.ended().code, Some(0));
}

/// The calls that the commands at `url` make.
async fn commands(http: &Http, url: &str) -> Vec<Call> {
    let ask = Call { method: "GET", url: url.to_owned(), authorization: None, dpop: None };
    let text = http.send(&ask).await.unwrap().body;
    text.split("curl ").skip(1).map(call).collect()
}

fn call(command: &str) -> Call {
    let header = |name: &str| {
        let (_, rest) = command.split_once(&format!("-H '{name}: "))?;
        Some(rest.split_once('\'')?.0.to_owned())
    };
    let url = command.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    Call {
        method: if command.contains("-X POST") { "POST" } else { "GET" },
        url: url.to_owned(),
        authorization: header("Authorization"),
        dpop: header("DPoP"),
    }
}
