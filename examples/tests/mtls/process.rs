//! A proxy as a child process, with its configuration and its files in a directory of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use fapi_testkit::TestCertificate;

const DOCUMENT: &str = include_str!("../../../docs/behind-a-proxy.md");
/// How long a proxy may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program of this name, or `None` with a line that says so; CI must have it.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join(name)).find(|program| program.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {name} (Debian: apt-get install {name})");
        println!("skipped: {name} is not installed (Debian: apt-get install {name})");
    }
    found
}

/// The configuration in the document: the block of this language.
pub(crate) fn documented(language: &str) -> String {
    let start = format!("\n```{language}\n");
    let (_, rest) = DOCUMENT.split_once(&start).expect("the document shows a configuration");
    rest.split_once("\n```\n").expect("the block ends").0.to_owned() + "\n"
}

/// A text in which each of these is replaced. All of them must occur.
pub(crate) fn replaced(text: String, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "the document has no {from:?} any more");
        text.replace(from, to)
    })
}

/// A port of the loopback address that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A directory that is removed when it is dropped.
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// With the certificate and key of the proxy, under the names in the document.
    pub(crate) fn new(name: &str, certificate: &TestCertificate) -> Self {
        let path = std::env::temp_dir().join(format!("fapi-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let (chain, key) = (certificate.pem(), certificate.private_key_pem());
        fs::write(path.join("chain.pem"), chain).unwrap();
        fs::write(path.join("key.pem"), key).unwrap();
        fs::write(path.join("api.pem"), [chain, key].concat()).unwrap();
        fs::write(path.join("clients.pem"), chain).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path as text, with a slash at its end.
    pub(crate) fn prefix(&self) -> String {
        format!("{}/", self.0.display())
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running example program, which is killed when this is dropped.
pub(crate) struct Program(Child);

impl Program {
    /// Starts it; gives what it says on its standard output, line by line.
    pub(crate) fn start(command: &mut Command) -> (Self, impl Iterator<Item = String> + use<>) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        (Self(child), lines)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running proxy, which is killed when this is dropped.
pub(crate) struct Proxy(Child);

impl Proxy {
    /// Starts it, and waits until it listens on `port`. Its output goes to a file in the directory.
    pub(crate) fn start(command: &mut Command, directory: &Directory, port: u16) -> Self {
        let log = directory.path().join("output");
        let output = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let mut proxy = Self(command.spawn().unwrap());
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = proxy.0.try_wait().unwrap();
            if ended.is_some() || started.elapsed() > PATIENCE {
                panic!("{command:?} did not start: {}", fs::read_to_string(&log).unwrap());
            }
            thread::sleep(Duration::from_millis(20));
        }
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
