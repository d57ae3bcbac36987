//! Writes the requests that `benches/peers` sends through every library: JSON lines.
//!
//! The first line says what a resource server must know; then come many valid proofs of one client for one token, which
//! are for measuring; then requests that are wrong in one way, or unusual and right, which are for finding out what a
//! library checks. All of them are made now, since not every library takes its time from elsewhere.
#![allow(clippy::print_stdout, reason = "what it writes is what it is for")]

mod case;
mod party;

use fapi_core::jose::Algorithm;
use serde_json::json;

use crate::party::Party;

/// Valid proofs.
const PROOFS: usize = 2000;

fn main() {
    let algorithm = match std::env::args().nth(1).as_deref() {
        Some("es256") => Algorithm::Es256,
        Some("rs256") => Algorithm::Rs256,
        _ => {
            return eprintln!(
                "usage: peer-requests es256|rs256    (the algorithm of the token; proofs are ES256)"
            );
        }
    };
    let party = Party::new(algorithm);
    let token = party.token().sign();
    println!("{}", json!({"setting": party.setting(&token)}));
    for _ in 0..PROOFS {
        println!("{}", json!({"proof": party.proof(&token).sign()}));
    }
    for case in case::all(&party) {
        println!("{}", json!({ "case": case }));
    }
}
