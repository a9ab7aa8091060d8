//! A datum and the schema it was written with in, what it says as JSON out, as far as it can be
//! read. Pure.
//!
//! Made for values that are broken: whatever stands before the break is shown, with the place
//! where reading ended. So it is slower and more patient than the sink's decoder, and does not
//! decide anything.

use std::fmt::Write as _;

use schema_map::{Kind, Logical, Schema, TypeId};
use serde_json::{Map, Value};

/// Values of all arrays and maps that are shown.
const ITEMS_MAX: usize = 10_000;
/// Bytes of texts that are shown.
const TEXT_MAX: usize = 64 << 10;
/// Values inside values.
const DEPTH_MAX: usize = 64;

/// What could be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decoded {
    /// Everything before the break.
    pub(super) value: Value,
    /// Where and why reading ended before the end.
    pub(super) until: Option<String>,
}

/// Reads a datum.
pub(super) fn read(schema: &Schema, datum: &[u8]) -> Decoded {
    let mut walk = Walk { schema, rest: datum, total: datum.len(), ..Walk::new(schema) };
    let value = walk.value(schema.root(), 0);
    if walk.broken.is_none() && !walk.rest.is_empty() {
        let left = walk.rest.len();
        walk.path.clear();
        walk.end(format!("{left} bytes follow that the schema does not know"));
    }
    Decoded { value, until: walk.broken }
}

struct Walk<'a> {
    schema: &'a Schema,
    rest: &'a [u8],
    total: usize,
    items: usize,
    text: usize,
    path: Vec<String>,
    broken: Option<String>,
}

impl<'a> Walk<'a> {
    fn new(schema: &'a Schema) -> Self {
        let (items, text) = (ITEMS_MAX, TEXT_MAX);
        Self { schema, rest: &[], total: 0, items, text, path: Vec::new(), broken: None }
    }

    /// Notes where reading ends; the first place counts.
    fn end(&mut self, why: impl AsRef<str>) {
        if self.broken.is_none() {
            let at = self.total - self.rest.len();
            let path = self.path.join(".");
            let place = if path.is_empty() { path } else { format!(" in {path}") };
            self.broken = Some(format!("byte {at}{place}: {}", why.as_ref()));
        }
    }

