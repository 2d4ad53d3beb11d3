use axum::extract::FromRequestParts;
use http::request::Parts;
use http_api::{ExportSection, PageQuery, Problem, TextCursor};
use serde::{Deserialize, Serialize};

/// The order of the lists in an export, after the sessions.
const ORDER: [ExportSection; 8] = [
    ExportSection::Usage,
    ExportSection::Uploads,
    ExportSection::SharedWithOthers,
    ExportSection::SharedWithMe,
    ExportSection::Products,
    ExportSection::Orders,
    ExportSection::Sales,
    ExportSection::Library,
];

/// Where a page begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The list; `None` for the sessions, which come first.
    pub section: Option<ExportSection>,
    /// The `next` of the list's previous page.
    pub after: Option<String>,
}

impl Position {
    /// Returns the beginning of the next list; `None` after the last.
    pub fn next_section(section: Option<ExportSection>) -> Option<Self> {
        let index = match section {
            None => 0,
            Some(section) => ORDER.iter().position(|it| *it == section)? + 1,
        };
        let section = Some(*ORDER.get(index)?);
        Some(Self {
            section,
            after: None,
        })
    }

    /// Encodes it as a cursor.
    pub fn encode(&self) -> Result<String, Problem> {
        let text = serde_json::to_string(self).map_err(|error| Problem::internal(&error))?;
        Ok(TextCursor(text).encode())
    }

    fn decode(cursor: &str) -> Option<Self> {
        let TextCursor(text) = TextCursor::decode(cursor)?;
        serde_json::from_str(&text).ok()
    }
}

/// The requested page of the export.
#[derive(Debug, PartialEq, Eq)]
pub struct ExportPage {
    /// The maximum number of items.
    pub limit: usize,
    /// Where it begins.
    pub position: Position,
}

impl ExportPage {
    fn of_query(query: &str) -> Result<Self, Problem> {
        let PageQuery { limit, cursor } = PageQuery::parse(query)?;
        let decode = |text: String| Position::decode(&text).ok_or_else(Problem::invalid_cursor);
        let position = cursor.map(decode).transpose()?.unwrap_or_default();
        Ok(Self { limit, position })
    }
}

impl<S: Sync> FromRequestParts<S> for ExportPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of_query(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use http_api::Cursor;

    use super::*;

    #[test]
    fn each_list_follows_once() {
        let mut found = Vec::new();
        let mut section = None;
        while let Some(next) = Position::next_section(section) {
            assert_eq!(next.after, None);
            section = next.section;
            found.extend(section);
        }
        assert_eq!(found, ORDER);
    }

    #[test]
    fn a_page_begins_where_the_cursor_says() {
        let position = Position {
            section: Some(ExportSection::Sales),
            after: Some(Cursor([7; 16]).encode()),
        };
        let query = format!("limit=3&cursor={}", position.encode().unwrap());
        let page = ExportPage::of_query(&query).unwrap();
        assert_eq!((page.limit, page.position), (3, position));
        assert_eq!(
            ExportPage::of_query("").unwrap().position,
            Position::default()
        );
    }

    #[test]
    fn cursors_of_other_lists_are_refused() {
        let others = ["x".to_owned(), Cursor([7; 16]).encode()];
        let texts = ["ada", r#"{"section":"hashes","after":null}"#];
        let texts = texts.map(|text| TextCursor(text.to_owned()).encode());
        for cursor in others.into_iter().chain(texts) {
            let refused = ExportPage::of_query(&format!("cursor={cursor}"));
            assert_eq!(refused.unwrap_err().code(), "invalid_cursor", "{cursor}");
        }
    }
}
