//! What Kafka says about a record in, its metadata columns longer by one value out.

use schema_map::Metadata;

use super::RecordMeta;
use crate::{Reason, block::Store, layout::Layout, value::push_text};

/// The last millisecond that `DateTime64(3)` can show, 2299-12-31 23:59:59.999. Kafka timestamps
/// are whatever a producer's clock said: one beyond is no reason to refuse the record.
const TIMESTAMP_LAST: i64 = 120_530 * 86_400_000 - 1;

/// Adds the value of one metadata column.
#[inline(always)]
pub(super) fn push(
    kind: Metadata,
    record: &RecordMeta<'_>,
    layout: &Layout,
    store: &mut Store,
) -> Result<(), Reason> {
    match kind {
        Metadata::Topic => text(record.topic.as_bytes(), layout, store),
        Metadata::Partition => number(i64::from(record.partition), layout, store)?,
        Metadata::Offset => number(record.offset, layout, store)?,
        Metadata::Timestamp => {
            number(record.timestamp_ms.clamp(0, TIMESTAMP_LAST), layout, store)?;
        }
        Metadata::Key => match (record.key, layout) {
            (None, _) => store.push_blank(layout),
            (Some(key), Layout::Nullable { nulls, inner }) => {
                store.push(*nulls, [0]);
                text(key, inner, store);
            }
            (Some(key), _) => text(key, layout, store),
        },
        Metadata::Headers => headers(record, layout, store),
    }
    Ok(())
}

#[inline(always)]
fn number(value: i64, layout: &Layout, store: &mut Store) -> Result<(), Reason> {
    let value = u64::try_from(value).map_err(|_| Reason::OutOfRange)?;
    let Layout::Fixed { buffer, blank } = layout else {
        store.push_blank(layout);
        return Ok(());
    };
    if blank.len() == 4 {
        let value = u32::try_from(value).map_err(|_| Reason::OutOfRange)?;
        store.push(*buffer, value.to_le_bytes());
    } else {
        store.push(*buffer, value.to_le_bytes());
    }
    Ok(())
}

#[inline(always)]
fn text(text: &[u8], layout: &Layout, store: &mut Store) {
    if let Layout::Text { buffer } = layout {
        push_text(&mut store.buffers[*buffer], text);
    } else if let Layout::Dictionary { dictionary } = layout {
        store.dictionaries[*dictionary].push_text(text);
    } else {
        store.push_blank(layout);
    }
}

fn headers(record: &RecordMeta<'_>, layout: &Layout, store: &mut Store) {
    let Layout::Map { ends, keys, values } = layout else { return store.push_blank(layout) };
    let mut count = 0;
    (record.headers)(&mut |name, value| {
        count += 1;
        text(name.as_bytes(), keys, store);
        text(value.unwrap_or_default(), values, store);
    });
    store.push_end(*ends, count);
}
