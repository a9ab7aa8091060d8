//! Every number the producer exports. Names end in their unit.

use prometheus::{IntCounter, IntGauge, Registry};

/// The producer's metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    events_acknowledged: IntCounter,
    events_failed: IntCounter,
    bytes_sent: IntCounter,
    events_in_flight: IntGauge,
    rate: IntGauge,
    paused: IntGauge,
}

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            events_acknowledged: counter(
                "penstock_producer_events_acknowledged_total",
                "Events that all in-sync replicas have",
            )?,
            events_failed: counter(
                "penstock_producer_events_failed_total",
                "Events that could not be delivered",
            )?,
            bytes_sent: counter(
                "penstock_producer_sent_bytes_total",
                "Bytes of encoded events handed to librdkafka, before compression",
            )?,
            events_in_flight: gauge(
                "penstock_producer_in_flight_events",
                "Events handed to librdkafka and not acknowledged",
            )?,
            rate: gauge(
                "penstock_producer_target_events_per_second",
                "Rate that was asked for; 0 means as fast as possible",
            )?,
            paused: gauge("penstock_producer_paused", "1 while paused, otherwise 0")?,
        })
    }

    /// Events were sent, acknowledged or given up since the last time.
    pub(crate) fn settled(&self, bytes: u64, acknowledged: u64, failed: u64, in_flight: u64) {
        self.bytes_sent.inc_by(bytes);
        self.events_acknowledged.inc_by(acknowledged);
        self.events_failed.inc_by(failed);
        self.events_in_flight.set(in_flight.cast_signed());
    }

    /// The wheel was turned.
    pub(crate) fn steered(&self, rate_per_sec: u32, paused: bool) {
        self.rate.set(i64::from(rate_per_sec));
        self.paused.set(i64::from(paused));
        tracing::info!(rate_per_sec, paused, "rate set");
    }
}

#[cfg(test)]
mod tests;
