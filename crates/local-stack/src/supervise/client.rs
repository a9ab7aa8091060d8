//! The owner's side: starts the supervisor, asks it for children, hears how they end.

use std::{
    collections::HashMap,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::process::{Pid, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
    sync::watch,
    time::timeout,
};

use super::{
    Exit, SUPERVISE, Signal, Spec,
    protocol::{Report, Request},
};
use crate::Error;

/// How long the supervisor may take for what it does at once: starting, answering, forking.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long it may take to stop what is left and end.
const END_WITHIN: Duration = Duration::from_secs(40);

#[derive(Clone, Debug)]
enum State {
    Asked,
    Running(u32),
    NotStarted(String),
    Ended(Exit),
}

type Children = Arc<Mutex<HashMap<u64, watch::Sender<State>>>>;

/// A running supervisor. Dropping it stops every child.
#[derive(Clone, Debug)]
pub(crate) struct Supervisor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    stdin: tokio::sync::Mutex<Option<ChildStdin>>,
    children: Children,
    next_id: AtomicU64,
    ended: watch::Receiver<bool>,
    pid: u32,
}

/// What the supervisor said instead of "ready".
#[derive(Debug)]
pub(crate) enum Refusal {
    InUse { pid: u32 },
    Failed(Error),
}

impl Supervisor {
    /// Starts `program` as the supervisor that holds `lock`; what it has to say about itself
    /// goes to `log`.
    pub(crate) async fn start(program: &Path, lock: &Path, log: &Path) -> Result<Self, Refusal> {
        let spawn_failed = |detail: String| {
            Refusal::Failed(Error::Spawn { name: "the supervisor".to_owned(), detail })
        };
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| spawn_failed(error.to_string()))?;
        let mut process = Command::new(program)
            .arg(SUPERVISE)
            .arg(lock)
            .arg(std::process::id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Not ours: whoever reads our standard error must not wait for the supervisor's end.
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(|error| spawn_failed(error.to_string()))?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(spawn_failed("it has no pipes".to_owned()));
        };
        let mut lines = BufReader::new(stdout).lines();
        match timeout(ANSWER_WITHIN, next(&mut lines)).await {
            Ok(Some(Report::Ready)) => {}
            Ok(Some(Report::InUse { pid })) => return Err(Refusal::InUse { pid }),
            Ok(Some(Report::Broken { detail })) => return Err(spawn_failed(detail)),
            Ok(_) => {
                return Err(spawn_failed(format!(
                    "{} does not answer to its hidden subcommands",
                    program.display()
                )));
            }
            Err(_elapsed) => return Err(spawn_failed("it does not answer".to_owned())),
        }

        let pid = process.id().unwrap_or(0);
        let children = Children::default();
        let (ended_send, ended) = watch::channel(false);
        let known = Arc::clone(&children);
        tokio::spawn(async move {
            while let Some(report) = next(&mut lines).await {
                note(&known, report);
            }
            // The kernel kills the children of a dead supervisor, so all of them have ended.
            let nothing = Exit { code: None, signal: None };
            for state in lock_children(&known).values() {
                state.send_if_modified(|state| end(state, nothing));
            }
            drop(process.wait().await);
            ended_send.send_replace(true);
        });
        let stdin = tokio::sync::Mutex::new(Some(stdin));
        let next_id = AtomicU64::new(1);
        Ok(Self { inner: Arc::new(Inner { stdin, children, next_id, ended, pid }) })
    }

    /// The supervisor's process.
    pub(crate) fn pid(&self) -> u32 {
        self.inner.pid
    }

    /// Kills the supervisor, and by that its children.
    pub(crate) fn kill(&self) {
        let pid = i32::try_from(self.inner.pid).ok().and_then(Pid::from_raw);
        // The task that reaps it ends only with the process: until then the pid is its own.
        if let Some(pid) = pid.filter(|_| !*self.inner.ended.borrow()) {
            // It has ended by itself: all the better.
            _ = kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    /// Returns when the supervisor has ended, and its children with it.
    pub(crate) async fn ended(&self) {
        let mut ended = self.inner.ended.clone();
        // An error means that the task which watches it is gone: that is an end as well.
        drop(ended.wait_for(|ended| *ended).await);
    }

    /// Starts a child and returns once it has a process.
    pub(crate) async fn spawn(&self, spec: Spec) -> Result<Child, Error> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let (send, mut state) = watch::channel(State::Asked);
        lock_children(&self.inner.children).insert(id, send);
        let (name, log) = (spec.name.clone(), spec.log.clone());
        let not_started = |detail| Error::Spawn { name: name.clone(), detail };
        self.inner.ask(&Request::Spawn { id, spec }).await?;
        let wait = state.wait_for(|state| !matches!(state, State::Asked));
        let pid = match timeout(ANSWER_WITHIN, wait).await {
            Ok(Ok(state)) => match &*state {
                State::Running(pid) => *pid,
                State::NotStarted(detail) => return Err(not_started(detail.clone())),
                State::Asked | State::Ended(_) => return Err(Error::SupervisorEnded),
            },
            Ok(Err(_)) => return Err(Error::SupervisorEnded),
            Err(_elapsed) => return Err(not_started("the supervisor does not answer".to_owned())),
        };
        Ok(Child { name, log, id, pid, state, supervisor: self.clone() })
    }

    /// Stops whatever is left and waits for the supervisor's end.
    pub(crate) async fn finish(&self) {
        self.inner.stdin.lock().await.take();
        drop(timeout(END_WITHIN, self.ended()).await);
    }
}

