//! The FAPI 2.0 resource server as a tower layer.
