//! What happens in, lines on the terminal out.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use local_stack::Stack;

use crate::{
    admin::Admin,
    services::{DEAD_LETTERS, GROUP, PIPELINE, TABLE, TOPIC},
    summary::Summary,
};

/// How often the line is repeated where there is no terminal.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Everything for people goes to standard error; standard output is for the summary.
pub(crate) fn say(text: &str) {
    // Nobody reads any more: that is no reason to stop.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// The one sentence with which a run ends that did not work.
pub(crate) fn failure(error: &anyhow::Error) {
    say(&format!("penstock: {error:#}"));
}

/// The end of a run with `--events`.
pub(crate) fn summary(summary: &Summary, json: bool) {
    if json {
        say(&summary.text());
    }
    let text = match serde_json::to_string(summary) {
        Ok(line) if json => format!("{line}\n"),
        _ => summary.text(),
    };
    drop(write!(std::io::stdout(), "{text}").and_then(|()| std::io::stdout().flush()));
}

/// Where everything is, once it runs.
pub(crate) fn banner(stack: &Stack, producer_http: &str, sink_http: &str, admin: &Admin) {
    let addresses = stack.addresses();
    let or_none = |address: &Option<String>| address.clone().unwrap_or_else(|| "-".to_owned());
    let clickhouse = or_none(&addresses.clickhouse_http);
    let password_file = stack.credentials().reader.password_file.display().to_string();
    let admin_token = admin.token_file.display();
    let Admin { url: admin_url, login_link, .. } = admin;
    say(&format!(
        "\n\
         Kafka       {}  topic {TOPIC}, group {GROUP}, dead letters {DEAD_LETTERS}\n\
         Registry    {}\n\
         ClickHouse  {clickhouse}  native {}  user reader, password in {password_file}\n\
         Generator   {producer_http}  GET/PUT /rate, POST /pause, /resume, GET /metrics\n\
         Sink        {sink_http}  GET /metrics, /readyz\n\
         Admin API   {admin_url}/v1/pipelines/{PIPELINE}  bearer token in {admin_token}\n\
         Logs        {}\n\
         Page        {admin_url}\n            \
         log in, once, within ten minutes: {login_link}\n\
         Try\n  \
         curl --user \"reader:$(cat {password_file})\" {clickhouse} --data-binary \\\n    \
         'SELECT channel, count() AS sales, sum(qty * unit_price) AS revenue FROM {TABLE} \
         GROUP BY channel FORMAT PrettyCompact'\n",
        or_none(&addresses.kafka),
        or_none(&addresses.registry),
        or_none(&addresses.clickhouse_native),
        stack.data_dir().join("logs").display(),
    ));
}

/// The line that changes.
#[derive(Debug)]
pub(crate) struct Live {
    bar: Option<ProgressBar>,
    shown: Option<Instant>,
}

impl Live {
    /// On a terminal one line that is written over; elsewhere a line every ten seconds.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}");
            ProgressBar::new_spinner()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self { bar, shown: None }
    }

    /// Shows how things are.
    pub(crate) fn update(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(text.to_owned());
                bar.tick();
            }
            None if self.shown.is_none_or(|shown| shown.elapsed() >= PLAIN_EVERY) => {
                self.shown = Some(Instant::now());
                say(text);
            }
            None => {}
        }
    }

    /// Says something that stays.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => say(text),
        }
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
