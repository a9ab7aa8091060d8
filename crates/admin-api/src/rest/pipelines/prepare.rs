//! A document and its plan in; its table and topics created, or why not, out.
//!
//! Sinks create what is missing as well. Here it is done so that a missing right shows where
//! somebody asks for the pipeline, before it is stored.

use axum::http::StatusCode;
use pipeline_spec::Pipeline;
use service::problem::{FieldError, Problem};
use target::{Disposition, TargetError};

use crate::{
    dead_letters::{self, DeadLettersError},
    kafka,
    plan::Plan,
    state::App,
};

/// Creates what is missing and can be. A server that does not answer stops nobody: the sinks wait
/// for it too.
///
/// # Errors
///
/// 422 when one refuses. What was created before that stays, and the answer says so.
pub(super) async fn prepare(app: &App, spec: &Pipeline, plan: &Plan) -> Result<(), Problem> {
    let table = format!("{}.{}", spec.target.database, spec.target.table);
    let has_created = match table_created(app, spec, plan).await {
        Ok(created) => created,
        Err(error) if error.disposition() == Disposition::Retry => {
            tracing::warn!(pipeline = spec.name, error = %error, "its table is left to the sinks");
            false
        }
        Err(error) => {
            let message = format!("table {table} could not be created: {error}");
            return Err(refused("/target/create", message, "nothing was stored"));
        }
    };
    let namespace = &app.config().namespace;
    let topics = (spec.dead_letter_topic(namespace), spec.replay_topic(namespace));
    let client = kafka::client(app.config());
    let known = match app.kafka().topics().await {
        Ok(known) => known,
        Err(problem) => {
            tracing::warn!(pipeline = spec.name, ?problem, "its topics are left to the sinks");
            return Ok(());
        }
    };
    let missing: Vec<&str> = [&topics.0, &topics.1]
        .into_iter()
        .map(String::as_str)
        .filter(|topic| !known.contains_key(*topic))
        .collect();
    match dead_letters::create_topics(&client, &missing, &spec.source.topics).await {
        Ok(()) => Ok(()),
        Err(DeadLettersError::Create { topic, why }) => {
            let stays = match has_created {
                true => format!("nothing was stored; table {table} was created and stays, empty"),
                false => "nothing was stored".to_owned(),
            };
            Err(refused("", format!("topic {topic} could not be created: {why}"), &stays))
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::warn!(pipeline = spec.name, error, "its topics are left to the sinks");
            Ok(())
        }
    }
}

/// Whether the table was created now.
async fn table_created(app: &App, spec: &Pipeline, plan: &Plan) -> Result<bool, TargetError> {
    if plan.table.exists != Some(false) || !spec.target.create {
        return Ok(false);
    }
    let (database, table) = (&spec.target.database, &spec.target.table);
    for statement in &plan.table.statements {
        if let Err(error) = app.target().execute_ddl(statement).await {
            // Somebody else may have been faster.
            return match app.target().inspect(database, table).await? {
                Some(_) => Ok(false),
                None => Err(error),
            };
        }
        tracing::info!(pipeline = spec.name, statement, "created what it writes to");
    }
    Ok(!plan.table.statements.is_empty())
}

fn refused(pointer: &str, message: String, stays: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the pipeline cannot run")
        .detail(format!(
            "what it needs could not be created: {stays}; `force=true` stores it and leaves that \
             to the sinks"
        ))
        .errors([FieldError { pointer: pointer.to_owned(), message }])
}
