//! The topic of audit in, one page of it out, newest first.

use std::time::{Duration, Instant};

use rdkafka::Message as _;

use super::{
    Store,
    client::{Clients, Isolation},
    entry::AuditRecord,
    error::StoreError,
    reader::{Ends, Reader},
};

/// Most records of one page.
const PAGE_MAX: usize = 1_000;
/// Least offsets read at a time. Marks of transactions take up about as many as records do.
const STRIDE: i64 = 256;
/// Most offsets read for one page; a page of a rare subject ends there and may be empty.
const SCAN_MAX: i64 = 100_000;
/// How long one page may take.
const PAGE_WITHIN: Duration = Duration::from_secs(10);

/// A page of what was changed, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditPage {
    /// Offset and record.
    pub records: Vec<(i64, AuditRecord)>,
    /// What to ask for as `before` to get older ones; `None` when there are none. A page may be
    /// short, or even empty, though there is more.
    pub next: Option<i64>,
}

impl Store {
    /// Reads at most `limit` records (and at most 1,000) of what was changed, below the offset
    /// `before`, or the newest ones; only those about `subject`, if there is one.
    ///
    /// # Errors
    ///
    /// When Kafka does not answer within 10 s, or refuses.
    pub async fn audit(
        &self,
        before: Option<i64>,
        limit: usize,
        subject: Option<&str>,
    ) -> Result<AuditPage, StoreError> {
        let clients = self.inner.clients.clone();
        let limit = limit.clamp(1, PAGE_MAX);
        let subject = subject.map(str::to_owned);
        let reading = tokio::task::spawn_blocking(move || {
            page(&clients, before, limit, subject.as_deref(), Instant::now() + PAGE_WITHIN)
        });
        reading.await.map_err(|error| StoreError::Internal(error.to_string()))?
    }
}

fn page(
    clients: &Clients,
    before: Option<i64>,
    limit: usize,
    subject: Option<&str>,
    deadline: Instant,
) -> Result<AuditPage, StoreError> {
    const ACTION: &str = "read the audit";
    let topic = clients.topic("audit");
    let reader = Reader::new(clients, &topic, Isolation::Committed);
    let reader = reader.map_err(StoreError::kafka(ACTION))?;
    let Ends { first, next } = reader.ends().map_err(StoreError::kafka(ACTION))?;
    let top = before.map_or(next, |before| before.clamp(first, next));
    let bottom = first.max(top.saturating_sub(SCAN_MAX));
    let mut page = AuditPage::default();
    let mut high = top;
    let mut stride = STRIDE;
    while high > bottom {
        let low = bottom.max(high.saturating_sub(stride));
        let mut found = stretch(&reader, low, high, subject, deadline)?;
        found.reverse();
        found.truncate(limit - page.records.len());
        page.records.append(&mut found);
        high = low;
        stride = stride.saturating_mul(2);
        if page.records.len() == limit {
            high = page.records.last().map_or(low, |(offset, _)| *offset);
            break;
        }
    }
    page.next = (high > first).then_some(high);
    Ok(page)
}

/// What is in `low..high`, oldest first.
fn stretch(
    reader: &Reader,
    low: i64,
    high: i64,
    subject: Option<&str>,
    deadline: Instant,
) -> Result<Vec<(i64, AuditRecord)>, StoreError> {
    reader.begin(low).map_err(StoreError::kafka("read the audit"))?;
    let mut found = Vec::new();
    reader.read_to(Ends { first: low, next: high }, deadline, |message| {
        // Read ahead of where this stretch ends.
        if !(low..high).contains(&message.offset()) {
            return;
        }
        let record = message.payload().map(serde_json::from_slice::<AuditRecord>);
        match record {
            Some(Ok(record)) if subject.is_none_or(|wanted| wanted == record.subject) => {
                found.push((message.offset(), record));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                let offset = message.offset();
                tracing::warn!(offset, "a record of the audit cannot be read");
            }
        }
    })?;
    Ok(found)
}
