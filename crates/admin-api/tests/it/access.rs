//! Nobody gets in who should not: roles, tokens, hosts, origins, sessions.

use std::time::Instant;

use admin_api::{auth::Role, tokens};
use anyhow::Context as _;
use futures::future::join_all;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use testkit::eventually;

use crate::fixture::{Api, PATIENCE, Scene, refusal};

const ROLES: [Role; 4] = [Role::Public, Role::Viewer, Role::Operator, Role::Admin];

/// Every operation of the `OpenAPI` document with the role it says it needs.
async fn operations(api: &Api) -> anyhow::Result<Vec<(Method, String, Role)>> {
    let answer = api.anonymous(Method::GET, "/openapi.json").send().await?;
    let document: Value = answer.error_for_status()?.json().await?;
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().context("paths")? {
        for (method, operation) in item.as_object().context("operations")? {
            let needs = operation["description"].as_str().context("description")?;
            let role =
                ROLES.into_iter().find(|role| needs.contains(&format!("`{}`", role.as_str())));
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())?;
            found.push((method, path.clone(), role.with_context(|| needs.to_owned())?));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn every_route_lets_in_whom_the_document_says_and_nobody_else() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let operations = operations(&api).await?;
    assert!(operations.len() >= 10, "{operations:?}");
    for (method, path, needed) in operations {
        // Nothing of that name: who is let in gets 404 or 400, and changes nothing.
        let place = path.replace(['{', '}'], "-");
        for role in ROLES {
            let request = match role {
                Role::Public => api.anonymous(method.clone(), &place),
                Role::Viewer | Role::Operator | Role::Admin => {
                    api.request(method.clone(), &place, scene.token(role))
                }
            };
            let status = request.send().await?.status().as_u16();
            let refused = match role {
                Role::Public => 401,
                Role::Viewer | Role::Operator | Role::Admin => 403,
            };
            let case = format!("{method} {path} as {}: {status}", role.as_str());
            if role >= needed {
                assert!(![401, 403].contains(&status), "{case}");
                assert!(status < 500 || status == 502, "{case}");
            } else {
                assert_eq!(status, refused, "{case}");
            }
        }
    }
    api.stop().await
}

#[tokio::test]
async fn only_requests_meant_for_us_are_answered() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let mut config = scene.config()?;
    config.allowed_hosts = vec!["penstock.example.com".to_owned()];
    let api = Api::start(config).await?;
    let admin = scene.token(Role::Admin);
    let get = || api.request(Method::GET, "/v1/pipelines", admin);
    let post = || api.request(Method::POST, "/v1/pipelines/none/pause", admin);
    assert_eq!(refusal(get().header("host", "evil.example.com")).await?.0, 421);
    assert_eq!(refusal(get().header("host", "localhost")).await?.0, 421, "another port");
    assert_eq!(get().header("host", "penstock.example.com").send().await?.status(), 200);
    for origin in ["http://evil.example.com", "null", "http://localhost:1"] {
        assert_eq!(refusal(get().header("origin", origin)).await?.0, 403, "{origin}");
        assert_eq!(refusal(post().header("origin", origin)).await?.0, 403, "{origin}");
    }
    let own = format!("http://{}", api.address);
    assert_eq!(refusal(post().header("origin", own)).await?.0, 404);
    let page = api.anonymous(Method::GET, "/openapi.json").send().await?;
    let policy = page.headers()["content-security-policy"].to_str()?;
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    api.stop().await
}

#[tokio::test]
async fn the_tokens_file_is_read_again_when_it_changes() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let status = async |token: &str| -> u16 {
        let get = api.request(Method::GET, "/v1/pipelines", token).send().await;
        get.map_or(0, |answer| answer.status().as_u16())
    };
    let before = std::fs::read_to_string(scene.tokens_file())?;
    let token = tokens::create(&scene.tokens_file(), "new", Role::Viewer)?;
    eventually("the new token is known", PATIENCE, async || {
        status(token.expose_secret()).await == 200
    })
    .await?;
    // A file of the same name takes its place, as deployments do.
    let other = scene.folder().join("other.toml");
    std::fs::copy(scene.tokens_file(), &other)?;
    std::fs::write(&other, &before)?;
    std::fs::rename(&other, scene.tokens_file())?;
    eventually("the token is revoked", PATIENCE, async || {
        status(token.expose_secret()).await == 401
    })
    .await?;
    assert_eq!(status(scene.token(Role::Viewer)).await, 200);
    api.stop().await
}

