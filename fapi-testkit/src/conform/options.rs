//! What to test and how: the API as its clients know it, the profile, and the bounds of the run.

use std::sync::Arc;
use std::time::Duration;

use fapi_core::{Clock, SenderConstraint, SystemClock};

use crate::catalogue::{AuthorizationDetail, Case, DetailsRoute, Profile, ScopeRoute, StepUpRoute, Terms};

/// Requests per second: enough for the whole catalogue in seconds, and less than any API serves.
const RATE: u32 = 50;
/// How long a run lasts at most.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// How long the API may take to become ready: an API that has just failed to load the issuer's keys tries again after
/// half a minute.
const READY_LIMIT: Duration = Duration::from_secs(45);

/// How soon an API must have learned of a revocation: as long as an introspection answer usually counts.
const REVOCATION_LIMIT: Duration = Duration::from_secs(30);

/// In which form an API accepts the issuer's answers about opaque tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answers {
    /// As plain JSON (RFC 7662).
    Plain,
    /// Signed (RFC 9701), and in no other form.
    Signed,
}

/// What to test and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) public_url: String,
    pub(crate) audience: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) scope: String,
    pub(crate) scope_route: Option<ScopeRoute>,
    pub(crate) step_up_route: Option<StepUpRoute>,
    pub(crate) details_route: Option<DetailsRoute>,
    pub(crate) profile: Profile,
    pub(crate) sender_constraint: Option<SenderConstraint>,
    pub(crate) nonces_required: bool,
    pub(crate) other_methods: bool,
    pub(crate) opaque_tokens: Option<Answers>,
    pub(crate) introspected_jwts: bool,
    pub(crate) status_lists: bool,
    pub(crate) security_events: Option<String>,
    pub(crate) revocation_limit: Duration,
    pub(crate) rate: u32,
    pub(crate) time_limit: Duration,
    pub(crate) ready_limit: Duration,
    pub(crate) only: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) origin: Origin,
}

/// Where the user has written the options, so that hints can name them as they are written there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Origin {
    /// As flags of a command.
    Flags,
    /// As keys of a fleet file.
    FleetFile,
}

impl Origin {
    /// How the client certificate is given there.
    pub(crate) const fn certificate(self) -> &'static str {
        match self {
            Self::Flags => "--client-cert and --client-key",
            Self::FleetFile => "client-cert and client-key in the table tls of the fleet file",
        }
    }

    /// The option of this name, as it is written there.
    pub(crate) fn name(self, option: &str) -> String {
        match self {
            Self::Flags => format!("--{option}"),
            Self::FleetFile => format!("{option} in the fleet file"),
        }
    }
}

