//! Letters in, the same with what their values say, as far as their schemas can be had, out.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use registry_client::{Client, SchemaKind};
use schema_map::Schema;
use tokio::time::timeout;

use super::{
    decoded,
    model::{Content, Letter},
};

/// Longest time for the schemas of one page.
const SCHEMAS_TIME_MAX: Duration = Duration::from_secs(5);
/// Different schemas of one page that are asked for.
const SCHEMAS_MAX: usize = 20;

/// Decodes what can be, within a time.
pub(super) async fn decode_all(registry: Option<&Client>, letters: &mut [Letter]) {
    let Some(registry) = registry else { return };
    let deadline = Instant::now() + SCHEMAS_TIME_MAX;
    let mut schemas: HashMap<u32, Result<Schema, String>> = HashMap::new();
    for letter in letters {
        let Some(id) = letter.schema_id else { continue };
        if !schemas.contains_key(&id) {
            let left = deadline.saturating_duration_since(Instant::now());
            let found = if schemas.len() < SCHEMAS_MAX {
                let asked = timeout(left, schema(registry, id)).await;
                asked.unwrap_or_else(|_| Err("the registry does not answer in time".to_owned()))
            } else {
                Err("the page has too many different schemas".to_owned())
            };
            schemas.insert(id, found);
        }
        match schemas.get(&id) {
            Some(Ok(schema)) => decode_one(schema, letter),
            Some(Err(why)) => letter.decoded_until = Some(why.clone()),
            None => {}
        }
    }
}

async fn schema(registry: &Client, id: u32) -> Result<Schema, String> {
    let found = registry.schema_by_id(id).await.map_err(|error| error.to_string())?;
    if found.kind != SchemaKind::Avro {
        return Err(format!("schema {id} is {:?}: only Avro is decoded", found.kind));
    }
    let references: Vec<&str> = found.references.iter().map(|r| r.text.as_str()).collect();
    Schema::parse(&found.text, &references).map_err(|error| format!("schema {id}: {error}"))
}

fn decode_one(schema: &Schema, letter: &mut Letter) {
    let Some(Content { hex, truncated, .. }) = &letter.value else { return };
    // The framing has been found: it is five bytes long.
    let datum = unhex(hex.get(10..).unwrap_or_default());
    let decoded = decoded::read(schema, &datum);
    letter.decoded = Some(decoded.value);
    letter.decoded_until = decoded.until.map(|until| match truncated {
        true => format!("{until} (only the first bytes of the value were looked at)"),
        false => until,
    });
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).filter_map(byte).collect()
}

#[cfg(test)]
mod tests;
