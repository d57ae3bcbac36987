//! Who takes part in the cases: the client, others with keys of their own, and the issuer with its key set.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::{fmt, io};

use fapi_core::Clock;
use fapi_core::jose::Algorithm;
use serde_json::{Value, json};

use super::forge::RsaKey;
use super::multi_prime::MultiPrimeKey;
use super::profile::Profile;
use crate::verification::Jws;
use crate::{
    Endpoint, Fault, IssuerServer, RegisteredClient, SigningKey, TestCertificate, TestClient, TestIssuer,
    TokenBuilder,
};

/// The clients and thieves. Keys that few cases need are made when the first one asks.
#[derive(Debug)]
pub(crate) struct Cast {
    /// The rightful client.
    pub(super) client: TestClient,
    /// Somebody with another key.
    pub(super) thief: TestClient,
    pub(super) eddsa: TestClient,
    pub(super) certificate: TestCertificate,
    rsa: LazyLock<RsaClient>,
    large_rsa: LazyLock<LargeRsa>,
    pub(super) oversized: LazyLock<MultiPrimeKey>,
}

/// Clients with longer RSA keys than most.
#[derive(Debug)]
pub(super) struct LargeRsa {
    pub(super) bits_3072: TestClient,
    pub(super) bits_4096: TestClient,
}

impl LargeRsa {
    fn new() -> Self {
        let client = |bits| {
            let jwk = RsaKey::generate(bits).private_jwk();
            TestClient::with_key(SigningKey::from_private_jwk(Algorithm::Ps256, &jwk))
        };
        Self { bits_3072: client(3072), bits_4096: client(4096) }
    }
}

/// A client with an RSA key, which also signs what no client would.
#[derive(Debug)]
pub(super) struct RsaClient {
    pub(super) key: RsaKey,
    pub(super) ps256: TestClient,
    pub(super) rs256: TestClient,
}

impl RsaClient {
    fn new() -> Self {
        let key = RsaKey::generate(2048);
        let client =
            |algorithm| TestClient::with_key(SigningKey::from_private_jwk(algorithm, &key.private_jwk()));
        Self { ps256: client(Algorithm::Ps256), rs256: client(Algorithm::Rs256), key }
    }
}

impl Cast {
    pub(crate) fn new(client: TestClient) -> Self {
        Self {
            client,
            thief: TestClient::new(),
            eddsa: TestClient::new().with_algorithm(Algorithm::EdDsa),
            certificate: TestCertificate::generate(),
            rsa: LazyLock::new(RsaClient::new),
            large_rsa: LazyLock::new(LargeRsa::new),
            oversized: LazyLock::new(MultiPrimeKey::generate),
        }
    }

    pub(super) fn rsa(&self) -> &RsaClient {
        &self.rsa
    }

    pub(super) fn large_rsa(&self) -> &LargeRsa {
        &self.large_rsa
    }

    /// Everybody for whom a case may want a token.
    pub(crate) fn token_holders(&self) -> [&TestClient; 4] {
        [&self.client, &self.thief, &self.eddsa, &self.rsa().ps256]
    }
}

/// An issuer for the catalogue: beside its own key, the key set holds keys that a resource server must use and keys that
/// it must pass over.
///
/// ```
/// use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
///
/// let issuer = CatalogueIssuer::new("https://as.example.com", Profile::Fapi2);
/// // What the API under test is told to trust.
/// let (identifier, key_set) = (issuer.identifier(), issuer.jwks());
/// # let _ = (identifier, key_set);
/// ```
#[derive(Clone)]
pub struct CatalogueIssuer {
    issuer: TestIssuer,
    keys: Arc<PublishedKeys>,
    server: Option<Arc<IssuerServer>>,
}

