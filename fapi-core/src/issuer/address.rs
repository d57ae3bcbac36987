//! Which IP addresses the issuer's host may have (RFC 8725bis, R108): by default only public ones.
//!
//! A metadata document or a DNS answer must not be able to point this server at its own network. The registries are
//! RFC 6890 and its updates; for IPv6 only the global unicast space counts as public at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AddressClass {
    /// Reachable on the Internet.
    Public,
    /// Of an organisation's own network: RFC 1918, shared (RFC 6598), unique local (RFC 4193).
    Private,
    /// This machine.
    Loopback,
    /// Never the address of a server: link-local (where clouds keep their credentials), multicast, reserved.
    Special,
}

/// The class of `address`, seen through IPv4-mapped and NAT64 addresses.
pub(super) fn classify(address: IpAddr) -> AddressClass {
    match address.to_canonical() {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => AddressClass::Private,
        [0 | 224..=255, ..] => AddressClass::Special,
        [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => AddressClass::Special,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Special,
        _ => AddressClass::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> AddressClass {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        // RFC 6052 §2.1: the well-known prefix of NAT64 carries an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., a, b, c, d] = address.octets();
            classify_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments (with Teredo), 6to4 and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Special,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R108.
    #[test]
    fn classifies_addresses() {
        use AddressClass::{Loopback, Private, Public, Special};
        for (address, class) in [
            ("8.8.8.8", Public),
            ("172.15.255.255", Public),
            ("172.32.0.0", Public),
            ("100.63.255.255", Public),
            ("100.128.0.0", Public),
            ("192.0.1.1", Public),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.0.1", Private),
            ("100.64.0.1", Private),
            ("100.127.255.255", Private),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("0.0.0.0", Special),
            ("169.254.169.254", Special),
            ("192.0.0.8", Special),
            ("192.0.2.1", Special),
            ("198.18.0.1", Special),
            ("224.0.0.1", Special),
            ("255.255.255.255", Special),
            ("2606:4700::1111", Public),
            ("2001:4860:4860::8888", Public),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("::1", Loopback),
            ("::", Special),
            ("fe80::1", Special),
            ("ff02::1", Special),
            ("2001::1", Special),
            ("2001:db8::1", Special),
            ("2002:a00:1::", Special),
            ("::127.0.0.1", Special),
            ("::ffff:8.8.8.8", Public),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:169.254.169.254", Special),
            ("64:ff9b::808:808", Public),
            ("64:ff9b::a00:1", Private),
            ("64:ff9b::7f00:1", Loopback),
        ] {
            assert_eq!(classify(address.parse().unwrap()), class, "{address}");
        }
    }
}
