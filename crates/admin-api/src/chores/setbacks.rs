//! What could not be done for a pipeline in, the same for those who wait for it out.

use std::collections::BTreeMap;

use service::problem::Problem;
use tokio::sync::watch;

/// The last failure of each pipeline that waits for something, in this process. Clones share it;
/// it holds no more than there are pipelines.
#[derive(Clone, Debug)]
pub(crate) struct Setbacks(watch::Sender<BTreeMap<String, Problem>>);

impl Default for Setbacks {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }
}

impl Setbacks {
    /// Says that it failed.
    pub(super) fn set(&self, pipeline: &str, problem: Problem) {
        self.0.send_modify(|all| drop(all.insert(pipeline.to_owned(), problem)));
    }

    /// Says that it is done, or tried anew.
    pub(crate) fn clear(&self, pipeline: &str) {
        self.0.send_if_modified(|all| all.remove(pipeline).is_some());
    }

    /// Why it failed last.
    pub(crate) fn of(&self, pipeline: &str) -> Option<Problem> {
        self.0.borrow().get(pipeline).cloned()
    }

    /// Ends when it has failed.
    pub(crate) async fn failed(&self, pipeline: &str) -> Problem {
        let mut all = self.0.subscribe();
        let found = all.wait_for(|all| all.contains_key(pipeline)).await;
        let found = found.ok().and_then(|all| all.get(pipeline).cloned());
        match found {
            Some(problem) => problem,
            None => std::future::pending().await,
        }
    }
}
