use std::fmt;

/// Why a value is refused: a stable word for programs and a sentence for people.
///
/// It is part of the response, so it never repeats the refused value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// A stable `snake_case` word, listed in the API document.
    pub code: &'static str,
    /// What is wrong, and what to do.
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
