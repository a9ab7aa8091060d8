//! Every change is written down, with the change or not at all, and is read newest first.

use pipeline_spec::store::{Change, Store};

use crate::support::{No, audit, edit, fresh, open};

/// All pages, as `(what, subject)`.
async fn pages(
    store: &Store,
    limit: usize,
    subject: Option<&str>,
) -> anyhow::Result<Vec<(String, String)>> {
    let (mut all, mut before, mut last) = (Vec::new(), None, i64::MAX);
    loop {
        let page = store.audit(before, limit, subject).await?;
        assert!(page.records.len() <= limit);
        for (offset, record) in page.records {
            assert!(offset < last, "newest first, and none twice");
            last = offset;
            all.push((record.what, record.subject));
        }
        before = page.next;
        if before.is_none() {
            return Ok(all);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_come_newest_first_and_miss_nothing() -> anyhow::Result<()> {
    let (namespace, store) = fresh().await?;
    assert!(pages(&store, 10, None).await?.is_empty());
    let mut expected = Vec::new();
    for round in 0..12 {
        let subject = if round % 4 == 0 { "rare" } else { "common" };
        let changes: Vec<Change> = (0..30)
            .map(|index| Change::Audit(audit(&format!("{round}.{index}"), subject)))
            .collect();
        expected.extend((0..30).map(|index| (format!("{round}.{index}"), subject.to_owned())));
        store.update(|_| Ok::<_, No>((changes.clone(), ()))).await?;
    }
    expected.reverse();
    let other = open(&namespace).await?;
    for limit in [7, 100, 1_000] {
        assert_eq!(pages(&other, limit, None).await?, expected, "{limit} a page");
    }
    let rare: Vec<_> = expected.iter().filter(|(_, subject)| subject == "rare").cloned().collect();
    assert_eq!(rare.len(), 90);
    assert_eq!(pages(&other, 7, Some("rare")).await?, rare);
    assert!(pages(&other, 7, Some("nobody")).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_not_written_down() -> anyhow::Result<()> {
    let (_, store) = fresh().await?;
    edit(&store, "a", |_| ()).await?;
    let refused = store
        .update(|_| {
            let mut wrong = crate::support::stored("a");
            wrong.version = 9;
            Ok::<_, No>((vec![Change::Audit(audit("x", "a")), crate::support::put(wrong)], ()))
        })
        .await;
    assert!(refused.is_err());
    let all = pages(&store, 10, None).await?;
    assert_eq!(all, [("pipeline.update".to_owned(), "a".to_owned())]);
    Ok(())
}