#[tokio::test]
async fn wrong_tokens_are_slowed_down_and_counted() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let wrong = || api.request(Method::GET, "/v1/pipelines", "pst_wrong");
    let mut waits = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        assert_eq!(refusal(wrong()).await?.0, 401);
        waits.push(started.elapsed().as_millis());
    }
    assert!(waits[4] >= 800, "the fifth waits 16 times as long as the first: {waits:?}");
    let many = join_all((0..30).map(|_| refusal(wrong()))).await;
    let many: Vec<u16> =
        many.into_iter().map(|one| one.map(|(status, _)| status)).collect::<Result<_, _>>()?;
    assert!(many.contains(&429) && many.contains(&401), "{many:?}");
    let right = api.request(Method::GET, "/v1/pipelines", scene.token(Role::Viewer));
    assert_eq!(right.send().await?.status(), 200, "a right token does not pay for wrong ones");
    let metrics = reqwest::get(format!("http://{}/metrics", api.health)).await?.text().await?;
    let counted =
        metrics.lines().find(|line| line.contains("refused") && line.contains("\"token\""));
    assert!(counted.is_some_and(|line| !line.ends_with(" 0")), "{counted:?}");
    api.stop().await
}

#[tokio::test]
async fn too_many_requests_are_refused() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let mut config = scene.config()?;
    config.limits.requests_burst_max = 5.try_into()?;
    config.limits.requests_per_s_max = 1.try_into()?;
    let api = Api::start(config).await?;
    let get = |role| api.request(Method::GET, "/v1/pipelines", scene.token(role));
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(get(Role::Viewer).send().await?.status().as_u16());
    }
    assert!(statuses[..5].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(get(Role::Admin).send().await?.status(), 200, "everybody has a rate of their own");
    api.stop().await
}

/// The value of the session's cookie in an answer.
fn cookie(answer: &reqwest::Response) -> anyhow::Result<String> {
    let line = answer.headers().get("set-cookie").context("a cookie")?.to_str()?;
    for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(line.contains(wanted), "{line}");
    }
    Ok(line.split(';').next().context("a value")?.to_owned())
}

#[tokio::test]
async fn a_login_is_a_cookie_that_cannot_be_used_from_elsewhere() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let login = |fields: String| {
        let post = api.anonymous(Method::POST, "/login");
        post.header("content-type", "application/x-www-form-urlencoded").body(fields)
    };
    let failed = login("token=pst_wrong&next=%2F%2Fevil.org".to_owned()).send().await?;
    assert_eq!(
        (failed.status().as_u16(), &failed.headers()["location"]),
        (303, &"/login?failed=1".parse()?)
    );
    assert!(failed.headers().get("set-cookie").is_none());

    let done = login(format!("token={}&next=%2Faudit", scene.token(Role::Operator))).send().await?;
    assert_eq!((done.status().as_u16(), &done.headers()["location"]), (303, &"/audit".parse()?));
    let cookie = cookie(&done)?;
    let with = |method, path: &str| api.anonymous(method, path).header("cookie", &cookie);
    assert_eq!(with(Method::GET, "/v1/pipelines").send().await?.status(), 200);
    let (status, problem) = refusal(with(Method::POST, "/v1/pipelines/none/pause")).await?;
    assert_eq!((status, &problem["title"]), (403, &"not from this page".into()));
    let guessed = with(Method::POST, "/v1/pipelines/none/pause").header("x-csrf-token", "guessed");
    assert_eq!(refusal(guessed).await?.0, 403);

    // A session ends with its token.
    let kept = std::fs::read_to_string(scene.tokens_file())?;
    let without = kept.split("[[tokens]]").filter(|entry| !entry.contains("an-operator"));
    std::fs::write(scene.tokens_file(), without.collect::<Vec<_>>().join("[[tokens]]"))?;
    eventually("the session has ended", PATIENCE, async || {
        let get = with(Method::GET, "/v1/pipelines").send().await;
        get.is_ok_and(|answer| answer.status() == 401)
    })
    .await?;
    api.stop().await
}

#[tokio::test]
async fn a_login_link_is_good_once() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    let code = api.link.rsplit_once("code=").context("a code")?.1.to_owned();
    let login = || {
        let post = api.anonymous(Method::POST, "/login");
        post.header("content-type", "application/x-www-form-urlencoded")
            .body(format!("code={code}"))
    };
    let first = login().send().await?;
    let cookie = cookie(&first)?;
    let get = api.anonymous(Method::GET, "/v1/pipelines").header("cookie", cookie);
    assert_eq!(get.send().await?.status(), 200);
    let second = login().send().await?;
    assert!(second.headers().get("set-cookie").is_none(), "{:?}", second.headers());
    api.stop().await
}
