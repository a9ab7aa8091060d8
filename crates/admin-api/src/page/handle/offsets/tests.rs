use super::*;

fn read(body: &str) -> Result<Way, Problem> {
    way(&Fields::read(body.as_bytes()))
}

#[test]
fn every_way_of_the_form_is_understood() {
    for (word, ..) in Choice::WAYS {
        let body = format!(
            "to={word}&timestamp=1970-01-01T00%3A01&group=connect-a\
             &explicit=sales+0+7%0D%0A%0D%0Aa+1+8"
        );
        assert_eq!(read(&body).unwrap().word(), word);
    }
    assert_eq!(
        read("to=explicit&explicit=sales+0+7%0D%0Aa+1+8").unwrap(),
        Way::Explicit {
            offsets: BTreeMap::from([("sales/0".to_owned(), 7), ("a/1".to_owned(), 8)])
        }
    );
    assert_eq!(
        read("to=timestamp&timestamp=1970-01-01T00:01").unwrap(),
        Way::Timestamp { at_ms: 60_000 }
    );
}

#[test]
fn what_lacks_is_named() {
    let check = |body: &str, pointer: &str| {
        let problem = read(body).unwrap_err();
        assert_eq!(problem.field_errors()[0].pointer, pointer, "{body}");
    };
    check("", "/to");
    check("to=somewhere", "/to");
    check("to=timestamp&timestamp=yesterday", "/timestamp");
    check("to=group&group=+", "/group");
    check("to=explicit&explicit=", "/explicit");
    check("to=explicit&explicit=sales+0", "/explicit");
    check("to=explicit&explicit=sales+0+x", "/explicit");
}

#[test]
fn effects_are_told_in_words() {
    let plan = PartitionPlan {
        topic: "sales".to_owned(),
        partition: 3,
        committed: Some(1_000),
        offset: 0,
        asked: None,
        low: 0,
        high: 2_000,
        come_again: 1_000,
        skipped: 0,
        rows_to_delete: Some(990),
        below_low: None,
    };
    let row = preview(&plan);
    assert_eq!(row.effect, "up to 1,000 records come again; 990 rows would be there twice");
    let stays = PartitionPlan { offset: 1_000, come_again: 0, rows_to_delete: None, ..plan };
    assert_eq!(preview(&stays).effect, "stays");
}
