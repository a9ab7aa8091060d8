//! A client for schema registries that speak the Confluent REST API (Confluent, Apicurio under
//! `/apis/ccompat/v7`, Karapace).
//!
//! ```text
//! Client -> flight (one request per id) -> references -> call (retries, limits) -> registry
//! ```
//!
//! * **A schema id means the same schema for ever**, so what was read once is never asked again;
//!   the cache is bounded and drops what was not used for longest.
//! * **Callers that want the same id share one request.** It runs in a task of its own: a caller
//!   that goes away takes nothing from the others.
//! * **Every answer says what to do next**: [`RegistryError::disposition`] is `Retry`, `NotFound`
//!   or `Stop`. Only an answer that carries one of the registry's own "not found" codes counts as
//!   `NotFound`: a 404 of a proxy or of a wrong base URL never condemns a record.
//! * **Everything has a limit**: one request, all attempts of a call, the body, the depth and
//!   number of references, the cache.
//!
//! Schema ids are looked up without a subject, so registries with contexts (`:.name:`) answer
//! for their default context.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = registry_client::Client::new(registry_client::Settings {
//!     url: "http://127.0.0.1:8081/apis/ccompat/v7".to_owned(),
//!     ..Default::default()
//! })?;
//! let schema = client.schema_by_id(1).await?;
//! # Ok(()) }
//! ```

mod call;
mod client;
mod error;
mod flight;
mod recent;
mod references;
mod retry;
mod schema;
mod settings;

pub use client::Client;
pub use error::{Disposition, RegistryError};
pub use schema::{
    Compatibility, Level, NewSchema, Reference, RegisteredSchema, ResolvedReference, SchemaKind,
    SubjectVersion, Version,
};
pub use settings::{Auth, Settings, SettingsError};
