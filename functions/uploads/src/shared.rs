//! The uploads that other users share with the caller.

use std::collections::{HashMap, HashSet};

use auth::Caller;
use domain::{
    ReceivedId, UserId,
    upload::{Grantee, Reader},
};
use http_api::{Cursor, List, Page, Problem, Timestamp};
use store::{ReaderGrant, ReceivedGrant, reader_of};

use crate::{
    App,
    list::view,
    view::{ListedUpload, Sharer},
};

/// Lists a page of the uploads that are shared with the caller, newest grant first.
pub async fn list_shared(
    app: &App,
    caller: &Caller,
    page: Page,
) -> Result<List<ListedUpload>, Problem> {
    let address = app.verified_address(caller).await?;
    let address = address.map(|email| reader_of(&Grantee::Email(email)));
    let before = page.cursor.map(|Cursor(id)| ReceivedId::from_bytes(id));
    let user = Reader::User(caller.user_id);
    let received = app
        .read_grants
        .received(user, address, before, page.limit + 1);
    let mut grants = received.await?;
    let next = next_page(&mut grants, page.limit);
    let grants = of_others(grants, caller.user_id);
    let keys = grants.iter().map(|it| (it.grant.owner, it.upload));
    let owners = grants.iter().map(|it| it.grant.owner);
    let (uploads, names) = tokio::try_join!(
        app.reconciler.uploads.find_all(keys),
        app.users.names(owners)
    )?;
    let uploads: HashMap<_, _> = uploads.into_iter().map(|it| (it.id, it)).collect();
    let mut items = Vec::new();
    for received in &grants {
        // An upload that was deleted since, or is not stored, is left out.
        let ReaderGrant { owner, deletions } = received.grant;
        let upload = uploads.get(&received.upload);
        if let Some(upload) = upload.filter(|it| it.is_readable_with(deletions)) {
            let sharer = Sharer::new(owner, names.get(&owner));
            let shared_at = Timestamp(received.granted_at);
            items.push(view(app, upload).await?.shared_by(sharer, shared_at));
        }
    }
    Ok(List { items, next })
}

/// Cuts the grants to the page, and returns the cursor of the next one if there are more.
fn next_page(grants: &mut Vec<ReceivedGrant>, limit: usize) -> Option<String> {
    let has_more = grants.len() > limit;
    grants.truncate(limit);
    let last = grants.last().filter(|_| has_more)?;
    Some(Cursor(*last.id.as_bytes()).encode())
}

/// Leaves out grants of the caller to themselves, and all but the newest grant for an upload.
fn of_others(mut grants: Vec<ReceivedGrant>, caller: UserId) -> Vec<ReceivedGrant> {
    let mut seen = HashSet::new();
    grants.retain(|it| it.grant.owner != caller && seen.insert(it.upload));
    grants
}

#[cfg(test)]
mod tests {
    use domain::UploadId;
    use time::{Duration, OffsetDateTime, macros::datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn grant(owner: UserId, upload: UploadId, age: i64) -> ReceivedGrant {
        let granted_at = NOW - Duration::seconds(age);
        ReceivedGrant {
            id: ReceivedId::of_grant(granted_at, upload),
            upload,
            grant: ReaderGrant {
                owner,
                deletions: 0,
            },
            granted_at,
        }
    }

    #[test]
    fn an_upload_is_once_on_a_page_and_own_uploads_are_not() {
        let (caller, owner) = (UserId::new(NOW), UserId::new(NOW));
        let [twice, once, own] = [(); 3].map(|()| UploadId::new(NOW));
        let newest = grant(owner, twice, 0);
        let other = grant(owner, once, 2);
        let grants = vec![newest, grant(caller, own, 1), other, grant(owner, twice, 3)];
        assert_eq!(of_others(grants, caller), [newest, other]);
    }

    /// The next page begins after the last grant of this one, also if no item shows it.
    #[test]
    fn a_cursor_is_the_last_grant_of_a_page_that_is_not_the_last() {
        let owner = UserId::new(NOW);
        let all: Vec<_> = (0..3)
            .map(|age| grant(owner, UploadId::new(NOW), age))
            .collect();
        let mut page = all.clone();
        let cursor = Cursor(*all[1].id.as_bytes()).encode();
        assert_eq!(next_page(&mut page, 2), Some(cursor));
        assert_eq!(page, all[..2]);
        assert_eq!(next_page(&mut page, 2), None);
        assert_eq!(next_page(&mut Vec::new(), 2), None);
    }
}
