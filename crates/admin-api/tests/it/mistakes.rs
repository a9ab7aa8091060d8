//! Every kind of mistake is answered with a problem document that says what to do.

use admin_api::auth::Role;
use anyhow::Context as _;
use reqwest::Method;

use crate::fixture::{Scene, refusal};

#[tokio::test]
async fn a_wrong_document_is_answered_with_every_place_that_is_wrong() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let post = |body: String| api.request(Method::POST, "/v1/pipelines", operator).body(body);
    let document = scene.document("Sales", "workers: 0\nsql: SELECT 1\n");
    // SQL is not for operators, whatever else is wrong.
    let (status, problem) = refusal(post(document.clone())).await?;
    assert_eq!(status, 403, "{problem}");
    assert!(problem["detail"].to_string().contains("needs the role admin"), "{problem}");
    let admin = scene.token(Role::Admin);
    let by_admin = |body: String| api.request(Method::POST, "/v1/pipelines", admin).body(body);
    let (status, problem) = refusal(by_admin(document)).await?;
    assert_eq!(status, 422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    assert_eq!(pointers, ["/name", "/sql", "/workers", "/sql"]);
    assert_eq!(refusal(post(String::new())).await?.0, 400);
    for odd in ["{", "- a", "name: [", "\u{0}", "name: a\nname: a\n", "123"] {
        assert_eq!(refusal(post(odd.to_owned())).await?.0, 422, "{odd:?}");
    }

    // What only the servers know.
    let unknown = scene.document("sales", "").replace(&scene.topic, "no-such-topic");
    let (status, problem) = refusal(post(unknown)).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/source/topics/0".into()));
    scene.register().await?;
    let target = format!("{{database: {}, table: rows", scene.database);
    let key = scene.document("sales", "").replace(&target, &format!("{target}, order_by: [idd]"));
    let (status, problem) = refusal(post(key)).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/target/order_by/0".into()));
    let message = problem["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("there is id"), "{message}");
    for hidden in ["tuple(*)", "id IN (SELECT 1)", "hostName()", "id AS other", "(id, at) AS a"] {
        let with_key = format!("{target}, order_by: [\"{hidden}\"]");
        let key = scene.document("sales", "").replace(&target, &with_key);
        let (status, problem) = refusal(post(key)).await?;
        let pointer = &problem["errors"][0]["pointer"];
        assert_eq!((status, pointer), (422, &"/target/order_by/0".into()), "{hidden}: {problem}");
    }
    let no_table =
        scene.document("sales", "").replace(&target, &format!("{target}, create: false"));
    let (status, problem) = refusal(post(no_table)).await?;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &"/target/create".into()));
    assert_eq!(api.get("/v1/pipelines", operator).await?["total"], 0);
    api.stop().await
}

