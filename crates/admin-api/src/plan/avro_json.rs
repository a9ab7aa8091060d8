//! An Avro datum and its schema in, JSON that a person can read out.
//!
//! For looking at records only: rows are made by the crate `decode`. Decimals, days, times and
//! bytes become text, since JSON has nothing of the kind; a record's values are as they were
//! written, whatever the table makes of them.

use schema_map::{Kind, Logical, Schema, TypeId};
use serde_json::{Map, Number, Value};

/// Levels of values inside values.
const DEPTH_MAX: usize = 64;
/// Values of one record, those inside others included.
const VALUES_MAX: usize = 100_000;

/// Reads one whole datum.
///
/// # Errors
///
/// A few words about what is wrong with it, without its contents.
pub fn decode(schema: &Schema, datum: &[u8]) -> Result<Value, &'static str> {
    let mut reader = Reader { schema, rest: datum, values: 0 };
    let value = reader.value(schema.root(), 0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err("bytes are left over") }
}

/// A time as text, `2026-11-21T10:00:00.123Z`; years beyond four digits as their number of ms.
#[must_use]
pub fn timestamp_ms(ms: i64) -> String {
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let Some(date) = date(days) else { return ms.to_string() };
    let (seconds, millis) = (in_day / 1_000, in_day % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{date}T{hours:02}:{minutes:02}:{:02}.{millis:03}Z", seconds % 60)
}

struct Reader<'a> {
    schema: &'a Schema,
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, id: TypeId, depth: usize) -> Result<Value, &'static str> {
        self.values += 1;
        if depth > DEPTH_MAX {
            return Err("nested too deep");
        }
        if self.values > VALUES_MAX {
            return Err("too many values");
        }
        let schema = self.schema;
        let found = schema.get(id);
        Ok(match &found.kind {
            Kind::Null => Value::Null,
            Kind::Boolean => match self.take(1)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err("a boolean that is neither 0 nor 1"),
            },
            Kind::Int | Kind::Long => number(self.long()?, found.logical),
            Kind::Float => {
                let bytes = self.take(4)?.try_into().map_err(|_| SHORT)?;
                float(f32::from_le_bytes(bytes).into())
            }
            Kind::Double => {
                let bytes = self.take(8)?.try_into().map_err(|_| SHORT)?;
                float(f64::from_le_bytes(bytes))
            }
            Kind::Bytes => {
                let bytes = self.counted()?;
                self.bytes(bytes, found.logical)
            }
            Kind::Fixed(length) => {
                let bytes = self.take(*length)?;
                self.bytes(bytes, found.logical)
            }
            Kind::String => Value::String(self.text()?.to_owned()),
            Kind::Enum { symbols, .. } => {
                let symbol =
                    usize::try_from(self.long()?).ok().and_then(|place| symbols.get(place));
                Value::String(symbol.ok_or("an enum has no such symbol")?.clone())
            }
            Kind::Array(items) => {
                let mut array = Vec::new();
                self.blocks(|reader| {
                    array.push(reader.value(*items, depth + 1)?);
                    Ok(())
                })?;
                Value::Array(array)
            }
            Kind::Map(values) => {
                let mut map = Map::new();
                self.blocks(|reader| {
                    let key = reader.text()?.to_owned();
                    map.insert(key, reader.value(*values, depth + 1)?);
                    Ok(())
                })?;
                Value::Object(map)
            }
            Kind::Union(branches) => {
                let branch =
                    usize::try_from(self.long()?).ok().and_then(|place| branches.get(place));
                self.value(*branch.ok_or("a union has no such branch")?, depth + 1)?
            }
            Kind::Record(fields) => {
                let mut map = Map::new();
                for field in fields {
                    map.insert(field.name.clone(), self.value(field.schema, depth + 1)?);
                }
                Value::Object(map)
            }
        })
    }

    /// Arrays and maps come in blocks of items, each with its count, and end with an empty one.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The block's length in bytes follows, for readers that skip it.
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                // Items of no bytes cost nothing to announce.
                self.values += 1;
                if self.values > VALUES_MAX {
                    return Err("too many values");
                }
                item(self)?;
            }
        }
    }

    fn long(&mut self) -> Result<i64, &'static str> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.take(1)? else { return Err(SHORT) };
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
            }
        }
        Err("a number of too many bytes")
    }

    fn counted(&mut self) -> Result<&'a [u8], &'static str> {
        let length = usize::try_from(self.long()?).map_err(|_| "a length below zero")?;
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, &'static str> {
        std::str::from_utf8(self.counted()?).map_err(|_| "a text that is not utf-8")
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bytes(&self, bytes: &[u8], logical: Option<Logical>) -> Value {
        match logical {
            Some(Logical::Decimal { scale, .. }) => {
                decimal(bytes, scale).map_or_else(|| hex(bytes), Value::String)
            }
            _ => std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), Value::from),
        }
    }
}

const SHORT: &str = "it ends inside a value";

fn hex(bytes: &[u8]) -> Value {
    Value::String(format!("0x{}", crate::auth::hex(bytes)))
}

fn number(value: i64, logical: Option<Logical>) -> Value {
    match logical {
        Some(Logical::Date) => date(value).map_or_else(|| value.into(), Value::String),
        Some(Logical::TimestampMillis) => Value::String(timestamp_ms(value)),
        Some(Logical::TimestampMicros) => {
            let text = timestamp_ms(value.div_euclid(1_000));
            let micros = value.rem_euclid(1_000);
            match text.strip_suffix('Z') {
                Some(text) => Value::String(format!("{text}{micros:03}Z")),
                None => value.into(),
            }
        }
        _ => value.into(),
    }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

/// A big-endian number in two's complement, with a point `scale` digits from its end; `None`
/// beyond 16 bytes.
fn decimal(bytes: &[u8], scale: usize) -> Option<String> {
    if bytes.len() > 16 {
        return None;
    }
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let start = if negative { -1_i128 } else { 0 };
    let value = bytes.iter().fold(start, |value, byte| value << 8 | i128::from(*byte));
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at_checked(digits.len() - scale)?;
    let sign = if value < 0 { "-" } else { "" };
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// Days since 1970 as `2026-11-21`, by the proleptic Gregorian calendar; `None` outside the years
/// 0 to 9999. Counts in eras of 400 years that begin on the 1st of March, so that leap days end
/// years.
fn date(days: i64) -> Option<String> {
    let days = days.checked_add(719_468)?;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + next;
    (0..=9_999).contains(&year).then(|| format!("{year:04}-{month:02}-{day_of_month:02}"))
}

#[cfg(test)]
mod tests;
