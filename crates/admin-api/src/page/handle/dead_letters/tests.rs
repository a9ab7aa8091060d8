use super::*;

#[test]
fn a_selection_is_what_was_ticked() {
    let read = |body: &str| selection(&Fields::read(body.as_bytes()));
    assert_eq!(
        read("what=selected&pick=0-17&pick=1-4").unwrap(),
        Selection::Letters(vec![
            LetterId { partition: 0, offset: 17 },
            LetterId { partition: 1, offset: 4 }
        ])
    );
    assert_eq!(read("what=all&pick=0-1").unwrap(), Selection::All(Filter::default()));
    let reason = Some("bad-utf8".to_owned());
    let filter = Filter { reason, ..Filter::default() };
    assert_eq!(read("what=all&reason=bad-utf8").unwrap(), Selection::All(filter));
    for nothing in ["", "what=selected", "what=selected&pick=x", "pick=0-1&pick=9"] {
        assert_eq!(read(nothing).unwrap_err().status(), 400, "{nothing}");
    }
}

#[test]
fn what_was_not_replayed_is_told() {
    let all = Replayed { replayed: 1_200, ..Replayed::default() };
    assert_eq!(notice(&all).tone, Tone::Good);
    let some = Replayed { refused: 3, stopped: Some("out of time".to_owned()), ..all };
    let told = notice(&some);
    assert_eq!(told.text, "1,200 records are on their way through the pipeline, 3 are not.");
    assert_eq!((told.tone, told.details.as_slice()), (Tone::Warn, &["out of time".to_owned()][..]));
}
