//! HAProxy in front of the loopback address.

use std::net::Ipv4Addr;
use std::process::Command;

use fapi_core::{CertificateHeader, TrustedProxy};

use crate::process::{Proxy, documented, installed, replaced};
use crate::scenario::{Scenario, base64};

/// What is not the API's affair.
const BEFORE: &str = "defaults\n    timeout connect 5s\n    timeout client 10s\n    timeout server 10s\n\n";

// R50, R72, R82, R84, P26, P50
#[tokio::test(flavor = "multi_thread")]
async fn haproxy() {
    let Some(program) = installed("haproxy") else { return };
    let scenario = Scenario::new(
        "haproxy",
        TrustedProxy::at(["127.0.0.1"]),
        CertificateHeader::haproxy("X-Client-Cert"),
    )
    .await;
    let configuration = replaced(
        documented("haproxy"),
        &[
            ("bind :443", &format!("bind 127.0.0.1:{}", scenario.port)),
            ("/etc/api/", &scenario.directory.prefix()),
            ("127.0.0.1:8080", &scenario.api.to_string()),
        ],
    );
    let file = scenario.directory.write("haproxy.cfg", &[BEFORE, &configuration].concat());
    let mut command = Command::new(program);
    command.arg("-db").arg("-f").arg(file);
    let _proxy = Proxy::start(&mut command, &scenario.directory, scenario.port);

    scenario.certificates(base64).await;
    scenario.past_the_proxy(Ipv4Addr::new(127, 0, 0, 2), base64).await;
    scenario.past_the_proxy_from_its_address(Ipv4Addr::LOCALHOST, base64).await;
    scenario.hosts().await;
    scenario.catalogue(&[]).await;
}
