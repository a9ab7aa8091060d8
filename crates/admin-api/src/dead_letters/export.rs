//! A filter in, one line of JSON per dead letter out, as a stream.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt as _, stream};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    letter::{self, Shown},
    model::{DeadLettersError, Filter, Source},
};
use crate::offsets::{
    OffsetsError,
    ask::{self, blocking},
    reader::{Reader, Stretch},
};

/// Lines read ahead of whoever takes them; one can be as long as three records.
const LINES_AHEAD: usize = 8;

/// What an export may take.
#[derive(Clone, Copy, Debug)]
pub struct ExportLimits {
    /// Most letters.
    pub letters_max: u64,
    /// Longest time, in which whoever takes the lines must keep up.
    pub time_max: Duration,
}

impl Default for ExportLimits {
    fn default() -> Self {
        Self { letters_max: 1_000_000, time_max: Duration::from_secs(1_800) }
    }
}

/// Streams the letters that are there when it begins, oldest first, each as one line of JSON with
/// its newline: what a page shows of it, with nothing cut and nothing decoded.
///
/// When a limit ends it early, the last line is `{"truncated":true,"why":..}`. Dropping the
/// stream ends it. Must be called within a tokio runtime.
///
/// # Errors
///
/// Once, as the last item, when Kafka does not answer in time.
pub fn export(
    source: &Source<'_>,
    filter: Filter,
    limits: ExportLimits,
) -> impl Stream<Item = Result<String, DeadLettersError>> + Send + 'static {
    let topic = super::topic(source.namespace, source.pipeline);
    let (client, namespace) = (source.kafka.clone(), source.namespace.to_owned());
    let stop = CancellationToken::new();
    let stops = stop.clone().drop_guard();
    let (lines, mut read) = mpsc::channel(LINES_AHEAD);
    let ended = tokio::spawn(blocking("export dead letters", move || {
        let deadline = Instant::now() + limits.time_max;
        let reader = Reader::new(&client, &namespace, deadline, stop)?;
        match write(&reader, &topic, &filter, limits, deadline, &lines) {
            Err(OffsetsError::TimedOut(_)) => {
                drop(lines.blocking_send(cut("it took too long")));
                Ok(())
            }
            written => written,
        }
    }));
    let lines = stream::poll_fn(move |context| {
        let _ends_with_the_stream = &stops;
        read.poll_recv(context)
    });
    let end = stream::once(ended).filter_map(async |ended| match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Err(error.into())),
        Err(error) => Some(Err(OffsetsError::Unusable {
            what: "export dead letters".to_owned(),
            why: error.to_string(),
        }
        .into())),
    });
    lines.map(Ok).chain(end)
}

fn write(
    reader: &Reader,
    topic: &str,
    filter: &Filter,
    limits: ExportLimits,
    deadline: Instant,
    lines: &mpsc::Sender<String>,
) -> Result<(), OffsetsError> {
    let mut left = limits.letters_max;
    for (partition, ends) in ask::ends(reader.consumer(), topic, deadline)? {
        let stretch = Stretch { topic, partition, from: ends.low, to: ends.high };
        let stopped = reader.read(stretch, |record| {
            if !letter::passes(filter, record) {
                return ControlFlow::Continue(());
            }
            let (line, goes_on) = match left.checked_sub(1) {
                None => (cut("it has reached its limit of letters"), false),
                Some(less) => {
                    left = less;
                    (line(&letter::read(record, Shown::ALL)), true)
                }
            };
            let taken = lines.blocking_send(line).is_ok();
            if taken && goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if stopped.is_some() {
            break;
        }
    }
    Ok(())
}

fn line(letter: &super::Letter) -> String {
    // The types hold nothing that JSON cannot.
    let mut line = serde_json::to_string(letter).unwrap_or_default();
    line.push('\n');
    line
}

fn cut(why: &str) -> String {
    format!("{}\n", json!({"truncated": true, "why": why}))
}
