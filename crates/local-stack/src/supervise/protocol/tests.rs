use super::Exit;

#[test]
fn a_jvm_that_was_told_to_stop_has_stopped_in_order() {
    let exit = |code, signal| Exit { code, signal };
    for orderly in [exit(Some(0), None), exit(Some(143), None), exit(None, Some(15))] {
        assert!(orderly.is_orderly(), "{orderly}");
    }
    for other in [exit(Some(1), None), exit(Some(137), None), exit(None, Some(9)), exit(None, None)]
    {
        assert!(!other.is_orderly(), "{other}");
    }
}
