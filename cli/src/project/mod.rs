//! A project without a checkout: the files that `cloakroom new` writes, and that `cloakroom dev` runs in an empty folder.

mod carried;
mod files;
mod new;
mod texts;
mod write;

use std::{io, path::Path};

pub use self::new::{NewArgs, run};

/// Writes the template and the page into `folder`, as this command carries them. Replaces those of another version.
///
/// # Errors
/// When a file cannot be written.
pub fn write_built_in(folder: &Path) -> io::Result<()> {
    write::replace(folder, &carried::project()?)
}
