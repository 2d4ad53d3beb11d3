//! What uploads keeps about a user.

use domain::{ReceivedId, Upload, UploadId, UserId, upload::Reader};
use http_api::{
    Cursor, ExportSection, ExportUserRequest, ExportedUpload, List, Page, ReadGrantView,
    ReceivedUpload, SharedUpload, TextCursor, UsageView,
};
use lambda_http::Error;
use serde_json::Value;
use store::{ReceivedGrant, StoreError, reader_of};

use crate::App;

/// Answers which uploads, grants and bytes of a user are kept.
pub async fn answer(app: &App, question: &ExportUserRequest) -> Result<Value, Error> {
    let owner = question.user_id;
    if question.section == ExportSection::SharedWithOthers {
        let Ok(after) = Position::of(question) else {
            return Ok(Value::Null);
        };
        let grants = list_given(app, owner, after, question.limit).await?;
        return Ok(serde_json::to_value(grants)?);
    }
    let Some(page) = question.page() else {
        return Ok(Value::Null);
    };
    let answer = match question.section {
        ExportSection::Usage => serde_json::to_value(usage(app, owner).await?),
        ExportSection::Uploads => serde_json::to_value(list_uploads(app, owner, page).await?),
        ExportSection::SharedWithMe => {
            serde_json::to_value(list_received(app, question, page).await?)
        }
        other => return Err(format!("uploads have no {other:?}").into()),
    };
    Ok(answer?)
}

async fn usage(app: &App, owner: UserId) -> Result<List<UsageView>, StoreError> {
    let usage = app.quotas.usage(owner).await?;
    Ok(List {
        items: vec![UsageView::from(&usage)],
        next: None,
    })
}

async fn list_uploads(
    app: &App,
    owner: UserId,
    page: Page,
) -> Result<List<ExportedUpload>, StoreError> {
    let after = page.cursor.map(|Cursor(id)| UploadId::from_bytes(id));
    let found = app.uploads.not_erased_of(owner, after, Some(page.limit));
    let (uploads, last) = found.await?;
    Ok(List {
        items: uploads.iter().map(ExportedUpload::from).collect(),
        next: last.map(|id| Cursor(*id.as_bytes()).encode()),
    })
}

async fn list_received(
    app: &App,
    question: &ExportUserRequest,
    page: Page,
) -> Result<List<ReceivedUpload>, StoreError> {
    let user = Reader::User(question.user_id);
    let address = question.address_id.map(Reader::Address);
    let before = page.cursor.map(|Cursor(id)| ReceivedId::from_bytes(id));
    let received = app
        .read_grants
        .received(user, address, before, page.limit + 1);
    let cursor = |last: &ReceivedGrant| Cursor(*last.id.as_bytes());
    Ok(List::of(received.await?, page, cursor, |it| {
        ReceivedUpload::from(it)
    }))
}

/// The last grant of a page: that of this reader to this upload.
struct Position(UploadId, Reader);

impl Position {
    /// Parses the cursor of a question.
    fn of(question: &ExportUserRequest) -> Result<Option<Self>, ()> {
        let Some(text) = &question.cursor else {
            return Ok(None);
        };
        let TextCursor(text) = TextCursor::decode(text).ok_or(())?;
        let (upload, reader) = text.split_once(' ').ok_or(())?;
        let upload = UploadId::parse(upload).map_err(|_| ())?;
        let reader = Reader::parse(reader).map_err(|_| ())?;
        Ok(Some(Self(upload, reader)))
    }

    /// The end of an upload's grants: that to all users sorts last.
    const fn end_of(upload: UploadId) -> Self {
        Self(upload, Reader::Everyone)
    }

    fn encode(&self) -> String {
        let Self(upload, reader) = self;
        TextCursor(format!("{upload} {reader}")).encode()
    }
}

/// Lists the grants to read the uploads of an owner, by upload. A page reads the grants of at most `limit` uploads, so it may have
/// fewer items than that, also none, although there is a next page.
async fn list_given(
    app: &App,
    owner: UserId,
    after: Option<Position>,
    limit: usize,
) -> Result<List<SharedUpload>, StoreError> {
    let begun = match &after {
        Some(Position(id, _)) => app.uploads.find(owner, *id).await?,
        None => None,
    };
    let (id, reader) = after.map(|Position(id, reader)| (id, reader)).unzip();
    let (uploads, last) = app.uploads.not_erased_of(owner, id, Some(limit)).await?;
    let begun = begun.map(|upload| (upload, reader));
    let uploads = begun
        .into_iter()
        .chain(uploads.into_iter().map(|upload| (upload, None)));
    let mut items = Vec::new();
    for (upload, after) in uploads.filter(|(upload, _)| Upload::accepts_read_grants(upload)) {
        let grants = app.read_grants.list(&upload, after, limit - items.len());
        let grants = grants.await?;
        items.extend(grants.iter().map(|grant| SharedUpload {
            upload_id: upload.id.to_string(),
            grant: ReadGrantView::from(grant),
        }));
        if let Some(last) = grants.last().filter(|_| items.len() == limit) {
            let next = Position(upload.id, reader_of(&last.grantee));
            return Ok(List {
                items,
                next: Some(next.encode()),
            });
        }
    }
    Ok(List {
        items,
        next: last.map(|id| Position::end_of(id).encode()),
    })
}
