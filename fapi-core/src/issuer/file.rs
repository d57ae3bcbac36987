//! An issuer's key set in a file, for closed networks.
//!
//! Decides what is read: a regular file of bounded size, by one thread at a time. When it is read again, and what happens if
//! it cannot be used, is decided in `keys.rs`, as for a key set that is fetched. The path comes from the configuration
//! alone, and shows in the log, never in an answer. The files of this server's own keys are read in the same way, by `config/`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::discovery::FetchError;
use super::http::MAX_BODY_BYTES;

/// Age at which a file is read again: a key that was withdrawn is trusted for a minute, and reading costs next to nothing.
pub(super) const REFRESH_AGE: Duration = Duration::from_secs(60);

/// What is in a file, or why it cannot be read.
type Content = Result<Vec<u8>, Arc<str>>;

/// A file with a key set.
#[derive(Clone, Debug)]
pub(super) struct KeySetFile {
    path: Arc<Path>,
    /// Held while the file is read.
    turn: Arc<Semaphore>,
}

impl KeySetFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path: path.into(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// As the operator knows it.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, FetchError> {
        self.read_by(read_now).await.map_err(|reason| FetchError::File { path: self.name(), reason })
    }

    /// Reads on a thread that may block, since the file may be on a network that is out of order: a thread of its own, as
    /// a runtime does not end before its blocking threads do.
    pub(super) async fn read_by(&self, read: impl FnOnce(&Path) -> Content + Send + 'static) -> Content {
        // R118: a file system that hangs keeps one thread, however often the file is due.
        let turn = Arc::clone(&self.turn).try_acquire_owned();
        let turn = turn.map_err(|_| "an earlier reading of it has not ended; its file system may hang")?;
        let (path, (sender, content)) = (Arc::clone(&self.path), oneshot::channel());
        let reading = move || {
            let content = read(&path);
            drop(turn);
            // Whoever asked may have given up.
            let _ = sender.send(content);
        };
        let started = thread::Builder::new().name("key-set-file".to_owned()).spawn(reading);
        started.map_err(|error| error.to_string())?;
        content.await.unwrap_or_else(|_panicked| Err("the reading was given up".into()))
    }
}

/// Reads the file; the error says why it cannot be read, without its path.
pub(crate) fn read_now(path: &Path) -> Content {
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
