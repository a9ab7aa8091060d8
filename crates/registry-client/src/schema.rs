//! The registry's JSON in, what callers work with out.

use serde::{Deserialize, Serialize};

/// The language a schema is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum SchemaKind {
    /// Apache Avro; registries leave it out of their answers.
    #[default]
    #[serde(rename = "AVRO")]
    Avro,
    /// JSON Schema.
    #[serde(rename = "JSON")]
    JsonSchema,
    /// Protocol Buffers.
    #[serde(rename = "PROTOBUF")]
    Protobuf,
}

/// A schema that another one uses, as the registry names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Reference {
    /// The name by which the schema's text uses it: a full type name, or an import path.
    pub name: String,
    /// Subject under which it is registered.
    pub subject: String,
    /// Version in that subject.
    pub version: u32,
}

/// A reference together with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedReference {
    /// The name by which it is used.
    pub name: String,
    /// Subject under which it is registered.
    pub subject: String,
    /// Version in that subject.
    pub version: u32,
    /// The schema itself.
    pub text: String,
}

/// A schema with everything that is needed to compile it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// The id in front of the records written with it.
    pub id: u32,
    /// The language of `text`.
    pub kind: SchemaKind,
    /// The schema itself.
    pub text: String,
    /// All schemas it uses, directly or not, each once, and none before those it uses itself.
    pub references: Vec<ResolvedReference>,
}

/// A schema to be registered or looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewSchema {
    /// The language of `text`.
    #[serde(rename = "schemaType")]
    pub kind: SchemaKind,
    /// The schema itself.
    #[serde(rename = "schema")]
    pub text: String,
    /// The schemas it uses directly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
}

/// One version of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubjectVersion {
    /// The subject.
    pub subject: String,
    /// The version.
    pub version: u32,
    /// The schema's id.
    pub id: u32,
    /// The language of `text`.
    #[serde(rename = "schemaType", default)]
    pub kind: SchemaKind,
    /// The schema itself.
    #[serde(rename = "schema")]
    pub text: String,
    /// The schemas it uses directly.
    #[serde(default)]
    pub references: Vec<Reference>,
}

/// Which version of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest one.
    Latest,
    /// This one; the first is 1.
    Number(u32),
}

/// Whether a schema may follow a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compatibility {
    /// It may.
    pub compatible: bool,
    /// The registry's reasons when it may not, as far as it gives any.
    pub messages: Vec<String>,
}

/// What a new version must be compatible with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Nothing.
    None,
    /// New readers read data of the last version.
    Backward,
    /// New readers read data of all versions.
    BackwardTransitive,
    /// Readers of the last version read new data.
    Forward,
    /// Readers of all versions read new data.
    ForwardTransitive,
    /// Both ways, against the last version.
    Full,
    /// Both ways, against all versions.
    FullTransitive,
}

/// Answer to a schema id, and the part of a version that a reference needs.
#[derive(Debug, Deserialize)]
pub(crate) struct SchemaAnswer {
    #[serde(rename = "schemaType", default)]
    pub(crate) kind: SchemaKind,
    #[serde(rename = "schema")]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) references: Vec<Reference>,
}

/// Answer to a registration.
#[derive(Debug, Deserialize)]
pub(crate) struct IdAnswer {
    pub(crate) id: u32,
}

/// Answer to a compatibility check. Apicurio leaves `messages` out.
#[derive(Debug, Deserialize)]
pub(crate) struct CompatibilityAnswer {
    pub(crate) is_compatible: bool,
    #[serde(default)]
    pub(crate) messages: Option<Vec<String>>,
}

/// Answer to a question about the configuration; the two spellings belong to GET and PUT.
#[derive(Debug, Deserialize)]
pub(crate) struct LevelAnswer {
    #[serde(rename = "compatibilityLevel", alias = "compatibility")]
    pub(crate) level: Level,
}

/// Body of a change of the configuration.
#[derive(Debug, Serialize)]
pub(crate) struct LevelChange {
    #[serde(rename = "compatibility")]
    pub(crate) level: Level,
}

/// Body of an error.
#[derive(Debug, Deserialize)]
pub(crate) struct ErrorAnswer {
    pub(crate) error_code: u32,
    #[serde(default)]
    pub(crate) message: String,
}
