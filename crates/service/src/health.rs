//! Conditions in, readiness out: what must hold before a service says that it is ready.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use prometheus::{
    IntGauge, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

/// The conditions of one service. Clones share them.
///
/// Conditions say what was reached once at start (settings, Kafka, pipelines read). Losing a
/// server later is status, not readiness: restarting the service would not bring it back.
#[derive(Clone, Debug, Default)]
pub struct Health {
    conditions: Arc<Mutex<Vec<Condition>>>,
}

/// One thing that must hold. Starts as not holding.
#[derive(Clone, Debug)]
pub struct Condition {
    name: &'static str,
    holds: Arc<AtomicBool>,
}

impl Condition {
    /// Says whether it holds now.
    pub fn set(&self, holds: bool) {
        self.holds.store(holds, Ordering::Release);
    }
}

impl Health {
    /// Adds a condition.
    #[must_use]
    pub fn condition(&self, name: &'static str) -> Condition {
        let condition = Condition { name, holds: Arc::new(AtomicBool::new(false)) };
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner).push(condition.clone());
        condition
    }

    /// Names the conditions that do not hold; none means ready.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let conditions = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        conditions
            .iter()
            .filter(|condition| !condition.holds.load(Ordering::Acquire))
            .map(|condition| condition.name)
            .collect()
    }

    /// Registers `penstock_ready`, which says at any time whether something is missing.
    ///
    /// # Errors
    ///
    /// When it is registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let help = "1 if /readyz says that the service is ready, else 0";
        let gauge = IntGauge::new("penstock_ready", help)?;
        registry.register(Box::new(Ready { health: self.clone(), gauge }))
    }
}

/// Looks at the conditions whenever it is asked, so that it cannot say anything else than `/readyz`.
struct Ready {
    health: Health,
    gauge: IntGauge,
}

impl Collector for Ready {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set(i64::from(self.health.missing().is_empty()));
        self.gauge.collect()
    }
}