/// The further keys of the issuer. Those that nothing is said about are of the algorithm of its own key.
pub(super) struct PublishedKeys {
    /// Without `use`, `alg` and `key_ops`.
    pub(super) bare: SigningKey,
    pub(super) es256: SigningKey,
    pub(super) es384: SigningKey,
    pub(super) eddsa: SigningKey,
    /// Published with the `alg` PS256 and, under [`RSA_KID`], without one.
    pub(super) rsa: RsaKey,
    pub(super) ps256: SigningKey,
    /// An EC key whose `kid` an RSA key has, too.
    pub(super) same_kid: SigningKey,
    pub(super) for_encryption: SigningKey,
    pub(super) not_for_verifying: SigningKey,
    /// Published with another `alg` than it signs with.
    pub(super) other_alg: SigningKey,
    pub(super) weak: RsaKey,
    /// Published by nobody.
    pub(super) impostor: SigningKey,
}

/// The `kid` of the RSA key that is published without `alg`.
pub(super) const RSA_KID: &str = "rsa";
/// The `kid` that two keys have.
pub(super) const SAME_KID: &str = "same";
/// The `kid` of the symmetric key, whose secret is [`SECRET`].
pub(super) const SECRET_KID: &str = "secret";
/// A secret that its owner has published.
pub(super) const SECRET: &[u8] = b"a secret of thirty-two bytes....";
/// The `kid` of the RSA key of 1024 bits.
pub(super) const WEAK_KID: &str = "weak";

impl PublishedKeys {
    fn new(algorithm: Algorithm) -> Self {
        let own = || SigningKey::generate(algorithm);
        let rsa = RsaKey::generate(2048);
        Self {
            bare: own(),
            es256: SigningKey::generate(Algorithm::Es256),
            es384: SigningKey::generate(Algorithm::Es384),
            eddsa: SigningKey::generate(Algorithm::EdDsa),
            ps256: SigningKey::from_private_jwk(Algorithm::Ps256, &rsa.private_jwk()),
            rsa,
            same_kid: SigningKey::generate(Algorithm::Es256),
            for_encryption: own(),
            not_for_verifying: own(),
            other_alg: own(),
            weak: RsaKey::generate(1024),
            impostor: own(),
        }
    }

    /// The further JWKs of the key set, the unusable ones first.
    fn jwks(&self) -> Vec<Value> {
        let own_kid = |key: &SigningKey| key.published_jwk(&key.thumbprint());
        vec![
            // RFC 7517 §5: a key of an unknown type is ignored, and so is one that lacks a member.
            json!({"kty": "LATTICE", "kid": "future", "lattice": "AQAB"}),
            json!({"kty": "EC", "crv": "P-256", "kid": "incomplete"}),
            json!({"kty": "oct", "kid": SECRET_KID, "alg": "HS256", "k": crate::encoding::base64url(SECRET)}),
            with(self.weak.public_jwk(), &[("kid", json!(WEAK_KID))]),
            with(own_kid(&self.for_encryption), &[("use", json!("enc"))]),
            with(
                self.not_for_verifying.public_jwk(),
                &[("kid", json!(self.not_for_verifying.thumbprint())), ("key_ops", json!(["encrypt"]))],
            ),
            with(own_kid(&self.other_alg), &[("alg", json!(other_alg(self.other_alg.algorithm())))]),
            // FAPI 2.0 SP §5.4.3: the same kid twice, of different types.
            with(self.rsa.public_jwk(), &[("kid", json!(SAME_KID))]),
            self.same_kid.published_jwk(SAME_KID),
            with(self.bare.public_jwk(), &[("kid", json!(self.bare.thumbprint()))]),
            with(self.rsa.public_jwk(), &[("kid", json!(RSA_KID))]),
            own_kid(&self.es256),
            own_kid(&self.eddsa),
            own_kid(&self.ps256),
            own_kid(&self.es384),
        ]
    }
}

/// Another algorithm of the same type of key.
const fn other_alg(own: Algorithm) -> &'static str {
    match own {
        Algorithm::Es256 => "ES384",
        _ => "PS384",
    }
}

fn with(mut jwk: Value, members: &[(&str, Value)]) -> Value {
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    jwk
}

