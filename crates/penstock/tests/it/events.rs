//! Promise: `--events N` ends with 0 only if every event is in ClickHouse exactly once, and says
//! so to scripts; the next run goes on from the same data.

use anyhow::Context;

use crate::fixture::Home;

#[tokio::test]
async fn all_events_land_and_the_last_line_is_the_summary() -> anyhow::Result<()> {
    let home = Home::new()?;
    for (run, events) in [30_000_u64, 5_000].into_iter().enumerate() {
        let output = home.run(&["--events", &events.to_string(), "--json"]).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "run {run}: {text}\n{said}");
        let last = text.lines().last().context("no output")?;
        let summary: serde_json::Value = serde_json::from_str(last)?;
        for key in ["produced", "rows", "distinct_offsets"] {
            assert_eq!(summary[key], events, "{key} of run {run}: {last}");
        }
        assert_eq!(summary["dead_letters"], 0, "{last}");
        let numbers = ["seconds", "events_per_s", "sink_cpu_s", "clickhouse_cpu_s", "rss_bytes"];
        for key in numbers {
            assert!(summary[key].as_f64().is_some_and(|found| found >= 0.0), "{key}: {last}");
        }
        for key in ["p50", "p95", "p99"] {
            let found = summary["freshness_ms"][key].as_f64();
            assert!(found.is_some_and(|found| found > 0.0), "{key}: {last}");
        }
        assert!(!home.data_dir().join("stack.json").exists(), "stack.json is left");
    }
    Ok(())
}
