//! Questions in, the registry's answers out.

use std::{sync::Arc, time::Duration};

use reqwest::Method;

use crate::{
    Compatibility, Level, NewSchema, RegisteredSchema, RegistryError, Settings, SettingsError,
    SubjectVersion, Version,
    call::{Call, Caller},
    flight::Flights,
    references,
    schema::{CompatibilityAnswer, IdAnswer, LevelAnswer, LevelChange, SchemaAnswer},
};

/// A client of one registry. Clones share connections and cache.
///
/// Every method retries by itself within `total_ms_max` and fails with an error whose
/// [`disposition`](RegistryError::disposition) says what to do. Dropping a future is always safe.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Arc<Caller>,
    flights: Arc<Flights>,
}

impl Client {
    /// Creates a client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the URL, a limit or the file of certificate authorities cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let not_found_for = Duration::from_millis(settings.not_found_ms);
        let flights = Flights::new(settings.cache_entries_max, not_found_for);
        Ok(Self { caller: Arc::new(Caller::new(settings)?), flights: Arc::new(flights) })
    }

    /// Returns the schema with this id and all schemas it uses. Must be called within a tokio
    /// runtime; the request goes on in it when the caller goes away.
    ///
    /// # Errors
    ///
    /// `NotFound` when the registry does not know the id, `Retry` when it cannot be asked or has
    /// lost a schema that this one uses, `Stop` for refused credentials and exceeded limits.
    pub async fn schema_by_id(&self, id: u32) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let caller = Arc::clone(&self.caller);
        self.flights.get(id, move || async move { read(&caller, id).await.map(Arc::new) }).await
    }

    /// Returns the names of all subjects, in the registry's order.
    ///
    /// # Errors
    ///
    /// As [`Client::schema_by_id`], without `NotFound`.
    pub async fn subjects(&self) -> Result<Vec<String>, RegistryError> {
        self.call(&Call::get("list subjects", &["subjects"])).await
    }

    /// Returns the versions of a subject, ascending.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such subject; otherwise as [`Client::schema_by_id`].
    pub async fn versions(&self, subject: &str) -> Result<Vec<u32>, RegistryError> {
        let what = format!("list versions of subject {subject}");
        self.call(&Call::get(what, &["subjects", subject, "versions"])).await
    }

    /// Returns one version of a subject.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such subject or version; otherwise as
    /// [`Client::schema_by_id`].
    pub async fn version(
        &self,
        subject: &str,
        version: Version,
    ) -> Result<SubjectVersion, RegistryError> {
        let segment = segment(version);
        let what = format!("read version {segment} of subject {subject}");
        self.call(&Call::get(what, &["subjects", subject, "versions", &segment])).await
    }

    /// Returns the newest version of a subject.
    ///
    /// # Errors
    ///
    /// As [`Client::version`].
    pub async fn latest(&self, subject: &str) -> Result<SubjectVersion, RegistryError> {
        self.version(subject, Version::Latest).await
    }

    /// Registers a schema and returns its id. One that is registered already keeps its id, so
    /// repeating this changes nothing.
    ///
    /// # Errors
    ///
    /// `Stop` when the registry rejects it (status 409: incompatible with an earlier version);
    /// otherwise as [`Client::schema_by_id`].
    pub async fn register(&self, subject: &str, schema: &NewSchema) -> Result<u32, RegistryError> {
        let what = format!("register schema under subject {subject}");
        let path = ["subjects", subject, "versions"];
        let answer: IdAnswer = self.call(&Call::send(what, Method::POST, &path, schema)?).await?;
        Ok(answer.id)
    }

    /// Finds the version of a subject that has exactly this schema.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is none; otherwise as [`Client::schema_by_id`].
    pub async fn lookup(
        &self,
        subject: &str,
        schema: &NewSchema,
    ) -> Result<SubjectVersion, RegistryError> {
        let what = format!("look schema up under subject {subject}");
        self.call(&Call::send(what, Method::POST, &["subjects", subject], schema)?).await
    }

    /// Asks whether a schema may follow a version of a subject.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such subject or version; otherwise as
    /// [`Client::schema_by_id`].
    pub async fn is_compatible(
        &self,
        subject: &str,
        version: Version,
        schema: &NewSchema,
    ) -> Result<Compatibility, RegistryError> {
        let segment = segment(version);
        let what = format!("check schema against version {segment} of subject {subject}");
        let path = ["compatibility", "subjects", subject, "versions", &segment];
        let call = Call::send(what, Method::POST, &path, schema)?.query(&[("verbose", "true")]);
        let answer: CompatibilityAnswer = self.call(&call).await?;
        let messages = answer.messages.unwrap_or_default();
        Ok(Compatibility { compatible: answer.is_compatible, messages })
    }

    /// Returns the level for subjects that have none of their own. Also the cheapest way to see
    /// whether the registry answers.
    ///
    /// # Errors
    ///
    /// As [`Client::schema_by_id`], without `NotFound`.
    pub async fn global_config(&self) -> Result<Level, RegistryError> {
        let answer: LevelAnswer =
            self.call(&Call::get("read global compatibility level", &["config"])).await?;
        Ok(answer.level)
    }

    /// Returns the level of a subject. Where it has none of its own, Confluent answers
    /// `NotFound`, Apicurio with the global level.
    ///
    /// # Errors
    ///
    /// As [`Client::schema_by_id`].
    pub async fn config(&self, subject: &str) -> Result<Level, RegistryError> {
        let what = format!("read compatibility level of subject {subject}");
        let answer: LevelAnswer = self.call(&Call::get(what, &["config", subject])).await?;
        Ok(answer.level)
    }

    /// Gives a subject a level of its own and returns it.
    ///
    /// # Errors
    ///
    /// As [`Client::schema_by_id`], without `NotFound`.
    pub async fn set_config(&self, subject: &str, level: Level) -> Result<Level, RegistryError> {
        let what = format!("set compatibility level of subject {subject}");
        let change = LevelChange { level };
        let call = Call::send(what, Method::PUT, &["config", subject], &change)?;
        let answer: LevelAnswer = self.call(&call).await?;
        Ok(answer.level)
    }

    async fn call<Answer: serde::de::DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Answer, RegistryError> {
        self.caller.call(call, self.caller.deadline()).await
    }
}

async fn read(caller: &Caller, id: u32) -> Result<RegisteredSchema, RegistryError> {
    let deadline = caller.deadline();
    let what = format!("read schema {id}");
    let call = Call::get(&*what, &["schemas", "ids", &id.to_string()]);
    let answer: SchemaAnswer = caller.call(&call, deadline).await?;
    let references = references::resolve(caller, &what, answer.references, deadline).await?;
    Ok(RegisteredSchema { id, kind: answer.kind, text: answer.text, references })
}

fn segment(version: Version) -> String {
    match version {
        Version::Latest => "latest".to_owned(),
        Version::Number(number) => number.to_string(),
    }
}
