//! A running stack in, its servers stopped in order out.

use std::time::Duration;

use futures::future::join_all;

use super::Stack;
use crate::{Child, Error, Exit, Part, Signal, progress::Event, servers, servers::Archive};

/// How long ClickHouse may take to end after it was asked to, before it is sent SIGTERM.
const CLICKHOUSE_ENDS_WITHIN: Duration = Duration::from_secs(5);
/// How much longer a JVM may take that saves its loaded classes when it ends; seconds, but they
/// grow on a busy machine.
const ARCHIVE_WRITTEN_WITHIN: Duration = Duration::from_secs(30);

impl Stack {
    /// Stops one server in order, and returns how it ended.
    ///
    /// # Errors
    ///
    /// As [`Stack::signal`].
    pub async fn stop_part(&self, part: Part) -> Result<Exit, Error> {
        let server = self.server(part)?;
        self.progress.event(Event::Stopping { part });
        let exit = match (part, &self.addresses.clickhouse_http) {
            (Part::ClickHouse, Some(url)) => self.stop_clickhouse(&server.child, url).await?,
            _ => {
                let saves = server.archive.as_ref().is_some_and(Archive::is_draft);
                let more = if saves { ARCHIVE_WRITTEN_WITHIN } else { Duration::ZERO };
                server.child.stop(self.settings.stop_within + more).await?
            }
        };
        if let Some(archive) = &server.archive {
            if exit.is_orderly() { archive.keep() } else { archive.discard() }
        }
        self.progress.event(Event::Stopped { part });
        Ok(exit)
    }

    /// Kills everything at once, by killing the supervisor: for those who throw the data away.
    pub fn kill_all(self) {
        self.supervisor.kill();
    }

    /// Stops the servers in order: Kafka and the registry, then ClickHouse.
    ///
    /// Stop what you have started with [`Stack::start_child`] first; what is left of it is
    /// stopped with the supervisor.
    ///
    /// # Errors
    ///
    /// When a server did not stop in order; everything has ended all the same.
    pub async fn stop(self) -> Result<(), Error> {
        let parts: Vec<Part> = self.servers().keys().copied().collect();
        let (last, first): (Vec<Part>, Vec<Part>) =
            parts.into_iter().partition(|part| *part == Part::ClickHouse);
        let mut ends = join_all(first.into_iter().map(|part| self.stop_noting(part))).await;
        ends.extend(join_all(last.into_iter().map(|part| self.stop_noting(part))).await);
        self.supervisor.finish().await;
        ends.into_iter().collect()
    }

    async fn stop_noting(&self, part: Part) -> Result<(), Error> {
        let exit = self.stop_part(part).await?;
        // The engine answers an orderly stop with exit code 1, see `engine`.
        if exit.is_orderly() || (part == Part::ClickHouse && exit.code == Some(1)) {
            return Ok(());
        }
        let log = self.folder.log(part.name());
        Err(Error::BadEnd { part, how: exit.to_string(), tail: crate::tail::tail(&log), log })
    }

    async fn stop_clickhouse(&self, child: &Child, url: &str) -> Result<Exit, Error> {
        if child.try_exited().is_none() {
            child.signal(Signal::Continue).await?;
            let ended = async {
                servers::clickhouse::ask_to_end(url, &self.credentials.admin).await;
                child.exited().await
            };
            if let Ok(exit) = tokio::time::timeout(CLICKHOUSE_ENDS_WITHIN, ended).await {
                return Ok(exit);
            }
        }
        child.stop(self.settings.stop_within).await
    }
}
