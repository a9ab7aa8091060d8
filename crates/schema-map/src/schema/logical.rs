//! Attributes of a type in, its logical type out.

use serde_json::Value;

use super::{Attributes, Kind};

/// A known logical type on a kind it may stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// Unscaled number on bytes or fixed.
    Decimal {
        /// Decimal digits, at least 1.
        precision: usize,
        /// Digits after the point, at most `precision`.
        scale: usize,
    },
    /// On string or fixed(16).
    Uuid,
    /// Days since 1970-01-01 on int.
    Date,
    /// Milliseconds of a day on int.
    TimeMillis,
    /// Microseconds of a day on long.
    TimeMicros,
    /// Milliseconds since 1970 UTC on long.
    TimestampMillis,
    /// Microseconds since 1970 UTC on long.
    TimestampMicros,
    /// Nanoseconds since 1970 UTC on long.
    TimestampNanos,
    /// Milliseconds since 1970, no zone, on long.
    LocalTimestampMillis,
    /// Microseconds since 1970, no zone, on long.
    LocalTimestampMicros,
    /// Nanoseconds since 1970, no zone, on long.
    LocalTimestampNanos,
    /// Months, days, milliseconds on fixed(12).
    Duration,
}

impl Logical {
    /// The logical type `attributes` name, if it is known and may stand on `kind`. Anything else
    /// is ignored, as the specification asks of readers.
    pub(super) fn read(kind: &Kind, attributes: &Attributes) -> Option<Self> {
        let name = attributes.get("logicalType")?.as_str()?;
        match (name, kind) {
            ("decimal", Kind::Bytes | Kind::Fixed(_)) => decimal(kind, attributes),
            ("uuid", Kind::String | Kind::Fixed(16)) => Some(Self::Uuid),
            ("date", Kind::Int) => Some(Self::Date),
            ("time-millis", Kind::Int) => Some(Self::TimeMillis),
            ("time-micros", Kind::Long) => Some(Self::TimeMicros),
            ("timestamp-millis", Kind::Long) => Some(Self::TimestampMillis),
            ("timestamp-micros", Kind::Long) => Some(Self::TimestampMicros),
            ("timestamp-nanos", Kind::Long) => Some(Self::TimestampNanos),
            ("local-timestamp-millis", Kind::Long) => Some(Self::LocalTimestampMillis),
            ("local-timestamp-micros", Kind::Long) => Some(Self::LocalTimestampMicros),
            ("local-timestamp-nanos", Kind::Long) => Some(Self::LocalTimestampNanos),
            ("duration", Kind::Fixed(12)) => Some(Self::Duration),
            _ => None,
        }
    }
}

fn decimal(kind: &Kind, attributes: &Attributes) -> Option<Logical> {
    let number = |name| match attributes.get(name) {
        None => Some(0),
        Some(value) => value.as_u64().and_then(|value| usize::try_from(value).ok()),
    };
    let (precision, scale) = (number("precision")?, number("scale")?);
    // Digits that always fit n bytes of two's complement: floor((8n - 1) * log10(2)).
    let room = |size: usize| (8 * size).saturating_sub(1) * 30_103 / 100_000;
    let fits = if let Kind::Fixed(size) = kind { precision <= room(*size) } else { true };
    (precision > 0 && scale <= precision && fits).then_some(Logical::Decimal { precision, scale })
}

/// The attribute as a list of texts: missing is empty, anything but a list of texts is `None`.
pub(super) fn texts(attributes: &mut Attributes, name: &str) -> Option<Vec<String>> {
    match attributes.remove(name) {
        None => Some(Vec::new()),
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        Some(_) => None,
    }
}
