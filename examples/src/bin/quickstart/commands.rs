//! Hands out the calls as commands to paste. A proof is good for one call and a minute or two, so each command is made
//! when it is asked for.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use fapi_examples::client::Http;
use tokio::net::TcpListener;

use crate::scenario::{SCENARIOS, Stage};

struct Client {
    stage: Stage,
    http: Http,
    url: String,
}

/// What is printed below the table.
pub(crate) fn explain(api: &str, issuer: &str, client: &str) -> String {
    format!(
        "
API     {api}
Issuer  {issuer}
Client  {client}

They run until Ctrl-C; each refusal is a line of the API's log, below. A proof is good for one call, so the client
makes a new one each time. A good call, to paste into another terminal:

  eval \"$(curl -s {client}/good)\"

Put one of these in place of `good`:

{}
The command itself, to read, or to paste twice and see the replay refused:

  curl -s {client}/good

Without a token:

  curl -si {api}/whoami
  curl -si {api}/healthz
  curl -si {api}/.well-known/oauth-protected-resource",
        names()
    )
}

fn names() -> String {
    SCENARIOS.iter().fold(String::new(), |mut names, scenario| {
        // Writing to a String cannot fail.
        let _ = writeln!(names, "  {:<14}{}", scenario.name, scenario.sends);
        names
    })
}

/// Serves the commands for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, url: String, stage: Stage) -> io::Result<()> {
    let client = Arc::new(Client { stage, http: Http::new(), url });
    let router = Router::new().route("/", get(names())).route("/{name}", get(command)).with_state(client);
    axum::serve(listener, router).await
}

async fn command(State(client): State<Arc<Client>>, Path(name): Path<String>) -> (StatusCode, String) {
    let Some(scenario) = SCENARIOS.iter().find(|scenario| scenario.name == name) else {
        return (StatusCode::NOT_FOUND, format!("echo 'There is no such call; see {}/'\n", client.url));
    };
    match client.stage.nonce(&client.http).await {
        Ok(nonce) => {
            let calls = (scenario.calls)(&client.stage, nonce.as_deref());
            (StatusCode::OK, calls.iter().map(|call| format!("{call}\n")).collect())
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("echo 'The API does not answer: {error}'\n")),
    }
}
