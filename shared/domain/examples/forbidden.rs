//! Reads addresses from standard input, one in a line, and writes for each the range for which it is forbidden, or `allowed`. For
//! `ci/check_webhooks.py`.

#![expect(clippy::print_stdout, reason = "it is a command")]

use std::{io, net::IpAddr};

use domain::webhook::forbidden_range;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in io::stdin().lines() {
        let address: IpAddr = line?.parse()?;
        println!(
            "{}",
            forbidden_range(address).map_or("allowed", |range| range.name())
        );
    }
    Ok(())
}
