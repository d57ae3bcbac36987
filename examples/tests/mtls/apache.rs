//! Apache in front of the loopback address.

use std::net::Ipv4Addr;
use std::process::Command;

use fapi_core::{CertificateHeader, TrustedProxy};
use fapi_testkit::TestCertificate;

use crate::process::{Proxy, documented, installed, replaced};
use crate::scenario::Scenario;

/// What is not the API's affair, where Debian has its modules.
const BEFORE: &str = "ServerRoot {dir}\nServerName localhost\nPidFile {dir}apache.pid\nErrorLog {dir}error.log\nUser www-data\n\
    Group www-data\nListen 127.0.0.1:{port}\n\
    LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n\
    LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n\
    LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so\n\
    LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n\
    LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\n\
    LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n\
    LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so\n";

fn folded(certificate: &TestCertificate) -> String {
    certificate.pem().trim().replace('\n', " ")
}

// R50, R72, R82, R84, P26, P50
#[tokio::test(flavor = "multi_thread")]
async fn apache() {
    let Some(program) = installed("apache2") else { return };
    let scenario =
        Scenario::new("apache", TrustedProxy::at(["127.0.0.1"]), CertificateHeader::apache("X-Client-Cert"))
            .await;
    let (directory, port) = (scenario.directory.prefix(), scenario.port.to_string());
    let host = replaced(
        documented("apache"),
        &[
            ("*:443", &format!("127.0.0.1:{port}")),
            ("/etc/api/", &directory),
            ("127.0.0.1:8080", &scenario.api.to_string()),
        ],
    );
    let before = BEFORE.replace("{dir}", &directory).replace("{port}", &port);
    let file = scenario.directory.write("apache.conf", &[&before, &*host].concat());
    let mut command = Command::new(program);
    // One process in the foreground.
    command.arg("-X").arg("-f").arg(file);
    let _proxy = Proxy::start(&mut command, &scenario.directory, scenario.port);

    scenario.certificates(folded).await;
    scenario.past_the_proxy(Ipv4Addr::new(127, 0, 0, 2), folded).await;
    scenario.past_the_proxy_from_its_address(Ipv4Addr::LOCALHOST, folded).await;
    scenario.hosts().await;
    // It drops the second slash of a path that begins with two, whatever is configured.
    scenario.catalogue(&["request-double-slash"]).await;
}
