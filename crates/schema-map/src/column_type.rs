//! ClickHouse type name in, typed description out, and back to ClickHouse's own spelling.

mod parse;
mod write;

/// The type of a ClickHouse column.
///
/// What this crate does not know is kept as [`ColumnType::Other`] with its text: such a column
/// can be looked at but is never written to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `Bool`, one byte, 0 or 1.
    Bool,
    /// `Int8`.
    Int8,
    /// `Int16`.
    Int16,
    /// `Int32`.
    Int32,
    /// `Int64`.
    Int64,
    /// `Int128`.
    Int128,
    /// `Int256`.
    Int256,
    /// `UInt8`.
    UInt8,
    /// `UInt16`.
    UInt16,
    /// `UInt32`.
    UInt32,
    /// `UInt64`.
    UInt64,
    /// `UInt128`.
    UInt128,
    /// `UInt256`.
    UInt256,
    /// `Float32`.
    Float32,
    /// `Float64`.
    Float64,
    /// `String`: any bytes.
    String,
    /// `FixedString(n)`: exactly `n` bytes.
    FixedString(u32),
    /// `UUID`.
    Uuid,
    /// `Date`: days since 1970-01-01 in 16 bits, up to 2149-06-06.
    Date,
    /// `Date32`: days since 1970-01-01 in 32 bits, 1900-01-01 to 2299-12-31.
    Date32,
    /// `DateTime` or `DateTime('zone')`: seconds in 32 bits.
    DateTime {
        /// Time zone used to show values; the stored number does not depend on it.
        tz: Option<String>,
    },
    /// `DateTime64(p)` or `DateTime64(p, 'zone')`: ticks of 10^-p seconds in 64 bits.
    DateTime64 {
        /// Decimal digits of a second, 0 to 9.
        precision: u8,
        /// Time zone used to show values; the stored number does not depend on it.
        tz: Option<String>,
    },
    /// `Decimal(p, s)`.
    Decimal {
        /// Decimal digits, 1 to 76.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// `Enum8(..)`: names and values as declared.
    Enum8(Vec<(String, i8)>),
    /// `Enum16(..)`: names and values as declared.
    Enum16(Vec<(String, i16)>),
    /// `LowCardinality(T)`.
    LowCardinality(Box<ColumnType>),
    /// `Nullable(T)`.
    Nullable(Box<ColumnType>),
    /// `Array(T)`.
    Array(Box<ColumnType>),
    /// `Map(K, V)`.
    Map(Box<ColumnType>, Box<ColumnType>),
    /// `Tuple(..)`, elements with or without a name.
    Tuple(Vec<(Option<String>, ColumnType)>),
    /// Anything else, or a known type with an unknown one inside: the text as it was.
    Other(String),
}

impl ColumnType {
    /// Reads a type as `system.columns.type` spells it. Never fails: what is not understood, or
    /// is nested deeper than 32 levels, becomes [`ColumnType::Other`] with the whole text.
    pub fn parse(text: &str) -> Self {
        parse::parse(text).unwrap_or_else(|| Self::Other(text.trim().to_owned()))
    }

    /// Whether a value of this type can be NULL, `LowCardinality(Nullable(T))` included.
    pub fn is_nullable(&self) -> bool {
        if let Self::LowCardinality(inner) = self {
            return inner.is_nullable();
        }
        matches!(self, Self::Nullable(_))
    }
}

#[cfg(test)]
mod tests;
