//! The run itself: case after case, at the agreed pace, until all are done or the time is up.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fapi_core::Binding;
use futures_util::future::join_all;
use tokio::time::sleep;

use super::judge::{self, Context, Failure, Reply};
use super::options::Origin;
use super::pace::Pace;
use super::ready::allows_nonce_challenge;
use super::redact::Redactor;
use super::report::{Exchange, Outcome, Report, Summary, TestedApi, Verdict};
use super::target::Target;
use super::{CannotTest, Credentials, Options, TargetError};
use crate::catalogue::{self, Answer, Call, Case, MakeCall, Need, Scene, Setting, Step, Tokens, Volley};

/// What a run is doing.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The API is not ready yet; and why.
    Waiting(&'a str),
    /// The API is ready, and so many cases follow.
    Started(usize),
    /// A case has come to its end.
    Finished(&'a Outcome),
}

/// How long to wait between two tries of a patient request.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Who hears of the progress of a run.
pub(super) type Listener<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

/// Runs the catalogue against any target.
///
/// # Errors
/// If not even a valid request is served.
pub async fn run_against(
    target: &dyn Target,
    credentials: Credentials,
    options: Options,
    listener: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Report, CannotTest> {
    let cases: Vec<&'static Case> = catalogue::all().iter().filter(|case| options.selects(case)).collect();
    if cases.is_empty() {
        return Err(CannotTest::NoCases);
    }
    let source = credentials.describe();
    let mut runner = Runner::prepare(target, credentials, options, listener).await?;
    runner.wait_until_ready().await?;
    let waits = |case: &&Case| case.needs.contains(&Need::Uptime) && runner.skips(case).is_none();
    if cases.iter().any(waits) {
        runner.wait_for_uptime().await;
    }
    runner.has_metadata = runner.finds_metadata().await;
    runner.report_progress(Progress::Started(cases.len()));
    let mut outcomes = Vec::with_capacity(cases.len());
    let mut last_answered = None;
    for case in cases {
        let outcome = runner.try_case(case).await;
        runner.check_presence(&outcome, &mut last_answered).await?;
        runner.report_progress(Progress::Finished(&outcome));
        outcomes.push(outcome);
    }
    Ok(runner.report(source, outcomes))
}

/// A run.
pub(super) struct Runner<'a> {
    pub(super) target: &'a dyn Target,
    pub(super) setting: Arc<Setting>,
    pub(super) options: Options,
    pace: Pace,
    redactor: Redactor,
    pub(super) nonce: Option<String>,
    pub(super) has_metadata: bool,
    /// How often the API had fetched keys, and when that was noticed.
    fetches: Option<usize>,
    pub(super) fetched: Instant,
    pub(super) started: Instant,
    started_at: u64,
    listener: Listener<'a>,
}

impl<'a> Runner<'a> {
    async fn prepare(
        target: &'a dyn Target,
        credentials: Credentials,
        options: Options,
        listener: Listener<'a>,
    ) -> Result<Self, CannotTest> {
        let terms = options.terms();
        let certificate = target.certificate().map(<[u8]>::to_vec);
        if terms.binding() == Binding::Mtls && certificate.is_none() {
            return Err(CannotTest::NoCertificate { hint: options.origin.certificate() });
        }
        let bound_to = certificate.as_deref().filter(|_| terms.binding() == Binding::Mtls);
        let prepared = credentials.prepare(bound_to).await;
        let (cast, tokens) = prepared.map_err(|error| CannotTest::NoTokens(error.to_string()))?;
        let own_tokens = matches!(tokens, Tokens::Minted(_));
        let setting = Setting {
            public_url: options.public_url.clone(),
            method: options.method.clone(),
            path: options.path.clone(),
            audience: options.audience.clone(),
            scope: options.scope.clone(),
            scope_route: options.scope_route.clone(),
            step_up_route: options.step_up_route.clone(),
            details_route: options.details_route.clone(),
            status_lists: options.status_lists,
            security_events: options.security_events.clone(),
            terms,
            cast,
            tokens,
            certificate,
            clock: Arc::clone(&options.clock),
        };
        let token = setting
            .client_token()
            .ok_or_else(|| CannotTest::NoTokens("none for the client's key".to_owned()))?;
        Ok(Self {
            target,
            setting: Arc::new(setting),
            pace: Pace::per_second(options.rate),
            redactor: Redactor { token, own_tokens },
            nonce: None,
            has_metadata: false,
            fetches: None,
            fetched: Instant::now(),
            started: Instant::now(),
            started_at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            options,
            listener,
        })
    }

    pub(super) fn report_progress(&mut self, progress: Progress<'_>) {
        (self.listener)(progress);
    }

    /// How the user has written the options.
    pub(super) fn origin(&self) -> Origin {
        self.options.origin
    }

    pub(super) fn ready_limit(&self) -> Duration {
        self.options.ready_limit
    }

    pub(super) fn key_fetches(&self) -> Option<usize> {
        self.setting.key_fetches()
    }

    fn scene(&self) -> Scene {
        Scene {
            setting: Arc::clone(&self.setting),
            nonce: self.nonce.clone(),
            sent: vec![],
            token: self.redactor.token.clone(),
        }
    }

    /// A valid request, with a nonce if one is asked for.
    pub(super) async fn baseline(&mut self) -> Reply {
        self.ask(Scene::valid).await
    }

    /// A request, with a nonce if one is asked for.
    pub(super) async fn ask(&mut self, call: MakeCall) -> Reply {
        let mut scene = self.scene();
        let answer = self.send(&call(&scene)).await?;
        if !answer.asks_for_nonce() {
            return Ok(answer);
        }
        scene.nonce.clone_from(&self.nonce);
        self.send(&call(&scene)).await
    }

    async fn finds_metadata(&mut self) -> bool {
        let call = Call::new("GET", &self.scene().metadata_path());
        self.send(&call).await.is_ok_and(|answer| answer.is_success())
    }

    /// Sends one request and keeps the nonce of the answer.
    async fn send(&mut self, call: &Call) -> Reply {
        self.pace.wait_for(1).await;
        let reply = self.target.send(call).await;
        self.keep_nonce(&reply);
        reply
    }

    /// RFC 9449 §8.2: the nonce of an answer is the one to use from then on.
    fn keep_nonce(&mut self, reply: &Reply) {
        if let Some(nonce) = reply.iter().flat_map(|answer| answer.values("dpop-nonce")).next() {
            self.nonce = Some(nonce.to_owned());
        }
    }

    /// Keeps in mind when the API fetched keys last.
    fn note_fetches(&mut self) {
        let fetches = self.setting.key_fetches();
        if fetches != self.fetches {
            (self.fetches, self.fetched) = (fetches, Instant::now());
        }
    }

    async fn try_case(&mut self, case: &'static Case) -> Outcome {
        self.note_fetches();
        let started = Instant::now();
        let mut exchanges = Vec::new();
        let verdict = match self.skips(case) {
            Some(why) => Verdict::Skipped { why: why.to_owned() },
            None => match self.try_steps(case, &mut exchanges).await {
                Ok(()) => Verdict::Passed,
                Err(Failure { severity, why }) => Verdict::Failed { severity, why },
            },
        };
        self.setting.recover_issuer();
        Outcome { case, expected: case.expected(), verdict, exchanges, duration: started.elapsed() }
    }

    async fn try_steps(&mut self, case: &'static Case, exchanges: &mut Vec<Exchange>) -> Result<(), Failure> {
        let mut scene = self.scene();
        let fetches = self.setting.key_fetches().unwrap_or_default();
        for (index, step) in case.steps.iter().enumerate() {
            let sent = self.try_step(step, &mut scene).await;
            exchanges.extend(sent.iter().map(|(call, reply)| self.exchange(call, reply)));
            let url = self.setting.url();
            let key_fetches = self.setting.key_fetches().unwrap_or_default().saturating_sub(fetches);
            let step_up_route = self.setting.step_up_route.as_ref();
            let context = Context { case, url: &url, key_fetches, step_up_route };
            judge::judge(context, step, &sent).map_err(|failure| of_step(failure, case, index))?;
        }
        Ok(())
    }

    /// The requests as they were sent last, and the replies.
    async fn try_step(&mut self, step: &Step, scene: &mut Scene) -> Vec<(Call, Reply)> {
        let before = scene.sent.len();
        let sent = self.send_volley(step, scene).await;
        let asked = sent.iter().flat_map(|(_, reply)| reply).any(Answer::asks_for_nonce);
        // R62: once, and not where being asked is what the case is about.
        if !asked || allows_nonce_challenge(&step.expectation) {
            return sent;
        }
        scene.sent.truncate(before);
        self.send_volley(step, scene).await
    }

    async fn send_volley(&mut self, step: &Step, scene: &mut Scene) -> Vec<(Call, Reply)> {
        let started = Instant::now();
        loop {
            let sent = self.send_once(step, scene).await;
            let accepted = sent.iter().any(|(_, reply)| reply.as_ref().is_ok_and(Answer::is_success));
            let go_on = match step.volley {
                Volley::Patient => !accepted && started.elapsed() < self.rotation_limit(),
                Volley::UntilRefused => accepted && started.elapsed() < self.revocation_limit(),
                _ => false,
            };
            if !go_on {
                return sent;
            }
            sleep(PATIENCE).await;
        }
    }

    async fn send_once(&mut self, step: &Step, scene: &mut Scene) -> Vec<(Call, Reply)> {
        scene.nonce.clone_from(&self.nonce);
        let calls = match step.volley {
            Volley::Single | Volley::Patient | Volley::UntilRefused => vec![(step.call)(scene)],
            Volley::Copies(copies) => vec![(step.call)(scene); copies],
            Volley::Parallel(requests) => make_each(step, scene, requests),
        };
        if !matches!(step.volley, Volley::Parallel(_)) {
            scene.sent.extend(calls.first().cloned());
        }
        self.pace.wait_for(calls.len()).await;
        let replies = join_all(calls.iter().map(|call| self.target.send(call))).await;
        replies.iter().for_each(|reply| self.keep_nonce(reply));
        calls.into_iter().zip(replies).collect()
    }

    fn exchange(&self, call: &Call, reply: &Reply) -> Exchange {
        let received = match reply {
            Ok(answer) => Ok(self.redactor.received(answer)),
            Err(error) => Err(TargetError::to_string(error)),
        };
        Exchange { sent: self.redactor.sent(call), received }
    }

    fn report(self, credentials: String, outcomes: Vec<Outcome>) -> Report {
        Report {
            version: env!("CARGO_PKG_VERSION"),
            target: TestedApi {
                address: self.target.address(),
                public_url: self.options.public_url,
                method: self.options.method,
                path: self.options.path,
                audience: self.options.audience,
                credentials,
                nonces: self.nonce.is_some(),
            },
            profile: self.options.profile,
            started: self.started_at,
            duration: self.started.elapsed(),
            summary: Summary::of(&outcomes),
            outcomes,
        }
    }
}

/// Says which request of several it was.
fn of_step(failure: Failure, case: &Case, index: usize) -> Failure {
    if case.steps.len() == 1 {
        return failure;
    }
    let number = index.saturating_add(1);
    Failure { why: format!("request {number} of {}: {}", case.steps.len(), failure.why), ..failure }
}

/// Each request from what was made before it, so that they can differ.
fn make_each(step: &Step, scene: &mut Scene, requests: usize) -> Vec<Call> {
    let make = |_| {
        let call = (step.call)(scene);
        scene.sent.push(call.clone());
        call
    };
    (0..requests).map(make).collect()
}
