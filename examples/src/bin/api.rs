//! An API that is protected by FAPI 2.0, configured by flags, variables or a file, in axum or in actix-web.
//!
//! Read `run` here, then the routes in `src/api/axum.rs` or `src/api/actix.rs`. `settings` shows how a program lays its
//! flags over environment variables, and these over a configuration file.

use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, ValueEnum};
use fapi_core::config::{Config, ProfileSettings, RejectionBody, SettingsError, Span};
use fapi_core::{
    ClientCertificates, ConfigError, Issuer, NoncePolicy, Profile, ResourceServer, Revocation,
    SecurityEvents, ServerTls,
};
use fapi_examples::api::{self, READ, WRITE};
use fapi_examples::cli::{self, Failure};
use fapi_examples::listen::{Address, Listener};
use fapi_examples::{clock, shutdown};
use fapi_tower::TlsListener;
use rustls::ServerConfig;

/// How the environment variables begin that are settings.
const PREFIX: &str = "FAPI_";

/// How long tokens may live, where neither the profile nor anything else says what ends them.
const MAX_TOKEN_LIFETIME: Span = Span(Duration::from_secs(60 * 60));

const EXAMPLE: &str = "\
Example, with an authorization server on this machine:
  api --issuer http://127.0.0.1:9000 --allow-insecure-loopback

Example, behind a gateway that terminates TLS:
  api --listen 127.0.0.1:8080 --public-url https://api.example.com \\
      --issuer https://as.example.com --audience https://api.example.com

Example, of open finance, whose tokens are bound to the certificates of clients:
  api --profile open-finance-brazil --listen 127.0.0.1:8443 --public-url https://localhost:8443 \\
      --tls-certificate server.pem --tls-key server.key --issuer https://as.bank.example

Example, behind a proxy on this machine, which alone may open the socket (trusted_proxy.unix_socket = true in the file):
  api --listen unix:/run/api/api.sock --config api.toml

Example, of the Norwegian health sector, with the rest in a file and a secret in a variable:
  FAPI_NONCE_SECRETS=… api --profile helseid --config api.toml

Every setting of the file may be an environment variable: FAPI_ and its key, with two underscores after a table, as in
FAPI_SENDER_CONSTRAINT=dpop FAPI_PROFILE__PROOF_MAX_AGE=30s. Variables override the file, and flags override both. A
variable that begins with FAPI_ and is no setting is refused, like an unknown key.

Example, with an issuer that pushes what it has revoked (CAEP) to POST /security-events:
  API_EVENTS_AUTHORIZATION='Bearer agreed-secret' api --public-url https://api.example.com \\
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
    #[arg(long, value_enum, default_value = "axum")]
    framework: Framework,

    /// Where to listen: an IP address with a port, of which 0 takes a free one, or unix: and the path of a socket
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: Address,

    /// A TOML file with settings (see --print-config-schema)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the JSON Schema of the settings, and end
    #[arg(long)]
    print_config_schema: bool,

    /// An authorization server whose tokens are accepted (default: that of the profile, if it has one); may be repeated
    #[arg(long = "issuer", value_name = "URL")]
    issuers: Vec<String>,

    /// Serve TLS with this certificate (PEM), which the chain follows; clients may show a certificate of their own, to which
    /// their tokens are bound
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The private key of the TLS certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// What the authorization server puts into `aud` of this API's tokens (default: the public URL)
    #[arg(long, value_name = "VALUE")]
    audience: Option<String>,

    /// The URL under which clients reach this API, with which their proofs are compared (default: http://ADDR,
    /// or https://ADDR with TLS)
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// The rules that tokens and proofs must meet (default: fapi2); what the file changes in its profile is changed in this
    #[arg(long, value_name = "NAME", value_parser = profile_names().try_map(|name| name.parse::<Profile>()))]
    profile: Option<Profile>,

    /// When a DPoP proof must carry a nonce of this API (default: as the profile says, or when-needed)
    #[arg(long, value_name = "POLICY", value_enum)]
    nonce: Option<Nonce>,

    /// The longest time from `iat` to `exp` of an access token: nothing else ends a token that was withdrawn, unless the
    /// file says that the issuer is asked (default: as the profile says, or 1h, or none where the issuer is asked)
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_token_lifetime: Option<Duration>,

    /// Receive security events of the issuer (RFC 8935) at POST /security-events, for the audience of its tokens: the whole
    /// value of the header `Authorization` that it was told to send. For one --issuer; the table
    /// `revocation.security_events` of the file can name more
    // A secret: rather by the variable, since others on the machine can see the arguments of a program.
    #[arg(
        long,
        env = "API_EVENTS_AUTHORIZATION",
        value_name = "VALUE",
        hide_env_values = true,
        requires = "issuers"
    )]
    events_authorization: Option<String>,

    /// Let issuer URLs be http on loopback addresses; never on any other host
    #[arg(long)]
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
    let tls = tls(&arguments)?;
    let socket = match arguments.listen.bind() {
        Ok(socket) => socket,
        Err(error) => {
            // Wrong arguments come first: their exit status must not depend on what else runs here.
            resource_server(&arguments, settings, &arguments.listen)?;
            return Err(cannot_listen(&arguments.listen, &error));
        }
    };
    cli::start_log();
    let nonce = settings.nonce;
    let address = socket.address();
    let server = resource_server(&arguments, settings, &address)?;
    if nonce.unwrap_or(server.profile().nonce_policy()) == NoncePolicy::Off {
        clock::wait_for_the_next_second().await;
    }
    let listener = socket.listen().map_err(|error| cannot_listen(&address, &error))?;
    cli::say(format_args!("listening on {}", origin(&arguments, &address)));
    tokio::spawn({
        let server = server.clone();
        // If this fails, the log says so, and the first request after a while tries again.
        async move { server.load_keys().await }
    });
    serve(arguments.framework, listener, tls, server, stop).await.map_err(Failure::new)
}

