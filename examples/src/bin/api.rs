//! An API that is protected by FAPI 2.0, configured by flags or by a file, in axum or in actix-web.
//!
//! Read `run` here, then the routes in `src/api/axum.rs` or `src/api/actix.rs`. `settings` shows how a program lays its
//! flags over a configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser as _};
use clap::{ArgAction, Parser, ValueEnum};
use fapi_core::config::{Config, RejectionBody, Span};
use fapi_core::{ConfigError, Issuer, NoncePolicy, Profile, ResourceServer, Revocation, SecurityEvents};
use fapi_examples::api::{self, READ, WRITE};
use fapi_examples::cli::{self, Failure};
use fapi_examples::{clock, shutdown};
use tokio::net::TcpSocket;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// How long tokens may live, where nothing else is said of their revocation.
const MAX_TOKEN_LIFETIME: Span = Span(Duration::from_secs(60 * 60));

const EXAMPLE: &str = "\
Example, with an authorization server on this machine:
  api --issuer http://127.0.0.1:9000 --allow-insecure-loopback

Example, behind a gateway that terminates TLS:
  api --listen 127.0.0.1:8080 --public-url https://api.example.com \\
      --issuer https://as.example.com --audience https://api.example.com

Example, of the Norwegian health sector, with the rest in a file:
  api --profile helseid --config api.toml

Example, with an issuer that pushes what it has revoked (CAEP) to POST /security-events:
  FAPI_EVENTS_AUTHORIZATION='Bearer agreed-secret' api --public-url https://api.example.com \\
      --issuer https://as.example.com

Routes: GET /whoami, GET /records (scope records:read), POST /records (scope records:write),
GET /sensitive (acr urn:example:loa:substantial or urn:example:loa:high, auth_time in the last 5 minutes),
POST /payments (an authorization detail of the type payment_initiation, in EUR),
POST /security-events (for the transmitter of security events; 404 without one),
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

    /// A TOML file with settings (see --print-config-schema); flags and their variables override it
    #[arg(long, env = "FAPI_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the JSON Schema of the settings, and end
    #[arg(long)]
    print_config_schema: bool,

    /// An authorization server whose tokens are accepted (default: that of the profile, if it has one); may be repeated
    /// (separated by spaces in the variable)
    #[arg(long = "issuer", env = "FAPI_ISSUER", value_name = "URL", value_delimiter = ' ')]
    issuers: Vec<String>,

    /// What the authorization server puts into `aud` of this API's tokens (default: the public URL)
    #[arg(long, env = "FAPI_AUDIENCE", value_name = "VALUE")]
    audience: Option<String>,

    /// The URL under which clients reach this API, with which their proofs are compared (default: http://ADDR)
    #[arg(long, env = "FAPI_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,

    /// The rules that tokens and proofs must meet (default: fapi2)
    #[arg(long, env = "FAPI_PROFILE", value_name = "NAME", value_parser = profile_names().try_map(|name| name.parse::<Profile>()))]
    profile: Option<Profile>,

    /// When a DPoP proof must carry a nonce of this API (default: as the profile says, or when-needed)
    #[arg(long, env = "FAPI_NONCE", value_name = "POLICY", value_enum)]
    nonce: Option<Nonce>,

    /// The longest time from `iat` to `exp` of an access token: nothing else ends a token that was withdrawn, unless the
    /// file says that the issuer is asked (default: 1h, or none where the issuer is asked)
    #[arg(long, env = "FAPI_MAX_TOKEN_LIFETIME", value_name = "TIME", value_parser = humantime::parse_duration)]
    max_token_lifetime: Option<Duration>,

    /// Receive security events of the issuer (RFC 8935) at POST /security-events, for the audience of its tokens: the whole
    /// value of the header `Authorization` that it was told to send. For one --issuer; the table
    /// `revocation.security_events` of the file can name more
    // A secret: rather by the variable, since others on the machine can see the arguments of a program.
    #[arg(
        long,
        env = "FAPI_EVENTS_AUTHORIZATION",
        value_name = "VALUE",
        hide_env_values = true,
        requires = "issuers"
    )]
    events_authorization: Option<String>,

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
enum Nonce {
    /// Never: for clients that cannot answer a nonce challenge
    Off,
    /// Always
    Required,
    /// In the first seconds after a start, when used proofs may have been forgotten
    WhenNeeded,
}

