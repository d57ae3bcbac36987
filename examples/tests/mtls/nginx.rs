//! nginx in front of a Unix domain socket.

use std::net::Ipv4Addr;
use std::process::Command;

use fapi_core::{CertificateHeader, TrustedProxy};
use fapi_testkit::TestCertificate;

use crate::process::{Proxy, documented, installed, replaced};
use crate::scenario::Scenario;

/// What is not the API's affair, around the documented block: where temporary files are, and who runs it.
const AROUND: &str = "daemon off;\nmaster_process off;\npid {dir}nginx.pid;\nerror_log {dir}error.log;\nevents {}\n\
    http {\naccess_log off;\nclient_body_temp_path {dir}b;\nproxy_temp_path {dir}p;\nfastcgi_temp_path {dir}f;\n\
    uwsgi_temp_path {dir}u;\nscgi_temp_path {dir}s;\n{server}}\n";

fn escaped(certificate: &TestCertificate) -> String {
    let reserved = [("\n", "%0A"), (" ", "%20"), ("+", "%2B"), ("/", "%2F"), ("=", "%3D")];
    reserved.iter().fold(certificate.pem().to_owned(), |text, (from, to)| text.replace(from, to))
}

// R50, R72, R82, R84, P26, P50
#[tokio::test(flavor = "multi_thread")]
async fn nginx() {
    let Some(program) = installed("nginx") else { return };
    let scenario =
        Scenario::new("nginx", TrustedProxy::at_unix_socket(), CertificateHeader::nginx("X-Client-Cert"))
            .await;
    scenario.listen_on_socket();
    let directory = scenario.directory.prefix();
    let server = replaced(
        documented("nginx"),
        &[
            ("443", &format!("127.0.0.1:{}", scenario.port)),
            ("/etc/api/", &directory),
            ("/run/api/", &directory),
        ],
    );
    let configuration = AROUND.replace("{dir}", &directory).replace("{server}", &server);
    let file = scenario.directory.write("nginx.conf", &configuration);
    let mut command = Command::new(program);
    command.arg("-c").arg(file).arg("-p").arg(&directory).arg("-e").arg(format!("{directory}error.log"));
    let _proxy = Proxy::start(&mut command, &scenario.directory, scenario.port);

    scenario.certificates(escaped).await;
    scenario.past_the_proxy(Ipv4Addr::LOCALHOST, escaped).await;
    scenario.hosts().await;
    scenario.catalogue(&[]).await;
}
