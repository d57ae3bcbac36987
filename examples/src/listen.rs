//! Where a program listens: a TCP address, or a Unix domain socket.
//!
//! An address is taken first, and nobody can connect before the program is ready.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio::net::{TcpListener, TcpSocket};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixSocket};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// How a socket's path begins where an address is expected.
#[cfg(unix)]
const UNIX: &str = "unix:";

/// An address to listen on: `127.0.0.1:8080`, or `unix:/run/api/api.sock`.
#[derive(Clone, Debug)]
pub enum Address {
    /// Of TCP; port 0 is a free one.
    Tcp(SocketAddr),
    /// The path of a Unix domain socket.
    #[cfg(unix)]
    Unix(PathBuf),
}

/// An address that was taken.
#[derive(Debug)]
pub enum Socket {
    /// Of TCP, with its port.
    Tcp(TcpSocket, SocketAddr),
    /// A Unix domain socket at this path.
    #[cfg(unix)]
    Unix(UnixSocket, PathBuf),
}

/// What accepts connections.
#[derive(Debug)]
pub enum Listener {
    /// Those of TCP.
    Tcp(TcpListener),
    /// Those of a Unix domain socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix(UNIX).filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let expected =
            "neither an IP address with a port, such as 127.0.0.1:8080, nor unix: and the path of a socket";
        text.parse().map(Self::Tcp).map_err(|_| expected.to_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            #[cfg(unix)]
            Self::Unix(path) => write!(formatter, "{UNIX}{}", path.display()),
        }
    }
}

impl Address {
    /// Whether this is a Unix domain socket.
    #[must_use]
    pub const fn is_unix_socket(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }

    /// Takes the address, but lets nobody connect yet.
    ///
    /// # Errors
    /// If it is taken, or not this machine's.
    pub fn bind(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(address) => {
                let socket = bind_tcp(*address)?;
                let address = socket.local_addr()?;
                Ok(Socket::Tcp(socket, address))
            }
            #[cfg(unix)]
            Self::Unix(path) => Ok(Socket::Unix(bind_unix(path)?, path.clone())),
        }
    }
}

impl Socket {
    /// The address, with the port that was free.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Tcp(_, address) => Address::Tcp(*address),
            #[cfg(unix)]
            Self::Unix(_, path) => Address::Unix(path.clone()),
        }
    }

    /// Lets clients connect.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn listen(self) -> io::Result<Listener> {
        match self {
            Self::Tcp(socket, _) => socket.listen(BACKLOG).map(Listener::Tcp),
            #[cfg(unix)]
            Self::Unix(socket, _) => socket.listen(BACKLOG).map(Listener::Unix),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Not on Windows, where it would share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

#[cfg(unix)]
fn bind_unix(path: &Path) -> io::Result<UnixSocket> {
    let bind = || UnixSocket::new_stream().and_then(|socket| socket.bind(path).map(|()| socket));
    match bind() {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path) => {
            std::fs::remove_file(path)?;
            bind()
        }
        bound => bound,
    }
}

/// Whether this is the socket of a program that has ended: nobody listens on it.
#[cfg(unix)]
fn is_left_over(path: &Path) -> bool {
    use std::os::unix::{fs::FileTypeExt as _, net::UnixStream};
    let is_socket = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
    is_socket
        && UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}