fn profile_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Profile::names())
}

impl From<Nonce> for NoncePolicy {
    fn from(nonce: Nonce) -> Self {
        match nonce {
            Nonce::Off => Self::Off,
            Nonce::Required => Self::Required,
            Nonce::WhenNeeded => Self::WhenNeeded,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(cli::arguments()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.print_config_schema {
        cli::say(format_args!("{:#}", Config::json_schema()));
        return Ok(());
    }
    let stop = shutdown::requested().map_err(Failure::new)?;
    let settings = settings(&arguments)?;
    let (socket, address) = match bind(arguments.listen) {
        Ok(bound) => bound,
        Err(error) => {
            // Wrong arguments come first: their exit status must not depend on what else runs here.
            resource_server(&arguments, settings, arguments.listen)?;
            return Err(cannot_listen(arguments.listen, &error));
        }
    };
    cli::start_log();
    let nonce = settings.nonce;
    let server = resource_server(&arguments, settings, address)?;
    if nonce.unwrap_or(server.profile().nonce_policy()) == NoncePolicy::Off {
        clock::wait_for_the_next_second().await;
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

/// The file's settings, under those of the flags.
fn settings(arguments: &Arguments) -> Result<Config, Failure> {
    let mut config = arguments.config.as_deref().map_or_else(|| Ok(Config::default()), read)?;
    if !arguments.issuers.is_empty() {
        config.issuer = arguments.issuers.iter().map(|issuer| Issuer::new(issuer).into()).collect();
    }
    config.audience = arguments.audience.clone().map_or(config.audience, |audience| vec![audience]);
    config.public_url = arguments.public_url.clone().or(config.public_url);
    config.profile = arguments.profile.clone().map(Into::into).or(config.profile);
    config.nonce = arguments.nonce.map(Into::into).or(config.nonce);
    config.revocation.max_token_lifetime =
        arguments.max_token_lifetime.map(Span).or(config.revocation.max_token_lifetime);
    if arguments.allow_insecure_loopback {
        config.allow_insecure_loopback = Some(true);
    }
    Ok(config)
}

fn read(path: &Path) -> Result<Config, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::usage(format_args!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Config::from_toml(&text).map_err(|error| wrong(&error))
}

fn resource_server(
    arguments: &Arguments,
    mut settings: Config,
    address: SocketAddr,
) -> Result<ResourceServer, Failure> {
    let public_url = settings.public_url.get_or_insert_with(|| format!("http://{address}")).clone();
    if settings.audience.is_empty() {
        settings.audience = vec![public_url];
    }
    if settings.scopes_supported.is_empty() {
        settings.scopes_supported = [READ, WRITE].map(str::to_owned).to_vec();
    }
    settings.rejection_body.get_or_insert(RejectionBody::ProblemJson);
    if !settings.revocation.introspection {
        settings.revocation.max_token_lifetime.get_or_insert(MAX_TOKEN_LIFETIME);
    }
    let events = security_events(arguments, &settings)?;
    let builder = settings.into_builder().map_err(|error| wrong(arguments, &error))?;
    let builder = events.into_iter().fold(builder, |builder, events| builder.revocation(events));
    builder.build().map_err(|error| wrong(arguments, &error))
}

/// What the flag asks for: events of the one issuer, for the first audience.
fn security_events(arguments: &Arguments, settings: &Config) -> Result<Option<Revocation>, Failure> {
    let Some(authorization) = &arguments.events_authorization else { return Ok(None) };
    let ([issuer], [audience, ..]) = (&arguments.issuers[..], &settings.audience[..]) else {
        return Err(Failure::usage(
            "--events-authorization goes with exactly one --issuer (--help explains)",
        ));
    };
    let events = SecurityEvents::new(Issuer::new(issuer), audience, authorization);
    Ok(Some(Revocation::security_events(events)))
}

/// The configuration's error, with the flag to mend it.
fn wrong(arguments: &Arguments, error: &ConfigError) -> Failure {
    let hint = match error {
        ConfigError::IssuerMissing => "; give --issuer, or a --profile that has one",
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
