//! A type of the schema and its bytes in, nothing but the verdict that they are whole out.

use schema_map::{Kind, Schema, TypeId};

use crate::{Reason, read::Input};

/// Values inside values of a field without a column. A schema may contain itself, so its own
/// nesting does not bound that of a record.
const DEPTH_MAX: usize = 64;

/// For every type of a schema, how to read over it. All checks of a stored value are made, so
/// that whether a record is good does not depend on which columns a table has.
#[derive(Debug, Default)]
pub(super) struct Skips(Vec<Skip>);

#[derive(Debug)]
enum Skip {
    Nothing,
    Boolean,
    Int,
    Long,
    Fixed(usize),
    Text,
    Bytes,
    /// One of so many symbols.
    Enum(usize),
    Union(Vec<usize>),
    Record(Vec<usize>),
    Array(usize),
    Map(usize),
}

impl Skips {
    pub(super) fn compile(schema: &Schema) -> Self {
        let places = |ids: &[TypeId]| ids.iter().map(|id| id.index()).collect();
        let skip = |kind: &Kind| match kind {
            Kind::Null => Skip::Nothing,
            Kind::Boolean => Skip::Boolean,
            Kind::Int => Skip::Int,
            Kind::Long => Skip::Long,
            Kind::Float => Skip::Fixed(4),
            Kind::Double => Skip::Fixed(8),
            Kind::Fixed(size) => Skip::Fixed(*size),
            Kind::String => Skip::Text,
            Kind::Bytes => Skip::Bytes,
            Kind::Enum { symbols, .. } => Skip::Enum(symbols.len()),
            Kind::Array(items) => Skip::Array(items.index()),
            Kind::Map(values) => Skip::Map(values.index()),
            Kind::Union(branches) => Skip::Union(places(branches)),
            Kind::Record(fields) => {
                Skip::Record(fields.iter().map(|field| field.schema.index()).collect())
            }
        };
        Self(schema.types().iter().map(|found| skip(&found.kind)).collect())
    }

    /// Reads over one value.
    pub(super) fn run(&self, id: TypeId, input: &mut Input<'_>) -> Result<(), Reason> {
        self.value(id.index(), input, DEPTH_MAX)
    }

    fn value(&self, id: usize, input: &mut Input<'_>, depth: usize) -> Result<(), Reason> {
        let depth = depth.checked_sub(1).ok_or(Reason::TooDeep)?;
        match &self.0[id] {
            Skip::Nothing => {}
            Skip::Boolean => {
                input.boolean()?;
            }
            Skip::Int => {
                input.int()?;
            }
            Skip::Long => {
                input.long()?;
            }
            Skip::Fixed(size) => {
                input.take(*size)?;
            }
            Skip::Text => {
                input.text()?;
            }
            Skip::Bytes => {
                input.bytes()?;
            }
            Skip::Enum(symbols) => {
                input.index(*symbols, Reason::BadEnumIndex)?;
            }
            Skip::Union(branches) => {
                let branch = input.index(branches.len(), Reason::BadUnionIndex)?;
                self.value(branches[branch], input, depth)?;
            }
            Skip::Record(fields) => {
                for field in fields {
                    self.value(*field, input, depth)?;
                }
            }
            Skip::Array(items) => {
                self.items(input, |input| self.value(*items, input, depth))?;
            }
            Skip::Map(values) => {
                self.items(input, |input| {
                    input.text()?;
                    self.value(*values, input, depth)
                })?;
            }
        }
        Ok(())
    }

    fn items<'a>(
        &self,
        input: &mut Input<'a>,
        each: impl Fn(&mut Input<'a>) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        loop {
            let count = input.block()?;
            if count == 0 {
                return Ok(());
            }
            for _ in 0..count {
                each(input)?;
            }
        }
    }
}
