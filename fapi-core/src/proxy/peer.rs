//! The other end of a connection, as the adapters know it: not what a header says.

use std::net::{IpAddr, SocketAddr};

/// Who is at the other end of the connection: the client, or a proxy.
///
/// Where a framework does not tell its address, whoever accepts connections may put this into a request's extensions, for
/// the adapters to find.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Peer {
    /// Not known, and so not trusted.
    #[default]
    Unknown,
    /// Somebody with this IP address.
    Address(IpAddr),
    /// Somebody who may open the Unix domain socket on which this API listens.
    UnixSocket,
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address.ip())
    }
}
