//! A fleet that can be tested: files are read, and the issuers listen.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{FleetError, Problem};
use super::file::{ApiEntry, CredentialsEntry, FleetFile};
use crate::catalogue::{self, Case, CatalogueIssuer, Need, Profile};
use crate::conform::{Credentials, HttpTarget, Options, TlsFiles};

/// How many APIs are tested at once unless said otherwise.
const PARALLEL: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// The APIs of a fleet file, ready to be tested.
///
/// The issuers listen for as long as it lives. APIs with the same address share one, and the cases that count how often
/// an API fetches its keys, or change the keys, are left out for them: nobody can tell which of them fetched.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub(super) apis: Vec<Arc<Api>>,
    pub(super) parallel: NonZeroUsize,
    pub(super) only: Vec<String>,
}

/// One API.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) name: String,
    pub(super) target: HttpTarget,
    pub(super) source: Source,
    options: Options,
    shares_issuer: bool,
}

/// Where the tokens of an API come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Issuer(CatalogueIssuer),
    Files { token: PathBuf, key: Option<PathBuf>, profile: Profile },
    Command(String),
}

impl Source {
    /// Reads files anew: tokens expire, and are renewed between two runs.
    pub(super) fn credentials(&self) -> io::Result<Credentials> {
        match self {
            Self::Issuer(issuer) => Ok(Credentials::Issuer(issuer.clone())),
            Self::Files { token, key, profile } => Credentials::from_files(token, key.as_deref(), *profile),
            Self::Command(command) => Ok(Credentials::Command(command.clone())),
        }
    }
}

impl Api {
    pub(super) fn public_url(&self) -> &str {
        &self.options.public_url
    }

    /// What to test, with those cases of `only` that can be tried on this API.
    pub(super) fn options(&self, only: &[String]) -> Options {
        if only.is_empty() && !self.shares_issuer {
            return self.options.clone();
        }
        let named = |case: &Case| only.is_empty() || only.iter().any(|name| goes_by(case, name));
        let alone = |need: &Need| matches!(need, Need::ServedIssuer | Need::Rotation);
        let possible = |case: &Case| !self.shares_issuer || !case.needs.iter().any(alone);
        let cases = catalogue::all().iter().filter(|case| named(case) && possible(case));
        self.options.clone().only(cases.map(|case| case.id))
    }
}

fn goes_by(case: &Case, name: &str) -> bool {
    name == case.id || name == case.group.name()
}

impl Fleet {
    /// Reads the files that the entries name and starts their issuers. Nothing is sent to an API.
    ///
    /// # Errors
    /// If a file cannot be used, or an issuer cannot listen.
    pub fn open(file: &FleetFile) -> Result<Self, FleetError> {
        let mut issuers = HashMap::new();
        let (mut apis, mut problems) = (vec![], vec![]);
        for entry in &file.apis {
            match open_api(file, entry, &mut issuers) {
                Ok(api) => apis.push(Arc::new(api)),
                Err(error) => {
                    problems.push(Problem::in_no_line(format_args!("the API {:?}: {error}", entry.name)))
                }
            }
        }
        if !problems.is_empty() {
            return Err(FleetError { problems });
        }
        Ok(Self { apis, parallel: PARALLEL, only: vec![] })
    }

    /// How many APIs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.apis.len()
    }

    /// Never: a fleet file without an API is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.apis.is_empty()
    }

    /// How many APIs are tested at once; 8 unless set. Each has a rate of its own.
    #[must_use]
    pub fn parallel(self, apis: NonZeroUsize) -> Self {
        Self { parallel: apis, ..self }
    }

    /// Runs only the cases with these ids and of these groups; all if there are none.
    ///
    /// # Errors
    /// If no case or group goes by one of the names.
    pub fn only(self, ids_or_groups: &[String]) -> Result<Self, FleetError> {
        for name in ids_or_groups {
            if !catalogue::all().iter().any(|case| goes_by(case, name)) {
                return Err(FleetError::of(format_args!("no case or group goes by the name {name:?}")));
            }
        }
        Ok(Self { only: ids_or_groups.to_vec(), ..self })
    }
}

fn open_api(
    file: &FleetFile,
    entry: &ApiEntry,
    issuers: &mut HashMap<SocketAddr, CatalogueIssuer>,
) -> io::Result<Api> {
    let profile = entry.options.profile;
    let client = entry.tls.client.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
    let files = TlsFiles { trusted: entry.tls.ca.as_deref(), client };
    let target = HttpTarget::with_tls(&entry.target, &files)?;
    let source = match &entry.credentials {
        CredentialsEntry::Issuer(address) => Source::Issuer(issuer(*address, profile, issuers)?),
        CredentialsEntry::Files { token, key } => {
            Source::Files { token: token.clone(), key: key.clone(), profile }
        }
        CredentialsEntry::Command(command) => Source::Command(command.clone()),
    };
    // A file that cannot be read must not be noticed only when it is this API's turn.
    source.credentials()?;
    let sharing = file.apis.iter().filter(|other| other.credentials == entry.credentials).count();
    let shares_issuer = matches!(source, Source::Issuer(_)) && sharing > 1;
    Ok(Api { name: entry.name.clone(), target, source, options: entry.options.clone(), shares_issuer })
}

/// The issuer on this address, which listens from the first API on that wants it.
fn issuer(
    address: SocketAddr,
    profile: Profile,
    issuers: &mut HashMap<SocketAddr, CatalogueIssuer>,
) -> io::Result<CatalogueIssuer> {
    if let Some(issuer) = issuers.get(&address) {
        return Ok(issuer.clone());
    }
    let issuer = CatalogueIssuer::new("replaced by the address", profile)
        .serve_on(address)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    issuers.insert(address, issuer.clone());
    Ok(issuer)
}
