//! Whether a resource server is shared by all workers of an `HttpServer` (pitfall P12).
//!
//! A server built inside the closure of `HttpServer::new` exists once for each worker, and a used DPoP proof would be
//! fresh to every other one. It gives itself away: it was built on the worker's thread that starts it.
//!
//! So does one that is shared in spite of that, by a `OnceLock` in the closure, or because there is only one worker. It is
//! refused too: nothing tells it from the others, and it is easily built before the closure.

use std::thread;

use fapi_core::ResourceServer;

/// Whether `server` was built on the worker that calls this, and so inside the closure.
///
/// Threads that are no workers, such as those of tests, may well build and use a server.
pub(crate) fn is_built_per_worker(server: &ResourceServer) -> bool {
    let current = thread::current();
    server.built_on() == current.id() && current.name().is_some_and(is_worker)
}

/// actix-server names its workers itself under a tokio runtime; under an actix `System` each is an arbiter of actix-rt.
fn is_worker(name: &str) -> bool {
    name.starts_with("actix-server worker ") || (name.starts_with("actix-rt|") && name.contains("|arbiter:"))
}

#[cfg(test)]
mod tests {
    use super::is_worker;

    #[test]
    fn workers_are_told_from_other_threads() {
        for name in ["actix-server worker 0", "actix-rt|system:0|arbiter:1"] {
            assert!(is_worker(name), "{name}");
        }
        for name in ["main", "tokio-runtime-worker", "actix-server acceptor", "tests::a_test"] {
            assert!(!is_worker(name), "{name}");
        }
    }
}