impl Options {
    /// `GET /whoami` of the API that clients know by this URL, which is also its audience; the profile is FAPI 2.0.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self {
            audience: public_url.clone(),
            public_url,
            method: "GET".to_owned(),
            path: "/whoami".to_owned(),
            scope: "openid".to_owned(),
            scope_route: None,
            step_up_route: None,
            details_route: None,
            profile: Profile::Fapi2,
            sender_constraint: None,
            nonces_required: false,
            other_methods: false,
            opaque_tokens: None,
            introspected_jwts: false,
            status_lists: false,
            security_events: None,
            revocation_limit: REVOCATION_LIMIT,
            rate: RATE,
            time_limit: TIME_LIMIT,
            ready_limit: READY_LIMIT,
            only: vec![],
            clock: Arc::new(SystemClock),
            origin: Origin::Flags,
        }
    }

    /// The audience of the tokens.
    #[must_use]
    pub fn audience(self, audience: &str) -> Self {
        Self { audience: audience.to_owned(), ..self }
    }

    /// The request that a valid token opens. It is sent several hundred times.
    #[must_use]
    pub fn route(self, method: &str, path: &str) -> Self {
        Self { method: method.to_ascii_uppercase(), path: with_slash(path), ..self }
    }

    /// The scope of the tokens: names separated by spaces.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        Self { scope: scope.to_owned(), ..self }
    }

    /// A route that asks for a scope, by the same method. The tokens have that scope, too.
    #[must_use]
    pub fn scope_route(self, path: &str, scope: &str) -> Self {
        let route = ScopeRoute { path: with_slash(path), scope: scope.to_owned() };
        Self { scope_route: Some(route), ..self.scope(scope) }
    }

    /// A route that asks for an authentication of the user (RFC 9470), by the same method: for one of these values of
    /// `acr` (separated by spaces), and for one that is not older than `max_age`.
    #[must_use]
    pub fn step_up_route(self, path: &str, acr_values: &str, max_age: Option<Duration>) -> Self {
        let route = StepUpRoute { path: with_slash(path), acr_values: acr_values.to_owned(), max_age };
        Self { step_up_route: Some(route), ..self }
    }

    /// A route that asks for an authorization detail (RFC 9396), and one that suffices. Requests that suffice are sent to
    /// it a dozen times.
    #[must_use]
    pub fn details_route(self, method: &str, path: &str, detail: AuthorizationDetail) -> Self {
        let route = DetailsRoute { method: method.to_ascii_uppercase(), path: with_slash(path), detail };
        Self { details_route: Some(route), ..self }
    }

    /// The profile whose expectations apply.
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// To what the API wants tokens to be bound; as the profile says unless set. Where that is a certificate only, every
    /// valid request shows that of the connection.
    ///
    /// ```
    /// use fapi_core::SenderConstraint;
    /// use fapi_testkit::conform::Options;
    ///
    /// // FAPI 2.0 leaves the choice, and this API has made it.
    /// let options = Options::new("https://api.example.com").sender_constraint(SenderConstraint::Mtls);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn sender_constraint(self, constraint: SenderConstraint) -> Self {
        Self { sender_constraint: Some(constraint), ..self }
    }

    /// Every proof needs a nonce, always. An API that asks for one at times only cannot be told from one that forgets to
    /// ask, so this is for whoever runs it to say.
    #[must_use]
    pub fn nonces_required(self) -> Self {
        Self { nonces_required: true, ..self }
    }

    /// Valid requests of every method, `DELETE` among them, and to paths below the route do no harm. Without this, only
    /// those of safe methods are sent.
    #[must_use]
    pub fn other_methods(self) -> Self {
        Self { other_methods: true, ..self }
    }

    /// The API accepts opaque tokens and asks the issuer of the run about them, as its client
    /// [`CatalogueIssuer::CLIENT_ID`](crate::catalogue::CatalogueIssuer::CLIENT_ID).
    #[must_use]
    pub fn opaque_tokens(self, answers: Answers) -> Self {
        Self { opaque_tokens: Some(answers), ..self }
    }

    /// The API asks the issuer of the run about every JWT, too.
    #[must_use]
    pub fn introspected_jwts(self) -> Self {
        Self { introspected_jwts: true, ..self }
    }

    /// The API looks into the status lists of the issuer of the run; every token then has an entry in one. They are at
    /// paths below `/status-list` there.
    #[must_use]
    pub fn status_lists(self) -> Self {
        Self { status_lists: true, ..self }
    }

    /// The API receives security events of the issuer of the run at this path (RFC 8935), for its audience and with
    /// [`CatalogueIssuer::EVENTS_AUTHORIZATION`](crate::catalogue::CatalogueIssuer::EVENTS_AUTHORIZATION).
    #[must_use]
    pub fn security_events(self, path: &str) -> Self {
        Self { security_events: Some(with_slash(path)), ..self }
    }

    /// How soon the API must have learned of a revocation; 30 seconds unless set.
    #[must_use]
    pub fn revocation_limit(self, limit: Duration) -> Self {
        Self { revocation_limit: limit, ..self }
    }

    /// How many requests are sent each second at most; 50 unless set.
    #[must_use]
    pub fn rate(self, per_second: u32) -> Self {
        Self { rate: per_second.max(1), ..self }
    }

    /// How long the run lasts at most; two minutes unless set. Cases that are left over are skipped.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        Self { time_limit: limit, ..self }
    }

    /// How long the API may take to become ready; 45 seconds unless set.
    #[must_use]
    pub fn ready_limit(self, limit: Duration) -> Self {
        Self { ready_limit: limit, ..self }
    }

    /// Runs only the cases with these ids and of these groups; all if there are none.
    #[must_use]
    pub fn only<S: Into<String>>(self, ids_or_groups: impl IntoIterator<Item = S>) -> Self {
        Self { only: ids_or_groups.into_iter().map(Into::into).collect(), ..self }
    }

    /// The clock by which proofs and tokens are dated; the system's unless set.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same, written in a fleet file.
    pub(crate) fn of_fleet_file(self) -> Self {
        Self { origin: Origin::FleetFile, ..self }
    }

    /// What the API says of itself.
    pub(crate) fn terms(&self) -> Terms {
        Terms::new(self.profile, self.sender_constraint)
    }

    /// Whether the case is among those to run.
    pub(crate) fn selects(&self, case: &Case) -> bool {
        let named = |name: &String| name == case.id || name == case.group.name();
        case.is_about(&self.terms()) && (self.only.is_empty() || self.only.iter().any(named))
    }
}

fn with_slash(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}
