//! decode(encode(x)) = x, for random values of every type.

use apache_avro::types::Value as Avro;
use proptest::{collection::vec, prelude::*};

use super::{COLUMNS, EVERYTHING, datum, expected, frozen, plan, record};
use crate::Block;

/// A value for each field, in the writer's order.
pub(super) fn values() -> impl Strategy<Value = Vec<(String, Avro)>> {
    let numbers = (
        any::<(bool, i32, i32, i32, i64)>(),
        any::<(f32, f32, f64)>(),
        -25_567..120_530_i32,
        -2_208_988_800_000..10_413_792_000_000_i64,
        -2_208_988_800_000_000..10_413_792_000_000_000_i64,
        (decimal(9), decimal(18), decimal(38)),
        any::<(Option<i64>, i32)>(),
    );
    let texts = (
        vec(any::<u8>(), 0..40),
        ".{0,200}",
        "[a-c]{0,2}",
        any::<u128>(),
        proptest::option::of(".{0,9}"),
    );
    let lists = (
        (0..3_u32, proptest::option::of(0..3_u32)),
        vec(".{0,9}", 0..4),
        vec(any::<Option<i64>>(), 0..4),
        vec(0..3_u32, 0..4),
        proptest::option::of((".{0,3}", ".{0,9}")),
        (0..3_u32, any::<i32>(), vec(any::<f64>(), 0..3)),
    );
    (numbers, texts, lists).prop_map(|(numbers, texts, lists)| {
        let ((flag, small, wide, float_of_int, large), floats, day, millis, micros, decimals, more) =
            numbers;
        let (raw, text, word, id, maybe_text) = texts;
        let ((color, maybe_color), list, numbers, colors, pair, unmapped) = lists;
        let string = Avro::String;
        let fields = [
            ("flag", Avro::Boolean(flag)),
            ("small", Avro::Int(small)),
            ("wide", Avro::Int(wide)),
            ("float_of_int", Avro::Int(float_of_int)),
            ("large", Avro::Long(large)),
            ("single", Avro::Float(floats.0)),
            ("float_of_single", Avro::Float(floats.1)),
            ("twice", Avro::Double(floats.2)),
            ("raw", Avro::Bytes(raw)),
            ("text", string(text)),
            ("word", string(word)),
            ("id", string(uuid(id))),
            ("day", Avro::Date(day)),
            ("millis", Avro::TimestampMillis(millis)),
            ("micros", Avro::TimestampMicros(micros)),
            ("d9", decimals.0),
            ("d18", decimals.1),
            ("d38", decimals.2),
            ("color", symbol(color)),
            ("maybe_color", union(1, maybe_color.map(|color| (0, symbol(color))))),
            ("maybe_text", union(0, maybe_text.map(|text| (1, string(text))))),
            ("maybe_large", union(1, more.0.map(|number| (0, Avro::Long(number))))),
            ("never_null", Avro::Int(more.1)),
            ("list", Avro::Array(list.into_iter().map(string).collect())),
            ("numbers", Avro::Array(numbers
                .into_iter()
                .map(|number| union(0, number.map(|number| (1, Avro::Long(number)))))
                .collect())),
            ("colors", Avro::Array(colors.into_iter().map(symbol).collect())),
            ("pairs", Avro::Map(pair.into_iter().map(|(k, v)| (k, string(v))).collect())),
            ("nothing", Avro::Null),
            ("unmapped", inner(unmapped)),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into()
    })
}

/// A value of the record that has no column.
fn inner((branch, number, doubles): (u32, i32, Vec<f64>)) -> Avro {
    let a = match branch {
        0 => Avro::Null,
        1 => Avro::Int(number),
        _ => Avro::Map([("k".to_owned(), symbol(1))].into()),
    };
    Avro::Record(vec![
        ("a".to_owned(), Avro::Union(branch, Box::new(a))),
        ("b".to_owned(), Avro::Fixed(3, vec![1, 2, 3])),
        ("c".to_owned(), Avro::Array(doubles.into_iter().map(Avro::Double).collect())),
    ])
}

/// Numbers of up to so many digits, in as few bytes as they need and in more.
fn decimal(digits: u32) -> impl Strategy<Value = Avro> {
    let end = 10_i128.pow(digits);
    let number = prop_oneof![1 - end..end, Just(1 - end), Just(end - 1), -300..300_i128];
    (number, any::<bool>()).prop_map(|(number, short)| {
        let bytes = number.to_be_bytes();
        let sign = bytes[0];
        let skip = (0..15)
            .take_while(|&place| bytes[place] == sign && bytes[place + 1] >> 7 == sign >> 7)
            .take_while(|_| short && (sign == 0 || sign == 0xff))
            .count();
        Avro::Decimal(bytes[skip..].to_vec().into())
    })
}

fn uuid(number: u128) -> String {
    let digits = format!("{number:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits.get(part).unwrap().to_owned()).join("-")
}

fn symbol(index: u32) -> Avro {
    Avro::Enum(index, ["RED", "GREEN", "BLUE"][index as usize].to_owned())
}

fn union(null: u32, value: Option<(u32, Avro)>) -> Avro {
    let (branch, value) = value.unwrap_or((null, Avro::Null));
    Avro::Union(branch, Box::new(value))
}

proptest! {
    #[test]
    fn what_was_encoded_is_what_is_in_the_columns(rows in vec(values(), 0..6)) {
        let schema = apache_avro::Schema::parse_str(EVERYTHING).unwrap();
        let plan = plan(EVERYTHING, &COLUMNS);
        let mut block = Block::new(plan.columns());
        for row in &rows {
            let bytes = datum(&schema, &Avro::Record(row.clone()));
            plan.decode(&bytes, &record(0), &mut block).unwrap();
        }
        let in_table_order: Vec<Vec<Avro>> = rows
            .iter()
            .map(|row| {
                let value = |name: &str| {
                    row.iter().find(|(field, _)| field == name).unwrap().1.clone()
                };
                COLUMNS.iter().map(|(name, _)| value(name)).collect()
            })
            .collect();
        prop_assert_eq!(block.rows(), rows.len());
        prop_assert_eq!(frozen(block), expected::block(plan.columns(), &in_table_order));
    }
}
