//! The mutants: what is wrong with each, under which numbers it is known, and which cases must find it.

/// Writes the enum and its table from one list.
macro_rules! flaws {
    ($($flaw:ident: $wrong:literal, $numbers:literal, [$($case:literal),+];)+) => {
        /// What is wrong with a resource server.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Flaw {
            $(#[doc = $wrong] $flaw,)+
        }

        impl Flaw {
            /// Every flaw.
            pub(crate) const ALL: &[Self] = &[$(Self::$flaw),+];

            /// What is wrong, in one sentence.
            pub(crate) const fn wrong(self) -> &'static str {
                match self {
                    $(Self::$flaw => $wrong,)+
                }
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
    SchemeCase: "The scheme is compared with its case", "R27 P20", ["scheme-mixed-case", "scheme-lower-case", "scheme-upper-case"];
    OneSpace: "Exactly one space is expected after the scheme", "R28", ["scheme-several-spaces"];
    TabSeparates: "A tab separates, too", "R28", ["scheme-and-tab"];
    SecondWord: "What follows the token is not looked at", "R28", ["token-and-more"];
    FirstOfList: "The first of a list is taken", "R28 R29", ["two-tokens-in-one-header"];
    QuotedToken: "Quotes around the token are removed", "R28", ["token-quoted"];
    AnyScheme: "Any scheme will do", "R31", ["scheme-unknown"];
    FirstAuthorization: "The first of several Authorization headers is taken", "R29 P19", ["two-authorizations-same", "two-authorizations-rubbish-second"];
    LastAuthorization: "The last of several Authorization headers is taken", "R29 P19", ["two-authorizations-same", "two-authorizations-bearer-first"];
    TwoAuthorizationsCrash: "Several Authorization headers are an internal error", "R29 P19", ["two-authorizations-same"];
    QueryToken: "A token is taken from the query", "R2", ["token-in-query"];
    QueryBeside: "A token in the query beside the one in the header is not noticed", "R2 R29", ["token-in-header-and-query"];
    EncodedQueryName: "Names in the query are compared as they are written", "R2", ["token-in-header-and-encoded-query"];
    FormToken: "A token is taken from a form", "R3", ["token-in-form"];
    CookieToken: "A token is taken from a cookie", "R1", ["token-in-cookie"];
    ForwardedAuthorization: "A token is taken from X-Forwarded-Authorization", "R1 P49", ["token-in-other-header"];

    NoTokenCrash: "A scheme without a token is an internal error", "R28", ["scheme-without-token", "authorization-empty"];
    NotTextCrash: "An Authorization header that is no text is an internal error", "R28 P19", ["authorization-not-utf8"];

    // --- Refusals ---
    NoChallenge: "A 401 has no challenge", "R30", ["no-credentials", "proof-absent"];
    Forbidden: "A wrong token is answered with 403", "R32", ["token-expired", "no-credentials"];
    ErrorWithoutCredentials: "A request without credentials is told an error", "R31 P41", ["no-credentials"];
    BearerChallenge: "The only challenge is that of Bearer", "R36 P41", ["no-credentials-dpop-challenge", "answer-algs"];
    NoAlgorithms: "The challenge names no algorithms", "R37 P41", ["answer-algs"];
    Unquoted: "Parameters of the challenge are not quoted", "R35 P41", ["answer-quoted", "answer-token-quoted", "step-up-answer-quoted"];
    RepeatedParameter: "A parameter of the challenge is repeated", "R33", ["answer-parameters-once", "answer-token-parameters-once"];
    ChallengeCharacters: "The challenge has characters that it must not have", "R33", ["answer-characters", "answer-token-characters"];
    Cacheable: "A refusal may be stored by caches", "R39", ["answer-proof-no-store", "answer-token-no-store"];
    EchoesToken: "The token stands in the body of the refusal", "R22 P44", ["answer-repeats-no-token"];
    EchoesProof: "The proof stands in the body of the refusal", "R21 P44", ["answer-repeats-no-proof"];
    ParserText: "The words of the parser stand in the body of the refusal", "P44", ["answer-repeats-no-token"];

    // --- The token ---
    TokenTyp: "The typ of the token is not looked at", "R90 P33", ["token-typ-jwt", "token-typ-absent"];
    TokenTypAbsent: "A token without typ is accepted", "R90 P33", ["token-typ-absent"];
    TokenTypExact: "The typ of the token is compared byte by byte", "R90", ["token-typ-full", "token-typ-case"];
    TokenTypCrash: "A typ of the token that is no text is an internal error", "P30", ["token-typ-number"];
    Issuer: "The issuer is not compared", "R91 P40", ["token-iss-other"];
    IssuerPrefix: "The issuer need only begin like the right one", "R91", ["token-iss-longer"];
    IssuerSlash: "A trailing slash of the issuer is overlooked", "R91", ["token-iss-slash"];
    Audience: "The audience is not compared", "R23 R92", ["token-aud-other"];
    AudienceAbsent: "A token without an audience is for everybody", "R92 P47", ["token-aud-absent"];
    AudienceEmpty: "An empty audience is for everybody", "R92", ["token-aud-empty"];
    AudiencePrefix: "The audience need only begin like the right one", "R92", ["token-aud-longer"];
    AudienceBeginning: "The audience need only be the beginning of the right one", "R92", ["token-aud-shorter"];
    AudienceWords: "The audience is a list of words", "R92", ["token-aud-list-in-text"];
    AudienceText: "An array of audiences is not understood", "R92", ["token-aud-array"];
    AudienceFirst: "Only the first audience counts", "R92", ["token-aud-several"];
    Exp: "The end of the token's life is not looked at", "R94", ["token-expired", "token-expired-two-minutes-ago", "token-exp-zero"];
    ExpAbsent: "A token without an end lives for ever", "R94 R96", ["token-exp-absent"];
    LeewayBackwards: "The leeway shortens the life of a token", "R94 P2", ["token-last-seconds"];
    LongLeeway: "The leeway is five minutes", "R94", ["token-expired-two-minutes-ago"];
    Nbf: "nbf of the token is not looked at", "R94", ["token-nbf-ahead"];
    TokenFuture: "A token may be issued in the future", "R15", ["token-iat-ahead"];
    RequiredClaims: "Required claims may be missing", "R96", ["token-sub-absent", "token-client-id-absent", "token-iat-absent", "token-jti-absent"];
    TimesAsText: "Times may be texts", "R98 P1", ["iat-text", "token-exp-text"];

    // --- The signature and the form of the token ---
    TokenSignature: "The claims are acted on without a look at the signature", "R93 P29", ["token-signature-flipped", "token-signed-by-other", "token-claims-changed"];
    EmptySignature: "A signature that is empty or missing is not verified", "R114", ["token-signature-empty", "token-two-parts", "proof-signature-empty"];
    TokenAlgNone: "A token with alg none is valid", "R7 R93", ["token-alg-none"];
    TokenRs256: "A token may be signed with RS256", "R7 R100", ["token-rs256"];
    Es384: "ES384 is accepted", "R7", ["token-es384", "proof-es384"];
    AlgorithmConfusion: "A public key is taken for the secret of HS256", "R99 R175", ["token-hs256-public-pem"];
    SymmetricKey: "A symmetric key of the set verifies HS256", "R109 R175", ["key-symmetric"];
    EmbeddedJwk: "The key in the header of the token verifies it", "R106", ["token-embedded-jwk", "token-embedded-jwk-own-kid"];
    ZeroSignature: "An ES256 signature of zeros is valid", "R175", ["token-signature-zero", "proof-signature-zero"];
    DerSignature: "An ES256 signature may be in DER", "R110", ["token-signature-der", "proof-signature-der"];
    PssSalt: "A PS256 signature may have a salt of any length", "R110", ["proof-pss-salt-0", "proof-pss-salt-20"];
    Critical: "crit is not looked at", "R112", ["token-crit-unknown", "token-crit-exp", "proof-crit-unknown"];
    Unencoded: "b64 is not looked at", "R113", ["token-b64-false", "proof-b64-false"];
    DuplicateMembers: "Of two members with one name, the first is taken", "R111 P32", ["token-duplicate-alg", "token-duplicate-aud", "proof-duplicate-htu"];
    TrailingBits: "Unused bits of base64url are overlooked", "R115", ["token-trailing-bits", "proof-trailing-bits"];
    Padding: "Base64url may be padded", "R115", ["token-padded", "proof-padded"];
    ExtraParts: "Parts after the third are overlooked", "R116", ["token-four-parts", "token-five-parts", "proof-four-parts"];
    ByteOrderMark: "A byte order mark is passed over", "R103", ["token-bom", "proof-bom"];
    InvalidUtf8: "Bytes that are no UTF-8 are replaced", "R103", ["token-not-utf8"];
    TextAfterJson: "Text after the JSON is overlooked", "R116", ["token-json-and-more"];

    AnyAlgorithm: "Every algorithm that is known is accepted, whatever the profile says", "R7", ["token-es256", "token-es384", "token-eddsa", "token-ps256", "token-rs512"];
    OneAlgorithm: "Of the algorithms of the profile only the first is accepted", "R7", ["token-es256-accepted", "token-es384-accepted"];
    OneRsaAlgorithm: "Of the RS algorithms of the profile only RS256 is accepted", "R7", ["token-rs512-accepted"];
    JwtTypeRefused: "The typ JWT is refused where issuers write it", "R90", ["token-typ-jwt-accepted", "open-finance-client-token"];
    TypOwed: "A token needs a typ where issuers write none", "R90", ["token-typ-absent-accepted", "maskinporten-token", "maskinporten-delegated"];
    AudienceOwed: "A token needs an aud where issuers write none", "R92", ["token-aud-absent-accepted", "maskinporten-token"];
    SeveralAudiences: "A token may be for other APIs, too, where it must not", "R92", ["token-aud-several-helseid"];
    SubjectOwed: "A token needs a sub where issuers write none", "R96", ["token-sub-absent-accepted", "open-finance-client-token"];

    // --- Keys ---
    OneBadKey: "Reading the key set ends at the first key of an unknown type", "R109 P36", ["key-eddsa", "key-ps256"];
    FirstKeyOfKid: "The first key with the kid is taken, whatever it is", "R11", ["key-same-kid"];
    KeyUse: "The use of a key is not looked at", "R109", ["key-for-encryption"];
    KeyOperations: "The operations of a key are not looked at", "R109", ["key-for-other-operation"];
    KeyAlg: "The alg of a key is not looked at", "R99", ["key-of-other-alg"];
    WeakRsa: "RSA keys may be of any size", "R8", ["key-rsa-1024", "proof-rsa-1024", "proof-rsa-1536"];
    RsaExponent: "RSA keys may have any exponent", "R70", ["proof-rsa-exponent-1"];
    CanonicalJwk: "Keys need not be in canonical form", "R68", ["proof-jwk-not-canonical"];
    SmallOrderKey: "Ed25519 keys may be of low order", "R70 P30", ["proof-jwk-low-order"];
    UnknownKidCrash: "An unknown kid is an internal error", "R106 P38", ["kid-unknown", "kid-path"];
    KeysForever: "Keys are fetched once", "R118 P37", ["key-rotated"];
    FetchPerKid: "Every unknown kid is a reason to fetch the keys", "R118 P34", ["kid-flood"];

    KeepsWithdrawn: "Keys that were withdrawn are kept beside the new ones", "R104 P37", ["key-withdrawn"];
    FetchPerRequest: "The keys are fetched for every request", "R120", ["key-outage"];

    // --- Introspection ---
    ActiveTruthy: "Whatever active holds that is not false counts as true", "R123 P47", ["answer-active-text", "answer-active-number", "answer-active-false-text"];
    PlainAnswer: "Plain JSON is accepted where a signed answer was asked for", "R130 P47", ["answer-plain"];
    AnswerSignature: "The signature of an answer is not verified", "R128", ["answer-signature-flipped", "answer-signed-by-other"];
    AnswerTyp: "The typ of an answer is not looked at", "R128", ["answer-typ-jwt", "answer-typ-token", "answer-typ-absent"];
    AnswerAudience: "It is not looked at for whom an answer is", "R128", ["answer-aud-other", "answer-aud-absent"];
    AnswerAge: "An answer may be of any age", "R130", ["answer-old", "answer-ahead", "answer-iat-absent"];
    IntrospectedAudience: "The audience of an active token is not compared", "R126 P47", ["opaque-aud-other", "opaque-aud-absent"];
    IntrospectedExp: "The times of an active token are not looked at", "R126 P47", ["opaque-expired", "opaque-not-yet"];
    IntrospectedBinding: "An active token needs no key", "R126", ["opaque-of-other", "opaque-stolen", "opaque-unbound"];
    KeepsAnswers: "That a token is active is kept for ever", "R4 R125", ["opaque-revoked"];
    KeepsRefusals: "That a token is unknown is kept for ever", "R125", ["opaque-issued-late"];
    FailureRefuses: "A failure of the issuer is answered like a wrong token", "R124", ["introspection-500", "introspection-401", "introspection-closed", "introspection-silent"];
    UnboundedAnswer: "An answer may be of any size", "R180", ["introspection-oversize"];

    // --- Status lists and security events ---
    StatusSuspended: "A suspended token is valid", "R135", ["status-suspended"];
    StatusOutOfRange: "A token without an entry is valid", "R135", ["status-out-of-range"];
    StatusFailsOpen: "Without a list every token is valid", "R135 R180", ["list-unavailable", "list-elsewhere", "list-expired"];
    ListSignature: "The signature of a list is not verified", "R134", ["list-signature-flipped", "list-signed-by-other"];
    ListTyp: "The typ of a list is not looked at", "R134", ["list-typ-jwt"];
    ListSubject: "It is not looked at for which URI a list is", "R134", ["list-of-other-uri"];
    ListExpired: "A list counts after its end", "R134", ["list-expired"];
    ListKept: "A list is kept for ever", "R4 R134", ["status-invalid-later"];
    EventSignature: "The signature of an event is not verified", "R161", ["event-signature-flipped", "event-signed-by-other", "event-alg-none"];
    EventTyp: "The typ of an event is not looked at", "R161", ["event-typ-jwt", "event-typ-absent"];
    EventAudience: "It is not looked at for whom an event is", "R161", ["event-aud-other", "event-aud-absent"];
    EventIgnored: "Events are received, and that is all", "R4 R162", ["event-session-revoked", "event-token-revoked"];
    EventSender: "Anybody may send events", "R166", ["event-without-authorization", "event-authorization-empty", "event-authorization-wrong", "event-authorization-token", "event-authorization-in-query"];
    EventSenderPrefix: "The Authorization of an event need only begin like the agreed one", "R166", ["event-authorization-longer"];
    EventSenderBeginning: "The Authorization of an event need only be the beginning of the agreed one", "R166", ["event-authorization-shorter", "event-authorization-scheme-only", "event-authorization-empty"];
    EventSenderCase: "The Authorization of an event is compared without its case", "R166", ["event-authorization-case"];
    EventSenderScheme: "Of the Authorization of an event, only its form is looked at", "R166", ["event-authorization-wrong", "event-authorization-token"];
    EventSenderFirst: "Of several Authorization headers of an event the first is taken", "R29 R166", ["event-authorization-twice"];
    EventMediaType: "The media type of an event is not looked at", "R165", ["event-content-type-json"];
    EventForm: "The claims of an event may be any", "R161", ["event-with-sub", "event-with-exp", "event-jti-absent", "event-iat-absent", "event-of-two"];
    EventUnknown: "An event that nobody knows is refused", "R163", ["event-of-unknown-kind"];
    EventContent: "The answer to an event has content", "R165", ["event-answer-empty"];
    EventErrorBare: "An event is refused without saying why", "R165", ["event-error", "event-error-language"];
    EventErrorSame: "Every event is refused as an invalid request", "R165", ["event-error-audience", "event-error-issuer"];
    EventTwice: "An event that arrives twice is refused", "R165", ["event-twice"];

    // --- The form of the proof ---
    ProofOptional: "A request under DPoP needs no proof", "R57 P15", ["proof-absent"];
    FirstProof: "The first of several proofs is taken", "R40 P18", ["proof-twice", "proof-two-second-wrong"];
    ProofList: "The first of a list of proofs is taken", "R40", ["proof-comma-joined"];
    ProofTyp: "The typ of the proof is not looked at", "R43", ["proof-typ-jwt", "proof-typ-absent"];
    ProofTypAbsent: "A proof without typ is accepted", "R43", ["proof-typ-absent"];
    ProofTypPrefix: "The typ of the proof need only begin like the right one", "R43", ["proof-typ-wrong"];
    ProofTypCrash: "A typ of the proof that is no text is an internal error", "P30", ["proof-typ-number"];
    ProofSignature: "The signature of the proof is not verified", "R45", ["proof-signature-flipped", "proof-signed-by-other"];
    ProofAlgNone: "A proof with alg none is valid", "R44", ["proof-alg-none"];
    ProofRs256: "A proof may be signed with RS256", "R7 R44", ["proof-rs256"];
    ProofHs256: "A proof may be signed with the secret that it brings", "R44 R46", ["proof-hs256-oct"];
    PrivateJwk: "The jwk of a proof may hold a private key", "R46 P30", ["proof-jwk-private", "proof-jwk-private-rsa"];
    ProofKeyUse: "The use of the proof's key is not looked at", "R109", ["proof-jwk-use-enc"];
    NoExtensions: "Claims that nobody knows are refused", "R55", ["proof-extension-claim"];

    // --- Method and URL ---
    Htm: "htm is not compared", "R47", ["htm-other", "request-other-method"];
    HtmAbsent: "htm may be missing", "R42", ["proof-htm-absent"];
    HtmCase: "htm is compared without its case", "R47 P25", ["htm-lower-case"];
    MethodOverride: "htm is compared with the method of X-HTTP-Method-Override", "R47", ["htm-override"];
    Htu: "htu is not compared", "R48 P28", ["htu-other-host", "htu-other-path", "request-other-path"];
    HtuAbsent: "htu may be missing", "R42 P28", ["proof-htu-absent"];
    HtuAsText: "htu is compared as text", "R48 R49 P23", ["htu-query-and-fragment", "htu-scheme-upper-case", "htu-default-port"];
    HtuWithQuery: "htu is compared with its query", "R48 P23", ["htu-query-and-fragment", "request-query"];
    HtuPrefix: "htu need only begin like the right one", "R48", ["htu-longer-path"];
    HtuPathOnly: "Of htu, only the path is compared", "R48", ["htu-other-host"];
    HtuHostOnly: "Of htu, the path is not compared", "R48", ["htu-other-path"];
    HtuScheme: "Of htu, the scheme is not compared", "R49", ["htu-other-scheme"];
    HtuPort: "Of htu, the port is not compared", "R49", ["htu-other-port"];
    HtuUserinfo: "User information of htu is passed over", "R49", ["htu-userinfo"];
    HtuPathCase: "Paths are compared without their case", "R49 P24", ["htu-path-case", "request-path-case"];
    HtuDoubleSlash: "Several slashes count as one", "R49 P24", ["htu-double-slash", "request-double-slash"];
    HtuTrailingSlash: "A trailing slash is overlooked", "R49 P24", ["htu-trailing-slash", "request-trailing-slash"];
    HtuDecoded: "Percent-encoded slashes count as slashes", "R49 P24", ["htu-encoded-slash", "request-encoded-slash"];
    RequestDotSegments: "Dot segments of the request are removed", "R49", ["request-dot-segments", "request-encoded-dot-segments"];
    HtuFromHost: "The URL is taken from Host", "R50 P26", ["host-spoofed", "host-with-path"];
    HtuFromForwardedHost: "The host is taken from X-Forwarded-Host of anybody", "R50 P26", ["x-forwarded-host-spoofed", "x-forwarded-host-ignored"];
    HtuFromForwarded: "The host is taken from Forwarded of anybody", "R50 P26", ["forwarded-spoofed"];
    HtuFromProto: "The scheme is taken from X-Forwarded-Proto of anybody", "R50 P26", ["x-forwarded-proto-spoofed", "x-forwarded-proto-ignored"];
    HtuFromOriginalUrl: "The path is taken from X-Original-URL of anybody", "R50 P26", ["x-original-url-spoofed"];
    NestedPath: "The path is compared without the prefix that the router has removed", "R50 P27", ["scope-sufficient"];

    // --- Times of the proof ---
    ProofAge: "A proof may be of any age", "R52", ["iat-hour-ago", "iat-zero"];
    ProofFuture: "A proof may be of the future", "R15 R52", ["iat-hour-ahead"];
    HourWindow: "A proof may be an hour old", "R52", ["iat-ten-minutes-ago"];
    NoSkew: "A clock that is ahead is not tolerated", "R15", ["iat-8-s-ahead"];
    IatAbsent: "iat may be missing", "R42", ["proof-iat-absent"];
    WrappingAge: "The age of a proof overflows", "R98 P1", ["iat-smallest"];
    GrowingSkew: "The window grows with every request", "P3", ["iat-hour-ago-afterwards"];
    ProofExp: "exp of the proof is not looked at", "R56", ["proof-exp-passed"];
    ProofNbf: "nbf of the proof is not looked at", "R56", ["proof-nbf-ahead"];

    // --- Replay ---
    Replay: "Nothing is remembered", "R60 P5", ["replay-second-use", "replay-race"];
    JtiAbsent: "jti may be missing", "R42 P5", ["proof-jti-absent"];
    JtiEmpty: "jti may be empty", "R42", ["proof-jti-empty"];
    ExistsThenAdd: "There is time between the question whether a jti is known and its entry", "R60 P6", ["replay-race"];
    JtiBeforeChecks: "jti is recorded before anything is checked", "R60 P7", ["jti-survives-bad-signature", "jti-survives-wrong-ath"];
    JtiUnscoped: "All clients share one set of jti", "R60 P8", ["jti-of-another-client"];
    JtiCase: "jti is compared without its case", "R60", ["jti-case"];
    SmallQuota: "There is room for a few proofs, and then an error", "R61 P9", ["replay-after-others", "one-token-many-proofs", "parallel-twice"];
    ForgetsLive: "There is room for a few proofs, and then the oldest is forgotten", "R61 P10", ["replay-after-others"];
    StorePerWorker: "Each worker remembers its own", "R60 P12", ["replay-second-use"];
    ReplayAsksNonce: "A replay is answered with a nonce", "R66", ["replay-second-use"];

    // --- Nonces ---
    NonceOptional: "A nonce is handed out, and a proof may do without it", "R51", ["nonce-absent"];
    AnyNonce: "Any nonce will do", "R51 R64", ["nonce-unknown", "nonce-changed", "nonce-empty"];
    NonceSingleUse: "A nonce can be used once", "R62", ["nonce-used-again", "nonce-ten-times", "nonce-in-parallel"];
    NonceOnDemand: "A nonce comes with use_dpop_nonce only, where every answer must have one", "R63", ["nonce-with-answer", "nonce-with-refusal"];
    NonceOnSuccess: "Refusals have no nonce, where every answer must have one", "R63", ["nonce-with-refusal"];
    NonceTwice: "A nonce is handed out twice", "R63", ["nonce-after-challenge"];

    // --- Binding ---
    Ath: "ath is not compared", "R53 P17", ["proof-ath-other-token", "proof-ath-empty"];
    AthAbsent: "ath may be missing", "R42 R53 P17", ["proof-ath-absent"];
    AthPadded: "ath may be padded", "R53", ["proof-ath-padded"];
    Thumbprint: "The thumbprint of the key is not compared", "R54 P16", ["stolen-token", "other-clients-token"];
    ThumbprintPrefix: "jkt need only be the beginning of the thumbprint", "R54", ["jkt-prefix", "jkt-empty"];
    CachedBinding: "The binding of a token that has been seen before is not checked again", "P46", ["stolen-token"];
    Downgrade: "A bound token is accepted as Bearer", "R58 P15", ["bound-as-bearer", "certificate-of-other"];
    ProofForCertificate: "A proof does in place of the certificate that the profile asks for", "R6 R72", ["key-bound-where-certificate", "both-bound-where-certificate", "certificate-of-other-and-proof"];
    CertificateForProof: "A certificate does in place of the proof that the profile asks for", "R6 R72", ["certificate-bound-where-key"];
    SchemeIgnored: "The scheme of a certificate-bound token is not looked at", "R6 R72", ["certificate-bound-under-dpop"];
    Unbound: "A token without cnf is accepted", "R6 P15", ["unbound-with-proof", "unbound-as-bearer"];
    UnboundOrganisation: "A token that names an organisation needs no cnf", "R6 P15", ["maskinporten-bearer"];
    UnknownConfirmation: "A cnf without a member that is known is accepted", "R89", ["cnf-empty", "cnf-kid"];
    ConfirmationOfTexts: "cnf is read as a map of texts", "R89 P21", ["cnf-more-members"];
    OneOfBoth: "Of key and certificate, only the key counts", "R89 P21", ["cnf-key-and-certificate"];
    Certificate: "The certificate is not compared", "R72", ["certificate-thumbprint-hex", "certificate-trailing-bytes"];
    CertificateAbsent: "A connection without a certificate is excused", "R72 P15", ["certificate-of-other", "cnf-key-and-certificate"];
    CertificateSuffices: "Over a connection with a certificate, cnf is not looked at", "R6 R72 P15", ["certificate-unbound", "certificate-key-bound"];
    CertificateOfBoth: "Of key and certificate, the certificate suffices", "R58 R89 P21", ["certificate-and-key-as-bearer"];
    CertificateForeign: "A token that is bound to a certificate is not understood", "R72", ["certificate-bound"];
    CertificatePadded: "The thumbprint of a certificate may be padded", "R73", ["certificate-thumbprint-padded"];
    ClientCertHeader: "The certificate is taken from Client-Cert of anybody", "R81 P50", ["header-client-cert"];
    ForwardedCertHeader: "The certificate is taken from X-Forwarded-Client-Cert of anybody", "R81 P50", ["header-xfcc-hash"];

    // --- Routes, metadata, limits ---
    InteractionIdEchoed: "Any x-fapi-interaction-id is repeated", "R24 P44", ["interaction-id-no-uuid", "interaction-id-no-uuid-refused"];
    InteractionIdOther: "x-fapi-interaction-id is always a new one", "R24", ["interaction-id", "interaction-id-refused", "interaction-id-echoed", "interaction-id-echoed-with-refusal", "interaction-id-echoed-with-challenge", "interaction-id-upper-case-echoed"];
    InteractionIdOnSuccess: "x-fapi-interaction-id is in the answers of the handler only", "R24", ["interaction-id-echoed-with-refusal", "interaction-id-made-for-refusal", "interaction-id-made-for-challenge"];
    InteractionIdUnmade: "Without x-fapi-interaction-id in the request there is none in the answer", "R24", ["interaction-id-made", "interaction-id-made-for-refusal", "interaction-id-made-for-challenge"];
    InteractionIdOptional: "x-fapi-interaction-id may be missing where it is required", "R24", ["interaction-id-absent", "interaction-id-empty", "interaction-id-wrong", "interaction-id-braces", "interaction-id-twice"];
    Scope: "The scope is not looked at", "R5", ["scope-other", "scope-absent"];
    ScopeSubstring: "The scope need only occur in the text", "R5", ["scope-longer"];
    ScopeUnauthorized: "A missing scope is answered like a wrong token", "R32", ["scope-other"];
    Acr: "acr is not looked at", "R145", ["step-up-acr-other", "step-up-acr-absent"];
    AcrAbsent: "A token without acr passes", "R146", ["step-up-acr-absent", "step-up-acr-in-amr"];
    AcrFirst: "Only the first acr that is asked for suffices", "R145", ["step-up-last-acr"];
    AcrSubstring: "acr need only occur in the text of those that are asked for", "R145", ["step-up-acr-prefix", "step-up-acr-empty"];
    AuthTime: "auth_time is not looked at", "R145 R146", ["step-up-stale", "step-up-stale-by-two-minutes", "step-up-auth-time-absent", "step-up-auth-time-zero"];
    AuthTimeAbsent: "A token without auth_time passes", "R146", ["step-up-auth-time-absent"];
    AuthTimeFuture: "auth_time may be in the future", "R146", ["step-up-auth-time-ahead", "step-up-auth-time-far-ahead"];
    AgeOfToken: "Not the login must be recent but the token", "R146", ["step-up-stale", "step-up-auth-time-absent"];
    StepUpForbidden: "A missing login is answered with 403", "R145", ["step-up-acr-absent", "step-up-stale", "step-up-answer-acr-values"];
    AcrUnnamed: "The challenge does not say which acr would do", "R145", ["step-up-answer-acr-values"];
    MaxAgeUnnamed: "The challenge does not say how old the login may be", "R145", ["step-up-answer-max-age"];
    Details: "Authorization details are not looked at", "R148", ["details-absent", "details-empty"];
    DetailType: "The type of an authorization detail is not looked at", "R148", ["details-other-type", "details-type-longer"];
    DetailTypeCase: "The type of an authorization detail is compared without its case", "R148", ["details-type-case"];
    DetailMembers: "Members that nobody knows are passed over", "R148", ["details-unknown-member"];
    DetailLocations: "The locations of an authorization detail are not looked at", "R148", ["details-elsewhere", "details-location-longer"];
    DetailLocated: "Authorization details with locations grant nothing", "R148", ["details-here", "details-here-and-elsewhere"];
    DetailAlone: "An authorization detail need not be in an array", "R148", ["details-no-array"];
    DetailFirst: "Only the first authorization detail counts", "R148", ["details-last", "details-elsewhere-and-here"];
    DetailsUnauthorized: "A missing authorization detail is answered like a wrong token", "R148", ["details-absent"];
    MetadataChecked: "The metadata is refused to clients with wrong credentials", "R139", ["metadata-with-credentials"];
    MetadataDoor: "Whatever begins like the path of the metadata needs no token", "R138", ["metadata-is-no-door"];
    MetadataType: "The metadata is of the type text/html", "R139", ["metadata-document"];
    MetadataResource: "The metadata is of another resource", "R137", ["metadata-resource"];
    MetadataMethods: "The metadata offers tokens in the query", "R141", ["metadata-methods"];
    MetadataAlgorithms: "The metadata names symmetric algorithms", "R142", ["metadata-algorithms"];
    MetadataEmpty: "The metadata has empty members", "R139", ["metadata-no-empty-members"];
    MetadataAbsent: "There is no metadata where the profile requires it", "R138", ["metadata-owed"];
    MetadataServers: "The metadata names two authorization servers where there must be one", "R141", ["metadata-one-server"];
    MetadataBindings: "The metadata does not say to what tokens are bound", "R142", ["metadata-certificates", "metadata-proofs"];
    MetadataUnnamed: "Challenges do not say where the metadata is", "R144", ["challenge-metadata", "challenge-metadata-with-error"];
    ScopeUnnamed: "Challenges do not say which scope to ask for", "R33", ["challenge-scope", "challenge-scope-with-error"];
    MetadataIssuers: "The metadata names no URLs of issuers", "R141", ["metadata-servers"];
    ShortTokens: "Tokens of more than 1 KiB are refused", "R116 P31", ["token-4-kib"];
    UnboundedToken: "Tokens may be of any size", "R116", ["token-64-kib"];
    UnboundedProof: "Proofs may be of any size", "R116 P31", ["proof-64-kib"];
    HugeRsa: "RSA keys of proofs may be of any size", "R70", ["proof-rsa-huge"];

    // --- What turns honest clients away: requests ---
    FewMethods: "Only GET and POST are known", "R47 P25", ["method-patch", "method-put", "method-delete", "method-query", "method-unknown"];
    NoHead: "HEAD is refused", "R47 P25", ["method-head"];
    NoQuery: "A query is refused", "R48 P23", ["request-query", "query-encoded", "query-flag", "htu-with-own-query"];
    QueryText: "A query that holds the text access_token is refused", "R2", ["query-names-the-parameter"];
    EncodedPath: "A path with percent signs is refused", "R49 P24", ["path-space", "path-utf8", "path-encoded-slash"];
    PathCharacters: "Paths may have letters, digits and dots", "R49 P24", ["path-matrix", "path-fhir-operation", "path-odata", "path-mail", "path-urn"];
    LongPath: "Paths of more than 256 characters are refused", "R49", ["path-long"];
    FewFields: "More than twenty header fields are refused", "R26", ["fields-many"];
    FieldOrder: "DPoP must come after Authorization", "R27", ["proof-before-token"];
    MatrixRemoved: "Parameters are removed from the path of the request alone", "R49 P24", ["path-matrix", "path-matrix-with-query"];
    HexCase: "Hexadecimal digits are compared with their case", "R49 P23", ["path-hex-case", "path-hex-case-of-htu"];
    SlashRemoved: "The last slash is removed from the path of the request alone", "R49 P24", ["path-slash"];

    // --- What turns honest clients away: proofs ---
    WholeSeconds: "iat must be a whole number", "R98", ["iat-fraction", "iat-point-zero", "iat-milliseconds-as-fraction"];
    ShortAge: "A proof may be 3 s old at the most", "R52 R171", ["iat-5-s-ago", "iat-10-s-ago"];
    SmallSkew: "A clock that is 3 s ahead is not tolerated", "R15", ["iat-5-s-ahead", "iat-8-s-ahead", "iat-10-s-ahead"];
    JtiCharacters: "jti may have the characters of base64url only", "R42 R60", ["proof-jti-base64", "proof-jti-urn", "proof-jti-unicode"];
    ShortJti: "A jti of more than 64 characters is refused", "R61", ["proof-jti-256"];
    JsonEscapes: "Escapes in the JSON of a proof are refused", "R43 R48", ["proof-slashes-escaped", "proof-typ-escaped", "proof-htm-escaped"];
    JsonSpaces: "White space in the JSON of a proof is refused", "R41", ["proof-json-spaced", "proof-header-spaced"];
    BareJwk: "jwk must have its required members only", "R55 R68", ["proof-jwk-webcrypto", "proof-jwk-more", "proof-jwk-alg"];
    JwkOrder: "The members of jwk must be in the usual order", "R54 R68", ["proof-jwk-reordered"];
    FewParameters: "The header must have its required parameters only", "R55", ["proof-kid", "proof-parameter-null", "proof-cty"];
    OneRsaSize: "RSA keys must have 2048 bits", "R8", ["proof-ps256-3072", "proof-ps256-4096"];

    // --- What turns honest clients away: tokens ---
    TextClaims: "Claims must be texts", "R103 P21", ["token-claim-null", "token-claim-object", "token-authorization-details"];
    ScopeOwed: "Every token needs a scope", "R103", ["token-scope-absent"];
    ScopeCharacters: "Scopes may have letters, digits and a few marks only", "R103", ["token-scope-smart", "token-scope-characters", "token-scope-urls"];
    KnownClaimsOnly: "Claims that nobody knows make a token invalid", "R103", ["token-more-claims", "cdr-arrangement", "open-banking-intent", "maskinporten-delegated"];
    ScopeOfWords: "A scope has no colons", "R103", ["open-finance-consent"];
    FewAudiences: "More than five audiences are refused", "R92", ["token-aud-of-twenty"];
    SubjectCharacters: "sub may have letters and digits only", "R96", ["token-sub-pipe", "token-sub-mail", "token-sub-unicode", "atproto-session"];
    UserOwed: "sub must not be the client", "R96", ["token-sub-is-client"];
    RecentLogin: "The time of the login is taken for the time of the token", "R94", ["token-authentication"];
    TokenEscapes: "Escapes in the JSON of a token are refused", "R91", ["token-slashes-escaped"];

    // --- What turns honest clients away: what was before ---
    LockOut: "A token that came with a mistake is locked out", "R172 P7", ["retry-after-bad-signature", "retry-after-wrong-url", "retry-after-theft", "retry-after-replay"];
    LateLockOut: "A token that came with five mistakes is locked out", "R172", ["retry-after-ten-mistakes"];
    LockOutAll: "After five mistakes nobody is served", "R172", ["retry-after-ten-tokens", "retry-after-ten-mistakes"];
    OneAtATime: "Of two requests at once with one token, one is refused", "R60", ["parallel-one-token", "parallel-queries"];
    TokenOnce: "A token can be used once", "R60", ["one-token-many-proofs", "two-proofs-one-second"];
    FirstKeyOnly: "The first key that was seen is the only one", "R54 P46", ["two-clients-in-turn", "key-renewed", "parallel-two-clients"];
    NewestTokenOnly: "A renewed token makes the one before it invalid", "R54", ["token-renewed-old-still-good"];
    NonceOfOneToken: "A nonce belongs to the token that it was first used with", "R62", ["nonce-with-renewed-token"];
}
