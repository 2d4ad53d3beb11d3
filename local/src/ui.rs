//! Terminal output: progress, endpoints, one line per request, and the output of the functions.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use clock::Clock;
use console::style;
use http::{Method, StatusCode};
use indicatif::{ProgressBar, ProgressStyle};
use time::macros::format_description;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::metrics::Metrics;

/// The output of the system. Progress and the functions' output go to stderr, the rest to stdout.
#[derive(Debug, Clone)]
pub(crate) enum Ui {
    /// Output on a terminal.
    Terminal {
        /// `None` when stderr is not a terminal; steps are then printed as lines.
        progress: Option<ProgressBar>,
        clock: Clock,
    },
    /// No output, when the system runs inside another program.
    Quiet,
}

/// The log line of a request. It omits the path and the query, which may contain secrets.
#[derive(Debug)]
pub(crate) struct RequestLine<'a> {
    pub(crate) method: &'a Method,
    /// The path of the matched route in the template, or `$default`.
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
    pub(crate) function: Option<&'a str>,
    pub(crate) cold_start: bool,
}

impl Ui {
    pub(crate) fn terminal(clock: Clock) -> Self {
        let progress = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(80));
            bar
        });
        Self::Terminal { progress, clock }
    }

    pub(crate) fn quiet() -> Self {
        Self::Quiet
    }

    /// Shows a step of the start.
    pub(crate) fn step(&self, what: &'static str) {
        match self {
            Self::Terminal {
                progress: Some(progress),
                ..
            } => progress.set_message(what),
            Self::Terminal { progress: None, .. } => {
                write_line(io::stderr(), format_args!("{what}"));
            }
            Self::Quiet => {}
        }
    }

    /// Shows a line beside the progress of the start.
    pub(crate) fn note(&self, line: &str) {
        match self {
            Self::Terminal {
                progress: Some(progress),
                ..
            } => progress.println(line),
            Self::Terminal { progress: None, .. } => {
                write_line(io::stderr(), format_args!("{line}"));
            }
            Self::Quiet => {}
        }
    }

    /// Shows a warning.
    pub(crate) fn warn(&self, what: &str) {
        let label = style("warning:").for_stderr().yellow();
        self.note(&format!("{label} {what}"));
    }

    /// Removes the progress display.
    pub(crate) fn started(&self) {
        if let Self::Terminal {
            progress: Some(progress),
            ..
        } = self
        {
            progress.finish_and_clear();
        }
    }

    /// Logs one request.
    pub(crate) fn request(&self, line: &RequestLine) {
        if let Self::Terminal { clock, .. } = self {
            let format = format_description!("[hour]:[minute]:[second]");
            let time = clock.now().format(format).unwrap_or_default();
            write_line(io::stdout(), format_args!("{} {line}", style(time).dim()));
        }
    }
}

/// Prints to stdout.
pub(crate) fn print(text: &str) {
    write_line(io::stdout(), format_args!("{text}"));
}

/// Prints a line about a function.
pub(crate) fn function(name: &str, text: &str) {
    let name = style(format!("{name:>8} |")).for_stderr().dim();
    write_line(io::stderr(), format_args!("{name} {text}"));
}

/// Prints the lines that a function's process writes, and reads metrics from those on standard output.
pub(crate) fn follow(
    name: &str,
    metrics: &Metrics,
    stdout: Option<impl AsyncRead + Send + Unpin + 'static>,
    stderr: Option<impl AsyncRead + Send + Unpin + 'static>,
) {
    if let Some(stdout) = stdout {
        let (reader, metrics) = (name.to_owned(), metrics.clone());
        // A terminal shows the gateway's line of the request in place of a line with metrics.
        let is_hidden = move |line: &str| metrics.read(&reader, line) && io::stderr().is_terminal();
        tokio::spawn(print_lines(name.to_owned(), stdout, is_hidden));
    }
    if let Some(stderr) = stderr {
        tokio::spawn(print_lines(name.to_owned(), stderr, |_| false));
    }
}

/// Reads what a function's process writes and drops it: a full pipe would stop the process.
pub(crate) fn discard(
    stdout: Option<impl AsyncRead + Send + Unpin + 'static>,
    stderr: Option<impl AsyncRead + Send + Unpin + 'static>,
) {
    if let Some(mut stdout) = stdout {
        tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
    }
    if let Some(mut stderr) = stderr {
        tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
    }
}

impl std::fmt::Display for RequestLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, route, .. } = self;
        let ms = self.took.as_secs_f64() * 1000.0;
        let status = style(self.status.as_u16());
        let status = match self.status.as_u16() {
            ..400 => status.green(),
            400..500 => status.yellow(),
            _ => status.red(),
        };
        write!(
            f,
            "{status} {method:<6} {route}  {ms:.1} ms",
            method = method.as_str()
        )?;
        if let Some(function) = self.function {
            write!(f, "  {function}")?;
        }
        if self.cold_start {
            write!(f, "  {}", style("cold start").cyan())?;
        }
        Ok(())
    }
}

async fn print_lines(
    name: String,
    output: impl AsyncRead + Unpin,
    is_hidden: impl Fn(&str) -> bool,
) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    // The stream ends with the process.
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line);
        if !is_hidden(text.trim_end()) {
            function(&name, text.trim_end());
        }
        line.clear();
    }
}

/// Writes a line at once: stderr has no buffer, and may be the same file as stdout, so parts of a line could have another line
/// between them. Errors are ignored: the output may be closed.
fn write_line(mut output: impl Write, line: std::fmt::Arguments) {
    let _ = output.write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_at_once() {
        /// Keeps what each call writes.
        struct Writes(Vec<Vec<u8>>);

        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_owned());
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let mut writes = Writes(Vec::new());
        write_line(&mut writes, format_args!("{} | {}", "signin", "text"));
        assert_eq!(writes.0, [b"signin | text\n"]);
    }

    #[test]
    fn a_request_is_one_line() {
        let line = RequestLine {
            method: &Method::POST,
            route: "/users/{id}",
            status: StatusCode::OK,
            took: Duration::from_micros(12_340),
            function: Some("users"),
            cold_start: true,
        };
        let line = line.to_string();
        let line = console::strip_ansi_codes(&line);
        assert_eq!(line, "200 POST   /users/{id}  12.3 ms  users  cold start");
    }
}
