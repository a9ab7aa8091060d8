//! Typed description in, ClickHouse's own spelling of the type out.

use std::fmt::{self, Display, Formatter};

use super::ColumnType;

impl Display for ColumnType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("Bool"),
            Self::Int8 => f.write_str("Int8"),
            Self::Int16 => f.write_str("Int16"),
            Self::Int32 => f.write_str("Int32"),
            Self::Int64 => f.write_str("Int64"),
            Self::Int128 => f.write_str("Int128"),
            Self::Int256 => f.write_str("Int256"),
            Self::UInt8 => f.write_str("UInt8"),
            Self::UInt16 => f.write_str("UInt16"),
            Self::UInt32 => f.write_str("UInt32"),
            Self::UInt64 => f.write_str("UInt64"),
            Self::UInt128 => f.write_str("UInt128"),
            Self::UInt256 => f.write_str("UInt256"),
            Self::Float32 => f.write_str("Float32"),
            Self::Float64 => f.write_str("Float64"),
            Self::String => f.write_str("String"),
            Self::FixedString(size) => write!(f, "FixedString({size})"),
            Self::Uuid => f.write_str("UUID"),
            Self::Date => f.write_str("Date"),
            Self::Date32 => f.write_str("Date32"),
            Self::DateTime { tz: None } => f.write_str("DateTime"),
            Self::DateTime { tz: Some(tz) } => write!(f, "DateTime({})", Quoted(tz)),
            Self::DateTime64 { precision, tz: None } => write!(f, "DateTime64({precision})"),
            Self::DateTime64 { precision, tz: Some(tz) } => {
                write!(f, "DateTime64({precision}, {})", Quoted(tz))
            }
            Self::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
            Self::Enum8(values) => write_enum(f, "Enum8", values),
            Self::Enum16(values) => write_enum(f, "Enum16", values),
            Self::LowCardinality(inner) => write!(f, "LowCardinality({inner})"),
            Self::Nullable(inner) => write!(f, "Nullable({inner})"),
            Self::Array(inner) => write!(f, "Array({inner})"),
            Self::Map(key, value) => write!(f, "Map({key}, {value})"),
            Self::Tuple(elements) => write_tuple(f, elements),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// A string literal: single quotes, backslash escapes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("'")?;
        for letter in self.0.chars() {
            match letter {
                '\'' => f.write_str("\\'")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                '\0' => f.write_str("\\0")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("'")
    }
}

fn write_enum<T: Display>(
    f: &mut Formatter<'_>,
    name: &str,
    values: &[(String, T)],
) -> fmt::Result {
    write!(f, "{name}(")?;
    for (index, (label, value)) in values.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{} = {value}", Quoted(label))?;
    }
    f.write_str(")")
}

fn write_tuple(f: &mut Formatter<'_>, elements: &[(Option<String>, ColumnType)]) -> fmt::Result {
    f.write_str("Tuple(")?;
    for (index, (name, element)) in elements.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        match name {
            Some(name) => write!(f, "{comma}{} {element}", crate::table::identifier(name))?,
            None => write!(f, "{comma}{element}")?,
        }
    }
    f.write_str(")")
}
