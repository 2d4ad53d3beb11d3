use super::*;
use crate::aws::Stage;

fn args(cache_seconds: u32, delay: Option<u32>) -> RotateArgs {
    RotateArgs {
        algorithm: None,
        rsa_bits: 2048,
        cache_seconds,
        delay,
        target: Target {
            env: Stage::Dev,
            region: None,
            profile: None,
            endpoint_url: None,
            local: None,
        },
    }
}

#[test]
fn a_key_waits_until_the_slowest_reader_has_it() {
    for (cache, max_age, total) in [
        (1, 1, 1 + 1 + 5),
        (300, 300, 300 + 300 + 60),
        (3600, 300, 3600 + 300 + 60),
    ] {
        let delay = Delay {
            cache,
            max_age,
            total,
        };
        assert_eq!(Delay::of(&args(cache, None)).unwrap(), delay);
        assert_eq!(Delay::of(&args(cache, Some(total))).unwrap(), delay);
        assert_eq!(
            Delay::of(&args(cache, Some(total + 1))).unwrap().total,
            total + 1
        );
        let short = Delay::of(&args(cache, Some(total - 1)));
        assert!(matches!(short, Err(Error::ShortDelay { least, .. }) if least == total));
    }
}

/// What the template takes is what we reckon with.
#[test]
fn the_longest_lifetimes_are_those_of_the_template() {
    let template = include_str!("../../../../template.yaml");
    let longest = |parameter: &str| {
        let (_, rest) = template.split_once(&format!("  {parameter}:\n")).unwrap();
        let (_, rest) = rest.split_once("MaxValue: ").unwrap();
        rest.lines().next().unwrap().parse::<i64>().unwrap()
    };
    assert_eq!(longest("ParameterCacheSeconds"), i64::from(LONGEST_CACHE));
    let afterwards = super::super::keyring::AFTERWARDS.whole_seconds();
    assert_eq!(afterwards, longest("AccessTokenSeconds") + 60 + 300);
}
