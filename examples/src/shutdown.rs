//! When a program is asked to stop: Ctrl-C, and what service managers and containers send (SIGTERM).

use std::future::Future;
use std::io;

/// A future that is ready when the program is asked to stop, also if that was before it is awaited.
///
/// # Errors
/// If the signals cannot be listened to.
#[cfg(unix)]
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
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
///
/// # Errors
/// If the signals cannot be listened to.
#[cfg(not(unix))]
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
