//! The limit of open files, of which each connection and each running function needs some.

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit for this process and the functions as far as the system lets it: many systems begin with 1,024 or 256, which a
/// burst of requests exceeds.
#[cfg(unix)]
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let highest = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // A refusal leaves the limit as it is.
    let _ = setrlimit(Resource::Nofile, highest);
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) const fn raise_limit() {}
