//! fapi-core as its builder makes it, but for the clock: it stands still at the time of the proofs.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fapi_core::{Clock, FieldLines, Issuer, ResourceRequest, ResourceServer, Revocation, UnixTime};

use crate::data::{Data, Request, Setting};
use crate::library::poll_once;
use crate::peer::{Peer, Refusal};

/// After a restart, proofs made before it need a nonce; this server has been running for longer.
const RUNNING: u64 = 3600;

pub struct FapiCore(Setting);

pub struct Input {
    authorization: String,
    proof: Option<String>,
}

#[derive(Debug)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl FapiCore {
    pub fn new(data: &Data) -> Self {
        Self(data.setting.clone())
    }
}

impl Peer for FapiCore {
    type Server = ResourceServer;
    type Input = Input;

    fn server(&self) -> Result<ResourceServer, Box<dyn Error>> {
        let clock = Arc::new(SetClock(AtomicU64::new(self.0.now - RUNNING)));
        let server = ResourceServer::builder()
            .public_url("https://api.example.com")
            .issuer(Issuer::new(&self.0.issuer).with_key_set(self.0.jwks.to_string()))
            .audience(&self.0.audience)
            .revocation(Revocation::max_token_lifetime(Duration::from_secs(3600)))
            .clock(Arc::clone(&clock) as _)
            .build()?;
        clock.0.store(self.0.now, Ordering::Relaxed);
        Ok(server)
    }

    fn input(&self, request: &Request) -> Option<Input> {
        let authorization = format!("{} {}", request.scheme, request.token);
        Some(Input { authorization, proof: request.proof.clone() })
    }

    fn verify(&self, server: &mut ResourceServer, input: &Input) -> Result<(), Refusal> {
        let request = ResourceRequest::new(&self.0.method, "/records", None)
            .with_authorization(lines(Some(&input.authorization)))
            .with_dpop(lines(input.proof.as_deref()));
        match poll_once(server.verify(&request)) {
            Some(Ok(_verified)) => Ok(()),
            Some(Err(rejection)) => Err(rejection.error().to_string()),
            None => Err("it waits".to_owned()),
        }
    }
}

fn lines(line: Option<&str>) -> FieldLines<'_> {
    line.map(str::as_bytes).into_iter().collect()
}
