//! Encrypted tokens (RFC 7516, nested as in RFC 7519 §11.2): right by default, and wrong in one way on demand.
//!
//! Keys are agreed on and wrapped by josekit and the JWE is put together here, so that the header goes out exactly as
//! the test wants it, under a tag that is valid for it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use josekit::JoseError;
use josekit::jwe::enc::{A128CBC_HS256, A128GCM, A192CBC_HS384, A192GCM, A256CBC_HS512, A256GCM};
use josekit::jwe::{JweContentEncryption, JweHeader};
use serde_json::{Map, Value};

use crate::encoding::base64url;
use crate::encryption_key::EncryptionKey;

/// A JWE before its content is encrypted, from [`EncryptionKey::encrypt`].
///
/// Without any setter, the protected header has `alg` and `kid` of the key, `enc` `A256GCM`, `cty` `JWT` and, where keys
/// are agreed on, `epk`.
///
/// ```
/// use fapi_testkit::{EncryptionKey, TestIssuer};
///
/// let key = EncryptionKey::rsa();
/// let token = TestIssuer::new("https://as.example.com").token().sign();
/// let valid = key.encrypt(&token).encrypt();
/// // Wrong in exactly one way: compressed; encrypted as PKCS #1 v1.5 has it.
/// let compressed = key.encrypt(&token).compressed().encrypt();
/// let outdated = key.clone().with_algorithm("RSA1_5").encrypt(&token).encrypt();
/// # let _ = (valid, compressed, outdated);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a JWE is made by `encrypt`"]
pub struct JweBuilder {
    key: EncryptionKey,
    header: Map<String, Value>,
    raw_header: Option<String>,
    content_encryption: Box<dyn JweContentEncryption>,
    content_key: Vec<u8>,
    encrypted_key: Vec<u8>,
    content: Vec<u8>,
    flipped_tag: bool,
}

impl JweBuilder {
    pub(crate) fn new(key: &EncryptionKey, payload: &str) -> Self {
        Self {
            key: key.clone(),
            header: Map::new(),
            raw_header: None,
            content_encryption: Box::new(A256GCM),
            content_key: Vec::new(),
            encrypted_key: Vec::new(),
            content: payload.as_bytes().to_vec(),
            flipped_tag: false,
        }
        .header("alg", key.algorithm())
        .header("kid", key.kid())
        .header("cty", "JWT")
        .content_encryption("A256GCM")
    }

    /// Encrypts the content with this algorithm of RFC 7518 §5.1, such as `A256GCM` or `A128CBC-HS256`, and sets `enc`.
    ///
    /// # Panics
    /// If there is no such algorithm.
    pub fn content_encryption(mut self, enc: &str) -> Self {
        self.content_encryption = content_encryption(enc).expect("an algorithm of RFC 7518 §5.1");
        self.header("enc", enc).with_new_key()
    }

    /// Sets `apu` and `apv`, which the agreed key depends on (RFC 7518 §4.6.2).
    pub fn parties(self, producer: &[u8], recipient: &[u8]) -> Self {
        self.header("apu", base64url(producer)).header("apv", base64url(recipient)).with_new_key()
    }

    fn with_new_key(mut self) -> Self {
        self.replace_key().expect("OpenSSL encrypts a key");
        self
    }

    /// A new key for the content, and whatever the recipient needs to learn it: the encrypted key, `epk`, or both.
    fn replace_key(&mut self) -> Result<(), JoseError> {
        let encrypter = self.key.encrypter().expect("an algorithm that fits the key");
        let mut header = JweHeader::new();
        for name in ["apu", "apv"] {
            header.set_claim(name, self.header.get(name).cloned())?;
        }
        let given = header.clone();
        let content_encryption = self.content_encryption.as_ref();
        let agreed = encrypter.compute_content_encryption_key(content_encryption, &given, &mut header)?;
        self.content_key = match agreed {
            Some(key) => key.into_owned(),
            None => josekit::util::random_bytes(content_encryption.key_len()),
        };
        self.encrypted_key = encrypter.encrypt(&self.content_key, &given, &mut header)?.unwrap_or_default();
        if let Some(ephemeral) = header.claim("epk") {
            self.header.insert("epk".to_owned(), ephemeral.clone());
        }
        Ok(())
    }

    /// Compresses what has been given to encrypt, and sets `zip`.
    pub fn compressed(mut self) -> Self {
        self.content = deflate(&self.content);
        self.header("zip", "DEF")
    }

    /// Sets any header parameter to any value. Nothing but the header changes: for another `alg`, take
    /// [`EncryptionKey::with_algorithm`].
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves out a header parameter.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Changes the text of the JSON header, after all other changes to it: for duplicate members and escapes.
    pub fn edit_header(mut self, edit: impl FnOnce(String) -> String) -> Self {
        self.raw_header = Some(edit(self.header_text()));
        self
    }

    fn header_text(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    /// Flips one bit of the authentication tag.
    pub fn with_flipped_tag(self) -> Self {
        Self { flipped_tag: true, ..self }
    }

    /// The JWE in compact form: five parts.
    ///
    /// # Panics
    /// Never: OpenSSL encrypts with keys of the right length.
    #[must_use]
    pub fn encrypt(self) -> String {
        let header = base64url(self.raw_header.clone().unwrap_or_else(|| self.header_text()));
        let iv = josekit::util::random_bytes(self.content_encryption.iv_len());
        let (ciphertext, tag) = self
            .content_encryption
            .encrypt(&self.content_key, Some(&iv), &self.content, header.as_bytes())
            .expect("OpenSSL encrypts");
        let mut tag = tag.expect("authenticated encryption");
        if let (true, Some(first)) = (self.flipped_tag, tag.first_mut()) {
            *first ^= 0x80;
        }
        [header, base64url(self.encrypted_key), base64url(iv), base64url(ciphertext), base64url(tag)]
            .join(".")
    }
}

fn content_encryption(enc: &str) -> Option<Box<dyn JweContentEncryption>> {
    Some(match enc {
        "A128GCM" => Box::new(A128GCM),
        "A192GCM" => Box::new(A192GCM),
        "A256GCM" => Box::new(A256GCM),
        "A128CBC-HS256" => Box::new(A128CBC_HS256),
        "A192CBC-HS384" => Box::new(A192CBC_HS384),
        "A256CBC-HS512" => Box::new(A256CBC_HS512),
        _ => return None,
    })
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}
