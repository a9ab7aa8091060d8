//! A Native block written the slow way, value by value, as a second opinion.

#![expect(clippy::wildcard_enum_match_arm, reason = "only values and types of the tests come here")]

use apache_avro::types::Value as Avro;
use schema_map::ColumnType;

use crate::ColumnList;

/// The block of `rows`, each with a value per column in order; `Null` stands for a default too.
pub(super) fn block(columns: &ColumnList, rows: &[Vec<Avro>]) -> Vec<u8> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    length(&mut out, columns.iter().count());
    length(&mut out, rows.len());
    for (place, (name, column_type)) in columns.iter().enumerate() {
        text(&mut out, name.as_bytes());
        text(&mut out, column_type.to_string().as_bytes());
        prefix(&mut out, column_type);
        let values: Vec<_> = rows.iter().map(|row| inner(&row[place])).collect();
        data(&mut out, column_type, &values);
    }
    out
}

fn inner(value: &Avro) -> Avro {
    match value {
        Avro::Union(_, value) => inner(value),
        value => value.clone(),
    }
}

fn prefix(out: &mut Vec<u8>, column_type: &ColumnType) {
    match column_type {
        ColumnType::LowCardinality(_) => out.extend(1_u64.to_le_bytes()),
        ColumnType::Array(items) => prefix(out, items),
        ColumnType::Map(key, value) => {
            prefix(out, key);
            prefix(out, value);
        }
        _ => {}
    }
}

fn data(out: &mut Vec<u8>, column_type: &ColumnType, values: &[Avro]) {
    match column_type {
        ColumnType::Nullable(inner) => {
            out.extend(values.iter().map(|value| u8::from(*value == Avro::Null)));
            data(out, inner, values);
        }
        ColumnType::LowCardinality(inner) => dictionary(out, inner.is_nullable(), values),
        ColumnType::Array(items) => {
            let lists: Vec<Vec<Avro>> = values
                .iter()
                .map(|value| match value {
                    Avro::Array(items) => items.iter().map(inner_of).collect(),
                    _ => Vec::new(),
                })
                .collect();
            ends(out, lists.iter().map(Vec::len));
            data(out, items, &lists.concat());
        }
        ColumnType::Map(key, value) => {
            let maps: Vec<Vec<(String, Avro)>> = values
                .iter()
                .map(|value| match value {
                    Avro::Map(entries) => {
                        entries.iter().map(|(key, value)| (key.clone(), inner(value))).collect()
                    }
                    _ => Vec::new(),
                })
                .collect();
            ends(out, maps.iter().map(Vec::len));
            let (keys, values): (Vec<_>, Vec<_>) = maps.concat().into_iter().unzip();
            data(out, key, &keys.into_iter().map(Avro::String).collect::<Vec<_>>());
            data(out, value, &values);
        }
        other => values.iter().for_each(|value| scalar(out, other, value)),
    }
}

fn inner_of(value: &Avro) -> Avro {
    inner(value)
}

fn ends(out: &mut Vec<u8>, lengths: impl Iterator<Item = usize>) {
    let mut end = 0;
    for length in lengths {
        end += length as u64;
        out.extend(end.to_le_bytes());
    }
}

/// Texts in the order in which they first appear, after the default.
fn dictionary(out: &mut Vec<u8>, nullable: bool, values: &[Avro]) {
    if values.is_empty() {
        return;
    }
    let mut keys: Vec<Option<Vec<u8>>> = vec![(!nullable).then(Vec::new)];
    let mut codes = Vec::new();
    for value in values {
        let key = match value {
            Avro::Null if nullable => None,
            Avro::Null => Some(Vec::new()),
            Avro::String(text) | Avro::Enum(_, text) => Some(text.clone().into_bytes()),
            other => panic!("not a text: {other:?}"),
        };
        let code = keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            keys.push(key);
            keys.len() - 1
        });
        codes.push(u8::try_from(code).unwrap());
    }
    out.extend((1_u64 << 9 | 1 << 10).to_le_bytes());
    out.extend((keys.len() as u64).to_le_bytes());
    keys.iter().for_each(|key| text(out, key.as_deref().unwrap_or_default()));
    out.extend((codes.len() as u64).to_le_bytes());
    out.extend(codes);
}

fn scalar(out: &mut Vec<u8>, column_type: &ColumnType, value: &Avro) {
    let number = match value {
        Avro::Boolean(flag) => i128::from(*flag),
        Avro::Int(number) | Avro::Date(number) => i128::from(*number),
        Avro::Long(number) | Avro::TimestampMillis(number) | Avro::TimestampMicros(number) => {
            i128::from(*number)
        }
        Avro::Decimal(decimal) => {
            let bytes: Vec<u8> = decimal.try_into().unwrap();
            let sign = if bytes[0] < 0x80 { 0 } else { 0xff };
            let mut wide = [sign; 16];
            wide[16 - bytes.len()..].copy_from_slice(&bytes);
            i128::from_be_bytes(wide)
        }
        _ => 0,
    };
    let bytes = match (column_type, value) {
        (ColumnType::String, Avro::String(value)) => return text(out, value.as_bytes()),
        (ColumnType::String, Avro::Bytes(value)) => return text(out, value),
        (ColumnType::String, _) => return text(out, &[]),
        (ColumnType::Uuid, Avro::String(value)) => {
            let digits = value.replace('-', "");
            let number = u128::from_str_radix(&digits, 16).unwrap();
            // Two halves, the upper one first, each with its bytes reversed.
            out.extend(number.to_be_bytes()[..8].iter().rev());
            return out.extend(number.to_be_bytes()[8..].iter().rev());
        }
        (ColumnType::Float64, Avro::Int(number)) => f64::from(*number).to_le_bytes().to_vec(),
        (ColumnType::Float64, Avro::Float(number)) => f64::from(*number).to_le_bytes().to_vec(),
        (ColumnType::Float64, Avro::Double(number)) => number.to_le_bytes().to_vec(),
        (ColumnType::Float32, Avro::Float(number)) => number.to_le_bytes().to_vec(),
        _ => number.to_le_bytes().to_vec(),
    };
    out.extend(&bytes[..width(column_type)]);
}

fn width(column_type: &ColumnType) -> usize {
    match column_type {
        ColumnType::Bool | ColumnType::UInt8 => 1,
        ColumnType::Int32 | ColumnType::UInt32 | ColumnType::Float32 | ColumnType::Date32 => 4,
        ColumnType::Decimal { precision: ..=9, .. } => 4,
        ColumnType::Decimal { precision: ..=18, .. } => 8,
        ColumnType::Decimal { .. } | ColumnType::Uuid => 16,
        _ => 8,
    }
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    length(out, text.len());
    out.extend(text);
}

fn length(out: &mut Vec<u8>, length: usize) {
    let (low, high) = (u8::try_from(length % 128).unwrap(), length / 128);
    if high == 0 {
        out.push(low);
    } else {
        out.push(low + 128);
        self::length(out, high);
    }
}
