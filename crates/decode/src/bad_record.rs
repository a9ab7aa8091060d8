//! Why a record cannot become a row.

/// A record that cannot become a row. It goes to the dead letters with this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", reason.as_str())]
pub struct BadRecord {
    /// What is wrong, one of a closed list.
    pub reason: Reason,
    /// Where: names of fields and positions in bytes, never contents.
    pub detail: String,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Shorter than the five bytes that name the schema.
    TooShort,
    /// The first byte is not the zero that says: a schema id follows.
    BadMagic,
    /// Ends inside a value.
    Truncated,
    /// Goes on after its last value.
    TrailingBytes,
    /// A text that is not UTF-8.
    BadUtf8,
    /// A union has no branch of that number.
    BadUnionIndex,
    /// An enum has no symbol of that number.
    BadEnumIndex,
    /// A number of too many bytes or bits.
    BadVarint,
    /// A boolean that is neither 0 nor 1.
    BadBoolean,
    /// A length below zero.
    BadLength,
    /// A text that is not a UUID in the form `8-4-4-4-12`.
    BadUuid,
    /// A value that the column cannot hold.
    OutOfRange,
    /// More items of arrays and maps than one record may have.
    TooManyItems,
    /// Values inside values beyond the limit.
    TooDeep,
}

impl Reason {
    /// All of them, for tables of counters and documents.
    pub const ALL: [Self; 14] = [
        Self::TooShort,
        Self::BadMagic,
        Self::Truncated,
        Self::TrailingBytes,
        Self::BadUtf8,
        Self::BadUnionIndex,
        Self::BadEnumIndex,
        Self::BadVarint,
        Self::BadBoolean,
        Self::BadLength,
        Self::BadUuid,
        Self::OutOfRange,
        Self::TooManyItems,
        Self::TooDeep,
    ];

    /// The word for headers and metrics; it does not change between releases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::BadMagic => "bad-magic",
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing-bytes",
            Self::BadUtf8 => "bad-utf8",
            Self::BadUnionIndex => "bad-union-index",
            Self::BadEnumIndex => "bad-enum-index",
            Self::BadVarint => "bad-varint",
            Self::BadBoolean => "bad-boolean",
            Self::BadLength => "bad-length",
            Self::BadUuid => "bad-uuid",
            Self::OutOfRange => "out-of-range",
            Self::TooManyItems => "too-many-items",
            Self::TooDeep => "too-deep",
        }
    }
}
