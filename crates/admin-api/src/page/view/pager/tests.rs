use super::*;

fn pager(page: usize, total: usize) -> Pager {
    Pager::new(page, 50, total, "pipelines", |page| format!("/?page={page}"))
}

#[test]
fn one_page_has_no_neighbours() {
    let one = pager(1, 50);
    assert_eq!((one.shown.as_str(), one.previous, one.next), ("50 pipelines", None, None));
    assert_eq!(pager(1, 1).shown, "1 pipeline");
}

#[test]
fn the_middle_has_both() {
    let middle = pager(2, 1_000);
    assert_eq!(middle.shown, "51–100 of 1,000 pipelines");
    assert_eq!(middle.previous.as_deref(), Some("/?page=1"));
    assert_eq!(middle.next.as_deref(), Some("/?page=3"));
}

#[test]
fn beyond_the_ends_is_the_end() {
    assert_eq!(pager(99, 120).shown, "101–120 of 120 pipelines");
    assert_eq!(pager(0, 120).shown, "1–50 of 120 pipelines");
    assert_eq!(pager(3, 0).shown, "no pipelines");
}
