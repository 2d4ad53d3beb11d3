//! Runs the asynchronous commands of the operator.

use std::{
    fmt::Display,
    future::Future,
    io::{self, Write as _},
    process::ExitCode,
};

/// An error that ends a command.
pub trait CommandError: Display + From<io::Error> {
    /// The error of reading or writing, if it is one.
    fn io(&self) -> Option<&io::Error>;

    /// The exit code of the command.
    fn exit_code(&self) -> u8 {
        1
    }
}

/// Runs a command and prints an error to stderr.
#[must_use]
pub fn run<E: CommandError>(command: impl Future<Output = Result<(), E>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(error.into()),
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // The reader closed the pipe, as in `cloakroom secrets list | head -1`.
    let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.io().is_some_and(is_closed) {
        return ExitCode::SUCCESS;
    }
    // If stderr is closed, the exit code still reports the failure.
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::from(error.exit_code())
}
