//! A new pipeline that is to begin anew in, the reset with which it begins out.
//!
//! The reset is stored with the pipeline, in one write: sinks move nothing before its owners have
//! carried it out, so that neither the offsets of an earlier pipeline nor rows that it has left
//! in the table decide where this one begins, whoever is killed on the way.

use std::{collections::BTreeMap, time::Duration};

use pipeline_spec::{Pipeline, Start, store::Reset};
use service::problem::Problem;

use crate::{
    auth::Identity,
    kafka,
    offsets::{self, Limits, Plan, Subject, Way},
    rest::offsets::{refused, wish},
    state::App,
};

/// Longest look at topics, group and table.
const LOOK_MAX: Duration = Duration::from_secs(15);

/// How a pipeline begins anew.
#[derive(Debug)]
pub(super) struct Anew {
    pub(super) reset: Reset,
    /// What comes again, for a person.
    pub(super) note: String,
}

/// Finds the offsets of `source.start`.
pub(super) async fn anew(app: &App, who: &Identity, spec: &Pipeline) -> Result<Anew, Problem> {
    let way = match spec.source.start {
        Start::Earliest => Way::Earliest,
        Start::Latest => Way::Latest,
        Start::Timestamp(at_ms) => Way::Timestamp { at_ms },
    };
    let client = kafka::client(app.config());
    let subject = Subject {
        kafka: &client,
        namespace: &app.config().namespace,
        pipeline: spec,
        target: app.target(),
    };
    let limits = Limits { time_max: LOOK_MAX, ..Limits::default() };
    let plan = offsets::plan(&subject, &way, &BTreeMap::new(), &limits, &|_| {}).await;
    let plan = plan.map_err(|error| refused(&error))?;
    Ok(Anew { note: note(&plan, spec), reset: wish(&plan, who, false) })
}

fn note(plan: &Plan, spec: &Pipeline) -> String {
    let Plan { to, come_again, rows_to_delete, .. } = plan;
    let begins =
        format!("it begins at {to}: {come_again} records that its group had read come again");
    let rows = match rows_to_delete {
        Some(0) => return begins,
        Some(rows) => format!("{rows} rows of such records are"),
        None => "rows of such records, which cannot be counted, may be".to_owned(),
    };
    format!(
        "{begins}; {rows} in {}.{} already and will be there twice, unless you pause it and reset \
         it to {to} with delete_rows",
        spec.target.database, spec.target.table
    )
}
