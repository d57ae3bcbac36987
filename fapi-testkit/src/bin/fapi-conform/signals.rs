//! When the program is asked to stop: Ctrl-C, and what service managers and containers send (SIGTERM).

use std::future::Future;
use std::io;

/// A future that is ready when the program is asked to stop, also if that was before it is awaited.
#[cfg(unix)]
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// A future that is ready when the program is asked to stop.
#[cfg(not(unix))]
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
