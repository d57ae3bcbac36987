//! A key set in a file.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::issuer::file::KeySetFile;

/// A file of this test, removed with it.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(content: impl AsRef<[u8]>) -> Self {
        let unique = format!("fapi-core-{}-{:p}.jwks", std::process::id(), &content);
        let file = Self(std::env::temp_dir().join(unique));
        file.write(content);
        file
    }

    fn write(&self, content: impl AsRef<[u8]>) {
        let new = self.0.with_extension("new");
        fs::write(&new, content).unwrap();
        fs::rename(&new, &self.0).unwrap();
    }

    fn issuer(&self) -> Issuer {
        Issuer::new(ISSUER).with_key_set_file(&self.0)
    }

    fn keys(&self) -> Arc<IssuerKeys> {
        try_keys(self.issuer(), None).unwrap()
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

// R118: read when the server is built, without a network or a runtime.
#[test]
fn a_file_is_read_at_the_start() {
    let file = KeyFile::new(key_set(&["1"]));
    let keys = file.keys();
    assert!(knows(&keys.current(NOW).unwrap(), "1"));
}

// R118: a key that was rotated counts within a minute, one that was withdrawn no longer.
#[tokio::test]
async fn a_changed_file_is_read_again() {
    let file = KeyFile::new(key_set(&["1"]));
    let keys = file.keys();
    file.write(key_set(&["2"]));
    assert!(knows(&keys.current(after(59)).unwrap(), "1"));
    // An unknown kid does not wait for that minute.
    let changed = keys.refresh(after(59)).await.unwrap();
    assert!(knows(&changed, "2") && !knows(&changed, "1"));
    assert!(Arc::ptr_eq(&changed, &keys.current(after(59)).unwrap()));
    // What did not change is the same set, so that remembered tokens stay.
    assert!(Arc::ptr_eq(&changed, &keys.refresh(after(89)).await.unwrap()));
    assert!(Arc::ptr_eq(&changed, &keys.refresh(after(89 + 120)).await.unwrap()));
}

// R118: a file that cannot be used, for whatever reason, leaves the last good keys in use for a bounded time.
#[tokio::test]
async fn a_broken_file_leaves_the_last_good_keys() {
    let broken: [fn(&KeyFile); 4] = [
        |file| file.write("{\"keys\":["),
        |file| file.write(""),
        |file| file.write(format!("{}{}", key_set(&["2"]), " ".repeat(512 * 1024))),
        |file| fs::remove_file(&file.0).unwrap(),
    ];
    for break_it in broken {
        let file = KeyFile::new(key_set(&["1"]));
        let keys = file.keys();
        break_it(&file);
        assert_eq!(keys.refresh(after(60)).await.unwrap_err(), KeysUnavailable);
        let bound = 60 + 24 * 3600;
        for second in [600, bound - 1] {
            assert!(knows(&keys.obtain(after(second)).await.unwrap(), "1"));
            assert_eq!(keys.refresh(after(second)).await.unwrap_err(), KeysUnavailable);
        }
        assert_eq!(keys.obtain(after(bound)).await.unwrap_err(), KeysUnavailable);
        file.write(key_set(&["2"]));
        assert!(knows(&keys.obtain(after(bound + 30)).await.unwrap(), "2"));
    }
}

// R118: what a configuration can get wrong; the message names the issuer and the reason.
#[test]
fn a_file_that_cannot_be_used_is_no_configuration() {
    let missing = Issuer::new(ISSUER).with_key_set_file("/nonexistent/keys");
    let error = try_keys(missing, None).unwrap_err();
    assert!(matches!(&error, IssuerError::KeySetFile { issuer, .. } if issuer == ISSUER), "{error}");
    let path = std::env::temp_dir();
    let error = try_keys(Issuer::new(ISSUER).with_key_set_file(&path), None).unwrap_err();
    let reason = "it is not a regular file".into();
    assert_eq!(error, IssuerError::KeySetFile { issuer: ISSUER.to_owned(), path, reason });
    let too_large = format!("{}{}", key_set(&["2"]), " ".repeat(512 * 1024));
    for (content, reason) in [
        (r#"{"keys":[]}"#.to_owned(), KeySetError::NoUsableKey),
        ("{}".to_owned(), KeySetError::KeysMissing),
        (too_large, KeySetError::Malformed(crate::jose::JoseError::TooLarge)),
    ] {
        let file = KeyFile::new(content);
        let error = try_keys(file.issuer(), None).unwrap_err();
        assert_eq!(error, IssuerError::KeySet { issuer: ISSUER.to_owned(), reason });
    }
}

// R118, R120: a file is read again while nobody asks, like any other source.
#[tokio::test]
async fn a_file_is_kept_young() {
    let file = KeyFile::new(key_set(&["1"]));
    let clock = TestClock::at(NOW);
    let keys = try_keys_by(file.issuer(), None, Arc::clone(&clock)).unwrap();
    file.write(key_set(&["2"]));
    clock.set(after(60));
    keys.prepare(after(60));
    // Reading takes a thread of its own, for which paused time would not wait.
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while !knows(&keys.current(after(60)).unwrap(), "2") {
        assert!(std::time::Instant::now() < deadline, "not read again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

// R118: a file system that hangs keeps one thread, and costs nobody more time than the first attempt.
#[tokio::test]
async fn one_reading_is_under_way_at_a_time() {
    let file = KeyFile::new(key_set(&["1"]));
    let read = KeySetFile::new(file.0.clone());
    let (end, hanging) = std::sync::mpsc::channel::<()>();
    let hung = read.read_by(move |_path| {
        let _ = hanging.recv();
        Ok(Vec::new())
    });
    // Whoever asked gives up, and the thread does not end for that.
    assert!(tokio::time::timeout(Duration::from_millis(10), hung).await.is_err());
    for _ in 0..3 {
        let error = read.read().await.unwrap_err();
        assert!(error.to_string().contains("an earlier reading of it has not ended"), "{error}");
    }
    drop(end);
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while read.read().await.is_err() {
        assert!(std::time::Instant::now() < deadline, "not read again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
