//! An API that terminates TLS itself and asks its clients for certificates, in axum or in actix-web (RFC 8705).
//!
//! It makes its own certificate, one for a client and one for somebody else, and says how to call it with each. A real API
//! reads its certificate from files, and trusts an authorization server: see `api`.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use fapi_core::{ClientCertificates, Issuer, ResourceServer, Revocation, ServerTls};
use fapi_examples::api;
use fapi_examples::cli::{self, Failure};
use fapi_examples::shutdown;
use fapi_testkit::{TestCertificate, TestIssuer};
use fapi_tower::TlsListener;
use tokio::net::TcpListener;

/// How long the token that is shown lives.
const LIFETIME: Duration = Duration::from_secs(3600);

/// An API over TLS whose tokens are bound to client certificates, for axum or actix-web.
#[derive(Debug, Parser)]
#[command(name = "mtls", version)]
struct Arguments {
    /// The web framework; the answers are the same
    #[arg(long, value_enum, default_value = "axum")]
    framework: Framework,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,

    /// Refuse connections without a client certificate, also those of clients that use DPoP
    #[arg(long)]
    require_certificate: bool,

    /// Where the certificates and keys are written (default: a folder for temporary files)
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Framework {
    Axum,
    Actix,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(cli::arguments()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let stop = shutdown::requested().map_err(Failure::new)?;
    cli::start_log();
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::new(format_args!("cannot listen on {}: {error}", arguments.listen)))?;
    let port = listener.local_addr().map_err(Failure::new)?.port();
    let url = format!("https://localhost:{port}");

    let certificate = TestCertificate::generate();
    let issuer = TestIssuer::new("https://as.example.com");
    let server = resource_server(&url, &issuer)?;
    let clients = if arguments.require_certificate {
        ClientCertificates::required()
    } else {
        ClientCertificates::optional()
    };
    let tls = ServerTls::from_pem(certificate.pem().as_bytes(), certificate.private_key_pem().as_bytes())
        .and_then(|tls| tls.client_certificates(clients).build())
        .map_err(Failure::new)?;

    let folder = arguments.folder.unwrap_or_else(|| std::env::temp_dir().join("fapi-mtls"));
    explain(&folder, &url, &certificate, &issuer)
        .map_err(|error| Failure::new(format_args!("cannot write to {}: {error}", folder.display())))?;
    match arguments.framework {
        Framework::Axum => api::axum::serve(TlsListener::new(listener, tls), server, stop).await,
        Framework::Actix => api::actix::serve_tls(listener, tls, server, stop).await,
    }
    .map_err(Failure::new)
}

fn resource_server(url: &str, issuer: &TestIssuer) -> Result<ResourceServer, Failure> {
    ResourceServer::builder()
        .public_url(url)
        .audience(url)
        .issuer(Issuer::new(issuer.identifier()).with_key_set(issuer.jwks()))
        .revocation(Revocation::max_token_lifetime(LIFETIME))
        .build()
        .map_err(Failure::new)
}

/// Writes the files of both clients, and says what to do with them.
fn explain(folder: &Path, url: &str, server: &TestCertificate, issuer: &TestIssuer) -> io::Result<()> {
    let (client, other) = (TestCertificate::generate(), TestCertificate::generate());
    fs::create_dir_all(folder)?;
    fs::write(folder.join("server.pem"), server.pem())?;
    for (name, certificate) in [("client", &client), ("other", &other)] {
        fs::write(folder.join(format!("{name}.pem")), certificate.pem())?;
        fs::write(folder.join(format!("{name}.key")), certificate.private_key_pem())?;
    }
    let token = issuer.token().audience(url).lifetime(LIFETIME).bound_to_certificate(client.der()).sign();
    let folder = folder.display();
    let call = |name: &str| {
        format!(
            "curl -si --cacert {folder}/server.pem --cert {folder}/{name}.pem --key {folder}/{name}.key \\\n  \
             -H 'Authorization: Bearer {token}' {url}/whoami"
        )
    };
    cli::say(format_args!("listening on {url}"));
    cli::say(format_args!("\n# the client of the token: 200\n{}", call("client")));
    cli::say(format_args!("\n# somebody who has stolen the token: 401\n{}", call("other")));
    Ok(())
}
