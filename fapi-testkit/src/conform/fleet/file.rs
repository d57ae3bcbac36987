//! The fleet file: TOML with `[defaults]` and one `[[api]]` for each API. It is checked as a whole, without a request and
//! without a look at the files that it names; those are for [`Fleet::open`](super::Fleet::open).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use fapi_core::Binding;
use toml::Spanned;

use super::error::{FleetError, Problem, line};
use super::rules::{
    credentials_rule, filled, method_rule, name_rule, path_rule, rate_rule, time_limit_rule, tls_rule,
    url_rule,
};
use super::tables::{Entry, FleetToml};
use crate::conform::Options;

/// The issuer's address where nothing else is said, as for a single run.
pub(super) const ISSUER_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9400);
/// A fleet file in which nothing is wrong.
///
/// ```
/// use std::path::Path;
/// use fapi_testkit::conform::fleet::FleetFile;
///
/// let file = FleetFile::parse(
///     r#"
///     [defaults]
///     rate = 20
///     credentials = { issuer-listen = "127.0.0.1:9400" }
///
///     [[api]]
///     name = "accounts"
///     target = "https://accounts.test.example.com"
///     path = "/accounts"
///
///     [[api]]
///     name = "journal"
///     target = "https://journal.test.example.com"
///     profile = "helseid"
///     credentials = { token-file = "journal.token", key-file = "journal.jwk.json" }
///     "#,
///     Path::new("/etc/fapi-conform"),
/// )?;
/// assert_eq!(file.names().collect::<Vec<_>>(), ["accounts", "journal"]);
/// # Ok::<(), fapi_testkit::conform::fleet::FleetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FleetFile {
    pub(super) apis: Vec<ApiEntry>,
}

/// One API of the file.
#[derive(Clone, Debug)]
pub(super) struct ApiEntry {
    pub(super) name: String,
    pub(super) target: String,
    pub(super) options: Options,
    pub(super) credentials: CredentialsEntry,
    pub(super) tls: TlsEntry,
}

/// Where its tokens come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum CredentialsEntry {
    Issuer(SocketAddr),
    Files { token: PathBuf, key: Option<PathBuf> },
    Command(String),
}

/// Its certificates.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsEntry {
    pub(super) ca: Option<PathBuf>,
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl FleetFile {
    /// Reads the text of a fleet file; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, FleetError> {
        let toml: FleetToml = toml::from_str(text)
            // Its message, not its text, which would show the line.
            .map_err(|error| FleetError {
                problems: vec![Problem::new(text, error.span(), error.message())],
            })?;
        let mut checks = Checks { text, folder, problems: vec![] };
        let defaults = &toml.defaults;
        let entries: Vec<Entry> = toml.api.into_iter().map(|entry| entry.or(defaults)).collect();
        checks.names(&entries);
        let apis: Vec<_> = entries.into_iter().filter_map(|entry| checks.api(entry)).collect();
        checks.issuers(&apis);
        if checks.problems.is_empty() {
            return Ok(Self { apis });
        }
        // A mistake in the defaults is found once for every API.
        checks.problems.sort();
        checks.problems.dedup();
        Err(FleetError { problems: checks.problems })
    }

    /// The names of the APIs, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.apis.iter().map(|api| api.name.as_str())
    }
}

/// What has been found wrong so far.
pub(super) struct Checks<'a> {
    text: &'a str,
    folder: &'a Path,
    problems: Vec<Problem>,
}

