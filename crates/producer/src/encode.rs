//! Events in, framed Avro bytes out.

use anyhow::Context;
use apache_avro::{Schema, writer::datum::GenericDatumWriter};
use serde::Serialize;

/// Encodes events of one schema, each into the same buffer.
///
/// Straight from serde to bytes: apache-avro 0.22 needs no `Value` in between.
pub struct Encoder<'schema> {
    writer: GenericDatumWriter<'schema>,
    /// 0 and the schema id, in front of every datum.
    frame: [u8; 5],
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl<'schema> Encoder<'schema> {
    /// Creates an encoder for `schema`, registered as `schema_id`.
    ///
    /// # Errors
    ///
    /// When the schema refers to types that it does not define.
    pub fn new(schema: &'schema Schema, schema_id: u32) -> anyhow::Result<Self> {
        let writer = GenericDatumWriter::builder(schema)
            .human_readable(false)
            .build()
            .context("prepare the schema of the events")?;
        let [a, b, c, d] = schema_id.to_be_bytes();
        Ok(Self { writer, frame: [0, a, b, c, d], bytes: Vec::with_capacity(256) })
    }

    /// Encodes one event. The bytes are valid until the next one.
    ///
    /// # Errors
    ///
    /// When the event does not fit the schema: a bug of the workload.
    pub fn encode(&mut self, event: &impl Serialize) -> anyhow::Result<&[u8]> {
        self.bytes.clear();
        self.bytes.extend_from_slice(&self.frame);
        self.writer.write_ser(&mut self.bytes, event).context("encode event")?;
        Ok(&self.bytes)
    }
}

#[cfg(test)]
mod tests;
