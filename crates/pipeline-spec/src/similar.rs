//! A name that was mistyped in, the one that was probably meant out.

/// The name among `all` that was probably meant: equal but for case and separators, or one letter
/// off.
#[must_use]
pub fn similar<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    };
    let wanted = folded(name);
    let mut candidates = all.filter(|other| {
        let other = folded(other);
        other == wanted || one_edit(&other, &wanted)
    });
    candidates.next()
}

/// Whether one letter added, dropped, changed or swapped with its neighbour makes them equal.
fn one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if long.len() - short.len() > 1 || short.len() < 2 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(one, other)| one == other).count();
    let (rest, other) = (short.get(same..).unwrap_or(&[]), long.get(same..).unwrap_or(&[]));
    if short.len() < long.len() {
        return Some(rest) == other.get(1..);
    }
    let swapped = rest.len() >= 2
        && rest.first() == other.get(1)
        && rest.get(1) == other.first()
        && rest.get(2..) == other.get(2..);
    rest.get(1..) == other.get(1..) || swapped
}

#[cfg(test)]
mod tests;
