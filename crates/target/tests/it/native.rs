//! Columns in, one Native block out, as short as a test needs.

use bytes::Bytes;

/// A column: name, type, data in the Native layout of that type.
pub(crate) type Column<'a> = (&'a str, &'a str, Vec<u8>);

/// Encodes a block; the pieces are cut in odd places on purpose.
pub(crate) fn block(rows: u64, columns: &[Column<'_>]) -> Vec<Bytes> {
    let mut chunks = vec![Bytes::from([varint(columns.len() as u64), varint(rows)].concat())];
    for (name, column_type, data) in columns {
        let head = [text(name), text(column_type)].concat();
        chunks.extend([Bytes::from(head), Bytes::new(), Bytes::from(data.clone())]);
    }
    chunks
}

/// `UInt64` values.
pub(crate) fn numbers(values: impl IntoIterator<Item = u64>) -> Vec<u8> {
    values.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// `String` values.
pub(crate) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    values.into_iter().flat_map(text).collect()
}

fn text(value: &str) -> Vec<u8> {
    [varint(value.len() as u64), value.as_bytes().to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}
