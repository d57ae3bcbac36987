//! The contract table against the core: the answers that both adapters must carry unchanged.

#![allow(missing_docs, reason = "tests")]

use fapi_core::{FieldLines, Requirement, ResourceRequest};
use fapi_testkit::contract::{Contract, ContractCase, Expected};

#[tokio::test]
async fn every_request_gets_exactly_the_answer_of_the_contract() {
    let Contract { server, cases } = Contract::new();
    for case in cases {
        assert_eq!(answer(&server, &case).await, case.expected, "{}", case.name);
    }
}

async fn answer(server: &fapi_core::ResourceServer, case: &ContractCase) -> Expected {
    let sent = &case.request;
    let (path, query) = match sent.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (sent.target, None),
    };
    let lines = |name: &str| -> FieldLines<'_> {
        sent.headers.iter().filter(|(own, _)| *own == name).map(|(_, value)| value.as_bytes()).collect()
    };
    let request = ResourceRequest::new(sent.method, path, query)
        .with_authorization(lines("authorization"))
        .with_dpop(lines("dpop"))
        .with_peer_certificate(sent.certificate.as_deref());
    let verified = match server.verify(&request).await {
        Ok(verified) if path == "/admin" => verified.check(&Requirement::scope("admin")),
        Ok(_) => Ok(()),
        Err(rejection) => Err(rejection),
    };
    match &verified {
        Ok(()) => Expected::from_answer(200, []),
        Err(rejection) => Expected::from_answer(rejection.status(), rejection.headers()),
    }
}
