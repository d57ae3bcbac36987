//! RFC 9068 §4, RFC 7516, RFC 7519 §5.2: encrypted access tokens (R95). Anybody can encrypt to the server's public key, so
//! the stranger of these tests can, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fapi_core::crypto::{DecryptionFailed, DecryptionKey, JosekitDecryptionKey};
use fapi_core::jose::{CompactJwe, JoseError, KeyManagement};
use fapi_core::{ConfigError, Error, Issuer, ResourceServer, Revocation};
use fapi_testkit::{TestIssuer, TokenBuilder};
use josekit::jwe::enc::A256GCM;
use josekit::jwe::{
    ECDH_ES, ECDH_ES_A256KW, JweContentEncryption as _, JweEncrypter, JweHeader, RSA_OAEP_256,
};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use serde_json::{Map, Value, json};

use crate::world::{API, ISSUER, Request, World};

const ALGORITHMS: [&str; 3] = ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"];

/// A key pair of the server, and what encrypts to it.
struct KeyPair {
    jwk: Jwk,
    algorithm: &'static str,
}

impl KeyPair {
    fn generate(algorithm: &'static str, kid: &str) -> Self {
        let mut jwk = match algorithm {
            "RSA-OAEP-256" => Jwk::generate_rsa_key(2048).unwrap(),
            _ => Jwk::generate_ec_key(EcCurve::P256).unwrap(),
        };
        jwk.set_key_id(kid);
        Self { jwk, algorithm }
    }

    fn decryption_key(&self) -> Arc<dyn DecryptionKey> {
        Arc::new(JosekitDecryptionKey::from_jwk(self.jwk.to_string().as_bytes()).unwrap())
    }

    fn encrypter(&self) -> Box<dyn JweEncrypter> {
        let jwk = self.jwk.to_public_key().unwrap();
        match self.algorithm {
            "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap()),
            "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&jwk).unwrap()),
            _ => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap()),
        }
    }

    fn seal(&self, content: &str) -> String {
        self.seal_with(content.as_bytes(), |_header| {})
    }

    /// The header goes out as `edit` leaves it, and the tag is right for it.
    fn seal_with(&self, content: &[u8], edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let encrypter = self.encrypter();
        let (asked, mut added) = (JweHeader::new(), JweHeader::new());
        let agreed = encrypter.compute_content_encryption_key(&A256GCM, &asked, &mut added).unwrap();
        let key = agreed.map_or_else(|| vec![7; 32], |key| key.into_owned());
        let encrypted_key = encrypter.encrypt(&key, &asked, &mut added).unwrap().unwrap_or_default();
        let mut header = added.claims_set().clone();
        for (name, value) in
            [("alg", self.algorithm), ("enc", "A256GCM"), ("cty", "JWT"), ("kid", self.jwk.key_id().unwrap())]
        {
            header.insert(name.to_owned(), json!(value));
        }
        edit(&mut header);
        let header = URL_SAFE_NO_PAD.encode(Value::Object(header).to_string());
        let vector = [9; 12];
        let (ciphertext, tag) = A256GCM.encrypt(&key, Some(&vector), content, header.as_bytes()).unwrap();
        let [encrypted_key, vector, ciphertext, tag] =
            [&encrypted_key[..], &vector, &ciphertext, &tag.unwrap()]
                .map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{encrypted_key}.{vector}.{ciphertext}.{tag}")
    }
}

/// A server that accepts tokens encrypted to these keys.
fn accepting(keys: &[&KeyPair]) -> World {
    let keys: Vec<_> = keys.iter().map(|key| key.decryption_key()).collect();
    World::with(|builder| builder.token_decryption(keys))
}

/// The valid request with this text as its token.
fn presenting(world: &World, token: &str) -> Request {
    Request::dpop(token, world.proof(token).sign())
}

