//! YAML or JSON text in, a checked [`Pipeline`] out.

use serde_path_to_error::{Path, Segment};
use serde_saphyr::{Error, options::DuplicateKeyPolicy};

use crate::{
    document::Pipeline,
    similar::similar,
    validate::{Invalid, Problem},
};

/// Longest document read, 256 KiB: a pipeline is a page of text, and its store has a limit too.
pub const BYTES_MAX: usize = 256 << 10;

impl Pipeline {
    /// Reads and checks a document. JSON is YAML, so this reads both.
    ///
    /// # Errors
    ///
    /// With every problem of the values when the text can be read; otherwise with the one
    /// place where reading stopped.
    pub fn from_yaml(text: &str) -> Result<Self, Invalid> {
        if text.len() > BYTES_MAX {
            let message = format!("the document is longer than {BYTES_MAX} bytes");
            return Err(Invalid::from(Problem::new("", message)));
        }
        let pipeline = parse(text)?;
        pipeline.validate()?;
        Ok(pipeline)
    }

    /// The SQL of a document, also of one that cannot be used for other reasons, as long as it is
    /// a mapping.
    #[must_use]
    pub fn sql_of(text: &str) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct OnlySql {
            sql: Option<String>,
        }
        if text.len() > BYTES_MAX {
            return None;
        }
        let found: OnlySql = serde_saphyr::from_str_with_options(text, options()).ok()?;
        found.sql
    }
}

fn parse(text: &str) -> Result<Pipeline, Problem> {
    let mut pointer = String::new();
    serde_saphyr::with_deserializer_from_str_with_options(text, options(), |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            pointer = to_pointer(error.path());
            error.into_inner()
        })
    })
    // Its text ends with line and column; a picture of the place would take several lines.
    .map_err(|error| {
        let error = error.without_snippet();
        Problem::new(pointer, first_line(&error.to_string()) + &meant(error))
    })
}

/// The word that was probably meant, where one was mistyped.
fn meant(error: &Error) -> String {
    let (Error::SerdeUnknownField { field: typed, expected: known, .. }
    | Error::SerdeUnknownVariant { variant: typed, expected: known, .. }) = error
    else {
        return String::new();
    };
    let meant = similar(typed, known.iter().copied());
    meant.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default()
}

/// Limits far above any real document and far below what could hurt: aliases cannot multiply
/// the text, and nesting is bounded before the stack is.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 50_000,
            max_nodes: 20_000,
            max_depth: 16,
            flow_nesting_limit: 16,
            max_aliases: 50,
            max_anchors: 50,
            max_merge_keys: 100,
            max_documents: 1,
            max_recorded_anchor_events: 50_000,
            max_recorded_anchor_bytes: BYTES_MAX,
            max_total_scalar_bytes: 2 * BYTES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
    }
}

fn to_pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => break,
        }
    }
    pointer
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
