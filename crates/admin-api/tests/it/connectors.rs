//! Kafka Connect is steered by those who may, with classes that are allowed, and keeps its secrets.

use std::{collections::BTreeMap, sync::Arc};

use admin_api::auth::Role;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, put},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::fixture::{Api, Scene, parts, refusal};

type All = State<Arc<Mutex<BTreeMap<String, Value>>>>;

/// A server with the paths of Kafka Connect that are used, and what was created there.
async fn connect() -> anyhow::Result<(String, Arc<Mutex<BTreeMap<String, Value>>>)> {
    let all = Arc::new(Mutex::new(BTreeMap::new()));
    let status = || {
        let task = json!({"id": 0, "state": "FAILED", "trace": "cannot connect\n  at x.Y"});
        json!({"type": "source", "connector": {"state": "RUNNING"}, "tasks": [task]})
    };
    let list = async move |State(all): All| {
        let all = all.lock().await;
        let one = |(name, config): (&String, &Value)| {
            (name.clone(), json!({"info": {"config": config}, "status": status()}))
        };
        Json(all.iter().map(one).collect::<Value>())
    };
    let create = async |State(all): All, Json(new): Json<Value>| {
        let name = new["name"].as_str().unwrap_or_default().to_owned();
        all.lock().await.insert(name, new["config"].clone());
        (StatusCode::CREATED, Json(new))
    };
    let info = async |State(all): All, Path(name): Path<String>| {
        let all = all.lock().await;
        let config = all.get(&name).ok_or(StatusCode::NOT_FOUND)?;
        Ok::<_, StatusCode>(Json(json!({"config": config})))
    };
    let delete = async |State(all): All, Path(name): Path<String>| {
        all.lock().await.remove(&name);
        StatusCode::NO_CONTENT
    };
    let router = Router::new()
        .route("/connectors", get(list).post(create))
        .route("/connectors/{name}", get(info).delete(delete))
        .route("/connectors/{name}/status", get(async move || Json(status())))
        .route("/connectors/{name}/pause", put(async || StatusCode::ACCEPTED))
        .with_state(all.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, all))
}

#[tokio::test]
async fn connectors_are_created_by_admins_of_allowed_classes_only() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (url, there) = connect().await?;
    let mut config = scene.config()?;
    config.connect_url = url;
    config.connect_classes = vec!["io.example.Allowed".to_owned()];
    let api = Api::start(config).await?;
    let (viewer, operator, admin) =
        (scene.token(Role::Viewer), scene.token(Role::Operator), scene.token(Role::Admin));
    let create = |token, class: &str| {
        let config = json!({
            "connector.class": class, "database.password": "hunter2",
            "other.password": "${file:/etc/db.properties:password}",
        });
        api.request(Method::POST, "/v1/connectors", token)
            .json(&json!({"name": "my/db", "config": config}))
    };
    assert_eq!(refusal(create(operator, "io.example.Allowed")).await?.0, 403);
    let (status, problem) = refusal(create(admin, "io.example.Other")).await?;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (422, &"/config/connector.class".into())
    );
    assert!(there.lock().await.is_empty());
    let (status, created) = parts(create(admin, "io.example.Allowed").send().await?).await?;
    assert_eq!(status, 201, "{created}");
    assert_eq!(there.lock().await["my/db"]["database.password"], "hunter2", "Connect needs it");

    let list = api.get("/v1/connectors", viewer).await?;
    let config = &list["items"][0]["config"];
    assert_eq!(
        (&config["database.password"], &list["items"][0]["state"]),
        (&"****".into(), &"RUNNING".into())
    );
    assert_eq!(config["other.password"], "${file:/etc/db.properties:password}");
    assert_eq!(list["items"][0]["tasks"][0]["error"], "cannot connect");
    let pause = api.request(Method::POST, "/v1/connectors/my%2Fdb/pause", operator);
    assert_eq!(pause.send().await?.status(), 200);
    let delete = |token| api.request(Method::DELETE, "/v1/connectors/my%2Fdb", token);
    assert_eq!(refusal(delete(operator)).await?.0, 403);
    assert_eq!(delete(admin).send().await?.status(), 204);
    assert_eq!(refusal(delete(admin)).await?.0, 404);
    let audit = api.get("/v1/audit", admin).await?.to_string();
    assert!(audit.contains("connector.create") && audit.contains("connector.delete"), "{audit}");
    assert!(!audit.contains("hunter2"), "{audit}");
    api.stop().await?;

    let without = scene.api().await?;
    assert_eq!(refusal(without.request(Method::GET, "/v1/connectors", viewer)).await?.0, 404);
    without.stop().await
}
