use std::{cell::Cell, future::pending, time::Duration};

use super::{eventually, unique};

const WITHIN: Duration = Duration::from_millis(120);

#[tokio::test]
async fn what_never_comes_is_an_error_however_the_condition_waits() {
    let error = eventually("pigs fly", WITHIN, async || false).await.unwrap_err();
    assert!(error.to_string().contains("pigs fly"), "{error}");
    eventually("it answers", WITHIN, async || pending().await).await.unwrap_err();
}

#[tokio::test]
async fn what_comes_late_is_waited_for() {
    let looks = Cell::new(0);
    let third = async || {
        looks.set(looks.get() + 1);
        looks.get() == 3
    };
    eventually("the third look", Duration::from_secs(10), third).await.unwrap();
    assert_eq!(looks.get(), 3);
}

#[test]
fn names_are_never_the_same() {
    assert_ne!(unique("topic"), unique("topic"));
    assert!(unique("topic").starts_with("test_topic_"));
}
