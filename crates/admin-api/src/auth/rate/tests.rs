use super::*;

#[tokio::test(start_paused = true)]
async fn a_burst_is_followed_by_the_rate() {
    let buckets = Buckets::new(10, 3);
    for _ in 0..3 {
        assert_eq!(buckets.take("a"), Ok(()));
    }
    let wait = buckets.take("a").unwrap_err();
    assert_eq!(wait.as_millis(), 100);
    assert_eq!(buckets.take("b"), Ok(()), "everybody has a bucket of their own");
    tokio::time::advance(wait).await;
    assert_eq!(buckets.take("a"), Ok(()));
    assert!(buckets.take("a").is_err());
    tokio::time::advance(Duration::from_secs(3_600)).await;
    for _ in 0..3 {
        assert_eq!(buckets.take("a"), Ok(()));
    }
    assert!(buckets.take("a").is_err(), "an hour of silence saves no more than a burst");
}
