//! The topic of pipelines in, everything committed to it so far out.

use std::time::Instant;

use rdkafka::Message as _;

use super::{error::StoreError, keys::SpecKey, reader::Reader, snapshot::Snapshot};

/// The state that all updates so far have led to.
pub(super) struct Newest {
    pub(super) state: Snapshot,
    /// Whether the update that was asked for is one of them.
    pub(super) has_update: bool,
}

/// Reads from the beginning to where the topic ends now, looking for the id of an update on the
/// way.
///
/// # Errors
///
/// When the end was not reached by `deadline`.
pub(super) fn read(
    reader: &Reader,
    deadline: Instant,
    update: Option<&str>,
) -> Result<Newest, StoreError> {
    let ends = reader.ends();
    let ends = ends.map_err(StoreError::kafka("ask for the end of the topic of pipelines"))?;
    reader.begin(ends.first).map_err(StoreError::kafka("read the topic of pipelines"))?;
    let mut newest = Newest { state: Snapshot::default(), has_update: false };
    reader.read_to(ends, deadline, |message| {
        let (key, value) = (message.key().unwrap_or_default(), message.payload());
        newest.state.apply(key, value);
        newest.has_update |= update.is_some()
            && value == update.map(str::as_bytes)
            && SpecKey::parse(key) == Some(SpecKey::Update);
    })?;
    Ok(newest)
}
