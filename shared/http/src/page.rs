use axum::extract::FromRequestParts;
use domain::Invalid;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Cursor, FieldError, Problem};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

const INVALID_LIMIT: Invalid = Invalid {
    code: "invalid_limit",
    detail: "An integer from 1 to 100 is required.",
};

/// The requested page of a list: `?limit=20&cursor=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// The maximum number of items in the page.
    #[param(required = false, default = 20, minimum = 1, maximum = 100)]
    pub limit: usize,
    /// The `next` of the previous page. Absent: the first page.
    #[param(value_type = Option<String>)]
    pub cursor: Option<Cursor>,
}

/// The parameters of a page, before the cursor is decoded: for lists with cursors of another kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// The maximum number of items in the page.
    pub limit: usize,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Parses the parameters `limit` and `cursor` of a query.
    ///
    /// # Errors
    /// 422 when the limit is not valid.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self {
            limit: DEFAULT_LIMIT,
            cursor: None,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "limit" => page.limit = limit(&value)?,
                "cursor" => page.cursor = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The items of the page.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last page.
    pub next: Option<String>,
}

impl<T> List<T> {
    /// Creates the page of `rows`. More rows than `limit` mean that there is a next page, so query one row more than the
    /// page shows. `cursor` returns the cursor after a row.
    pub fn of<R>(
        mut rows: Vec<R>,
        page: Page,
        cursor: impl FnOnce(&R) -> Cursor,
        view: impl FnMut(&R) -> T,
    ) -> Self {
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        let last = rows.last().filter(|_| more);
        Self {
            next: last.map(|last| cursor(last).encode()),
            items: rows.iter().map(view).collect(),
        }
    }
}

impl Page {
    /// Returns the number of items before the page, in a list whose items have no id ([`Cursor::of_offset`]).
    ///
    /// # Errors
    /// 422 when the cursor belongs to another list.
    pub fn offset<T: TryFrom<u32>>(&self) -> Result<T, Problem> {
        let offset = self.cursor.map_or(Some(0), Cursor::offset);
        offset
            .and_then(|offset| T::try_from(offset).ok())
            .ok_or_else(Problem::invalid_cursor)
    }

    /// Parses the parameters of a query.
    ///
    /// # Errors
    /// 422 when the limit or the cursor is not valid.
    pub fn of_query(query: &str) -> Result<Self, Problem> {
        let PageQuery { limit, cursor } = PageQuery::parse(query)?;
        let decode = |text: String| Cursor::decode(&text).ok_or_else(Problem::invalid_cursor);
        let cursor = cursor.map(decode).transpose()?;
        Ok(Self { limit, cursor })
    }
}

fn limit(text: &str) -> Result<usize, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = text
        .parse()
        .ok()
        .filter(|limit| digits && (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| Problem::invalid(vec![FieldError::at("/limit", INVALID_LIMIT)]))
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of_query(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_from_1_to_100_items() {
        for (query, limit) in [
            ("", Some(20)),
            ("limit=1", Some(1)),
            ("limit=100", Some(100)),
        ] {
            assert_eq!(
                Page::of_query(query).ok().map(|page| page.limit),
                limit,
                "{query}"
            );
        }
        for bad in [
            "limit=0",
            "limit=101",
            "limit=",
            "limit=-1",
            "limit=1.0",
            "limit=%2B5",
            "limit=1&limit=x",
        ] {
            assert_eq!(
                Page::of_query(bad).unwrap_err().code(),
                "validation_failed",
                "{bad}"
            );
        }
        assert_eq!(
            Page::of_query("cursor=x").unwrap_err().code(),
            "invalid_cursor"
        );
    }
}
