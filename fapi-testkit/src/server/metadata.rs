//! The metadata of the served issuer (RFC 8414 §2, RFC 8705 §5).

use fapi_core::jose::Algorithm;
use serde_json::{Value, json};

use crate::issuer::TestIssuer;

/// The metadata of an issuer that calls itself `name`; the addresses are its own all the same.
pub(super) fn document(issuer: &TestIssuer, name: &str) -> Value {
    let address = issuer.identifier();
    let algorithms = Algorithm::ALL.map(Algorithm::name);
    let mut document = json!({
        "issuer": name,
        "token_endpoint": issuer.token_endpoint(),
        "introspection_endpoint": issuer.introspection_endpoint(),
        "jwks_uri": format!("{address}/jwks"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt", "client_secret_basic"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": [issuer.key().algorithm().name()],
        "dpop_signing_alg_values_supported": algorithms,
    });
    if address.starts_with("https://") {
        add_mutual_tls(&mut document, address);
    }
    document
}

fn add_mutual_tls(document: &mut Value, address: &str) {
    for endpoint in ["token", "introspection"] {
        let methods = document.get_mut(format!("{endpoint}_endpoint_auth_methods_supported"));
        if let Some(methods) = methods.and_then(Value::as_array_mut) {
            methods.push(json!("self_signed_tls_client_auth"));
        }
    }
    let aliases = json!({
        "token_endpoint": format!("{address}/mtls/token"),
        "introspection_endpoint": format!("{address}/mtls/introspect"),
    });
    if let Some(members) = document.as_object_mut() {
        members.insert("tls_client_certificate_bound_access_tokens".to_owned(), json!(true));
        members.insert("mtls_endpoint_aliases".to_owned(), aliases);
    }
}
