use std::net::{IpAddr, Ipv6Addr};

/// Whom a request comes from, as far as requests are counted: an IPv4 address, or 64 bits of an IPv6 address, which is
/// the least that one household or one virtual machine gets; whoever has them has 2^64 addresses to call from.
///
/// An IPv4 address is the same in IPv6 clothes (RFC 4291, section 2.5.5.2). What is no address at all is one caller: it
/// must not be a way around the count.
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
            // No mapped address, only one that looks like it.
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
        fn two_ipv6_addresses_are_one_caller_if_their_first_half_is_the_same(
            network in any::<u64>().prop_filter("else it may be IPv4", |network| *network != 0),
            other in any::<u64>().prop_filter("else it may be IPv4", |network| *network != 0),
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
