//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use fapi_core::SenderConstraint;
use fapi_testkit::catalogue::{AuthorizationDetail, Profile};
use fapi_testkit::conform::Answers;

use crate::fleet::FleetArguments;

/// The API of the example, started as `EXAMPLE_API` says.
pub(crate) const EXAMPLE_TARGET: &str = "http://127.0.0.1:8080";
pub(crate) const EXAMPLE_SCOPE_PATH: &str = "/records";
pub(crate) const EXAMPLE_SCOPE: &str = "records:read";
pub(crate) const EXAMPLE_STEP_UP_PATH: &str = "/sensitive";
pub(crate) const EXAMPLE_ACR_VALUES: &str = "urn:example:loa:substantial urn:example:loa:high";
pub(crate) const EXAMPLE_MAX_AGE: Duration = Duration::from_secs(300);
pub(crate) const EXAMPLE_DETAILS_METHOD: &str = "POST";
pub(crate) const EXAMPLE_DETAILS_PATH: &str = "/payments";
pub(crate) const EXAMPLE_DETAIL: &str = r#"{
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Merchant A"
}"#;

/// Starts an API that fits the defaults.
pub(crate) const EXAMPLE_API: &str = "cargo run --release -p fapi-examples --bin api -- \
     --issuer http://127.0.0.1:9400 --allow-insecure-loopback --listen 127.0.0.1:8080";

const EXAMPLES: &str = "\
Without any flags, `run` tests the example API of this project. Start that first:
  cargo run --release -p fapi-examples --bin api -- \\
      --issuer http://127.0.0.1:9400 --allow-insecure-loopback --listen 127.0.0.1:8080

