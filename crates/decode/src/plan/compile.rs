//! A mapping in, one operation per field and per remaining column out.

use schema_map::{ColumnType, Conversion, Kind, Mapping, Mismatch, Schema, Source, TypeId};

use super::{FieldPlan, Rest, op::Op, scalar::Scalar};
use crate::{ColumnList, dictionary::Symbols, layout::Layout};

/// One operation per field of the root record, in the writer's order.
pub(super) fn fields(
    schema: &Schema,
    mapping: &Mapping,
    columns: &ColumnList,
) -> Result<Vec<FieldPlan>, Mismatch> {
    let fields = schema.fields().unwrap_or_default();
    let mut plans: Vec<_> = fields
        .iter()
        .map(|field| FieldPlan { op: Op::Skip(field.schema), name: field.name.clone() })
        .collect();
    for (mapped, column) in mapping.columns.iter().zip(columns.columns()) {
        let Source::Field { path, conversion } = &mapped.source else { continue };
        let refuse = |found: &str, needed: &str| {
            Mismatch::of_plan(&mapped.column, found.to_owned(), needed.to_owned())
        };
        let &[place] = path.as_slice() else {
            return Err(refuse("a field inside a field", "a field of the root record"));
        };
        let (Some(field), Some(plan)) = (fields.get(place), plans.get_mut(place)) else {
            return Err(refuse("a field that is not there", "a field of the schema"));
        };
        if !matches!(plan.op, Op::Skip(_)) {
            return Err(refuse("a field that has a column already", "one column per field"));
        }
        let join = Join { schema, id: field.schema, kind: &column.column_type };
        plan.op = join
            .op(conversion, &column.layout)
            .ok_or_else(|| refuse("a conversion that does not fit", "one of this schema"))?;
    }
    Ok(plans)
}

/// The columns that do not come from the record, in the order of the columns.
pub(super) fn rest(mapping: &Mapping, columns: &ColumnList) -> Vec<Rest> {
    let pairs = mapping.columns.iter().zip(columns.columns());
    pairs
        .filter_map(|(mapped, column)| match &mapped.source {
            Source::Field { .. } => None,
            Source::Metadata(kind) => Some(Rest::Metadata(*kind, column.layout.clone())),
            Source::TypeDefault => Some(Rest::Blank(column.layout.clone())),
        })
        .collect()
}

/// Fails where a column takes a field.
pub(super) fn refuse_fields(mapping: &Mapping) -> Result<(), Mismatch> {
    let takes = |source: &Source| matches!(source, Source::Field { .. });
    match mapping.columns.iter().find(|mapped| takes(&mapped.source)) {
        Some(mapped) => Err(Mismatch::of_plan(
            &mapped.column,
            "a field".to_owned(),
            "metadata or a default value".to_owned(),
        )),
        None => Ok(()),
    }
}

/// A type of the schema and the column type it goes to.
#[derive(Clone, Copy)]
struct Join<'a> {
    schema: &'a Schema,
    id: TypeId,
    kind: &'a ColumnType,
}

impl<'a> Join<'a> {
    fn op(self, conversion: &Conversion, layout: &Layout) -> Option<Op> {
        match (conversion, layout, self.kind) {
            (Conversion::Null, ..) => Some(Op::Blank(layout.clone())),
            (Conversion::Nullable { null_branch, inner }, ..) => {
                self.nullable(*null_branch, inner, layout)
            }
            (Conversion::Array(inner), Layout::Array { ends, items }, ColumnType::Array(kind)) => {
                let Kind::Array(id) = self.type_kind() else { return None };
                let item = self.with(*id, kind).op(inner, items)?;
                Some(Op::Array { ends: *ends, item: Box::new(item) })
            }
            (
                Conversion::Map(inner),
                Layout::Map { ends, keys, values },
                ColumnType::Map(_, kind),
            ) => {
                let Kind::Map(id) = self.type_kind() else { return None };
                let value = self.with(*id, kind).op(inner, values)?;
                Some(Op::Map { ends: *ends, entry: Box::new((text(keys)?, value)) })
            }
            _ => self.scalar(conversion, layout).map(Op::Scalar),
        }
    }

