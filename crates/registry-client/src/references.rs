//! References in, their schemas out: flat, each once, and none before those it uses itself.

use std::collections::HashSet;

use tokio::time::Instant;

use crate::{
    Reference, RegistryError, ResolvedReference,
    call::{Call, Caller},
    schema::SchemaAnswer,
};

/// What is left to do: the walk is a stack of its own, so that depth costs no stack of ours.
enum Step {
    /// Read this reference and walk what it uses.
    Enter(Reference),
    /// All it uses is written: write it.
    Leave(ResolvedReference),
}

/// Reads every schema that `direct` leads to. `what` names the schema that uses them.
pub(crate) async fn resolve(
    caller: &Caller,
    what: &str,
    direct: Vec<Reference>,
    deadline: Instant,
) -> Result<Vec<ResolvedReference>, RegistryError> {
    let settings = caller.settings();
    let refuse = |limit: String| RegistryError::Limit { what: what.to_owned(), limit };
    let mut steps: Vec<_> = direct.into_iter().rev().map(Step::Enter).collect();
    let mut path: Vec<(String, u32)> = Vec::new(); // entered and not left, outermost first
    let mut known = HashSet::new();
    let mut resolved = Vec::new();
    let mut bytes = 0;
    while let Some(step) = steps.pop() {
        let reference = match step {
            Step::Leave(reference) => {
                path.pop();
                resolved.push(reference);
                continue;
            }
            Step::Enter(reference) => reference,
        };
        let place = (reference.subject.clone(), reference.version);
        if path.contains(&place) {
            return Err(refuse("its references form a cycle".to_owned()));
        }
        if !known.insert(reference.clone()) {
            continue;
        }
        if known.len() > settings.references_max {
            return Err(refuse(format!("more than {} references", settings.references_max)));
        }
        if path.len() >= settings.reference_depth_max {
            let depth = settings.reference_depth_max;
            return Err(refuse(format!("references nested deeper than {depth}")));
        }
        let answer = read(caller, &reference, deadline).await?;
        bytes += answer.text.len();
        if bytes > settings.body_bytes_max {
            let limit = settings.body_bytes_max;
            return Err(refuse(format!("its references are larger than {limit} bytes")));
        }
        path.push(place);
        let Reference { name, subject, version } = reference;
        steps.push(Step::Leave(ResolvedReference { name, subject, version, text: answer.text }));
        steps.extend(answer.references.into_iter().rev().map(Step::Enter));
    }
    Ok(resolved)
}

/// Reads one reference, also when its version was deleted since: old records still need it.
///
/// One that the registry does not know is not `NotFound`: the id that was asked for does exist,
/// so its records must wait until the registry is whole again, not be judged unreadable.
async fn read(
    caller: &Caller,
    reference: &Reference,
    deadline: Instant,
) -> Result<SchemaAnswer, RegistryError> {
    let Reference { subject, version, .. } = reference;
    let path = ["subjects", subject, "versions", &version.to_string()];
    let what = format!("read referenced schema {subject} version {version}");
    let call = Call::get(what, &path).query(&[("deleted", "true")]);
    match caller.call(&call, deadline).await {
        Err(RegistryError::NotFound { what, code }) => {
            let cause = format!("a schema uses it, but the registry has lost it (code {code})");
            Err(RegistryError::Unavailable { what, attempts: 1, cause })
        }
        outcome => outcome,
    }
}
