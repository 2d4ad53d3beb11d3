use std::{cell::RefCell, rc::Rc};

use serde_json::json;

use super::{create_upload, store_file, upload_path};
use crate::support::{SignedIn, TestApp, rounds, run_concurrently};

#[tokio::test]
async fn simultaneous_uploads_stay_within_the_quota() {
    let app = Rc::new(TestApp::start_with(&["UploadQuotaBytes=1000"]));
    let ada = app.new_user("ada@example.com").await;
    store_file(&ada, "first", &[0; 100]).await;
    let responses: Rc<RefCell<Vec<u16>>> = Rc::default();
    let count = rounds(40, 200);
    run_concurrently((0..count).map(|number| {
        let (app, token, responses) = (Rc::clone(&app), ada.token.clone(), Rc::clone(&responses));
        async move {
            let ada = SignedIn::with_token(&app, token);
            let name = number.to_string();
            let body = json!({"filename": name, "contentType": "text/plain", "size": 100});
            let response = ada.post("/uploads", &body).await;
            if response.status == 409 {
                assert_eq!(response.problem(), "quota_exceeded");
            }
            responses.borrow_mut().push(response.status);
        }
    }))
    .await;
    let with = |status| {
        responses
            .borrow()
            .iter()
            .filter(|&&other| other == status)
            .count()
    };
    assert_eq!((with(201), with(409)), (9, count - 9));
}

#[tokio::test]
async fn a_deletion_frees_quota() {
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
    let pending = create_upload(&ada, "a", 4).await;
    let stored = store_file(&ada, "b", b"123456").await;
    assert_eq!(refused(1).await, "quota_exceeded");
    // A second deletion frees nothing more.
    for upload in [&pending, &stored, &pending, &stored] {
        ada.delete(&upload_path(upload, ""), &json!(null))
            .await
            .expect(204);
    }
    create_upload(&ada, "c", 10).await;
    assert_eq!(refused(1).await, "quota_exceeded");
    let bob = app.new_user("bob@example.com").await;
    create_upload(&bob, "d", 10).await;
}
