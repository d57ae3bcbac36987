//! The mutants: what is wrong with each, under which numbers it is known, and which cases must find it.

/// Writes the enum and its table from one list.
macro_rules! flaws {
    ($($(#[doc = $wrong:literal])+ $flaw:ident, $numbers:literal, [$($case:literal),+];)+) => {
        /// What is wrong with a resource server.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Flaw {
            $($(#[doc = $wrong])+ $flaw,)+
        }

        impl Flaw {
            /// Every flaw.
            pub(crate) const ALL: &[Self] = &[$(Self::$flaw),+];

            /// What is wrong, in one sentence.
            pub(crate) fn wrong(self) -> &'static str {
                let sentence = match self {
                    $(Self::$flaw => concat!($($wrong),+),)+
                };
                sentence.trim()
            }

            /// The numbers of its rules and pitfalls.
            pub(crate) const fn numbers(self) -> &'static str {
                match self {
                    $(Self::$flaw => $numbers,)+
                }
            }

            /// The cases that must fail.
            pub(crate) const fn cases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$flaw => &[$($case),+],)+
                }
            }
        }
    };
}

flaws! {
    // --- The Authorization header ---
    /// The scheme is compared with its case.
    SchemeCase, "R27 P20", ["scheme-mixed-case", "scheme-lower-case", "scheme-upper-case"];
    /// Exactly one space is expected after the scheme.
    OneSpace, "R28", ["scheme-several-spaces"];
    /// A tab separates, too.
    TabSeparates, "R28", ["scheme-and-tab"];
    /// What follows the token is not looked at.
    SecondWord, "R28", ["token-and-more"];
    /// The first of a list is taken.
    FirstOfList, "R28 R29", ["two-tokens-in-one-header"];
    /// Quotes around the token are removed.
    QuotedToken, "R28", ["token-quoted"];
    /// Any scheme will do.
    AnyScheme, "R31", ["scheme-unknown"];
    /// The first of several Authorization headers is taken.
    FirstAuthorization, "R29 P19", ["two-authorizations-same", "two-authorizations-rubbish-second"];
    /// The last of several Authorization headers is taken.
    LastAuthorization, "R29 P19", ["two-authorizations-same", "two-authorizations-bearer-first"];
    /// Several Authorization headers are an internal error.
    TwoAuthorizationsCrash, "R29 P19", ["two-authorizations-same"];
    /// A token is taken from the query.
    QueryToken, "R2", ["token-in-query"];
    /// A token in the query beside the one in the header is not noticed.
    QueryBeside, "R2 R29", ["token-in-header-and-query"];
    /// Names in the query are compared as they are written.
    EncodedQueryName, "R2", ["token-in-header-and-encoded-query"];
    /// A token is taken from a form.
    FormToken, "R3", ["token-in-form"];
    /// A token is taken from a cookie.
    CookieToken, "R1", ["token-in-cookie"];
    /// A token is taken from X-Forwarded-Authorization.
    ForwardedAuthorization, "R1 P49", ["token-in-other-header"];

    // --- Refusals ---
    /// A 401 has no challenge.
    NoChallenge, "R30", ["no-credentials", "proof-absent"];
    /// A wrong token is answered with 403.
    Forbidden, "R32", ["token-expired", "no-credentials"];
    /// A request without credentials is told an error.
    ErrorWithoutCredentials, "R31 P41", ["no-credentials"];
    /// The only challenge is that of Bearer.
    BearerChallenge, "R36 P41", ["no-credentials-dpop-challenge", "answer-algs"];
    /// The challenge names no algorithms.
    NoAlgorithms, "R37 P41", ["answer-algs"];
    /// Parameters of the challenge are not quoted.
    Unquoted, "R35 P41", ["answer-quoted"];
    /// A parameter of the challenge is repeated.
    RepeatedParameter, "R33", ["answer-parameters-once"];
    /// The challenge has characters that it must not have.
    ChallengeCharacters, "R33", ["answer-characters"];
    /// A refusal may be stored by caches.
    Cacheable, "R39", ["answer-proof-no-store", "answer-token-no-store"];
    /// The token stands in the body of the refusal.
    EchoesToken, "R22 P44", ["answer-repeats-no-token"];
    /// The proof stands in the body of the refusal.
    EchoesProof, "R21 P44", ["answer-repeats-no-proof"];
    /// The words of the parser stand in the body of the refusal.
    ParserText, "P44", ["answer-repeats-no-token"];

    // --- The token ---
    /// The typ of the token is not looked at.
    TokenTyp, "R90 P33", ["token-typ-jwt", "token-typ-absent"];
    /// A token without typ is accepted.
    TokenTypAbsent, "R90 P33", ["token-typ-absent"];
    /// The typ of the token is compared byte by byte.
    TokenTypExact, "R90", ["token-typ-full", "token-typ-case"];
    /// A typ of the token that is no text is an internal error.
    TokenTypCrash, "P30", ["token-typ-number"];
    /// The issuer is not compared.
    Issuer, "R91 P40", ["token-iss-other"];
    /// The issuer need only begin like the right one.
    IssuerPrefix, "R91", ["token-iss-longer"];
    /// A trailing slash of the issuer is overlooked.
    IssuerSlash, "R91", ["token-iss-slash"];
    /// The audience is not compared.
    Audience, "R23 R92", ["token-aud-other"];
    /// A token without an audience is for everybody.
    AudienceAbsent, "R92 P47", ["token-aud-absent"];
    /// An empty audience is for everybody.
    AudienceEmpty, "R92", ["token-aud-empty"];
    /// The audience need only begin like the right one.
    AudiencePrefix, "R92", ["token-aud-longer"];
    /// The audience need only be the beginning of the right one.
    AudienceBeginning, "R92", ["token-aud-shorter"];
    /// The audience is a list of words.
    AudienceWords, "R92", ["token-aud-list-in-text"];
    /// An array of audiences is not understood.
    AudienceText, "R92", ["token-aud-array"];
    /// Only the first audience counts.
    AudienceFirst, "R92", ["token-aud-several"];
    /// The end of the token's life is not looked at.
    Exp, "R94", ["token-expired", "token-expired-two-minutes-ago", "token-exp-zero"];
    /// A token without an end lives for ever.
    ExpAbsent, "R94 R96", ["token-exp-absent"];
    /// The leeway shortens the life of a token.
    LeewayBackwards, "R94 P2", ["token-last-seconds"];
    /// The leeway is five minutes.
    LongLeeway, "R94", ["token-expired-two-minutes-ago"];
    /// nbf of the token is not looked at.
    Nbf, "R94", ["token-nbf-ahead"];
    /// A token may be issued in the future.
    TokenFuture, "R15", ["token-iat-ahead"];
    /// Required claims may be missing.
    RequiredClaims, "R96", ["token-sub-absent", "token-client-id-absent", "token-iat-absent", "token-jti-absent"];
    /// Times may be texts.
    TimesAsText, "R98 P1", ["iat-text", "token-exp-text"];

    // --- The signature and the form of the token ---
    /// The claims are acted on without a look at the signature.
    TokenSignature, "R93 P29", ["token-signature-flipped", "token-signed-by-other", "token-claims-changed"];
    /// A signature that is empty or missing is not verified.
    EmptySignature, "R114", ["token-signature-empty", "token-two-parts", "proof-signature-empty"];
    /// A token with alg none is valid.
    TokenAlgNone, "R7 R93", ["token-alg-none"];
    /// A token may be signed with RS256.
    TokenRs256, "R7 R100", ["token-rs256"];
    /// ES384 is accepted.
    Es384, "R7", ["token-es384", "proof-es384"];
    /// A public key is taken for the secret of HS256.
    AlgorithmConfusion, "R99 R175", ["token-hs256-public-pem"];
    /// A symmetric key of the set verifies HS256.
    SymmetricKey, "R109 R175", ["key-symmetric"];
    /// The key in the header of the token verifies it.
    EmbeddedJwk, "R106", ["token-embedded-jwk", "token-embedded-jwk-own-kid"];
    /// An ES256 signature of zeros is valid.
    ZeroSignature, "R175", ["token-signature-zero", "proof-signature-zero"];
    /// An ES256 signature may be in DER.
    DerSignature, "R110", ["token-signature-der", "proof-signature-der"];
    /// A PS256 signature may have a salt of any length.
    PssSalt, "R110", ["proof-pss-salt-0", "proof-pss-salt-20"];
    /// crit is not looked at.
    Critical, "R112", ["token-crit-unknown", "token-crit-exp", "proof-crit-unknown"];
    /// b64 is not looked at.
    Unencoded, "R113", ["token-b64-false", "proof-b64-false"];
    /// Of two members with one name, the first is taken.
    DuplicateMembers, "R111 P32", ["token-duplicate-alg", "token-duplicate-aud", "proof-duplicate-htu"];
    /// Unused bits of base64url are overlooked.
    TrailingBits, "R115", ["token-trailing-bits", "proof-trailing-bits"];
    /// Base64url may be padded.
    Padding, "R115", ["token-padded", "proof-padded"];
    /// Parts after the third are overlooked.
    ExtraParts, "R116", ["token-four-parts", "token-five-parts", "proof-four-parts"];
    /// A byte order mark is passed over.
    ByteOrderMark, "R103", ["token-bom", "proof-bom"];
    /// Bytes that are no UTF-8 are replaced.
    InvalidUtf8, "R103", ["token-not-utf8"];
    /// Text after the JSON is overlooked.
    TextAfterJson, "R116", ["token-json-and-more"];

    // --- Keys ---
    /// Reading the key set ends at the first key of an unknown type.
    OneBadKey, "R109 P36", ["key-eddsa", "key-ps256"];
    /// The first key with the kid is taken, whatever it is.
    FirstKeyOfKid, "R11", ["key-same-kid"];
    /// The use of a key is not looked at.
    KeyUse, "R109", ["key-for-encryption"];
    /// The operations of a key are not looked at.
    KeyOperations, "R109", ["key-for-other-operation"];
    /// The alg of a key is not looked at.
    KeyAlg, "R99", ["key-of-other-alg"];
    /// RSA keys may be of any size.
    WeakRsa, "R8", ["key-rsa-1024", "proof-rsa-1024", "proof-rsa-1536"];
    /// RSA keys may have any exponent.
    RsaExponent, "R70", ["proof-rsa-exponent-1"];
    /// Keys need not be in canonical form.
    CanonicalJwk, "R68", ["proof-jwk-not-canonical"];
    /// Ed25519 keys may be of low order.
    SmallOrderKey, "R70 P30", ["proof-jwk-low-order"];
    /// An unknown kid is an internal error.
    UnknownKidCrash, "R106 P38", ["kid-unknown", "kid-path"];
    /// Every unknown kid is a reason to fetch the keys.
    FetchPerKid, "R118 P34", ["kid-flood"];

    // --- The form of the proof ---
    /// A request under DPoP needs no proof.
    ProofOptional, "R57 P15", ["proof-absent"];
    /// The first of several proofs is taken.
    FirstProof, "R40 P18", ["proof-twice", "proof-two-second-wrong"];
    /// The first of a list of proofs is taken.
    ProofList, "R40", ["proof-comma-joined"];
    /// The typ of the proof is not looked at.
    ProofTyp, "R43", ["proof-typ-jwt", "proof-typ-absent"];
    /// A proof without typ is accepted.
    ProofTypAbsent, "R43", ["proof-typ-absent"];
    /// The typ of the proof need only begin like the right one.
    ProofTypPrefix, "R43", ["proof-typ-wrong"];
    /// A typ of the proof that is no text is an internal error.
    ProofTypCrash, "P30", ["proof-typ-number"];
    /// The signature of the proof is not verified.
    ProofSignature, "R45", ["proof-signature-flipped", "proof-signed-by-other"];
    /// A proof with alg none is valid.
    ProofAlgNone, "R44", ["proof-alg-none"];
    /// A proof may be signed with RS256.
    ProofRs256, "R7 R44", ["proof-rs256"];
    /// A proof may be signed with the secret that it brings.
    ProofHs256, "R44 R46", ["proof-hs256-oct"];
    /// The jwk of a proof may hold a private key.
    PrivateJwk, "R46 P30", ["proof-jwk-private", "proof-jwk-private-rsa"];
    /// The use of the proof's key is not looked at.
    ProofKeyUse, "R109", ["proof-jwk-use-enc"];
    /// Claims that nobody knows are refused.
    NoExtensions, "R55", ["proof-extension-claim"];

    // --- Method and URL ---
    /// htm is not compared.
    Htm, "R47", ["htm-other", "request-other-method"];
    /// htm may be missing.
    HtmAbsent, "R42", ["proof-htm-absent"];
    /// htm is compared without its case.
    HtmCase, "R47 P25", ["htm-lower-case"];
    /// htm is compared with the method of X-HTTP-Method-Override.
    MethodOverride, "R47", ["htm-override"];
    /// htu is not compared.
    Htu, "R48 P28", ["htu-other-host", "htu-other-path", "request-other-path"];
    /// htu may be missing.
    HtuAbsent, "R42 P28", ["proof-htu-absent"];
    /// htu is compared as text.
    HtuAsText, "R48 R49 P23", ["htu-query-and-fragment", "htu-scheme-upper-case", "htu-default-port"];
    /// htu is compared with its query.
    HtuWithQuery, "R48 P23", ["htu-query-and-fragment", "request-query"];
    /// htu need only begin like the right one.
    HtuPrefix, "R48", ["htu-longer-path"];
    /// Of htu, only the path is compared.
    HtuPathOnly, "R48", ["htu-other-host"];
    /// Of htu, the path is not compared.
    HtuHostOnly, "R48", ["htu-other-path"];
    /// Of htu, the scheme is not compared.
    HtuScheme, "R49", ["htu-other-scheme"];
    /// Of htu, the port is not compared.
    HtuPort, "R49", ["htu-other-port"];
    /// User information of htu is passed over.
    HtuUserinfo, "R49", ["htu-userinfo"];
    /// Paths are compared without their case.
    HtuPathCase, "R49 P24", ["htu-path-case", "request-path-case"];
    /// Several slashes count as one.
    HtuDoubleSlash, "R49 P24", ["htu-double-slash", "request-double-slash"];
    /// A trailing slash is overlooked.
    HtuTrailingSlash, "R49 P24", ["htu-trailing-slash", "request-trailing-slash"];
    /// Percent-encoded slashes count as slashes.
    HtuDecoded, "R49 P24", ["htu-encoded-slash", "request-encoded-slash"];
    /// Dot segments of the request are removed.
    RequestDotSegments, "R49", ["request-dot-segments", "request-encoded-dot-segments"];
    /// The URL is taken from Host.
    HtuFromHost, "R50 P26", ["host-spoofed", "host-with-path"];
    /// The host is taken from X-Forwarded-Host of anybody.
    HtuFromForwardedHost, "R50 P26", ["x-forwarded-host-spoofed", "x-forwarded-host-ignored"];
    /// The host is taken from Forwarded of anybody.
    HtuFromForwarded, "R50 P26", ["forwarded-spoofed"];
    /// The scheme is taken from X-Forwarded-Proto of anybody.
    HtuFromProto, "R50 P26", ["x-forwarded-proto-spoofed", "x-forwarded-proto-ignored"];
    /// The path is taken from X-Original-URL of anybody.
    HtuFromOriginalUrl, "R50 P26", ["x-original-url-spoofed"];
    /// The path is compared without the prefix that the router has removed.
    NestedPath, "R50 P27", ["scope-sufficient"];

    // --- Times of the proof ---
    /// A proof may be of any age.
    ProofAge, "R52", ["iat-hour-ago", "iat-zero"];
    /// A proof may be of the future.
    ProofFuture, "R15 R52", ["iat-hour-ahead"];
    /// A proof may be an hour old.
    HourWindow, "R52", ["iat-ten-minutes-ago"];
    /// A clock that is ahead is not tolerated.
    NoSkew, "R15", ["iat-8-s-ahead"];
    /// iat may be missing.
    IatAbsent, "R42", ["proof-iat-absent"];
    /// The age of a proof overflows.
    WrappingAge, "R98 P1", ["iat-smallest"];
    /// The window grows with every request.
    GrowingSkew, "P3", ["iat-hour-ago-afterwards"];
    /// exp of the proof is not looked at.
    ProofExp, "R56", ["proof-exp-passed"];
    /// nbf of the proof is not looked at.
    ProofNbf, "R56", ["proof-nbf-ahead"];

    // --- Replay ---
    /// Nothing is remembered.
    Replay, "R60 P5", ["replay", "replay-race"];
    /// jti may be missing.
    JtiAbsent, "R42 P5", ["proof-jti-absent"];
    /// jti may be empty.
    JtiEmpty, "R42", ["proof-jti-empty"];
    /// There is time between the question whether a jti is known and its entry.
    ExistsThenAdd, "R60 P6", ["replay-race"];
    /// jti is recorded before anything is checked.
    JtiBeforeChecks, "R60 P7", ["jti-survives-bad-signature", "jti-survives-wrong-ath"];
    /// All clients share one set of jti.
    JtiUnscoped, "R60 P8", ["jti-of-another-client"];
    /// jti is compared without its case.
    JtiCase, "R60", ["jti-case"];
    /// There is room for a few proofs, and then an error.
    SmallQuota, "R61 P9", ["replay-after-others"];
    /// There is room for a few proofs, and then the oldest is forgotten.
    ForgetsLive, "R61 P10", ["replay-after-others"];
    /// Each worker remembers its own.
    StorePerWorker, "R60 P12", ["replay"];
    /// A replay is answered with a nonce.
    ReplayAsksNonce, "R66", ["replay"];

    // --- Nonces ---
    /// A nonce is handed out, and a proof may do without it.
    NonceOptional, "R51", ["nonce-after-challenge"];
    /// Any nonce will do.
    AnyNonce, "R51 R64", ["nonce-unknown", "nonce-changed", "nonce-empty"];
    /// A nonce can be used once.
    NonceSingleUse, "R62", ["nonce-used-again"];
    /// A nonce is handed out twice.
    NonceTwice, "R63", ["nonce-after-challenge"];

    // --- Binding ---
    /// ath is not compared.
    Ath, "R53 P17", ["proof-ath-other-token", "proof-ath-empty"];
    /// ath may be missing.
    AthAbsent, "R42 R53 P17", ["proof-ath-absent"];
    /// ath may be padded.
    AthPadded, "R53", ["proof-ath-padded"];
    /// The thumbprint of the key is not compared.
    Thumbprint, "R54 P16", ["stolen-token", "other-clients-token"];
    /// jkt need only be the beginning of the thumbprint.
    ThumbprintPrefix, "R54", ["jkt-prefix", "jkt-empty"];
    /// The binding of a token that has been seen before is not checked again.
    CachedBinding, "P46", ["stolen-token"];
    /// A bound token is accepted as Bearer.
    Downgrade, "R58 P15", ["bound-as-bearer", "certificate-of-other"];
    /// A token without cnf is accepted.
    Unbound, "R6 P15", ["unbound-with-proof", "unbound-as-bearer"];
    /// A cnf without a member that is known is accepted.
    UnknownConfirmation, "R89", ["cnf-empty", "cnf-kid"];
    /// cnf is read as a map of texts.
    ConfirmationOfTexts, "R89 P21", ["cnf-more-members"];
    /// Of key and certificate, only the key counts.
    OneOfBoth, "R89 P21", ["cnf-key-and-certificate"];
    /// The certificate is not compared.
    Certificate, "R72", ["certificate-thumbprint-hex", "certificate-trailing-bytes"];
    /// A connection without a certificate is excused.
    CertificateAbsent, "R72 P15", ["certificate-of-other", "cnf-key-and-certificate"];
    /// The thumbprint of a certificate may be padded.
    CertificatePadded, "R73", ["certificate-thumbprint-padded"];
    /// The certificate is taken from Client-Cert of anybody.
    ClientCertHeader, "R81 P50", ["header-client-cert"];
    /// The certificate is taken from X-Forwarded-Client-Cert of anybody.
    ForwardedCertHeader, "R81 P50", ["header-xfcc-hash"];

    // --- Routes, metadata, limits ---
    /// The scope is not looked at.
    Scope, "R5", ["scope-other", "scope-absent"];
    /// The scope need only occur in the text.
    ScopeSubstring, "R5", ["scope-longer"];
    /// A missing scope is answered like a wrong token.
    ScopeUnauthorized, "R32", ["scope-other"];
    /// The metadata is refused to clients with wrong credentials.
    MetadataChecked, "R139", ["metadata-with-credentials"];
    /// Whatever begins like the path of the metadata needs no token.
    MetadataDoor, "R138", ["metadata-is-no-door"];
    /// The metadata is of the type text/html.
    MetadataType, "R139", ["metadata-document"];
    /// The metadata is of another resource.
    MetadataResource, "R137", ["metadata-resource"];
    /// The metadata offers tokens in the query.
    MetadataMethods, "R141", ["metadata-methods"];
    /// The metadata names symmetric algorithms.
    MetadataAlgorithms, "R142", ["metadata-algorithms"];
    /// The metadata has empty members.
    MetadataEmpty, "R139", ["metadata-no-empty-members"];
    /// The metadata names no URLs of issuers.
    MetadataIssuers, "R141", ["metadata-servers"];
    /// Tokens of more than 1 KiB are refused.
    ShortTokens, "R116 P31", ["token-4-kib"];
    /// Tokens may be of any size.
    UnboundedToken, "R116", ["token-64-kib"];
    /// Proofs may be of any size.
    UnboundedProof, "R116 P31", ["proof-64-kib"];
}
