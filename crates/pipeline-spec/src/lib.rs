//! The pipeline document: YAML or JSON in, a checked [`Pipeline`] or every problem with it out.
//!
//! [`document`] and [`choices`] hold the types and their defaults, [`read`] turns text into them,
//! [`validate`] checks the values, [`similar()`] guesses what was meant, [`identity`] derives revision and names. [`store`] keeps
//! documents in Kafka, [`status`] is what sinks report about them, [`selector`] chooses among them
//! by label.
//!
//! **Invariant:** a value whose feature does not exist yet is refused, never ignored.

pub mod choices;
pub mod document;
pub mod identity;
pub mod read;
pub mod selector;
mod similar;
pub mod status;
pub mod store;
pub mod validate;

pub use choices::{
    Delivery, Envelope, Evolution, Format, KeyFormat, MetadataColumn, NullValue, OnError, Start,
    State,
};
pub use document::{Batch, Columns, Metadata, Pipeline, Source, Target};
pub use selector::Selector;
pub use similar::similar;
pub use validate::{Invalid, Problem};
