//! Every number the admin API exports. Names end in their unit.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

/// Why a request is refused before it is looked at.
const REFUSALS: [&str; 8] =
    ["attempts", "credentials", "host", "login", "origin", "rate", "role", "token"];

/// The admin API's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    requests: HistogramVec,
    refused: IntCounterVec,
    changes: IntCounterVec,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let requests = HistogramVec::new(
            HistogramOpts::new(
                "penstock_admin_api_request_duration_seconds",
                "Requests answered, by route and class of the status",
            ),
            &["route", "status"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        let refused = counter(
            "penstock_admin_api_refused_requests_total",
            "Requests refused before they were looked at, by reason",
            &["reason"],
        )?;
        // What begins with a value is no increase to a query: even the first one must be seen.
        for reason in REFUSALS {
            refused.with_label_values(&[reason]);
        }
        let changes = counter(
            "penstock_admin_api_changes_total",
            "Changes that were carried out, by kind",
            &["what"],
        )?;
        changes.with_label_values(&["pipeline.create"]);
        Ok(Self { requests, refused, changes })
    }

    /// `route` is a path with its placeholders, so there are as many as routes.
    pub(crate) fn answered(&self, route: &str, status: StatusCode, took: Duration) {
        let class = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.requests.with_label_values(&[route, class]).observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// A change by somebody: counted, and told to the log.
    pub(crate) fn changed(&self, what: &str, who: &str, subject: &str) {
        self.changes.with_label_values(&[what]).inc();
        tracing::info!(what, who, subject, "changed");
    }
}
