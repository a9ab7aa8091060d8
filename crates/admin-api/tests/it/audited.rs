//! Every change is told with who, what, before and after; secrets are in no answer.

use admin_api::auth::Role;
use reqwest::Method;
use secrecy::ExposeSecret as _;

use crate::fixture::Scene;

#[tokio::test]
async fn the_audit_says_who_did_what() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let (operator, admin) = (scene.token(Role::Operator), scene.token(Role::Admin));
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let put = api.request(Method::PUT, "/v1/pipelines/sales", admin);
    assert_eq!(put.body(scene.document("sales", "workers: 2\n")).send().await?.status(), 200);

    let audit = api.get("/v1/audit?subject=sales&limit=1", scene.token(Role::Viewer)).await?;
    let update = &audit["items"][0];
    assert_eq!((&update["who"], &update["what"]), (&"an-admin".into(), &"pipeline.update".into()));
    assert_eq!(update["before"]["spec"]["workers"], 1);
    assert_eq!(update["after"]["spec"]["workers"], 2);
    let older = format!("/v1/audit?subject=sales&before={}", audit["next"]);
    let create = &api.get(&older, operator).await?["items"][0];
    assert_eq!(
        (&create["who"], &create["what"]),
        (&"an-operator".into(), &"pipeline.create".into())
    );
    assert!(create["before"].is_null() && create["at_ms"].as_i64().is_some_and(|ms| ms > 0));
    api.stop().await
}

#[tokio::test]
async fn no_answer_holds_a_secret() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let admin = scene.token(Role::Admin);
    let create = api.request(Method::POST, "/v1/pipelines", admin);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let mut secrets: Vec<String> =
        [Role::Viewer, Role::Operator, Role::Admin].map(|role| scene.token(role).to_owned()).into();
    for user in [&scene.servers.reader, &scene.servers.schema] {
        secrets.push(user.password.expose_secret().to_owned());
    }
    let get = |path: &str| api.request(Method::GET, path, admin);
    let dry_run = api
        .request(Method::POST, "/v1/pipelines?dry_run=true", admin)
        .body(scene.document("other", ""));
    let requests = [
        get("/v1/pipelines"),
        get("/v1/pipelines/sales"),
        get("/v1/pipelines/sales/status"),
        get("/v1/audit"),
        get("/openapi.json"),
        get("/nothing"),
        api.request(Method::GET, "/v1/audit", "pst_wrong"),
        dry_run,
    ];
    for request in requests {
        let answer = request.send().await?;
        let text = format!("{:?} {}", answer.headers().clone(), answer.text().await?);
        for secret in secrets.iter().filter(|secret| secret.len() > 3) {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
    api.stop().await
}
