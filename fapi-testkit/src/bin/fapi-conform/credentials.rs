//! Where the tokens come from, as the command line says.

use fapi_testkit::catalogue::{CatalogueIssuer, Profile};
use fapi_testkit::conform::Credentials;

use crate::arguments::TokenArguments;

pub(crate) fn credentials(arguments: &TokenArguments, profile: Profile) -> Result<Credentials, String> {
    if let Some(command) = &arguments.token_command {
        return Ok(Credentials::Command(command.clone()));
    }
    if let (Some(token), Some(key)) = (&arguments.token, &arguments.key) {
        return Credentials::from_files(token, key, profile).map_err(|error| error.to_string());
    }
    let address = arguments.issuer_listen;
    let issuer = CatalogueIssuer::new("replaced by the address", profile);
    let issuer = issuer.serve_on(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    Ok(Credentials::Issuer(issuer))
}
