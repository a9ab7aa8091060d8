use super::*;

#[test]
fn pages_put_together_are_the_list() {
    let all: Vec<u32> = (0..10).collect();
    let (mut found, mut offset) = (Vec::new(), Some(0));
    while let Some(from) = offset {
        let part = page(all.clone(), Some(from), Some(3));
        assert_eq!(part.total, 10);
        found.extend(part.items);
        offset = part.next;
    }
    assert_eq!(found, all);
}

#[test]
fn odd_wishes_are_harmless() {
    let all: Vec<u32> = (0..10).collect();
    assert!(page(all.clone(), Some(u32::MAX), Some(u32::MAX)).items.is_empty());
    assert_eq!(page(all.clone(), None, Some(0)).items, [0]);
    assert_eq!(page(all, None, None).next, None);
}
