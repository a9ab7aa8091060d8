//! Single values in, the bytes ClickHouse keeps of them out.

use crate::Reason;

/// Adds a text as the Native format has it: length as a varint, then the bytes.
#[inline(always)]
pub(crate) fn push_text(buffer: &mut Vec<u8>, text: &[u8]) {
    push_length(buffer, text.len());
    buffer.extend_from_slice(text);
}

/// Texts up to this length are copied as a whole window of the datum and cut: no call to `memcpy`.
const WINDOW: usize = 16;

/// Adds a text as [`push_text`] does. `window` starts with the text and goes on with whatever
/// follows it in the datum.
#[inline(always)]
pub(crate) fn push_text_of(buffer: &mut Vec<u8>, window: &[u8], size: usize) {
    match window.first_chunk::<WINDOW>() {
        Some(whole) if size <= WINDOW => {
            let end = buffer.len() + 1 + size;
            buffer.reserve(1 + WINDOW);
            buffer.push(size.to_le_bytes()[0]);
            buffer.extend_from_slice(whole);
            buffer.truncate(end);
        }
        _ => push_text(buffer, window.split_at(size).0),
    }
}

/// Adds a varint of seven bits per byte.
#[inline(always)]
pub(crate) fn push_length(buffer: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        buffer.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    buffer.push(length.to_le_bytes()[0]);
}

/// The bytes of a UUID written `8-4-4-4-12` in hexadecimal digits of either case: two
/// little-endian numbers of 64 bits, the upper half first.
#[inline(always)]
pub(crate) fn uuid(text: &[u8]) -> Result<[u8; 16], Reason> {
    let text: &[u8; 36] = text.try_into().map_err(|_| Reason::BadUuid)?;
    let [a0, a1, a2, a3, a4, a5, a6, a7, d1, b0, b1, b2, b3, d2, b4, b5, b6, b7, rest @ ..] = *text;
    let [d3, c0, c1, c2, c3, d4, c4, c5, c6, c7, e @ ..] = rest;
    let (one, bad_one) = eight_digits([a0, a1, a2, a3, a4, a5, a6, a7]);
    let (two, bad_two) = eight_digits([b0, b1, b2, b3, b4, b5, b6, b7]);
    let (three, bad_three) = eight_digits([c0, c1, c2, c3, c4, c5, c6, c7]);
    let (four, bad_four) = eight_digits(e);
    let dashes = [d1, d2, d3, d4] == *b"----";
    if bad_one | bad_two | bad_three | bad_four != 0 || !dashes {
        return Err(Reason::BadUuid);
    }
    let (upper, lower) = (one << 32 | two, three << 32 | four);
    Ok((u128::from(lower) << 64 | u128::from(upper)).to_le_bytes())
}

/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The number of eight hexadecimal digits, all at once; the second number is 0 only if they all
/// are digits.
#[inline(always)]
fn eight_digits(digits: [u8; 8]) -> (u64, u64) {
    let word = u64::from_be_bytes(digits);
    // Letters have the bit that decimal digits lack. No sum below reaches the next byte.
    let letters = word >> 6 & ONES;
    let low = word & (0x0f * ONES);
    let high = (word | letters << 5) & (0xf0 * ONES);
    let bad_high = high ^ (0x30 * ONES + letters * 0x30);
    let above = (low + 6 * ONES + letters * 3) & (0x10 * ONES);
    let below = letters << 4 & !(low + 0x0f * ONES);
    let values = low + letters * 9;
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    ((fours | fours >> 16) & 0xffff_ffff, bad_high | above | below)
}

/// The number in big-endian two's complement of any length; none at all is 0.
#[inline(always)]
pub(crate) fn decimal(bytes: &[u8]) -> Result<i128, Reason> {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { -1_i64 } else { 0 };
    if bytes.len() <= 8 {
        // A plain loop: a fold over so few bytes costs a call.
        let mut small = sign;
        for byte in bytes {
            small = small << 8 | i64::from(*byte);
        }
        return Ok(i128::from(small));
    }
    large_decimal(bytes, sign)
}

fn large_decimal(bytes: &[u8], sign: i64) -> Result<i128, Reason> {
    let (extra, digits) = bytes.split_at(bytes.len().saturating_sub(16));
    let value = digits.iter().fold(i128::from(sign), |value, byte| value << 8 | i128::from(*byte));
    // What lies before the last 16 bytes may only repeat the sign.
    let repeats = extra.iter().all(|byte| i64::from(byte.cast_signed()) == sign);
    if repeats && value.signum().min(0) == i128::from(sign) {
        Ok(value)
    } else {
        Err(Reason::OutOfRange)
    }
}

#[cfg(test)]
pub(crate) mod tests;
