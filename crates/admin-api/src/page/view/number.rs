//! Numbers in, what a person reads out.

/// What stands where nothing is known.
pub const NOTHING: &str = "–";

/// A whole number with a comma between thousands: `1,204,337`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number in at most six characters: exact below 100,000, then `1.20 M`.
#[must_use]
pub fn short(number: u64) -> String {
    if number < 100_000 { count(number) } else { scaled(to_f64(number), 1_000.0, &UNITS) }
}

/// Something per second: `0`, `3.4`, `1,024`, `1.20 M`. Nonsense prints as nothing known.
#[must_use]
pub fn rate(per_s: f64) -> String {
    if !per_s.is_finite() || per_s < 0.0 {
        NOTHING.to_owned()
    } else if per_s < 0.05 {
        "0".to_owned()
    } else if per_s < 10.0 {
        format!("{per_s:.1}")
    } else if per_s < 99_999.5 {
        whole(per_s).map_or_else(|| NOTHING.to_owned(), count)
    } else {
        scaled(per_s, 1_000.0, &UNITS)
    }
}

/// Bytes: `512 B`, `1.50 KiB`, `16.0 MiB`.
#[must_use]
pub fn bytes(number: f64) -> String {
    if !number.is_finite() || number < 0.0 {
        NOTHING.to_owned()
    } else if number < 1_024.0 {
        format!("{number:.0} B")
    } else {
        scaled(number, 1_024.0, &["KiB", "MiB", "GiB", "TiB", "PiB"])
    }
}

/// Milliseconds: `420 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
#[must_use]
pub fn duration(ms: u64) -> String {
    let s = ms / 1_000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", s, ms % 1_000 / 100),
        10_000..60_000 => format!("{s} s"),
        60_000..3_600_000 => two(s / 60, "min", s % 60, "s"),
        3_600_000..86_400_000 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        _ => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

/// How long ago something was, both in ms since 1970: `now`, `12 s ago`, `3 h ago`.
#[must_use]
pub fn ago(then_ms: i64, now_ms: i64) -> String {
    let s = u64::try_from(now_ms.saturating_sub(then_ms)).unwrap_or(0) / 1_000;
    match s {
        0..2 => "now".to_owned(),
        2..60 => format!("{s} s ago"),
        60..3_600 => format!("{} min ago", s / 60),
        3_600..86_400 => format!("{} h ago", s / 3_600),
        _ => format!("{} d ago", s / 86_400),
    }
}

/// A moment in ms since 1970 as `2026-11-21 15:37:02` in UTC.
#[must_use]
pub fn moment(ms: i64) -> String {
    let s = ms.div_euclid(1_000);
    let (year, month, day) = date(s.div_euclid(86_400));
    let of_day = s.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The same for the `datetime` attribute of a `time` element.
#[must_use]
pub fn machine_moment(ms: i64) -> String {
    format!("{}.{:03}Z", moment(ms).replace(' ', "T"), ms.rem_euclid(1_000))
}

/// A moment in UTC as a form field of browsers has it, `2026-11-21T15:37` with or without
/// seconds, in ms since 1970.
#[must_use]
pub fn parse_moment(text: &str) -> Option<i64> {
    let (day, time) = text.split_once(['T', ' '])?;
    let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day_of_month) = (parts.next()??, parts.next()??, parts.next()??);
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    // Seconds may have a fraction, which no offset is chosen by.
    let second = parts.next().unwrap_or("0").split('.').next()?.parse::<i64>().ok()?;
    let known = (1970..10_000).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    // Months have 28 to 31 days: looking is shorter than a table, and knows leap years.
    let first = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
    let day = (first..first + 366).find(|day| date(*day) == (year, month, day_of_month))?;
    known.then_some((day * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000)
}

const UNITS: [&str; 5] = ["k", "M", "G", "T", "P"];

/// Three digits that count and a unit.
fn scaled(number: f64, step: f64, units: &[&str]) -> String {
    let mut left = number / step;
    let mut rest = units.iter();
    let mut unit = rest.next().copied().unwrap_or_default();
    for next in rest {
        if left < 999.5 {
            break;
        }
        left /= step;
        unit = next;
    }
    let places = if left < 9.995 {
        2
    } else if left < 99.95 {
        1
    } else {
        0
    };
    format!("{left:.places$} {unit}")
}

fn two(large: u64, unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {unit}")
    } else {
        format!("{large} {unit} {small} {small_unit}")
    }
}

/// Year, month and day of a day counted from 1970-01-01, by the rules of the civil calendar:
/// years are counted from March, so that the leap day is the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    // Days from 0000-03-01 to 1970-01-01, and in 400 years.
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 153 days in each five.
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Near enough for printing three digits.
#[expect(clippy::cast_precision_loss, reason = "printed with three digits")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller checked that it is between 0 and 100,000"
)]
fn whole(number: f64) -> Option<u64> {
    (number < 1e6).then(|| number.round() as u64)
}

#[cfg(test)]
mod tests;
