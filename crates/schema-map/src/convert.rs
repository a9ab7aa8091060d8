//! A field's type and a column's type in, how a value gets from one to the other out.
//!
//! Everything that is allowed is in this table; all of it keeps the value as it was.
//!
//! | Avro | ClickHouse |
//! |---|---|
//! | boolean | Bool, `UInt8` |
//! | int | Int32, Int64, Float64 |
//! | long | Int64 |
//! | float | Float32, Float64 |
//! | double | Float64 |
//! | bytes | String |
//! | string | String, LowCardinality(String) |
//! | enum | String, LowCardinality(String) |
//! | uuid on string | UUID, String, LowCardinality(String) |
//! | date | Date32, Date; a day outside the column's range is a bad record |
//! | timestamp-millis | `DateTime64(3)`, any zone; years 1900 to 2299, else a bad record |
//! | timestamp-micros | `DateTime64(6)`, any zone; years 1900 to 2299, else a bad record |
//! | decimal(p, s) on bytes | Decimal(P, s) with p <= P <= 38 |
//! | array of T | Array(what T allows) |
//! | map of T | Map(String or LowCardinality(String), what T allows) |
//! | null and T, either order | Nullable(what T allows), LowCardinality(Nullable(String)) |
//! | T, never null | the same as null and T |
//! | null | Nullable(anything above) |

#![expect(clippy::wildcard_enum_match_arm, reason = "what the table does not list is refused")]

use crate::{ColumnType, Kind, Logical, Schema, TypeId};

mod describe;

pub(crate) use self::describe::describe;

/// How values get into a column. Which symbols an enum has and what lies inside records is in the
/// schema; this only says which of the ways above is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// No value: always NULL.
    Null,
    /// One byte, 0 or 1.
    Boolean,
    /// 32-bit number as it is.
    Int32,
    /// 32-bit number widened.
    IntToInt64,
    /// 32-bit number as a float, exact.
    IntToFloat64,
    /// 64-bit number as it is.
    Int64,
    /// 32-bit float as it is.
    Float32,
    /// 32-bit float widened, exact.
    FloatToFloat64,
    /// 64-bit float as it is.
    Float64,
    /// UTF-8 text, into a String or a dictionary.
    Text,
    /// Bytes into a String.
    Bytes,
    /// The symbol's text, into a String or a dictionary.
    Symbol,
    /// Text of a UUID into its 16 bytes.
    Uuid,
    /// Days into 16 bits.
    Date16,
    /// Days into 32 bits.
    Date32,
    /// Ticks as they are, within years 1900 to 2299.
    Timestamp,
    /// Unscaled number into the width of the column's precision.
    Decimal,
    /// NULL or a value.
    Nullable {
        /// Which branch of the union is null; `None` where the value is never null.
        null_branch: Option<usize>,
        /// How the value gets in.
        inner: Box<Conversion>,
    },
    /// Each item.
    Array(Box<Conversion>),
    /// Each key as [`Conversion::Text`], and each value.
    Map(Box<Conversion>),
}

/// Why a field does not fit: what would have fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// Type or rule that would do.
    pub(crate) needed: String,
    /// The type the column could be altered to, if one is known.
    pub(crate) alter_to: Option<ColumnType>,
}

/// The way from the type at `id` to `column`, by the table above.
pub(crate) fn conversion(
    schema: &Schema,
    id: TypeId,
    column: &ColumnType,
) -> Result<Conversion, Obstacle> {
    if let Some((null_branch, value)) = schema.nullable(id) {
        return nullable(schema, id, Some(null_branch), value, column);
    }
    if column.is_nullable() {
        return nullable(schema, id, None, id, column);
    }
    let found = schema.get(id);
    let way = match (&found.kind, column) {
        (Kind::Array(items), ColumnType::Array(inner)) => {
            Some(Conversion::Array(Box::new(conversion(schema, *items, inner)?)))
        }
        (Kind::Map(values), ColumnType::Map(key, value)) if is_text(key) => {
            Some(Conversion::Map(Box::new(conversion(schema, *values, value)?)))
        }
        (kind, column) => match found.logical {
            Some(logical) => with_logical(kind, logical, column),
            None => plain(kind, column),
        },
    };
    way.ok_or_else(|| obstacle(schema, id))
}

