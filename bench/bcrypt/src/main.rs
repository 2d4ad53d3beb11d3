//! Hashes each line of standard input and prints the duration. `bench/run hash` compares it with others.

use std::{
    error::Error,
    io::{self, Write as _},
    time::Instant,
};

use bcrypt::Version;

/// The value does not matter; libxcrypt takes the salt from the hash.
const SALT: [u8; 16] = *b"sixteen bytes of";

/// Reads lines that have a cost and a password.
fn main() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lines() {
        let line = line?;
        let (cost, password) = line
            .split_once(' ')
            .ok_or("a line must have a cost and a password")?;
        let cost = cost.parse()?;
        let start = Instant::now();
        let hash = bcrypt::hash_with_salt(password, cost, SALT)?;
        let seconds = start.elapsed().as_secs_f64();
        let mut out = io::stdout().lock();
        writeln!(out, "{seconds} {}", hash.format_for_version(Version::TwoB))?;
        out.flush()?;
    }
    Ok(())
}
