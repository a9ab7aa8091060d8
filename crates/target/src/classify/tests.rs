use super::*;

fn error(code: u32) -> ServerError {
    ServerError { code, name: String::new(), text: String::new(), view: None }
}

#[test]
fn codes_lead_to_decisions() {
    use Disposition::{Retry, Stop, TableChanged};
    for (code, inserter, schema, person) in [
        (241, Retry, Retry, false),
        (252, Retry, Retry, false),
        (202, Retry, Retry, false),
        (242, Retry, Retry, false),
        (33, Retry, Retry, false),
        (0, Retry, Retry, false),
        (516, Retry, Stop, true),
        (497, Retry, Stop, true),
        (60, TableChanged, TableChanged, true),
        (81, TableChanged, TableChanged, true),
        (16, TableChanged, TableChanged, true),
        (115, Stop, Stop, true),
        (6, Stop, Stop, true),
        (53, Stop, Stop, true),
        (469, Stop, Stop, true),
        (4_000_000_000, Stop, Stop, true),
    ] {
        let error = error(code);
        assert_eq!(error.disposition(Account::Inserter), inserter, "{code}");
        assert_eq!(error.disposition(Account::Schema), schema, "{code}");
        assert_eq!(error.needs_person(), person, "{code}");
    }
}

#[test]
fn a_block_over_too_many_partitions_stops_although_too_many_parts_passes() {
    let text = "Too many partitions for single INSERT block (more than 100)".to_owned();
    let error = ServerError { text, ..error(252) };
    assert_eq!(error.disposition(Account::Inserter), Disposition::Stop);
    assert!(error.needs_person());
}

#[test]
fn rows_behind_a_throwing_view_are_never_given_up() {
    for code in [6, 60, 252, 395] {
        let error = ServerError { view: Some("shop.hourly".to_owned()), ..error(code) };
        assert_eq!(error.disposition(Account::Inserter), Disposition::Retry, "{code}");
    }
}

#[test]
fn each_code_is_listed_once() {
    assert!(KNOWN.is_sorted_by(|(a, ..), (b, ..)| a < b));
}
