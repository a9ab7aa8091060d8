//! Changes of what sinks report in, a stream of the numbers on a page out.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use serde_json::{Map, Value, json};
use service::problem::Problem;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    fields::{Asked, Fields},
    fill,
    handle::pipelines::all,
    view::{health::Health, spark::Spark},
};
use crate::{auth::Identity, rest::pipelines, state::App};

/// Least time between two messages of a stream.
const PAUSE: Duration = Duration::from_secs(1);
/// Most time without looking: charts move on even when nothing is reported.
const PATIENCE: Duration = Duration::from_secs(5);
/// A stream ends after this; the browser comes back and has to show its cookie again.
const LIFE: Duration = Duration::from_secs(600);
/// Most pipelines that one stream tells of: those of one page.
const NAMES_MAX: usize = super::handle::pipelines::PER_PAGE;

/// `GET /events`: `name` for each pipeline of a list, or `one` for all about one.
pub(super) async fn answer(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let Ok(permit) = app.page().streams.clone().try_acquire_owned() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams")
            .detail("too many pages look on; the page goes on without live numbers"));
    };
    let wish = Wish::of(&fields);
    tracing::debug!(who = %who.name, "stream of numbers begins");
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(messages(app, wish, permit)).keep_alive(keep_alive).into_response())
}

/// What a stream tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    List(Vec<String>),
    One(String),
}

impl Wish {
    fn of(fields: &Fields) -> Self {
        match fields.text("one") {
            "" => Self::List(fields.all("name").take(NAMES_MAX).map(str::to_owned).collect()),
            one => Self::One(one.to_owned()),
        }
    }
}

struct Told {
    app: App,
    wish: Wish,
    /// What the browser was told last.
    last: String,
    /// Not earlier than this.
    next: Instant,
    ends: Instant,
    _permit: OwnedSemaphorePermit,
}

fn messages(
    app: App,
    wish: Wish,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let now = Instant::now();
    let told =
        Told { app, wish, last: String::new(), next: now, ends: now + LIFE, _permit: permit };
    stream::unfold(told, |mut told| async move {
        let text = next(&mut told).await?;
        let event = Event::default().data(&*text);
        Some((Ok(event), told))
    })
}

/// The next message; `None` when the stream ends.
async fn next(told: &mut Told) -> Option<Arc<str>> {
    let mut statuses = told.app.status_changes();
    let stopping = told.app.stopping();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return None,
            () = sleep_until(told.next) => {}
        }
        if Instant::now() >= told.ends {
            return None;
        }
        told.next = Instant::now() + PAUSE;
        statuses.mark_unchanged();
        let text = message(&told.app, &told.wish)?.to_string();
        if text != told.last {
            told.last.clone_from(&text);
            return Some(text.into());
        }
        let patience = Instant::now() + PATIENCE;
        tokio::select! {
            () = stopping.cancelled() => return None,
            // Closed when the follower ends, silent when time is up: both are fine.
            changed = timeout_at(patience, statuses.changed()) => {
                if matches!(changed, Ok(Err(_))) {
                    return None;
                }
            }
        }
    }
}

/// All numbers as they are now; `None` when there is nothing to tell any more.
fn message(app: &App, wish: &Wish) -> Option<Value> {
    match wish {
        Wish::List(names) => {
            let all = all(app).ok()?;
            let totals = fill::list::totals(&all);
            let shown = all.iter().filter(|one| names.contains(&one.name));
            let rows = shown.map(|one| fill::list::row(one, app.page()));
            let rows: Map<String, Value> = rows
                .map(|row| {
                    let now = json!({
                        "state": state(row.health),
                        "spark": spark(&row.spark),
                        "fields": {
                            "lag": row.lag, "rows": row.rows, "freshness": row.freshness,
                            "dead_letters": row.dead_letters,
                            "why": row.why.unwrap_or_default(),
                        },
                    });
                    (row.name, now)
                })
                .collect();
            Some(json!({
                "pipelines": rows,
                "shape": fill::list::shape(&totals),
                "totals": {
                    "lag": totals.lag, "rows": totals.rows, "dead_letters": totals.dead_letters,
                    "freshness": totals.freshness.map(|(freshness, _)| freshness),
                },
            }))
        }
        Wish::One(name) => one(app, name),
    }
}

fn one(app: &App, name: &str) -> Option<Value> {
    let status = match pipelines::status(app, name) {
        Ok(status) => status,
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            return Some(json!({ "gone": true }));
        }
        Err(_) => return None,
    };
    let tiles = fill::one::tiles(&status, &app.page().series(name));
    let tiles: Map<String, Value> = tiles
        .into_iter()
        .map(|tile| {
            let now = json!({
                "fields": { "value": tile.value, "note": tile.note },
                "spark": tile.spark.as_ref().map(spark),
            });
            (tile.key.to_owned(), now)
        })
        .collect();
    let (partitions, _) = fill::one::partitions(&status);
    let partitions: Map<String, Value> = partitions
        .into_iter()
        .map(|row| {
            let now = json!({
                "part": row.lag_part,
                "fields": {
                    "committed": row.committed, "end": row.end, "lag": row.lag,
                    "pending": row.pending,
                },
            });
            (row.key, now)
        })
        .collect();
    Some(json!({ "tiles": tiles, "partitions": partitions, "shape": fill::one::shape(&status) }))
}

fn state(health: Health) -> Value {
    json!({ "key": health.key(), "word": health.word(), "sign": health.sign() })
}

fn spark(spark: &Spark) -> Value {
    json!({ "line": spark.line, "area": spark.area, "label": spark.label })
}
