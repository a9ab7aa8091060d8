//! Two counts of one histogram in, a quantile of what was observed between them out.

/// The value below which a share of what was observed after `before` and until `now` lies: upper
/// bounds with cumulative counts. `None` when nothing was.
#[must_use]
pub(super) fn between(before: &[(f64, u64)], now: &[(f64, u64)], share: f64) -> Option<f64> {
    let counts: Vec<(f64, u64)> = now
        .iter()
        .enumerate()
        .map(|(index, (bound, count))| {
            (*bound, count.saturating_sub(before.get(index).map_or(0, |(_, count)| *count)))
        })
        .filter(|(bound, _)| bound.is_finite())
        .collect();
    let (_, total) = counts.last().filter(|(_, total)| *total > 0)?;
    let wanted = share * *total as f64;
    let (mut lower, mut below) = (0.0, 0);
    for (bound, count) in counts {
        if count as f64 >= wanted {
            let within = (count - below) as f64;
            let part = if within > 0.0 { (wanted - below as f64) / within } else { 1.0 };
            return Some(lower + (bound - lower) * part);
        }
        (lower, below) = (bound, count);
    }
    Some(lower)
}

#[cfg(test)]
mod tests;