impl Checks<'_> {
    pub(super) fn problem(&mut self, span: Range<usize>, message: impl std::fmt::Display) {
        self.problems.push(Problem::new(self.text, Some(span), message));
    }

    /// The value, if it is as it must be.
    pub(super) fn value<T, R>(
        &mut self,
        key: &str,
        value: Option<&Spanned<T>>,
        read: impl FnOnce(&T) -> Result<R, String>,
    ) -> Option<R> {
        let value = value?;
        read(value.get_ref()).map_err(|rule| self.problem(value.span(), format_args!("{key}: {rule}"))).ok()
    }

    /// On a file system that does not tell cases apart, two reports must not be one.
    fn names(&mut self, entries: &[Entry]) {
        if entries.is_empty() {
            self.problems.push(Problem::in_no_line("there is no [[api]]"));
        }
        let mut seen = HashMap::new();
        for entry in entries {
            self.value("name", Some(&entry.name), |name| name_rule(name));
            let first = seen.entry(entry.name.get_ref().to_ascii_lowercase()).or_insert(entry.name.span());
            if *first != entry.name.span() {
                let message = format!(
                    "name: {:?} is taken on line {}",
                    entry.name.get_ref(),
                    line(self.text, first.start)
                );
                self.problem(entry.name.span(), message);
            }
        }
    }

    fn api(&mut self, entry: Entry) -> Option<ApiEntry> {
        if entry.target.is_none() {
            let message = format!("target: it is missing for the API {:?}", entry.name.get_ref());
            self.problem(entry.name.span(), message);
        }
        let target = self.value("target", entry.target.as_ref(), |url| url_rule(url));
        let public_url = self
            .value("public-url", entry.public_url.as_ref(), |url| url_rule(url))
            .or_else(|| target.clone());
        let options = self.options(&entry, public_url.as_deref().unwrap_or_default());
        let binding = options.terms().binding();
        let credentials = match entry.credentials.as_ref() {
            Some(_) => {
                let folder = self.folder;
                self.value("credentials", entry.credentials.as_ref(), |credentials| {
                    credentials_rule(credentials, folder, binding)
                })?
            }
            None => CredentialsEntry::Issuer(ISSUER_LISTEN),
        };
        let folder = self.folder;
        let tls = self.value("tls", entry.tls.as_ref(), |tls| tls_rule(tls, folder)).unwrap_or_default();
        if binding == Binding::Mtls && tls.client.is_none() {
            let message = "tls: it must hold client-cert and client-key, to which tokens are bound";
            self.problem(entry.name.span(), message);
        }
        Some(ApiEntry { name: entry.name.into_inner(), target: target?, options, credentials, tls })
    }

    fn options(&mut self, entry: &Entry, public_url: &str) -> Options {
        let mut options = Options::new(public_url).of_fleet_file().profile(entry.profile.unwrap_or_default());
        if let Some(constraint) = entry.sender_constraint {
            options = options.sender_constraint(constraint.into());
        }
        let method = self.value("method", entry.method.as_ref(), |method| method_rule(method));
        let path = self.value("path", entry.path.as_ref(), |path| path_rule(path));
        options = options.route(method.as_deref().unwrap_or("GET"), path.as_deref().unwrap_or("/whoami"));
        if let Some(audience) = self.value("audience", entry.audience.as_ref(), |text| filled(text)) {
            options = options.audience(&audience);
        }
        let scope = self.value("scope", entry.scope.as_ref(), |text| filled(text));
        let scope_path = self.value("scope-path", entry.scope_path.as_ref(), |path| path_rule(path));
        options = match (&scope_path, &scope) {
            (Some(path), Some(scope)) => options.scope_route(path, scope),
            (None, Some(scope)) => options.scope(scope),
            (_, None) => options,
        };
        if let (Some(path), None) = (&entry.scope_path, &entry.scope) {
            self.problem(path.span(), "scope-path: it needs scope, the one that the route asks for");
        }
        options = self.routes(options, entry, method.as_deref().unwrap_or("GET"));
        if entry.nonces_required == Some(true) {
            options = options.nonces_required();
        }
        if entry.other_methods == Some(true) {
            options = options.other_methods();
        }
        options = self.revocation(options, entry);
        if let Some(rate) = self.value("rate", entry.rate.as_ref(), |rate| rate_rule(*rate)) {
            options = options.rate(rate);
        }
        if let Some(limit) =
            self.value("time-limit", entry.time_limit.as_ref(), |limit| time_limit_rule(limit))
        {
            options = options.time_limit(limit);
        }
        options
    }

    fn revocation(&mut self, mut options: Options, entry: &Entry) -> Options {
        if let Some(answers) = entry.opaque_tokens {
            options = options.opaque_tokens(answers.into());
        }
        if entry.introspected_jwts == Some(true) {
            options = options.introspected_jwts();
        }
        if entry.status_lists == Some(true) {
            options = options.status_lists();
        }
        let events = self.value("security-events", entry.security_events.as_ref(), |path| path_rule(path));
        if let Some(path) = events {
            options = options.security_events(&path);
        }
        let limit =
            self.value("revocation-limit", entry.revocation_limit.as_ref(), |limit| time_limit_rule(limit));
        match limit {
            Some(limit) => options.revocation_limit(limit),
            None => options,
        }
    }

    /// One address is one issuer, which signs as one profile says.
    fn issuers(&mut self, apis: &[ApiEntry]) {
        let mut profiles = HashMap::new();
        for api in apis {
            let CredentialsEntry::Issuer(address) = api.credentials else { continue };
            let (name, profile) = *profiles.entry(address).or_insert((&api.name, api.options.profile));
            if profile != api.options.profile {
                let message = format!(
                    "issuer-listen: {name:?} and {:?} are of different profiles and cannot share the issuer on {address}",
                    api.name
                );
                self.problems.push(Problem::in_no_line(message));
            }
        }
    }
}
