use std::{cell::RefCell, rc::Rc};

use serde_json::json;

use super::{announce, path, store};
use crate::support::{SignedIn, TestApp, run_concurrently};

#[tokio::test]
async fn two_hundred_at_once_get_what_there_is_room_for() {
    let app = Rc::new(TestApp::start_with(&["UploadQuotaBytes=1000"]));
    let ada = app.new_user("ada@example.com").await;
    store(&ada, "first", &[0; 100]).await;
    let answers: Rc<RefCell<Vec<u16>>> = Rc::default();
    run_concurrently((0..200).map(|number| {
        let (app, token, answers) = (Rc::clone(&app), ada.token.clone(), Rc::clone(&answers));
        async move {
            let ada = SignedIn::with_token(&app, token);
            let name = number.to_string();
            let body = json!({"filename": name, "contentType": "text/plain", "size": 100});
            let answer = ada.post("/uploads", &body).await;
            if answer.status == 409 {
                assert_eq!(answer.problem(), "quota_exceeded");
            }
            answers.borrow_mut().push(answer.status);
        }
    }))
    .await;
    let count = |status| {
        answers
            .borrow()
            .iter()
            .filter(|&&other| other == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (9, 191));
}

#[tokio::test]
async fn what_is_deleted_makes_room() {
    let app = TestApp::start_with(&["UploadQuotaBytes=10"]);
    let ada = app.new_user("ada@example.com").await;
    let body = |size: u64| json!({"filename": "a", "contentType": "text/plain", "size": size});
    let refused = async |size| {
        ada.post("/uploads", &body(size))
            .await
            .expect(409)
            .problem()
    };
    assert_eq!(refused(11).await, "quota_exceeded");
    let pending = announce(&ada, "a", 4).await;
    let stored = store(&ada, "b", b"123456").await;
    assert_eq!(refused(1).await, "quota_exceeded");
    // Twice gives back once.
    for upload in [&pending, &stored, &pending, &stored] {
        ada.delete(&path(upload, ""), &json!(null))
            .await
            .expect(204);
    }
    announce(&ada, "c", 10).await;
    assert_eq!(refused(1).await, "quota_exceeded");
    let bob = app.new_user("bob@example.com").await;
    announce(&bob, "d", 10).await;
}
