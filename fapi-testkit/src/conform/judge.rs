//! Whether an answer is acceptable, and how bad it is if not.

use crate::catalogue::{
    Acceptable, Answer, Call, Case, Evidence, Expectation, Severity, Step, StepUpRoute, Volley,
};

use super::target::TargetError;

/// What is wrong with an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Failure {
    pub(super) severity: Severity,
    pub(super) why: String,
}

/// What came back for a request.
pub(super) type Reply = Result<Answer, TargetError>;

/// What the judge knows beside the answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) case: &'a Case,
    pub(super) url: &'a str,
    pub(super) key_fetches: usize,
    pub(super) step_up_route: Option<&'a StepUpRoute>,
}

/// Judges the replies to the requests of one step.
pub(super) fn judge(context: Context<'_>, step: &Step, sent: &[(Call, Reply)]) -> Result<(), Failure> {
    let judge_one = |(call, reply): &(Call, Reply)| judge_one(context, &step.expectation, call, reply);
    if !matches!(step.volley, Volley::Copies(_)) {
        return sent.iter().try_for_each(judge_one);
    }
    let is_success = |(_, reply): &&(Call, Reply)| reply.as_ref().is_ok_and(Answer::is_success);
    match sent.iter().filter(is_success).count() {
        1 => sent.iter().filter(|exchange| !is_success(exchange)).try_for_each(judge_one),
        accepted => {
            let why = format!("{accepted} of {} copies of one request were accepted, not one", sent.len());
            Err(Failure { severity: context.case.severity, why })
        }
    }
}

fn judge_one(
    context: Context<'_>,
    expectation: &Expectation,
    call: &Call,
    reply: &Reply,
) -> Result<(), Failure> {
    let answer = match reply {
        Ok(answer) => answer,
        Err(TargetError::Closed(_)) if expectation.answers.contains(&Acceptable::Closed) => return Ok(()),
        Err(error) => {
            return Err(Failure { severity: unanswered(context.case, expectation), why: error.to_string() });
        }
    };
    if !expectation.answers.iter().any(|acceptable| matches(acceptable, answer)) {
        return Err(unacceptable(context.case, expectation, answer));
    }
    let Context { url, key_fetches, step_up_route, .. } = context;
    let evidence = Evidence { call, answer, url, key_fetches, step_up_route };
    for condition in expectation.all_conditions() {
        if !(condition.holds)(&evidence) {
            let own = expectation.conditions.iter().any(|own| own.text == condition.text);
            let severity = if own { context.case.severity } else { Severity::Low };
            return Err(Failure { severity, why: format!("does not hold: {}", condition.text) });
        }
    }
    Ok(())
}

fn matches(acceptable: &Acceptable, answer: &Answer) -> bool {
    match acceptable {
        Acceptable::Accepted => answer.is_success(),
        Acceptable::Closed => false,
        Acceptable::Refused { status, errors } => {
            *status == answer.status && errors.contains(&error(answer).as_deref())
        }
    }
}

/// The `error` of the first challenge that has one.
fn error(answer: &Answer) -> Option<String> {
    answer.challenges().iter().find_map(|challenge| challenge.parameter("error").map(str::to_owned))
}

fn unacceptable(case: &Case, expectation: &Expectation, answer: &Answer) -> Failure {
    let (severity, what) = match answer.status {
        200..=299 => (case.severity, "accepted"),
        500..=599 => (unanswered(case, expectation), "the server failed"),
        _ if expectation.allows_success() => (case.severity, "refused"),
        // Refused as it should be, only not in the form that the specifications ask for.
        _ => (Severity::Low, "refused in another form"),
    };
    let error = error(answer).map(|error| format!(" {error}")).unwrap_or_default();
    Failure { severity, why: format!("{what}: {}{error}; expected {expectation}", answer.status) }
}

/// A server that fails lets nobody in, but it does not stand either.
fn unanswered(case: &Case, expectation: &Expectation) -> Severity {
    if expectation.allows_success() { case.severity } else { Severity::Medium }
}
