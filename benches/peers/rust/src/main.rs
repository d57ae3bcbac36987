//! One library at a time, behind the protocol that `benches/peers/measure.py` describes.
//!
//! Arguments: the library, and the file of requests.

mod data;
mod library;
mod peer;
mod serve;

use std::error::Error;

use crate::data::Data;
use crate::library::{dpop_verifier, fapi_core, huskarl, raw, skyauth};
use crate::serve::serve;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, file] = arguments.as_slice() else {
        return Err("usage: fapi-peers-bench LIBRARY FILE".into());
    };
    let data = Data::read(file)?;
    match library.as_str() {
        "raw" => serve(&raw::Raw::new(&data)?, &data),
        "fapi-core" => serve(&fapi_core::FapiCore::new(&data), &data),
        "huskarl-resource-server" => serve(&huskarl::Huskarl::new(&data)?, &data),
        "dpop-verifier" => serve(&dpop_verifier::DpopVerifier::new(&data)?, &data),
        "skyauth" => serve(&skyauth::Skyauth::new(&data)?, &data),
        other => Err(format!("unknown library {other}").into()),
    }
}