/// Where the API is, as seen from this machine.
fn origin(arguments: &Arguments, address: &Address) -> String {
    match address {
        Address::Tcp(address) if arguments.tls_certificate.is_some() => format!("https://{address}"),
        Address::Tcp(address) => format!("http://{address}"),
        other => other.to_string(),
    }
}

/// How TLS is served, if it is: any client certificate is taken, and what it is worth is for the tokens to say (RFC 8705).
fn tls(arguments: &Arguments) -> Result<Option<ServerConfig>, Failure> {
    let (Some(certificate), Some(key)) = (&arguments.tls_certificate, &arguments.tls_key) else {
        return Ok(None);
    };
    if arguments.listen.is_unix_socket() {
        return Err(Failure::usage(
            "TLS is served over TCP; let the proxy in front of the socket terminate it",
        ));
    }
    let read = |path: &Path| {
        fs::read(path).map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))
    };
    let tls = ServerTls::from_pem(&read(certificate)?, &read(key)?)
        .and_then(|tls| tls.client_certificates(ClientCertificates::optional()).build());
    tls.map(Some).map_err(|error| Failure::usage(format_args!("--tls-certificate, --tls-key: {error}")))
}

async fn serve(
    framework: Framework,
    listener: Listener,
    tls: Option<ServerConfig>,
    server: ResourceServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    match (framework, listener, tls) {
        (Framework::Axum, Listener::Tcp(listener), None) => api::axum::serve(listener, server, stop).await,
        (Framework::Axum, Listener::Tcp(listener), Some(tls)) => {
            api::axum::serve(TlsListener::new(listener, tls), server, stop).await
        }
        (Framework::Actix, Listener::Tcp(listener), None) => api::actix::serve(listener, server, stop).await,
        (Framework::Actix, Listener::Tcp(listener), Some(tls)) => {
            api::actix::serve_tls(listener, tls, server, stop).await
        }
        #[cfg(unix)]
        (Framework::Axum, Listener::Unix(listener), _) => api::axum::serve(listener, server, stop).await,
        #[cfg(unix)]
        (Framework::Actix, Listener::Unix(listener), _) => {
            api::actix::serve_socket(listener, server, stop).await
        }
    }
}

