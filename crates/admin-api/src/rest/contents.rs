//! Bytes of a record in; as text, hexadecimal and decoded, for a person to look at, out.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    auth::hex,
    plan::{avro_json, schema_by_id},
    state::App,
};

/// Bytes shown as text and as hexadecimal digits.
const SHOWN_MAX: usize = 16 << 10;
/// Longest value that is decoded.
const DECODED_MAX: usize = 1 << 20;

/// Key or value of a record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Contents {
    /// How many bytes there are.
    pub bytes: usize,
    /// Whether `hex` and `text` show fewer.
    pub truncated: bool,
    /// The first 16 KiB, as hexadecimal digits.
    pub hex: String,
    /// The same as text, where it is UTF-8.
    pub text: Option<String>,
    /// The schema that it names.
    pub schema_id: Option<u32>,
    /// What it says by that schema.
    #[schema(value_type = Value)]
    pub decoded: Option<Value>,
    /// Why it could not be decoded, where it names a schema.
    pub undecodable: Option<String>,
}

/// Looks at some bytes in every way.
pub async fn of(app: &App, bytes: &[u8]) -> Contents {
    let shown = bytes.get(..SHOWN_MAX).unwrap_or(bytes);
    let mut contents = Contents {
        bytes: bytes.len(),
        truncated: shown.len() < bytes.len(),
        hex: hex(shown),
        text: text(shown),
        schema_id: None,
        decoded: None,
        undecodable: None,
    };
    let Ok((id, datum)) = decode::confluent_frame(bytes) else { return contents };
    // Any text of five bytes that begins with a zero looks like this: what the registry does not
    // know was none.
    contents.schema_id = Some(id);
    if bytes.len() > DECODED_MAX {
        contents.undecodable = Some(format!("longer than {DECODED_MAX} bytes"));
        return contents;
    }
    let decoded = match schema_by_id(app, id).await {
        Ok(Ok(schema)) => avro_json::decode(&schema, datum).map_err(str::to_owned),
        Ok(Err(why)) => Err(why),
        Err(error) => Err(error.to_string()),
    };
    match decoded {
        Ok(value) => contents.decoded = Some(value),
        Err(why) => contents.undecodable = Some(why),
    }
    contents
}

/// Text, up to a letter that was cut; none where the bytes are something else.
fn text(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to())?;
            std::str::from_utf8(whole).ok().filter(|text| !text.is_empty()).map(str::to_owned)
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
