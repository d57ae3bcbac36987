//! Opaque tokens (RFC 7662), about which the issuer answers with a signature (RFC 9701) or not at all.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::ReferenceServer;
use super::answer::Refusal;
use super::jws::{Kind, text};
use super::time::Clock;
use super::token::Claims;
use crate::flaw::Flaw;

/// As whom this server asks: `api` with the secret `secret`.
const AUTHORIZATION: &str = "Basic YXBpOnNlY3JldA==";
const CLIENT_ID: &str = "api";
const SIGNED: &str = "application/token-introspection+jwt";

/// How long an answer counts.
pub(super) const AGE: Duration = Duration::from_secs(1);
/// How long the issuer may take, and how much it may say, in bytes.
const PATIENCE: Duration = Duration::from_secs(2);
const MAX_ANSWER: usize = 64 * 1024;
/// How old a signed answer may be, and how far ahead, in seconds.
const WINDOW: f64 = 60.0;

/// What the issuer has said about a token, and when: nothing, if it is not active.
pub(super) type Remembered = (Instant, Option<Claims>);

/// A token that is no JWT.
pub(super) fn is_opaque(token: &str) -> bool {
    !token.starts_with("eyJ")
}

impl ReferenceServer {
    // R125: for a short time, and never without the checks below.
    pub(super) async fn introspected(&self, token: &str, clock: Clock) -> Result<Claims, Refusal> {
        let answer = match self.remembered(token) {
            Some(answer) => answer,
            None => {
                let answer = self.ask_about(token, clock).await?;
                self.answers.lock().unwrap().insert(token.to_owned(), (Instant::now(), answer.clone()));
                answer
            }
        };
        let claims = answer.ok_or_else(|| self.bad_token("not active"))?;
        self.check_issuer(&claims)?;
        if !self.has(Flaw::IntrospectedAudience) {
            self.check_audience(&claims)?;
        }
        if !self.has(Flaw::IntrospectedExp) {
            self.check_token_times(&claims, clock)?;
        }
        Ok(claims)
    }

    fn remembered(&self, token: &str) -> Option<Option<Claims>> {
        let answers = self.answers.lock().unwrap();
        let (then, answer) = answers.get(token)?;
        let kept = match answer {
            Some(_) => self.has(Flaw::KeepsAnswers),
            None => self.has(Flaw::KeepsRefusals),
        };
        (kept || then.elapsed() < AGE).then(|| answer.clone())
    }

    async fn ask_about(&self, token: &str, clock: Clock) -> Result<Option<Claims>, Refusal> {
        let form: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
        let request = Request::post(format!("{}/introspect", self.issuer))
            .header("authorization", AUTHORIZATION)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", SIGNED)
            .body(Full::new(Bytes::from(form)))
            .unwrap();
        let answer = self.fetch(request).await;
        match answer {
            Some((media, body)) if media == SIGNED => self.read_signed(&body, clock).await,
            Some((_, body)) if self.has(Flaw::PlainAnswer) => {
                self.read_answer(self.parse_object(body.as_bytes()))
            }
            // R124: the client cannot help it.
            None if self.has(Flaw::FailureRefuses) => Err(self.bad_token("not asked")),
            _ => Err(Refusal::Unavailable),
        }
    }

    /// Media type and body of an answer with status 200.
    pub(super) async fn fetch(&self, request: Request<Full<Bytes>>) -> Option<(String, String)> {
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let limit = if self.has(Flaw::UnboundedAnswer) { usize::MAX } else { MAX_ANSWER };
        let exchange = async {
            let answer = client.request(request).await.ok().filter(|answer| answer.status() == 200)?;
            let media = answer.headers().get("content-type")?.to_str().ok()?.to_owned();
            let body = Limited::new(answer.into_body(), limit).collect().await.ok()?.to_bytes();
            Some((media, String::from_utf8(body.to_vec()).ok()?.trim().to_owned()))
        };
        tokio::time::timeout(PATIENCE, exchange).await.ok()?
    }

    // RFC 9701 §5
    async fn read_signed(&self, body: &str, clock: Clock) -> Result<Option<Claims>, Refusal> {
        let jws = self.parse_jws(body, Kind::Token).map_err(|_| Refusal::Unavailable)?;
        let key = self.signing_key(&jws).await;
        let signed = key.is_some_and(|key| self.verifies(&jws, &key, Kind::Token));
        let typ = text(&jws.header, "typ").unwrap_or_default();
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        let age = jws.claims.get("iat").and_then(Value::as_f64).map(|iat| (clock.now - iat).abs());
        let holds = (signed || self.has(Flaw::AnswerSignature))
            && (typ == "token-introspection+jwt" || self.has(Flaw::AnswerTyp))
            && text(&jws.claims, "iss") == Some(&self.issuer)
            && (text(&jws.claims, "aud") == Some(CLIENT_ID) || self.has(Flaw::AnswerAudience))
            && (age.is_some_and(|age| age < WINDOW) || self.has(Flaw::AnswerAge));
        match jws.claims.get("token_introspection") {
            Some(Value::Object(answer)) if holds => self.read_answer(Ok(answer.clone())),
            _ => Err(Refusal::Unavailable),
        }
    }

    // RFC 7662 §2.2: a boolean.
    fn read_answer(&self, answer: Result<Claims, String>) -> Result<Option<Claims>, Refusal> {
        let answer = answer.map_err(|_| Refusal::Unavailable)?;
        match answer.get("active") {
            Some(Value::Bool(true)) => Ok(Some(answer)),
            Some(Value::Bool(false)) => Ok(None),
            Some(_) if self.has(Flaw::ActiveTruthy) => Ok(Some(answer)),
            _ => Err(Refusal::Unavailable),
        }
    }
}
