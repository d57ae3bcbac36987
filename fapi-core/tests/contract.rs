//! The contract table against the core: the answers that both adapters must carry unchanged.

#![allow(missing_docs, reason = "tests")]

use fapi_core::{FieldLines, ResourceRequest};
use fapi_testkit::contract::{Contract, ContractCase, Expected};

#[tokio::test]
async fn every_request_gets_exactly_the_answer_of_the_contract() {
    for contract in Contract::all("GET") {
        for case in &contract.cases {
            assert_eq!(answer(&contract, case).await, case.expected, "{}", case.name);
        }
    }
}

async fn answer(contract: &Contract, case: &ContractCase) -> Expected {
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
        .with_interaction_id(lines("x-fapi-interaction-id"))
        .with_peer_certificate(sent.certificate.as_deref());
    let requirement = contract.routes.iter().find(|(own, _)| *own == path);
    let decision = contract.server.verify(&request).await.and_then(|verified| {
        requirement.map_or(Ok(()), |(_, requirement)| verified.check(requirement)).map(|()| verified)
    });
    match &decision {
        Ok(verified) => Expected::from_answer(200, verified.answer_headers()),
        Err(rejection) => Expected::from_answer(rejection.status(), rejection.headers()),
    }
}