impl Inner {
    async fn ask(&self, request: &Request) -> Result<(), Error> {
        let Ok(mut line) = serde_json::to_vec(request) else { return Err(Error::SupervisorEnded) };
        line.push(b'\n');
        let mut stdin = self.stdin.lock().await;
        let pipe = stdin.as_mut().ok_or(Error::SupervisorEnded)?;
        pipe.write_all(&line).await.map_err(|_| Error::SupervisorEnded)?;
        pipe.flush().await.map_err(|_| Error::SupervisorEnded)
    }
}

/// A child process of the stack. Clones are handles to the same process.
#[derive(Clone, Debug)]
pub struct Child {
    name: String,
    log: PathBuf,
    id: u64,
    pid: u32,
    state: watch::Receiver<State>,
    supervisor: Supervisor,
}

impl Child {
    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id. Another process may have it once [`Child::exited`] has returned.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The file that holds its standard output and error.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn try_exited(&self) -> Option<Exit> {
        match *self.state.borrow() {
            State::Ended(exit) => Some(exit),
            State::Asked | State::Running(_) | State::NotStarted(_) => None,
        }
    }

    /// Waits for its end.
    pub async fn exited(&self) -> Exit {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| matches!(state, State::Ended(_))).await;
        match ended.as_deref() {
            Ok(State::Ended(exit)) => *exit,
            Ok(State::Asked | State::Running(_) | State::NotStarted(_)) | Err(_) => {
                Exit { code: None, signal: None }
            }
        }
    }

    /// Sends it a signal; nothing happens if it has ended.
    ///
    /// # Errors
    ///
    /// When the supervisor is gone.
    pub async fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.supervisor.inner.ask(&Request::Signal { id: self.id, signal }).await
    }

    /// Asks it to stop, kills it after `grace`, and says how it ended.
    ///
    /// # Errors
    ///
    /// When the supervisor is gone.
    pub async fn stop(&self, grace: Duration) -> Result<Exit, Error> {
        if let Some(exit) = self.try_exited() {
            return Ok(exit);
        }
        // A frozen process would see SIGTERM only after it goes on.
        self.signal(Signal::Continue).await?;
        self.signal(Signal::Terminate).await?;
        if let Ok(exit) = timeout(grace, self.exited()).await {
            return Ok(exit);
        }
        self.signal(Signal::Kill).await?;
        Ok(self.exited().await)
    }
}

fn note(children: &Children, report: Report) {
    let (id, state) = match report {
        Report::Started { id, pid } => (id, State::Running(pid)),
        Report::NotStarted { id, detail } => (id, State::NotStarted(detail)),
        Report::Ended { id, exit } => (id, State::Ended(exit)),
        Report::Ready | Report::InUse { .. } | Report::Broken { .. } => return,
    };
    let mut children = lock_children(children);
    let last = matches!(state, State::NotStarted(_) | State::Ended(_));
    if let Some(child) = children.get(&id) {
        child.send_replace(state);
    }
    if last {
        children.remove(&id);
    }
}

fn end(state: &mut State, exit: Exit) -> bool {
    let running = matches!(state, State::Asked | State::Running(_));
    if running {
        *state = State::Ended(exit);
    }
    running
}

fn lock_children(
    children: &Children,
) -> std::sync::MutexGuard<'_, HashMap<u64, watch::Sender<State>>> {
    children.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Report> {
    let line = lines.next_line().await.ok()??;
    serde_json::from_str(&line).ok()
}
