//! A record's datum and metadata in, one row of a block out.

use std::{fmt, sync::Arc};

use schema_map::{Fingerprint, Mapping, Metadata, Mismatch, Schema};

use crate::{BadRecord, Block, ColumnList, Reason, layout::Layout, read::Input};

mod compile;
mod metadata;
mod op;
mod scalar;
mod skip;

use self::{op::Op, skip::Skips};

/// Changes whenever the same bytes could become another row than before. Part of
/// [`Plan::fingerprint`].
pub const DECODER_VERSION: u64 = 1;

/// How records of one writer schema become rows of one list of columns.
#[derive(Debug)]
pub struct Plan {
    columns: Arc<ColumnList>,
    /// The fields of the record in the order they were written.
    fields: Vec<FieldPlan>,
    skips: Skips,
    /// Columns that do not come from the record.
    rest: Vec<Rest>,
    fingerprint: u64,
}

#[derive(Debug)]
struct FieldPlan {
    op: Op,
    name: String,
}

#[derive(Debug)]
enum Rest {
    Metadata(Metadata, Layout),
    Blank(Layout),
}

/// What Kafka says about a record.
#[derive(Clone, Copy)]
pub struct RecordMeta<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition, from 0.
    pub partition: i32,
    /// Offset, from 0.
    pub offset: i64,
    /// Milliseconds since 1970 UTC; below 0 = none, which is kept as 1970-01-01.
    pub timestamp_ms: i64,
    /// Key.
    pub key: Option<&'a [u8]>,
    /// Headers; only asked for where a column takes them.
    pub headers: &'a Headers<'a>,
}

/// Calls its visitor once per header, in order.
pub type Headers<'a> = dyn Fn(&mut HeaderVisitor<'_>) + 'a;

/// Takes the name and the value of a header.
pub type HeaderVisitor<'a> = dyn FnMut(&str, Option<&[u8]>) + 'a;

/// [`RecordMeta::headers`] of a record that has none.
pub fn no_headers(_: &mut HeaderVisitor<'_>) {}

impl fmt::Debug for RecordMeta<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Key and headers are contents: they belong in no log.
        f.debug_struct("RecordMeta")
            .field("topic", &self.topic)
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Compiles the way of every field: into its column, or over it.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] where `mapping` was not made by [`schema_map::map`] for this schema.
    pub fn compile(schema: &Schema, mapping: &Mapping) -> Result<Self, Mismatch> {
        let columns = ColumnList::of(mapping)?;
        let fields = compile::fields(schema, mapping, &columns)?;
        Ok(Self::new(columns, mapping, fields, Skips::compile(schema)))
    }

    /// Compiles the way of records without a value: [`Mapping::metadata_only`]'s columns, and
    /// default values for the rest. Such a plan decodes empty datums only.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] where `mapping` takes fields.
    pub fn metadata_only(mapping: &Mapping) -> Result<Self, Mismatch> {
        let columns = ColumnList::of(mapping)?;
        compile::refuse_fields(mapping)?;
        Ok(Self::new(columns, mapping, Vec::new(), Skips::default()))
    }

    /// The columns of the rows it makes.
    pub fn columns(&self) -> &Arc<ColumnList> {
        &self.columns
    }

    /// A number that differs where a block is laid out or filled differently: it covers
    /// [`DECODER_VERSION`] and the columns with their types, and is the same for all writer
    /// schemas that fill the same columns.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Adds the row of one record to `block`, or leaves the block as it was.
    ///
    /// # Errors
    ///
    /// [`BadRecord`] where the datum is not one whole value of the writer schema, or a value is
    /// outside what its column can hold.
    ///
    /// # Panics
    ///
    /// When `block` was made for another list of columns.
    #[inline]
    pub fn decode(
        &self,
        datum: &[u8],
        record: &RecordMeta<'_>,
        block: &mut Block,
    ) -> Result<(), BadRecord> {
        assert!(
            self.columns.fingerprint() == block.columns().fingerprint(),
            "a block takes rows of one column list"
        );
        let mut input = Input::new(datum);
        let store = block.store();
        for (place, field) in self.fields.iter().enumerate() {
            if let Err(reason) = field.op.run(&mut input, store, &self.skips) {
                return Err(self.bad_field(reason, place, datum.len() - input.left(), block));
            }
        }
        if input.left() > 0 {
            block.roll_back();
            return Err(trailing(input.left()));
        }
        for rest in &self.rest {
            let done = match rest {
                Rest::Metadata(kind, layout) => metadata::push(*kind, record, layout, store),
                Rest::Blank(layout) => {
                    store.push_blank(layout);
                    Ok(())
                }
            };
            if let Err(reason) = done {
                block.roll_back();
                return Err(bad_metadata(reason));
            }
        }
        block.commit();
        Ok(())
    }

    fn new(columns: ColumnList, mapping: &Mapping, fields: Vec<FieldPlan>, skips: Skips) -> Self {
        let rest = compile::rest(mapping, &columns);
        let mut print = Fingerprint::new();
        print.number(DECODER_VERSION).number(columns.fingerprint());
        Self { columns: Arc::new(columns), fields, skips, rest, fingerprint: print.finish() }
    }

    #[cold]
    fn bad_field(&self, reason: Reason, place: usize, at: usize, block: &mut Block) -> BadRecord {
        block.roll_back();
        let name = self.fields.get(place).map_or("", |field| field.name.as_str());
        BadRecord { reason, detail: format!("field `{name}`, near byte {at} of the datum") }
    }
}

#[cold]
fn trailing(bytes: usize) -> BadRecord {
    let detail = format!("{bytes} bytes after the last field");
    BadRecord { reason: Reason::TrailingBytes, detail }
}

#[cold]
fn bad_metadata(reason: Reason) -> BadRecord {
    BadRecord { reason, detail: "partition or offset below 0".to_owned() }
}

#[cfg(test)]
mod tests;
