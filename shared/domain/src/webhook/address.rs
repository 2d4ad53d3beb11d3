//! The addresses that no webhook may reach, from IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>,
//! <https://www.iana.org/assignments/multicast-addresses>).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is forbidden: the kind of range that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange(&'static str);

impl AddressRange {
    /// The name of the range, such as `loopback`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// IPv4 ranges that are not reachable on the Internet, or that are not the address of one host there: first address, length of
/// the prefix, name.
const IPV4: [(Ipv4Addr, u32, &str); 17] = [
    (Ipv4Addr::UNSPECIFIED, 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    // Instance metadata of AWS and other clouds is here, and the credentials of containers.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "AMT"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3, "multicast or reserved"),
];

/// IPv6 ranges within the global unicast addresses (`2000::/3`) that are not the address of one host on the Internet. All other
/// addresses outside `2000::/3` are forbidden: loopback, IPv4-mapped, -compatible and -translated addresses, NAT64, unique local,
/// link-local, site-local and multicast addresses are there, and nothing else is allocated.
const IPV6: [(Ipv6Addr, u32, &str); 5] = [
    // Teredo, benchmarking, ORCHID and other protocols.
    (v6(0x2001, 0, 0), 23, "protocol assignments"),
    (v6(0x2001, 0xdb8, 0), 32, "documentation"),
    (v6(0x2002, 0, 0), 16, "6to4"),
    (v6(0x2620, 0x4f, 0x8000), 48, "AS112"),
    (v6(0x3fff, 0, 0), 20, "documentation"),
];

const GLOBAL_UNICAST: (Ipv6Addr, u32) = (v6(0x2000, 0, 0), 3);

const fn v6(first: u16, second: u16, third: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0)
}

/// Returns the range for which an address is forbidden; `None` for the address of a host on the Internet.
#[must_use]
pub fn forbidden_range(address: IpAddr) -> Option<AddressRange> {
    let name = match address {
        IpAddr::V4(address) => {
            let found = IPV4.iter().find(|(first, length, _)| {
                let shift = u32::BITS - length;
                first.to_bits() >> shift == address.to_bits() >> shift
            });
            found.map(|(_, _, name)| *name)
        }
        IpAddr::V6(address) => forbidden_ipv6(address),
    };
    name.map(AddressRange)
}

fn forbidden_ipv6(address: Ipv6Addr) -> Option<&'static str> {
    let is_in = |first: Ipv6Addr, length: u32| {
        let shift = u128::BITS - length;
        first.to_bits() >> shift == address.to_bits() >> shift
    };
    if !is_in(GLOBAL_UNICAST.0, GLOBAL_UNICAST.1) {
        return Some("not global unicast");
    }
    let found = IPV6
        .iter()
        .find(|(first, length, _)| is_in(*first, *length));
    found.map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(address: &str) -> Option<&'static str> {
        forbidden_range(address.parse().unwrap()).map(AddressRange::name)
    }

    #[test]
    fn addresses_of_the_internet_are_allowed() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "3ffe:ffff::1",
        ] {
            assert_eq!(range(address), None, "{address}");
        }
    }

    /// The first and the last address of each range, and addresses that stand for an IPv4 address in another form.
    #[test]
    fn special_addresses_are_forbidden() {
        let forbidden = [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("169.254.0.0", "169.254.255.255"),
            ("169.254.169.254", "169.254.170.2"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
            ("::", "::1"),
            // IPv4-compatible, -mapped and -translated.
            ("::127.0.0.1", "::8.8.8.8"),
            ("::ffff:127.0.0.1", "::ffff:8.8.8.8"),
            ("::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254"),
            // NAT64.
            ("64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            // Teredo, benchmarking, ORCHID, ORCHIDv2.
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:2::", "2001:10::1"),
            ("2001:20::1", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            // 6to4 of 127.0.0.1 and of a public address.
            ("2002:7f00:1::", "2002:808:808::1"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("5f00::", "4000::"),
            // Unique local: the metadata of AWS is fd00:ec2::254.
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("fd00:ec2::254", "fd00:ec2::23"),
            ("fe80::1", "febf::1"),
            ("fec0::1", "feff::1"),
            ("ff00::", "ff02::1"),
        ];
        for (first, last) in forbidden {
            assert!(range(first).is_some(), "{first}");
            assert!(range(last).is_some(), "{last}");
        }
    }
}