/// The file's settings, under those of the variables, under those of the flags.
fn settings(arguments: &Arguments) -> Result<Config, Failure> {
    let mut config = read(arguments.config.as_deref())?;
    if !arguments.issuers.is_empty() {
        config.issuer = arguments.issuers.iter().map(|issuer| Issuer::new(issuer).into()).collect();
    }
    config.audience = arguments.audience.clone().map_or(config.audience, |audience| vec![audience]);
    config.public_url = arguments.public_url.clone().or(config.public_url);
    config.profile = match (arguments.profile.clone(), config.profile) {
        (Some(preset), Some(settings)) => Some(settings.with_preset(preset)),
        (preset, settings) => preset.map(Into::into).or(settings),
    };
    config.nonce = arguments.nonce.map(Into::into).or(config.nonce);
    config.revocation.max_token_lifetime =
        arguments.max_token_lifetime.map(Span).or(config.revocation.max_token_lifetime);
    if arguments.allow_insecure_loopback {
        config.allow_insecure_loopback = Some(true);
    }
    Ok(config)
}

fn read(file: Option<&Path>) -> Result<Config, Failure> {
    let in_file = |error: &dyn Display| match file {
        Some(path) => Failure::usage(format_args!("{}: {error}", path.display())),
        None => Failure::usage(error),
    };
    let text = file.map(fs::read_to_string).transpose().map_err(|error| in_file(&error))?;
    Config::from_toml_and_env(&text.unwrap_or_default(), PREFIX).map_err(|error| match error {
        // A variable is named, and is in no file.
        SettingsError::Variable { .. } => Failure::usage(error),
        error => in_file(&error),
    })
}

fn resource_server(
    arguments: &Arguments,
    mut settings: Config,
    address: &Address,
) -> Result<ResourceServer, Failure> {
    check_proxy(&settings, address)?;
    if let Address::Tcp(_) = address {
        settings.public_url.get_or_insert_with(|| origin(arguments, address));
    }
    if settings.audience.is_empty() {
        settings.audience.extend(settings.public_url.clone());
    }
    if settings.scopes_supported.is_empty() {
        settings.scopes_supported = [READ, WRITE].map(str::to_owned).to_vec();
    }
    settings.rejection_body.get_or_insert(RejectionBody::ProblemJson);
    if !settings.revocation.introspection {
        let profile = settings.profile.clone().map_or_else(Profile::fapi2, ProfileSettings::into_profile);
        let most = profile.max_token_lifetime().map_or(MAX_TOKEN_LIFETIME, Span);
        settings.revocation.max_token_lifetime.get_or_insert(most);
    }
    let events = security_events(arguments, &settings)?;
    let builder = settings.into_builder().map_err(|error| wrong(arguments, address, &error))?;
    let builder = events.into_iter().fold(builder, |builder, events| builder.revocation(events));
    builder.build().map_err(|error| wrong(arguments, address, &error))
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

/// Nobody else than the configured proxies connects to where this API listens: otherwise none would ever be believed.
fn check_proxy(settings: &Config, address: &Address) -> Result<(), Failure> {
    let Some(proxy) = &settings.trusted_proxy else { return Ok(()) };
    match (proxy.is_at_unix_socket(), address.is_unix_socket()) {
        (true, false) => Err(Failure::usage(format_args!(
            "trusted_proxy.unix_socket is true, but nobody connects to {address} through a socket; listen on unix: and its path"
        ))),
        (false, true) => Err(Failure::usage(format_args!(
            "trusted_proxy has addresses, but nobody connects to {address} from one; set trusted_proxy.unix_socket to true instead"
        ))),
        _ => Ok(()),
    }
}

/// The configuration's error, with the flag to mend it.
fn wrong(arguments: &Arguments, address: &Address, error: &ConfigError) -> Failure {
    let hint = match error {
        ConfigError::IssuerMissing => "; give --issuer, or a --profile that has one",
        ConfigError::PublicUrlMissing | ConfigError::AudienceMissing if arguments.public_url.is_none() => {
            "; give --public-url, since --listen is no URL"
        }
        ConfigError::PublicUrl { url, .. } if *url == format!("http://{address}") => {
            "; give --public-url, since --listen is no loopback address"
        }
        ConfigError::Issuer(_) if arguments.issuers.iter().any(|issuer| issuer.starts_with("http://")) => {
            "; http is for loopback addresses only, with --allow-insecure-loopback"
        }
        _ => "",
    };
    Failure::usage(format_args!("{error}{hint}"))
}

fn cannot_listen(address: &Address, error: &io::Error) -> Failure {
    Failure::new(format_args!("cannot listen on {address}: {error}"))
}
