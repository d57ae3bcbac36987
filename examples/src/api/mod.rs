//! The API of the example programs: what it answers, whatever the framework.
//!
//! | route | needs |
//! |---|---|
//! | `GET /whoami` | a valid token |
//! | `GET /records` | the scope `records:read` |
//! | `POST /records` | the scope `records:write` |
//! | `GET /sensitive` | a user who has proved who it is in the last five minutes, in one of two ways (RFC 9470) |
//! | `POST /payments` | the user's consent to a payment in euros (RFC 9396) |
//! | `POST /security-events` | what the transmitter of security events was told to send (RFC 8935); 404 without one |
//! | `GET /healthz` | nothing |
//! | `GET /.well-known/oauth-protected-resource` | nothing (RFC 9728) |
//!
//! Every other path needs a valid token before it is answered with 404.

pub mod actix;
pub mod axum;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fapi_core::{AccessToken, Requirement, UnixTime};
use serde::{Deserialize, Serialize};

/// Where the issuer pushes what it has revoked, if the server is configured to receive it.
pub const SECURITY_EVENTS: &str = "/security-events";

/// The scope for `GET /records`.
pub const READ: &str = "records:read";
/// The scope for `POST /records`.
pub const WRITE: &str = "records:write";

/// The ways in which the user must have proved who it is for `GET /sensitive`: any one of these values of `acr`.
pub const ACR_VALUES: [&str; 2] = ["urn:example:loa:substantial", "urn:example:loa:high"];
/// How long ago that may have been.
pub const MAX_AGE: Duration = Duration::from_secs(300);
/// The type of the authorization detail for `POST /payments`.
pub const PAYMENT: &str = "payment_initiation";

/// How long requests under way may take when the program is asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// The records that are kept: this is an example, not a database.
const MAX_RECORDS: usize = 100;

/// The answer of `GET /whoami`: what the API knows about the caller.
#[derive(Debug, Serialize)]
struct Whoami<'a> {
    sub: &'a str,
    client_id: &'a str,
    scope: Vec<&'a str>,
    binding: &'static str,
}

impl<'a> Whoami<'a> {
    fn of(token: &'a AccessToken) -> Self {
        Self {
            sub: token.subject().as_str(),
            client_id: token.client_id().as_str(),
            scope: token.scope().iter().collect(),
            binding: token.binding().name(),
        }
    }
}

/// What `GET /sensitive` asks for.
fn recent_login() -> Requirement {
    Requirement::acr_any(ACR_VALUES).and(Requirement::max_age(MAX_AGE))
}

/// The answer of `GET /sensitive`: when and how the user has proved who it is.
#[derive(Debug, Serialize)]
struct Login<'a> {
    acr: Option<&'a str>,
    auth_time: Option<u64>,
}

impl<'a> Login<'a> {
    fn of(token: &'a AccessToken) -> Self {
        Self { acr: token.acr(), auth_time: token.auth_time().map(UnixTime::as_secs) }
    }
}

/// A payment as the user has consented to it: the authorization detail, and the answer of `POST /payments`.
///
/// A detail with any other member is not read, and grants nothing.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payment {
    instructed_amount: Amount,
    creditor_name: String,
}

/// An amount of money.
#[derive(Debug, Deserialize, Serialize)]
struct Amount {
    currency: String,
    amount: String,
}

impl Payment {
    /// What `POST /payments` asks for.
    fn consent() -> Requirement {
        Requirement::authorization_details(PAYMENT, Self::is_in_euros)
    }

    fn is_in_euros(&self) -> bool {
        self.instructed_amount.currency == "EUR"
    }

    /// The payment to make: amount and creditor are those of the consent, whatever the caller says.
    fn granted_by(token: &AccessToken) -> Option<Self> {
        token.authorization_details(PAYMENT).into_iter().find(Self::is_in_euros)
    }
}

/// The answer of `GET /healthz`.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
}

const HEALTHY: Health = Health { status: "ok" };

/// A record: the example keeps no more of it than who added it.
#[derive(Clone, Debug, Serialize)]
struct Record {
    id: u64,
    added_by: String,
}

/// The answer of `GET /records`.
#[derive(Debug, Serialize)]
struct RecordList {
    records: Vec<Record>,
}

/// The last records that were added; clones share them.
#[derive(Clone, Debug, Default)]
struct Records(Arc<Mutex<VecDeque<Record>>>);

impl Records {
    fn list(&self) -> RecordList {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        RecordList { records: records.iter().cloned().collect() }
    }

    fn add(&self, token: &AccessToken) -> Record {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() >= MAX_RECORDS {
            records.pop_front();
        }
        let id = records.back().map_or(1, |last| last.id.saturating_add(1));
        let record = Record { id, added_by: token.client_id().as_str().to_owned() };
        records.push_back(record.clone());
        record
    }
}
