//! Settings and requests on standard input in, containers for one test and answers out.

use std::io::{BufRead as _, Write as _, stdin};

use anyhow::{Context as _, Result, bail};
use local_stack::{
    Settings,
    levers::{Answer, Request},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{Receiver, channel},
};

use crate::containers::Containers;

/// Holds containers until standard input ends, which it does however the test ends.
pub(crate) async fn run() -> Result<()> {
    let mut lines = lines();
    let Some(line) = lines.recv().await else { return Ok(()) };
    let settings: Settings = serde_json::from_str(&line).context("read the settings")?;
    // A test that goes away meanwhile is noticed at the next line; what was started is removed.
    let stack = match Containers::start(settings).await {
        Ok(stack) => stack,
        Err(error) => return answer(&Answer::Failed(format!("{error:#}"))),
    };
    let served = tokio::select! {
        served = serve(&stack, &mut lines) => served,
        () = told_to_stop() => Ok(()),
    };
    stack.remove().await.context("remove the containers")?;
    served
}

async fn serve(stack: &Containers, lines: &mut Receiver<String>) -> Result<()> {
    answer(&Answer::Ready(Box::new((stack.addresses(), stack.file()))))?;
    while let Some(line) = lines.recv().await {
        let done = match serde_json::from_str(&line).context("read a request")? {
            Request::Restart(part) => stack.restart(part).await,
            Request::Signal(part, signal) => stack.signal(part, signal).await,
        };
        answer(&match done {
            Ok(()) => Answer::Done,
            Err(error) => Answer::Failed(format!("{error:#}")),
        })?;
    }
    Ok(())
}

/// Standard input, line by line, by a thread that ends with the process: a runtime would wait for
/// its last read.
fn lines() -> Receiver<String> {
    let (send, lines) = channel(1);
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn answer(answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    if std::io::stdout().write_all(&line).is_err() {
        bail!("the test is gone");
    }
    Ok(std::io::stdout().flush()?)
}

/// Returns at SIGTERM or SIGINT.
pub(crate) async fn told_to_stop() {
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
