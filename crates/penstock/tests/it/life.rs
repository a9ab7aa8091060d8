//! Promise: it runs until it is stopped, brings its sink back, goes on from the same data, and
//! leaves nothing running however it ends.

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use testkit::eventually;

use crate::fixture::{Home, PATIENCE, Running, processes_of};

/// Time that an unorderly end may take until the last process is gone.
const GONE_WITHIN: Duration = Duration::from_secs(60);

async fn more_rows(running: &Running, than: u64) -> anyhow::Result<()> {
    let what = format!("more than {than} rows");
    eventually(&what, PATIENCE, async || running.rows().await > than).await
}

async fn gone(dir: &Path) -> anyhow::Result<()> {
    let outcome =
        eventually("all processes are gone", GONE_WITHIN, async || processes_of(dir).is_empty());
    outcome.await.map_err(|error| error.context(format!("left: {:?}", processes_of(dir))))
}

#[tokio::test]
async fn a_life_with_a_killed_sink_and_a_kill_in_the_end() -> anyhow::Result<()> {
    let home = Home::new()?;
    let running = home.start(&["--rate", "500"]).await?;
    let file = home.data_dir().join("stack.json");
    assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o600);
    let stack = running.stack()?;
    for key in
        ["kafka", "registry", "clickhouse_http", "clickhouse_native", "producer_http", "sink_http"]
    {
        let address = stack[key].as_str().unwrap_or_default();
        assert!(address.contains("127.0.0.1:"), "{key}: {address}");
    }
    assert!(stack["registry"].as_str().is_some_and(|url| url.ends_with("/apis/ccompat/v7")));
    more_rows(&running, 500).await?;

    let sink = processes_of(home.dir.path()).into_iter().find(|(_, line)| line.contains("__sink"));
    let (sink, _) = sink.expect("a sink");
    kill_process(Pid::from_raw(sink).expect("pid"), Signal::KILL)?;
    more_rows(&running, running.rows().await + 500).await?;
    assert!(home.said().contains("the sink ended with signal 9, starting it again"));

    let rows = running.rows().await;
    running.signal(Signal::INT)?;
    assert_eq!(running.wait().await?.code(), Some(0));
    assert!(!file.exists(), "stack.json is left");
    gone(home.dir.path()).await?;

    let running = home.start(&["--rate", "500"]).await?;
    more_rows(&running, rows + 100).await?; // the same data, and more
    running.signal(Signal::KILL)?;
    running.wait().await?;
    gone(home.dir.path()).await
}
