//! Wishes about connectors in, the page about them out.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use service::problem::Problem;

use crate::{
    auth::Identity,
    page::{
        answer::{frame, html, html_with, in_a_line, notice, see_other, told},
        fields::{Asked, Fields, Sent, address, step},
        view::{
            connectors::{ConnectorRow, ConnectorsPage},
            frame::Section,
            health::Health,
        },
    },
    problem,
    rest::connectors::{self, Act, Connector, NewConnector, Task},
    state::App,
};

type Who = Extension<Identity>;

/// `GET /connectors`.
pub(in crate::page) async fn list(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    html(&page(&app, &who, &fields).await)
}

async fn page(app: &App, who: &Identity, fields: &Fields) -> ConnectorsPage {
    let mut page = ConnectorsPage {
        frame: frame(Some(who), "Connectors", Section::Connectors),
        configured: !app.config().connect_url.is_empty(),
        trouble: None,
        rows: Vec::new(),
        classes: app.config().connect_classes.clone(),
        draft: fields.raw("connector").to_owned(),
    };
    page.frame.notice = told(fields);
    if page.configured {
        match connectors::list(app).await {
            Ok(found) => page.rows = found.items.into_iter().map(row).collect(),
            Err(problem) => page.trouble = Some(in_a_line(&problem)),
        }
    }
    page
}

fn row(one: Connector) -> ConnectorRow {
    let own = health(&one.state);
    let failed = one.tasks.iter().any(|task| health(&task.state) == Health::Failed);
    let task = |task: Task| (task.id.to_string(), health(&task.state), task.error);
    ConnectorRow {
        path: step(&one.name),
        name: one.name,
        health: if failed && own == Health::Running { Health::Degraded } else { own },
        kind: one.kind,
        class: one.class,
        tasks: one.tasks.into_iter().map(task).collect(),
        settings: one.config.into_iter().collect(),
    }
}

/// What Kafka Connect calls a state. What it may add counts as not running.
fn health(state: &str) -> Health {
    match state {
        "RUNNING" => Health::Running,
        "PAUSED" | "STOPPED" => Health::Paused,
        "FAILED" => Health::Failed,
        _ => Health::Starting,
    }
}

/// `POST /connectors`.
pub(in crate::page) async fn create(
    State(app): State<App>,
    Extension(who): Who,
    Sent(fields): Sent,
) -> Result<Response, Problem> {
    let made = match serde_json::from_str::<NewConnector>(fields.raw("connector")) {
        Ok(new) => connectors::create(&app, &who, &new).await.map(|_| ()),
        // The place only: the message might repeat a value.
        Err(error) => Err(problem::bad_request(format!(
            "line {}, column {} is not JSON as in {{\"name\": \"..\", \"config\": {{..}}}}, with \
             every setting as text",
            error.line(),
            error.column()
        ))),
    };
    match made {
        Ok(()) => Ok(back()),
        Err(problem) => {
            let mut page = page(&app, &who, &fields).await;
            page.frame.notice = Some(notice(&problem));
            html_with(problem.status(), &page)
        }
    }
}

/// `POST /connectors/{name}/pause`.
pub(in crate::page) async fn pause(app: State<App>, who: Who, name: Path<String>) -> Done {
    act(app, who, name, Act::Pause).await
}

/// `POST /connectors/{name}/resume`.
pub(in crate::page) async fn resume(app: State<App>, who: Who, name: Path<String>) -> Done {
    act(app, who, name, Act::Resume).await
}

/// `POST /connectors/{name}/restart`.
pub(in crate::page) async fn restart(app: State<App>, who: Who, name: Path<String>) -> Done {
    act(app, who, name, Act::Restart).await
}

/// `POST /connectors/{name}/delete`.
pub(in crate::page) async fn delete(
    app: State<App>,
    who: Who,
    name: Path<String>,
    Sent(fields): Sent,
) -> Done {
    if fields.text("confirm") != *name {
        return Err(problem::bad_request("the name typed to confirm is not that of the connector"));
    }
    act(app, who, name, Act::Delete).await
}

type Done = Result<Response, Problem>;

async fn act(
    State(app): State<App>,
    Extension(who): Who,
    Path(name): Path<String>,
    act: Act,
) -> Done {
    connectors::act(&app, &who, &name, act).await?;
    Ok(back())
}

fn back() -> Response {
    see_other(&address("/connectors", &[("done", "connector")]))
}

#[cfg(test)]
mod tests;
