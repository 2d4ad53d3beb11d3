use indicatif::{ProgressBar, ProgressStyle};

/// Without a terminal, a line is printed each time this many items are read.
const ITEMS_PER_LINE: u64 = 10_000;

/// Shows the progress on stderr: a counter on a terminal, lines otherwise.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} items, {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        Self(bar)
    }

    /// Begins to count the items of a table.
    pub(super) fn start(&self, table: &str) {
        self.0.set_position(0);
        self.0.set_message(table.to_owned());
    }

    /// Counts an item.
    pub(super) fn item(&self) {
        self.0.inc(1);
        let count = self.0.position();
        if self.0.is_hidden() && count.is_multiple_of(ITEMS_PER_LINE) {
            eprintln!("{}: {count} items", self.0.message());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
