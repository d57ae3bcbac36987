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
const ISSUER_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9400);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rules::NAME_RULE;
    use super::*;
    use crate::catalogue::Profile;

    fn parse(text: &str) -> Result<FleetFile, FleetError> {
        FleetFile::parse(text, Path::new("/fleet"))
    }

    const ONE: &str = "[[api]]\nname = \"a\"\ntarget = \"https://a.example.com\"\n";

    #[test]
    fn hints_name_the_keys_of_the_file() {
        let file = parse(&format!("{ONE}other-methods = true\n")).unwrap();
        assert_eq!(file.apis[0].options.origin, crate::conform::options::Origin::FleetFile);
        assert!(file.apis[0].options.other_methods);
    }

    #[test]
    fn defaults_hold_where_an_api_says_nothing() {
        let file = parse(
            "[defaults]\nrate = 5\npath = \"/v1\"\ntls = { ca = \"ca.pem\" }\ncredentials = { token-command = \"token\" }\n\
             [[api]]\nname = \"a\"\ntarget = \"http://a.example.com/base\"\n\
             [[api]]\nname = \"b\"\ntarget = \"https://b.example.com\"\npublic-url = \"https://b.example\"\nrate = 7\n\
             opaque-tokens = \"signed\"\nstatus-lists = true\nsecurity-events = \"/events\"\nrevocation-limit = \"5s\"\n\
             scope = \"read\"\nscope-path = \"/r\"\nmethod = \"post\"\ntime-limit = \"90s\"\nprofile = \"helseid\"\n\
             step-up-path = \"/s\"\nacr-values = \"a b\"\nmax-age = \"5m\"\n\
             details-path = \"/p\"\ndetails-method = \"put\"\ndetail = '{\"type\": \"t\"}'\n\
             credentials = { token-file = \"t\", key-file = \"/k\" }\n",
        )
        .unwrap();
        let [a, b] = file.apis.as_slice() else { panic!("two APIs") };
        assert_eq!(
            (a.options.rate, a.options.path.as_str(), a.options.audience.as_str()),
            (5, "/v1", "http://a.example.com/base")
        );
        assert_eq!(a.credentials, CredentialsEntry::Command("token".to_owned()));
        assert_eq!(a.tls.ca.as_deref(), Some(Path::new("/fleet/ca.pem")));
        assert_eq!(
            (b.options.rate, b.options.method.as_str(), b.options.public_url.as_str()),
            (7, "POST", "https://b.example")
        );
        assert_eq!((b.options.profile, b.options.time_limit), (Profile::Helseid, Duration::from_secs(90)));
        assert_eq!(b.options.scope_route.as_ref().unwrap().path, "/r");
        let (step_up, details) = (b.options.step_up_route.as_ref(), b.options.details_route.as_ref());
        assert_eq!(step_up.unwrap().values().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(step_up.unwrap().max_age, Some(Duration::from_secs(300)));
        assert_eq!((&*details.unwrap().method, details.unwrap().detail.kind()), ("PUT", "t"));
        assert_eq!(b.options.opaque_tokens, Some(crate::conform::Answers::Signed));
        assert!(b.options.status_lists && !b.options.introspected_jwts);
        assert_eq!(b.options.security_events.as_deref(), Some("/events"));
        assert_eq!(b.options.revocation_limit, Duration::from_secs(5));
        // Credentials are taken over as a whole, not key by key; paths start at the file's folder.
        assert_eq!(
            b.credentials,
            CredentialsEntry::Files { token: "/fleet/t".into(), key: Some("/k".into()) }
        );
    }

    #[test]
    fn a_token_that_is_bound_to_a_certificate_has_no_key() {
        let file = parse(&format!(
            "{ONE}sender-constraint = \"mtls\"\ntls = {{ client-cert = \"c\", client-key = \"k\" }}\n\
             credentials = {{ token-file = \"t\" }}\n"
        ));
        let credentials = file.map(|file| file.apis[0].credentials.clone()).unwrap();
        assert_eq!(credentials, CredentialsEntry::Files { token: "/fleet/t".into(), key: None });
    }

    #[test]
    fn an_api_needs_a_name_and_a_target_only() {
        let file = parse(ONE).unwrap();
        let api = file.apis.first().unwrap();
        assert_eq!((api.options.method.as_str(), api.options.path.as_str()), ("GET", "/whoami"));
        assert_eq!(api.credentials, CredentialsEntry::Issuer(ISSUER_LISTEN));
    }

    #[test]
    fn every_mistake_is_named_with_its_line() {
        let credentials =
            "credentials: it must hold issuer-listen, or token-file and key-file, or token-command";
        let url = "it must be an http or https URL without user, query and fragment";
        let table: [(&str, Option<usize>, String); 28] = [
            ("", None, "there is no [[api]]".to_owned()),
            ("rates = 5", Some(4), "unknown field `rates`, expected one of `name`, `public-url`, `target`".to_owned()),
            ("rate = \"5\"", Some(4), "invalid type: string \"5\", expected u32".to_owned()),
            ("rate = 0", Some(4), "rate: it must be at least 1 request a second".to_owned()),
            ("profile = \"fapi1\"", Some(4), "unknown variant `fapi1`, expected one of `fapi2`, `helseid`".to_owned()),
            ("profile = \"cdr-au\"", Some(2), "tls: it must hold client-cert and client-key, to which tokens are bound".to_owned()),
            ("sender-constraint = \"none\"", Some(4), "unknown variant `none`, expected one of `either`, `dpop`, `mtls`".to_owned()),
            ("public-url = \"ftp://a\"", Some(4), format!("public-url: {url}")),
            ("public-url = \"https://u:secret@a\"", Some(4), format!("public-url: {url}")),
            ("public-url = \"https://a?q\"", Some(4), format!("public-url: {url}")),
            ("audience = \" \"", Some(4), "audience: it must not be empty".to_owned()),
            ("method = \"G T\"", Some(4), "method: it must be an HTTP method, such as GET".to_owned()),
            ("path = \"whoami\"", Some(4), "path: it must be a path that starts with '/'".to_owned()),
            ("scope-path = \"/r\"", Some(4), "scope-path: it needs scope, the one that the route asks for".to_owned()),
            ("step-up-path = \"/s\"", Some(4), "step-up-path: it needs acr-values".to_owned()),
            ("step-up-path = \"/s\"\nacr-values = \"a\"\nmax-age = \"soon\"", Some(6), "max-age: it must be a time, such as \"90s\" or \"5m\"".to_owned()),
            ("detail = '{\"type\": \"t\"}'", Some(4), "detail: it needs details-path".to_owned()),
            ("details-path = \"/p\"\ndetail = '[]'", Some(5), "detail: it must be a JSON object with a type".to_owned()),
            ("time-limit = \"2h\"", Some(4), "time-limit: it must be a time between 1s and 1h, such as \"90s\" or \"2m\"".to_owned()),
            ("time-limit = \"soon\"", Some(4), "time-limit: it must be a time between 1s and 1h, such as \"90s\" or \"2m\"".to_owned()),
            ("credentials = {}", Some(4), credentials.to_owned()),
            ("credentials = { token-file = \"t\" }", Some(4), credentials.to_owned()),
            ("credentials = { token-command = \"c\", issuer-listen = \"127.0.0.1:1\" }", Some(4), credentials.to_owned()),
            ("credentials = { issuer-listen = \"127.0.0.1:0\" }", Some(4), "credentials: issuer-listen must be an address and a port, such as \"127.0.0.1:9400\"".to_owned()),
            ("credentials = { token = \"eyJ\" }", Some(4), "unknown field `token`, expected one of `issuer-listen`, `token-file`, `key-file`, `token-command`".to_owned()),
            ("tls = { client-cert = \"c\" }", Some(4), "tls: client-cert and client-key go together".to_owned()),
            ("[[api]]\nname = \"A\"\ntarget = \"http://a\"", Some(5), "name: \"A\" is taken on line 2".to_owned()),
            ("[[api]]\nname = \"../b\"", Some(5), format!("name: \"../b\" is no name: {NAME_RULE}")),
        ];
        for (addition, line, message) in table {
            let text = if addition.is_empty() { String::new() } else { format!("{ONE}{addition}\n") };
            let error = parse(&text).unwrap_err();
            let problem = error.problems.first().unwrap();
            assert_eq!(problem.line, line, "{addition}: {error}");
            assert!(problem.message.starts_with(&message), "{addition}: {error}");
            assert!(!error.to_string().contains("secret") && !error.to_string().contains("eyJ"), "{error}");
        }
    }

    #[test]
    fn all_mistakes_are_named_at_once_and_each_once() {
        let error =
            parse("[defaults]\nrate = 0\n[[api]]\nname = \"a\"\n[[api]]\nname = \"b\"\ntarget = \"b\"\n")
                .unwrap_err();
        let lines: Vec<_> = error.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(2), Some(4), Some(7)], "{error}");
        assert!(error.to_string().starts_with(
            "line 2: rate: it must be at least 1 request a second\nline 4: target: it is missing"
        ));
    }

    #[test]
    fn one_issuer_has_one_profile() {
        let error =
            parse(&format!("{ONE}[[api]]\nname = \"b\"\ntarget = \"http://b\"\nprofile = \"helseid\"\n"))
                .unwrap_err();
        assert!(error.to_string().contains("\"a\" and \"b\" are of different profiles"), "{error}");
    }

    #[test]
    fn a_syntax_error_shows_its_line_but_not_its_text() {
        let error = parse(&format!("{ONE}credentials = {{ token-file = \"hidden\n")).unwrap_err();
        assert_eq!(error.problems.first().unwrap().line, Some(4), "{error}");
        assert!(!error.to_string().contains("hidden"));
    }
}
