//! The next single value of a datum in, its column's buffer longer by that value out.

use crate::{
    Reason,
    block::Store,
    dictionary::Symbols,
    read::Input,
    value::{decimal, push_text, push_text_of, uuid},
};

/// What to do with a value that has no values inside. Numbers are places of buffers and
/// dictionaries in the [`Store`].
#[derive(Debug)]
pub(super) enum Scalar {
    Boolean(usize),
    Int32(usize),
    IntToInt64(usize),
    IntToFloat64(usize),
    Int64(usize),
    /// Four bytes as they are.
    Raw4(usize),
    /// Eight bytes as they are.
    Raw8(usize),
    FloatToFloat64(usize),
    Text(usize),
    DictionaryText(usize),
    Bytes(usize),
    Symbol(usize, Symbols),
    DictionarySymbol(usize, Symbols),
    Uuid(usize),
    Date16(usize),
    Date32(usize),
    /// Ticks from `first` to `last`.
    Timestamp {
        buffer: usize,
        first: i64,
        last: i64,
    },
    /// Unscaled numbers between `-end` and `end`, in four bytes.
    Decimal4 {
        buffer: usize,
        end: i128,
    },
    /// The same in eight bytes.
    Decimal8 {
        buffer: usize,
        end: i128,
    },
    /// The same in sixteen bytes.
    Decimal16 {
        buffer: usize,
        end: i128,
    },
}

/// Days of `Date32`: 1900-01-01 to 2299-12-31, as ClickHouse documents the type.
const DATE32: std::ops::RangeInclusive<i32> = -25_567..=120_529;

/// Seconds of `DateTime64`: those days, the end excluded.
const DATE_TIME64: std::ops::Range<i64> = -25_567 * 86_400..120_530 * 86_400;

impl Scalar {
    /// Ticks of 10^-precision seconds within the years that ClickHouse can show.
    pub(super) fn timestamp(buffer: usize, precision: u8) -> Self {
        let ticks = 10_i64.saturating_pow(u32::from(precision));
        let first = DATE_TIME64.start.saturating_mul(ticks);
        Self::Timestamp { buffer, first, last: DATE_TIME64.end.saturating_mul(ticks) - 1 }
    }

    /// Unscaled numbers of up to `precision` digits.
    pub(super) fn decimal(buffer: usize, width: usize, precision: u8) -> Option<Self> {
        let end = 10_i128.checked_pow(u32::from(precision))?;
        Some(match width {
            4 => Self::Decimal4 { buffer, end },
            8 => Self::Decimal8 { buffer, end },
            16 => Self::Decimal16 { buffer, end },
            _ => return None,
        })
    }

    /// Reads one value and stores it. What a failed value left in the store is for the caller to
    /// take back.
    #[inline(always)]
    pub(super) fn run(&self, input: &mut Input<'_>, store: &mut Store) -> Result<(), Reason> {
        match self {
            Self::Boolean(buffer) => store.push(*buffer, [input.boolean()?]),
            Self::Int32(buffer) => store.push(*buffer, input.int()?.to_le_bytes()),
            Self::IntToInt64(buffer) => store.push(*buffer, i64::from(input.int()?).to_le_bytes()),
            Self::IntToFloat64(buffer) => {
                store.push(*buffer, f64::from(input.int()?).to_le_bytes());
            }
            Self::Int64(buffer) => store.push(*buffer, input.long()?.to_le_bytes()),
            Self::Raw4(buffer) => store.push(*buffer, input.array::<4>()?),
            Self::Raw8(buffer) => store.push(*buffer, input.array::<8>()?),
            Self::FloatToFloat64(buffer) => {
                let narrow = f32::from_le_bytes(input.array()?);
                store.push(*buffer, f64::from(narrow).to_le_bytes());
            }
            Self::Text(buffer) => {
                let (window, size) = input.text_and_rest()?;
                push_text_of(&mut store.buffers[*buffer], window, size);
            }
            Self::DictionaryText(place) => store.dictionaries[*place].push_text(input.text()?),
            Self::Bytes(buffer) => push_text(&mut store.buffers[*buffer], input.bytes()?),
            Self::Symbol(buffer, symbols) => {
                let index = input.index(symbols.len(), Reason::BadEnumIndex)?;
                push_text(&mut store.buffers[*buffer], &symbols[index]);
            }
            Self::DictionarySymbol(place, symbols) => {
                let index = input.index(symbols.len(), Reason::BadEnumIndex)?;
                store.dictionaries[*place].push_symbol(symbols, index);
            }
            Self::Uuid(buffer) => store.push(*buffer, uuid(input.bytes()?)?),
            Self::Date16(buffer) => {
                let days = u16::try_from(input.int()?).map_err(|_| Reason::OutOfRange)?;
                store.push(*buffer, days.to_le_bytes());
            }
            Self::Date32(buffer) => {
                let days = input.int()?;
                in_range(DATE32.contains(&days))?;
                store.push(*buffer, days.to_le_bytes());
            }
            Self::Timestamp { buffer, first, last } => {
                let ticks = input.long()?;
                in_range(ticks >= *first && ticks <= *last)?;
                store.push(*buffer, ticks.to_le_bytes());
            }
            Self::Decimal4 { buffer, end } => {
                let value = number(input, *end)?;
                store.push(*buffer, i32::try_from(value).map_err(too_large)?.to_le_bytes());
            }
            Self::Decimal8 { buffer, end } => {
                let value = number(input, *end)?;
                store.push(*buffer, i64::try_from(value).map_err(too_large)?.to_le_bytes());
            }
            Self::Decimal16 { buffer, end } => {
                store.push(*buffer, number(input, *end)?.to_le_bytes());
            }
        }
        Ok(())
    }
}

#[inline(always)]
fn number(input: &mut Input<'_>, end: i128) -> Result<i128, Reason> {
    let value = decimal(input.bytes()?)?;
    in_range(-end < value && value < end)?;
    Ok(value)
}

#[inline(always)]
fn in_range(is: bool) -> Result<(), Reason> {
    if is { Ok(()) } else { Err(Reason::OutOfRange) }
}

fn too_large(_: std::num::TryFromIntError) -> Reason {
    Reason::OutOfRange
}
