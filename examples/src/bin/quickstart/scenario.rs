//! What the client and the thief send, and what must come of it.

use std::time::Duration;

use fapi_core::{Clock as _, SystemClock};
use fapi_examples::api::READ;
use fapi_examples::client::{Answer, Call, CallError, Http};
use fapi_testkit::{TestClient, TestIssuer, TokenBuilder};

/// One thing that is sent.
pub(crate) struct Scenario {
    /// Its name in commands.
    pub(crate) name: &'static str,
    /// Its line in the table.
    pub(crate) sends: &'static str,
    /// The status of the last answer.
    status: u16,
    /// The `error` of the challenge in the last answer, if any.
    error: Option<&'static str>,
    /// The calls, in order, with proofs that carry this nonce.
    pub(crate) calls: fn(&Stage, Option<&str>) -> Vec<Call>,
}

/// What the client does first: the API has just started, so it asks for a nonce.
const FIRST_CALL: Scenario = Scenario {
    name: "first",
    sends: "GET /whoami, right after the API's start",
    status: 401,
    error: Some("use_dpop_nonce"),
    calls: |stage, _| vec![stage.good_call(None)],
};

/// What follows, each with the nonce that the first call brought.
pub(crate) const SCENARIOS: [Scenario; 9] = [
    Scenario {
        name: "good",
        sends: "GET /whoami, with the API's nonce",
        status: 200,
        error: None,
        calls: |stage, nonce| vec![stage.good_call(nonce)],
    },
    Scenario {
        name: "replay",
        sends: "a good call, then exactly the same again",
        status: 401,
        error: Some("invalid_dpop_proof"),
        calls: |stage, nonce| vec![stage.good_call(nonce); 2],
    },
    Scenario {
        name: "bearer",
        sends: "a stolen token, as Bearer",
        status: 401,
        error: Some("invalid_token"),
        calls: |stage, _| {
            let authorization = Some(format!("Bearer {}", stage.token().sign()));
            vec![Call { authorization, dpop: None, ..stage.good_call(None) }]
        },
    },
    Scenario {
        name: "other-key",
        sends: "a stolen token, with the thief's own key",
        status: 401,
        error: Some("invalid_token"),
        calls: |stage, nonce| vec![stage.call("GET", "/whoami", &stage.token().sign(), &stage.thief, nonce)],
    },
    Scenario {
        name: "wrong-method",
        sends: "POST /records, with the proof of a GET",
        status: 401,
        error: Some("invalid_dpop_proof"),
        calls: |stage, nonce| {
            let get = stage.call("GET", "/records", &stage.token().sign(), &stage.client, nonce);
            vec![Call { method: "POST", ..get }]
        },
    },
    Scenario {
        name: "expired",
        sends: "an expired token",
        status: 401,
        error: Some("invalid_token"),
        calls: |stage, nonce| {
            let long_ago = SystemClock.now().saturating_sub(Duration::from_secs(3600));
            let token = stage.token().issued_at(long_ago).sign();
            vec![stage.call("GET", "/whoami", &token, &stage.client, nonce)]
        },
    },
    Scenario {
        name: "no-token",
        sends: "no token at all",
        status: 401,
        error: None,
        calls: |stage, _| vec![Call { authorization: None, dpop: None, ..stage.good_call(None) }],
    },
    Scenario {
        name: "records",
        sends: "GET /records, within the token's scope",
        status: 200,
        error: None,
        calls: |stage, nonce| {
            vec![stage.call("GET", "/records", &stage.token().sign(), &stage.client, nonce)]
        },
    },
    Scenario {
        name: "scope",
        sends: "POST /records, beyond the token's scope",
        status: 403,
        error: Some("insufficient_scope"),
        calls: |stage, nonce| {
            vec![stage.call("POST", "/records", &stage.token().sign(), &stage.client, nonce)]
        },
    },
];

/// Who takes part.
pub(crate) struct Stage {
    issuer: TestIssuer,
    api: String,
    client: TestClient,
    thief: TestClient,
}

