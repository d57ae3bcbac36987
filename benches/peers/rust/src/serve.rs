//! Commands on standard input, an answer for each on standard output, one line of JSON each.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::data::{Data, Request};
use crate::peer::Peer;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
enum Command {
    /// Forget everything.
    Fresh,
    /// Measure the next valid requests.
    Turn { from: usize, count: usize },
    /// Send one of the other requests to a fresh server.
    Case { name: String },
}

/// Answers until standard input ends.
pub fn serve<P: Peer>(peer: &P, data: &Data) -> Result<(), Box<dyn Error>> {
    let valid: Vec<_> = data.valid.iter().filter_map(|request| peer.input(request)).collect();
    let mut server = peer.server()?;
    answer(&json!({"ready": true}))?;
    for line in std::io::stdin().lock().lines() {
        match serde_json::from_str(&line?)? {
            Command::Fresh => {
                server = peer.server()?;
                answer(&json!({}))?;
            }
            Command::Turn { from, count } => {
                let turn = valid.get(from..from + count).ok_or("not so many requests")?;
                answer(&json!({"ns": measure(peer, &mut server, turn)?}))?;
            }
            Command::Case { name } => {
                let case = data.cases.iter().find(|case| case.name == name).ok_or("no such case")?;
                answer(&outcome(peer, case)?)?;
            }
        }
    }
    Ok(())
}

fn measure<P: Peer>(
    peer: &P,
    server: &mut P::Server,
    turn: &[P::Input],
) -> Result<Vec<u128>, Box<dyn Error>> {
    let mut times = Vec::with_capacity(turn.len());
    for input in turn {
        let start = Instant::now();
        let result = peer.verify(server, input);
        times.push(start.elapsed().as_nanos());
        result.map_err(|refusal| format!("a valid request was refused: {refusal}"))?;
    }
    Ok(times)
}

fn outcome<P: Peer>(peer: &P, case: &Request) -> Result<Value, Box<dyn Error>> {
    let Some(input) = peer.input(case) else { return Ok(json!({"accepted": null})) };
    let mut server = peer.server()?;
    for _ in 1..case.times {
        peer.verify(&mut server, &input)?;
    }
    Ok(match peer.verify(&mut server, &input) {
        Ok(()) => json!({"accepted": true}),
        Err(refusal) => json!({"accepted": false, "refusal": refusal}),
    })
}

fn answer(value: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{value}")?;
    output.flush()
}
