use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use migrations::{Event, Tally};

/// Without a terminal, a line is printed each time this many items are read.
const ITEMS_PER_LINE: u64 = 10_000;

/// Shows the progress on stderr: a bar on a terminal, lines otherwise.
pub(super) struct Progress {
    bar: ProgressBar,
    step: Mutex<Tally>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let template = "{wide_bar} {human_pos} of about {human_len} items, {eta} left";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            step: Mutex::default(),
        }
    }

    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Step {
                title,
                direction,
                step,
                items,
                read,
            } => {
                let continued = if *read > 0 {
                    format!(", continued after {read} items")
                } else {
                    String::new()
                };
                let direction = direction.as_str();
                self.print(&format!("{title} {direction}: {step}{continued}"));
                self.bar.set_length((*items).max(*read));
                self.bar.set_position(*read);
                *self.tally() = Tally::default();
            }
            Event::Page(page) => self.page(*page),
            Event::Waiting { table, index } => {
                self.print(&format!("waiting for the index {index} of {table}"));
            }
        }
    }

    fn page(&self, page: Tally) {
        let mut step = self.tally();
        let lines = step.read / ITEMS_PER_LINE;
        *step += page;
        if self.bar.position() + page.read > self.bar.length().unwrap_or_default() {
            self.bar.set_length(self.bar.position() + page.read);
        }
        self.bar.inc(page.read);
        if self.bar.is_hidden() && step.read / ITEMS_PER_LINE > lines {
            eprintln!("{} items read, {} changed", step.read, step.changed);
        }
    }

    fn print(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.step
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
