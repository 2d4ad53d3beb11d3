//! Administration.

use serde_json::json;

use super::{
    accounts::put_users,
    meter::{Measured, Meter},
};
use crate::support::PASSWORD;

pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("admin", &[]);
    let admin = meter.admin("ada@example.com").await;
    let grace = meter.new_user("grace@example.com").await;
    let path = |rest: &str| format!("/admin/users/{}{rest}", grace.id);
    admin.get(&path("")).await.expect(200);
    let shown = admin.get(&path("")).await.expect(200);
    meter.request("any", shown).await;
    let disabled = admin.post(&path("/disable"), &json!({})).await.expect(200);
    meter.request("an active account", disabled).await;
    let again = admin.post(&path("/disable"), &json!({})).await.expect(200);
    meter.request("a disabled account", again).await;
    let enabled = admin.post(&path("/enable"), &json!({})).await.expect(200);
    meter.request("a disabled account", enabled).await;
    let roles = json!({"roles": ["admin"]});
    let changed = admin.put(&path("/roles"), &roles).await.expect(200);
    meter.request("another role", changed).await;
    let allowed = admin.delete(&path("/mail-block"), &json!(null)).await;
    meter.request("without a block", allowed.expect(204)).await;
    let deleted = admin.delete(&path(""), &json!(null)).await.expect(204);
    meter.request("any", deleted).await;
    meter
        .sign_in("grace@example.com", PASSWORD)
        .await
        .expect(401);
    put_users(&meter, 100).await;
    for limit in [20, 100] {
        let listed = admin.get(&format!("/admin/users?limit={limit}")).await;
        meter
            .request(&format!("{limit} users"), listed.expect(200))
            .await;
    }
    let by_email = "/admin/users?email=ada@example.com";
    let found = admin.get(by_email).await.expect(200);
    meter.request("by email", found).await;
    for limit in [20, 100] {
        let path = format!("/admin/users?name=xx&limit={limit}");
        let found = admin.get(&path).await.expect(200);
        meter
            .request(&format!("{limit} users by name"), found)
            .await;
    }
    meter.finish()
}
