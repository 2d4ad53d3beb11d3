//! Runs many writes, some of them at the same time.

use std::{io::Write as _, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::Error;

/// Runs all tasks, at most `concurrency` at the same time, and passes their results to `done`, until all have ended, one fails, or
/// Ctrl-C is pressed. Tasks that have started are then awaited. A task is worth `size` steps of the progress bar.
///
/// # Errors
/// The first error of a task, or that the run was interrupted.
pub(super) async fn run<T: Send + 'static, F>(
    tasks: impl IntoIterator<Item = (u64, F)>,
    concurrency: usize,
    bar: &ProgressBar,
    mut done: impl FnMut(T),
) -> Result<(), Error>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let mut queue = tasks.into_iter();
    let mut running = JoinSet::new();
    let mut failed = None;
    loop {
        while failed.is_none() && running.len() < concurrency {
            let Some((size, task)) = queue.next() else {
                break;
            };
            running.spawn(async move { (size, task.await) });
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {
                failed.get_or_insert(Error::Interrupted);
            }
            ended = running.join_next() => match ended {
                None => break,
                Some(Ok((size, Ok(result)))) => {
                    done(result);
                    bar.inc(size);
                }
                Some(Ok((_, Err(error)))) => {
                    failed.get_or_insert(Error::Stopped(Box::new(error)));
                }
                Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            },
        }
    }
    bar.finish_and_clear();
    failed.map_or(Ok(()), Err)
}

/// Creates a progress bar, which is shown only on a terminal. Elsewhere one line says what begins.
pub(super) fn progress_bar(what: &str, count: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
    let template = "{prefix} {wide_bar} {human_pos} of {human_len}, {eta} left";
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    if bar.is_hidden() && count > 0 {
        // If stderr is closed, nothing has to be said.
        let _ = writeln!(std::io::stderr(), "{what}: {count}");
    }
    bar
}
