//! A document and what is stored in, whether the change may be made out.

use pipeline_spec::{
    Pipeline,
    store::{Snapshot, Stored},
};
use service::problem::{FieldError, Problem};

use crate::problem;

/// Whether a pipeline can be changed at all.
pub(crate) fn steady(current: &Stored) -> Result<(), Problem> {
    if current.deleting {
        return Err(problem::conflict(
            "it is being deleted: once it is gone, a new one may have its name",
        ));
    }
    Ok(())
}

/// What a document would change that cannot change of a pipeline that has begun.
pub(crate) fn fixed(before: &Pipeline, after: &Pipeline) -> Vec<FieldError> {
    let (old, new) = (&before.target, &after.target);
    let checks = [
        ("/source/topics", before.source.topics == after.source.topics),
        ("/source/group", before.source.group == after.source.group),
        ("/target/database", old.database == new.database),
        ("/target/table", old.table == new.table),
        ("/target/engine", old.engine == new.engine),
        ("/target/order_by", old.order_by == new.order_by),
        ("/target/partition_by", old.partition_by == new.partition_by),
    ];
    let changed = checks.into_iter().filter(|(_, same)| !same).map(|(pointer, _)| FieldError {
        pointer: pointer.to_owned(),
        message: "cannot change in place".to_owned(),
    });
    changed.collect()
}

/// That a document changes only what can change of a pipeline that has begun.
pub(super) fn in_place(before: &Pipeline, after: &Pipeline) -> Result<(), Problem> {
    let changed = fixed(before, after);
    if changed.is_empty() {
        return Ok(());
    }
    Err(problem::conflict(
        "create a second pipeline with another name and table, then delete this one; or delete \
         this one first and create it anew",
    )
    .errors(changed))
}

/// That no other pipeline is in its way.
pub(crate) fn alone(snapshot: &Snapshot, spec: &Pipeline, namespace: &str) -> Result<(), Problem> {
    let group = spec.group(namespace);
    for other in snapshot.pipelines.values().map(|stored| &stored.spec) {
        if other.name == spec.name {
            continue;
        }
        if other.group(namespace) == group {
            return Err(problem::conflict(format!(
                "pipeline {} is in the consumer group {group} already: they would take each \
                 other's records",
                other.name
            )));
        }
        let shared = spec.source.topics.iter().find(|topic| other.source.topics.contains(topic));
        let same_table = (&other.target.database, &other.target.table)
            == (&spec.target.database, &spec.target.table);
        if let (Some(topic), true) = (shared, same_table) {
            return Err(problem::conflict(format!(
                "pipeline {} moves topic {topic} into {}.{} already: every record would be there \
                 twice",
                other.name, spec.target.database, spec.target.table
            )));
        }
    }
    Ok(())
}
