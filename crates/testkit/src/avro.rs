//! Values in, Avro bytes in the registry's wire format out: by hand, so that what is tested does
//! not test itself.

/// Avro bytes behind the five that name their schema.
#[must_use]
pub fn framed(schema_id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0], &schema_id.to_be_bytes()[..], datum].concat()
}

/// Avro's zigzag variable-length number.
#[must_use]
pub fn long(value: i64) -> Vec<u8> {
    let mut rest = (value << 1 ^ value >> 63).cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low & 0x7f);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Avro's string.
#[must_use]
pub fn string(text: &str) -> Vec<u8> {
    [long(text.len() as i64), text.as_bytes().to_vec()].concat()
}

#[cfg(test)]
mod tests;