    fn scalar(self, conversion: &Conversion, layout: &Layout) -> Option<Scalar> {
        match (conversion, layout) {
            (Conversion::Text, layout) => text(layout),
            (Conversion::Symbol, Layout::Text { buffer }) => {
                Some(Scalar::Symbol(*buffer, self.symbols()?))
            }
            (Conversion::Symbol, Layout::Dictionary { dictionary }) => {
                Some(Scalar::DictionarySymbol(*dictionary, self.symbols()?))
            }
            (Conversion::Bytes, Layout::Text { buffer }) => Some(Scalar::Bytes(*buffer)),
            (conversion, Layout::Fixed { buffer, blank }) => {
                self.fixed(conversion, *buffer, blank.len())
            }
            _ => None,
        }
    }

    fn fixed(self, conversion: &Conversion, buffer: usize, width: usize) -> Option<Scalar> {
        Some(match (conversion, width, self.kind) {
            (Conversion::Boolean, 1, _) => Scalar::Boolean(buffer),
            (Conversion::Int32, 4, _) => Scalar::Int32(buffer),
            (Conversion::IntToInt64, 8, _) => Scalar::IntToInt64(buffer),
            (Conversion::IntToFloat64, 8, _) => Scalar::IntToFloat64(buffer),
            (Conversion::Int64, 8, _) => Scalar::Int64(buffer),
            (Conversion::Float32, 4, _) => Scalar::Raw4(buffer),
            (Conversion::FloatToFloat64, 8, _) => Scalar::FloatToFloat64(buffer),
            (Conversion::Float64, 8, _) => Scalar::Raw8(buffer),
            (Conversion::Uuid, 16, _) => Scalar::Uuid(buffer),
            (Conversion::Date16, 2, _) => Scalar::Date16(buffer),
            (Conversion::Date32, 4, _) => Scalar::Date32(buffer),
            (Conversion::Timestamp, 8, ColumnType::DateTime64 { precision, .. }) => {
                Scalar::timestamp(buffer, *precision)
            }
            (Conversion::Decimal, _, ColumnType::Decimal { precision, .. }) => {
                Scalar::decimal(buffer, width, *precision)?
            }
            _ => return None,
        })
    }

    fn nullable(
        self,
        null_branch: Option<usize>,
        inner: &Conversion,
        layout: &Layout,
    ) -> Option<Op> {
        let id = match null_branch {
            Some(_) => self.schema.nullable(self.id)?.1,
            None => self.id,
        };
        match (layout, self.kind) {
            (Layout::Nullable { nulls, inner: blank }, ColumnType::Nullable(kind)) => {
                let value = self.with(id, kind).scalar(inner, blank)?;
                let blank = blank.as_ref().clone();
                Some(match null_branch {
                    Some(branch) => Op::Nullable { branch, nulls: *nulls, value, blank },
                    None => Op::NeverNull { nulls: *nulls, value },
                })
            }
            (Layout::Dictionary { dictionary }, ColumnType::LowCardinality(kind)) => {
                let value = self.with(id, kind).scalar(inner, layout)?;
                Some(match null_branch {
                    Some(branch) => Op::NullableDictionary { branch, place: *dictionary, value },
                    None => Op::Scalar(value),
                })
            }
            _ => None,
        }
    }

    fn with(self, id: TypeId, kind: &'a ColumnType) -> Self {
        Self { id, kind, ..self }
    }

    fn type_kind(self) -> &'a Kind {
        &self.schema.get(self.id).kind
    }

    fn symbols(self) -> Option<Symbols> {
        let Kind::Enum { symbols, .. } = self.type_kind() else { return None };
        Some(symbols.iter().map(|symbol| Box::from(symbol.as_bytes())).collect())
    }
}

fn text(layout: &Layout) -> Option<Scalar> {
    match layout {
        Layout::Text { buffer } => Some(Scalar::Text(*buffer)),
        Layout::Dictionary { dictionary } => Some(Scalar::DictionaryText(*dictionary)),
        Layout::Fixed { .. }
        | Layout::Nullable { .. }
        | Layout::Array { .. }
        | Layout::Map { .. } => None,
    }
}
