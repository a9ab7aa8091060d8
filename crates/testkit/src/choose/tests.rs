use anyhow::bail;

use super::{Kind, decide};

#[test]
fn what_is_asked_for_comes_first_then_processes_then_containers() {
    let works = || Ok(());
    assert_eq!(decide(Some("local"), || bail!("no"), works).unwrap(), Kind::Local);
    assert_eq!(decide(Some("containers"), works, || bail!("no")).unwrap(), Kind::Containers);
    assert_eq!(decide(None, works, works).unwrap(), Kind::Local);
    assert_eq!(decide(None, || bail!("no"), works).unwrap(), Kind::Containers);
}

#[test]
fn a_machine_that_can_do_neither_is_told_both_ways() {
    let error = decide(None, || bail!("there is no java"), || bail!("no engine")).unwrap_err();
    let text = format!("{error:#}");
    for part in ["there is no java", "no engine", "TEST_KAFKA_BROKERS"] {
        assert!(text.contains(part), "{text}");
    }
    let error = decide(Some("podman"), || Ok(()), || Ok(())).unwrap_err();
    assert!(error.to_string().contains("local or containers"), "{error}");
}
