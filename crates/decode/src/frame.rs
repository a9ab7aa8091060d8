//! A record's value in, its schema id and its datum out.

use crate::{BadRecord, Reason};

/// The byte that announces a schema id.
const MAGIC: u8 = 0;

/// Splits the value of a record in Confluent's framing: a zero byte, the schema id in four bytes,
/// big-endian, then the datum.
///
/// # Errors
///
/// `too-short` below five bytes, `bad-magic` where the first is not zero.
pub fn confluent_frame(payload: &[u8]) -> Result<(u32, &[u8]), BadRecord> {
    match payload.split_first_chunk::<5>() {
        Some(([MAGIC, id @ ..], datum)) => Ok((u32::from_be_bytes(*id), datum)),
        _ => Err(unframed(payload)),
    }
}

#[cold]
fn unframed(payload: &[u8]) -> BadRecord {
    match payload.first() {
        Some(&first) if first != MAGIC => BadRecord {
            reason: Reason::BadMagic,
            detail: "no schema id: the first byte is not 0".to_owned(),
        },
        _ => BadRecord {
            reason: Reason::TooShort,
            detail: format!("{} bytes, a schema id needs 5", payload.len()),
        },
    }
}

#[cfg(test)]
mod tests;
