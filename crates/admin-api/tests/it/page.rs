//! A person with a browser, with or without a script, gets everything done on the page.

use admin_api::auth::Role;
use anyhow::Context as _;
use pipeline_spec::{
    Pipeline,
    store::{AuditRecord, Change, Purge, Store, Stored},
};
use reqwest::Method;
use testkit::eventually;

use crate::{
    browser::{Browser, between, seen, typed, unescaped, value_of},
    fixture::{Api, PATIENCE, Scene, row},
};

/// Every address that takes a form from somebody who has logged in.
const FORMS: [&str; 20] = [
    "/logout",
    "/pipelines/sales/pause",
    "/pipelines/sales/resume",
    "/pipelines/sales/restart",
    "/pipelines/sales/delete",
    "/pipelines/sales/spec",
    "/pipelines/sales/spec/save",
    "/pipelines/sales/offsets",
    "/pipelines/sales/dead-letters/replay",
    "/new/plan",
    "/new/create",
    "/schemas/sales-value/check",
    "/connectors",
    "/connectors/one/pause",
    "/connectors/one/resume",
    "/connectors/one/restart",
    "/connectors/one/delete",
    "/generator/rate",
    "/generator/pause",
    "/generator/resume",
];

#[tokio::test]
async fn a_pipeline_is_made_and_steered_by_forms() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, [row(id, 41)]).await?;
    let mut config = scene.config()?;
    config.default_database.clone_from(&scene.database);
    let api = Api::start(config).await?;
    let code = api.link.split_once("code=").context("a link with a code")?.1.to_owned();
    let before = seen(api.anonymous(Method::GET, &format!("/login?code={code}"))).await?;
    assert_eq!(value_of(&before.html, "code")?, code, "looking does not use it up");
    let browser = Browser::log_in(&api, "code", &code).await?;
    assert!(browser.get("/").await?.html.contains("No pipelines yet"));

    let chosen = browser.get(&format!("/new?topic={}", scene.topic)).await?;
    assert!(chosen.html.contains("logicalType"), "the schema is shown");
    assert!(chosen.html.contains(">hi</span>"), "the record is shown decoded: {}", chosen.html);
    let proposed = format!("database: {}\n", scene.database);
    assert!(chosen.html.contains(&proposed), "{proposed}: {}", chosen.html);
    let document = scene.document("sales", "").replace('\n', "\r\n");
    let planned = browser.post("/new/plan", &[("document", &document)]).await?;
    assert!(planned.html.contains("CREATE TABLE"), "{}", planned.html);
    assert!(planned.html.contains("Can run"), "{}", planned.html);
    let mark = value_of(&planned.html, "planned")?;

    let other = document.replace("rows", "others");
    let unseen = [("document", other.as_str()), ("planned", mark)];
    let unseen = browser.post("/new/create", &unseen).await?;
    assert!(unseen.html.contains("differs from the plan that you saw"), "{}", unseen.html);
    let seen = [("document", document.as_str()), ("planned", mark)];
    let created = browser.post("/new/create", &seen).await?;
    assert_eq!(
        (created.status.as_u16(), created.to.as_str()),
        (303, "/pipelines/sales?done=created")
    );
    let status = browser.get(&created.to).await?.html;
    assert!(status.contains("The pipeline is created") && status.contains("no-sink"), "{status}");

    let version = value_of(&status, "version")?;
    let paused = browser.post("/pipelines/sales/pause", &[("version", version)]).await?;
    assert_eq!(paused.to, "/pipelines/sales?done=paused");
    let after = browser.get(&paused.to).await?.html;
    assert!(after.contains("Wanted: paused. Now: no sink runs it."), "{after}");
    assert!(after.contains("/pipelines/sales/resume"), "{after}");
    let stale = browser.post("/pipelines/sales/restart", &[("version", version)]).await?;
    assert_eq!(stale.status, 412, "the form is older than the pause");
    assert!(stale.html.contains("Somebody changed it after you opened it"), "{}", stale.html);

    let spec = browser.get("/pipelines/sales/spec").await?.html;
    let text = between(&spec, "maxlength=\"65536\" aria-describedby=\"document-hint\">", "</text")?;
    let edited = unescaped(text).replace("workers: 1", "workers: 2");
    let version = value_of(&spec, "version")?;
    let edit = [("document", edited.as_str()), ("version", version)];
    let plan = browser.post("/pipelines/sales/spec", &edit).await?.html;
    assert!(has_line(&plan, "gone", "−", "workers: 1"), "the difference is shown: {plan}");
    assert!(has_line(&plan, "added", "+", "workers: 2"), "the difference is shown: {plan}");
    let mark = value_of(&plan, "planned")?;
    let edit = [("document", edited.as_str()), ("version", version), ("planned", mark)];
    assert_eq!(
        browser.post("/pipelines/sales/spec/save", &edit).await?.to,
        "/pipelines/sales?done=changed"
    );
    let audit = browser.get("/audit?subject=sales").await?.html;
    for what in ["pipeline.create", "pipeline.pause", "pipeline.update"] {
        assert!(audit.contains(what), "{what}: {audit}");
    }

    let taken = browser.post("/new/plan", &[("document", &document)]).await?.html;
    assert!(taken.contains("sales is taken") && !taken.contains("/new/create"), "{taken}");
    api.stop().await
}

