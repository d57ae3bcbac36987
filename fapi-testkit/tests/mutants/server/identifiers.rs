//! `x-fapi-interaction-id` (FAPI implementation advice §2.2.1): a UUID or nothing.

use hyper::http::HeaderValue;
use hyper::http::request::Parts;

use super::ReferenceServer;
use super::answer::{Answer, Refusal};
use crate::flaw::Flaw;

const NAME: &str = "x-fapi-interaction-id";
/// A server for tests need not think of a new one each time.
const OWN: HeaderValue = HeaderValue::from_static("c770aef3-6784-41f7-8e0e-ff5f97bddb3a");

impl ReferenceServer {
    /// A profile may want one with every request.
    pub(super) fn check_identifier(&self, parts: &Parts) -> Result<(), Refusal> {
        let owed = self.rules.interaction_id_required && !self.has(Flaw::InteractionIdOptional);
        let mut sent = parts.headers.get_all(NAME).iter();
        let one = matches!((sent.next(), sent.next()), (Some(id), None) if is_uuid(id));
        if owed && !one { Err(Refusal::InvalidRequest) } else { Ok(()) }
    }

    /// The answer with the identifier of the request, or with a new one where the profile wants that.
    pub(super) fn identified(&self, mut answer: Answer, parts: &Parts) -> Answer {
        if self.has(Flaw::InteractionIdOnSuccess) && !answer.status().is_success() {
            return answer;
        }
        let sent = parts.headers.get(NAME);
        let made = self.rules.interaction_id_made && !self.has(Flaw::InteractionIdUnmade);
        let id = match sent {
            Some(_) if self.has(Flaw::InteractionIdOther) => OWN,
            Some(sent) if is_uuid(sent) || self.has(Flaw::InteractionIdEchoed) => sent.clone(),
            _ if made => OWN,
            _ => return answer,
        };
        answer.headers_mut().insert(NAME, id);
        answer
    }
}

fn is_uuid(value: &HeaderValue) -> bool {
    value.len() == 36 && value.as_bytes().iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}
