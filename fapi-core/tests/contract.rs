//! The contract table against the core: the answers that both adapters must carry unchanged.

#![allow(missing_docs, reason = "tests")]

use fapi_core::{FieldLines, ResourceRequest};
use fapi_testkit::contract::{Contract, ContractCase, ECHOED_HEADERS, Expected, SEEN_BY_HANDLER};

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
    let proxy_headers: Vec<_> = contract.server.proxy_headers().map(|name| (name, lines(name))).collect();
    let request = ResourceRequest::new(sent.method, path, query)
        .with_authorization(lines("authorization"))
        .with_dpop(lines("dpop"))
        .with_interaction_id(lines("x-fapi-interaction-id"))
        .with_peer_certificate(sent.certificate.as_deref())
        .with_peer(sent.peer)
        .with_proxy_headers(&proxy_headers);
    let requirement = contract.routes.iter().find(|(own, _)| *own == path);
    let decision = contract.server.verify(&request).await.and_then(|verified| {
        requirement.map_or(Ok(()), |(_, requirement)| verified.check(requirement)).map(|()| verified)
    });
    match &decision {
        Ok(verified) => {
            // What an adapter leaves of the request, and a handler then sees.
            let removed = |name: &&str| {
                !contract.server.trusts(sent.peer) && contract.server.proxy_headers().any(|own| own == *name)
            };
            let left = ECHOED_HEADERS.into_iter().filter(|name| lines(name) != FieldLines::Absent);
            let seen = left.filter(|name| !removed(name)).map(|name| (SEEN_BY_HANDLER, name));
            Expected::from_answer(200, verified.answer_headers().chain(seen))
        }
        Err(rejection) => Expected::from_answer(rejection.status(), rejection.headers()),
    }
}
