use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Faults that tests ask for, at `PUT /stand-in/hooks`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Hooks {
    /// So many next calls fail with 500 and change nothing.
    pub fail_calls: u32,
    /// So many next calls take effect, but their connections end before the response.
    pub lose_replies: u32,
    /// How long each call waits before its response, in milliseconds.
    pub delay_milliseconds: u64,
    /// How often each webhook is sent besides the first time, at the same time.
    pub repeat_webhooks: u32,
    /// Webhooks wait until this is false.
    pub hold_webhooks: bool,
}

impl Hooks {
    pub fn take_failure(&mut self) -> bool {
        take(&mut self.fail_calls)
    }

    pub fn take_lost_reply(&mut self) -> bool {
        take(&mut self.lose_replies)
    }

    pub fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_milliseconds)
    }
}

fn take(left: &mut u32) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}
