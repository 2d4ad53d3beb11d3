use std::fmt;

/// Why a value was refused: a stable word for programs and a sentence for people.
///
/// Shown to callers as it is, so it never repeats the value it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// A stable `snake_case` word, listed in the API document.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: &'static str,
}

impl Invalid {
    pub(crate) const fn new(code: &'static str, detail: &'static str) -> Self {
        Self { code, detail }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail)
    }
}

impl std::error::Error for Invalid {}
