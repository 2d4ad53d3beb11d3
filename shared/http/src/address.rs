use std::net::{IpAddr, Ipv6Addr};

/// Returns the key by which the requests of an address are counted: the IPv4 address, or the /64 network of an IPv6
/// address, which is the smallest that a household or a virtual machine gets.
///
/// An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2) counts as its IPv4 address. Values that are not an address all
/// count as one caller, so that they do not bypass the limit.
pub(crate) fn caller(source_ip: Option<&str>) -> String {
    let address = source_ip.and_then(|text| text.parse::<IpAddr>().ok());
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let network = address.to_bits() >> 64 << 64;
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_ipv6_caller_is_a_network_of_64_bits() {
        for (source_ip, expected) in [
            (Some("192.0.2.1"), "192.0.2.1"),
            (Some("::ffff:192.0.2.1"), "192.0.2.1"),
            (Some("::ffff:c000:201"), "192.0.2.1"),
            (Some("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64"),
            (Some("2001:DB8:1:2::"), "2001:db8:1:2::/64"),
            (Some("2001:db8:1:3::1"), "2001:db8:1:3::/64"),
            (Some("::1"), "::/64"),
            // Not a mapped address; it only looks like one.
            (Some("::192.0.2.1"), "::/64"),
            (Some("fe80::1%eth0"), "unknown"),
            (Some("192.0.2.1, 198.51.100.1"), "unknown"),
            (Some(""), "unknown"),
            (None, "unknown"),
        ] {
            assert_eq!(caller(source_ip), expected, "{source_ip:?}");
        }
    }

    proptest! {
        #[test]
        fn ipv6_addresses_of_one_network_are_one_caller(
            network in any::<u64>().prop_filter("otherwise it may be IPv4", |network| *network != 0),
            other in any::<u64>().prop_filter("otherwise it may be IPv4", |network| *network != 0),
            hosts in any::<[u64; 2]>(),
        ) {
            let of = |network: u64, host: u64| {
                let bits = u128::from(network) << 64 | u128::from(host);
                caller(Some(&Ipv6Addr::from_bits(bits).to_string()))
            };
            prop_assert_eq!(of(network, hosts[0]), of(network, hosts[1]));
            prop_assert_eq!(network == other, of(network, hosts[0]) == of(other, hosts[0]));
        }

        #[test]
        fn an_ipv4_caller_is_an_address(bits in any::<[u32; 2]>()) {
            let [one, other] = bits.map(std::net::Ipv4Addr::from_bits);
            let mapped = one.to_ipv6_mapped().to_string();
            prop_assert_eq!(caller(Some(&mapped)), caller(Some(&one.to_string())));
            prop_assert_eq!(one == other, caller(Some(&one.to_string())) == caller(Some(&other.to_string())));
        }
    }
}