/// Whether a comparison on the page has this line.
fn has_line(html: &str, class: &str, sign: &str, line: &str) -> bool {
    let begin = format!("<span class=\"{class}\"><span class=\"diff-sign\">{sign} </span>");
    html.split(&begin)
        .skip(1)
        .any(|rest| rest.trim_start().starts_with(&format!("{line}\n</span>")))
}

#[tokio::test]
async fn a_name_that_is_free_is_proposed() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    let browser = Browser::log_in(&api, "token", operator).await?;
    let address = format!("/new?topic={}", scene.topic);
    let proposed = async || {
        let page = browser.get(&address).await?.html;
        anyhow::Ok(between(&page, "name: ", "\n")?.to_owned())
    };
    let name = proposed().await?;
    let create = api.request(Method::POST, "/v1/pipelines", operator);
    assert_eq!(create.body(scene.document(&name, "")).send().await?.status(), 201, "{name}");
    assert_eq!(proposed().await?, format!("{name}-2"));
    api.stop().await
}

#[tokio::test]
async fn a_pipeline_is_deleted_by_its_name_with_what_is_ticked() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let operator = scene.token(Role::Operator);
    for name in ["sales", "returns"] {
        let document = scene.document(name, "").replace("rows", name);
        let create = api.request(Method::POST, "/v1/pipelines", operator);
        assert_eq!(create.body(document).send().await?.status(), 201, "{name}");
    }
    let browser = Browser::log_in(&api, "token", operator).await?;

    let typo = browser.post("/pipelines/sales/delete", &[("confirm", "sale")]).await?;
    assert_eq!(typo.status, 400);
    let form = browser.get("/pipelines/sales").await?.html;
    for named in ["dead-letters.sales", "replay.sales", "value=\"offsets\""] {
        assert!(form.contains(named), "{named}: {form}");
    }
    for (name, ticked, purge) in [
        ("sales", "dead-letters", r#""purge":{"dead_letters":true,"offsets":false}"#),
        ("returns", "offsets", r#""purge":{"dead_letters":false,"offsets":true}"#),
    ] {
        let fields = [("confirm", name), ("purge", ticked)];
        let gone = browser.post(&format!("/pipelines/{name}/delete"), &fields).await?;
        assert_eq!(gone.to, "/?done=deleted");
        let audit = api.get(&format!("/v1/audit?subject={name}"), operator).await?.to_string();
        assert!(audit.contains(purge), "{audit}");
    }
    api.stop().await
}

#[tokio::test]
async fn every_page_opens_and_shows_what_there_is() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let id = scene.register().await?;
    scene.servers.kafka().produce(&scene.topic, [row(id, 41)]).await?;
    let api = scene.api().await?;
    let admin = scene.token(Role::Admin);
    let create = api.request(Method::POST, "/v1/pipelines", admin);
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);
    let browser = Browser::log_in(&api, "token", admin).await?;
    let topic = &scene.topic;
    for (path, shown) in [
        ("/", "/pipelines/sales"),
        ("/pipelines/sales", "No sink runs this pipeline"),
        ("/pipelines/sales/plan", "First rows, as they would land"),
        ("/pipelines/sales/spec", "pipeline.create"),
        ("/pipelines/sales/offsets", "Where to go on"),
        ("/pipelines/sales/dead-letters", "No dead letters"),
        (&format!("/topics?q={topic}"), topic),
        (&format!("/topics/{topic}"), "Newest records"),
        (&format!("/new?q={topic}"), topic),
        (&format!("/schemas?q={topic}"), &format!("{topic}-value")),
        (&format!("/schemas/{topic}-value"), "timestamp-millis"),
        ("/connectors", "Kafka Connect is not set up here"),
        ("/generator", "No generator here"),
        ("/audit", "pipeline.create"),
    ] {
        let page = browser.get(path).await?;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        assert!(page.html.contains(shown), "{path}: {}", page.html);
    }
    let preview = [("to", "earliest"), ("do", "preview")];
    let preview = browser.post("/pipelines/sales/offsets", &preview).await?;
    assert!(preview.html.contains("What it would mean"), "{}", preview.html);
    let check = [("schema", "{\"type\":\"string\"}")];
    let check = browser.post(&format!("/schemas/{topic}-value/check"), &check).await?;
    assert_eq!(check.status, 200, "{}", check.html);
    let missing = browser.get("/pipelines/none").await?;
    assert_eq!(missing.status, 404);
    assert!(missing.html.contains("<h1>Not found</h1>"), "a problem is a page: {}", missing.html);

    let home = browser.get("/").await?.html;
    for begin in ["rel=\"stylesheet\" href=\"", "<script src=\""] {
        let asset = browser.request(Method::GET, between(&home, begin, "\"")?).send().await?;
        assert_eq!(asset.status(), 200);
        assert!(asset.headers()["cache-control"].to_str()?.contains("immutable"));
    }
    assert_eq!(browser.get("/assets/style.0000000000000000.css").await?.status, 404);
    api.stop().await
}

