//! An issuer's key set in a file, for closed networks.
//!
//! Decides what is read: a regular file of bounded size. When it is read again, and what happens if it cannot be used, is
//! decided in `keys.rs`, as for a key set that is fetched. The path comes from the configuration alone, and shows in the
//! log, never in an answer. The files of this server's own keys are read in the same way, by `config/`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::discovery::FetchError;
use super::http::MAX_BODY_BYTES;

/// Age at which a file is read again: a key that was withdrawn is trusted for a minute, and reading costs next to nothing.
pub(super) const REFRESH_AGE: Duration = Duration::from_secs(60);

/// Reads the file, on a thread that may block: the file may be on a network that is out of order.
pub(super) async fn read(path: &Arc<Path>) -> Result<Vec<u8>, FetchError> {
    let reader = Arc::clone(path);
    let read = tokio::task::spawn_blocking(move || read_now(&reader)).await;
    let read = read.map_err(|_panic_or_shutdown| "the reading was given up".into()).flatten();
    read.map_err(|reason| FetchError::File { path: path.display().to_string(), reason })
}

/// Reads the file; the error says why it cannot be read, without its path.
pub(crate) fn read_now(path: &Path) -> Result<Vec<u8>, Arc<str>> {
    let read = || -> io::Result<Vec<u8>> {
        // Opening a pipe would wait for its writer.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let limit = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        let mut content = Vec::new();
        // R116, R118: one byte more than may be is enough to know that it is too large.
        File::open(path)?.take(limit).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|error| error.to_string().into())
}
