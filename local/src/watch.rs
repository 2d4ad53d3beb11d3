//! Watches the template while the system runs. A change needs a restart, which would lose the state of an ephemeral system,
//! so the developer decides when.

use std::{fs, path::PathBuf, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::ui::Ui;

/// How often the file is checked.
const PERIOD: Duration = Duration::from_secs(1);

/// The template as the system has read it.
#[derive(Debug, Clone)]
pub(crate) struct TemplateFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Prints a line for each change of the template, forever.
pub(crate) async fn watch(template: TemplateFile, ui: Ui) {
    let mut watch = Watch::new(template);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(line) = watch.check() {
            ui.warn(&line);
        }
    }
}

/// The last state that was seen.
#[derive(Debug)]
struct Watch {
    running: TemplateFile,
    seen: String,
}

impl Watch {
    fn new(running: TemplateFile) -> Self {
        let seen = running.text.clone();
        Self { running, seen }
    }

    /// Returns a line if the text has changed since the last check. An editor may replace the file by a new one: while there is
    /// none, nothing has changed.
    fn check(&mut self) -> Option<String> {
        // The file is small, and its time does not change with every text: two changes can be within one tick of its clock.
        let text = fs::read_to_string(&self.running.path).ok()?;
        if text == self.seen {
            return None;
        }
        let is_original = text == self.running.text;
        self.seen = text;
        let path = self.running.path.display();
        Some(if is_original {
            format!("{path} is again as this system has read it; no restart is needed")
        } else {
            format!("{path} has changed; restart to apply the change (Ctrl-C stops this system)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        let mut watch = Watch::new(TemplateFile {
            path: path.clone(),
            text: "a".to_owned(),
        });
        let mut after = |text: Option<&str>| {
            match text {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let line = watch.check();
            assert_eq!(watch.check(), None, "the second check finds nothing new");
            line.map(|line| line.replace(&path.display().to_string(), "FILE"))
        };
        let changed = "FILE has changed; restart to apply the change (Ctrl-C stops this system)";
        let restored = "FILE is again as this system has read it; no restart is needed";
        assert_eq!(after(Some("a")), None);
        assert_eq!(after(Some("b")).as_deref(), Some(changed));
        assert_eq!(after(None), None);
        assert_eq!(after(Some("b")), None);
        assert_eq!(after(Some("c")).as_deref(), Some(changed));
        assert_eq!(after(Some("a")).as_deref(), Some(restored));
    }
}
