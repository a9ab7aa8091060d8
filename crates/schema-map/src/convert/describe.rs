//! A type in, the few words a person would say for it out.

use crate::{Kind, Logical, Schema, TypeId};

/// Branches of a union that are spelled out.
const BRANCHES_MAX: usize = 8;

/// Words for the type at `id`, such as `array of string` or `null or decimal(10, 2)`.
pub(crate) fn describe(schema: &Schema, id: TypeId) -> String {
    let found = schema.get(id);
    let base = match &found.kind {
        Kind::Null => "null".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Int => "int".to_owned(),
        Kind::Long => "long".to_owned(),
        Kind::Float => "float".to_owned(),
        Kind::Double => "double".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Fixed(size) => format!("fixed({size})"),
        Kind::Enum { .. } => format!("enum {}", name(schema, id)),
        Kind::Record(_) => format!("record {}", name(schema, id)),
        Kind::Array(items) => format!("array of {}", describe(schema, *items)),
        Kind::Map(values) => format!("map of {}", describe(schema, *values)),
        Kind::Union(branches) => {
            let mut words: Vec<_> = branches
                .iter()
                .take(BRANCHES_MAX)
                .map(|branch| describe(schema, *branch))
                .collect();
            if branches.len() > BRANCHES_MAX {
                words.push("more".to_owned());
            }
            words.join(" or ")
        }
    };
    match found.logical {
        None => base,
        Some(logical) => format!("{} on {base}", logical_name(logical)),
    }
}

fn name(schema: &Schema, id: TypeId) -> &str {
    schema.get(id).name.as_ref().map_or("", |name| name.full.as_str())
}

fn logical_name(logical: Logical) -> String {
    match logical {
        Logical::Decimal { precision, scale } => return format!("decimal({precision}, {scale})"),
        Logical::Uuid => "uuid",
        Logical::Date => "date",
        Logical::TimeMillis => "time-millis",
        Logical::TimeMicros => "time-micros",
        Logical::TimestampMillis => "timestamp-millis",
        Logical::TimestampMicros => "timestamp-micros",
        Logical::TimestampNanos => "timestamp-nanos",
        Logical::LocalTimestampMillis => "local-timestamp-millis",
        Logical::LocalTimestampMicros => "local-timestamp-micros",
        Logical::LocalTimestampNanos => "local-timestamp-nanos",
        Logical::Duration => "duration",
    }
    .to_owned()
}