impl Stage {
    pub(crate) fn new(issuer: TestIssuer, api: String) -> Self {
        Self { issuer, api, client: TestClient::new(), thief: TestClient::new() }
    }

    /// The client's token, bound to its key.
    fn token(&self) -> TokenBuilder {
        self.issuer.token().audience(&self.api).client_id("quickstart").scope(READ).bound_to(&self.client)
    }

    fn good_call(&self, nonce: Option<&str>) -> Call {
        self.call("GET", "/whoami", &self.token().sign(), &self.client, nonce)
    }

    /// A call with this token, and a proof of `holder`'s key that is right for the call.
    fn call(
        &self,
        method: &'static str,
        path: &str,
        token: &str,
        holder: &TestClient,
        nonce: Option<&str>,
    ) -> Call {
        let url = format!("{}{path}", self.api);
        let proof = holder.proof(method, &url).access_token(token);
        let proof = match nonce {
            Some(nonce) => proof.nonce(nonce),
            None => proof,
        };
        Call { method, url, authorization: Some(format!("DPoP {token}")), dpop: Some(proof.sign()) }
    }

    /// The nonce that the API wants at this time, if any.
    pub(crate) async fn nonce(&self, http: &Http) -> Result<Option<String>, CallError> {
        Ok(http.send(&self.good_call(None)).await?.nonce().map(str::to_owned))
    }
}

/// A line of the table.
pub(crate) struct Line {
    pub(crate) sent: &'static str,
    pub(crate) came_back: String,
    pub(crate) as_expected: bool,
}

/// Plays everything once.
pub(crate) async fn play(stage: &Stage, http: &Http) -> Vec<Line> {
    let first = send(&FIRST_CALL, stage, http, None).await;
    let nonce = first.as_ref().ok().and_then(Answer::nonce).map(str::to_owned);
    let mut lines = vec![FIRST_CALL.line(first)];
    for scenario in &SCENARIOS {
        let answer = send(scenario, stage, http, nonce.as_deref()).await;
        lines.push(scenario.line(answer));
    }
    lines
}

/// Sends the calls of a scenario; the last answer counts.
async fn send(
    scenario: &Scenario,
    stage: &Stage,
    http: &Http,
    nonce: Option<&str>,
) -> Result<Answer, CallError> {
    let mut answer = Err("nothing was sent".into());
    for call in (scenario.calls)(stage, nonce) {
        answer = http.send(&call).await;
    }
    answer
}

impl Scenario {
    fn line(&self, answer: Result<Answer, CallError>) -> Line {
        let (as_expected, came_back) = match answer {
            Ok(answer) => {
                let as_expected = answer.status == self.status && answer.challenge("error") == self.error;
                (as_expected, summary(&answer))
            }
            Err(error) => (false, format!("no answer: {error}")),
        };
        Line { sent: self.sends, came_back, as_expected }
    }
}

/// The status, and what the challenge or else the content says.
fn summary(answer: &Answer) -> String {
    let status = answer.status;
    match (answer.challenge("error"), answer.challenge("error_description")) {
        (Some(error), Some(description)) => format!("{status} {error}\n{description}"),
        (Some(error), None) => format!("{status} {error}"),
        (None, _) if status == 401 => "401 and a challenge, without an error".to_owned(),
        // Blanks, so that the table can break the line.
        (None, _) => format!("{status}\n{}", answer.body.replace(",\"", ", \"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Result<Answer, CallError> {
        Ok(Answer { status, headers: Default::default(), body: String::new() })
    }

    #[test]
    fn only_the_expected_answer_will_do() {
        let [good, replay, ..] = &SCENARIOS;
        assert!(good.line(answer(200)).as_expected);
        assert!(!good.line(answer(401)).as_expected);
        assert!(!good.line(Err("connection refused".into())).as_expected);
        // The right status for another reason.
        assert!(!replay.line(answer(401)).as_expected);
    }
}