An API that trusts the issuer of the run (http://127.0.0.1:9400):
  fapi-conform run --target http://127.0.0.1:3000 --path /accounts --audience https://api.example.com \\
      --public-url https://api.example.com --report report.html

An API of a test environment, with a token from there:
  fapi-conform run --target https://api.test.example.com --path /accounts --token token.txt --key key.jwk.json

An API of open finance, whose tokens are bound to the client's certificate (docs/presets/open-finance-brazil.md):
  fapi-conform run --profile open-finance-brazil --target https://localhost:8443 \\
      --ca server.pem --client-cert client.pem --client-key client.key

Exit status: 0 every case as expected, 1 failures, 2 could not test.";

/// Tests an API against FAPI 2.0: attacks that it must refuse, and requests that it must serve.
#[derive(Debug, Parser)]
#[command(name = "fapi-conform", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Test an API
    Run(Box<RunArguments>),
    /// Test the APIs of a fleet file side by side
    Fleet(FleetArguments),
    /// List the cases
    List(ListArguments),
    /// Say what a case sends, what is expected and why
    Explain {
        /// The id of the case
        case: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// Only the cases with these ids and of these groups
    #[arg(value_name = "GROUP|ID")]
    pub(crate) only: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RunArguments {
    /// Where requests are sent
    #[arg(long, env = "CONFORM_TARGET", value_name = "URL")]
    pub(crate) target: Option<String>,

    /// The method of the request that a valid token opens
    #[arg(long, default_value = "GET", value_name = "METHOD")]
    pub(crate) method: String,

    /// The path of the request that a valid token opens; it is sent several hundred times
    #[arg(long, default_value = "/whoami", value_name = "PATH")]
    pub(crate) path: String,

    /// The URL by which clients know the API, if it is not the target
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// The audience of the tokens, if it is not the public URL
    #[arg(long, value_name = "VALUE")]
    pub(crate) audience: Option<String>,

    #[command(flatten)]
    pub(crate) tokens: TokenArguments,

    /// Whose expectations apply; of a test environment, those of its production
    #[arg(long, default_value = "fapi2", value_name = "NAME", value_parser = profile_parser())]
    pub(crate) profile: Profile,

    /// To what the API wants tokens to be bound, if it is not what the profile says; where that is mutual TLS alone, give
    /// --client-cert
    #[arg(long, value_enum, value_name = "BINDING")]
    pub(crate) sender_constraint: Option<SenderConstraintName>,

    /// A route that asks for a scope
    #[arg(long, value_name = "PATH", requires = "scope")]
    pub(crate) scope_path: Option<String>,

    /// The scope that it asks for; without `--scope-path`, the one that every token has
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,

    #[command(flatten)]
    pub(crate) routes: RouteArguments,

    /// Every proof needs a nonce, always
    #[arg(long)]
    pub(crate) nonces_required: bool,

    /// Valid requests of every method, DELETE among them, and to paths below the route do no harm
    #[arg(long)]
    pub(crate) other_methods: bool,

    #[command(flatten)]
    pub(crate) revocation: RevocationArguments,

    /// How many requests are sent each second at most
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,

    /// How long the run lasts at most, in seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub(crate) time_limit: u64,

    /// Write a report: .html, .json, .xml (JUnit), .sarif or .md; may be repeated
    #[arg(long = "report", value_name = "FILE")]
    pub(crate) reports: Vec<PathBuf>,

    /// Run only these cases and groups; may be repeated
    #[arg(long, value_name = "GROUP|ID", num_args = 1..)]
    pub(crate) only: Vec<String>,

    /// Further certificates to trust (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// A client certificate for mutual TLS (PEM); with profiles whose tokens are bound to certificates, the one that tokens
    /// are bound to
    #[arg(long, alias = "client-certificate", value_name = "FILE", requires = "client_key")]
    pub(crate) client_cert: Option<PathBuf>,

    /// The private key of the client certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    pub(crate) client_key: Option<PathBuf>,
}

/// Routes that ask for more than a scope. Each opens cases that are skipped otherwise; all of them need the issuer of the
/// run.
#[derive(Args, Debug)]
#[command(next_help_heading = "What routes ask for")]
pub(crate) struct RouteArguments {
    /// A route that asks for an authentication of the user (RFC 9470)
    #[arg(long, value_name = "PATH", requires = "acr_values")]
    pub(crate) step_up_path: Option<String>,

    /// The values of `acr` that it accepts, separated by spaces
    #[arg(long, value_name = "VALUES", requires = "step_up_path")]
    pub(crate) acr_values: Option<String>,

    /// How long ago the user may have been authenticated there, in seconds
    #[arg(long, value_name = "SECONDS", requires = "step_up_path")]
    pub(crate) max_age: Option<u64>,

    /// A route that asks for an authorization detail (RFC 9396)
    #[arg(long, value_name = "PATH", requires = "detail")]
    pub(crate) details_path: Option<String>,

    /// The method of requests to it, if it is not that of the run
    #[arg(long, value_name = "METHOD", requires = "details_path")]
    pub(crate) details_method: Option<String>,

    /// A detail that suffices there, as JSON: '{"type": "account_information"}'
    #[arg(long, value_name = "JSON", requires = "details_path")]
    pub(crate) detail: Option<AuthorizationDetail>,
}

/// Where the API learns whether a token is still good. Each flag opens cases that are skipped otherwise; all of them need
/// the issuer of the run.
#[derive(Args, Debug)]
#[command(next_help_heading = "What the API asks the issuer of the run")]
pub(crate) struct RevocationArguments {
    /// It accepts opaque tokens, and these answers about them, which it asks for as the client `api` with the secret
    /// `secret` (client_secret_basic)
    #[arg(long, value_enum, value_name = "ANSWERS")]
    pub(crate) opaque_tokens: Option<AnswersName>,

    /// It asks about JWTs, too, as the same client
    #[arg(long)]
    pub(crate) introspected_jwts: bool,

    /// It looks into status lists, all of which are below http://ISSUER/status-list
    #[arg(long)]
    pub(crate) status_lists: bool,

    /// It receives security events (RFC 8935) at this path of the target, for the audience of its tokens and with the
    /// header `Authorization: Bearer secret`
    #[arg(long, value_name = "PATH")]
    pub(crate) security_events: Option<String>,

    /// How soon it must have learned of a revocation, in seconds
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub(crate) revocation_limit: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AnswersName {
    /// JSON (RFC 7662)
    Plain,
    /// Signed answers (RFC 9701) and no other
    Signed,
}

impl From<AnswersName> for Answers {
    fn from(name: AnswersName) -> Self {
        match name {
            AnswersName::Plain => Self::Plain,
            AnswersName::Signed => Self::Signed,
        }
    }
}

/// Where tokens come from: one of three.
#[derive(Args, Debug)]
#[group(multiple = true)]
pub(crate) struct TokenArguments {
    /// Where the run's own issuer listens, which the API must trust as http://ADDR
    #[arg(long, default_value = "127.0.0.1:9400", value_name = "ADDR", conflicts_with_all = ["token", "token_command"])]
    pub(crate) issuer_listen: SocketAddr,

    /// A file with a token of the API's own issuer; it is bound to --key or, where the API accepts no others, to
    /// --client-cert
    #[arg(long, value_name = "FILE", conflicts_with = "token_command")]
    pub(crate) token: Option<PathBuf>,

    /// A file with the private key (JWK) that the token is bound to
    #[arg(long, value_name = "FILE", requires = "token")]
    pub(crate) key: Option<PathBuf>,

    /// A command that prints a token for the key whose thumbprint is in $FAPI_JKT or, where tokens are bound to
    /// certificates only, for the certificate whose thumbprint is in $FAPI_X5T_S256
    #[arg(long, value_name = "CMD")]
    pub(crate) token_command: Option<String>,
}

/// The names of all profiles, and of their test environments.
fn profile_parser() -> impl TypedValueParser<Value = Profile> {
    let named = |profile: Profile| PossibleValue::new(profile.name()).help(profile.title());
    let others = fapi_core::Profile::names().filter(|name| Profile::ALL.iter().all(|it| it.name() != *name));
    let names =
        Profile::ALL.map(named).into_iter().chain(others.map(|name| PossibleValue::new(name).hide(true)));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Profile>())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SenderConstraintName {
    /// DPoP or mutual TLS
    Either,
    /// DPoP only
    Dpop,
    /// Mutual TLS only
    Mtls,
}

impl From<SenderConstraintName> for SenderConstraint {
    fn from(name: SenderConstraintName) -> Self {
        match name {
            SenderConstraintName::Either => Self::Either,
            SenderConstraintName::Dpop => Self::Dpop,
            SenderConstraintName::Mtls => Self::Mtls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_the_example_is_one() {
        let detail: AuthorizationDetail = EXAMPLE_DETAIL.parse().unwrap();
        assert_eq!(detail.kind(), "payment_initiation");
    }
}
