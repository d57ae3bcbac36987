//! Where the tokens come from, as the command line says.

use fapi_core::Binding;
use fapi_testkit::catalogue::{CatalogueIssuer, Terms};
use fapi_testkit::conform::Credentials;

use crate::arguments::RunArguments;

pub(crate) fn credentials(run: &RunArguments) -> Result<Credentials, String> {
    let (arguments, profile) = (&run.tokens, run.profile);
    if let Some(command) = &arguments.token_command {
        return Ok(Credentials::Command(command.clone()));
    }
    if let Some(token) = &arguments.token {
        let key = arguments.key.as_deref();
        let binding = Terms::new(profile, run.sender_constraint.map(Into::into)).binding();
        if key.is_none() && binding != Binding::Mtls {
            return Err("--token needs --key: the private key (JWK) that the token is bound to".to_owned());
        }
        return Credentials::from_files(token, key, profile).map_err(|error| error.to_string());
    }
    let address = arguments.issuer_listen;
    let issuer = CatalogueIssuer::new("replaced by the address", profile);
    let issuer = issuer.serve_on(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    Ok(Credentials::Issuer(issuer))
}
