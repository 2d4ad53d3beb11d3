//! `cloakroom new`: writes a project that can be run and deployed without a checkout.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{files, write};

const EXAMPLES: &str = "\
Examples:
  cloakroom new my-app
  cd my-app && cloakroom dev

It never changes a file that exists. To finish an interrupted command, run it again.";

/// Arguments of `cloakroom new`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct NewArgs {
    /// The project's folder; created if it is missing
    folder: PathBuf,
}

/// Why `cloakroom new` failed.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(
        "{folder} already has {names} with other contents. Choose another folder, or remove what is there",
        folder = folder.display(), names = names(others)
    )]
    Exists {
        folder: PathBuf,
        others: Vec<PathBuf>,
    },
    #[error("the project in {folder} cannot be written: {error}", folder = folder.display())]
    Write { folder: PathBuf, error: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the project, and prints what it has and what to do next.
pub fn run(args: &NewArgs) -> ExitCode {
    match create(&args.folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is closed, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn create(folder: &Path) -> Result<(), Error> {
    let project = files::project()?;
    let others = write::add(folder, &project.files).map_err(|error| Error::Write {
        folder: folder.to_owned(),
        error,
    })?;
    if !others.is_empty() {
        let folder = folder.to_owned();
        return Err(Error::Exists { folder, others });
    }
    let _ = write!(io::stdout(), "{}", summary(folder, project.has_functions));
    Ok(())
}

/// The first names; the list can be long.
fn names(others: &[PathBuf]) -> String {
    let shown: Vec<_> = others
        .iter()
        .take(3)
        .map(|path| path.display().to_string())
        .collect();
    let more = others.len() - shown.len();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more files", shown.join(", ")),
    }
}

fn summary(folder: &Path, has_functions: bool) -> String {
    let name = folder.display();
    let functions = if has_functions {
        "  functions/      the functions for Lambda (arm64)\n"
    } else {
        ""
    };
    let deploy = if has_functions {
        "README.md has the commands that deploy it."
    } else {
        "This cloakroom was built from source code and carries no functions for Lambda: deploy with a released one, or from the\n\
         checkout."
    };
    format!(
        "{name} has
  template.yaml   what is deployed; `cloakroom dev` runs the same
  samconfig.toml  the stages dev, qa and prod
  web/            the page and the browser client
{functions}  README.md       how to run and deploy it

Next:
  cd {name}
  cloakroom dev

{deploy}
"
    )
}