impl CatalogueIssuer {
    /// The client that may introspect, unless there is another one: by `client_secret_basic`.
    pub const CLIENT_ID: &str = "api";
    /// Its secret, which is none: the issuer of a run knows nothing worth hiding.
    pub const CLIENT_SECRET: &str = "secret";
    /// The `Authorization` header field with which it sends security events.
    pub const EVENTS_AUTHORIZATION: &str = "Bearer secret";

    /// An issuer with new keys, of the algorithm that the profile's issuers use.
    #[must_use]
    pub fn new(identifier: &str, profile: Profile) -> Self {
        let keys = PublishedKeys::new(profile.token_algorithm());
        let issuer = TestIssuer::new(identifier)
            .with_algorithm(profile.token_algorithm())
            .also_publishing(keys.jwks())
            .with_client(RegisteredClient::client_secret_basic(Self::CLIENT_ID, Self::CLIENT_SECRET));
        Self { issuer, keys: Arc::new(keys), server: None }
    }

    /// The same issuer with the time of `clock`.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { issuer: self.issuer.with_clock(clock), ..self }
    }

    /// The same issuer on an address, with metadata and key set; its identifier becomes `http://ADDRESS`.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub fn serve_on(self, address: SocketAddr) -> io::Result<Self> {
        let server = self.issuer.serve_on(address)?;
        Ok(Self { issuer: server.issuer().clone(), server: Some(Arc::new(server)), ..self })
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn identifier(&self) -> &str {
        self.issuer.identifier()
    }

    /// The key set as JSON.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.issuer.jwks()
    }

    /// A valid token, before it is signed.
    pub fn token(&self) -> TokenBuilder {
        self.issuer.token()
    }

    /// The same issuer with one more client, which may introspect. There is always the one that is called
    /// [`CatalogueIssuer::CLIENT_ID`].
    #[must_use]
    pub fn with_client(self, client: RegisteredClient) -> Self {
        Self { issuer: self.issuer.with_client(client), ..self }
    }

    /// Replaces the key that signs, as an issuer does from time to time; the old one is published no longer.
    pub(super) fn rotate_keys(&self) {
        self.issuer.rotate_keys();
    }

    /// How often the key set has been fetched; `None` if the issuer is not served.
    #[must_use]
    pub fn key_fetches(&self) -> Option<usize> {
        self.server.as_deref().map(IssuerServer::jwks_fetches)
    }

    /// Whether the token is signed with the present key.
    pub(super) fn has_signed(&self, token: &str) -> bool {
        Jws::parse(token).is_some_and(|token| token.is_signed_by(&self.key().public_jwk()))
    }

    /// The issuer itself: what it says about tokens can be changed.
    pub(super) fn issuer(&self) -> &TestIssuer {
        &self.issuer
    }

    /// Makes requests about a token, or else to a path, fail.
    pub(super) fn fail_about(&self, token_or_path: &str, fault: Fault) {
        self.server().set_fault_about(token_or_path, fault);
    }

    pub(super) fn recover_about(&self, token_or_path: &str) {
        self.server().clear_fault_about(token_or_path);
    }

    /// Takes no connections for its keys any more, until it recovers.
    pub(super) fn withhold_keys(&self) {
        self.server().set_fault_of(Endpoint::Metadata, Fault::Down);
        self.server().set_fault_of(Endpoint::Jwks, Fault::Down);
    }

    /// Hands out its keys again, if it did not.
    pub(crate) fn recover(&self) {
        if let Some(server) = &self.server {
            server.clear_fault_of(Endpoint::Metadata);
            server.clear_fault_of(Endpoint::Jwks);
        }
    }

    fn server(&self) -> &IssuerServer {
        self.server.as_deref().expect("a case that needs the issuer to be served says so")
    }

    pub(super) fn key(&self) -> SigningKey {
        self.issuer.key()
    }

    pub(super) fn keys(&self) -> &PublishedKeys {
        &self.keys
    }
}

/// Shows the identifier, never a key.
impl fmt::Debug for CatalogueIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CatalogueIssuer")
            .field("identifier", &self.identifier())
            .finish_non_exhaustive()
    }
}
