use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{advance, timeout},
};

use super::{Flights, Outcome};
use crate::{Disposition, RegisteredSchema, RegistryError, SchemaKind};

fn schema(id: u32) -> Outcome {
    let schema =
        RegisteredSchema { id, kind: SchemaKind::Avro, text: String::new(), references: vec![] };
    Ok(Arc::new(schema))
}

fn unknown(id: u32) -> Outcome {
    Err(RegistryError::NotFound { what: format!("read schema {id}"), code: 40_403 })
}

/// A registry that answers when it is let, and counts.
#[derive(Clone)]
struct Registry {
    flights: Arc<Flights>,
    requests: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Registry {
    fn new(entries_max: usize) -> Self {
        Self {
            flights: Arc::new(Flights::new(entries_max, Duration::from_secs(1))),
            requests: Arc::default(),
            gate: Arc::new(Semaphore::new(1_000)),
        }
    }

    fn closed(entries_max: usize) -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), ..Self::new(entries_max) }
    }

    async fn get(&self, id: u32, answer: fn(u32) -> Outcome) -> Outcome {
        let Self { requests, gate, .. } = self.clone();
        let request = move || async move {
            requests.fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            answer(id)
        };
        self.flights.get(id, request).await
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn callers_of_one_id_share_one_request() {
    let registry = Registry::closed(10);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let registry = registry.clone();
            tokio::spawn(async move { registry.get(7, schema).await })
        })
        .collect();
    tokio::task::yield_now().await;
    registry.gate.add_permits(50);
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().id, 7);
    }
    assert_eq!(registry.requests(), 1);
    registry.get(7, schema).await.unwrap();
    assert_eq!(registry.requests(), 1, "kept for ever");
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nothing_from_the_others() {
    let registry = Registry::closed(10);
    let first = registry.clone();
    timeout(Duration::from_millis(5), first.get(7, schema)).await.expect_err("the gate is closed");
    let second = registry.clone();
    let second = tokio::spawn(async move { second.get(7, schema).await });
    tokio::task::yield_now().await;
    registry.gate.add_permits(1);
    let second = timeout(Duration::from_secs(10), second).await.expect("the first one's answer");
    assert_eq!(second.unwrap().unwrap().id, 7);
    assert_eq!(registry.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_ids_are_asked_for_again_after_a_while() {
    let registry = Registry::new(10);
    for _ in 0..3 {
        let error = registry.get(7, unknown).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::NotFound);
    }
    assert_eq!(registry.requests(), 1);
    advance(Duration::from_millis(1_001)).await;
    assert_eq!(registry.get(7, schema).await.unwrap().id, 7);
    assert_eq!(registry.requests(), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_ids_pushes_out_no_known_one() {
    let registry = Registry::new(10);
    registry.get(1_000, schema).await.unwrap();
    for id in 0..100 {
        registry.get(id, unknown).await.unwrap_err();
    }
    registry.get(1_000, schema).await.unwrap();
    assert_eq!(registry.requests(), 101);
}

#[tokio::test]
async fn the_cache_is_bounded() {
    let registry = Registry::new(2);
    for id in [1, 2, 3, 1] {
        registry.get(id, schema).await.unwrap();
    }
    assert_eq!(registry.requests(), 4);
}

#[tokio::test]
async fn requests_under_way_are_bounded() {
    let registry = Registry::closed(2);
    for id in 1..=2 {
        timeout(Duration::from_millis(5), registry.get(id, schema)).await.expect_err("waits");
    }
    let third = timeout(Duration::from_secs(10), registry.get(3, schema)).await;
    let error = third.expect("an answer at once").unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    registry.gate.add_permits(3);
    registry.get(1, schema).await.unwrap();
    registry.get(2, schema).await.unwrap();
    registry.get(3, schema).await.unwrap();
}

#[tokio::test]
async fn a_request_that_panics_is_over_for_its_callers_and_can_be_repeated() {
    let registry = Registry::new(2);
    let error = registry.get(1, |_| panic!("on purpose")).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    registry.get(1, schema).await.unwrap();
}
