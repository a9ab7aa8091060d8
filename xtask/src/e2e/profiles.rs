//! Profiles beside what always runs in, whether their services do their work out.

use std::time::Duration;

use anyhow::ensure;

use super::{stack::Stack, until};

/// Prometheus or Kafka Connect's worker, from nothing to healthy.
const HEALTHY_WITHIN_S: &str = "180";
/// A scrape is every 15 s; what was just restarted may have missed one.
const SCRAPED_WITHIN: Duration = Duration::from_secs(90);
/// The worker joins its group anew and starts its connectors.
const CONNECTED_WITHIN: Duration = Duration::from_secs(120);
/// Targets that were not reached, but for the exporter, which is not started here.
const UNREACHED: &str = r#"up{job!="kafka"} == 0"#;
/// Alerts that fire. Those on Kafka's exporter would.
const FIRING: &str = r#"ALERTS{alertstate="firing", job!="kafka", alertname!~"Kafka.*"}"#;
const REACHED: &str = r#"count(up{job=~"sink|producer|admin-api|clickhouse"} == 1)"#;

/// Starts Prometheus if it does not run, and waits until it reaches what it scrapes.
pub(super) fn prometheus(stack: &Stack) -> anyhow::Result<()> {
    start(stack, "observability", "prometheus")?;
    until(SCRAPED_WITHIN, || {
        let unreached = ask(stack, UNREACHED)?;
        ensure!(unreached.is_empty(), "Prometheus does not reach\n{unreached}");
        let reached = ask(stack, REACHED)?;
        ensure!(reached.starts_with("{} => 4 "), "Prometheus reaches only {reached}");
        Ok(())
    })
}

/// Whether no alert fires.
pub(super) fn quiet(stack: &Stack) -> anyhow::Result<()> {
    let firing = ask(stack, FIRING)?;
    ensure!(firing.is_empty(), "alerts fire:\n{firing}");
    Ok(())
}

/// Starts Kafka Connect's worker and its connectors if they do not run, and waits until the one that
/// needs no other system has written its one line once, also after it was killed.
pub(super) fn connect(stack: &Stack) -> anyhow::Result<()> {
    start(stack, "connect", "connect")?;
    stack.compose(&["--profile", "connect", "up", "--detach", "connectors"])?;
    until(CONNECTED_WITHIN, || {
        let state = stack.api("/v1/connectors/smoke", &[], None)?;
        ensure!(!state.contains("FAILED") && state.contains("RUNNING"), "{state}");
        let end = stack.tool(&["kafka-cli", "kafka-get-offsets.sh", "--topic", "connect-smoke"])?;
        ensure!(end == "connect-smoke:0:1", "ends of the topic that it writes: {end}");
        Ok(())
    })
}

fn start(stack: &Stack, profile: &str, service: &str) -> anyhow::Result<()> {
    let args = ["--profile", profile, "up", "--detach", "--wait", "--wait-timeout"];
    stack.compose(&[&args[..], &[HEALTHY_WITHIN_S, service]].concat()).map(drop)
}

/// What Prometheus answers to a question, a line for each series.
fn ask(stack: &Stack, question: &str) -> anyhow::Result<String> {
    let server = "http://127.0.0.1:9090";
    stack.compose(&["exec", "-T", "prometheus", "promtool", "query", "instant", server, question])
}
