use super::*;
use crate::Disposition;

fn pinned() -> Vec<Setting> {
    let setting = |(name, value): (&str, &str)| Setting { name: name.into(), value: value.into() };
    SETTINGS.map(setting).into()
}

#[test]
fn one_value_that_differs_or_is_missing_is_enough() {
    assert!(deviation(&pinned()).is_none());
    for index in 0..SETTINGS.len() {
        let mut found = pinned();
        found[index].value.push('x');
        let error = deviation(&found).unwrap();
        assert!(error.to_string().contains(SETTINGS[index].0), "{error}");
        assert_eq!(error.disposition(), Disposition::Stop);

        found.remove(index);
        let error = deviation(&found).unwrap();
        assert!(error.to_string().contains("unknown to this server"), "{error}");
    }
}

#[test]
fn a_full_batch_is_below_the_pinned_block_limit() {
    let limit = SETTINGS.iter().find(|(name, _)| *name == "min_insert_block_size_rows");
    assert_eq!(limit.map(|(_, value)| value.parse()), Some(Ok(ROWS_MAX)));
}

/// The set belongs to version 1 of the token's format: a retry after an upgrade must send what
/// the first attempt sent.
#[test]
fn the_set_does_not_change() {
    assert_eq!(
        SETTINGS.map(|(name, value)| format!("{name}={value}")).join(" "),
        "async_insert=0 insert_deduplicate=1 deduplicate_insert=enable \
         deduplicate_insert_select=enable_even_for_bad_queries \
         deduplicate_blocks_in_dependent_materialized_views=1 use_strict_insert_block_limits=0 \
         max_insert_block_size_bytes=0 min_insert_block_size_rows=1000000 \
         min_insert_block_size_bytes=0"
    );
}