    /// The value, or what there is of it when reading has ended.
    fn value(&mut self, id: TypeId, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            self.end("values are nested too deep");
            return Value::Null;
        }
        let schema = self.schema;
        let found = schema.get(id);
        match &found.kind {
            Kind::Null => Value::Null,
            Kind::Boolean => self.boolean(),
            Kind::Int | Kind::Long => self.long().map_or(Value::Null, Value::from),
            Kind::Float => {
                self.array().map_or(Value::Null, |raw| number(f32::from_le_bytes(raw).into()))
            }
            Kind::Double => self.array().map_or(Value::Null, |raw| number(f64::from_le_bytes(raw))),
            Kind::Bytes => {
                let bytes = self.bytes();
                bytes.map_or(Value::Null, |bytes| self.binary(bytes, found.logical))
            }
            Kind::Fixed(size) => {
                let bytes = self.take(*size);
                bytes.map_or(Value::Null, |bytes| self.binary(bytes, found.logical))
            }
            Kind::String => self.string(),
            Kind::Enum { symbols, .. } => match self.index(symbols.len(), "enum symbol") {
                Some(index) => symbols.get(index).map_or(Value::Null, |s| s.clone().into()),
                None => Value::Null,
            },
            Kind::Union(branches) => match self.index(branches.len(), "union branch") {
                Some(index) => {
                    branches.get(index).map_or(Value::Null, |id| self.value(*id, depth + 1))
                }
                None => Value::Null,
            },
            Kind::Array(item) => self.items(*item, depth),
            Kind::Map(item) => self.entries(*item, depth),
            Kind::Record(fields) => {
                let mut record = Map::new();
                for field in fields {
                    self.path.push(field.name.clone());
                    let value = self.value(field.schema, depth + 1);
                    if self.broken.is_none() || !value.is_null() {
                        record.insert(field.name.clone(), value);
                    }
                    if self.broken.is_some() {
                        break;
                    }
                    self.path.pop();
                }
                Value::Object(record)
            }
        }
    }

    fn items(&mut self, item: TypeId, depth: usize) -> Value {
        let mut items = Vec::new();
        while let Some(count) = self.block() {
            for _ in 0..count {
                let value = self.value(item, depth + 1);
                if self.broken.is_some() {
                    if !value.is_null() {
                        items.push(value);
                    }
                    return Value::Array(items);
                }
                items.push(value);
            }
        }
        Value::Array(items)
    }

    fn entries(&mut self, item: TypeId, depth: usize) -> Value {
        let mut entries = Map::new();
        while let Some(count) = self.block() {
            for _ in 0..count {
                let Value::String(key) = self.string() else { return Value::Object(entries) };
                let value = self.value(item, depth + 1);
                if self.broken.is_none() || !value.is_null() {
                    entries.insert(key, value);
                }
                if self.broken.is_some() {
                    return Value::Object(entries);
                }
            }
        }
        Value::Object(entries)
    }

    /// How many values the next block has; `None` when there is none, or reading has ended.
    fn block(&mut self) -> Option<usize> {
        let mut count = self.long()?;
        if count < 0 {
            self.long()?;
            count = count.saturating_neg();
        }
        let count = usize::try_from(count).ok()?;
        if count > self.items {
            self.end(format!("more than {ITEMS_MAX} values are not shown"));
            return None;
        }
        self.items -= count;
        (count > 0).then_some(count)
    }

    fn boolean(&mut self) -> Value {
        match self.array() {
            Some([0]) => Value::Bool(false),
            Some([1]) => Value::Bool(true),
            Some([_]) => {
                self.end("a boolean is 0 or 1");
                Value::Null
            }
            None => Value::Null,
        }
    }

    fn string(&mut self) -> Value {
        let Some(bytes) = self.bytes() else { return Value::Null };
        match std::str::from_utf8(bytes) {
            Ok(text) if self.afford(text.len()) => text.into(),
            Ok(_) => Value::Null,
            Err(_) => {
                self.end("a text is not UTF-8");
                Value::Null
            }
        }
    }

    fn binary(&mut self, bytes: &[u8], logical: Option<Logical>) -> Value {
        if !self.afford(bytes.len() * 2) {
            return Value::Null;
        }
        match logical {
            Some(Logical::Decimal { scale, .. }) => {
                decimal(bytes, scale).map_or_else(|| hex(bytes).into(), Value::from)
            }
            Some(_) | None => hex(bytes).into(),
        }
    }

    fn afford(&mut self, bytes: usize) -> bool {
        match self.text.checked_sub(bytes) {
            Some(left) => {
                self.text = left;
                true
            }
            None => {
                self.end("the rest is too long to be shown");
                false
            }
        }
    }

    fn index(&mut self, end: usize, what: &str) -> Option<usize> {
        let raw = self.long()?;
        let index = usize::try_from(raw).ok().filter(|index| *index < end);
        if index.is_none() {
            self.end(format!("there is no {what} {raw}"));
        }
        index
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let raw = self.long()?;
        match usize::try_from(raw) {
            Ok(size) => self.take(size),
            Err(_) => {
                self.end(format!("a length of {raw}"));
                None
            }
        }
    }

    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let Some((found, rest)) = self.rest.split_at_checked(size) else {
            self.end(format!("{size} bytes are wanted, {} are left", self.rest.len()));
            return None;
        };
        self.rest = rest;
        Some(found)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn long(&mut self) -> Option<i64> {
        let mut raw: u64 = 0;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            raw |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?).unwrap_or(0);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Some((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed());
            }
        }
        let whole = self.rest.len() >= 10;
        self.end(if whole { "a number is too long" } else { "the value ends inside a number" });
        None
    }
}

/// JSON has no word for these numbers.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
}

/// The decimal number of up to 16 bytes, big-endian in two's complement.
fn decimal(bytes: &[u8], scale: usize) -> Option<String> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut raw = [if negative { 0xff } else { 0 }; 16];
    raw.get_mut(16_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    let digits = i128::from_be_bytes(raw).unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale.checked_add(1).filter(|w| *w < 80)?);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale)?;
    let point = if scale > 0 { "." } else { "" };
    Some(format!("{}{whole}{point}{fraction}", if negative { "-" } else { "" }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests;