/// The column type [`crate::create_table`] gives the type at `id`.
///
/// # Errors
///
/// A sentence about what cannot be done yet.
pub(crate) fn column_for(schema: &Schema, id: TypeId) -> Result<ColumnType, String> {
    if let Some((_, value)) = schema.nullable(id) {
        return match column_for(schema, value)? {
            ColumnType::LowCardinality(inner) => {
                Ok(ColumnType::LowCardinality(Box::new(ColumnType::Nullable(inner))))
            }
            ColumnType::Array(_) | ColumnType::Map(..) => Err(format!(
                "{} is not supported yet: ClickHouse has no Nullable of it",
                describe(schema, id)
            )),
            inner => Ok(ColumnType::Nullable(Box::new(inner))),
        };
    }
    let found = schema.get(id);
    let utc = || Some("UTC".to_owned());
    Ok(match (&found.kind, found.logical) {
        (Kind::Boolean, None) => ColumnType::Bool,
        (Kind::Int, None) => ColumnType::Int32,
        (Kind::Long, None) => ColumnType::Int64,
        (Kind::Float, None) => ColumnType::Float32,
        (Kind::Double, None) => ColumnType::Float64,
        (Kind::Bytes | Kind::String, None) => ColumnType::String,
        (Kind::Enum { .. }, _) => ColumnType::LowCardinality(Box::new(ColumnType::String)),
        (Kind::String, Some(Logical::Uuid)) => ColumnType::Uuid,
        (_, Some(Logical::Date)) => ColumnType::Date32,
        (_, Some(Logical::TimestampMillis)) => ColumnType::DateTime64 { precision: 3, tz: utc() },
        (_, Some(Logical::TimestampMicros)) => ColumnType::DateTime64 { precision: 6, tz: utc() },
        (Kind::Bytes, Some(Logical::Decimal { precision, scale })) if precision <= 38 => {
            match (u8::try_from(precision), u8::try_from(scale)) {
                (Ok(precision), Ok(scale)) => ColumnType::Decimal { precision, scale },
                _ => return Err(unsupported(schema, id)),
            }
        }
        (Kind::Array(items), _) => ColumnType::Array(Box::new(column_for(schema, *items)?)),
        (Kind::Map(values), _) => {
            ColumnType::Map(Box::new(ColumnType::String), Box::new(column_for(schema, *values)?))
        }
        _ => return Err(unsupported(schema, id)),
    })
}

/// Whether some field could fill a column of this type. A column for which this is false is left
/// out of every insert, so it never splits one.
pub(crate) fn is_writable(column: &ColumnType) -> bool {
    match column {
        ColumnType::Bool
        | ColumnType::UInt8
        | ColumnType::Int32
        | ColumnType::Int64
        | ColumnType::Float32
        | ColumnType::Float64
        | ColumnType::String
        | ColumnType::Uuid
        | ColumnType::Date
        | ColumnType::Date32
        | ColumnType::DateTime64 { precision: 3 | 6, .. } => true,
        ColumnType::Decimal { precision, .. } => *precision <= 38,
        ColumnType::LowCardinality(inner) => match inner.as_ref() {
            ColumnType::Nullable(inner) => **inner == ColumnType::String,
            inner => *inner == ColumnType::String,
        },
        ColumnType::Nullable(inner) => {
            let nests = matches!(
                inner.as_ref(),
                ColumnType::Nullable(_)
                    | ColumnType::LowCardinality(_)
                    | ColumnType::Array(_)
                    | ColumnType::Map(..)
            );
            !nests && is_writable(inner)
        }
        ColumnType::Array(inner) => is_writable(inner),
        ColumnType::Map(key, value) => is_text(key) && is_writable(value),
        _ => false,
    }
}

