use super::*;

#[test]
fn why_names_what_weakens_and_nothing_else() {
    let guarantee = |delivery, findings| Guarantee {
        delivery,
        findings,
        window: 0,
        row_check: false,
        views: false,
        tables: Vec::new(),
    };
    let finding = |kind: FindingKind, weakens| Finding {
        kind,
        subject: "shop.sales".to_owned(),
        detail: kind.as_str().to_owned(),
        weakens,
    };
    let note = || finding(FindingKind::RowCheckColumns, false);
    assert_eq!(guarantee(Delivery::ExactlyOnce, vec![note()]).why(), "exactly-once");
    let reasons =
        vec![finding(FindingKind::Engine, true), note(), finding(FindingKind::ViewUnseen, true)];
    assert_eq!(
        guarantee(Delivery::AtLeastOnce, reasons).why(),
        "at-least-once, because of shop.sales: engine; shop.sales: view-unseen"
    );
}
