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
            stack: None,
            region: None,
            profile: None,
            endpoint_url: None,
            local: None,
        },
    }
}

#[test]
fn the_delay_covers_function_cache_jwks_cache_and_retries() {
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
        assert_eq!(Delay::from_args(&args(cache, None)).unwrap(), delay);
        assert_eq!(Delay::from_args(&args(cache, Some(total))).unwrap(), delay);
        assert_eq!(
            Delay::from_args(&args(cache, Some(total + 1)))
                .unwrap()
                .total,
            total + 1
        );
        let short = Delay::from_args(&args(cache, Some(total - 1)));
        assert!(matches!(short, Err(Error::DelayTooShort { minimum, .. }) if minimum == total));
    }
}

/// The constants match the maximum values of the template's parameters.
#[test]
fn the_maximum_lifetimes_match_the_template() {
    let template = include_str!("../../../../template.yaml");
    let maximum = |parameter: &str| {
        let (_, rest) = template.split_once(&format!("  {parameter}:\n")).unwrap();
        let (_, rest) = rest.split_once("MaxValue: ").unwrap();
        rest.lines().next().unwrap().parse::<i64>().unwrap()
    };
    assert_eq!(
        maximum("ParameterCacheSeconds"),
        i64::from(MAX_CACHE_SECONDS)
    );
    let overlap = super::super::keyring::VERIFIES_AFTER_REPLACEMENT.whole_seconds();
    assert_eq!(overlap, maximum("AccessTokenSeconds") + 60 + 300);
}