fn nullable(
    schema: &Schema,
    whole: TypeId,
    null_branch: Option<usize>,
    value: TypeId,
    column: &ColumnType,
) -> Result<Conversion, Obstacle> {
    let refuse = || obstacle(schema, whole);
    let inner = match column {
        ColumnType::Nullable(inner) if is_writable(column) => inner.as_ref().clone(),
        ColumnType::LowCardinality(inner) if is_writable(column) => match inner.as_ref() {
            ColumnType::Nullable(inner) => ColumnType::LowCardinality(inner.clone()),
            _ => return Err(refuse()),
        },
        _ => return Err(refuse()),
    };
    if schema.get(value).kind == Kind::Null {
        return Ok(Conversion::Null);
    }
    let inner = conversion(schema, value, &inner).map_err(|_| refuse())?;
    Ok(Conversion::Nullable { null_branch, inner: Box::new(inner) })
}

fn plain(kind: &Kind, column: &ColumnType) -> Option<Conversion> {
    Some(match (kind, column) {
        (Kind::Boolean, ColumnType::Bool | ColumnType::UInt8) => Conversion::Boolean,
        (Kind::Int, ColumnType::Int32) => Conversion::Int32,
        (Kind::Int, ColumnType::Int64) => Conversion::IntToInt64,
        (Kind::Int, ColumnType::Float64) => Conversion::IntToFloat64,
        (Kind::Long, ColumnType::Int64) => Conversion::Int64,
        (Kind::Float, ColumnType::Float32) => Conversion::Float32,
        (Kind::Float, ColumnType::Float64) => Conversion::FloatToFloat64,
        (Kind::Double, ColumnType::Float64) => Conversion::Float64,
        (Kind::Bytes, ColumnType::String) => Conversion::Bytes,
        (Kind::String, column) if is_text(column) => Conversion::Text,
        (Kind::Enum { .. }, column) if is_text(column) => Conversion::Symbol,
        _ => return None,
    })
}

fn with_logical(kind: &Kind, logical: Logical, column: &ColumnType) -> Option<Conversion> {
    Some(match (logical, kind, column) {
        (Logical::Uuid, Kind::String, ColumnType::Uuid) => Conversion::Uuid,
        (Logical::Uuid, Kind::String, column) if is_text(column) => Conversion::Text,
        (Logical::Date, _, ColumnType::Date) => Conversion::Date16,
        (Logical::Date, _, ColumnType::Date32) => Conversion::Date32,
        (Logical::TimestampMillis, _, ColumnType::DateTime64 { precision: 3, .. })
        | (Logical::TimestampMicros, _, ColumnType::DateTime64 { precision: 6, .. }) => {
            Conversion::Timestamp
        }
        (
            Logical::Decimal { precision, scale },
            Kind::Bytes,
            ColumnType::Decimal { precision: column_precision @ ..=38, scale: column_scale },
        ) if scale == usize::from(*column_scale) && precision <= usize::from(*column_precision) => {
            Conversion::Decimal
        }
        _ => return None,
    })
}

fn is_text(column: &ColumnType) -> bool {
    match column {
        ColumnType::String => true,
        ColumnType::LowCardinality(inner) => **inner == ColumnType::String,
        _ => false,
    }
}

fn obstacle(schema: &Schema, id: TypeId) -> Obstacle {
    match column_for(schema, id) {
        Ok(fitting) => Obstacle { needed: fitting.to_string(), alter_to: Some(fitting) },
        Err(sentence) => Obstacle { needed: sentence, alter_to: None },
    }
}

fn unsupported(schema: &Schema, id: TypeId) -> String {
    format!("{} is not supported yet", describe(schema, id))
}

#[cfg(test)]
mod tests;
