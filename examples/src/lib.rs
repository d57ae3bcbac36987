//! What the example programs share. The programs themselves are in `src/bin`:
//!
//! - `quickstart`: an issuer, a protected API and a client in one process, and what comes of a stolen token;
//! - `mtls`: an API that terminates TLS itself, with tokens that are bound to client certificates;
//! - `api`: an API configured by flags, variables or a file, for axum or for actix-web;
//! - `opaque`: an API whose tokens are opaque, and which asks their issuer about them;
//! - `two_issuers`: an API that trusts two issuers, each by rules of its own;
//! - `helseid`: an API of the Norwegian health sector, with what its routes ask of users, systems and suppliers.
//!
//! The same API is written twice: [`api::axum`] and [`api::actix`] are what to read and to copy from.

pub mod api;
pub mod cli;
pub mod client;
pub mod clock;
pub mod listen;
pub mod shutdown;

/// The code of the documents compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/behind-a-proxy.md")]
pub struct BehindAProxy;

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The code of the pages on profiles and configuration compiles.
#[cfg(doctest)]
pub mod pages {
    macro_rules! pages {
        ($($name:ident $path:literal;)*) => {
            $(#[doc = include_str!($path)] pub struct $name;)*
        };
    }

    pages! {
        Presets "../../docs/presets/README.md";
        Fapi2 "../../docs/presets/fapi2.md";
        HelseId "../../docs/presets/helseid.md";
        Maskinporten "../../docs/presets/maskinporten.md";
        OpenFinanceBrazil "../../docs/presets/open-finance-brazil.md";
        CdrAu "../../docs/presets/cdr-au.md";
        UkOpenBanking "../../docs/presets/uk-open-banking.md";
        Atproto "../../docs/presets/atproto.md";
        Mcp "../../docs/presets/mcp.md";
        Configuration "../../docs/configuration.md";
    }
}
