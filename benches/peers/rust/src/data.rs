//! The requests, as `peer-requests` wrote them.

use std::error::Error;
use std::fs;

use serde::Deserialize;
use serde_json::Value;

/// What a resource server must know, and the token of all valid requests.
#[derive(Clone, Debug, Deserialize)]
pub struct Setting {
    pub issuer: String,
    pub jwks: Value,
    pub audience: String,
    pub method: String,
    pub url: String,
    /// When the proofs were made, in seconds.
    pub now: u64,
    pub client_jwk: Value,
    pub token: String,
}

/// One request, valid or not.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    #[serde(default)]
    pub name: String,
    pub scheme: String,
    pub token: String,
    pub proof: Option<String>,
    #[serde(default)]
    pub times: u32,
}

/// The whole file.
pub struct Data {
    pub setting: Setting,
    pub valid: Vec<Request>,
    pub cases: Vec<Request>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Setting(Setting),
    Proof(String),
    Case(Request),
}

impl Data {
    pub fn read(file: &str) -> Result<Self, Box<dyn Error>> {
        let (mut setting, mut proofs, mut cases) = (None, Vec::new(), Vec::new());
        for line in fs::read_to_string(file)?.lines() {
            match serde_json::from_str(line)? {
                Line::Setting(it) => setting = Some(it),
                Line::Proof(proof) => proofs.push(proof),
                Line::Case(case) => cases.push(case),
            }
        }
        let setting: Setting = setting.ok_or("no setting")?;
        let valid = |proof| Request {
            name: String::new(),
            scheme: "DPoP".to_owned(),
            token: setting.token.clone(),
            proof: Some(proof),
            times: 1,
        };
        Ok(Self { valid: proofs.into_iter().map(valid).collect(), cases, setting })
    }
}
