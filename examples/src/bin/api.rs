//! An API that is protected by FAPI 2.0, configured by flags, in axum or in actix-web.
//!
//! Read `run` here, then the routes in `src/api/axum.rs` or `src/api/actix.rs`.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use fapi_core::{ConfigError, Issuer, NoncePolicy, Profile, RejectionBody, ResourceServer, Revocation};
use fapi_examples::api::{self, READ, WRITE};
use fapi_examples::cli::{self, Failure};
use fapi_examples::shutdown;
use tokio::net::TcpSocket;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

const EXAMPLE: &str = "\
Example, with an authorization server on this machine:
  api --issuer http://127.0.0.1:9000 --allow-insecure-loopback

Example, behind a gateway that terminates TLS:
  api --listen 127.0.0.1:8080 --public-url https://api.example.com \\
      --issuer https://as.example.com --audience https://api.example.com

Routes: GET /whoami, GET /records (scope records:read), POST /records (scope records:write),
GET /healthz (open), GET /.well-known/oauth-protected-resource (open).

The log is on stderr: a line for each refusal. RUST_LOG=fapi_core=debug also shows accepted requests.";

/// An API that is protected by FAPI 2.0: every request needs a valid access token that is bound to the caller's key.
#[derive(Debug, Parser)]
#[command(name = "api", version, after_help = EXAMPLE)]
struct Arguments {
    /// The web framework; the answers are the same
    #[arg(long, env = "FAPI_FRAMEWORK", value_enum, default_value = "axum")]
    framework: Framework,

    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "FAPI_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// An authorization server whose tokens are accepted; may be repeated (separated by spaces in the variable)
    #[arg(long = "issuer", env = "FAPI_ISSUER", value_name = "URL", value_delimiter = ' ', required = true)]
    issuers: Vec<String>,

    /// What the authorization server puts into `aud` of this API's tokens (default: the public URL)
    #[arg(long, env = "FAPI_AUDIENCE", value_name = "VALUE")]
    audience: Option<String>,

    /// The URL under which clients reach this API, with which their proofs are compared (default: http://ADDR)
    #[arg(long, env = "FAPI_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// The rules that tokens and proofs must meet
    #[arg(long, env = "FAPI_PROFILE", value_enum, default_value = "fapi2")]
    profile: ProfileName,

    /// When a DPoP proof must carry a nonce of this API
    #[arg(long, env = "FAPI_NONCE", value_name = "POLICY", value_enum, default_value = "when-needed")]
    nonce: Nonce,

    /// The longest time from `iat` to `exp` of an access token: nothing else ends a token that was withdrawn
    #[arg(long, env = "FAPI_MAX_TOKEN_LIFETIME", value_name = "TIME", value_parser = humantime::parse_duration, default_value = "1h")]
    max_token_lifetime: Duration,

    /// Let issuer URLs be http on loopback addresses; never on any other host
    #[arg(long, env = "FAPI_ALLOW_INSECURE_LOOPBACK", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    allow_insecure_loopback: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Framework {
    Axum,
    Actix,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    /// FAPI 2.0 Security Profile Final
    Fapi2,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Nonce {
    /// Never: for clients that cannot answer a nonce challenge
    Off,
    /// Always
    Required,
    /// In the first seconds after a start, when used proofs may have been forgotten
    WhenNeeded,
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
    let (socket, address) = match bind(arguments.listen) {
        Ok(bound) => bound,
        Err(error) => {
            // Wrong arguments come first: their exit status must not depend on what else runs here.
            resource_server(&arguments, arguments.listen)?;
            return Err(cannot_listen(arguments.listen, &error));
        }
    };
    cli::start_log();
    let server = resource_server(&arguments, address)?;
    if arguments.nonce == Nonce::Off {
        wait_for_the_next_second().await;
    }
    let listener = socket.listen(BACKLOG).map_err(|error| cannot_listen(address, &error))?;
    cli::say(format_args!("listening on http://{address}"));
    tokio::spawn({
        let server = server.clone();
        // If this fails, the log says so, and the first request after a while tries again.
        async move { server.load_keys().await }
    });
    match arguments.framework {
        Framework::Axum => api::axum::serve(listener, server, stop).await,
        Framework::Actix => api::actix::serve(listener, server, stop).await,
    }
    .map_err(Failure::new)
}

fn resource_server(arguments: &Arguments, address: SocketAddr) -> Result<ResourceServer, Failure> {
    let public_url = arguments.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let audience = arguments.audience.clone().unwrap_or_else(|| public_url.clone());
    let builder = ResourceServer::builder()
        .profile(match arguments.profile {
            ProfileName::Fapi2 => Profile::fapi2(),
        })
        .nonce(match arguments.nonce {
            Nonce::Off => NoncePolicy::Off,
            Nonce::Required => NoncePolicy::Required,
            Nonce::WhenNeeded => NoncePolicy::WhenNeeded,
        })
        .public_url(public_url)
        .audience(audience)
        .revocation(Revocation::max_token_lifetime(arguments.max_token_lifetime))
        .scopes_supported([READ, WRITE])
        .rejection_body(RejectionBody::ProblemJson)
        .allow_insecure_loopback(arguments.allow_insecure_loopback);
    let issuers = arguments.issuers.iter().map(Issuer::new);
    issuers
        .fold(builder, |builder, issuer| builder.issuer(issuer))
        .build()
        .map_err(|error| wrong(arguments, &error))
}

/// The configuration's error, with the flag to mend it.
fn wrong(arguments: &Arguments, error: &ConfigError) -> Failure {
    let hint = match error {
        ConfigError::PublicUrl { .. } if arguments.public_url.is_none() => {
            "; give --public-url, since --listen is no loopback address"
        }
        ConfigError::Issuer(_) if arguments.issuers.iter().any(|issuer| issuer.starts_with("http://")) => {
            "; http is for loopback addresses only, with --allow-insecure-loopback"
        }
        _ => "",
    };
    Failure::usage(format_args!("{error}{hint}"))
}

/// Takes the address, but lets nobody connect yet.
fn bind(address: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Not on Windows, where it would share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::new(format_args!("cannot listen on {address}: {error}"))
}

/// Without nonces, proofs from before the start are refused, and their `iat` is in whole seconds: one that is made in the
/// second of the start would be refused too. Nobody is let in before that second is over.
async fn wait_for_the_next_second() {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    let rest = Duration::from_secs(1).saturating_sub(Duration::from_nanos(passed.into()));
    tokio::time::sleep(rest).await;
}
