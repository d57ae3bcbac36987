//! A key, from any bytes: what is accepted can be prepared by the provider or is refused, and has one thumbprint.
#![no_main]

use fapi_core::crypto::{AwsLcProvider, CryptoProvider as _};
use fapi_core::jose::{Algorithm, Jwk};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    let Ok(jwk) = Jwk::parse(json) else { return };
    let _ = jwk.thumbprint(&AwsLcProvider);
    for algorithm in Algorithm::ALL {
        let prepared = AwsLcProvider.verifying_key(&jwk, algorithm);
        assert!(prepared.is_err() || jwk.check_fits(algorithm).is_ok(), "prepared for what it does not fit");
        if let Ok(key) = prepared {
            assert!(key.verify(b"message", json).is_err(), "a forgery");
        }
    }
});
