//! What the log says while something runs.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Buffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Collects this thread's log until it is read: for tests on the current-thread runtime.
pub(crate) struct Log {
    buffer: Buffer,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    pub(crate) fn start() -> Self {
        let buffer = Buffer::default();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(buffer.clone()).finish();
        Self { buffer, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The errors, one a line.
    pub(crate) fn errors(&self) -> Vec<String> {
        let text = String::from_utf8(self.buffer.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("ERROR")).map(ToOwned::to_owned).collect()
    }
}
