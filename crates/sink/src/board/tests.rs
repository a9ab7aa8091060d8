use super::*;

#[test]
fn what_was_fetched_before_a_look_does_not_hide_what_it_found() {
    let (board, sales) = (Board::default(), TopicPartition::new("sales", 0));
    let at = |end| [(sales.clone(), end)].into_iter();
    board.raise_ends(at(50));
    board.set_ends(at(55));
    board.raise_ends(at(50));
    assert_eq!(board.end(&sales), Some(55));
    board.raise_ends(at(60));
    assert_eq!(board.end(&sales), Some(60));
    board.set_ends(at(7));
    assert_eq!(board.end(&sales), Some(7), "whoever looks knows");
}
