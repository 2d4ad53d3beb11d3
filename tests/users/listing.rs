use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    cost::put_user,
    support::{SignedIn, TestApp, rounds},
};

/// Gets a page, and returns the user ids and the next cursor.
async fn page(
    reader: &SignedIn<'_>,
    limit: usize,
    cursor: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let cursor = cursor
        .map(|cursor| format!("&cursor={cursor}"))
        .unwrap_or_default();
    let page = reader
        .get(&format!("/users?limit={limit}{cursor}"))
        .await
        .expect(200)
        .json();
    let id = |user: &Value| user["id"].as_str().unwrap().to_owned();
    let ids = page["items"].as_array().unwrap().iter().map(id).collect();
    (ids, page["next"].as_str().map(str::to_owned))
}

/// Gets all pages, and returns the user ids.
async fn all(reader: &SignedIn<'_>, limit: usize) -> Vec<String> {
    let (mut ids, mut next) = page(reader, limit, None).await;
    while let Some(cursor) = next {
        let (more, after) = page(reader, limit, Some(&cursor)).await;
        assert!(!more.is_empty() && more.len() <= limit);
        ids.extend(more);
        next = after;
    }
    ids
}

#[tokio::test]
async fn the_user_listing_shows_all_users_but_the_caller_newest_first() {
    let app = TestApp::start();
    let reader = app.new_user("reader@example.com").await;
    let mut ids = Vec::new();
    for i in 0..7 {
        ids.insert(0, app.new_user(&format!("{i}@example.com")).await.id);
    }
    for limit in 1..=9 {
        assert_eq!(all(&reader, limit).await, ids, "limit {limit}");
    }
    assert_eq!(page(&reader, 7, None).await.1, None);
    assert_eq!(page(&reader, 6, None).await.0.len(), 6);
}

#[tokio::test]
async fn paging_during_sign_ups_returns_each_user_once() {
    let app = TestApp::start();
    let reader = app.new_user("reader@example.com").await;
    let sign_up = async |range: std::ops::Range<u32>| {
        let mut ids = BTreeSet::new();
        for i in range {
            let response = app
                .sign_up(&format!("{i}@example.com"), "analytical engine")
                .await
                .expect(201);
            ids.insert(response.json()["user"]["id"].as_str().unwrap().to_owned());
        }
        ids
    };
    let count: u32 = rounds(100, 1_000);
    let quarter = count / 4;
    let (a, b, c, d) = tokio::join!(
        sign_up(0..quarter),
        sign_up(quarter..2 * quarter),
        sign_up(2 * quarter..3 * quarter),
        sign_up(3 * quarter..count)
    );
    let before: BTreeSet<_> = [a, b, c, d].into_iter().flatten().collect();
    assert_eq!(before.len(), usize::try_from(count).unwrap());

    let (seen, _) = tokio::join!(all(&reader, 37), sign_up(count..count + count / 10));
    let unique: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "a user is listed twice");
    assert!(before.is_subset(&unique), "a user is missing");
    assert!(
        seen.is_sorted_by(|newer, older| newer > older),
        "not newest first"
    );
    assert!(!unique.contains(&reader.id));
}

#[tokio::test]
async fn the_user_listing_refuses_an_invalid_cursor_or_limit() {
    let app = TestApp::start();
    let reader = app.new_user("reader@example.com").await;
    for i in 0..3 {
        app.new_user(&format!("{i}@example.com")).await;
    }
    let cursor = page(&reader, 1, None).await.1.unwrap();
    let flipped = if cursor.starts_with('A') { "B" } else { "A" };
    for broken in [
        "",
        "x",
        "%00",
        &format!("{flipped}{}", &cursor[1..]),
        &cursor[1..],
    ] {
        let response = reader
            .get(&format!("/users?cursor={broken}"))
            .await
            .expect(422);
        assert_eq!(response.problem(), "invalid_cursor", "{broken}");
    }
    for limit in ["0", "101", "-1", "x", "", "1e1", "18446744073709551617"] {
        let response = reader
            .get(&format!("/users?limit={limit}"))
            .await
            .expect(422);
        assert_eq!(response.problem(), "validation_failed", "{limit}");
        assert_eq!(response.json()["errors"][0]["pointer"], "/limit");
    }
}

/// A page may have more users of one shard than the first query reads, or all of them.
#[tokio::test]
async fn a_page_is_complete_however_its_users_are_distributed() {
    let app = TestApp::start();
    let ada = app.new_user("ada@example.com").await;
    let mut ids = Vec::new();
    for number in 0..60 {
        // 30 users of one shard, then 15 of two, then 15 of all.
        let shard = match number {
            0..30 => 1,
            30..45 => 2 + number % 2,
            _ => number % 4,
        };
        ids.push(put_user(&app, number, shard).await);
    }
    ids.reverse();
    for limit in [1, 2, 7, 20, 59, 60, 100] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let (users, next) = page(&ada, limit, cursor.as_deref()).await;
            assert!(users.len() == limit || next.is_none(), "{limit}");
            found.extend(users);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(found, ids, "{limit}");
    }
}
