//! What happened in, a table for people out.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use crate::{
    kind::{Kind, Sign},
    outcome::Outcome,
    plan::{Form, Tally},
};

/// Everything that happened in one run.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) form: Form,
    pub(crate) seed: u64,
    /// From the first rows to the end of the sinks.
    pub(crate) wall: Duration,
    pub(crate) tally: BTreeMap<Kind, Tally>,
    pub(crate) signs: BTreeMap<Sign, u64>,
    pub(crate) outcome: Outcome,
    /// Why it counts for nothing, whatever the outcome.
    pub(crate) problems: Vec<String>,
}

impl Phase {
    /// Whether it came out as it must: all once with intents; without them nothing lost, but
    /// something doubled, or else this program could not tell the difference.
    pub(crate) const fn holds(&self) -> bool {
        let outcome = &self.outcome;
        let none_lost = outcome.lost() == 0 && outcome.dead_letters == 0;
        let some_doubled = outcome.doubled() > 0;
        self.problems.is_empty() && none_lost && some_doubled != self.form.intents
    }

    /// What is said at its end.
    pub(crate) fn lines(&self) -> String {
        let outcome = &self.outcome;
        let verdict = match (self.holds(), self.form.intents) {
            (true, true) => "every event is there, once",
            (true, false) => "without intents events are doubled, as they must be",
            (false, true) => "FAILED: every event has to be there, once",
            (false, false) => "FAILED: without intents some have to be doubled, and none lost",
        };
        let mut text = format!("{}\n{verdict}\n", outcome.line());
        for problem in &self.problems {
            text.push_str(&format!("  {problem}\n"));
        }
        for example in &outcome.examples {
            text.push_str(&format!("  {example}\n"));
        }
        text
    }

    fn title(&self) -> &'static str {
        if self.form.intents {
            "As it is shipped"
        } else {
            "Without intents, on a table without a window"
        }
    }
}

/// Markdown about all phases, and the command that does the same again.
pub(crate) fn markdown(phases: &[Phase], command: &str) -> String {
    let mut text = format!("\n`{command}`\n");
    for phase in phases {
        // Writing to a text does not fail.
        let _written = write_phase(&mut text, phase);
    }
    text
}

fn write_phase(text: &mut String, phase: &Phase) -> std::fmt::Result {
    let Phase { form, seed, wall, tally, signs, outcome, problems } = phase;
    writeln!(text, "\n### {}\n\n| result | |\n|---|---:|", phase.title())?;
    let minutes = wall.as_secs_f64() / 60.0;
    let numbers = [
        ("events produced", outcome.produced.to_string()),
        ("rows", outcome.rows.to_string()),
        ("different events among them", outcome.distinct.to_string()),
        ("**lost**", format!("**{}**", outcome.lost())),
        ("**doubled**", format!("**{}**", outcome.doubled())),
        ("dead letters", outcome.dead_letters.to_string()),
        ("disruptions that have bitten", tally.values().map(Tally::bites).sum::<u64>().to_string()),
        ("events per second", form.rate.to_string()),
        ("minutes", format!("{minutes:.1}")),
        ("seed", seed.to_string()),
    ];
    for (name, value) in numbers {
        writeln!(text, "| {name} | {value} |")?;
    }
    for problem in problems {
        writeln!(text, "| FAILED | {problem} |")?;
    }
    writeln!(
        text,
        "\n| disruption | done | have bitten | by what that was seen |\n|---|---:|---:|---|"
    )?;
    for kind in Kind::ALL {
        let Some(tally) = tally.get(&kind) else { continue };
        let signs = tally.bitten.iter().map(|(sign, times)| format!("{} {times}", sign.title()));
        let signs = signs.collect::<Vec<_>>().join(", ");
        writeln!(text, "| {} | {} | {} | {signs} |", kind.title(), tally.done, tally.bites())?;
    }
    writeln!(text, "\n| seen in all | times |\n|---|---:|")?;
    for sign in Sign::ALL {
        if sign == Sign::ReadAgain && form.intents {
            continue;
        }
        let times = signs.get(&sign).copied().unwrap_or(0);
        writeln!(text, "| {} | {times} |", sign.title())?;
    }
    Ok(())
}
