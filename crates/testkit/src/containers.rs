//! Settings in, servers in containers that belong to one test out.
//!
//! The containers are held by a process of their own, `container-stack`, which removes them when
//! its standard input closes: at the latest when the kernel closes it, after a `kill -9`.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use local_stack::{
    Addresses, Settings, StackFile,
    levers::{Answer, OWN_COMMAND, Request},
};
use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{ChildStdin, ChildStdout},
    sync::Mutex,
};

/// The test's end of a process that holds containers.
#[derive(Debug)]
pub struct Containers {
    // Dropped before the process is waited for.
    talk: Option<Mutex<Talk>>,
    holder: Child,
    pub(crate) addresses: Addresses,
    pub(crate) file: StackFile,
    pub(crate) settings: Settings,
}

#[derive(Debug)]
struct Talk {
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Containers {
    pub(crate) async fn start(program: &Path, settings: Settings) -> anyhow::Result<Self> {
        let log = settings.data_dir.join("container-stack.log");
        let mut holder = Command::new(program)
            .arg(OWN_COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("start container-stack")?;
        let to = ChildStdin::from_std(holder.stdin.take().context("no standard input")?)?;
        let from = ChildStdout::from_std(holder.stdout.take().context("no standard output")?)?;
        let mut talk = Talk { to, from: BufReader::new(from).lines() };
        let answer = talk.ask(&settings).await;
        let answer = answer.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        let Answer::Ready(ready) = answer else { bail!("unexpected answer: {answer:?}") };
        let (addresses, file) = *ready;
        Ok(Self { talk: Some(Mutex::new(talk)), holder, addresses, file, settings })
    }

    pub(crate) async fn ask(&self, request: Request) -> anyhow::Result<()> {
        let talk = self.talk.as_ref().context("the containers are gone")?;
        let answer = talk.lock().await.ask(&request).await?;
        ensure!(matches!(answer, Answer::Done), "unexpected answer: {answer:?}");
        Ok(())
    }

    /// Removes the containers, and returns when they are gone.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let gone = tokio::task::spawn_blocking(move || self.end());
        let status = gone.await.context("wait for container-stack")??;
        ensure!(status.success(), "container-stack: {status}");
        Ok(())
    }

    /// Blocks for the second that it takes.
    fn end(&mut self) -> std::io::Result<std::process::ExitStatus> {
        drop(self.talk.take());
        self.holder.wait()
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        // A test that failed. The next one must not meet these containers.
        drop(self.end());
    }
}

impl Talk {
    async fn ask(&mut self, question: &(impl Serialize + Sync)) -> anyhow::Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.to.write_all(&line).await.context("container-stack is gone")?;
        let line = self.from.next_line().await?.context("container-stack is gone")?;
        match serde_json::from_str(&line).context("read an answer of container-stack")? {
            Answer::Failed(reason) => bail!(reason),
            answer @ (Answer::Ready(_) | Answer::Done) => Ok(answer),
        }
    }
}
