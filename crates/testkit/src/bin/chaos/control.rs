//! Wishes for faults in, levers of the proxies pulled out.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::ensure;
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, put},
};
use serde::{Deserialize, Serialize};
use testkit::Proxy;

use crate::link::{ALL, Link};

/// Longest delay, in milliseconds: an hour.
const DELAY_MS_MAX: u64 = 3_600_000;

/// All links, by their names.
#[derive(Debug, Default)]
pub(crate) struct Links(BTreeMap<String, (View, Proxy)>);

/// What is told of a link.
#[derive(Clone, Debug, Serialize)]
struct View {
    listen: SocketAddr,
    upstream: String,
}

/// A fault.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fault {
    Delay,
    Throttle,
    Pause,
    Cut,
    Refuse,
    HalfOpen,
    Reset,
}

/// How much of it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    ms: Option<u64>,
    bytes_per_s: Option<NonZeroU32>,
}

type Refusal = (StatusCode, &'static str);

impl Links {
    /// Adds a proxy and lets it forward.
    pub(crate) fn add(&mut self, link: Link, proxy: Proxy) -> anyhow::Result<()> {
        proxy.forward_to(&link.upstream);
        let view = View { listen: proxy.address(), upstream: link.upstream };
        let twice = self.0.insert(link.name, (view, proxy));
        ensure!(twice.is_none(), "two links have the same name");
        Ok(())
    }
}

/// What is served.
pub(crate) fn router(links: Links) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/{link}/{fault}", put(make))
        .with_state(Arc::new(links))
}

async fn list(State(links): State<Arc<Links>>) -> Json<BTreeMap<String, View>> {
    Json(links.0.iter().map(|(name, (view, _))| (name.clone(), view.clone())).collect())
}

async fn make(
    State(links): State<Arc<Links>>,
    Path((link, fault)): Path<(String, Fault)>,
    Query(amount): Query<Amount>,
) -> Result<StatusCode, Refusal> {
    let chosen: Vec<&Proxy> = links
        .0
        .iter()
        .filter(|(name, _)| link == ALL || link == **name)
        .map(|(_, (_, proxy))| proxy)
        .collect();
    if chosen.is_empty() {
        return Err((StatusCode::NOT_FOUND, "there is no such link\n"));
    }
    let pull = lever(fault, amount)?;
    chosen.into_iter().for_each(pull);
    Ok(StatusCode::NO_CONTENT)
}

/// What to do to a proxy.
fn lever(fault: Fault, amount: Amount) -> Result<impl Fn(&Proxy), Refusal> {
    let fits = match (fault, amount) {
        (Fault::Delay, Amount { ms: Some(ms), bytes_per_s: None }) => ms <= DELAY_MS_MAX,
        (Fault::Throttle, Amount { ms: None, bytes_per_s: Some(_) }) => true,
        (Fault::Delay | Fault::Throttle, _) => false,
        (_, Amount { ms, bytes_per_s }) => ms.is_none() && bytes_per_s.is_none(),
    };
    if !fits {
        let message = "delay needs ms (up to an hour), throttle bytes_per_s, others nothing\n";
        return Err((StatusCode::BAD_REQUEST, message));
    }
    let delay = Duration::from_millis(amount.ms.unwrap_or_default());
    Ok(move |proxy: &Proxy| match fault {
        Fault::Delay => proxy.delay_answers(delay),
        Fault::Throttle => proxy.throttle(amount.bytes_per_s),
        Fault::Pause => proxy.pause(),
        Fault::Cut => proxy.cut(),
        Fault::Refuse => proxy.refuse(),
        Fault::HalfOpen => proxy.half_open(),
        Fault::Reset => {
            proxy.delay_answers(Duration::ZERO);
            proxy.throttle(None);
            proxy.resume();
        }
    })
}
