use auth::keys::Algorithm;

use super::{
    super::keys::{new_key, published},
    KeySets, succeeded,
};
use crate::{
    support::{SignedIn, TestApp, eventually, parts},
    tokens::now,
};

#[tokio::test]
async fn a_retired_key_is_refused_and_its_private_parameter_is_deleted_first() {
    let app = TestApp::start_with(&["ParameterCacheSeconds=1"]);
    let ada = app.new_user("ada@example.com").await;
    let (_, claims, _) = parts(&ada.token);
    let current = KeySets::of(&app).await.kids().remove(0);

    // One key ended long ago; tokens of the other one may still be valid.
    let ended = new_key(Algorithm::ES256, -9000);
    ended.publish(&app, Some(now() - 600)).await;
    let private = format!("keys/private/{}", ended.kid);
    let recent = new_key(Algorithm::ES256, -7200);
    recent.publish(&app, None).await;
    app.put_parameter(&format!("keys/private/{}", recent.kid), &recent.private)
        .await;
    app.put_parameter(&private, &ended.private).await;

    let present = async |token: String| {
        let user = SignedIn::with_token(&app, token);
        user.get("/users/me").await.status
    };
    let token_by = |pair: &super::super::keys::Pair| {
        let signer = pair.signer();
        signer.token(&signer.header(), &claims)
    };
    eventually(async || present(token_by(&recent)).await == 200).await;
    assert_eq!(present(token_by(&ended)).await, 401);

    // The system's own key signs only since a moment ago, so its predecessor is kept.
    succeeded(&app.run_secrets(&["retire-keys"]));
    let names = app.parameters().await;
    assert!(
        !names.contains_key(&private),
        "a newer key has signed for long enough"
    );
    assert!(names.contains_key(&format!("keys/public/{}", ended.kid)));
    assert!(names.contains_key(&format!("keys/private/{}", recent.kid)));
    let keys = KeySets::of(&app).await;
    let until = keys.verifying.get(&recent.kid).unwrap().until().unwrap();
    let successor = keys.signing.iter().last().unwrap();
    assert_eq!(successor.kid(), current);
    assert_eq!(
        until,
        successor.signs_from() + time::Duration::seconds(3960)
    );

    succeeded(&app.run_secrets(&["retire-keys"]));
    let names = app.parameters().await;
    assert!(!names.contains_key(&format!("keys/public/{}", ended.kid)));
    assert_eq!(names.len(), 4);
    let output = succeeded(&app.run_secrets(&["retire-keys"]));
    assert!(output.starts_with("no keys to delete"), "{output}");

    eventually(async || published(&app).await.len() == 2).await;
    assert_eq!(present(token_by(&ended)).await, 401);
    assert_eq!(present(token_by(&recent)).await, 200);
    assert_eq!(present(ada.token.clone()).await, 200);
}