#[tokio::test]
async fn sql_is_for_admins_and_checked_though_sinks_cannot_run_it_yet() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let document = |sql: &str| scene.document("sales", &format!("sql: {sql}\n"));
    let ask = |method: Method, path: &str, role: Role, sql: &str| {
        api.request(method, path, scene.token(role)).body(document(sql))
    };
    for (method, path) in [
        (Method::POST, "/v1/pipelines"),
        (Method::POST, "/v1/pipelines?dry_run=true"),
        (Method::POST, "/v1/pipelines?force=true"),
        (Method::PUT, "/v1/pipelines/sales"),
        (Method::PUT, "/v1/pipelines/another"),
    ] {
        let request = ask(method, path, Role::Operator, "SELECT * FROM input");
        assert_eq!(refusal(request).await?.0, 403, "{path}");
    }
    let messages = async |sql: &str| -> anyhow::Result<Vec<String>> {
        let request = ask(Method::POST, "/v1/pipelines?force=true", Role::Admin, sql);
        let (status, problem) = refusal(request).await?;
        assert_eq!(status, 422, "{problem}");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        assert!(errors.iter().all(|error| error["pointer"] == "/sql"), "{problem}");
        Ok(errors.iter().map(|error| error["message"].to_string()).collect())
    };
    let sound = messages("SELECT * FROM input").await?;
    assert!(matches!(sound.as_slice(), [only] if only.contains("cannot run it yet")), "{sound:?}");
    for odd in ["SELECT * FROM system.users", "SELECT * FROM url('http://h/')", "DROP TABLE t"] {
        assert_eq!(messages(odd).await?.len(), 2, "{odd}");
    }
    let plan = ask(Method::POST, "/v1/pipelines?dry_run=true", Role::Admin, "SELECT 1 FROM other");
    let plan: serde_json::Value = plan.send().await?.json().await?;
    assert_eq!(plan["findings"].as_array().map(Vec::len), Some(2), "{plan}");
    assert_eq!(api.get("/v1/pipelines", scene.token(Role::Viewer)).await?["total"], 0);
    api.stop().await
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let request = |method: Method, path: &str| api.request(method, path, operator);
    let expect = async |request, wanted: u16| -> anyhow::Result<()> {
        let (status, problem) = refusal(request).await?;
        assert_eq!(status, wanted, "{problem}");
        Ok(())
    };
    expect(request(Method::GET, "/nothing"), 404).await?;
    expect(request(Method::GET, "/v1/pipelines/none"), 404).await?;
    expect(request(Method::POST, "/v1/pipelines/none/pause"), 404).await?;
    expect(request(Method::PATCH, "/v1/pipelines"), 405).await?;
    expect(request(Method::GET, "/v1/pipelines?limit=x"), 400).await?;
    expect(request(Method::GET, "/v1/pipelines?limit=0"), 400).await?;
    expect(request(Method::GET, "/v1/topics?limit=101"), 400).await?;
    expect(request(Method::GET, "/v1/pipelines?no_such=1"), 400).await?;
    expect(request(Method::GET, "/v1/pipelines?selector=a%3D%3D%3D"), 400).await?;
    expect(request(Method::GET, "/v1/pipelines/%FF"), 400).await?;
    let text = request(Method::POST, "/v1/pipelines").header("content-type", "text/html");
    expect(text.body("a"), 415).await?;
    expect(request(Method::POST, "/v1/pipelines").body(vec![0xff]), 400).await?;
    let long = "a".repeat(2 << 20);
    expect(request(Method::POST, "/v1/pipelines").body(long), 413).await?;
    let long = format!("# {}\n", "a".repeat(300 << 10));
    expect(request(Method::POST, "/v1/pipelines").body(long), 422).await?;
    let allow = request(Method::PATCH, "/v1/pipelines").send().await?;
    assert!(allow.headers().contains_key("allow"), "{:?}", allow.headers());
    api.stop().await
}

#[tokio::test]
async fn a_limit_is_what_the_document_says_or_refused() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let document = api.get("/openapi.json", operator).await?;
    let mut limited = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let parameters = item["get"]["parameters"].as_array().into_iter().flatten();
        for limit in parameters.filter(|one| one["name"] == "limit") {
            let max = &limit["schema"]["maximum"];
            limited.push((path.as_str(), max.as_u64().context("no maximum")?));
        }
    }
    assert!(limited.len() >= 6, "{limited:?}");
    for (path, max) in limited {
        // What a request says is looked at before what it is about.
        let path = path.replace(['{', '}'], "");
        for odd in [0, max + 1] {
            let asked = api.request(Method::GET, &format!("{path}?limit={odd}"), operator);
            let (status, problem) = refusal(asked).await?;
            let detail = problem["detail"].as_str().unwrap_or_default();
            let told = detail.contains(&format!("must be 1 to {max}, not {odd}"));
            assert!(status == 400 && told, "{path} {odd}: {problem}");
        }
        let asked = api.request(Method::GET, &format!("{path}?limit={max}"), operator);
        assert_ne!(asked.send().await?.status(), 400, "{path} {max}");
    }
    api.stop().await
}