/// The valid request with the token inside of an envelope, but for the token.
fn sealed(world: &World, key: &KeyPair, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Request {
    presenting(world, &key.seal(&change(world.token()).sign()))
}

// R95: under each algorithm; ath is the hash of the text that was sent (R53).
#[tokio::test]
async fn an_encrypted_token_is_accepted() {
    for algorithm in ALGORITHMS {
        let key = KeyPair::generate(algorithm, "1");
        let world = accepting(&[&key]);
        let verified = world.accepted(&sealed(&world, &key, |token| token)).await;
        assert_eq!(verified.access_token::<fapi_core::NoClaims>().unwrap().issuer(), ISSUER);
        let inner = world.token().sign();
        let wrong_ath = Request::dpop(&key.seal(&inner), world.proof(&inner).sign());
        assert_eq!(world.verify(&wrong_ath).await, Err(Error::ProofAccessTokenHash), "{algorithm}");
    }
}

// R95: RFC 9068 §4, where encryption was agreed, a plain token is refused, and where it was not, an encrypted one.
#[tokio::test]
async fn encryption_is_agreed_or_not() {
    let key = KeyPair::generate("ECDH-ES", "1");
    let world = accepting(&[&key]);
    let rejection = world.refused(&world.valid()).await;
    assert_eq!(rejection.error(), &Error::TokenNotEncrypted);
    assert_eq!((rejection.status(), rejection.error_code()), (401, Some("invalid_token")));
    let world = World::new();
    assert_eq!(world.verify(&sealed(&world, &key, |token| token)).await, Err(Error::TokenEncrypted));
}

// R95, R101: what is inside is held to every rule, since who encrypted it is not known.
#[tokio::test]
async fn what_was_encrypted_is_a_token_like_any_other() {
    let key = KeyPair::generate("ECDH-ES", "1");
    let world = accepting(&[&key]);
    let decide = async |content: &str| world.verify(&presenting(&world, &key.seal(content))).await;
    let stranger = TestIssuer::new(ISSUER).with_clock(Arc::new(world.clock.clone()));
    for (token, error) in [
        (world.token().signed_by(&stranger.key()), Error::TokenSignature),
        (world.token().header("alg", "none"), Error::TokenAlgorithm),
        (world.token().header("typ", "JWT"), Error::TokenType),
        (world.token().audience("https://other.example.com"), Error::TokenAudience),
        (world.token().claim("exp", world.now().as_secs()), Error::TokenExpired { ago_seconds: 0 }),
        (world.token().claim("iss", "https://other.example.com"), Error::TokenIssuer),
        (world.token().without_claim("cnf"), Error::TokenUnbound),
        (world.token().bound_to(&world.another_client()), Error::KeyBinding),
    ] {
        assert_eq!(decide(&token.sign()).await, Err(error));
    }
    // Never the claims alone, with no signature.
    let signed = world.token().sign();
    let claims =
        json!({"iss": "issuer", "sub": "alice", "cnf": {"jkt": world.client.thumbprint()}}).to_string();
    let unsigned = signed.rsplit_once('.').unwrap().0;
    for content in [&claims, "a", "a.b", unsigned, &format!("{unsigned}.")] {
        assert_eq!(decide(content).await, Err(Error::TokenMalformed(JoseError::NotCompact)), "{content}");
    }
    let nested = key.seal(&signed);
    assert_eq!(decide(&nested).await, Err(Error::TokenEncrypted));
    let not_text = presenting(&world, &key.seal_with(b"\xff.\xff.\xff", |_header| {}));
    assert_eq!(world.verify(&not_text).await, Err(Error::TokenMalformed(JoseError::Utf8)));
}

/// The same envelope with the first octet of one of its parts changed.
fn with_changed_part(jwe: &str, part: usize) -> String {
    let mut parts: Vec<_> = jwe.split('.').map(str::to_owned).collect();
    let mut octets = URL_SAFE_NO_PAD.decode(&parts[part]).unwrap();
    octets[0] ^= 1;
    parts[part] = URL_SAFE_NO_PAD.encode(octets);
    parts.join(".")
}

// R95, RFC 7516 §11.4: whatever is wrong with the encryption itself, the answer is the same.
#[tokio::test]
async fn no_answer_tells_why_it_cannot_be_decrypted() {
    for algorithm in ALGORITHMS {
        let (key, other) = (KeyPair::generate(algorithm, "1"), KeyPair::generate(algorithm, "1"));
        let world = accepting(&[&key]);
        let token = world.token().sign();
        let good = key.seal(&token);
        let off_curve = key.seal_with(token.as_bytes(), |header| {
            if let Some(epk) = header.get_mut("epk") {
                epk["y"] = epk["x"].clone();
            } else {
                header.insert("kid".to_owned(), json!("2"));
            }
        });
        let mut failures = vec![
            other.seal(&token),
            key.seal_with(token.as_bytes(), |header| drop(header.insert("kid".to_owned(), json!("2")))),
            off_curve,
            with_changed_part(&good, 2),
            with_changed_part(&good, 3),
            with_changed_part(&good, 4),
        ];
        if algorithm != "ECDH-ES" {
            failures.push(with_changed_part(&good, 1));
        }
        let expected = world.refused(&presenting(&world, &failures[0])).await;
        for jwe in failures {
            let rejection = world.refused(&presenting(&world, &jwe)).await;
            assert_eq!(rejection.error(), &Error::TokenDecryption, "{algorithm}");
            assert!(rejection.headers().eq(expected.headers()), "{algorithm}");
        }
        assert_eq!(world.verify(&presenting(&world, &good)).await, Ok(()));
    }
}

// R95, R100, R112: what is refused before a key is touched; a tag that is right for it does not help.
#[tokio::test]
async fn the_form_of_the_encryption_is_agreed_too() {
    let key = KeyPair::generate("RSA-OAEP-256", "1");
    let world = accepting(&[&key]);
    let token = world.token().sign();
    for (name, value, error) in [
        ("alg", json!("RSA1_5"), JoseError::EncryptionAlgorithm),
        ("alg", json!("RSA-OAEP"), JoseError::EncryptionAlgorithm),
        ("alg", json!("dir"), JoseError::EncryptionAlgorithm),
        ("enc", json!("A128CBC-HS256"), JoseError::EncryptionAlgorithm),
        ("zip", json!("DEF"), JoseError::Compressed),
        ("crit", json!(["exp"]), JoseError::Critical),
        ("cty", json!("json"), JoseError::HeaderInvalid("cty")),
    ] {
        let jwe = key.seal_with(token.as_bytes(), |header| drop(header.insert(name.to_owned(), value)));
        let refused = world.verify(&presenting(&world, &jwe)).await;
        assert_eq!(refused, Err(Error::TokenEncryption(error)), "{name}");
    }
    // A tag of four octets, of which a stranger finds the right one by trying.
    let good = key.seal(&token);
    let (rest, tag) = good.rsplit_once('.').unwrap();
    let short = URL_SAFE_NO_PAD.encode(&URL_SAFE_NO_PAD.decode(tag).unwrap()[..4]);
    let refused = world.verify(&presenting(&world, &format!("{rest}.{short}"))).await;
    assert_eq!(refused, Err(Error::TokenEncryption(JoseError::PartLength)));
}

// R95: a key is replaced while tokens for the old one are still about.
#[tokio::test]
async fn keys_are_rotated() {
    let (old, new) = (KeyPair::generate("ECDH-ES", "old"), KeyPair::generate("ECDH-ES+A256KW", "new"));
    let rsa = KeyPair::generate("RSA-OAEP-256", "rsa");
    let world = accepting(&[&new, &old, &rsa]);
    for key in [&old, &new, &rsa] {
        assert_eq!(world.verify(&sealed(&world, key, |token| token)).await, Ok(()));
        // Without a kid, each key of the algorithm is tried.
        let token = world.token().sign();
        let nameless = key.seal_with(token.as_bytes(), |header| drop(header.remove("kid")));
        assert_eq!(world.verify(&presenting(&world, &nameless)).await, Ok(()));
    }
    let world = accepting(&[&new]);
    assert_eq!(world.verify(&sealed(&world, &old, |token| token)).await, Err(Error::TokenDecryption));
}

/// A key that counts what it decrypts.
#[derive(Debug)]
struct Counting(Arc<dyn DecryptionKey>, AtomicUsize);

impl DecryptionKey for Counting {
    fn key_id(&self) -> Option<&str> {
        self.0.key_id()
    }

    fn accepts(&self, algorithm: KeyManagement) -> bool {
        self.0.accepts(algorithm)
    }

    fn decrypt(&self, jwe: &CompactJwe<'_>) -> Result<Vec<u8>, DecryptionFailed> {
        self.1.fetch_add(1, SeqCst);
        self.0.decrypt(jwe)
    }
}

// R95, P46: a token is remembered by the text that was sent, and decrypted once.
#[tokio::test]
async fn a_known_token_is_not_decrypted_again() {
    let key = KeyPair::generate("RSA-OAEP-256", "1");
    let counting = Arc::new(Counting(key.decryption_key(), AtomicUsize::new(0)));
    let world = World::with(|builder| builder.token_decryption([Arc::clone(&counting) as _]));
    let inner = world.token().sign();
    let (one, other) = (key.seal(&inner), key.seal(&inner));
    assert_ne!(one, other, "OAEP is randomised");
    for (text, decrypted) in [(&one, 1), (&one, 1), (&other, 2), (&one, 2)] {
        assert_eq!(world.verify(&presenting(&world, text)).await, Ok(()));
        assert_eq!(counting.1.load(SeqCst), decrypted);
    }
    // The text inside is no token here, remembered or not.
    assert_eq!(world.verify(&presenting(&world, &inner)).await, Err(Error::TokenNotEncrypted));
}

// R95: what a configuration can get wrong.
#[test]
fn encryption_needs_a_key() {
    let built = ResourceServer::builder()
        .public_url(API)
        .audience(API)
        .revocation(Revocation::max_token_lifetime(std::time::Duration::from_secs(300)))
        .issuer(Issuer::new(ISSUER).with_key_set(TestIssuer::new(ISSUER).jwks()))
        .token_decryption([])
        .build();
    assert_eq!(built.unwrap_err(), ConfigError::DecryptionKeyMissing);
}
