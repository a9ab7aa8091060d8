//! The supervisor's own loop: requests in, reports out, children in between.

use std::{
    ffi::OsString,
    io::{BufRead as _, Write as _},
    process::ExitCode,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

use super::{
    Signal,
    process::Process,
    protocol::{Report, Request},
};
use crate::data_folder::{Lock, LockError};

/// How often children are asked whether they have ended.
const REAP_EVERY: Duration = Duration::from_millis(25);
/// How often the sizes of logs are looked at.
const LOGS_EVERY: Duration = Duration::from_secs(5);
/// Requests read ahead.
const REQUESTS_MAX: usize = 64;
/// Longest that one rank of children may take to stop once the owner is gone. With three ranks
/// everything is gone within half a minute.
const ORPHANS_STOP_WITHIN: Duration = Duration::from_secs(10);

/// Holds the data folder and serves its owner until standard input closes.
pub(crate) fn run(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let (Some(lock), Some(owner)) = (args.next(), args.next()) else { return ExitCode::FAILURE };
    let owner = owner.to_str().and_then(|pid| pid.parse().ok()).unwrap_or(0);
    // Held by this process rather than by its owner: it lives as long as the servers do.
    let _lock = match Lock::take(lock.as_ref(), owner) {
        Ok(lock) => lock,
        Err(LockError::InUse { pid }) => return refuse(&Report::InUse { pid }),
        Err(LockError::Io(error)) => {
            return refuse(&Report::Broken { detail: error.to_string() });
        }
    };
    report(&Report::Ready);

    let (send, requests) = sync_channel(REQUESTS_MAX);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let Ok(request) = serde_json::from_str::<Request>(&line) else { break };
            if send.send(request).is_err() {
                break;
            }
        }
    });
    let mut children = serve(&requests);
    stop_orphans(&mut children);
    ExitCode::SUCCESS
}

/// Serves requests until there can be no more; returns the children that are left.
fn serve(requests: &Receiver<Request>) -> Vec<Process> {
    let mut children: Vec<Process> = Vec::new();
    let mut logs_seen = Instant::now();
    loop {
        match requests.recv_timeout(REAP_EVERY) {
            Ok(Request::Spawn { id, spec }) => match Process::start(id, &spec) {
                Ok(child) => {
                    report(&Report::Started { id, pid: child.pid() });
                    children.push(child);
                }
                Err(error) => report(&Report::NotStarted { id, detail: error.to_string() }),
            },
            Ok(Request::Signal { id, signal }) => {
                if let Some(child) = children.iter().find(|child| child.id == id) {
                    child.signal(signal);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return children,
        }
        reap(&mut children);
        if logs_seen.elapsed() > LOGS_EVERY {
            children.iter().for_each(Process::limit_log);
            logs_seen = Instant::now();
        }
    }
}

fn reap(children: &mut Vec<Process>) {
    children.retain_mut(|child| match child.try_wait() {
        Some(exit) => {
            report(&Report::Ended { id: child.id, exit });
            false
        }
        None => true,
    });
}

/// Stops what the owner left behind: rank by rank, in order if it is quick, else not.
fn stop_orphans(children: &mut Vec<Process>) {
    let (_never, timer) = sync_channel::<()>(1);
    while let Some(rank) = children.iter().map(|child| child.rank).min() {
        let mut grace = Duration::ZERO;
        for child in children.iter().filter(|child| child.rank == rank) {
            child.signal(Signal::Continue);
            child.signal(Signal::Terminate);
            grace = grace.max(Duration::from_millis(child.grace_ms)).min(ORPHANS_STOP_WITHIN);
        }
        let asked = Instant::now();
        while children.iter().any(|child| child.rank == rank) {
            if asked.elapsed() > grace {
                for child in children.iter().filter(|child| child.rank == rank) {
                    child.signal(Signal::Kill);
                }
            }
            // Waits: the sender is alive and never sends.
            _ = timer.recv_timeout(REAP_EVERY);
            reap(children);
        }
    }
}

fn refuse(why: &Report) -> ExitCode {
    report(why);
    ExitCode::FAILURE
}

fn report(report: &Report) {
    let Ok(mut line) = serde_json::to_vec(report) else { return };
    line.push(b'\n');
    // Fails only when the owner is gone, which the other pipe tells too.
    let mut out = std::io::stdout().lock();
    drop(out.write_all(&line).and_then(|()| out.flush()));
}