#[tokio::test]
async fn the_page_lets_nobody_do_what_they_may_not() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    scene.register().await?;
    let api = scene.api().await?;
    let create = api.request(Method::POST, "/v1/pipelines", scene.token(Role::Operator));
    assert_eq!(create.body(scene.document("sales", "")).send().await?.status(), 201);

    let out = seen(api.anonymous(Method::GET, "/pipelines/sales")).await?;
    assert_eq!((out.status.as_u16(), out.to.as_str()), (303, "/login?next=%2Fpipelines%2Fsales"));
    let viewer = Browser::log_in(&api, "token", scene.token(Role::Viewer)).await?;
    let page = viewer.get("/pipelines/sales").await?.html;
    assert!(!page.contains("/pipelines/sales/pause"), "what a role may not do is not offered");
    for path in
        ["/pipelines/sales/pause", "/pipelines/sales/delete", "/new/plan", "/generator/rate"]
    {
        let refused = viewer.post(path, &[("confirm", "sales")]).await?;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.html.contains("Not permitted"), "{path}: {}", refused.html);
    }
    for path in ["/new", "/pipelines/sales/dead-letters/0-0"] {
        assert_eq!(viewer.get(path).await?.status, 403, "{path}");
    }
    let operator = Browser::log_in(&api, "token", scene.token(Role::Operator)).await?;
    let pause = operator.request(Method::POST, "/pipelines/sales/pause");
    for body in ["", "csrf=", "csrf=0000", &format!("csrf={}", viewer.csrf)] {
        let refused = typed(pause.try_clone().context("a request")?.body(body.to_owned()));
        assert_eq!(refused.send().await?.status(), 403, "{body}");
    }
    let admin = Browser::log_in(&api, "token", scene.token(Role::Admin)).await?;
    for path in FORMS {
        let elsewhere = typed(admin.request(Method::POST, path).body("confirm=sales"));
        let refused = seen(elsewhere).await?;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.html.contains("Not from this page"), "{path}: {}", refused.html);
    }
    assert_eq!(operator.post("/pipelines/sales/pause", &[]).await?.status, 303);
    api.stop().await
}

#[tokio::test]
async fn a_thousand_pipelines_are_paged_and_filtered() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let api = scene.api().await?;
    store(&scene).update(|_| Ok::<_, String>((thousand(&scene)?, ()))).await?;
    let browser = Browser::log_in(&api, "token", scene.token(Role::Viewer)).await?;
    let page = async |path: &str| browser.get(path).await.map(|page| page.html);
    eventually("all are there", PATIENCE, async || {
        page("/?sort=name").await.is_ok_and(|html| html.contains("1–50 of 1,000 pipelines"))
    })
    .await?;
    let first = page("/?sort=name").await?;
    assert_eq!(first.matches("<tr role=\"row\" data-pipeline").count(), 50);
    assert!(first.len() < 200_000, "{} bytes", first.len());
    assert!(page("/?sort=name&page=20").await?.contains("data-pipeline=\"p0999\""));
    assert!(page("/?sort=name&page=9999").await?.contains("951–1,000 of 1,000"));
    assert!(page("/?q=p0123").await?.contains("1 pipeline<"));
    assert!(page("/?selector=even").await?.contains("1–50 of 500 pipelines"));
    let odd = page("/?selector=%3D%3D&state=nonsense&sort=nonsense&page=-1").await?;
    assert!(odd.contains("id=\"selector-error\""), "{odd}");
    api.stop().await
}

pub(crate) fn store(scene: &Scene) -> Store {
    let mut client = rdkafka::ClientConfig::new();
    client.set("bootstrap.servers", &scene.servers.kafka);
    Store::new(client, &scene.namespace)
}

fn thousand(scene: &Scene) -> Result<Vec<Change>, String> {
    let one = |number: u32| {
        let name = format!("p{number:04}");
        let labels = if number.is_multiple_of(2) { "labels: {even: ''}\n" } else { "" };
        let spec = Pipeline::from_yaml(&scene.document(&name, labels));
        let stored = Stored {
            spec: spec.map_err(|why| format!("{why:?}"))?,
            version: 1,
            created_at_ms: 0,
            updated_at_ms: 0,
            updated_by: "test".to_owned(),
            restarts: 0,
            reset: None,
            deleting: false,
            purge: Purge::default(),
            claim: None,
        };
        Ok(Change::Put { stored, audit: audit("pipeline.create", &name) })
    };
    (0..1_000).map(one).collect()
}

pub(crate) fn audit(what: &str, subject: &str) -> AuditRecord {
    AuditRecord {
        at_ms: 0,
        who: "test".to_owned(),
        what: what.to_owned(),
        subject: subject.to_owned(),
        before: None,
        after: None,
    }
}
